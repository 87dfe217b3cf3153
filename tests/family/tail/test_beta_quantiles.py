"""Quantiles of the beta distribution, and their complements, from both log tails."""

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.family.tail import log1mexp
from assay.family.tail.beta_odds import log_beta_tails_odds
from assay.family.tail.beta_quantile import beta_quantile, beta_quantile_odds

from . import truth

SHAPES = (0.02, 0.4, 1.0, 3.0, 50.0, 1e4)
LOGS = (-1e4, -300.0, -20.0, -2.0, -0.7, -0.1, -1e-4, -1e-20)
A, B, LOG = (part.ravel() for part in np.meshgrid(SHAPES, SHAPES, LOGS))
SMALL = np.minimum(LOG, np.log(-np.expm1(LOG)))
LOWER = SMALL == LOG


def _points(a: jax.Array, b: jax.Array, log_p: jax.Array, log_q: jax.Array) -> jax.Array:
    return jnp.stack([*beta_quantile(a, b, log_p, log_q), beta_quantile_odds(a, b, log_p, log_q)])


@jax.jit
@jax.vmap
def _everything(*at: jax.Array) -> tuple[jax.Array, jax.Array]:
    return _points(*at), jnp.stack(jax.jacrev(_points, (0, 1, 2, 3))(*at), axis=-1)


def _ask(a, b, log_p, log_q) -> tuple[np.ndarray, np.ndarray]:
    """x, 1 - x and log-odds of as many points as the grid has, and their gradients."""
    parts = np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in (a, b, log_p, log_q)))
    values, slopes = _everything(*(np.resize(part, A.shape) for part in parts))
    return np.asarray(values)[: parts[0].size], np.asarray(slopes)[: parts[0].size]


_log_tails = jax.jit(log_beta_tails_odds)


@pytest.fixture(scope="module")
def answers() -> tuple[np.ndarray, np.ndarray]:
    return _ask(A, B, LOG, np.asarray(log1mexp(LOG)))


def _tail_at_odds(a, b, odds, lower):
    """Log tail where the log-odds are given: neither x nor 1 - x need be rounded."""
    x, y = 1 / (1 + mp.exp(-odds)), 1 / (1 + mp.exp(odds))
    return truth.beta_tails(a, b, x, y)[0 if lower else 1]


def _within_float64(odds: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.abs(odds) < 600)


def test_quantiles_solve_the_equation_in_60_digits(answers):
    odds = answers[0][:, 2]
    assert len(_within_float64(odds)) > 200
    for i in _within_float64(odds):
        at, lower = mp.mpf(float(odds[i])), LOWER[i]
        miss = _tail_at_odds(A[i], B[i], at, lower) - mp.mpf(float(SMALL[i]))
        # The log density of the log-odds over the tail: one Newton step tells the error.
        x, y = 1 / (1 + mp.exp(-at)), 1 / (1 + mp.exp(at))
        density = A[i] * mp.log(x) + B[i] * mp.log(y) - mp.log(mp.beta(A[i], B[i]))
        rate = mp.exp(density - float(SMALL[i]))
        sd = np.sqrt(1 / A[i] + 1 / B[i])
        scale = max(1, abs(float(odds[i])), sd, float(abs(SMALL[i]) / rate))
        assert abs(miss / rate) < 2e-13 * scale, (A[i], B[i], LOG[i])


def test_the_point_and_its_complement_are_those_of_the_log_odds(answers):
    x, y, odds = answers[0].T
    for i in _within_float64(odds):
        assert x[i] == pytest.approx(float(1 / (1 + mp.exp(-odds[i]))), rel=1e-15)
        assert y[i] == pytest.approx(float(1 / (1 + mp.exp(odds[i]))), rel=1e-15)


def test_beyond_float64_the_power_law_gives_the_log_odds(answers):
    x, y, odds = answers[0].T
    low, high = odds < -700, odds > 700
    assert low.sum() > 5
    assert high.sum() > 5
    np.testing.assert_allclose(x[low], 1e-300, rtol=0.1)
    np.testing.assert_allclose(y[high], 1e-300, rtol=0.1)
    for i in np.flatnonzero(low):
        lead = (mp.mpf(LOG[i]) + mp.log(A[i] * mp.beta(A[i], B[i]))) / A[i]
        assert odds[i] == pytest.approx(float(lead), rel=1e-13)


def test_gradients_are_those_of_the_implicit_function(answers):
    (x, y, odds), slopes = answers[0].T, answers[1]
    for i in _within_float64(odds)[::5]:
        lower, at = LOWER[i], (A[i], B[i], mp.mpf(float(odds[i])))

        def tail(*near, lower=lower):
            return (_tail_at_odds(*near, lower),) * 2

        if abs(at[2]) < 1e-3:  # a relative step would vanish
            continue
        by_a, by_b, by_odds = (truth.slopes(tail, at, which)[0] for which in range(3))
        want = [float(slope / by_odds) for slope in (-by_a, -by_b, mp.mpf(1))]
        got = slopes[i, 2][[0, 1, 2 if lower else 3]]
        assert slopes[i, 2, 3 if lower else 2] == 0
        assert got == pytest.approx(want, rel=1e-9)
        assert slopes[i, 0] == pytest.approx(slopes[i, 2] * x[i] * y[i], rel=1e-13)
        assert slopes[i, 1] == pytest.approx(-slopes[i, 2] * x[i] * y[i], rel=1e-13)


def test_the_bend_of_a_quantile_is_right():
    # x = p^(1/a) where b = 1.
    def odds(a):
        return beta_quantile_odds(a, 1.0, -3.0, log1mexp(-3.0))

    with mp.workdps(40):
        want = mp.diff(lambda a: -mp.log(mp.expm1(mp.mpf(3) / a)), 0.7, 2)
    assert float(jax.jit(jax.jacfwd(jax.jacrev(odds)))(0.7)) == pytest.approx(float(want), rel=1e-8)


def test_power_laws_have_their_closed_forms():
    log_p = -np.geomspace(1e-8, 300, 40)
    log_q = np.asarray(log1mexp(log_p))
    np.testing.assert_allclose(_ask(2.5, 1.0, log_p, log_q)[0][:, 0], np.exp(log_p / 2.5), 1e-12)
    np.testing.assert_allclose(_ask(1.0, 2.5, log_q, log_p)[0][:, 1], np.exp(log_p / 2.5), 1e-12)


@pytest.mark.parametrize("shapes", [(1e-3, 1e-3), (1.0, 1.0), (1e6, 0.2)])
def test_certain_levels_give_the_ends_of_the_support_without_gradient(shapes):
    values, slopes = _ask(*shapes, [-np.inf, 0.0], [0.0, -np.inf])
    np.testing.assert_array_equal(values, [[0, 1, -np.inf], [1, 0, np.inf]])
    assert not slopes.any()


def test_impossible_arguments_are_nan():
    shapes = ([0.0, 1.0, -1.0, 1.0], [1.0, np.nan, 1.0, 1.0])
    assert np.isnan(_ask(*shapes, [-1, -1, -1, 0.5], [-0.5, -0.5, -0.5, 0.5])[0]).all()


@given(st.floats(-5, 7), st.floats(-5, 7), st.floats(-4, 4), st.booleans())
def test_quantiles_and_tails_invert_each_other(log_a, log_b, size, lower):
    a, b, log_tail = 10**log_a, 10**log_b, -(10**size)
    other = np.log(-np.expm1(log_tail))
    log_p, log_q = (log_tail, other) if lower else (other, log_tail)
    odds = float(_ask(a, b, log_p, log_q)[0][0, 2])
    mirrored = float(_ask(b, a, log_q, log_p)[0][0, 2])
    assert odds == -mirrored
    below, above = _tails(a, b, odds)
    smaller, got = (log_p, below) if log_p < log_q else (log_q, above)
    assert got == pytest.approx(smaller, rel=1e-10, abs=1e-12)


def _tails(a: float, b: float, odds: float) -> tuple[float, float]:
    below, above = _log_tails(a, b, odds)
    return float(below), float(above)
