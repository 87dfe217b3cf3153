"""What past attempts are worth: never less than nothing, and the sums that can be done by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import PlanError
from assay.portfolio import Curve, KnownCurve, Point, allocate
from assay.portfolio.answers import (
    Case,
    cost_of_hiding,
    information,
    today_of,
    value_of,
    value_of_attempt,
)

from .companies import case, drawn, known, state, steps, tried

FAILED = Point("flat", 2.0, 0.0, 0.0, 0.02)
FIRST = Point("first", 1.0, 0.0, 0.3, 0.02)


def hoped(*said: float) -> Case:
    """A project that looked well until an attempt failed: 6 points a unit, then nothing."""
    dead = steps(0, 0, 0, 0)
    return Case(
        state=state("hoped", dead),
        tried=tried(FAILED, by="bob"),
        learn=lambda points: dead if points else steps(0, *said),
    )


def test_a_failure_that_keeps_effort_from_a_dead_end_is_worth_what_it_saves():
    # Without it both units would go to `hoped`, worth nothing, instead of 5 + 3 to `sure`.
    today = today_of([known("sure", 0, 5, 8, 9), hoped(6, 12, 18)], budget=2)
    assert today.units == (2, 0)
    found = value_of_attempt(today, "hoped", "flat")
    assert found.value == 8.0
    assert found.author == "bob"
    assert found.effort == pytest.approx(8.0 / 3.0)  # the last unit given out adds 3


def test_an_attempt_that_would_not_have_moved_the_plan_is_worth_nothing():
    today = today_of([known("sure", 0, 5, 8, 9), hoped(1, 2, 3)], budget=2)
    assert value_of_attempt(today, "hoped", "flat").value == 0.0
    assert value_of_attempt(today, "hoped", "flat").effort == 0.0


def test_where_only_part_of_the_plan_would_move_the_rest_is_split_as_well_as_ever():
    cases = [known("sure", 0, 5, 8, 9), known("slow", 0, 4, 5, 5), hoped(4.5, 4.5, 4.5)]
    # With the failure: 5 + 4 + 3. Without it one unit is lost on `hoped`, and it is the worst.
    assert value_of_attempt(today_of(cases, budget=3), "hoped", "flat").value == 3.0


@settings(max_examples=6, deadline=None)
@given(st.sets(st.integers(0, 60), min_size=2, max_size=4), st.integers(0, 40))
def test_no_attempt_is_ever_worth_less_than_nothing(seeds, budget):
    today = today_of([drawn(seed) for seed in sorted(seeds)], budget=budget)
    found = information(today)
    worth = [*found.attempts, *found.failures, found.company]
    assert min(each.value for each in worth) >= 0.0
    assert found.everything >= 0.0
    hidden = cost_of_hiding(today)
    assert hidden.value == pytest.approx(found.company.value)
    assert hidden.value_unspent >= 0.0


@settings(max_examples=8, deadline=None)
@given(st.sets(st.integers(0, 60), min_size=2, max_size=4), st.integers(1, 40))
def test_one_projects_attempts_are_worth_what_a_whole_new_split_says(seeds, budget):
    cases = [drawn(seed) for seed in sorted(seeds)]
    today = today_of(cases, budget=budget)
    for at, one in enumerate(cases):
        lost = one.without(range(len(one.tried))).values(budget)
        believed = [*today.values[:at], lost, *today.values[at + 1 :]]
        split = allocate(believed, budget).units
        kept = sum(float(value[unit]) for value, unit in zip(today.values, split, strict=True))
        found = value_of(today, {at: range(len(one.tried))})
        assert found == pytest.approx(today.value - kept, abs=1e-9 * today.value)


def test_the_order_of_projects_and_of_attempts_does_not_matter():
    cases = [drawn(seed) for seed in (3, 8, 21)]
    ahead = information(today_of(cases, budget=30))
    back = information(today_of(cases[::-1], budget=30))
    assert back.company.value == pytest.approx(ahead.company.value, abs=1e-9)
    for each in ahead.attempts:
        twin = [x for x in back.attempts if (x.project, x.attempt) == (each.project, each.attempt)]
        assert twin[0].value == pytest.approx(each.value, abs=1e-9)


def test_an_attempt_of_unknown_effort_told_the_curve_nothing_and_is_worth_nothing():
    made = tried(FIRST, Point("lost", None, 0.3, 0.9, 0.02))
    today = today_of([case("a", made), known("b", 0, 9, 14, 16)], budget=3)
    assert value_of_attempt(today, "a", "lost").value == 0.0


def test_a_known_curve_learns_nothing_from_attempts():
    curve = KnownCurve(5.0, 1.0)
    fixed = Case(state=state("a", curve), tried=tried(FAILED), learn=lambda points: curve)
    assert information(today_of([fixed, known("b", 0, 4)], budget=1)).everything == 0.0


def test_without_attempts_there_is_nothing_to_miss():
    found = information(today_of([known("a", 0, 1), known("b", 0, 2)], budget=1))
    assert (found.attempts, found.failures, found.company.failures) == ((), (), 0)
    assert (found.company.value, found.everything) == (0.0, 0.0)


def test_where_no_effort_adds_anything_a_value_has_no_effort():
    today = today_of([known("a", 0, 0, 0)], budget=2)
    assert today.price is None
    assert today.in_effort(1.0) is None
    assert today.in_effort(0.0) == 0.0


def test_an_unknown_project_or_attempt_is_refused_by_name():
    today = today_of([hoped(1, 2, 3)], budget=1)
    with pytest.raises(PlanError, match=r'no project has the key "hope".*`hoped`'):
        value_of_attempt(today, "hope", "flat")
    with pytest.raises(PlanError, match=r'"hoped" has no attempt "fat".*`flat`'):
        value_of_attempt(today, "hoped", "fat")


def test_hiding_what_failures_took_makes_a_project_look_steeper_still():
    made = tried(
        Point("a", 5.0, 0.0, 0.0, 0.02),
        Point("b", 10.0, 0.0, broke=True),
        Point("c", 15.0, 0.0, 0.25, 0.02),
    )
    one = case("late", made)
    today = today_of([one, drawn(5), drawn(8)], budget=20)
    hidden = cost_of_hiding(today)
    failed = sum(each.is_failure for each in (*one.tried, *drawn(5).tried, *drawn(8).tried))
    assert (hidden.failures, hidden.attempts) == (failed, 11)
    seen = Curve.learn([point for point in [Point("c", 5.0, 0.0, 0.25, 0.02).observation] if point])
    assert float(seen.mean(15.0)) > float(one.state.curve.mean(15.0))
    assert hidden.value_unspent >= hidden.value
