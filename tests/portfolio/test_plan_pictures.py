"""Pictures of plans: what is drawn, and that nothing is drawn over."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import polars as pl
import pytest

from assay.errors import DataError, PlanError
from assay.picture.allocation import allocation_by_budget, optimum_on_curves
from assay.picture.projects import moved_apart
from assay.picture.style import svg
from assay.picture.worth import _paths
from assay.portfolio import (
    Curve,
    KnownCurve,
    Plan,
    Point,
    ProjectState,
    StageOfWork,
    Stages,
    plan_projects,
    returns_of,
    sweep,
)
from assay.portfolio.pictures import KINDS, accuracy_and_worth
from assay.portfolio.rules import Rules
from assay.record import Returns


def texts(drawn: str) -> list[str]:
    return [found.text or "" for found in ElementTree.fromstring(drawn).iter() if found.text]


def test_the_optimum_names_each_project_with_its_units(grocery):
    made = plan_projects(grocery, budget=100, effort_unit="person-day")
    found = texts(svg(made.picture()))
    for line in made.lines:
        assert f"{line.key}: {line.units}" in found
    assert "Where 100 person-days go" in found
    assert not any("8 of 10" in text for text in found)  # what is known has no band


def test_a_page_may_say_itself_what_the_picture_shows(grocery):
    made = plan_projects(grocery, budget=100, effort_unit="person-day")
    found = texts(svg(made.picture(is_titled=False)))
    assert "Where 100 person-days go" not in found
    assert "worth (importance × points)" in found


def test_dots_lie_on_the_curves(grocery):
    made = plan_projects(grocery, budget=100, effort_unit="person-day")
    data = made.picture().to_dict()["datasets"].values()
    curves = next(rows for rows in data if "value" in rows[0] and len(rows) > 100)
    drawn = {(row["project"], row["effort"]): row["value"] for row in curves}
    for line in made.lines:
        assert drawn[line.key, line.units] == pytest.approx(line.expected_gain)


def test_uncertain_values_get_their_bars():
    states = [
        ProjectState(key=key, question="?", importance=1, curve=Curve.prior()) for key in "ab"
    ]
    picture = plan_projects(states, budget=10, effort_unit="GPU-hour").picture()
    found = texts(svg(picture))
    assert any("the bars hold the value in 8 of 10 cases" in text for text in found)
    assert "GPU-hours from now" in found


@pytest.mark.parametrize("budget", [0, 1])
def test_the_smallest_plans_can_be_drawn(grocery, budget):
    made = plan_projects(grocery, budget=budget, effort_unit="person-day")
    assert "pricing: 0" in texts(svg(made.picture()))


def test_many_projects_and_a_large_budget_stay_drawable(grocery):
    curve = grocery[0].curve
    states = [
        ProjectState(key=f"p{at}", question="?", importance=1 + at, curve=curve) for at in range(40)
    ]
    made = plan_projects(states, budget=600, effort_unit="person-day")
    assert "p39: " in " ".join(texts(svg(made.picture())))


def test_the_split_by_budget_ends_with_each_projects_share(grocery):
    found = texts(svg(allocation_by_budget(sweep(grocery, range(0, 301, 10)))))
    for words in ("pricing: 111", "dispatching: 90", "menu-images: 13"):
        assert words in found


def test_a_missing_column_is_named(grocery):
    table = sweep(grocery, [1, 2])
    with pytest.raises(DataError, match="no column `units`"):
        allocation_by_budget(table.drop("units"))
    with pytest.raises(DataError, match="no column `effort`"):
        optimum_on_curves(table, table)


def made(states, budget: float = 100) -> Plan:
    return plan_projects(states, budget=budget, effort_unit="person-day")


def shown(states, kind: str, budget: float = 100) -> list[str]:
    return texts(svg(made(states, budget).picture(kind)))


def many(grocery, count: int) -> list[ProjectState]:
    return [replace(grocery[at % 5], key=f"p{at}", importance=1 + at % 7) for at in range(count)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 5, 30, 200])
def test_every_picture_holds_one_project_and_many(grocery, kind, count):
    states = many(grocery, count)
    found = " ".join(shown(states, kind, 60))
    first = max(made(states, 60).lines, key=lambda line: (line.units, line.expected_gain))
    assert first.key in found
    if count == 200:
        assert "others" in found if kind == "budgets" else "that get most of 200 projects" in found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("budget", [0, 30])
def test_every_picture_holds_projects_that_bring_nothing(kind, budget):
    states = [ProjectState(key=k, question="?", importance=1, curve=KnownCurve(0, 1)) for k in "ab"]
    found = " ".join(shown(states, kind, budget))
    expected = {"budgets": "no unit would add anything", "curves": "none planned"}
    assert expected.get(kind, "a: ") in found


def test_a_picture_of_no_known_kind_lists_those_there_are(grocery):
    with pytest.raises(PlanError, match="is 'bars', must be one of optimum, curves, budgets"):
        made(grocery).picture("bars")  # type: ignore[arg-type]


def test_a_plan_without_its_projects_says_how_to_make_one_with_them(grocery):
    bare = replace(made(grocery), states=())
    assert "pricing: 40" in texts(svg(bare.picture()))
    with pytest.raises(PlanError, match=r"'marginal' needs the projects.*`plan_projects`"):
        bare.picture("marginal")


def test_projects_and_rules_are_no_part_of_what_a_plan_is(grocery):
    plan = made(grocery)
    assert plan == replace(plan, states=())
    assert "states" not in repr(plan)
    assert "states" not in plan.as_dict()


def test_the_split_by_budget_marks_the_plan(grocery):
    found = shown(grocery, "budgets")
    assert "this plan: 100" in found
    assert "pricing: 76" in found  # of 200
    many_more = shown(many(grocery, 9), "budgets", 40)
    assert any(text.startswith("4 others: ") for text in many_more)


def test_the_price_stands_beside_its_line_and_first_units_do_not_hide_it(grocery):
    found = shown(grocery, "marginal")
    assert "last unit: 0.241" in found
    assert "lines run on above the picture" in found
    ticks = [float(text) for text in found if text.replace(".", "", 1).isdigit() and "." in text]
    assert max(ticks) < 1.0  # the first unit of dispatching adds 5.5
    assert not any("kept back" in text for text in found)


def test_a_project_that_is_kept_back_is_pointed_out(grocery):
    states = [replace(grocery[0], most=2.0), *grocery[1:]]
    assert any("kept back by a rule" in text for text in shown(states, "marginal"))


def test_lives_name_stages_attempts_and_what_is_planned():
    attempts = (Point("one", 4.0, 0.0, 0.2, 0.02), Point("two", 6.0, 0.2, broke=True))
    stages = Stages((StageOfWork("features", 1), StageOfWork("ml", 2), StageOfWork("deep", 9, 4)))
    seen = [each.observation for each in attempts if each.observation]
    state = ProjectState(
        key="demand",
        question="?",
        importance=1,
        curve=Curve.learn(seen, stages=stages),
        effort_spent=6.0,
        attempts=attempts,
    )
    found = shown([state], "curves", 10)
    assert {"demand", "6 spent, 10 more", "features", "ml", "deep", "improved", "broke"} <= set(
        found
    )
    assert {"1", "2"} <= set(found)
    assert any("start-up" in text for text in found)
    assert any("8 of 10" in text for text in found)
    plain = texts(svg(made([replace(state, attempts=())], 10).picture("curves", is_titled=False)))
    assert "demand" not in plain  # a page names it


def test_the_number_of_an_attempt_lies_below_its_mark_unless_the_axis_does():
    attempts = (Point("one", 4.0, 0.0, 0.3, 0.02), Point("two", 6.0, 0.3, 0.01, 0.02))
    drawn = made(
        [ProjectState(key="a", question="", importance=1, curve=Curve.prior(), attempts=attempts)],
        10,
    ).picture("curves")
    (panel,) = drawn.to_dict()["vconcat"][0]["hconcat"]
    numbers = [each for each in panel["layer"] if each["mark"].get("fontSize") == 11]
    below, above = ((each["mark"]["dy"], each["transform"][0]["filter"]) for each in numbers)
    assert below[0] > 10
    assert above[0] < 0
    (least,) = {float(each[1].split()[-1]) for each in (below, above)}
    assert 1.0 < least < 30.0  # points of skill


def test_panels_share_one_scale_of_accuracy(grocery):
    drawn = made([grocery[0], replace(grocery[4], key="late")], 60).picture("curves").to_dict()
    panels = [panel for row in drawn["vconcat"] for panel in row["hconcat"]]
    scales = [
        layer["encoding"]["y"]["scale"]["domain"]
        for panel in panels
        for layer in panel["layer"]
        if "domain" in layer["encoding"].get("y", {}).get("scale", {})
    ]
    assert len(scales) >= 2
    assert all(scale == scales[0] for scale in scales)


@pytest.mark.parametrize("active", [1, None])
def test_budgets_are_joined_by_lines_only_where_no_rule_makes_the_split_jump(grocery, active):
    plan = plan_projects(grocery[:3], budget=20, effort_unit="day", rules=Rules(active=active))
    drawn = plan.picture("budgets").to_dict()
    assert drawn["layer"][0]["mark"]["interpolate"] == ("step" if active else "linear")
    assert any("one budget" in line for line in drawn["title"]["subtitle"]) == bool(active)


def test_accuracy_and_worth_says_from_where_to_where(grocery):
    found = shown(grocery, "returns")
    assert "pricing: 0 to 30 points" in found
    assert "menu-images: stays at 0" in found
    assert "grey lines: projects that value accuracy alike" in found
    bent = [replace(grocery[0], returns=returns_of(Returns(threshold=0.2))), grocery[4]]
    assert not any("grey lines" in text for text in shown(bent, "returns"))


def test_the_way_of_a_project_follows_its_returns():
    state = ProjectState(
        key="late",
        question="",
        importance=1,
        curve=KnownCurve(10, 1),
        returns=returns_of(Returns(threshold=0.2)),
    )
    plan = made([state], 30)
    drawn, moves, _ = accuracy_and_worth(plan)
    way = _paths(drawn, moves)
    assert way["worth"][0] == 0.0  # nothing below the threshold
    assert way["points"].min() == moves["from_points"][0]
    assert way["points"].max() == moves["to_points"][0]
    assert way.filter(pl.col("points") < 20)["worth"].max() == 0.0


def test_a_unit_of_value_stands_at_the_axes(grocery):
    plan = plan_projects(grocery, budget=10, effort_unit="person-day", value_unit="k€ a month")
    for kind in ("optimum", "returns"):
        assert "worth (k€ a month)" in texts(svg(plan.picture(kind)))
    assert "next person-day (k€ a month)" in texts(svg(plan.picture("marginal")))


def test_a_late_start_that_is_spread_says_so(grocery):
    late = Stages((StageOfWork("deep", 2, 5),))
    states = [replace(grocery[0], curve=KnownCurve(10, 1, stages=late)), *grocery[1:]]
    words = "level parts: a late start, spread over the units that follow it"
    assert words in shown(states, "marginal")
    assert words not in shown(grocery, "marginal")


def test_a_dot_off_its_line_says_why(grocery):
    bent = returns_of(Returns(points=((0.0, 0.0), (0.2, 10.0), (0.5, 90.0))))
    known = replace(grocery[0], returns=bent)
    words = "off its line: the mean over what accuracy may be"
    assert words not in shown([known], "returns")
    assert words in shown([replace(known, curve=Curve.prior())], "returns")


def test_labels_keep_apart_and_within_the_picture():
    apart = moved_apart([0.0, 9.9, 10.0, 10.0], 1.0, 0.0, 10.0)
    assert apart == [0.0, 8.0, 9.0, 10.0]
    assert moved_apart([0.0] * 12, 1.0, 0.0, 10.0)[-1] == 11.0  # more than there is room for


def test_a_notebook_shows_the_optimum_beside_the_table(grocery):
    page = made(grocery)._repr_html_()
    assert page.count("<svg") == 1
    assert "--chart-ink:currentColor" in page
    assert "prefers-color-scheme" not in page  # the page may be light where the system is dark
    assert "pricing: 40" in page
    assert page.index("<svg") < page.index("<table>")
