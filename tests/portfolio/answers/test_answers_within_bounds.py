"""Answers keep what binds single projects: their least, their most, what is promised to them."""

from dataclasses import replace

import numpy as np
import pytest

from assay.portfolio import Constraints, Rules, allocate, plan_projects
from assay.portfolio.answers import (
    Labelling,
    credit,
    frontier,
    importance_sweep,
    information,
    left_out,
    next_attempts,
    today_of,
    value_of,
    what_would_change,
    with_more_data,
)

from .companies import drawn, known, state, steps

BUDGET = 20


@pytest.fixture(scope="module")
def company():
    """Learnt projects, one that must get 6 units, one that may get 3, one promised 2."""
    limits = ({"least": 6.0}, {"most": 3.0}, {"committed": 2.0}, {})
    return [bound(drawn(seed), **limit) for seed, limit in zip((1, 3, 5, 8), limits, strict=True)]


def bound(case, **limits):
    """Limits from now on; those in all count from what was spent."""
    spent = case.state.effort_spent
    whole = {name: units + spent * (name != "committed") for name, units in limits.items()}
    return replace(case, state=replace(case.state, **whole))


LIMITS = Constraints(least=[6, 0, 0, 0], most=[None, 3, None, None], committed=[0, 0, 2, 0])


def split(company, believed=None):
    values = [case.state.values(BUDGET) for case in company] if believed is None else believed
    return allocate(values, BUDGET, constraints=LIMITS)


def worth(company, units):
    return sum(case.state.values(BUDGET)[unit] for case, unit in zip(company, units, strict=True))


def test_they_are_about_the_split_that_the_plan_makes(company):
    today = today_of(company, budget=BUDGET)
    plan = plan_projects([case.state for case in company], budget=BUDGET, effort_unit="day")
    assert today.units == tuple(line.units for line in plan.lines) == split(company).units
    assert today.units[0] >= 6
    assert today.units[1] <= 3
    assert today.units[2] >= 2
    assert today.value == pytest.approx(plan.value)


def test_what_is_forgotten_costs_what_the_bound_split_without_it_loses(company):
    today = today_of(company, budget=BUDGET)
    for lost in ({0: [0, 1]}, {1: [3]}, {0: [2], 3: [0, 1, 2, 3]}):
        believed = [
            (case.without(lost[at]) if at in lost else case.state).values(BUDGET)
            for at, case in enumerate(company)
        ]
        loss = split(company).value - worth(company, split(company, believed).units)
        assert value_of(today, lost) == pytest.approx(loss, abs=1e-9)


def test_credit_and_information_agree_on_all_attempts(company):
    today = today_of(company, budget=BUDGET)
    found = information(today)
    assert credit(today).total == pytest.approx(found.everything)
    believed = [case.knowing([]).values(BUDGET) for case in company]
    loss = split(company).value - worth(company, split(company, believed).units)
    assert found.everything == pytest.approx(loss)


def test_no_attempt_is_proposed_that_its_project_may_not_make(company):
    found = next_attempts(today_of(company, budget=BUDGET), steps=[2, 5], outcomes=8)
    steps_of = {
        case.state.key: [each.step for each in found.attempts if each.project == case.state.key]
        for case in company
    }
    assert list(steps_of.values()) == [[2, 5], [2], [2, 5], [2, 5]]
    assert all(each.fewest >= 6 for each in found.attempts if each.project == "p1")
    assert all(each.most <= 3 for each in found.attempts if each.project == "p3")


def test_a_step_within_the_least_costs_nothing():
    # The least of 6 is spent anyway, so making its first two units now only tells something.
    company = [bound(drawn(1), least=6.0), drawn(5)]
    found = next_attempts(today_of(company, budget=BUDGET), steps=[2], outcomes=64).attempts[0]
    assert found.net == pytest.approx(found.information)


def test_importance_moves_a_bound_project_between_its_bounds(company):
    table = importance_sweep(
        [case.state for case in company], budget=BUDGET, key="p3", factors=[1e-6, 1e6]
    )
    of_p3 = [row["units"] for row in table.to_dicts() if row["project"] == "p3"]
    assert of_p3 == [0, 3]


def test_nothing_brings_more_to_who_has_all_that_it_may():
    free, bound_at_2 = known("a", 0, 5, 9, 12), known("a", 0, 5, 9, 12, most=2.0)
    other = known("b", 0, 4, 7, 9)
    assert "bring it more" in what_would_change(today_of([free, other], budget=3), 0)
    said = what_would_change(today_of([bound_at_2, other], budget=3), 0)
    assert said == "Importance times 0.74 would take some away."


def test_a_stage_beyond_the_most_is_never_reached_and_one_within_the_least_always_is():
    states = [known("a", *range(9), least=4.0), known("b", *np.arange(9) * 2.0, most=3.0)]
    today = today_of(states, budget=8)
    stages = {"a": {"ml": 3.0, "deep": 6.0}, "b": {"ml": 2.0, "deep": 5.0}}
    found = {(each.project, each.stage): each for each in frontier(today, stages, most=12)}
    # a gets 4 in any case, then b its 3 units worth 2 each, then a the rest.
    assert [each.budget for each in found.values()] == [4, 9, 6, None]
    assert found["b", "deep"].importance is None
    assert found["a", "ml"].importance == 0.0
    for budget, units in ((8, 5), (9, 6)):
        plan = plan_projects([c.state for c in states], budget=budget, effort_unit="day")
        assert plan.lines[0].units == units


def test_labelling_is_split_within_the_bounds():
    labels = Labelling(rows=100, rows_per_unit=50, skills=((50, 0.2, 0.01), (100, 0.3, 0.01)))
    today = today_of([known("a", *range(9), most=2.0), known("b", *np.arange(9) / 2)], budget=8)
    mix = with_more_data(today, {"a": labels}).projects[0]
    assert mix.units == 2  # modelling and labelling together
    assert mix.labelling > 0


def test_rules_that_tie_projects_together_are_named():
    states = [state("a", steps(0, 1), team="x", needs={"b": 1}), state("b", steps(0, 1))]
    assert left_out(states[1:], Rules()) == ""
    everything = left_out(states, Rules(teams={"x": 3}, active=1))
    assert everything == "teams, prerequisites and the limit on active projects"
    assert left_out(states, Rules()) == "prerequisites"
