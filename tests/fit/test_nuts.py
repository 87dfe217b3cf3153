"""NUTS against closed forms, and its diagnostics against ArviZ."""

import importlib
import warnings

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats as st

from assay.errors import ConfigError, FitError
from assay.fit import diagnostics, sample_posterior
from assay.fit.draws import Draws

SHORT = {"warmup": 300, "samples": 500, "chains": 4, "progress": False}
COVARIANCE = np.array([[1.0, 0.9 * 30], [0.9 * 30, 900.0]])
PRECISION = np.linalg.inv(COVARIANCE)


def normal(at):
    return -0.5 * at @ jnp.asarray(PRECISION) @ at


def drawn(matrix, *, diverging=0):
    """Draws as if a sampler had made them, `matrix` of shape (chains, samples, scalars)."""
    stats = np.zeros(matrix.shape[:2])
    bad = stats.astype(bool)
    bad.flat[:diverging] = True
    return Draws(matrix, stats, bad, stats, stats.astype(int), stats.astype(int), stats)


@pytest.fixture(scope="module")
def of_normal():
    return sample_posterior(normal, np.zeros(2), seed=1, **SHORT)


@pytest.fixture(scope="module")
def arviz():
    pytest.importorskip("arviz")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        loaded = importlib.import_module("arviz")
    # Where Numba is installed ArviZ takes a path that NumPy 2.4 no longer allows.
    loaded.Numba.numba_flag = False
    return loaded


def test_a_correlated_normal_has_its_moments(of_normal):
    assert of_normal.matrix.shape == (4, 500, 2)
    mean, sd = of_normal.matrix.mean(axis=(0, 1)), of_normal.matrix.std(axis=(0, 1))
    assert np.abs(mean / of_normal.mcse_mean).max() < 4
    assert np.abs((sd - np.sqrt(np.diag(COVARIANCE))) / of_normal.mcse_sd).max() < 4
    assert of_normal.has_converged
    assert of_normal.log_density[2, 9] == pytest.approx(float(normal(of_normal.values[2, 9])))


def test_the_same_seed_gives_the_same_draws(of_normal):
    again = sample_posterior(normal, np.zeros(2), seed=1, **SHORT)
    other = sample_posterior(normal, np.zeros(2), seed=2, **SHORT)
    assert (again.matrix == of_normal.matrix).all()
    assert (other.matrix != of_normal.matrix).any()


def test_an_expected_covariance_scales_the_steps():
    scaled = sample_posterior(normal, np.zeros(2), seed=1, inverse_mass=COVARIANCE, **SHORT)
    assert scaled.steps.mean() < 6
    assert np.abs(scaled.matrix.mean(axis=(0, 1)) / scaled.mcse_mean).max() < 4


def test_parameters_keep_their_shapes_and_names():
    def density(at):
        heavy = jnp.sum(-5.5 * jnp.log1p(at["t"] ** 2 / 10))  # Student's t with 10 degrees
        return heavy - 0.5 * jnp.sum((at["grid"] - jnp.arange(6.0).reshape(2, 3)) ** 2)

    start = {"t": 0.0, "grid": np.zeros((2, 3))}
    draws = sample_posterior(density, start, seed=5, **SHORT)
    assert draws.values["t"].shape == (4, 500)
    assert draws.values["grid"].shape == (4, 500, 2, 3)
    assert draws.r_hat["grid"].shape == (2, 3)
    away = draws.values["grid"].mean(axis=(0, 1)) - np.arange(6.0).reshape(2, 3)
    assert np.abs(away / draws.mcse_mean["grid"]).max() < 4
    thin = draws.values["t"][:, ::5].ravel()
    assert st.kstest(thin, st.t(10).cdf).pvalue > 0.001


def test_a_density_that_is_nowhere_finite_is_refused():
    with pytest.raises(FitError, match="not finite at `start`"):
        sample_posterior(lambda at: jnp.log(-jnp.abs(at[0]) - 1), np.zeros(1), seed=1, **SHORT)


def test_chains_start_nearer_where_the_density_ends():
    draws = sample_posterior(
        lambda at: jnp.where(jnp.abs(at[0]) < 0.05, 0.0, -jnp.inf), np.zeros(1), seed=1, **SHORT
    )
    assert np.abs(draws.matrix).max() < 0.05


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"inverse_mass": np.ones(3)}, r"shape \(3,\), must be \(2, 2\) or \(2,\)"),
        ({"inverse_mass": np.ones((2, 2))}, "not positive definite"),
        ({"inverse_mass": np.array([1.0, -1.0])}, "not positive definite"),
        ({"chains": 0}, "`chains` is 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given, says):
    with pytest.raises(ConfigError, match=says):
        sample_posterior(normal, np.zeros(2), seed=1, **{**SHORT, **given})


def test_nothing_is_shown_where_nobody_looks(capfd):
    sample_posterior(normal, np.zeros(2), seed=1, **{**SHORT, "progress": True})
    assert capfd.readouterr() == ("", "")


CHAINS = {
    "independent": lambda rng: rng.normal(size=(4, 500)),
    "heavy tails": lambda rng: rng.standard_cauchy((4, 500)),
    "slow": lambda rng: np.cumsum(rng.normal(size=(4, 500)), axis=1),
    "antithetic": lambda rng: np.diff(rng.normal(size=(4, 501)), axis=1),
    "apart": lambda rng: rng.normal(size=(4, 500)) + np.arange(4)[:, None],
    "of unlike spread": lambda rng: rng.normal(size=(4, 500)) * np.arange(1, 5)[:, None],
    "odd": lambda rng: rng.normal(size=(3, 101)),
}


@pytest.mark.parametrize("kind", CHAINS)
def test_diagnostics_agree_with_arviz(arviz, kind: str):
    chains = CHAINS[kind](np.random.default_rng(7))
    for ours, theirs in {
        diagnostics.r_hat: arviz.rhat(chains),
        diagnostics.ess_bulk: arviz.ess(chains, method="bulk"),
        diagnostics.ess_tail: arviz.ess(chains, method="tail", prob=(0.05, 0.95)),
        diagnostics.mcse_mean: arviz.mcse(chains, method="mean"),
        diagnostics.mcse_sd: arviz.mcse(chains, method="sd"),
    }.items():
        assert ours(chains) == pytest.approx(float(theirs), rel=1e-6), ours.__name__


def test_draws_that_agree_raise_no_concern():
    draws = drawn(np.random.default_rng(1).normal(size=(4, 500, 2)))
    assert (draws.has_converged, draws.concerns) == (True, ())


@pytest.mark.parametrize(
    ("shift", "diverging", "said", "refused"),
    [
        (0.0, 3, "3 of 2000 draws diverged", False),
        (0.0, 21, "21 of 2000 draws diverged", True),
        (0.5, 0, "R-hat of `b` is 1.025", False),
        (1.5, 0, "R-hat of `b` is 1.202", True),
        (np.nan, 0, "R-hat of `b` is nan", True),
    ],
)
def test_what_speaks_against_draws_is_said(shift, diverging, said, refused):
    matrix = np.random.default_rng(1).normal(size=(4, 500, 2))
    matrix[0, :, 1] += shift
    draws = drawn(matrix, diverging=diverging)
    draws = Draws(**{**vars(draws), "names": ("a", "b")})
    assert said in draws.concerns[0]
    if refused:
        with pytest.raises(FitError, match=f"table, `y`: NUTS did not converge: {said}"):
            draws.judge("table, `y`")
    else:
        assert said in draws.judge("table, `y`")


def test_few_effective_draws_are_said():
    walk = np.cumsum(np.random.default_rng(3).normal(size=(4, 300)), axis=1)
    steady = walk - walk.mean(axis=1, keepdims=True)
    assert "effective draws" in drawn(steady[..., None]).concerns[-1]


def test_draws_are_thinned_evenly():
    matrix = np.arange(80.0).reshape(4, 20, 1)
    assert drawn(matrix).thinned(5).ravel().tolist() == [0, 20, 40, 59, 79]
    assert len(drawn(matrix).thinned(1000)) == 80
