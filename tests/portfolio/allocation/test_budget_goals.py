"""The least budget for a target and the budget at a price: against all budgets one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import PlanError
from assay.portfolio.allocation import (
    Constraints,
    Prerequisite,
    allocate_each,
    budget_at_price,
    least_budget,
)

from .small import draw_values

LATE = np.array([0.0, 0.0, 0.0, 6.0, 6.5])


def all_budgets(values: list[np.ndarray], asked: Constraints) -> tuple[np.ndarray, np.ndarray]:
    budgets = np.arange(sum(asked.least), sum(curve.size - 1 for curve in values) + 1)
    found = allocate_each(values, budgets.tolist(), constraints=asked)
    return budgets, np.array([each.value for each in found])


@given(seed=st.integers(0, 10**6), share=st.floats(0.01, 1), is_limited=st.booleans())
def test_no_smaller_budget_reaches_the_target(seed, share, is_limited):
    values = draw_values(np.random.default_rng(seed), 4, 6)
    asked = (
        Constraints(least=[1, 0, 1, 0], most=[None, 2, 3, None]) if is_limited else Constraints()
    )
    budgets, worth = all_budgets(values, Constraints(least=asked.least or [0] * 4, most=asked.most))
    target = share * worth[-1]
    found = least_budget(values, target, constraints=asked)
    assert found.budget == budgets[np.flatnonzero(worth >= target * (1 - 1e-12))[0]]
    assert found.allocation.value >= target * (1 - 1e-9)
    assert sum(found.allocation.units) <= found.budget


@given(seed=st.integers(0, 10**6), price=st.floats(0.02, 3))
def test_no_budget_leaves_more_after_its_price(seed, price):
    values = draw_values(np.random.default_rng(seed), 4, 6)
    budgets, worth = all_budgets(values, Constraints(least=[0] * 4))
    left = worth - price * budgets
    found = budget_at_price(values, price)
    assert left[found.budget] == pytest.approx(left.max(), abs=1e-9)
    assert found.allocation.value == pytest.approx(worth[found.budget], abs=1e-9)
    assert found.allocation.certificate == pytest.approx(1.0)


def test_a_start_up_cost_is_paid_where_all_its_units_are_worth_theirs():
    assert budget_at_price([LATE], 2.0).budget == 3  # 6 for three units: two each
    assert budget_at_price([LATE], 2.01).budget == 0
    assert budget_at_price([LATE], 0.5).budget == 4


def test_the_price_of_the_last_unit_is_met_and_the_next_one_is_not_worth_it():
    values = [a * np.log1p(b * np.arange(200.0)) for a, b in ((10, 0.5), (8, 1.0), (5, 0.2))]
    found = budget_at_price(values, 0.25, constraints=Constraints(least=[0, 60, 0]))
    for curve, units, least in zip(values, found.allocation.units, (0, 60, 0), strict=True):
        assert units == least or curve[units] - curve[units - 1] >= 0.25
        assert curve[units + 1] - curve[units] < 0.25


def test_a_target_under_constraints_that_need_a_solver():
    asked = Constraints(most_active=1, teams=["a", "b"], capacity={"a": 3})
    values = [np.arange(9) * 1.0, np.arange(9) * 0.5]
    assert least_budget(values, 3, constraints=asked).budget == 3
    found = least_budget(values, 4, constraints=asked)
    assert (found.budget, found.allocation.units) == (8, (0, 8))
    with pytest.raises(PlanError, match=r"no budget was found to reach: .* worth 4\. Lower"):
        least_budget(values, 4.5, constraints=asked)


def test_a_target_already_reached_needs_no_budget():
    assert least_budget([LATE], 0).budget == 0
    assert least_budget([LATE], -1).budget == 0


def test_a_target_beyond_all_effort_is_refused_with_what_can_be_had():
    with pytest.raises(PlanError, match=r"`target` is 7, .* 4 units, is worth 6\.5"):
        least_budget([LATE], 7)
    with pytest.raises(PlanError, match="`target` is nan, must be finite"):
        least_budget([LATE], float("nan"))


@pytest.mark.parametrize("price", [0, -1, float("nan"), float("inf")])
def test_an_impossible_price_is_refused(price):
    with pytest.raises(PlanError, match="`price` is"):
        budget_at_price([LATE], price)


COUPLED = (
    Constraints(most_active=2),
    Constraints(teams=["a", "a", "b", None], capacity={"a": 3}),
    Constraints(prerequisites=[Prerequisite(project=0, needs=3, units=2)], least=[0, 1, 0, 0]),
    Constraints(
        most=[None, 2, None, None],
        committed=[0, 0, 1, 0],
        most_active=3,
        prerequisites=[Prerequisite(project=1, needs=2, units=3)],
    ),
)


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), price=st.floats(0.02, 3), asked=st.sampled_from(COUPLED))
def test_under_rules_that_tie_projects_together_no_budget_leaves_more(seed, price, asked):
    values = draw_values(np.random.default_rng(seed), 4, 5)
    found = budget_at_price(values, price, constraints=asked)
    least = max(sum(asked.least), sum(asked.committed))
    budgets = range(least, sum(curve.size - 1 for curve in values) + 1)
    each = allocate_each(values, budgets, constraints=asked)
    left = [one.value - price * sum(one.units) for one in each]
    here = found.allocation.value - price * found.budget
    assert here == pytest.approx(max(left), abs=1e-9)
    assert sum(found.allocation.units) == found.budget
