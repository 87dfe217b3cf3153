"""Laws of the exact split, with returns that diminish beside returns that start late."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.portfolio.allocation import Constraints, allocate, allocate_each
from assay.portfolio.allocation.envelope import diminishes, levels_that_matter
from assay.portfolio.allocation.search import search

from .small import draw_values

falling = st.lists(st.floats(0.01, 10), min_size=1, max_size=8).map(
    lambda rises: np.cumsum([0.0, *sorted(rises, reverse=True)])
)


def one_project_at_a_time(values: list[np.ndarray], budget: int) -> tuple[int, ...]:
    """The plain dynamic programme: no shared curve, the fewest units for later projects."""
    tables, best = [], [0.0] * (budget + 1)
    for curve in values:
        options = [
            [best[b - j] + curve[j] for j in range(min(b, curve.size - 1) + 1)]
            for b in range(budget + 1)
        ]
        best = [max(row) for row in options]
        tables.append(
            [next(j for j, v in enumerate(row) if v >= max(row) * (1 - 1e-12)) for row in options]
        )
    units, left = [], budget
    for table in reversed(tables):
        units.append(table[left])
        left -= units[-1]
    return tuple(reversed(units))


@given(seed=st.integers(0, 10**6), budget=st.integers(0, 25))
def test_equal_splits_are_told_apart_as_by_the_plain_programme(seed, budget):
    rng = np.random.default_rng(seed)
    values = draw_values(rng, int(rng.integers(1, 7)), 10)
    assert allocate(values, budget).units == one_project_at_a_time(values, budget)


@given(seed=st.integers(0, 10**6))
def test_more_budget_never_lowers_the_optimum_within_limits(seed):
    rng = np.random.default_rng(seed)
    values = draw_values(rng, 4, 8)
    asked = Constraints(least=[1, 0, 0, 1], most=[None, 3, 2, 4])
    found = allocate_each(values, range(2, 14), constraints=asked)
    worth = np.array([each.value for each in found])
    assert (np.diff(worth) >= -1e-12).all()
    for each in found:
        assert all(each.units[at] >= asked.least[at] for at in range(4))
        assert all(asked.most[at] is None or each.units[at] <= asked.most[at] for at in range(4))


@given(values=st.lists(falling, min_size=2, max_size=4), budget=st.integers(0, 12), data=st.data())
def test_more_importance_never_lowers_a_share_where_returns_diminish(values, budget, data):
    at = data.draw(st.integers(0, len(values) - 1))
    factor = data.draw(st.floats(1.0, 5.0))
    raised = [curve * factor if i == at else curve for i, curve in enumerate(values)]
    before, after = allocate(values, budget), allocate(raised, budget)
    assert after.units[at] >= before.units[at]


@given(seed=st.integers(0, 10**6), data=st.data())
def test_the_order_of_projects_does_not_matter_but_for_ties(seed, data):
    rng = np.random.default_rng(seed)
    rises = rng.exponential(size=(5, 9))  # no two splits tie
    values = [np.cumsum([0.0, *row]) for row in rises]
    order = data.draw(st.permutations(range(5)))
    found = allocate([values[at] for at in order], 12).units
    assert dict(zip(order, found, strict=True)) == dict(enumerate(allocate(values, 12).units))


def test_the_table_of_all_budgets_is_that_of_each_alone():
    rng = np.random.default_rng(8)
    values = draw_values(rng, 6, 12)
    worth = search([curve[:31] for curve in values], 30).worth()
    assert worth == pytest.approx([allocate(values, budget).value for budget in range(31)])


def test_straight_lines_diminish_in_spite_of_rounding():
    assert diminishes(np.arange(1000) * 0.1)
    assert not diminishes(np.cumsum([0.0, 1.0, 1.0 + 1e-9]))


def test_a_budget_beyond_all_values_and_late_and_steady_projects_at_once():
    late, steady = np.array([0.0, 0.0, 4.0]), np.array([0.0, 3.0, 4.0])
    assert allocate([late, steady, late], 100).units == (2, 2, 2)
    assert allocate([steady, late, steady], 3).units == (1, 2, 0)


@pytest.mark.parametrize("share_late", [0.3, 1.0])
def test_what_is_ruled_out_beforehand_is_in_no_best_split(share_late):
    rng = np.random.default_rng(11)
    x = np.arange(121.0) / rng.lognormal(2.5, 0.6, 60)[:, None]
    is_late = (np.arange(60) < share_late * 60)[:, None]
    values = list(rng.lognormal(size=(60, 1)) * np.where(is_late, x**3 / (1 + x**3), -np.expm1(-x)))
    matter = levels_that_matter(values, range(60), 120)
    assert sum(levels.size for levels in matter) < 60 * 121 / 4  # most is ruled out
    whole = search(values, 120)
    split = whole.splits([120])[0]
    assert allocate(values, 120).units == tuple(split)
    assert allocate(values, 120).value == pytest.approx(whole.worth()[-1], rel=1e-12)
    assert all(units in levels for units, levels in zip(split, matter, strict=True))
