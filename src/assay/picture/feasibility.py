"""How a pilot's score rises with its rows, against the target and the ceiling."""

from dataclasses import dataclass
from math import log2
from typing import Literal

import altair as alt
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import BLUE, INK, MUTED, PURPLE
from assay.picture.style import themed


@dataclass(frozen=True)
class Mark:
    """A level that the picture shows across, and the words at its end."""

    value: float
    words: str


def learning_curve(
    points: pl.DataFrame,
    at_least: pl.DataFrame,
    *,
    target: float,
    ceiling: Mark | None = None,
    axis: str = "R²",
) -> alt.LayerChart:
    """Scores measured on parts of a pilot, and what is to be had at least with more rows.

    Args:
        points: columns `rows`, `score`, `low`, `high` (the score with its error), `name`.
        at_least: columns `rows` and `score`: the line from the pilot to all rows.
        target: score aimed at.
        ceiling: what no model exceeds, where double labels measured it.
        axis: what a score is.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(points, "learning curve", "rows", "score", "low", "high", "name")
    needed(at_least, "learning curve: at least", "rows", "score")
    marks = [Mark(target, f"target {target:.2f}"), *([ceiling] if ceiling else [])]
    low, high = _span([*points["rows"], *at_least["rows"]])
    x = alt.X("rows:Q", title="rows learnt from (logarithmic)")
    x = x.scale(type="log", base=2, domain=[low, high], nice=False).axis(format=",d")
    y = alt.Y("score:Q", title=axis).scale(domain=_heights(points, at_least, marks), clamp=True)
    dots = alt.Chart(points).encode(x=x)
    line = alt.Chart(at_least).mark_line(color=PURPLE, strokeWidth=2, strokeDash=[6, 4])
    last = alt.Chart(at_least.sort("rows").tail(1)).encode(x=x, y=y)
    said = f"at least {at_least.sort('rows')['score'][-1]:.2f}"
    layers = [
        dots.mark_rule(color=BLUE, strokeWidth=1.5).encode(y=alt.Y("low:Q", title=axis), y2="high"),
        dots.mark_line(color=BLUE, strokeWidth=1.5, opacity=0.5).encode(y=y),
        dots.mark_point(color=BLUE, filled=True, size=70, opacity=1).encode(
            y=y, tooltip=["name:N", "rows:Q", "score:Q"]
        ),
        line.encode(x=x, y=y),
        last.mark_point(color=PURPLE, filled=True, size=70, opacity=1, shape="triangle-up"),
        last.mark_text(color=PURPLE, align="right", dx=-4, dy=16, fontSize=12, text=said),
    ]
    layers += _across(marks[0], low, INK, "left")
    if ceiling:
        layers += _across(ceiling, high, MUTED, "right")
    told = f"{axis} against rows: measured on parts of a pilot, {said}, with {marks[0].words}"
    return themed(alt.LayerChart(layer=layers, description=told))


def _across(
    mark: Mark, rows: float, colour: str, side: Literal["left", "right"]
) -> list[alt.Chart]:
    """A dotted line with its words at one end: two lines close together keep theirs apart."""
    place = pl.DataFrame({"score": [mark.value], "rows": [rows], "words": [mark.words]})
    base = alt.Chart(place).encode(y="score:Q")
    rule = base.mark_rule(color=colour, strokeDash=[2, 3])
    shift = 4 if side == "left" else -4
    words = base.mark_text(color=colour, align=side, dx=shift, dy=-7, fontSize=12)
    return [rule, words.encode(x="rows:Q", text="words:N")]


def _span(rows: list[float]) -> tuple[float, float]:
    """Room beside the first and the last point."""
    room = 2 ** (0.06 * max(1.0, log2(max(rows) / min(rows))))
    return min(rows) / room, max(rows) * room


def _heights(
    points: pl.DataFrame, at_least: pl.DataFrame, marks: list[Mark]
) -> tuple[float, float]:
    """All that is shown, but no error bar below -.25: a skill that low says nothing more."""
    shown = [*points["low"], *points["high"], *at_least["score"], *(mark.value for mark in marks)]
    return max(-0.25, min(0.0, *shown)), min(1.0, max(shown) + 0.05)
