"""NUTS against three reference posteriors, each of 10,000 draws by Stan.

Means and standard deviations lie within 4 Monte-Carlo standard errors, those of both sides taken
together. The reference gives none for a standard deviation; its draws are all but independent, so
the error is about sd / sqrt(2 draws), larger with heavy tails: by the kurtosis of our draws.

Source: Magnusson, Bürkner & Vehtari (2023), posteriordb.
"""

import json

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats as st
from jaxtyping import Array

from assay.compute import configure
from assay.family import Known, Normal
from assay.fit import PartRows, Posterior, Prior, diagnostics, maximise, posterior, sample_posterior
from assay.fit.laplace import covariance

configure()
HARD = {"warmup": 1000, "samples": 2000, "chains": 4, "target_accept": 0.95}


@pytest.fixture(scope="module")
def reference(root):
    """Data and summary of a reference posterior, by a part of its name."""
    folder = root.parent / "shared" / "data" / "posteriordb"

    def read(name: str):
        found = sorted(folder.glob(f"*{name}*"))
        if not found:
            pytest.skip(f"the reference posterior {name} is not here")
        texts = [(found[0] / file).read_text() for file in ("data.json", "reference.json")]
        data, wanted = (json.loads(text) for text in texts)
        arrays = {key: np.asarray(value, dtype=float) for key, value in data.items()}
        return arrays, wanted["summary"], wanted["n_draws"]

    return read


def distances(chains, wanted, draws):
    """Distances of the mean and the sd from the reference, in Monte-Carlo standard errors."""
    error = np.hypot(diagnostics.mcse_mean(chains), wanted["mcse_mean"])
    kurtosis = st.kurtosis(chains, axis=None, fisher=False)
    # As autocorrelated as the reference's means say.
    effective = min(draws, (wanted["sd"] / wanted["mcse_mean"]) ** 2)
    other = wanted["sd"] * np.sqrt((kurtosis - 1) / 4 / effective)
    of_sd = np.hypot(diagnostics.mcse_sd(chains), other)
    return (
        (chains.mean() - wanted["mean"]) / error,
        (chains.std(ddof=1) - wanted["sd"]) / of_sd,
    )


def holds(draws, scalars, summary, count):
    assert draws.has_converged, draws.concerns
    far = {name: distances(chains, summary[name], count) for name, chains in scalars.items()}
    assert {name: each for name, each in far.items() if np.max(np.abs(each)) > 4} == {}
    assert len(far) == len(summary)


class HalfCauchySd(eqx.Module):
    """A model whose last coefficient is the log of an sd with a half-Cauchy prior, else flat."""

    rows: Posterior
    scale: float

    def __call__(self, at: Array) -> Array:
        return self.rows(at) - jnp.log1p(jnp.exp(2 * at[-1]) / self.scale**2) + at[-1]


def test_kidscore_interaction(reference):
    data, summary, count = reference("kidscore_interaction")
    hs, iq = data["mom_hs"], data["mom_iq"]
    # Orthonormal columns have uncorrelated coefficients; those asked for follow from theirs.
    raw = np.column_stack([np.ones_like(hs), hs, iq, hs * iq])
    basis, triangle = np.linalg.qr(raw)
    flat = Prior(np.zeros(5), np.full(5, np.inf))
    start = Prior(np.array([0.0, 0, 0, 0, 3]), np.full(5, 1e4))
    rows = (PartRows(Normal(), Known.VALUE, (basis, np.ones((len(hs), 1))), data["kid_score"]),)
    near = maximise(rows, start)
    density = HalfCauchySd(posterior(rows, flat), 2.5)
    draws = sample_posterior(
        density, near.coefficients, seed=1, samples=2500, inverse_mass=covariance(near.curvature)
    )
    beta = draws.matrix[..., :4] @ np.linalg.inv(triangle).T
    scalars = {f"beta[{k + 1}]": beta[..., k] for k in range(4)}
    holds(draws, scalars | {"sigma": np.exp(draws.matrix[..., 4])}, summary, count)


class Schools(eqx.Module):
    """Eight schools, non-centred: effects in units of their unknown spread."""

    y: Array
    sigma: Array

    def __call__(self, at: dict[str, Array]) -> Array:
        tau = jnp.exp(at["log tau"])
        theta = at["mu"] + tau * at["theta"]
        rows = Normal().bind({"mean": theta, "sd": self.sigma}, {}).log_prob(self.y)
        prior = -0.5 * jnp.sum(at["theta"] ** 2) - 0.5 * (at["mu"] / 5) ** 2
        return jnp.sum(rows) + prior - jnp.log1p((tau / 5) ** 2) + at["log tau"]


def test_eight_schools(reference):
    data, summary, count = reference("eight_schools")
    density = Schools(jnp.asarray(data["y"]), jnp.asarray(data["sigma"]))
    start = {"mu": 4.0, "log tau": 1.0, "theta": np.zeros(8)}
    draws = sample_posterior(density, start, seed=2, **HARD)
    mu, tau = draws.values["mu"], np.exp(draws.values["log tau"])
    theta = mu[..., None] + tau[..., None] * draws.values["theta"]
    scalars = {f"theta[{k + 1}]": theta[..., k] for k in range(8)}
    holds(draws, scalars | {"mu": mu, "tau": tau}, summary, count)


class GaussianProcess(eqx.Module):
    """A Gaussian process with a squared-exponential kernel, its values integrated out."""

    x: Array
    y: Array

    def __call__(self, at: Array) -> Array:
        rho, alpha, sigma = jnp.exp(at)  # sigma is the variance of the noise, as in the reference
        apart = self.x[:, None] - self.x[None, :]
        kernel = alpha**2 * jnp.exp(-0.5 * (apart / rho) ** 2)
        root = jnp.linalg.cholesky(kernel + sigma * jnp.eye(self.x.size))
        z = jnp.linalg.solve(root, self.y)
        rows = -0.5 * jnp.sum(z**2) - jnp.sum(jnp.log(jnp.diag(root)))
        prior = 24 * at[0] - 4 * rho - 0.5 * (alpha / 2) ** 2 - 0.5 * sigma**2
        return rows + prior + jnp.sum(at)


def test_gaussian_process_regression(reference):
    data, summary, count = reference("gp_regr")
    density = GaussianProcess(jnp.asarray(data["x"]), jnp.asarray(data["y"]))
    draws = sample_posterior(density, np.log([6.0, 2.0, 1.5]), seed=3, **HARD)
    each = np.moveaxis(np.exp(draws.matrix), -1, 0)
    holds(draws, dict(zip(("rho", "alpha", "sigma"), each, strict=True)), summary, count)
