"""Projects from their first unit of effort to where a plan takes them, with stages of work."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import polars as pl

from assay.picture.columns import needed
from assay.picture.curve import NEAR_AXIS, attempt_marks
from assay.picture.palette import BLUE, INK, MUTED, PURPLE
from assay.picture.projects import plural, title
from assay.picture.style import HEIGHT as ALONE_HIGH
from assay.picture.style import WIDTH as ALONE_WIDE
from assay.picture.style import themed

WIDTH, HEIGHT = 290, 130
COLUMNS = 2
LETTER = 6.5  # pixels that one letter of a stage's name takes
LINE = 13  # pixels between the lines on which names of stages stand


@dataclass(frozen=True)
class Life:
    """One project to be drawn.

    Fields:
        project: its key.
        curve: columns `effort` (of the project in all), `mean`, `low`, `high` (points of skill).
        attempts: as for `effort_accuracy`, scores in points; may be empty.
        stages: columns `name`, `from`, `pays` (effort at which its start-up is over); may be
            empty.
        spent: effort so far.
        units: effort that the plan adds.
    """

    project: str
    curve: pl.DataFrame
    attempts: pl.DataFrame
    stages: pl.DataFrame
    spent: float
    units: float


def lifecycles(
    lives: Sequence[Life], *, unit: str = "person-day", left_out: str = "", is_titled: bool = True
) -> alt.VConcatChart:
    """Panels, one a project: its curve with its band, attempts, stages and what the plan adds.

    All have one scale upwards, so that heights compare.

    Args:
        lives: the projects, in the order of reading; at least one.
        unit: the portfolio's effort unit.
        left_out: which projects are not drawn, in words; empty where all are.
        is_titled: whether the picture says itself what it shows; a page may say it beside. A
            single panel then goes without its project's name, too.

    Raises:
        DataError: a column is missing or a curve has no row.
    """
    wide, high = (ALONE_WIDE, ALONE_HIGH) if len(lives) == 1 else (WIDTH, HEIGHT)
    reach = max(float(max(life.curve["effort"].to_list())) for life in lives)
    lines = max(_lines(life.stages, reach, wide) for life in lives)
    kinds = [kind for life in lives for kind in life.attempts["kind"]]
    has_heads = is_titled or len(lives) > 1
    span = _span(lives)
    panels = [_panel(life, unit, (wide, high), span, kinds, lines, has_heads) for life in lives]
    rows = [
        alt.HConcatChart(hconcat=panels[low : low + COLUMNS], spacing=24)
        for low in range(0, len(panels), COLUMNS)
    ]
    words = "Effort and accuracy so far, and where the plan takes them"
    said = f"{words}: " + ", ".join(f"{life.project}: {heading(life, unit)}" for life in lives)
    whole = alt.VConcatChart(vconcat=rows, spacing=14, description=said)
    if is_titled:
        whole = whole.properties(title=title(words, *_reading(lives), left_out))
    return themed(whole)


def heading(life: Life, unit: str) -> str:
    """What was spent and what the plan adds, in words.

    Args:
        life: of the project.
        unit: of effort.
    """
    spent = f"{life.spent:g} spent, " if life.spent else ""
    added = f"{life.units:g} {'more' if life.spent else plural(unit, life.units)}"
    return spent + (added if life.units else "none planned")


def _reading(lives: Sequence[Life]) -> list[str]:
    """How to read the marks that are there."""
    banded = any((life.curve["low"] < life.curve["high"]).any() for life in lives)
    started = any(
        not life.stages.filter(pl.col("pays") > pl.col("from")).is_empty() for life in lives
    )
    first = ["ring: spent so far"] if any(life.spent for life in lives) else []
    first += ["thick line: what the plan adds"] if any(life.units for life in lives) else []
    if banded:
        first.append("the band holds accuracy in 8 of 10 cases")
    second = []
    if any(not life.attempts.is_empty() for life in lives):
        second.append("numbers: attempts, which may fall short of the line")
    if started:
        second.append("shaded: start-up, effort that moves no accuracy")
    return ["; ".join(first), "; ".join(second)]


def _span(lives: Sequence[Life]) -> list[float]:
    """Lowest and highest accuracy that is drawn in any panel."""
    heights = [0.0]
    for life in lives:
        needed(life.curve, "lifecycle", "effort", "mean", "low", "high")
        score, error = pl.col("score"), pl.col("se").fill_null(0.0)
        scored = life.attempts.filter(score.is_not_null() & pl.col("effort").is_not_null())
        ends = scored.select(low=score - error, high=score + error)
        heights += [*life.curve["low"], *life.curve["high"], *ends["low"], *ends["high"]]
    return [min(heights), max(heights) if max(heights) > min(heights) else 1.0]


def _panel(
    life: Life,
    unit: str,
    size: tuple[int, int],
    heights: Sequence[float],
    kinds: Sequence[str],
    lines: int,
    has_head: bool,
) -> alt.LayerChart:
    span = float(max(life.curve["effort"].to_list()))
    end = life.spent + life.units
    wide, high = size
    x = alt.X("effort:Q", title=f"{unit}s").scale(nice=False, domain=[0, span])
    y = alt.Y("low:Q", title="points of skill").scale(domain=list(heights), nice=True)
    band = alt.Chart(life.curve).mark_area(color=BLUE, opacity=0.16).encode(x=x, y=y, y2="high:Q")
    line = alt.Chart(life.curve).mark_line(color=BLUE, strokeWidth=2).encode(x=x, y="mean:Q")
    added = life.curve.filter(pl.col("effort").is_between(life.spent, end))
    thick = alt.Chart(added).mark_line(color=PURPLE, strokeWidth=4)
    here = life.curve.filter(pl.col("effort") == life.spent)
    ring = alt.Chart(here).mark_point(color=INK, size=60, opacity=1, strokeWidth=1.8)
    there = alt.Chart(life.curve.filter(pl.col("effort") == end))
    layers: list[alt.Chart] = [*_stages(life.stages, span, wide), band, line]
    if life.units:
        dot = there.mark_circle(color=PURPLE, size=80, opacity=1)
        layers += [thick.encode(x="effort:Q", y="mean:Q"), dot.encode(x="effort:Q", y="mean:Q")]
    if life.spent:
        layers.append(ring.encode(x="effort:Q", y="mean:Q"))
    layers += attempt_marks(life.attempts, kinds, above=6, low=NEAR_AXIS * heights[1])
    if has_head:
        layers += _heads(life, unit, -8.0 - LINE * lines)
    return alt.LayerChart(layer=layers, width=wide, height=high)


def _heads(life: Life, unit: str, up: float) -> list[alt.Chart]:
    """Name and units; as marks, since a title would stand higher where a stage's name does."""
    words = pl.DataFrame({"name": [life.project], "words": [heading(life, unit)]})
    base = alt.Chart(words).encode(x=alt.value(0))
    name = base.mark_text(align="left", baseline="bottom", fontSize=13, fontWeight="bold")
    below = base.mark_text(align="left", baseline="bottom", fontSize=12, color=MUTED)
    return [
        name.encode(y=alt.value(up - 16), text="name:N"),
        below.encode(y=alt.value(up), text="words:N"),
    ]


def _stages(stages: pl.DataFrame, span: float, wide: int) -> list[alt.Chart]:
    """A rule where each stage begins, its name above the plot, and a wash over its start-up."""
    drawn = stages.filter(pl.col("from") < span)
    if drawn.is_empty():
        return []
    rows = _rows(drawn, span, wide)
    placed = drawn.with_columns(
        until=pl.min_horizontal("pays", pl.lit(span)),
        up=pl.Series([-6.0 - LINE * row for row in rows], dtype=pl.Float64),
    )
    base = alt.Chart(placed)
    wash = base.transform_filter("datum.until > datum.from")
    washed = wash.mark_rect(color=MUTED, opacity=0.18).encode(x="from:Q", x2="until:Q")
    rule = base.mark_rule(color=MUTED, strokeWidth=1, strokeDash=[2, 3]).encode(x="from:Q")
    names = [
        alt.Chart(placed.filter(pl.col("up") == up))
        .mark_text(align="left", baseline="bottom", dx=1, fontSize=11.5, color=MUTED)
        .encode(x="from:Q", y=alt.value(up + 2), text="name:N")
        for up in sorted(set(placed["up"].to_list()))
    ]
    return [washed, rule, *names]


def _rows(stages: pl.DataFrame, span: float, wide: int) -> list[int]:
    """For each stage the lowest line on which its name runs into no other."""
    ends: list[float] = []
    rows: list[int] = []
    for begins, name in stages.select("from", "name").rows():
        at = wide * begins / span
        row = next((row for row, end in enumerate(ends) if end <= at), len(ends))
        ends[row : row + 1] = [at + LETTER * len(name) + 4]
        rows.append(row)
    return rows


def _lines(stages: pl.DataFrame, span: float, wide: int) -> int:
    drawn = stages.filter(pl.col("from") < span)
    return 1 + max(_rows(drawn, span, wide)) if not drawn.is_empty() else 0
