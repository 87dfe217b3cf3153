"""What pictures of several projects share: their order, colours, labels and titles."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from assay.picture.palette import CATEGORIES, MUTED

WORTH = "worth (importance × points)"
COLOURED = CATEGORIES[:5]  # the sixth is the grey of all other projects
NAMED = 12  # projects whose names still stand beside a picture
LINE_OF_TEXT = 0.07  # share of the height that one label needs


def title(words: str, *below: str) -> alt.Title:
    """What a picture shows, and below it how to read it, a line a sentence."""
    quiet = {"subtitleColor": MUTED, "subtitleFontSize": 12, "offset": 10}
    return alt.Title(words, subtitle=[line for line in below if line], **quiet)


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


def labels(named: pl.DataFrame, projects: Sequence[str], top: float, low: float = 0.0) -> alt.Chart:
    """Names right of the points (`effort`, `value`), moved apart.

    Args:
        named: columns `project`, `effort`, `value`, `words`.
        projects: in the order of their colours; only the first few are named.
        top: highest value that is drawn.
        low: lowest value that is drawn.
    """
    shown = named.filter(pl.col("project").is_in(list(projects)[:NAMED])).sort("value")
    line = LINE_OF_TEXT * ((top - low) or 1.0)
    apart = moved_apart(shown["value"].to_list(), line, top)
    placed = shown.with_columns(at=pl.Series(apart, dtype=pl.Float64))
    text = alt.Chart(placed).mark_text(align="left", dx=7, fontSize=12, clip=False)
    return text.encode(x="effort:Q", y="at:Q", text="words:N", color=colour(projects))


def moved_apart(places: Sequence[float], least: float, top: float) -> list[float]:
    """Ascending places, each at least `least` above the one before, and if possible below `top`."""
    apart: list[float] = []
    for place in places:
        apart.append(max(place, apart[-1] + least) if apart else place)
    for at in reversed(range(len(apart))):
        room = top if at == len(apart) - 1 else apart[at + 1] - least
        apart[at] = min(apart[at], max(room, places[0] + at * least))
    return apart
