"""The density that samplers see is the one that Newton climbs."""

import jax
import numpy as np
import pytest
import scipy.sparse as sp
import scipy.stats as st

from assay.family import Censored, Gamma, Known, NegativeBinomial, Normal
from assay.fit import PartRows, Prior, maximise, penalised, posterior
from assay.fit.density import Posterior
from assay.predictor.matrix import ones

RNG = np.random.default_rng(4)
X = np.column_stack([np.ones(40), RNG.normal(size=40)])
Y = RNG.gamma(3.0, np.exp(0.4 + 0.3 * X[:, 1]))
COUNTS = np.floor(Y)
PRIOR = Prior(np.array([0.5, 0.0, -0.2]), np.array([2.0, np.inf, 1.5]))


def parts_of(kind: str) -> tuple[PartRows, ...]:
    """Rows of one kind of model each."""
    if kind == "censored":
        limit = np.full(40, 4.0)
        parts = Censored(Gamma(), above="l").parts(np.minimum(Y, 4.0), {"l": limit})
        return tuple(
            PartRows(part.family, part.known, (X[part.rows], ones(len(part.rows))), part.y)
            for part in parts
        )
    if kind == "weighted":
        weights = RNG.integers(1, 4, 40).astype(float)
        return (PartRows(Gamma(), Known.VALUE, (X, ones(40)), Y, weights=weights),)
    if kind == "offsets":
        offsets = np.stack([RNG.normal(size=40), np.full(40, 0.3)])
        family = NegativeBinomial()
        return (PartRows(family, Known.VALUE, (X, ones(40)), COUNTS, offsets=offsets),)
    design = sp.csr_array(X)
    return (PartRows(Normal(), Known.VALUE, (design, ones(40)), Y),)


@pytest.mark.parametrize("kind", ["censored", "weighted", "offsets", "sparse", "gathered"])
def test_value_and_gradient_are_those_of_the_fit(kind, monkeypatch):
    if kind == "gathered":
        monkeypatch.setattr(f"{Posterior.__module__}.DENSE_CELLS", 0)
    parts = parts_of(kind)
    found = maximise(parts, PRIOR)
    density = posterior(parts, PRIOR)
    value, slope = jax.value_and_grad(density)(found.coefficients)
    assert float(value) == pytest.approx(found.log_posterior, rel=1e-12)
    assert np.abs(np.asarray(slope)).max() < 1e-6
    curvature = -np.asarray(jax.hessian(density)(found.coefficients))
    assert curvature == pytest.approx(found.curvature, rel=1e-6, abs=1e-6)


def test_penalised_coefficients_are_in_units_of_their_spread():
    weights = np.array([[0.0, 4.0, 0.0], [0.0, 1.0, 1.0]])
    rows = (PartRows(Normal(), Known.VALUE, (X, ones(40)), Y),)
    plain = Prior(PRIOR.mean, np.array([2.0, 1.0, 1.0]))
    density = penalised(rows, plain, weights, degrees=3.0, scale=2.5)
    at = {"coefficients": np.array([0.7, -1.2, 0.5]), "log_spread": np.array([-0.3, 0.4])}
    spread = np.exp(at["log_spread"])
    sd = np.array([1.0, (4 / spread[0] ** 2 + 1 / spread[1] ** 2) ** -0.5, spread[1]])
    wanted = np.array([0.7, 0.0 - 1.2 * sd[1], -0.2 + 0.5 * sd[2]])
    assert np.asarray(density.coefficients(at)) == pytest.approx(wanted, rel=1e-14)
    fit = st.norm(X @ wanted[:2], np.exp(wanted[2])).logpdf(Y).sum()
    prior = -0.5 * ((0.7 - 0.5) / 2) ** 2 - 0.5 * (1.2**2 + 0.5**2)
    spreads = st.t(3, scale=2.5).logpdf(spread) - st.t(3, scale=2.5).logpdf(0)
    total = fit + prior + spreads.sum() + at["log_spread"].sum()
    assert float(density(at)) == pytest.approx(total, rel=1e-12)
