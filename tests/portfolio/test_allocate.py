"""The exact split: against brute force, on shapes that defeat one-unit-at-a-time."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import PlanError
from assay.portfolio import allocate, allocate_each

rises = st.lists(st.sampled_from([0.0, 0.0, 0.1, 0.25, 1.0, 3.0]), min_size=0, max_size=6)
instances = st.lists(rises.map(lambda r: np.cumsum([0.0, *r])), min_size=1, max_size=4)


def brute_force(values: list[np.ndarray], budget: int) -> float:
    spans = [range(min(curve.size, budget + 1)) for curve in values]
    return max(
        sum(curve[units] for curve, units in zip(values, split, strict=True))
        for split in product(*spans)
        if sum(split) <= budget
    )


def one_at_a_time(values: list[np.ndarray], budget: int) -> float:
    units = [0] * len(values)
    for _ in range(budget):
        gains = [
            curve[given + 1] - curve[given] if given + 1 < curve.size else -1.0
            for curve, given in zip(values, units, strict=True)
        ]
        units[int(np.argmax(gains))] += 1
    return float(sum(curve[given] for curve, given in zip(values, units, strict=True)))


@given(values=instances, budget=st.integers(0, 9))
def test_no_split_is_better(values, budget):
    found = allocate(values, budget)
    assert found.value == pytest.approx(brute_force(values, budget), rel=1e-12)
    assert sum(found.units) <= budget
    worth = sum(curve[units] for curve, units in zip(values, found.units, strict=True))
    assert found.value == pytest.approx(worth)


@given(values=instances, budget=st.integers(0, 9))
def test_the_bound_is_never_below_the_value(values, budget):
    found = allocate(values, budget)
    assert found.bound >= found.value * (1 - 1e-12)


@given(values=instances, budget=st.integers(0, 8))
def test_more_budget_never_lowers_the_value(values, budget):
    less, more = allocate_each(values, (budget, budget + 1))
    assert more.value >= less.value * (1 - 1e-12)


@given(values=instances, budget=st.integers(0, 9), data=st.data())
def test_the_order_of_projects_does_not_change_the_value(values, budget, data):
    shuffled = data.draw(st.permutations(values))
    assert allocate(shuffled, budget).value == pytest.approx(allocate(values, budget).value)


@given(values=instances, budgets=st.lists(st.integers(0, 9), min_size=1, max_size=4))
def test_several_budgets_at_once_give_what_each_alone_gives(values, budgets):
    together = allocate_each(values, budgets)
    assert together == tuple(allocate(values, budget) for budget in budgets)


def test_diminishing_returns_are_split_as_by_taking_the_best_next_unit():
    rng = np.random.default_rng(3)
    gains = -np.sort(-rng.exponential(size=(6, 70)), axis=1)
    values = [np.concatenate([[0.0], np.cumsum(row)]) for row in gains]
    found = allocate(values, 70)
    assert found.value == pytest.approx(one_at_a_time(values, 70), rel=1e-12)
    assert found.certificate == pytest.approx(1.0, abs=1e-12)


def test_a_start_up_cost_defeats_one_unit_at_a_time_but_not_the_search():
    steady, late = np.arange(11) * 0.1, np.where(np.arange(11) >= 8, 5.0, 0.0)
    assert one_at_a_time([steady, late], 10) == pytest.approx(1.0)
    found = allocate([steady, late], 10)
    assert found.units == (2, 8)
    assert found.value == pytest.approx(5.2)


def test_of_equal_splits_the_earlier_project_gets_more():
    same = np.cumsum([0.0, 0.3, 0.2, 0.1])
    assert allocate([same, same, same], 4).units == (2, 1, 1)
    assert allocate([same] * 7, 9).units == (2, 2, 1, 1, 1, 1, 1)


def test_units_that_would_add_nothing_are_left_over():
    assert allocate([np.array([0.0, 1.0, 1.0]), np.zeros(5)], 4).units == (1, 0)


def test_a_project_gets_no_more_units_than_its_values_cover():
    assert allocate([np.array([0.0, 5.0]), np.array([0.0])], 3).units == (1, 0)


def test_blocks_of_the_search_meet_without_a_seam():
    # Budgets of more than one block of rows, against the closed form of identical straight lines.
    line = np.arange(151) * 0.5
    found = allocate([line, np.minimum(line * 4, 40.0)], 150)
    assert found.units == (130, 20)
    assert found.value == pytest.approx(105.0)


@pytest.mark.parametrize("budget", [-1, 2.5, float("nan"), float("inf")])
def test_an_impossible_budget_is_refused(budget):
    with pytest.raises(PlanError, match="`budget` is"):
        allocate([np.array([0.0, 1.0])], budget)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1.0, 2.0], "start at 1.0"),
        ([0.0, 2.0, 1.0], "fall after 1 units"),
        ([0.0, np.nan], "are nan at 1 units"),
        ([[0.0, 1.0]], "have shape"),
        ([], "have shape"),
    ],
)
def test_impossible_values_are_refused_by_project(values, found):
    with pytest.raises(PlanError, match=f"project 1 {found}"):
        allocate([np.array([0.0, 1.0]), np.array(values)], 2)
