"""Frontiers agree with a scan over budgets and importances, concave or not."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import PlanError
from assay.portfolio import KnownCurve, allocate, plan_projects
from assay.portfolio.answers import (
    Case,
    frontier,
    importance_sweep,
    least_budget,
    least_factor,
    today_of,
)

from .companies import known, state

SIZE = 12


@st.composite
def companies(draw):
    """Projects without ties: any rises, sorted or not."""
    count = draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rises = rng.exponential(size=(count, SIZE)) * (rng.random((count, SIZE)) < 0.8)
    if draw(st.booleans()):
        rises = np.sort(rises, axis=1)[:, ::-1]
    return [np.concatenate([[0.0], np.cumsum(row)]) for row in rises]


@given(companies(), st.integers(0, SIZE))
def test_the_least_budget_is_the_first_of_a_scan(values, units):
    gets = [allocate(values, budget).units[0] for budget in range(SIZE + 1)]
    first = next((budget for budget, got in enumerate(gets) if got >= units), None)
    assert least_budget(values, 0, units) == first


@given(companies(), st.integers(1, SIZE))
def test_the_least_importance_divides_the_splits_that_reach_from_those_that_do_not(values, units):
    cases = [known(f"p{at}", *each) for at, each in enumerate(values)]
    today = today_of(cases, budget=SIZE)
    factor = least_factor(today.rest(0), today.values[0], units)

    def gets(importance: float) -> int:
        return allocate([importance * values[0], *values[1:]], SIZE).units[0]

    if factor is None:
        assert gets(1e9) < units
    elif factor == 0:
        assert gets(1e-9) >= units
    else:
        assert gets(factor * (1 + 1e-6)) >= units
        assert gets(factor * (1 - 1e-6)) < units


def test_the_grocery_start_up_enters_deep_learning_where_a_scan_says(grocery):
    cases = [Case(state=each, learn=lambda points, c=each.curve: c) for each in grocery]
    today = today_of(cases, budget=100)
    (found,) = frontier(today, {"dispatching": {"deep": 40.0}})
    plans = {
        budget: plan_projects(grocery, budget=budget, effort_unit="person-day").lines[1].units
        for budget in (found.budget - 1, found.budget)
    }
    assert list(plans.values()) == [39, 40]
    assert (found.units, found.given, found.searched) == (40, 32, 400)
    for factor, reaches in ((0.999, False), (1.001, True)):
        first, second, *others = grocery
        important = replace(second, importance=found.importance * factor)
        split = plan_projects([first, important, *others], budget=100, effort_unit="person-day")
        assert (split.lines[1].units >= 40) == reaches


def test_effort_already_spent_counts_towards_a_stage():
    case = known("a", *range(9), effort_spent=2.0)
    found = frontier(today_of([case], budget=3), {"a": {"ml": 1.5, "deep": 4.5, "research": 90}})
    assert [each.units for each in found] == [0, 3, 88]
    assert [each.budget for each in found] == [0, 3, None]
    assert [each.importance for each in found] == [0.0, 0.0, None]


def test_a_stage_that_no_importance_reaches_says_so():
    flat = Case(state=state("flat", KnownCurve(0.0, 1.0)), learn=lambda points: KnownCurve(0, 1))
    (found,) = frontier(today_of([flat, known("b", 0, 1, 2)], budget=2), {"flat": {"deep": 1.0}})
    assert (found.budget, found.importance) == (None, None)


def test_a_stage_of_an_unknown_project_is_refused():
    with pytest.raises(PlanError, match='no project has the key "c"'):
        frontier(today_of([known("a", 0, 1)], budget=1), {"c": {"deep": 1.0}})


def test_an_importance_sweep_has_the_plan_of_each_factor(grocery):
    table = importance_sweep(grocery, budget=100, key="pricing", factors=[0.5, 1, 8])
    rows = table.filter(pl.col("factor") == 1)
    assert rows["units"].to_list() == [40, 32, 16, 12, 0]
    for factor in (0.5, 8):
        states = [replace(grocery[0], importance=factor), *grocery[1:]]
        plan = plan_projects(states, budget=100, effort_unit="person-day")
        rows = table.filter(pl.col("factor") == factor)
        assert rows["units"].to_list() == [line.units for line in plan.lines]
        assert rows["value"].sum() == pytest.approx(plan.value)


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_factor_is_refused(grocery, factor):
    with pytest.raises(PlanError, match="the factor is"):
        importance_sweep(grocery, budget=10, key="pricing", factors=[factor])


def test_a_sweep_of_an_unknown_project_names_the_nearest(grocery):
    with pytest.raises(PlanError, match=r'no project has the key "pricng".*`pricing`'):
        importance_sweep(grocery, budget=10, key="pricng", factors=[1])
