"""Plans under rules: limits of effort, teams, projects that come first, few at once."""

from dataclasses import replace

import pytest

from assay.errors import PlanError
from assay.portfolio import KnownCurve, ProjectState, Rules, plan_projects, sweep

A = {"a": 10, "b": 8, "c": 5, "d": 3}


@pytest.fixture
def states():
    return {
        key: ProjectState(key=key, question="", importance=1.0, curve=KnownCurve(height, 1.0))
        for key, height in A.items()
    }


def planned(states, budget=100, **rules):
    plan = plan_projects(
        list(states.values()), budget=budget, effort_unit="day", rules=Rules(**rules)
    )
    return {line.key: line.units for line in plan.lines}, {
        line.key: line.reason for line in plan.lines
    }


def test_effort_that_was_spent_counts_towards_the_least_and_the_most(states):
    states["d"] = replace(states["d"], least=30, effort_spent=4)
    states["a"] = replace(states["a"], most=25, effort_spent=5)
    units, reasons = planned(states)
    assert units["d"] == 26
    assert units["a"] == 20
    assert reasons["a"] == "It has all that it may, 25 in all."


def test_what_is_promised_is_kept_beside_what_was_spent(states):
    states["d"] = replace(states["d"], committed=12.5, effort_spent=40)
    units, reasons = planned(states)
    assert units["d"] == 13
    assert reasons["d"].startswith("It gets what is promised to it. One day more would add 0.")


def test_who_gets_its_least_says_so_and_who_gets_more_does_not(states):
    states["d"] = replace(states["d"], least=30, effort_spent=4)
    states["a"] = replace(states["a"], least=2)
    reasons = planned(states)[1]
    assert reasons["d"].startswith("It gets its least, 30 in all. One day more")
    assert reasons["a"].startswith("One day more would add")


def test_a_team_shares_what_its_projects_have_not_spent(states):
    states["a"] = replace(states["a"], team="vision", effort_spent=10)
    states["b"] = replace(states["b"], team="vision")
    units, reasons = planned(states, teams={"vision": 30})
    assert units["a"] + units["b"] == 20
    assert units["c"] + units["d"] == 80
    assert reasons["b"] == "Its team, vision, has no effort left."


def test_who_waits_for_another_gets_nothing_before_it(states):
    states["a"] = replace(states["a"], needs={"d": 60})
    units, reasons = planned(states, budget=50)
    assert units["a"] == 0
    assert "It waits for d, which gets too little for that." in reasons["a"]
    units, _ = planned(states, budget=200)
    assert units["d"] == 60
    assert units["a"] > 60
    states["d"] = replace(states["d"], effort_spent=60)
    assert planned(states, budget=50)[0]["a"] > 0


def test_who_has_had_enough_but_for_rounding_is_not_waited_for(states):
    states["a"] = replace(states["a"], needs={"d": 1})
    states["d"] = replace(states["d"], effort_spent=sum([0.1] * 10))  # 0.9999999999999999
    assert planned(states, budget=5)[0] == {"a": 2, "b": 2, "c": 1, "d": 0}


def test_few_projects_at_once_are_the_best_ones(states):
    units, reasons = planned(states, active=2)
    assert [key for key, given in units.items() if given] == ["a", "b"]
    assert sum(units.values()) == 100
    assert reasons["c"] == "2 others are worked on, and no more may be at once."


def test_a_sweep_keeps_the_rules(states):
    states["a"] = replace(states["a"], most=25)
    table = sweep(list(states.values()), [50, 100], rules=Rules(active=2))
    given = {(row["budget"], row["project"]): row["units"] for row in table.to_dicts()}
    assert given[100, "a"] == given[50, "a"] == 25
    assert sum(units > 0 for (budget, _), units in given.items() if budget == 100) == 2


def test_rules_that_no_split_keeps_say_which_ones_clash(states):
    states["c"] = replace(states["c"], least=60)
    states["d"] = replace(states["d"], least=70)
    with pytest.raises(PlanError, match="60") as found:
        planned(states)
    assert "c" in str(found.value)
    states["d"] = replace(states["d"], least=0, needs={"x": 1})
    with pytest.raises(PlanError, match='"d" needs "x"'):
        planned(states)
