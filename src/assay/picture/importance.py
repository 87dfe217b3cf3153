"""How much of a model's gain rests on each column."""

import altair as alt
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import BLUE, INK, MUTED
from assay.picture.style import themed

MOST = 20
_ROW = 22
_READINGS = ("certain", "cannot tell")


def importance_picture(table: pl.DataFrame, *, axis: str, format: str = "") -> alt.LayerChart:
    """A bar for each column with its interval, the largest on top.

    Args:
        table: columns `label`, `value`, `low`, `high` (null where there is no interval) and
            `certain`, in the order to be shown; the first 20 are drawn.
        axis: what the bars measure, with its unit.
        format: of the numbers along the axis, such as `%`.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(table, "importance", "label", "value", "low", "high", "certain")
    shown = table.head(MOST).select("label", "value", "low", "high", reading=_reading())
    order, readings = shown["label"].to_list(), set(shown["reading"])
    domain = [each for each in _READINGS if each in readings]
    colours = [{_READINGS[0]: BLUE, _READINGS[1]: MUTED}[each] for each in domain]
    base = alt.Chart(shown).encode(y=alt.Y("label:N", title=None, sort=order).axis(labelLimit=200))
    numbers = alt.Axis(format=format) if format else alt.Axis()
    bars = base.mark_bar(height=13, opacity=0.85).encode(
        x=alt.X("value:Q", title=axis, axis=numbers).scale(padding=6),
        color=alt.Color("reading:N").scale(domain=domain, range=colours),
    )
    known = base.transform_filter("isValid(datum.low)")
    interval = known.mark_rule(color=INK, strokeWidth=1.4).encode(x="low:Q", x2="high:Q")
    layers = [bars, interval, _start()]
    more = table.height - shown.height
    said = f"{axis} for each column, the largest first"
    title = f"the {MOST} largest of {table.height}" if more > 0 else ""
    drawn = alt.LayerChart(layer=layers, description=said)
    drawn = drawn.properties(title=title) if title else drawn
    return themed(drawn, width=300, height=max(2, shown.height) * _ROW)


def _reading() -> pl.Expr:
    certain = pl.col("certain").fill_null(value=False)
    return pl.when(certain).then(pl.lit(_READINGS[0])).otherwise(pl.lit(_READINGS[1]))


def _start() -> alt.Chart:
    return alt.Chart(pl.DataFrame({"at": [0.0]})).mark_rule(color=INK).encode(x="at:Q")
