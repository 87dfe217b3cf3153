"""Panels side by side, each the effect of one column: a curve with a band, or dots with rules."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from assay.picture.palette import BLUE, MUTED
from assay.picture.style import themed

WIDTH, HEIGHT, ROW = 300, 170, 18
COLUMNS = 2

Panel = alt.LayerChart
Span = tuple[float, float]


def curve(
    table: pl.DataFrame,
    span: Span,
    *,
    axis: str,
    along: str | None,
    zero: bool = False,
    colour: Any = None,  # a channel of Altair
) -> Panel:
    """An estimate along numbers or times, with its band.

    Args:
        table: columns `value`, `estimate`, `low`, `high`.
        span: of the upward scale.
        axis: what is shown upwards.
        along: what is shown sideways, where the title does not say it.
        zero: whether a line marks no effect.
        colour: tells several curves apart; by default there is one.
    """
    kind = "T" if table["value"].dtype.is_temporal() else "Q"
    base = alt.Chart(table).encode(
        x=alt.X(f"value:{kind}", title=along).scale(zero=False, nice=False),
        color=alt.value(BLUE) if colour is None else colour,
    )
    y: Any = alt.Y("low:Q", title=axis, scale=alt.Scale(domain=list(span), nice=True))
    band = base.mark_area(opacity=0.22 if colour is None else 0.12).encode(y=y, y2="high:Q")
    line = base.mark_line(strokeWidth=2).encode(y="estimate:Q")
    return alt.LayerChart(layer=[*([_zero("y")] if zero else []), band, line])


def dots(
    table: pl.DataFrame,
    span: Span,
    *,
    axis: str,
    zero: bool = False,
    colour: Any = None,  # a channel of Altair
    apart: str | None = None,
) -> tuple[Panel, int]:
    """An estimate for each level, in the order of the table, with its interval.

    Args:
        table: columns `level`, `estimate`, `low`, `high`.
        span: of the sideways scale.
        axis: what is shown sideways.
        zero: whether a line marks no effect.
        colour: tells several estimates of a level apart; by default there is one.
        apart: column by which those are set below each other.

    Returns:
        The panel, and its height in pixels.
    """
    levels = table["level"].unique(maintain_order=True).to_list()
    y = alt.Y("level:N", sort=levels, title=None).axis(labelLimit=120)
    several: dict[str, Any] = (
        {} if apart is None else {"yOffset": alt.YOffset(f"{apart}:N", sort=None)}
    )
    base = alt.Chart(table).encode(
        y=y, color=alt.value(BLUE) if colour is None else colour, **several
    )
    x = alt.X("low:Q", title=axis, scale=alt.Scale(domain=list(span), nice=True))
    rule = base.mark_rule(strokeWidth=1.6).encode(x=x, x2="high:Q")
    point = base.mark_point(filled=True, size=42, opacity=1).encode(x="estimate:Q")
    each = 1 if apart is None else 0.7 * table[apart].n_unique()
    height = round(max(2, len(levels)) * ROW * max(each, 1))
    return alt.LayerChart(layer=[*([_zero("x")] if zero else []), rule, point]), height


def in_rows(panels: Sequence[Panel], said: str, *, shared: bool = False) -> alt.VConcatChart:
    """Panels two and two, in Assay's style.

    Args:
        panels: in the order of reading.
        said: what a screen reader says.
        shared: whether colours mean the same in all of them.
    """
    colours: Any = "shared" if shared else "independent"
    rows = [
        alt.HConcatChart(hconcat=list(panels[low : low + COLUMNS]), spacing=34).resolve_scale(
            color=colours
        )
        for low in range(0, len(panels), COLUMNS)
    ]
    whole = alt.VConcatChart(vconcat=rows, spacing=24, description=said)
    return themed(whole.resolve_scale(color=colours))


def _zero(axis: str) -> alt.Chart:
    rule = alt.Chart(pl.DataFrame({"at": [0.0]})).mark_rule(color=MUTED, strokeDash=[4, 4])
    return rule.encode(y="at:Q") if axis == "y" else rule.encode(x="at:Q")
