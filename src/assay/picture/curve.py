"""What effort has bought so far, and what the next unit may buy."""

from collections.abc import Sequence
from typing import Literal

import altair as alt
import numpy as np
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import BLUE, MUTED, ORANGE, PURPLE, RED
from assay.picture.style import themed

KINDS = ("improved", "no better", "broke")
_SHAPES = ("circle", "triangle-down", "cross")
COLOURS = (BLUE, ORANGE, RED)
NEAR_AXIS = 0.13  # of the height: what a number below its mark takes


def effort_accuracy(
    curve: pl.DataFrame,
    attempts: pl.DataFrame,
    *,
    unit: str,
    planned: float | None = None,
    spent: float = 0.0,
    axis: str = "share of what is possible",
    is_share: bool = True,
) -> alt.LayerChart:
    """A project's curve with its uncertainty, its attempts, and where the plan would take it.

    Args:
        curve: columns `effort` (summed over the project, in `unit`), `mean`, `low`, `high` (shares
            of what is possible: 0 is the baseline, 1 the ceiling).
        attempts: columns `effort` (summed, null where unknown: not drawn), `score` (a share; null
            where the attempt broke: drawn at the baseline), `se` (null where unknown), `name`,
            `kind` (`improved` on the attempts before it, `no better` or `broke`; others are not
            drawn). The first row is numbered 1. May be empty.
        unit: the portfolio's effort unit, such as `person-day`.
        planned: summed effort once the plan is carried out.
        spent: summed effort so far.
        axis: what is shown upwards.
        is_share: whether that is a share; otherwise it is a plain number, such as points.

    Raises:
        DataError: a column is missing, or the curve has no row.
    """
    needed(curve, "effort-accuracy curve", "effort", "mean", "low", "high")
    x = alt.X("effort:Q", title=f"effort ({unit}s)").scale(nice=False)
    y = alt.Y("low:Q", title=axis).axis(format="%" if is_share else "")
    band = alt.Chart(curve).mark_area(color=BLUE, opacity=0.16).encode(x=x, y=y, y2="high:Q")
    line = alt.Chart(curve).mark_line(color=BLUE, strokeWidth=2).encode(x=x, y="mean:Q")
    layers: list[alt.Chart] = [band, line]
    if planned is not None:
        is_late = planned > float(np.max(curve["effort"].to_numpy())) / 2
        words = f"planned: {planned - spent:g} {'more ' if spent else ''}{unit}s"
        layers += _planned(planned, words, align="right" if is_late else "left")
    top = max(0.0, *curve["high"])
    layers += attempt_marks(attempts, low=NEAR_AXIS * top)
    said = f"Expected accuracy against effort in {unit}s, with its uncertainty and the attempts"
    return themed(alt.LayerChart(layer=layers, description=said))


def _planned(planned: float, words: str, *, align: Literal["left", "right"]) -> list[alt.Chart]:
    place = pl.DataFrame({"effort": [planned], "words": [words]})
    base = alt.Chart(place).encode(x="effort:Q")
    rule = base.mark_rule(color=PURPLE, strokeDash=[5, 4], strokeWidth=1.5)
    text = base.mark_text(
        color=PURPLE,
        align=align,
        dx=5 if align == "left" else -5,
        dy=-5,
        baseline="bottom",
        fontSize=12,
    )
    # Above the plot, where neither the band nor an attempt can run through the words.
    return [rule, text.encode(text="words:N", y=alt.value(0))]


def attempt_marks(
    attempts: pl.DataFrame,
    kinds: Sequence[str] | None = None,
    *,
    above: float = 24,
    low: float = 0.0,
) -> list[alt.Chart]:
    """Numbered attempts with their errors, as `effort_accuracy` draws them; none of none.

    Args:
        attempts: as for `effort_accuracy`.
        kinds: those that the legend names, where several charts share one; by default those here.
        low: score from which down a number stands above its mark, since the axis lies below.
        above: pixels between the plot and the legend; 24 leave a line for the words of the plan.

    Raises:
        DataError: a column is missing.
    """
    if attempts.is_empty():
        return []
    needed(attempts, "effort-accuracy curve: attempts", "effort", "score", "se", "name", "kind")
    drawn = (
        attempts.select("effort", "score", "se", "name", "kind")
        .with_row_index("number", offset=1)
        .with_columns(pl.col("score").cast(pl.Float64).fill_null(0.0))
        .with_columns(
            from_=pl.col("score") - pl.col("se").cast(pl.Float64),
            to=pl.col("score") + pl.col("se").cast(pl.Float64),
        )
        .filter(pl.col("effort").is_not_null() & pl.col("kind").is_in(KINDS))
    )
    if drawn.is_empty():
        return []
    kinds = [kind for kind in KINDS if kind in set(kinds or drawn["kind"])]
    places = [KINDS.index(kind) for kind in kinds]
    legend = alt.Legend(offset=above)
    colour = alt.Color("kind:N", legend=legend).scale(
        domain=kinds, range=[COLOURS[at] for at in places]
    )
    shape = alt.Shape("kind:N", legend=legend).scale(
        domain=kinds, range=[_SHAPES[at] for at in places]
    )
    base = alt.Chart(drawn).encode(x="effort:Q")
    errors = base.transform_filter("isValid(datum.se)").mark_rule(color=MUTED, strokeWidth=1.2)
    points = base.mark_point(filled=True, size=64, opacity=1)
    # Below it no rising curve and no ring runs through a number, and right of it no error.
    beside = base.transform_filter(f"datum.score > {low}").mark_text(dx=6, dy=12, fontSize=11)
    above_axis = base.transform_filter(f"datum.score <= {low}").mark_text(dy=-10, fontSize=11)
    return [
        errors.encode(y="from_:Q", y2="to:Q"),
        points.encode(y="score:Q", color=colour, shape=shape, tooltip=["name:N", "kind:N"]),
        beside.encode(y="score:Q", text="number:Q"),
        above_axis.encode(y="score:Q", text="number:Q"),
    ]
