"""What attempts are worth to a plan, and whose they are."""

from typing import Any

import altair as alt
import polars as pl

from assay.picture.columns import needed
from assay.picture.curve import COLOURS, KINDS
from assay.picture.palette import BLUE, INK, MUTED
from assay.picture.projects import IMPORTANCE, title
from assay.picture.style import themed

WIDTH, ROW = 260, 21
NAME = 230  # pixels that a name may take
AUTHOR = 20  # letters of an author's name, so that what they tried stands beside it
MOST = 15  # bars; a table holds them all
MOST_SUMS = 5
TOGETHER = "failures together"
SORTS = (*KINDS, TOGETHER)
TINTS = (*COLOURS, MUTED)


def information_value(
    table: pl.DataFrame, *, headline: str = "", value_unit: str = IMPORTANCE, is_titled: bool = True
) -> alt.LayerChart:
    """Bars: what each attempt is worth to today's plan, and the failures of a project together.

    Args:
        table: columns `name`, `kind` (`improved`, `no better`, `broke`, or `failures together`),
            `value`; the first fifteen attempts and the first five sums of
            failures are drawn, in this order.
        headline: a sentence below the title; empty for none.
        value_unit: of every worth, such as `k€ a month`.
        is_titled: whether the picture says itself what it shows; a page may say it beside.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(table, "value of information", "name", "kind", "value")
    together = pl.col("kind") == TOGETHER
    drawn = pl.concat([table.filter(~together).head(MOST), table.filter(together).head(MOST_SUMS)])
    kinds = [kind for kind in SORTS if kind in set(drawn["kind"])]
    tints = [TINTS[SORTS.index(kind)] for kind in kinds]
    # A lone kind is named too: the reader cannot guess what its colour would stand for.
    tint = alt.Color("kind:N", legend=alt.Legend()).scale(domain=kinds, range=tints)
    words = "What knowing an attempt is worth to today's plan"
    more = table.height - drawn.height
    rest = f"not drawn: {more:,} worth less, or nothing" if more else ""
    bars = _bars(drawn, tint, value_unit)
    said = f"{words}: " + ", ".join(_said(drawn))
    chart = alt.LayerChart(layer=bars, description=said)
    if is_titled:
        alone = "single values do not add up" if drawn.height > 1 else ""
        chart = chart.properties(title=title(words, headline, alone, rest))
    return themed(chart, width=WIDTH, height=ROW * drawn.height)


def credit_shares(
    table: pl.DataFrame, *, headline: str = "", value_unit: str = IMPORTANCE, is_titled: bool = True
) -> alt.LayerChart:
    """Bars: the share of each author in what the attempts are worth, with its standard error.

    Args:
        table: columns `name` (of the author), `attempts`, `failures`, `value` (their share),
            `se` (0 where it is exact); the first fifteen are drawn.
        headline: a sentence below the title; empty for none.
        value_unit: of every worth, such as `k€ a month`.
        is_titled: whether the picture says itself what it shows; a page may say it beside.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(table, "credit", "name", "attempts", "failures", "value", "se")
    is_long = pl.col("name").str.len_chars() > AUTHOR
    short = pl.when(is_long).then(pl.col("name").str.head(AUTHOR - 1) + "…").otherwise("name")
    made = pl.format("{} ({} tried, {} failed)", short, "attempts", "failures")
    drawn = table.head(MOST).with_columns(name=made)
    words = "Whose attempts today's plan rests on"
    more = table.height - drawn.height
    rest = f"not drawn: {more:,} with smaller shares" if more else ""
    drawn = drawn.with_columns(
        place=pl.int_range(pl.len()),
        low=pl.col("value") - pl.col("se"),
        beyond=pl.col("value") + pl.col("se"),
    )
    layers = _bars(drawn, alt.value(BLUE), value_unit)
    unsure = drawn.filter(pl.col("se") > 0)
    if not unsure.is_empty():
        rule = alt.Chart(unsure).mark_rule(color=INK, strokeWidth=1.5)
        layers.append(rule.encode(x="low:Q", x2="beyond:Q", y=alt.Y("place:O", axis=None)))
    said = f"{words}: " + ", ".join(_said(drawn))
    chart = alt.LayerChart(layer=layers, description=said)
    if is_titled:
        chart = chart.properties(title=title(words, headline, rest))
    return themed(chart, width=WIDTH, height=ROW * drawn.height)


def _bars(drawn: pl.DataFrame, tint: Any, value_unit: str) -> list[alt.Chart]:
    """Bars with their names left and their values right; names may stand there twice."""
    beyond = pl.col("beyond" if "beyond" in drawn else "value")
    placed = drawn.with_columns(
        figure_at=pl.max_horizontal(beyond, pl.lit(0.0)),  # left of the axis are the names
        place=pl.int_range(pl.len()),
        figure=pl.Series([f"{value:.3g}" for value in drawn["value"]], dtype=pl.String),
    )
    ends = [0.0, *placed["value"].to_list()]
    ends += [*placed["low"].to_list(), *placed["beyond"].to_list()] if "low" in placed else []
    low, top = min(ends), max(ends)
    base = alt.Chart(placed).encode(y=alt.Y("place:O", axis=None))
    # A scale from 0 to 0 has no ticks.
    span = [low, top if top > low else low + 1]
    x = alt.X("value:Q", title=f"worth ({value_unit})").scale(domain=span, nice=top > low)
    names = base.mark_text(align="right", dx=-6, limit=NAME, fontSize=12)
    figures = base.mark_text(align="left", dx=5, fontSize=12)
    return [
        base.mark_bar(size=13, opacity=0.85).encode(x=x, color=tint),
        names.encode(x=alt.value(0), text="name:N"),
        figures.encode(x="figure_at:Q", text="figure:N"),
    ]


def _said(drawn: pl.DataFrame) -> list[str]:
    return [f"{name} {value:.3g}" for name, value in drawn.select("name", "value").rows()]
