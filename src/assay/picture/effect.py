"""What each term of a model does: a curve, dots with intervals, or a surface for each."""

from typing import Any

import altair as alt
import numpy as np
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import BLUE, ORANGE
from assay.picture.panel import HEIGHT, WIDTH, curve, dots, in_rows

MOST_LEVELS = 30
OTHER = "(any other)"
_NEUTRAL = "#d4d8db"
_NEEDED = ("parameter", "term", "column", "value", "level", "column-2", "value-2")
_KEYS = ("parameter", "term", "column")


def effects(table: pl.DataFrame) -> alt.VConcatChart:
    """One panel for each term and column; those of one parameter share their scale.

    Args:
        table: columns `parameter`, `term`, `column`, `value` or `level`, `column-2`, `value-2`,
            `estimate`, `lo-95`, `hi-95`; a curve where there are values, dots where there are
            levels (of a group the 30 largest), a surface where there is a second column.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(table, "effects", *_NEEDED, "estimate", "lo-95", "hi-95")
    plain = table.filter(pl.col("column-2").is_null() & (pl.col("level").fill_null("") != OTHER))
    spans = {
        str(name): (_least(own["lo-95"], min), _least(own["hi-95"], max))
        for (name,), own in plain.group_by("parameter")
    }
    parts = table.partition_by(*_KEYS, maintain_order=True)
    # Tall panels come last, so that short ones do not leave holes beside them.
    parts.sort(key=lambda own: 0 if own["level"][0] is None else own.height)
    panels = [_panel(own, spans.get(own["parameter"][0], (-1.0, 1.0))) for own in parts]
    return in_rows(panels, "What each term adds to its parameter, with 95 % intervals")


def _least(values: pl.Series, choose: Any) -> float:
    return choose(0.0, float(choose(values.to_list())))


def _panel(table: pl.DataFrame, span: tuple[float, float]) -> alt.LayerChart:
    first = table.row(0, named=True)
    if first["column-2"] is not None:
        chart, height = _surface(table), HEIGHT
    elif first["value"] is not None:
        chart = curve(_plain(table), span, axis="effect", along=first["column"], zero=True)
        height = HEIGHT
    else:
        chart, height = _dots(table, span)
    return chart.properties(width=WIDTH, height=height, title=_title(table, first))


def _title(table: pl.DataFrame, first: dict[str, Any]) -> str:
    """The term; for one of many columns of a formula the column, which says it shorter."""
    kind, column = first["term"].partition("(")[0], first["column"]
    own = {"linear": column, "neural": f"{column}, by a network"}.get(kind, first["term"])
    named = table.filter(pl.col("level") != OTHER).height
    few = f", the {MOST_LEVELS} largest of {named}" if _is_cut(first, named) else ""
    return f"{first['parameter']}: {own}{few}"


def _is_cut(first: dict[str, Any], levels: int) -> bool:
    return first["value"] is None and levels > MOST_LEVELS


def _dots(table: pl.DataFrame, span: tuple[float, float]) -> tuple[alt.LayerChart, int]:
    """Levels in their order; those of a group from the largest effect to the smallest."""
    shown = table.filter(pl.col("level") != OTHER)
    if shown.height > MOST_LEVELS:
        shown = shown.sort(pl.col("estimate").abs(), descending=True).head(MOST_LEVELS)
    if table["term"][0].startswith("group("):
        shown = shown.sort("estimate", descending=True)
    return dots(_plain(shown), span, axis="effect", zero=True)


def _surface(table: pl.DataFrame) -> alt.LayerChart:
    shown = _plain(table).with_columns(
        **_cells(table["value"], "left", "right"), **_cells(table["value-2"], "bottom", "top")
    )
    # A far corner without data may run off; it must not take all the colour.
    reach = float(np.quantile(np.abs(table["estimate"].to_numpy()), 0.98)) or 1.0
    scale = alt.Scale(
        domain=[-reach, 0, reach], range=[BLUE, _NEUTRAL, ORANGE], clamp=True, interpolate="rgb"
    )
    legend = alt.Legend(orient="right", gradientLength=HEIGHT - 20, title=None, tickCount=5)
    colour: Any = alt.Color("estimate:Q", scale=scale, legend=legend)
    x = alt.X("left:Q", title=table["column"][0]).scale(zero=False, nice=False)
    y = alt.Y("bottom:Q", title=table["column-2"][0]).scale(zero=False, nice=False)
    drawn = alt.Chart(shown).mark_rect(strokeWidth=0.8)  # its own colour closes the seams
    drawn = drawn.encode(x=x, x2="right:Q", y=y, y2="top:Q", color=colour, stroke=_seamless(scale))
    return alt.LayerChart(layer=[drawn])


def _seamless(scale: alt.Scale) -> alt.Stroke:
    return alt.Stroke("estimate:Q", scale=scale, legend=None)


def _cells(values: pl.Series, low: str, high: str) -> dict[str, pl.Series]:
    """Edges of the cells around values that are evenly spaced; outer cells end at their value."""
    least, most = float(min(values.to_list())), float(max(values.to_list()))
    half = (most - least) / max(values.n_unique() - 1, 1) / 2
    return {
        low: (values - half).clip(least, most),
        high: (values + half).clip(least, most),
    }


def _plain(table: pl.DataFrame) -> pl.DataFrame:
    """Names without hyphens, which Vega reads as operators."""
    return table.select("value", "level", "estimate", low="lo-95", high="hi-95")
