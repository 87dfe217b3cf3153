"""Both log tails of the negative binomial distribution."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assay.family.tail import negative_binomial_log_tails

from . import truth

SIZES = (1e-3, 0.1, 1.0, 9.9, 10.1, 1e3, 1e6)
MEANS = (0.01, 1.3, 40.0, 500.0)
SD_FROM_MEAN = (-30.0, -3.0, 0.3, 4.0, 30.0)


def _spread(mean: float, size: float) -> list[float]:
    sd = np.sqrt(mean + mean**2 / size)
    return sorted({min(max(np.floor(mean + z * sd), 0.0), 2e4) for z in SD_FROM_MEAN})


GRID = [(k, mean, size) for mean in MEANS for size in SIZES for k in _spread(mean, size)]
# The logs of these reach -1e4, on either side.
FAR = [(0.0, 1e4, 1e6), (5.0, 2e4, 3e3), (3e4, 9e3, 1e6), (2e4, 3.0, 0.5), (8e3, 40.0, 1e6)]
POINTS = [*GRID, *FAR]


@pytest.mark.parametrize("tail", [0, 1], ids=["up to k", "above k"])
def test_values_match_60_digits(counts, tail):
    want = [truth.count_tails(*at)[tail] for at in POINTS]
    assert min(want) < -8000
    assert truth.worst(counts(POINTS)[0][:, tail], want) < 1e-11


@pytest.mark.parametrize("tail", [0, 1], ids=["up to k", "above k"])
@pytest.mark.parametrize("argument", [1, 2], ids=["mean", "size"])
def test_gradients_match_differences_in_60_digits(counts, tail, argument):
    want = [truth.slopes(truth.count_tails, at, argument)[tail] for at in POINTS]
    assert truth.worst(counts(POINTS)[1][:, tail, argument], want) < 1e-9


@pytest.mark.parametrize("arguments", [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_second_derivatives_match_differences_in_60_digits(counts, arguments):
    at = GRID[::4]
    got = counts(at)[2]
    assert truth.worst_bend(got, truth.count_tails, at, *arguments) < 1e-6


def test_the_gradient_in_the_size_survives_the_poisson_limit(counts):
    # It is of order size^-2, the difference of terms of order 1.
    at = [(k, mean, size) for size in (1e8, 1e10, 1e12) for k, mean in ((0.0, 2.0), (9.0, 4.0))]
    got = counts(at)[1][:, :, 2]
    for tail in (0, 1):
        want = [truth.slopes(truth.count_tails, point, 2)[tail] for point in at]
        assert truth.worst(got[:, tail], want) < 1e-9


def test_no_count_at_all_has_its_closed_form(counts):
    mean, size = (part.ravel() for part in np.meshgrid([0.1, 5.0, 3e4], [0.05, 2.0, 7e3]))
    values, slopes, _ = counts(np.column_stack([np.zeros_like(mean), mean, size]))
    np.testing.assert_allclose(values[:, 0], -size * np.log1p(mean / size), rtol=1e-11)
    np.testing.assert_allclose(slopes[:, 0, 1], -size / (size + mean), rtol=1e-11)


def test_scipy_agrees_in_the_middle(counts):
    k, mean, size = (part.ravel() for part in np.meshgrid([0.0, 3.0, 12.0], [2.0, 9.0], [0.7, 20]))
    law = stats.nbinom(size, size / (size + mean))
    want = np.column_stack([law.logcdf(k), law.logsf(k)])
    np.testing.assert_allclose(counts(np.column_stack([k, mean, size]))[0], want, rtol=1e-10)


@pytest.mark.parametrize(
    ("k", "mean", "upto", "above"),
    [(-1, 2, -np.inf, 0), (-7, 0, -np.inf, 0), (np.inf, 2, 0, -np.inf), (3, 0, 0, -np.inf)],
)
def test_what_is_certain_is_flat(counts, k, mean, upto, above):
    values, slopes, bends = counts([(k, mean, size) for size in SIZES])
    np.testing.assert_array_equal(values, [[upto, above]] * len(SIZES))
    assert not slopes.any()
    assert not bends.any()


def test_no_derivative_is_ever_nan(counts):
    ks, means = [-1, 0, 1, 1e3, 1e6, 1e9], [0, 1e-140, 1e-10, 1, 1e6, 1e10]
    _, slopes, bends = counts([(k, m, r) for k in ks for m in means for r in (1e-6, 1, 1e3, 1e12)])
    assert np.isfinite(slopes).all()
    assert np.isfinite(bends).all()


def test_the_count_has_no_gradient_and_is_rounded_down(counts):
    values, slopes, _ = counts([(4.0, 6.0, 2.0), (4.7, 6.0, 2.0)])
    np.testing.assert_array_equal(values[0], values[1])
    assert not slopes[:, :, 0].any()


@pytest.mark.parametrize("parameters", [(-1.0, 2.0), (1.0, 0.0), (np.nan, 2.0)])
def test_impossible_parameters_are_nan(counts, parameters):
    assert np.isnan(counts([(3.0, *parameters)])[0]).all()


@given(st.integers(0, 10**5), st.floats(-3, 4), st.floats(-3, 6))
def test_the_tails_sum_to_one_and_grow_with_k(counts, k, log_mean, log_size):
    mean, size = 10**log_mean, 10**log_size
    values = counts([(k, mean, size), (k + 1, mean, size)])[0]
    assert np.exp(values).sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-13)
    slack = 1e-11 * np.abs(values[0])
    assert values[1, 0] >= values[0, 0] - slack[0]
    assert values[1, 1] <= values[0, 1] + slack[1]


def test_integer_counts_broadcast_under_strict_promotion():
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        both = jax.eval_shape(negative_binomial_log_tails, np.arange(4), np.ones((3, 1)), 5.0)
    assert [(tail.shape, tail.dtype) for tail in both] == [((3, 4), np.float64)] * 2
