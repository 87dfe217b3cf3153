"""Pictures of effects: one panel for each term and column, drawn from a plain table."""

import numpy as np
import polars as pl
import pytest

from assay.errors import DataError
from assay.picture.effect import MOST_LEVELS, effects
from assay.picture.style import svg

COLUMNS = ("parameter", "term", "column", "value", "level", "column-2", "value-2")


def rows(term, column, *, value=None, level=None, other=None):
    """A part of a table of effects, with an estimate that rises along it."""
    count = len(value if value is not None else level)
    estimate = np.linspace(-1, 1, count)
    empty = [None] * count
    return pl.DataFrame(
        {
            "parameter": ["mean"] * count,
            "term": [term] * count,
            "column": [column] * count,
            "value": pl.Series(empty if value is None else value, dtype=pl.Float64),
            "level": pl.Series(empty if level is None else level, dtype=pl.String),
            "column-2": pl.Series(empty if other is None else ["z"] * count, dtype=pl.String),
            "value-2": pl.Series(empty if other is None else other, dtype=pl.Float64),
            "estimate": estimate,
            "lo-95": estimate - 0.2,
            "hi-95": estimate + 0.2,
        }
    )


def curve(term="spline(x)"):
    return rows(term, "x", value=np.linspace(0, 1, 30))


def group(levels):
    return rows("group(store)", "store", level=[*(f"s{k}" for k in range(levels)), "(any other)"])


def surface():
    x, z = (each.ravel() for each in np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 2, 5)))
    return rows("spline(x, z)", "x", value=x, other=z)


def panels(table):
    return [panel for row in effects(table).to_dict()["vconcat"] for panel in row["hconcat"]]


def marks(panel):
    return [layer["mark"]["type"] for layer in panel["layer"]]


def test_curves_dots_and_surfaces_have_marks_of_their_own():
    found = panels(pl.concat([group(4), curve(), surface()]))
    assert [marks(panel) for panel in found] == [
        ["rule", "area", "line"],
        ["rect"],
        ["rule", "rule", "point"],
    ]
    assert [panel["title"] for panel in found] == [
        "mean: spline(x)",
        "mean: spline(x, z)",
        "mean: group(store)",
    ]


def test_many_levels_are_cut_to_the_largest_and_that_is_said():
    chart = effects(group(50))
    panel = chart.to_dict()["vconcat"][0]["hconcat"][0]
    assert panel["title"] == "mean: group(store), the 30 largest of 50"
    order = panel["layer"][1]["encoding"]["y"]["sort"]
    assert len(order) == MOST_LEVELS
    assert "(any other)" not in order
    # The largest in size, from the greatest down: the rising estimates end at the first level.
    assert order[0] == "s49"
    assert order[-1] == "s0"


def test_panels_of_one_parameter_share_their_scale():
    flat = curve("spline(w)").with_columns(pl.col("estimate", "lo-95", "hi-95") * 0.01)
    found = panels(pl.concat([curve(), flat]))
    domains = [panel["layer"][1]["encoding"]["y"]["scale"]["domain"] for panel in found]
    assert domains[0] == domains[1] == [-1.2, 1.2]


def test_a_column_of_a_formula_is_named_by_itself():
    terms = [rows(f"{kind}(a + b)", "a", level=["u", "v"]) for kind in ("linear", "neural")]
    assert [panel["title"] for panel in panels(pl.concat(terms))] == [
        "mean: a",
        "mean: a, by a network",
    ]


def test_it_is_drawn():
    drawn = svg(effects(pl.concat([curve(), group(3), surface()])))
    assert 'aria-label="What each term adds to its parameter, with 95 % intervals"' in drawn
    assert "group(store)" in drawn


def test_a_table_that_cannot_be_drawn_is_refused():
    with pytest.raises(DataError, match="effects: no column `hi-95`"):
        effects(curve().drop("hi-95"))
    with pytest.raises(DataError, match="effects: the table has 0 rows"):
        effects(curve().clear())
