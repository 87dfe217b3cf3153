"""What pictures of several projects share: their order, colours, labels and titles."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from assay.picture.palette import CATEGORIES, INK, MUTED

IMPORTANCE = "importance × points"  # the unit of value where none is named
COLOURED = CATEGORIES[:5]  # the sixth is the grey of all other projects
NAMED = 12  # projects whose names still stand beside a picture
LINE_OF_TEXT = 0.07  # share of the height that one label needs


def title(words: str, *below: str) -> alt.Title:
    """What a picture shows, and below it how to read it, a line a sentence."""
    lines = [line for line in below if line]
    return alt.Title(words, subtitle=lines, subtitleColor=MUTED, subtitleFontSize=12, offset=10)


def plural(unit: str, units: float = 2) -> str:
    """A unit of effort as it stands after a number."""
    return unit if units == 1 else f"{unit}s"


def ranked(given: pl.DataFrame) -> pl.DataFrame:
    """Projects with the most effort first, so that colours go to those that matter."""
    return given.sort("units", descending=True, maintain_order=True)


def colour(projects: Sequence[str]) -> alt.Color:
    """One colour for each of the first projects, grey for the rest; names stand at the curves."""
    tints = [*COLOURED, *[MUTED] * len(projects)][: len(projects)]
    return alt.Color("project:N", legend=None).scale(domain=list(projects), range=tints)


def labels(
    named: pl.DataFrame,
    projects: Sequence[str],
    top: float,
    *,
    low: float = 0.0,
    along: str = "effort",
) -> alt.Chart:
    """Names right of points, moved apart.

    Args:
        named: columns `project` (empty for what is of no project, in ink), `value` (upwards),
            `words`, and where it stands sideways.
        projects: in the order of their colours; only the first few are named.
        top: highest value that is drawn.
        low: lowest value that is drawn.
        along: the column that says where it stands sideways.
    """
    known = named.filter(pl.col("project").is_in(["", *projects[:NAMED]]))
    # Of equal heights the project that gets most stands on top.
    shown = known.reverse().sort("value", maintain_order=True)
    line = LINE_OF_TEXT * ((top - low) or 1.0)
    apart = moved_apart(shown["value"].to_list(), line, low, top)
    placed = shown.with_columns(at=pl.Series(apart, dtype=pl.Float64))
    text = alt.Chart(placed).mark_text(align="left", dx=7, fontSize=12, clip=False)
    tint = alt.condition("datum.project == ''", alt.value(INK), colour(projects))
    return text.encode(x=f"{along}:Q", y="at:Q", text="words:N", color=tint)


def lines(curves: pl.DataFrame, projects: Sequence[str], *, clip: bool = False) -> alt.Chart:
    """A line a project, thin and pale where it is one of the grey ones."""
    is_first = alt.FieldOneOfPredicate(field="project", oneOf=list(projects[: len(COLOURED)]))
    return (
        alt.Chart(curves)
        .mark_line(clip=clip)
        .encode(
            color=colour(projects),
            detail="project:N",
            strokeWidth=alt.condition(is_first, alt.value(2), alt.value(1)),
            opacity=alt.condition(is_first, alt.value(0.75), alt.value(0.4)),
        )
    )


def moved_apart(places: Sequence[float], least: float, low: float, top: float) -> list[float]:
    """Ascending places, each at least `least` above the one before, from `low` to `top` if all fit.

    Where they do not, they go on above `top`.
    """
    apart: list[float] = []
    for place in places:
        apart.append(max(place, apart[-1] + least) if apart else place)
    for at in reversed(range(len(apart))):
        room = top if at == len(apart) - 1 else apart[at + 1] - least
        apart[at] = min(apart[at], max(room, low + at * least))
    return apart
