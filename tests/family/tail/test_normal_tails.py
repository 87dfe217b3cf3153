"""The log of the standard normal distribution function, and its inverse."""

import jax
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.family.tail import log_ndtr, log_ndtri

from . import truth

# 7.6 and -20 are where other implementations change formulas and lose digits.
Z = np.unique(np.concatenate([np.linspace(-30, 30, 121), [-160.0, -20.01, -1e-9, 1e-9, 7.6, 36.0]]))

VALUE = jax.jit(log_ndtr)
SLOPE, BEND = (jax.jit(jax.vmap(f)) for f in (jax.grad(log_ndtr), jax.grad(jax.grad(log_ndtr))))
INVERSE = jax.jit(log_ndtri)
INVERSE_SLOPE = jax.jit(jax.vmap(jax.grad(log_ndtri)))
INVERSE_BEND = jax.jit(jax.vmap(jax.grad(jax.grad(log_ndtri))))


def _score(z: float) -> mp.mpf:
    return mp.npdf(mp.mpf(z)) / mp.exp(truth.normal_log_cdf(z))


def test_values_match_60_digits():
    assert truth.worst(VALUE(Z), [truth.normal_log_cdf(z) for z in Z]) < 1e-12


def test_gradients_match_the_density_over_the_probability():
    assert truth.worst(SLOPE(Z), [_score(z) for z in Z]) < 1e-12


def test_second_derivatives_match_their_closed_form():
    want = [-_score(z) * (_score(z) + mp.mpf(z)) for z in Z]
    assert truth.worst(BEND(Z), want) < 1e-10


def test_ten_thousand_deviations_out_value_and_gradient_are_finite():
    (value, upper), (slope, flat) = (f(np.array([-1e4, 1e4])) for f in (VALUE, SLOPE))
    # erfc's asymptotic series: log Φ(z) = -z²/2 - log(-z √(2π)) + log(1 - z⁻² + 3 z⁻⁴).
    assert float(value) == pytest.approx(-5e7 - np.log(1e4 * np.sqrt(2 * np.pi)) - 1e-8, rel=1e-15)
    assert float(slope) == pytest.approx(1e4 + 1e-4, rel=1e-12)
    assert float(upper) == float(flat) == 0


@pytest.mark.parametrize(("z", "value"), [(-np.inf, -np.inf), (np.inf, 0.0), (np.nan, np.nan)])
def test_at_infinity_the_log_is_certain_and_flat(z, value):
    np.testing.assert_array_equal(VALUE(z), value)
    at = np.array([z])
    assert np.isnan(z) or not (SLOPE(at).any() or BEND(at).any())


def test_quantiles_solve_the_equation_in_60_digits():
    levels = np.concatenate([-np.geomspace(1e-280, 1e4, 100), [np.log(0.5)]])
    got = np.asarray(INVERSE(levels))
    for z, level in zip(got, levels, strict=True):
        # One Newton step from the answer, in 60 digits, tells its error.
        miss = (truth.normal_log_cdf(z) - mp.mpf(float(level))) / _score(z)
        assert abs(miss) < 1e-13 * max(abs(z), 1e-2)


def test_quantiles_have_the_gradient_of_the_inverse():
    levels = np.array([-1e4, -200.0, -2.0, np.log(0.5), -0.1, -1e-9, -1e-200])
    z = np.asarray(INVERSE(levels))
    want = [1 / _score(point) for point in z]
    assert truth.worst(INVERSE_SLOPE(levels), want) < 1e-10
    # d²z/dl² = Φ/φ + z (Φ/φ)²
    bends = [mills + mp.mpf(float(point)) * mills**2 for mills, point in zip(want, z, strict=True)]
    got = INVERSE_BEND(levels)
    assert truth.worst(got[:-1], bends[:-1]) < 1e-6


def test_certain_levels_have_infinite_quantiles_and_no_gradient():
    np.testing.assert_array_equal(INVERSE(np.array([-np.inf, 0.0, 0.5])), [-np.inf, np.inf, np.nan])
    np.testing.assert_array_equal(INVERSE_SLOPE(np.array([-np.inf, 0.0])), [0, 0])


@given(st.floats(-35, 35))
def test_the_tails_sum_to_one_and_the_inverse_returns(z):
    below, above = float(VALUE(z)), float(VALUE(-z))
    assert np.exp(below) + np.exp(above) == pytest.approx(1.0, abs=5e-14)
    smaller = min(below, above)
    assert float(INVERSE(smaller)) == pytest.approx(-abs(z), rel=1e-12, abs=1e-14)
