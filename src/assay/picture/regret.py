"""What policies of splitting effort lose against somebody who knows the truth."""

import altair as alt
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import CATEGORIES, MUTED
from assay.picture.projects import title
from assay.picture.style import themed

WIDTH, HEIGHT = 380, 240
LINE_OF_TEXT = 0.065  # share of the height that one label needs
COLOURED = CATEGORIES[:5]  # the sixth is the grey of all other policies


def regret_by_effort(table: pl.DataFrame, *, unit: str = "person-day") -> alt.LayerChart:
    """Regret against effort, a line for each policy, named at its end.

    Args:
        table: columns `policy`, `effort` (on offer so far, in `unit`), `regret` (per cent of the
            oracle's value) and `se` (of the regret, null where there is one company).
        unit: of effort.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(table, "regret by effort", "policy", "effort", "regret", "se")
    error = pl.col("se").cast(pl.Float64).fill_null(0.0)
    drawn = table.with_columns(low=pl.col("regret") - error, high=pl.col("regret") + error)
    ends = drawn.filter(pl.col("effort") == pl.col("effort").max()).sort("regret")
    names = ends["policy"].to_list()
    tints = [*COLOURED, *[MUTED] * len(names)][: len(names)]
    colour = alt.Color("policy:N", legend=None).scale(domain=names, range=tints)
    x = alt.X("effort:Q", title=f"effort ({unit}s)").scale(nice=False)
    y = alt.Y("regret:Q", title="regret (% of the oracle's value)").scale(zero=True)
    base = alt.Chart(drawn).encode(x=x, color=colour)
    label = pl.concat_str("policy", pl.lit(" "), pl.col("regret").round(1).cast(pl.String))
    top = max(drawn["high"].to_list())
    named = ends.with_columns(words=label, at=_apart(ends["regret"], LINE_OF_TEXT * (top or 1.0)))
    text = alt.Chart(named).mark_text(align="left", dx=7, fontSize=12, clip=False)
    layers: list[alt.Chart] = [
        base.mark_area(opacity=0.12).encode(y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=22)).encode(y=y),
        text.encode(x="effort:Q", y="at:Q", text="words:N", color=colour),
    ]
    words = "What each policy loses as effort is spent"
    said = f"{words}; in the end " + ", ".join(named["words"])
    how = "against the best split, which only the oracle knows; numbers: in the end"
    bands = "" if table["se"].null_count() == table.height else "bands: one standard error each way"
    chart = alt.LayerChart(layer=layers, description=said, title=title(words, how, bands))
    return themed(chart, width=WIDTH, height=HEIGHT)


def _apart(ascending: pl.Series, least: float) -> pl.Series:
    """Ascending places, each at least `least` above the one before."""
    places: list[float] = []
    for place in ascending.to_list():
        places.append(max(place, places[-1] + least) if places else place)
    return pl.Series(places, dtype=pl.Float64)
