"""Effort poured over many curves: against the closed form, the curves' own slopes, and SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from assay.errors import PlanError
from assay.portfolio import SHAPES
from assay.portfolio.allocation import LogCurves, ShapedCurves, allocate, waterfill
from assay.portfolio.allocation.marginal import MARGINALS

CONCAVE = {"power": 2.0, "hill": 1.0, "janoschek": 1.0}  # the largest exponent of each shape


def by_sorting(a: np.ndarray, b: np.ndarray, budget: float) -> np.ndarray:
    """The closed form: the steepest at zero are funded, x = a / price - 1 / b."""
    order = np.argsort(-a * b)
    levels = (budget + np.cumsum(1 / b[order])) / np.cumsum(a[order])
    level = levels[np.flatnonzero((a * b)[order] * levels > 1)[-1]]
    return np.maximum(a * level - 1 / b, 0.0)


def drawn(projects: int, seed: int) -> ShapedCurves:
    """All shapes, fresh and underway, with exponents up to the largest."""
    rng = np.random.default_rng(seed)
    shape = rng.choice(list(SHAPES), projects)
    q = rng.uniform(0.3, 1.0, projects)
    q[rng.random(projects) < 0.2] = 1.0
    spent = np.where(rng.random(projects) < 0.5, 0.0, rng.exponential(10, projects))
    return ShapedCurves(
        shape, rng.lognormal(0, 1, projects), rng.lognormal(3, 1, projects), q, spent
    )


@pytest.mark.parametrize("budget", [1e-3, 1.0, 1e4, 1e7])
def test_logarithms_are_filled_as_in_closed_form(budget):
    rng = np.random.default_rng(1)
    a, b = rng.lognormal(0, 1, 5000), rng.lognormal(-2, 1, 5000)
    found, exact = waterfill(LogCurves(a, b), budget), by_sorting(a, b, budget)
    np.testing.assert_allclose(found.effort, exact, rtol=1e-9, atol=1e-9 * exact.max())
    assert found.effort.sum() == pytest.approx(budget, rel=1e-12)
    assert found.residual < 1e-9


def test_both_ways_to_state_a_logarithm_agree():
    rng = np.random.default_rng(2)
    a, b, spent = rng.lognormal(0, 1, 50), rng.lognormal(-2, 1, 50), rng.exponential(5, 50)
    height = a * np.log1p(1000 * b)  # the shape is scaled to 1 at 1000
    one = waterfill(LogCurves(a, b, spent), 200.0)
    other = waterfill(ShapedCurves("log", height, 1 / b, spent=spent), 200.0)
    np.testing.assert_allclose(other.effort, one.effort, rtol=1e-9, atol=1e-9)
    assert other.price == pytest.approx(one.price)
    curves = LogCurves(a, b, spent)
    assert curves.value(one.effort) == pytest.approx(
        ShapedCurves("log", height, 1 / b, spent=spent).value(one.effort)
    )


@pytest.mark.parametrize("budget", [1e-6, 1.0, 1e3, 1e6, 1e9])
def test_mixed_shapes_are_filled_to_the_last_digit(budget):
    found = waterfill(drawn(2000, 3), budget)
    assert found.effort.sum() == pytest.approx(budget, rel=1e-12)
    assert (found.effort >= 0).all()
    assert found.residual < 1e-9


def test_slopes_at_the_optimum_are_the_price_by_finite_differences():
    curves = drawn(300, 4)
    found = waterfill(curves, 3000.0)
    funded = np.flatnonzero(found.effort > 1e-3)[:60]
    assert funded.size > 30
    for at in funded:
        h = 1e-5 * (found.effort[at] + curves.spent[at])
        rise = SHAPES[str(curves.shape[at])]
        ends = found.effort[at] + curves.spent[at] + np.array([-h, h])
        low, high = curves.height[at] * rise(ends, curves.tau[at], curves.q[at])
        assert (high - low) / (2 * h) == pytest.approx(found.price, rel=1e-5)


def test_a_general_optimiser_finds_nothing_better():
    curves = drawn(8, 5)
    found = waterfill(curves, 60.0)
    start = np.full(8, 60.0 / 8)
    general = minimize(
        lambda x: -curves.value(np.maximum(x, 0.0)),
        start,
        bounds=[(1e-9, None)] * 8,
        constraints={"type": "eq", "fun": lambda x: x.sum() - 60.0},
        options={"maxiter": 500, "ftol": 1e-13},
    )
    assert curves.value(found.effort) >= -general.fun - 1e-9
    assert curves.value(found.effort) == pytest.approx(-general.fun, rel=1e-5)


def test_whole_units_come_close_to_poured_effort_and_never_above():
    a, b = np.array([10.0, 8, 5, 3, 2]), np.array([0.5, 1, 0.2, 2, 0.1])
    poured = waterfill(LogCurves(a, b), 300.0)
    units = allocate([k * np.log1p(s * np.arange(301.0)) for k, s in zip(a, b, strict=True)], 300)
    worth = LogCurves(a, b).value(poured.effort)
    assert worth * (1 - 1e-5) < units.value <= worth
    assert np.abs(poured.effort - units.units).max() < 1


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.data())
def test_the_inverse_of_each_slope_is_its_inverse(shape, data):
    q = np.array([data.draw(st.floats(0.05, CONCAVE.get(shape, 1.0)))])
    z = np.array([np.exp(data.draw(st.floats(-8.0, 4.0)))])
    marginal = MARGINALS[shape]
    again = marginal.at(marginal.log_slope(z, q), q)
    # Where the slope barely moves, the same logarithm of a slope is that of many efforts.
    assert again == pytest.approx(z, rel=1e-9, abs=1e-14 / float(marginal.fall(z, q)[0]) + 1e-15)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("q", [0.4, 1.0])
def test_slopes_are_the_derivatives_of_the_shapes(shape, q):
    x, tau, exponent, h = np.geomspace(0.01, 300, 40), np.array(7.0), np.array(q), 1e-5
    ends = [SHAPES[shape](x * (1 + sign * h), tau, exponent) for sign in (-1, 1)]
    curves = ShapedCurves(shape, np.ones(40), 7.0, q)
    by_difference = (ends[1] - ends[0]) / (2 * h * x)
    np.testing.assert_allclose(np.exp(curves.log_slope(x)), by_difference, rtol=1e-5, atol=1e-10)
    slopes = [curves.log_slope(x * (1 + sign * h)) for sign in (-1, 1)]
    fall = MARGINALS[shape].fall(x / 7.0, np.full(40, q)) / 7.0
    np.testing.assert_allclose(fall, (slopes[0] - slopes[1]) / (2 * h * x), rtol=1e-4)


def test_every_shape_of_a_curve_can_be_filled():
    assert list(MARGINALS) == list(SHAPES)


@given(seed=st.integers(0, 10**6), at=st.integers(0, 5), factor=st.floats(1.0, 10.0))
def test_more_importance_never_takes_effort_away(seed, at, factor):
    rng = np.random.default_rng(seed)
    a, b = rng.lognormal(0, 1, 6), rng.lognormal(-1, 1, 6)
    raised = np.where(np.arange(6) == at, a * factor, a)
    before, after = (waterfill(LogCurves(each, b), 20.0).effort[at] for each in (a, raised))
    assert after >= before - 1e-12


def test_no_budget_and_no_rising_curve():
    curves = LogCurves(np.array([2.0, 1.0]), np.array([0.5, 3.0]))
    assert waterfill(curves, 0.0).price == pytest.approx(3.0)
    assert waterfill(curves, 0.0).effort.tolist() == [0.0, 0.0]
    for flat in (LogCurves(np.zeros(2), np.ones(2)), ShapedCurves("hill", [0.0, 0.0], 1.0)):
        found = waterfill(flat, 5.0)
        assert found.effort.tolist() == [0.0, 0.0]
        assert (found.price, found.residual) == (0.0, 0.0)
    some = waterfill(ShapedCurves("power", [0.0, 1.0], 1.0), 5.0)
    assert some.effort.tolist() == [0.0, 5.0]


def test_equal_curves_share_equally():
    found = waterfill(ShapedCurves("hill", np.ones(4), 3.0, 0.7), 12.0)
    np.testing.assert_allclose(found.effort, 3.0)


@pytest.mark.parametrize("budget", [-1.0, float("nan"), float("inf")])
def test_an_impossible_budget_cannot_be_poured(budget):
    with pytest.raises(PlanError, match="waterfill: `budget` is"):
        waterfill(LogCurves(np.ones(1), np.ones(1)), budget)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: LogCurves([1.0, -1.0], 1.0), "`a` of project 1 is -1.0, must be not negative"),
        (lambda: LogCurves([1.0], [0.0]), "`b` of project 0 is 0.0, must be above 0"),
        (lambda: LogCurves([1.0, 2.0], [1.0, np.nan]), "`b` of project 1 is nan, must be finite"),
        (lambda: LogCurves([1.0, 2.0], [1.0] * 3), "must be rows of one length"),
        (lambda: ShapedCurves("lgo", [1.0], 1.0), "shape of project 0 is 'lgo', which is unkno"),
        (lambda: ShapedCurves(["log", "hill"], 1.0, 1.0, [5.0, 1.5]), "`q` of project 1 is 1.5"),
        (lambda: ShapedCurves("log", [1.0], -1.0), "`tau` of project 0 is -1.0, must be above 0"),
        (lambda: ShapedCurves("log", [1.0], 1.0, spent=-2.0), "`spent` of project 0 is -2.0"),
        (lambda: waterfill(LogCurves(np.ones(0), np.ones(0)), 1.0), "found no curve"),
    ],
)
def test_impossible_curves_are_refused_by_project(build, said):
    with pytest.raises(PlanError, match=said):
        build()
