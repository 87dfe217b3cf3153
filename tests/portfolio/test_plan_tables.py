"""What the pictures of a plan show, as numbers: each against the plan or a sum done by hand."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from assay.portfolio import (
    Curve,
    KnownCurve,
    Observation,
    Plan,
    Point,
    ProjectState,
    Rules,
    StageOfWork,
    Stages,
    plan_projects,
    returns_of,
    sweep,
)
from assay.portfolio.pictures import (
    LINES,
    PANELS,
    accuracy_and_worth,
    lives,
    marginal_gains,
    optimum_curves,
    split_by_budget,
)
from assay.record import Returns

ATTEMPTS = (
    Point("first", 4.0, 0.0, 0.2, 0.02),
    Point("second", 9.0, 0.2, broke=True),
    Point("unknown", None, 0.2, 0.1, 0.02),
)


def made(states, budget: float = 100, **said) -> Plan:
    return plan_projects(states, budget=budget, effort_unit="day", **said)


def known(a: float, key: str = "a", **said) -> ProjectState:
    return ProjectState(key=key, question="?", importance=1, curve=KnownCurve(a, 0.5), **said)


def learnt(**said) -> ProjectState:
    seen = [Observation(4.0, 0.2, 0.02), Observation(9.0, bound=0.2)]
    stages = Stages((StageOfWork("ml", 2.0), StageOfWork("deep", 15.0, 6.0)))
    return ProjectState(
        key="learnt",
        question="?",
        importance=2,
        curve=Curve.learn(seen, stages=stages),
        effort_spent=9.0,
        attempts=ATTEMPTS,
        **said,
    )


def of(table: pl.DataFrame, project: str) -> pl.DataFrame:
    return table.filter(pl.col("project") == project)


def test_the_split_by_budget_is_that_of_a_sweep_to_twice_the_budget(grocery):
    table = split_by_budget(made(grocery))
    assert table["budget"].max() == 200
    for budget in (0, 100, 200):
        found = table.filter(pl.col("budget") == budget)
        assert found["units"].to_list() == sweep(grocery, [budget])["units"].to_list()


def test_budgets_too_small_for_what_is_promised_are_left_out(grocery):
    states = [replace(grocery[0], committed=12.0), *grocery[1:]]
    table = split_by_budget(made(states))
    assert 12 <= min(table["budget"]) < 20
    assert min(of(table, "pricing")["units"]) == 12


def test_the_split_by_budget_keeps_the_plans_rules(grocery):
    states = [replace(grocery[0], most=10.0), *grocery[1:]]
    table = split_by_budget(made(states, 30, rules=Rules(active=2)))
    assert max(of(table, "pricing")["units"]) == 10
    active = table.filter(pl.col("units") > 0).group_by("budget").len()
    assert max(active["len"]) == 2


def test_without_a_budget_the_pictures_look_a_little_ahead(grocery):
    plan = made(grocery, 0)
    assert split_by_budget(plan)["budget"].max() == 20
    assert optimum_curves(plan)["effort"].max() == 20
    assert marginal_gains(plan)[0]["effort"].max() == 20


def test_what_one_unit_more_adds_falls_to_the_price(grocery):
    plan = made(grocery)
    drawn, stops, price, left_out = marginal_gains(plan)
    prices = [line.price_of_last_unit for line in plan.lines if line.price_of_last_unit]
    assert price == pytest.approx(min(prices))
    assert left_out == ""
    for line in plan.lines:
        assert of(stops, line.key)["gain"].item() == pytest.approx(line.next_unit_gain)
        assert line.next_unit_gain <= price
        gains = of(drawn, line.key).sort("effort")["gain"].to_numpy()
        assert (np.diff(gains) <= 1e-12).all()


def test_a_start_up_is_spread_over_the_units_that_follow():
    late = replace(known(10), curve=KnownCurve(10, 0.5, stages=Stages((StageOfWork("ml", 0, 8),))))
    plan = made([late], 60)
    drawn, _, _, _ = marginal_gains(plan)
    gains = of(drawn, "a").sort("effort")["gain"].to_numpy()
    curve = plan.curves[0]
    best = max(curve[unit] / unit for unit in range(1, curve.size))
    assert gains[0] == pytest.approx(best)  # not 0, and no spike where the start-up is over
    assert gains.max() == pytest.approx(best)


def test_units_left_over_have_no_price():
    assert marginal_gains(made([known(0)], 10))[2] is None
    assert marginal_gains(made([known(5, most=3.0)], 10))[2] is None


def test_a_forced_unit_sets_no_price():
    states = [known(0.01, "poor", least=5.0), known(10, "rich")]
    plan = made(states, 20)
    assert plan.lines[0].units == 5
    price = marginal_gains(plan)[2]
    assert price == pytest.approx(plan.lines[1].price_of_last_unit)


def test_accuracy_and_worth_are_those_that_the_plan_expects():
    steps = returns_of(Returns(threshold=0.3))
    states = [learnt(returns=steps), known(10)]
    plan = made(states, 30)
    lines, moves, _ = accuracy_and_worth(plan)
    for line, state in zip(plan.lines, states, strict=True):
        move = of(moves, line.key).row(0, named=True)
        added = move["to_worth"] - move["from_worth"]
        assert added == pytest.approx(line.expected_gain, rel=1e-6)
        assert move["from_points"] == pytest.approx(
            state.curve.points_in_one(1.0) * float(state.curve.mean(state.effort_spent)), rel=1e-6
        )
    stepped = of(lines, "learnt").sort("points")
    assert stepped.filter(pl.col("points") < 30)["worth"].max() == 0
    at = stepped.filter(pl.col("points") == 30)["worth"].item()
    assert at == pytest.approx(60)  # importance 2
    assert of(lines, "learnt")["alike"].unique().to_list() == [1]


def test_projects_that_value_accuracy_alike_are_counted(grocery):
    lines, moves, left_out = accuracy_and_worth(made(grocery))
    assert lines["alike"].unique().to_list() == [5]
    assert moves["project"].to_list()[0] == "pricing"  # who gets most comes first
    assert left_out == ""


def test_a_life_has_its_curve_stages_attempts_and_plan():
    plan = made([learnt()], 20)
    (life,), left_out = lives(plan)
    assert (life.spent, life.units, left_out) == (9.0, 20, "")
    assert life.stages.rows() == [("ml", 2.0, 2.0), ("deep", 15.0, 21.0)]
    assert life.attempts["score"].to_list() == [pytest.approx(20.0), None, pytest.approx(10.0)]
    assert life.attempts["effort"].to_list() == [4.0, 9.0, None]
    state = plan.states[0]
    for effort, mean, low, high in life.curve.rows():
        ends = state.curve.band(effort)
        assert (low, high) == (pytest.approx(100 * ends[0]), pytest.approx(100 * ends[1]))
        assert mean == pytest.approx(100 * float(state.curve.mean(effort)), abs=1e-6)
    drawn = life.curve["effort"].to_list()
    assert {9.0, 29.0, 15.0, 21.0} <= set(drawn)


def test_a_fitted_history_is_drawn_in_points_above_its_baseline():
    effort, error = [5, 10, 20, 40], [0.31, 0.26, 0.21, 0.18]
    curve = Curve.fit(effort, error, se=0.01, ceiling=0, baseline=0.5)
    state = ProjectState(key="old", question="?", importance=1, curve=curve, effort_spent=40)
    (life,), _ = lives(made([state], 20))
    now = life.curve.filter(pl.col("effort") == 40)["mean"].item()
    assert now == pytest.approx(100 * (0.5 - float(curve.mean(40))) / 0.5, rel=0.02)


def test_of_many_projects_those_that_get_most_are_drawn(grocery):
    states = [replace(grocery[0], key=f"p{at}", importance=1 + at) for at in range(200)]
    plan = made(states, 300)
    drawn, left_out = lives(plan)
    assert len(drawn) == PANELS
    assert drawn[0].project == "p199"
    assert left_out == f"drawn: the {PANELS} that get most of 200 projects"
    lines, stops, _, _ = marginal_gains(plan)
    assert lines["project"].n_unique() == stops.height == LINES
    assert optimum_curves(plan).height < 5000
