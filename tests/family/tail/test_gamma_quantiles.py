"""Quantiles of the gamma distribution from either log tail."""

from collections.abc import Callable

import jax
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.family.tail import gamma_quantile, gamma_quantile_upper

from . import truth

SHAPES = (0.02, 0.3, 0.9, 1.0, 1.5, 4.0, 40.0, 2e3)
LOGS = (-1e4, -300.0, -20.0, -2.0, -0.7, -0.1, -1e-4, -1e-12)
A, LOG = (part.ravel() for part in np.meshgrid(SHAPES, LOGS))


def _compiled(quantile: Callable) -> Callable:
    """Quantiles and their gradients for as many pairs as the grid has, compiled once."""
    rows = jax.jit(jax.vmap(jax.value_and_grad(quantile, (0, 1))))

    def call(a: np.ndarray, log_tail: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        pairs = np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in (a, log_tail)))
        x, gradient = rows(*(np.resize(pair, A.shape) for pair in pairs))
        return tuple(np.asarray(part)[: pairs[0].size] for part in (x, *gradient))

    return call


LOWER, UPPER = _compiled(gamma_quantile), _compiled(gamma_quantile_upper)
SIDES = pytest.mark.parametrize(("quantile", "tail"), [(LOWER, 0), (UPPER, 1)], ids=["p", "q"])


@SIDES
def test_quantiles_solve_the_equation_in_60_digits(quantile, tail):
    for shape, level, point in zip(A, LOG, quantile(A, LOG)[0], strict=True):
        if point < 1e-280:  # the power law too says that float64 cannot hold it
            log_p = level if tail == 0 else np.log(-np.expm1(level))
            assert log_p / shape < -600
            continue
        # One Newton step from the answer, in 60 digits, tells its error.
        miss = truth.gamma_tails(shape, point)[tail] - mp.mpf(float(level))
        slope = truth.slopes(truth.gamma_tails, (shape, point), 1)[tail]
        conditioning = abs(level / (point * slope))
        assert abs(miss / (slope * point)) < 1e-12 * max(1, conditioning)


@SIDES
def test_gradients_are_those_of_the_implicit_function(quantile, tail):
    x, by_shape, by_level = quantile(A, LOG)
    for i in np.flatnonzero((x > 1e-200) & (LOG > -400))[::2]:
        slopes = [truth.slopes(truth.gamma_tails, (A[i], x[i]), which)[tail] for which in (0, 1)]
        assert by_level[i] == pytest.approx(float(1 / slopes[1]), rel=1e-9)
        assert by_shape[i] == pytest.approx(float(-slopes[0] / slopes[1]), rel=1e-9)


def test_the_exponential_law_has_its_closed_form():
    log_q = -np.geomspace(1e-8, 1e4, 40)
    np.testing.assert_allclose(UPPER(1.0, log_q)[0], -log_q, rtol=1e-12)


@pytest.mark.parametrize("a", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize(("quantile", "ends"), [(LOWER, [0, np.inf]), (UPPER, [np.inf, 0])])
def test_certain_levels_give_the_ends_of_the_support_without_gradient(a, quantile, ends):
    x, by_shape, by_level = quantile(a, [-np.inf, 0.0])
    np.testing.assert_array_equal(x, ends)
    assert not by_shape.any()
    assert not by_level.any()


@SIDES
def test_impossible_arguments_are_nan(quantile, tail):
    assert np.isnan(quantile([0.0, -1.0, 1.0], [-1.0, -1.0, 0.5])[0]).all()


@given(st.floats(0.05, 1e5), st.floats(-20, -1e-6))
def test_the_lower_quantile_is_the_upper_one_of_the_complement(a, log_p):
    lower, upper = LOWER(a, [log_p])[0], UPPER(a, [np.log(-np.expm1(log_p))])[0]
    assert lower == pytest.approx(upper, rel=1e-6, abs=1e-280)
