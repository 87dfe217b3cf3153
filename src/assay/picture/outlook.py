"""A series and what may come of it: its past, its sold-out days, a fan of intervals."""

import altair as alt
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import BLUE, INK, MUTED, ORANGE
from assay.picture.style import themed

WIDTH, HEIGHT = 380, 170
SEEN, OUT, MEAN = "sold", "sold out", "forecast"


def outlook(past: pl.DataFrame, ahead: pl.DataFrame, axis: str) -> alt.LayerChart:
    """History, sold-out days and forecast of one series.

    Args:
        past: columns `time`, `seen`, `hidden` (whether a limit was reached).
        ahead: columns `time`, `mean`, `low`, `high` (90 %), `inner_low`, `inner_high` (50 %).
        axis: what is shown upwards, with its unit.

    Raises:
        DataError: a column is missing, or a table has no row.
    """
    needed(past, "outlook", "time", "seen", "hidden")
    needed(ahead, "outlook", "time", "mean", "low", "high", "inner_low", "inner_high")
    kind = "T" if past["time"].dtype.is_temporal() else "Q"
    x = alt.X(f"time:{kind}", title=None).scale(nice=False)
    marks = ahead.select("time", "mean").with_columns(what=pl.lit(MEAN))
    seen = past.drop_nulls("seen").with_columns(
        what=pl.when("hidden").then(pl.lit(OUT)).otherwise(pl.lit(SEEN))
    )
    names = [SEEN, OUT, MEAN] if past["hidden"].any() else [SEEN, MEAN]
    colours = {SEEN: INK, OUT: ORANGE, MEAN: BLUE}
    colour = alt.Color("what:N").scale(domain=names, range=[colours[name] for name in names])
    y = alt.Y("low:Q", title=axis).scale(zero=True)
    fan = alt.Chart(ahead).encode(x=x)
    layers = [
        alt.Chart(past)
        .mark_line(color=MUTED, strokeWidth=0.8, opacity=0.6)
        .encode(x=x, y="seen:Q"),
        fan.mark_area(color=BLUE, opacity=0.14, interpolate="step").encode(y=y, y2="high:Q"),
        fan.mark_area(color=BLUE, opacity=0.24, interpolate="step").encode(
            y="inner_low:Q", y2="inner_high:Q"
        ),
        alt.Chart(marks)
        .mark_line(strokeWidth=2, interpolate="step")
        .encode(x=x, y="mean:Q", color=colour),
        alt.Chart(seen)
        .mark_point(filled=True, size=16, opacity=0.9)
        .encode(x=x, y="seen:Q", color=colour),
    ]
    said = (
        f"{axis}: what was seen, sold-out days, and the forecast with its 50 % and 90 % intervals"
    )
    return themed(alt.LayerChart(layer=layers, description=said), width=WIDTH, height=HEIGHT)


def hidden_demand(days: pl.DataFrame, axis: str) -> alt.LayerChart:
    """What was sold and what stock-outs hid beyond it, over time.

    Args:
        days: columns `time`, `sold`, `lost`.
        axis: what is shown upwards, with its unit.

    Raises:
        DataError: a column is missing, or there is no row.
    """
    needed(days, "hidden demand", "time", "sold", "lost")
    kind = "T" if days["time"].dtype.is_temporal() else "Q"
    names = ["sold", "hidden by stock-outs"]
    parts = pl.concat(
        [
            days.select("time", value="sold", what=pl.lit(names[0]), order=pl.lit(0)),
            days.select("time", value="lost", what=pl.lit(names[1]), order=pl.lit(1)),
        ],
        how="vertical_relaxed",
    )
    chart = (
        alt.Chart(parts)
        .mark_area(opacity=0.85)
        .encode(
            x=alt.X(f"time:{kind}", title=None),
            y=alt.Y("value:Q", title=axis, stack="zero"),
            color=alt.Color("what:N").scale(domain=names, range=[BLUE, ORANGE]),
            order="order:Q",
        )
    )
    said = f"{axis} over time: what was sold, and what stock-outs hid"
    return themed(alt.LayerChart(layer=[chart], description=said), width=WIDTH, height=HEIGHT)
