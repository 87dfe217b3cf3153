"""What a model predicts as one column moves, a panel for each column."""

from typing import Any

import altair as alt
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import CATEGORIES
from assay.picture.panel import HEIGHT, WIDTH, Panel, Span, curve, dots, in_rows

_NEEDED = ("column", "output", "value", "level", "estimate", "low", "high")


def responses(table: pl.DataFrame) -> alt.VConcatChart:
    """One panel for each column, all on one scale of what is predicted.

    Args:
        table: columns `column`, `output` (what is predicted), `value` (a number), or `level` (text;
            days and moments in ISO 8601 where all of a column are), `estimate`, `low`, `high`, in
            the order to be shown.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(table, "responses", *_NEEDED)
    span = (_end(table["low"], min), _end(table["high"], max))
    outputs = table["output"].unique(maintain_order=True).to_list()
    colour = None
    if len(outputs) > 1:
        scale = alt.Scale(domain=outputs, range=list(CATEGORIES[: len(outputs)]))
        legend = alt.Legend(symbolOpacity=1)
        colour = alt.Color("output:N", scale=scale, title=None, legend=legend)
    axis = outputs[0] if colour is None else "predicted"
    parts = table.partition_by("column", maintain_order=True)
    # Panels of dots come last, so that short ones do not leave holes beside curves.
    parts.sort(key=lambda own: 0 if _is_curve(own) else own.height)
    panels = [_panel(own, span, axis, colour) for own in parts]
    said = "What is predicted as one column moves; bands hold eight in ten rows"
    return in_rows(panels, said, shared=True)


def _panel(table: pl.DataFrame, span: Span, axis: str, colour: Any) -> Panel:
    name = str(table["column"][0])
    if _is_curve(table):
        times = _times(table)
        along = table if times is None else times
        drawn, height = curve(along, span, axis=axis, along=None, colour=colour), HEIGHT
    else:
        apart = None if colour is None else "output"
        drawn, height = dots(table, span, axis=axis, colour=colour, apart=apart)
    return drawn.properties(width=WIDTH, height=height, title=_short(name))


def _is_curve(table: pl.DataFrame) -> bool:
    return table["level"].null_count() > 0 or _times(table) is not None


def _times(table: pl.DataFrame) -> pl.DataFrame | None:
    """The table with its times as values; `None` where its levels are none."""
    read = table["level"].str.to_datetime(strict=False, time_zone="UTC")
    return None if read.null_count() else table.with_columns(value=read)


def _short(name: str) -> str:
    return name if len(name) <= 44 else name[:43] + "…"


def _end(values: pl.Series, choose: Any) -> float:
    return float(choose(values.to_list()))
