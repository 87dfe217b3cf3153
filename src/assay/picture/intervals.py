"""Gains of attempts on the sealed rows, once the seal is open."""

import altair as alt
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import GREEN, INK, MUTED, RED
from assay.picture.style import themed

_READINGS = ("above the bar", "cannot tell", "below the bar")
_ROW = 34


def gains(table: pl.DataFrame, *, bar: float, axis: str, unit: str = "") -> alt.LayerChart:
    """An interval of the gain for each attempt, against the least gain worth having.

    Args:
        table: columns `name`, `gain`, `low`, `high`, in the order to be shown; gains in the
            metric's unit, positive where the attempt is better than the baseline. `low` and `high`
            are null where there is no interval: then nothing can be told.
        bar: the least gain worth having, in the same unit.
        axis: what the gain is, with its unit.
        unit: put after the bar's number, such as `" %"`.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(table, "gains", "name", "gain", "low", "high")
    reading = (
        pl.when(pl.col("low") > bar)
        .then(pl.lit(_READINGS[0]))
        .when(pl.col("high") < bar)
        .then(pl.lit(_READINGS[2]))
        .otherwise(pl.lit(_READINGS[1]))
    )
    read = table.select("name", "gain", "low", "high", reading=reading)
    shown = [at for at, words in enumerate(_READINGS) if words in set(read["reading"])]
    domain = [_READINGS[at] for at in shown]
    colours = [(GREEN, MUTED, RED)[at] for at in shown]
    shapes = [("triangle-up", "circle", "triangle-down")[at] for at in shown]
    above = alt.Legend(offset=24)  # leaves a line for the words at the bar
    colour = alt.Color("reading:N", legend=above).scale(domain=domain, range=colours)
    shape = alt.Shape("reading:N", legend=above).scale(domain=domain, range=shapes)
    y = alt.Y("name:N", title=None, sort=table["name"].to_list()).axis(labelLimit=170)
    base = alt.Chart(read).encode(y=y)
    known = base.transform_filter("isValid(datum.low)")
    interval = known.mark_rule(strokeWidth=2.5).encode(
        x=alt.X("low:Q", title=axis).scale(zero=True, padding=8), x2="high:Q", color=colour
    )
    point = base.mark_point(filled=True, size=80, opacity=1)
    layers = [interval, point.encode(x="gain:Q", color=colour, shape=shape), *_bar(bar, unit)]
    said = f"Interval of {axis} for each attempt, with the bar at {bar:g}{unit}"
    return themed(
        alt.LayerChart(layer=layers, description=said),
        width=250,
        height=max(2, table.height) * _ROW,
    )


def _bar(bar: float, unit: str) -> list[alt.Chart]:
    place = pl.DataFrame({"bar": [bar], "words": [f"bar: {bar:g}{unit}"]})
    rule = alt.Chart(place).mark_rule(color=INK, strokeDash=[5, 4]).encode(x="bar:Q")
    words = alt.Chart(place).mark_text(align="left", dx=5, dy=-4, baseline="bottom", fontSize=12)
    return [rule, words.encode(x="bar:Q", y=alt.value(0), text="words:N")]
