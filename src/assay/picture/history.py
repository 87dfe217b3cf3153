"""What scores did, and what to expect of them."""

import altair as alt
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import BLUE, INK
from assay.picture.projects import title
from assay.picture.style import themed


def scores_ahead(
    ahead: pl.DataFrame,
    seen: pl.DataFrame,
    *,
    effort: str = "effort",
    score: str = "score",
    is_titled: bool = True,
) -> alt.LayerChart:
    """Scores that were seen, the expected score, and its band.

    Args:
        ahead: columns `effort`, `mean`, `low`, `high`.
        seen: columns `effort`, `score`. May be empty.
        effort: title of the axis across.
        score: title of the axis upwards.
        is_titled: whether the picture says itself what it shows; a page may say it beside.

    Raises:
        DataError: a column is missing, or `ahead` has no row.
    """
    needed(ahead, "scores ahead", "effort", "mean", "low", "high")
    x = alt.X("effort:Q", title=effort).scale(nice=False)
    y = alt.Y("low:Q", title=score).scale(zero=False)
    base = alt.Chart(ahead).encode(x=x)
    layers = [
        base.mark_area(color=BLUE, opacity=0.16).encode(y=y, y2="high:Q"),
        base.mark_line(color=BLUE, strokeWidth=2).encode(y="mean:Q"),
    ]
    if not seen.is_empty():
        points = alt.Chart(seen).mark_point(color=INK, filled=True, size=18, opacity=0.8)
        layers.append(points.encode(x="effort:Q", y="score:Q", tooltip=["effort:Q", "score:Q"]))
    said = f"Expected {score} against {effort} with its 80 % band, and the scores seen"
    chart = alt.LayerChart(layer=layers, description=said)
    if is_titled:
        below = f"dots: seen; line: expected; the band holds the {score} in 8 of 10 cases"
        chart = chart.properties(title=title(f"Where the {score} goes with more {effort}", below))
    return themed(chart)
