"""A released verdict under watch: the evidence against it, and what it gains."""

import math

import altair as alt
import numpy as np
import polars as pl

from assay.picture.columns import needed as need
from assay.picture.palette import BLUE, INK, MUTED, RED
from assay.picture.style import WIDTH, themed

_EVIDENCE, _GAIN = 150, 120
_LEAST, _MOST = 1e-3, 1e6
_LETTER, _LINE, _PADDING = 6.5, 18, 22

MOST_POINTS = 400
"""Points of a line beyond which nobody sees more."""


def watch_course(
    table: pl.DataFrame, *, needed: float, least: float, unit: str, is_share: bool
) -> alt.VConcatChart:
    """The evidence against a verdict and the mean gain since its release, one above the other.

    Args:
        table: columns `at` (number of the unit or its time), `evidence` (an e-value) and `gain`
            (mean gain so far), one row for each unit since the release.
        needed: evidence from which on the verdict is withdrawn.
        least: the gain that the verdict says is exceeded.
        unit: what is counted, in the plural.
        is_share: whether gains are shares of the baseline's loss.

    Returns:
        Two charts over the same axis; evidence on a logarithmic one, cut off below a thousandth and
        above a million (or fifty times what is needed, where that is more), which it then says.

    Raises:
        DataError: a column is missing, or nothing was counted yet.
    """
    need(table, "course of a watch", "at", "evidence", "gain")
    # A log axis ends somewhere: evidence below a thousandth, or far beyond need, says no more.
    most = max(_MOST, 50 * needed)
    drawn = _thinned(table)
    shown = drawn.with_columns(pl.col("evidence").clip(_LEAST, most))
    kind = "temporal" if table["at"].dtype.is_temporal() else "quantitative"
    words = "" if kind == "temporal" else f"{unit} since the release"
    x = alt.X("at", type=kind, title=words or None).scale(nice=False)
    base = alt.Chart(shown).encode(x=x)
    top = alt.Chart(shown).encode(x=alt.X("at", type=kind, title=None).scale(nice=False))
    evidence = alt.Y("evidence:Q", title="evidence against the verdict").scale(
        type="log", nice=False, padding=_PADDING
    )
    gain = alt.Y("gain:Q", title="mean gain so far").axis(format="%" if is_share else "")
    bar = f"{100 * least:g} %" if is_share else f"{least:g}"
    above = alt.LayerChart(
        layer=[
            top.mark_line(color=BLUE, strokeWidth=2).encode(
                y=evidence.axis(format="~g", values=_decades(most))
            ),
            *_bar(shown, needed, "evidence", f"withdrawn from {needed:g} on", RED),
            *_cuts(drawn, most),
        ]
    ).properties(width=WIDTH, height=_EVIDENCE)
    below = alt.LayerChart(
        layer=[
            base.mark_line(color=BLUE, strokeWidth=2).encode(
                y=gain.scale(zero=False, padding=_PADDING)
            ),
            *_bar(shown, least, "gain", f"the verdict: more than {bar}", INK),
        ]
    ).properties(width=WIDTH, height=_GAIN)
    said = (
        f"Evidence against a released verdict after each of {table.height} {unit}, with {needed:g} "
        f"where it is withdrawn, above the mean gain so far, with the {bar} that was claimed"
    )
    return themed(alt.vconcat(above, below, description=said))


def _thinned(table: pl.DataFrame) -> pl.DataFrame:
    """At most so many points; of each stretch the greatest evidence, which is what counts."""
    part = pl.int_range(pl.len()) // -(-table.height // MOST_POINTS)
    parts = table.group_by(part.alias("part"), maintain_order=True)
    return parts.agg(pl.col("at").last(), pl.col("evidence").max(), pl.col("gain").last())


def _decades(most: float) -> list[float]:
    """At most a dozen powers of ten for the axis."""
    last = math.ceil(math.log10(most))
    return [10.0**power for power in range(-3, last + 1, 1 + (last + 3) // 12)]


def _cuts(table: pl.DataFrame, most: float) -> list[alt.Chart]:
    """Says where the evidence goes on but is not drawn; nothing lies beyond these lines."""
    seen = table["evidence"].to_numpy()
    cuts = []
    if seen.min() < _LEAST:
        cuts += _line(_LEAST, "evidence", f"lower values not drawn (below {_LEAST:g})", MUTED, -1)
    if seen.max() > most:
        cuts += _line(most, "evidence", f"higher values not drawn (over {most:,.0f})", MUTED, 1)
    return cuts


def _bar(table: pl.DataFrame, value: float, name: str, words: str, colour: str) -> list[alt.Chart]:
    """A dashed line with its words at the end, above or below, where the curve leaves room."""
    up, at_end = _room(table, value, name, len(words) * _LETTER / WIDTH)
    return _line(value, name, words, colour, up, at_end=at_end)


def _room(table: pl.DataFrame, value: float, name: str, width: float) -> tuple[int, bool]:
    """Where the fewest points of the curve lie under the words; of equals, the first.

    Args:
        table: what is drawn.
        value: where the line lies.
        name: column of the curve.
        width: of the words, as a share of the chart's.
    """
    at = table["at"].to_physical().to_numpy().astype(float)
    y, line = table[name].to_numpy(), value
    height = _GAIN
    if name == "evidence":
        y, line, height = np.log(y), math.log(value), _EVIDENCE
    low, high = min(y.min(), line), max(y.max(), line)
    pixels = (height - 2 * _PADDING) / ((high - low) or 1.0)
    grid = np.linspace(0.0, 1.0, 200)
    away = (np.interp(at[0] + grid * (at[-1] - at[0]), at, y) - line) * pixels
    places = [(up, at_end) for at_end in (False, True) for up in (1, -1)]

    def hidden(place: tuple[int, bool]) -> int:
        up, at_end = place
        beside = grid >= 1 - width if at_end else grid <= width
        return int(np.sum(beside & (up * away > 3) & (up * away < _LINE)))

    return min(places, key=hidden)


def _line(
    value: float, name: str, words: str, colour: str, up: int, *, at_end: bool = False
) -> list[alt.Chart]:
    """A dashed line, and its words just above or below it, at the left or the right end."""
    place = pl.DataFrame({name: [value], "words": [words]})
    rule = alt.Chart(place).mark_rule(color=colour, strokeDash=[5, 4]).encode(y=f"{name}:Q")
    text = alt.Chart(place).mark_text(
        color=colour,
        align="right" if at_end else "left",
        dx=-4 if at_end else 4,
        dy=-4 * up,
        baseline="bottom" if up > 0 else "top",
        fontSize=12,
    )
    x = alt.value(WIDTH if at_end else 0)
    return [rule, text.encode(x=x, y=f"{name}:Q", text="words:N")]
