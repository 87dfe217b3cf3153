"""A released verdict under watch: the evidence against it, and what it gains."""

import altair as alt
import polars as pl

from assay.picture.columns import needed as need
from assay.picture.palette import BLUE, INK, RED
from assay.picture.style import WIDTH, themed

_EVIDENCE, _GAIN = 150, 120
_DECADES = [10.0**power for power in range(-3, 7)]

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
        Two charts over the same axis; evidence on a logarithmic one.

    Raises:
        DataError: a column is missing, or nothing was counted yet.
    """
    need(table, "course of a watch", "at", "evidence", "gain")
    # A log axis ends somewhere: evidence below a thousandth, or far beyond need, says no more.
    shown = _thinned(table).with_columns(pl.col("evidence").clip(1e-3, 1e3 * needed))
    kind = "temporal" if table["at"].dtype.is_temporal() else "quantitative"
    words = "" if kind == "temporal" else f"{unit} since the release"
    x = alt.X("at", type=kind, title=words or None).scale(nice=False)
    base = alt.Chart(shown).encode(x=x)
    top = alt.Chart(shown).encode(x=alt.X("at", type=kind, title=None).scale(nice=False))
    evidence = alt.Y("evidence:Q", title="evidence against the verdict").scale(type="log")
    gain = alt.Y("gain:Q", title="mean gain so far").axis(format="%" if is_share else "")
    bar = f"{100 * least:g} %" if is_share else f"{least:g}"
    above = alt.LayerChart(
        layer=[
            top.mark_line(color=BLUE, strokeWidth=2).encode(
                y=evidence.axis(format="~g", values=_DECADES)
            ),
            *_bar(needed, "evidence", f"withdrawn from {needed:g} on", RED),
        ]
    ).properties(width=WIDTH, height=_EVIDENCE)
    below = alt.LayerChart(
        layer=[
            base.mark_line(color=BLUE, strokeWidth=2).encode(y=gain.scale(zero=False, padding=14)),
            *_bar(least, "gain", f"the verdict: more than {bar}", INK),
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


def _bar(value: float, name: str, words: str, colour: str) -> list[alt.Chart]:
    """A dashed line with its words at the left end, just above it."""
    place = pl.DataFrame({name: [value], "words": [words]})
    rule = alt.Chart(place).mark_rule(color=colour, strokeDash=[5, 4]).encode(y=f"{name}:Q")
    text = alt.Chart(place).mark_text(
        color=colour, align="left", dx=4, dy=-4, baseline="bottom", fontSize=12
    )
    return [rule, text.encode(x=alt.value(0), y=f"{name}:Q", text="words:N")]
