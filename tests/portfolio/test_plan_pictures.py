"""Pictures of plans: what is drawn, and that nothing is drawn over."""

import xml.etree.ElementTree as ElementTree

import pytest

from assay.errors import DataError
from assay.picture.allocation import allocation_by_budget, optimum_on_curves
from assay.picture.style import svg
from assay.portfolio import Curve, ProjectState, plan_projects, sweep


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
