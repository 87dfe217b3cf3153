"""Plans that find their budget: for a target, or at a price of effort."""

from dataclasses import replace

import numpy as np
import pytest

import assay
from assay.errors import PlanError
from assay.portfolio import (
    Curve,
    KnownCurve,
    ProjectState,
    Rules,
    plan_at_price,
    plan_for_target,
    plan_projects,
)

DAY = "person-day"


def known(key: str, a: float, b: float, **fields) -> ProjectState:
    return ProjectState(key=key, question="", importance=1.0, curve=KnownCurve(a, b), **fields)


class Late(KnownCurve):
    """Nothing for three thousand units, then 5 points at once."""

    def mean(self, x):
        return np.where(np.asarray(x, float) >= 3000, 5.0, 0.0)


def worth(states, budget, **rules) -> float:
    return plan_projects(states, budget=budget, effort_unit=DAY, **rules).value


@pytest.mark.parametrize("target", [20, 60, 75, 103])
def test_one_unit_less_misses_the_target(grocery, target):
    made = plan_for_target(grocery, target, effort_unit=DAY)
    assert made.value >= target > worth(grocery, made.budget - 1)
    same = plan_projects(grocery, budget=made.budget, effort_unit=DAY)
    assert made == replace(same, notes=made.notes)
    assert made.notes[0] == (
        f"{made.budget} person-days are the least budget worth {target} or more from now on."
    )


@pytest.mark.parametrize("price", [0.08, 0.3, 2])
def test_no_other_budget_leaves_more_after_its_price(grocery, price):
    made = plan_at_price(grocery, price, effort_unit=DAY, value_unit="k€")
    left = [worth(grocery, budget) - price * budget for budget in range(0, 500, 7)]
    assert made.value - price * made.budget >= max(left)
    for line in made.lines:
        assert line.price_of_last_unit is None or line.price_of_last_unit >= price
        assert line.next_unit_gain < price
    assert f"At {price} k€ for each person-day, no other budget leaves more" in made.notes[0]


def test_effort_that_is_learnt_about_is_bought_while_it_is_worth_its_price():
    learnt = ProjectState(key="learnt", question="", importance=1.0, curve=Curve.prior())
    states = [learnt, known("known", 10, 0.3)]
    made = plan_at_price(states, 0.5, effort_unit=DAY)
    left = [worth(states, budget) - 0.5 * budget for budget in range(0, 90)]
    assert made.budget == int(np.argmax(left))


def test_a_late_start_is_found_however_late_it_is():
    # Nothing for 3,000 units, then 5 points at once: 5 / 3,000 = 0.00167 a unit.
    late = ProjectState(key="late", question="", importance=1.0, curve=Late(1.0, 1.0))
    assert plan_at_price([late], 0.0016, effort_unit=DAY).budget == 3000
    assert plan_at_price([late], 0.0017, effort_unit=DAY).budget == 0
    assert plan_for_target([late], 4, effort_unit=DAY).budget == 3000


def test_rules_are_kept_and_change_the_budget():
    states = [known("a", 10, 1, needs={"d": 6}), known("b", 8, 1, team="x"), known("d", 3, 1)]
    rules = Rules(teams={"x": 4}, active=2)
    made = plan_for_target(states, 30, effort_unit=DAY, rules=rules)
    assert made.value >= 30 > worth(states, made.budget - 1, rules=rules)
    assert made.budget > plan_for_target(states, 30, effort_unit=DAY).budget
    priced = plan_at_price(states, 0.7, effort_unit=DAY, rules=rules)
    left = [worth(states, budget, rules=rules) - 0.7 * budget for budget in range(30)]
    assert priced.value - 0.7 * priced.budget == pytest.approx(max(left))


def test_what_is_promised_is_in_the_budget_whatever_it_is_worth():
    states = [known("a", 10, 1), known("b", 1, 1, committed=400.0)]
    made = plan_for_target(states, 10, effort_unit=DAY)
    assert (made.budget, made.lines[1].units) == (401, 400)
    assert plan_at_price(states, 30, effort_unit=DAY).budget == 400


def test_a_price_that_nothing_is_worth_leaves_nothing_to_split(grocery):
    made = plan_at_price(grocery, 30, effort_unit=DAY)
    assert (made.budget, made.notes) == (0, ("No person-day is worth 30.",))


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_impossible_goals_are_refused(grocery, value):
    with pytest.raises(PlanError, match="`target` is"):
        plan_for_target(grocery, value, effort_unit=DAY)
    with pytest.raises(PlanError, match=r"`price` is .* costs, in k€"):
        plan_at_price(grocery, value, effort_unit=DAY, value_unit="k€")


def test_goals_beyond_what_a_plan_can_split_say_what_can_be_had(grocery):
    with pytest.raises(PlanError, match=r"`target` is 500 k€, .* 20,000 person-days adds 219 k€"):
        plan_for_target(grocery, 500, effort_unit=DAY, value_unit="k€")
    with pytest.raises(PlanError, match=r"at a price of 0\.0001 for each person-day all 20,000"):
        plan_at_price(grocery, 0.0001, effort_unit=DAY)


def test_a_plan_of_a_file_takes_one_goal(root):
    path = root / "examples" / "grocery"
    assert assay.plan(path, target=60).budget == 52
    assert assay.plan(path, price=0.3).budget == 79
    with pytest.raises(PlanError, match="found `budget` = 100 and `target` = 60, takes one"):
        assay.plan(path, budget=100, target=60)


def test_the_unit_of_value_is_said_wherever_a_value_is(grocery):
    made = plan_projects(grocery, budget=100, effort_unit=DAY, value_unit="k€ a month")
    assert made.headline().endswith("worth 75.2 k€ a month")
    assert "would add 0.191 k€ a month, less than the 0.241" in made.lines[4].reason
    assert made.as_dict()["value_unit"] == "k€ a month"
    assert "worth (k€ a month)" in made._repr_html_()
    plain = plan_projects(grocery, budget=100, effort_unit=DAY)
    assert plain.headline().endswith("worth 75.2 (importance × points)")
    assert plain.as_dict()["value_unit"] == "importance × points"


def test_no_importance_gets_nothing_and_says_why(grocery):
    states = [replace(grocery[0], importance=0.0), *grocery[1:]]
    line = plan_projects(states, budget=100, effort_unit=DAY).lines[0]
    assert line.units == 0
    assert line.reason == "Its importance is 0, so nothing that it brings would count."


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"least": -1.0}, '"a": `least` is -1.0, must be finite and not negative'),
        ({"committed": float("nan")}, '"a": `committed` is nan, must be finite'),
        ({"least": 5.0, "most": 3.0}, '"a": `least` is 5.0, must be at most 3, its `most`'),
        ({"committed": 5.0, "most": 3.0}, '"a": `committed` is 5.0, must be at most 3'),
        ({"needs": {"b": -2.0}}, '"a": `needs b` is -2.0, must be finite and above 0'),
    ],
)
def test_impossible_limits_of_a_project_are_refused_by_name(fields, said):
    with pytest.raises(PlanError, match=said):
        known("a", 1, 1, **fields)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"teams": {"x": -3}}, 'team "x" has -3, must be finite and not negative'),
        ({"teams": {"x": float("nan")}}, 'team "x" has nan'),
        ({"active": 0}, "`active` is 0, must be a whole number from 1 on"),
        ({"active": 2.5}, r"`active` is 2\.5"),
    ],
)
def test_impossible_rules_are_refused(rules, said):
    with pytest.raises(PlanError, match=said):
        Rules(**rules)


def test_a_team_without_a_project_limits_nothing_and_that_is_said(grocery):
    made = plan_projects(grocery, budget=9, effort_unit=DAY, rules=Rules(teams={"x": 3}))
    assert made.notes == ("Team x does no project's work, so its effort limits nothing.",)


def test_what_is_left_over_under_rules_is_not_said_to_be_of_no_use():
    made = plan_projects([known("a", 5, 1, most=3.0)], budget=9, effort_unit=DAY)
    assert made.notes == (
        "6 person-days of the budget are left over: no project that may get more would gain from "
        "more.",
    )
