"""Quantiles of the gamma distribution from either log tail."""

import jax
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.family.tail import gamma_quantile, gamma_quantile_upper

from . import truth

SHAPES = (0.02, 0.3, 0.9, 1.0, 1.5, 4.0, 40.0, 1e3, 1e5)
LOGS = (-1e4, -300.0, -20.0, -2.0, -0.7, -0.1, -1e-4, -1e-12)
A, LOG = (part.ravel() for part in np.meshgrid(SHAPES, LOGS))
SIDES = pytest.mark.parametrize(
    ("quantile", "tail"), [(gamma_quantile, 0), (gamma_quantile_upper, 1)], ids=["lower", "upper"]
)


@SIDES
def test_quantiles_solve_the_equation_in_60_digits(quantile, tail):
    x = np.asarray(jax.jit(quantile)(A, LOG))
    for shape, level, point in zip(A, LOG, x, strict=True):
        if point < 1e-280:  # below what float64 holds: the power law says so too
            assert level / shape < -600
            continue
        # One Newton step from the answer, in 60 digits, tells its error.
        miss = truth.gamma_tails(shape, point)[tail] - mp.mpf(float(level))
        slope = truth.slopes(truth.gamma_tails, (shape, point), 1)[tail]
        conditioning = abs(level / (point * slope))
        assert abs(miss / (slope * point)) < 1e-12 * max(1, conditioning)


@SIDES
def test_gradients_are_those_of_the_implicit_function(quantile, tail):
    gradients = jax.jit(jax.grad(lambda a, l: quantile(a, l).sum(), argnums=(0, 1)))(A, LOG)
    x = np.asarray(jax.jit(quantile)(A, LOG))
    keep = np.flatnonzero((x > 1e-200) & (LOG > -400))[::2]
    for i in keep:
        slopes = [truth.slopes(truth.gamma_tails, (A[i], x[i]), which)[tail] for which in (0, 1)]
        assert float(gradients[1][i]) == pytest.approx(float(1 / slopes[1]), rel=1e-9)
        assert float(gradients[0][i]) == pytest.approx(float(-slopes[0] / slopes[1]), rel=1e-9)


def test_the_exponential_law_has_its_closed_form():
    log_q = -np.geomspace(1e-8, 1e4, 40)
    np.testing.assert_allclose(gamma_quantile_upper(1.0, log_q), -log_q, rtol=1e-12)


@pytest.mark.parametrize("a", [1e-3, 1.0, 1e6])
def test_certain_levels_give_the_ends_of_the_support_without_gradient(a):
    ends = np.array([-np.inf, 0.0])
    np.testing.assert_array_equal(gamma_quantile(a, ends), [0, np.inf])
    np.testing.assert_array_equal(gamma_quantile_upper(a, ends), [np.inf, 0])
    for quantile in (gamma_quantile, gamma_quantile_upper):
        for gradient in jax.vmap(jax.grad(quantile, (0, 1)), (None, 0))(a, ends):
            assert not gradient.any()


def test_impossible_arguments_are_nan():
    assert np.isnan(gamma_quantile([0.0, -1.0, 1.0], [-1.0, -1.0, 0.5])).all()


@given(st.floats(0.05, 1e5), st.floats(-50, -1e-6))
def test_the_lower_quantile_is_the_upper_one_of_the_complement(a, log_p):
    log_q = np.log(-np.expm1(log_p))
    lower, upper = (
        np.asarray(f(a, l)) for f, l in ((gamma_quantile, log_p), (gamma_quantile_upper, log_q))
    )
    # Rounding log_q near 0 moves x where log_p is far down; compare where it does not.
    assert log_p < -20 or lower == pytest.approx(upper, rel=1e-6)
