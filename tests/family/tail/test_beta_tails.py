"""Both log tails of the beta distribution."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assay.family.tail import log_beta_tails

from . import truth

SHAPES = [(1e-3, 0.7), (0.3, 0.3), (1.0, 5.0), (9.9, 2.5), (10.1, 200.0), (4e3, 0.02), (3e4, 8e4)]
SD_FROM_CENTRE = (-40.0, -6.0, -0.5, 0.5, 6.0)
GRID = [
    (a, b, 1 / (1 + b / a * np.exp(-np.clip(z * np.sqrt(1 / a + 1 / b), -100, 12))))
    for a, b in SHAPES
    for z in SD_FROM_CENTRE
]
FAR = [(2e4, 3.0, 0.6), (3.0, 2e4, 0.5), (40.0, 0.1, 1e-100), (1.0, 1.0, 0.25)]
POINTS = [*GRID, *FAR]


@pytest.mark.parametrize("tail", [0, 1], ids=["below", "above"])
def test_values_match_60_digits(beta, tail):
    want = [truth.beta_tails_at(*at)[tail] for at in POINTS]
    assert min(want) < -9000
    assert truth.worst(beta(POINTS)[0][:, tail], want) < 1e-11


@pytest.mark.parametrize("tail", [0, 1], ids=["below", "above"])
@pytest.mark.parametrize("argument", [0, 1, 2], ids=["a", "b", "point"])
def test_gradients_match_differences_in_60_digits(beta, tail, argument):
    want = [truth.slopes(truth.beta_tails_at, at, argument)[tail] for at in POINTS]
    assert truth.worst(beta(POINTS)[1][:, tail, argument], want) < 1e-10


@pytest.mark.parametrize("arguments", [(0, 0), (0, 1), (1, 1), (2, 0), (1, 2), (2, 2)])
def test_second_derivatives_match_differences_in_60_digits(beta, arguments):
    # Far below the centre a mixed derivative is the tiny difference of numbers of order 1 / x.
    at = [(a, b, x) for a, b, x in GRID if 1e-4 < x < 1 - 1e-4]
    got = beta(at)[2]
    assert truth.worst_bend(got, truth.beta_tails_at, at, *arguments) < 1e-6


def test_a_power_law_has_its_closed_form(beta):
    x = np.linspace(0.05, 0.95, 20)
    values, slopes, _ = beta(np.column_stack([np.full_like(x, 7.5), np.ones_like(x), x]))
    np.testing.assert_allclose(values[:, 0], 7.5 * np.log(x), rtol=1e-12)
    np.testing.assert_allclose(slopes[:, 0, 0], np.log(x), rtol=1e-11)
    np.testing.assert_allclose(slopes[:, 0, 2], 7.5 / x, rtol=1e-11)


def test_scipy_agrees_in_the_middle(beta):
    a, b, x = (part.ravel() for part in np.meshgrid([0.5, 4.0], [2.0, 30.0], [0.1, 0.4]))
    want = np.column_stack([stats.beta.logcdf(x, a, b), stats.beta.logsf(x, a, b)])
    np.testing.assert_allclose(beta(np.column_stack([a, b, x]))[0], want, rtol=1e-9)


def test_a_complement_of_its_own_keeps_its_digits():
    tiny = 1e-40  # 1 - tiny rounds to 1
    below, above = jax.jit(log_beta_tails)(2.0, 3.0, 1.0, tiny)
    assert float(above) == pytest.approx(np.log(4) + 3 * np.log(tiny), rel=1e-13)
    assert float(below) == pytest.approx(-4 * tiny**3, rel=1e-12)


def test_a_point_given_by_its_log_odds_has_the_right_gradient():
    def above(odds):
        return log_beta_tails(2.0, 3.0, jax.nn.sigmoid(odds), jax.nn.sigmoid(-odds))[1]

    # Far out, log(1 - I) = 3 log y + constant, and log y = -odds.
    value, slope = jax.jit(jax.value_and_grad(above))(200.0)
    assert float(slope) == pytest.approx(-3.0, rel=1e-12)
    assert float(value) == pytest.approx(-600 + np.log(4.0), rel=1e-12)


@pytest.mark.parametrize(
    ("x", "below", "above"), [(-0.1, -np.inf, 0), (0.0, -np.inf, 0), (1.0, 0, -np.inf)]
)
def test_off_the_support_the_tails_are_certain_and_flat(beta, x, below, above):
    values, slopes, bends = beta([(1e-3, 2.0, x), (5.0, 1e4, x)])
    np.testing.assert_array_equal(values, [[below, above]] * 2)
    assert not slopes.any()
    assert not bends.any()


def test_no_derivative_is_ever_nan(beta):
    shapes = [1e-3, 0.5, 1.0, 10.0, 1e5]
    points = [0.0, 1e-140, 1e-20, 0.5, 0.9, 1 - 1e-16, 1.0]
    _, slopes, bends = beta([(a, b, x) for a in shapes for b in shapes for x in points])
    assert np.isfinite(slopes).all()
    assert np.isfinite(bends).all()


@pytest.mark.parametrize("shapes", [(0.0, 1.0), (1.0, -2.0), (np.nan, 1.0)])
def test_a_shape_that_is_not_positive_is_nan(beta, shapes):
    assert np.isnan(beta([(*shapes, 0.5)])[0]).all()


@given(st.floats(-3, 5), st.floats(-3, 5), st.floats(-8, 8))
def test_the_tails_sum_to_one_and_swap_with_the_sides(beta, log_a, log_b, odds):
    a, b, x = 10**log_a, 10**log_b, 1 / (1 + np.exp(-odds))
    (below, above), (mirrored, _) = beta([(a, b, x), (b, a, 1 - x)])[0]
    assert np.exp(below) + np.exp(above) == pytest.approx(1.0, abs=1e-13)
    # 1 - x is rounded: allow for what that moves.
    assert mirrored == pytest.approx(above, rel=1e-9, abs=1e-12)
