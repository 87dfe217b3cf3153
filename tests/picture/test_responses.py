"""Pictures of what drives a model: bars of importance, and panels of responses."""

import polars as pl
import pytest

from assay.errors import DataError
from assay.picture.importance import MOST, importance_picture
from assay.picture.response import responses
from assay.picture.style import svg


def bars(count=3):
    return pl.DataFrame(
        {
            "label": [f"column {k}" for k in range(count)],
            "value": [0.5 / (k + 1) for k in range(count)],
            "low": [0.4 / (k + 1) if k else None for k in range(count)],
            "high": [0.6 / (k + 1) if k else None for k in range(count)],
            "certain": [k < 2 for k in range(count)],
        }
    )


def response(column, *, values=None, levels=None, output="mean y"):
    count = len(values or levels)
    shown = {"column": [column] * count, "output": [output] * count}
    shown |= {"value": pl.Series(values or [None] * count, dtype=pl.Float64)}
    shown |= {"level": pl.Series(levels or [None] * count, dtype=pl.String)}
    ends = {"low": [k - 0.5 for k in range(count)], "high": [k + 0.5 for k in range(count)]}
    return pl.DataFrame({**shown, "estimate": [float(k) for k in range(count)], **ends})


def panels(table):
    return [panel for row in responses(table).to_dict()["vconcat"] for panel in row["hconcat"]]


def marks(panel):
    return [layer["mark"]["type"] for layer in panel["layer"]]


def test_bars_stand_in_order_and_only_the_largest_are_drawn():
    chart = importance_picture(bars(30), axis="share of the gain", format="%").to_dict()
    order = chart["layer"][0]["encoding"]["y"]["sort"]
    assert order == [f"column {k}" for k in range(MOST)]
    assert chart["title"] == "the 20 largest of 30"
    assert "title" not in importance_picture(bars(), axis="share").to_dict()


def test_bars_that_are_certain_are_told_apart_from_the_others():
    colour = importance_picture(bars(), axis="share").to_dict()["layer"][0]["encoding"]["color"]
    assert colour["scale"]["domain"] == ["certain", "cannot tell"]
    alone = importance_picture(bars(2), axis="share").to_dict()["layer"][0]["encoding"]["color"]
    assert alone["scale"]["domain"] == ["certain"]


def test_numbers_and_times_are_curves_and_come_before_dots():
    days = ["2024-01-01", "2024-02-01", "2024-03-01"]
    found = panels(
        pl.concat(
            [
                response("place", levels=["Bonn", "Ulm"]),
                response("x", values=[0.0, 1.0, 2.0]),
                response("day", levels=days),
            ]
        )
    )
    assert [panel["title"] for panel in found] == ["x", "day", "place"]
    assert [marks(panel) for panel in found] == [["area", "line"]] * 2 + [["rule", "point"]]
    kinds = [panel["layer"][0]["encoding"]["x"]["type"] for panel in found]
    assert kinds == ["quantitative", "temporal", "quantitative"]
    scales = [panel["layer"][0]["encoding"]["y"].get("scale", {}) for panel in found[:2]]
    assert all(scale["domain"] == [-0.5, 2.5] for scale in scales)


def test_several_outputs_have_colours_of_their_own():
    both = pl.concat(
        [
            response("x", values=[0.0, 1.0], output="chance of a"),
            response("x", values=[0.0, 1.0], output="chance of b"),
            response("kind", levels=["u", "v"], output="chance of a"),
            response("kind", levels=["u", "v"], output="chance of b"),
        ]
    )
    drawn = svg(responses(both))
    assert "chance of a" in drawn
    assert "chance of b" in drawn
    dots = panels(both)[1]["layer"][1]["encoding"]
    assert dots["yOffset"]["field"] == "output"


def test_they_are_drawn_as_svg():
    assert "column 1" in svg(importance_picture(bars(), axis="share", format="%"))
    assert 'aria-label="What is predicted as one column moves' in svg(
        responses(response("x", values=[0.0, 1.0, 2.0]))
    )


def test_tables_that_cannot_be_drawn_are_refused():
    with pytest.raises(DataError, match="importance: no column `certain`"):
        importance_picture(bars().drop("certain"), axis="share")
    with pytest.raises(DataError, match="responses: the table has 0 rows"):
        responses(response("x", values=[0.0, 1.0]).clear())
