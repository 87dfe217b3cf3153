"""Both log tails of the gamma distribution."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assay.family.tail import log_gamma_tails

from . import truth

# Both sides of the switch at 10, tiny shapes, and a shape at which the law is all but normal.
SHAPES = (1e-3, 0.2, 1.0, 3.0, 9.99, 10.01, 1e3)
SD_FROM_MEAN = (-30.0, -6.0, -0.5, 0.0, 0.5, 6.0, 50.0)
GRID = [
    (a, a + z * np.sqrt(a) if a + z * np.sqrt(a) > 0.1 * a else a * np.exp(z))
    for a in SHAPES
    for z in SD_FROM_MEAN
]
FAR = [
    (1e-3, 1e-300**0.9),
    (0.5, 1e4),
    (3.0, 1e4),
    (2e3, 30.0),
    (5e3, 8e2),
    (1.0, 1e-30),
    (1e5, 9.9e4),
]
POINTS = [*GRID, *FAR]


@pytest.mark.parametrize("tail", [0, 1], ids=["below", "above"])
def test_values_match_60_digits(gamma, tail):
    want = [truth.gamma_tails(*at)[tail] for at in POINTS]
    assert min(want) < -6000
    assert truth.worst(gamma(POINTS)[0][:, tail], want) < 1e-11


@pytest.mark.parametrize("tail", [0, 1], ids=["below", "above"])
@pytest.mark.parametrize("argument", [0, 1], ids=["shape", "point"])
def test_gradients_match_differences_in_60_digits(gamma, tail, argument):
    want = [truth.slopes(truth.gamma_tails, at, argument)[tail] for at in POINTS]
    assert truth.worst(gamma(POINTS)[1][:, tail, argument], want) < 1e-10


@pytest.mark.parametrize("arguments", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_second_derivatives_match_differences_in_60_digits(gamma, arguments):
    at = GRID[::2]
    got = gamma(at)[2]
    assert truth.worst_bend(got, truth.gamma_tails, at, *arguments) < 1e-8


def test_an_exponential_law_has_its_closed_form(gamma):
    x = np.geomspace(1e-8, 1e4, 50)
    values, slopes, _ = gamma(np.column_stack([np.ones_like(x), x]))
    np.testing.assert_allclose(values[:, 1], -x, rtol=1e-13)
    near = x < 1
    np.testing.assert_allclose(values[near, 0], np.log(-np.expm1(-x[near])), rtol=1e-13)
    far = np.log1p(-np.exp(-x[~near]))
    np.testing.assert_allclose(values[~near, 0], far, rtol=1e-12, atol=1e-290)
    np.testing.assert_allclose(slopes[:, 1, 1], -1.0, rtol=1e-11)


def test_scipy_agrees_in_the_middle(gamma):
    a, x = (part.ravel() for part in np.meshgrid([0.5, 4.0, 60.0], [0.3, 2.0, 70.0]))
    want = np.column_stack([stats.gamma.logcdf(x, a), stats.gamma.logsf(x, a)])
    np.testing.assert_allclose(gamma(np.column_stack([a, x]))[0], want, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    ("x", "below", "above"),
    [(-1.0, -np.inf, 0.0), (0.0, -np.inf, 0.0), (1e-310, -np.inf, 0.0), (np.inf, 0.0, -np.inf)],
)
def test_off_the_support_the_tails_are_certain_and_flat(gamma, x, below, above):
    values, slopes, bends = gamma([(a, x) for a in (1e-3, 1.0, 1e6)])
    np.testing.assert_array_equal(values, [[below, above]] * 3)
    assert not slopes.any()
    assert not bends.any()


def test_no_derivative_is_ever_nan(gamma):
    shapes = [1e-6, 1e-3, 0.5, 1.0, 2.0, 10.0, 1e4, 1e8]
    points = [0.0, 1e-140, 1e-20, 0.3, 1.0, 9.99, 10.0, 1e4, 1e8, 1e30, 1e149]
    _, slopes, bends = gamma([(a, x) for a in shapes for x in points])
    assert np.isfinite(slopes).all()
    assert np.isfinite(bends).all()


def test_a_point_near_the_smallest_still_has_a_gradient(gamma):
    values, slopes, _ = gamma([(2.0, 1e-289)])
    np.testing.assert_allclose(values[0, 0], 2 * np.log(1e-289) - np.log(2), rtol=1e-13)
    np.testing.assert_allclose(slopes[0, 0, 1], 2e289, rtol=1e-9)


@pytest.mark.parametrize("a", [0.0, -1.0, np.nan])
def test_a_shape_that_is_not_positive_is_nan_not_a_number_that_looks_right(gamma, a):
    assert np.isnan(gamma([(a, 1.0)])[0]).all()


@given(st.floats(1e-3, 1e6), st.floats(-8, 8))
def test_the_tails_sum_to_one(gamma, a, z):
    x = a * np.exp(z / np.sqrt(a))
    below, above = gamma([(a, x)])[0][0]
    assert np.exp(below) + np.exp(above) == pytest.approx(1.0, abs=1e-14)


@given(st.floats(1e-3, 1e5), st.floats(1e-3, 1e5), st.floats(1.0001, 3.0))
def test_more_lies_below_a_farther_point(gamma, a, x, factor):
    values, _, _ = gamma([(a, x), (a, x * factor)])
    assert values[1, 0] >= values[0, 0]
    assert values[1, 1] <= values[0, 1]


def test_shapes_broadcast_under_strict_promotion():
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        both = jax.eval_shape(log_gamma_tails, np.ones((2, 1)), np.arange(3))
    assert [(tail.shape, tail.dtype) for tail in both] == [((2, 3), np.float64)] * 2
