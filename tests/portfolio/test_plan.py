"""Plans: known splits of the grocery start-up, reasons that are true, and what a reader is told."""

import json
import math
import re
from itertools import product

import numpy as np
import polars as pl
import pytest

from assay.errors import PlanError
from assay.portfolio import Curve, KnownCurve, Observation, ProjectState, plan_projects, sweep
from assay.portfolio.curves.curve import AbstractCurve


def state(key: str, curve: AbstractCurve | None = None, **fields) -> ProjectState:
    fields = {"importance": 1.0, "question": f"What is {key}?", **fields}
    return ProjectState(key=key, curve=curve or KnownCurve(5.0, 1.0), **fields)


def plan(states, budget):
    return plan_projects(states, budget=budget, effort_unit="person-day")


def units(states, budget) -> list[int]:
    return [line.units for line in plan(states, budget).lines]


class StartUp(KnownCurve):
    """Nothing for eight units, then 5 points at once."""

    def mean(self, x):
        return np.where(np.asarray(x, float) >= 8.0, 5.0, 0.0)


@pytest.mark.parametrize(
    ("budget", "expected"),
    [(100, [40, 32, 16, 12, 0]), (300, [111, 90, 52, 34, 13])],
)
def test_the_grocery_start_up_is_split_as_published(grocery, budget, expected):
    assert units(grocery, budget) == expected


@pytest.mark.parametrize("budget", [1, 7, 12])
def test_no_split_of_a_small_budget_is_worth_more(grocery, budget):
    ab = [(10, 0.5), (8, 1), (5, 0.2), (3, 2), (2, 0.1)]
    best = max(
        sum(a * math.log1p(b * u) for (a, b), u in zip(ab, split, strict=True))
        for split in product(range(budget + 1), repeat=5)
        if sum(split) == budget
    )
    assert plan(grocery, budget).value == pytest.approx(best, rel=1e-12)


def test_a_project_eight_times_as_important_takes_most(grocery):
    first, *others = grocery
    important = state(first.key, first.curve, importance=8.0)
    assert units([important, *others], 100)[0] > 2 * units(grocery, 100)[0]


def test_importance_and_skill_at_the_ceiling_scale_a_learnt_curve():
    curve = Curve.learn([Observation(4.0, 0.2, 0.02)])
    small = plan([state("a", curve)], 10).lines[0]
    large = plan([state("a", curve, importance=3.0, skill_at_ceiling=0.5)], 10).lines[0]
    for name in ("expected_gain", "low", "high", "price_of_last_unit", "next_unit_gain"):
        assert getattr(large, name) == pytest.approx(1.5 * getattr(small, name))
    rise = float(curve.mean(10.0) - curve.mean(0.0))
    assert small.expected_gain == pytest.approx(100 * rise)  # a point is 0.01 of skill


def test_gains_count_from_the_effort_already_spent():
    line = plan([state("a", KnownCurve(5.0, 1.0), effort_spent=3.0)], 4).lines[0]
    assert line.expected_gain == pytest.approx(5 * math.log(2))
    assert line.effort_spent == 3.0


def test_a_project_that_failed_often_gets_less_than_one_never_tried():
    failed = Curve.learn([Observation(x, 0.0, 0.02) for x in (2.0, 4.0, 7.0)])
    new = Curve.prior()
    given = units([state("failed", failed, effort_spent=7.0), state("new", new)], 20)
    assert given[0] < given[1]


def test_each_reason_of_the_grocery_plan_names_true_prices(grocery):
    made = plan(grocery, 100)
    prices = {line.key: line.price_of_last_unit for line in made.lines}
    for line in made.lines:
        found = re.search(
            r"would add ([\d.]+), less than the ([\d.]+) .* of (\S+) adds", line.reason
        )
        assert found, line.reason
        gain, price, giver = float(found[1]), float(found[2]), found[3]
        assert gain == pytest.approx(line.next_unit_gain, rel=0.01)
        assert price == pytest.approx(prices[giver], rel=0.01)
        assert giver != line.key


def test_a_start_up_cost_is_explained_by_the_run_of_units_it_needs():
    made = plan([state("steady", KnownCurve(20.0, 1.0)), state("late", StartUp(1.0, 1.0))], 8)
    assert made.lines[1].units == 0
    assert "8 person-days more would add 5 (0.625 each)" in made.lines[1].reason


@pytest.mark.parametrize(
    ("states", "budget", "words"),
    [
        ([state("a")], 1, "^No use of the budget by other projects adds more"),
        ([state("a", StartUp(1.0, 1.0))], 10, r"^More would add nothing\.$"),
        ([state("a")], 0, r"^There is nothing to split\.$"),
        ([state("a", note="Its last attempt broke.")], 3, r"more\. Its last attempt broke\.$"),
    ],
    ids=["alone", "used up", "no budget", "with a note"],
)
def test_other_reasons(states, budget, words):
    assert re.search(words, plan(states, budget).lines[0].reason)


def test_a_project_that_is_probably_dead_says_so():
    flat = Curve.learn([Observation(x, 0.0, 0.01) for x in (3.0, 6.0, 10.0, 15.0, 20.0)])
    reason = plan([state("a", flat, effort_spent=20.0), state("b")], 5).lines[0].reason
    assert re.search(r"With probability 0\.[3-9]\d there is nothing to gain here\.", reason)


def test_a_part_of_a_unit_is_left_over_and_that_is_said(grocery):
    made = plan(grocery, 100.75)
    assert made.budget == 100
    assert made.notes == ("The budget of 100.75 person-days was rounded down to 100 person-days.",)


def test_units_that_nobody_needs_are_left_over_and_that_is_said():
    made = plan([state("a", StartUp(1.0, 1.0))], 10)
    assert made.notes == (
        "2 person-days of the budget are left over: no project would gain from more.",
    )


@pytest.mark.parametrize("budget", [-1, math.nan, math.inf, 20_001])
def test_an_impossible_budget_is_refused(grocery, budget):
    with pytest.raises(PlanError, match="`budget` is"):
        plan(grocery, budget)


@pytest.mark.parametrize(
    ("states", "found"), [([], "no project"), ([state("a"), state("a")], 'the key "a" twice')]
)
def test_projects_must_exist_and_differ(states, found):
    with pytest.raises(PlanError, match=found):
        plan(states, 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("importance", -1.0),
        ("importance", math.nan),
        ("importance", 1e101),
        ("effort_spent", -0.5),
        ("skill_at_ceiling", 0.0),
        ("skill_at_ceiling", math.inf),
    ],
)
def test_an_impossible_state_is_refused_by_key_and_field(name, value):
    with pytest.raises(PlanError, match=re.escape(f'project "a": `{name}` is {value}')):
        state("a", **{name: value})


def test_a_plan_is_json(grocery):
    made = plan(grocery, 20)
    back = json.loads(json.dumps(made.as_dict(), allow_nan=False))
    assert back["format"] == 1
    assert back["budget"] == 20
    assert back["value"] == made.value
    assert [line["units"] for line in back["lines"]] == [line.units for line in made.lines]
    assert back["lines"][4]["price_of_last_unit"] is None


def test_a_plan_is_a_table(grocery):
    table = plan(grocery, 20).table()
    assert table.height == 5
    assert table["project"].to_list()[0] == "pricing"
    assert table["units"].sum() == 20
    assert table["price_of_last_unit"].dtype == pl.Float64


def test_a_plan_shows_itself_in_a_notebook_without_trusting_its_texts():
    shown = plan([state("<b>bold</b>")], 20)._repr_html_()
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown
    assert "<b>" not in shown
    assert "20 person-days: 20 to" in shown


def test_a_sweep_has_the_plan_of_each_budget(grocery):
    table = sweep(grocery, [0, 100, 300])
    for budget in (0, 100, 300):
        rows = table.filter(pl.col("budget") == budget)
        assert rows["units"].to_list() == units(grocery, budget)
        assert rows["value"].sum() == pytest.approx(plan(grocery, budget).value)


def test_a_sweep_of_no_budget_is_an_empty_table(grocery):
    assert sweep(grocery, []).columns == ["budget", "project", "units", "value"]


def test_the_largest_importance_is_planned_with_and_told_in_few_digits():
    made = plan([state("a", importance=1e100), state("b")], 10)
    assert made.lines[0].units == 10
    assert made.headline().endswith("worth 1.2e+101 (importance × points)")
