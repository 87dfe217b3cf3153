"""A series and what may come of it: its past, its sold-out days, a fan of intervals."""

from typing import Any, NamedTuple

import altair as alt
import numpy as np
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import BLUE, INK, MUTED, ORANGE
from assay.picture.style import themed

WIDTH, HEIGHT = 380, 170
SEEN, OUT, MEAN = "sold", "sold out", "forecast"
WITH_HIDDEN = "with what stock-outs hid"
USUAL = 0.995  # share of what was seen that an axis must hold
ROOM = 1.3  # of an axis over the highest that it must hold
NAMED = 3  # values beyond an axis that are written beside it


class _Scale(NamedTuple):
    """The upward axis: its channel settings, and where it ends; `None` where it holds all."""

    settings: dict[str, Any]
    end: float | None


def outlook(
    past: pl.DataFrame, ahead: pl.DataFrame, axis: str, *, width: int = WIDTH
) -> alt.LayerChart:
    """History, sold-out days and forecast of one series, or of a sum.

    A single huge value does not flatten the others: the axis ends at 1.3 times the highest of the
    intervals and of the 99.5 % quantile of what was seen, and triangles mark what lies beyond.

    Args:
        past: columns `time`, `seen`, `hidden` (whether a limit was reached), and perhaps `demand`
            (what was seen and what stock-outs hid).
        ahead: columns `time`, `mean`, `low`, `high` (90 %), `inner_low`, `inner_high` (50 %).
        axis: what is shown upwards, with its unit.
        width: of the plot in pixels.

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
    colour, has_demand = _colour(past), "demand" in past.columns
    scale = _scale(past, ahead)
    y = alt.Y("low:Q", title=axis).scale(**scale.settings)
    fan, line = alt.Chart(ahead).encode(x=x), alt.Chart(past).encode(x=x)
    held, beyond = seen, seen.clear()
    if scale.end is not None:
        held, beyond = (
            seen.filter(pl.col("seen") <= scale.end),
            seen.filter(pl.col("seen") > scale.end),
        )
    layers: list[Any] = [
        line.mark_line(color=MUTED, strokeWidth=0.8, opacity=0.6, clip=True).encode(y="seen:Q"),
        fan.mark_area(color=BLUE, opacity=0.14, interpolate="step", clip=True).encode(
            y=y, y2="high:Q"
        ),
        fan.mark_area(color=BLUE, opacity=0.24, interpolate="step", clip=True).encode(
            y="inner_low:Q", y2="inner_high:Q"
        ),
        alt.Chart(marks)
        .mark_line(strokeWidth=2, interpolate="step", clip=True)
        .encode(x=x, y="mean:Q", color=colour),
        alt.Chart(held)
        .mark_point(filled=True, size=16, opacity=0.9)
        .encode(x=x, y="seen:Q", color=colour),
    ]
    if has_demand:
        whole = past.select("time", "demand").with_columns(what=pl.lit(WITH_HIDDEN))
        layers.insert(
            1,
            alt.Chart(whole)
            .mark_line(strokeWidth=1.4, clip=True)
            .encode(x=x, y="demand:Q", color=colour),
        )
    if beyond.height and scale.end is not None:
        layers += _beyond(beyond, x, colour, scale.end)
    said = (
        f"{axis}: what was seen, sold-out days, and the forecast with its 50 % and 90 % intervals"
    )
    said += f"; triangles lie beyond the axis: {beyond.height}" * bool(beyond.height)
    return themed(alt.LayerChart(layer=layers, description=said), width=width, height=HEIGHT)


def followed(past: pl.DataFrame, axis: str) -> alt.LayerChart:
    """The past of one series, sold-out days, and what was expected of each step before it.

    Args:
        past: columns `time`, `seen`, `hidden` (whether a limit was reached), `mean`.
        axis: what is shown upwards, with its unit.

    Raises:
        DataError: a column is missing, or there is no row.
    """
    needed(past, "followed series", "time", "seen", "hidden", "mean")
    fan = past.select("time", "mean").drop_nulls()
    flat = fan.with_columns(
        low="mean", high="mean", inner_low="mean", inner_high="mean"
    )  # an interval of no width: what was expected is one line
    return outlook(past, flat, axis)


def _colour(past: pl.DataFrame) -> alt.Color:
    """Colours of what is shown, and of nothing else."""
    colours = {SEEN: INK, OUT: ORANGE, WITH_HIDDEN: ORANGE, MEAN: BLUE}
    leaves = set() if past["hidden"].any() else {OUT}
    leaves |= set() if "demand" in past.columns else {WITH_HIDDEN}
    names = [name for name in colours if name not in leaves]
    return alt.Color("what:N").scale(domain=names, range=[colours[name] for name in names])


def _scale(past: pl.DataFrame, ahead: pl.DataFrame) -> _Scale:
    """An axis that a few huge values do not stretch."""
    names = [name for name in ("seen", "demand") if name in past.columns]
    values = np.concatenate([past[name].drop_nulls().to_numpy() for name in names])
    ends = [each.to_numpy() for each in ahead.select("low", "high", "mean").drop_nulls()]
    highest = max((float(each.max()) for each in ends if each.size), default=0.0)
    if values.size:
        highest = max(highest, float(np.quantile(values, USUAL, method="lower")))
    end = ROOM * highest
    if not values.size or values.max() <= end or end <= 0:
        return _Scale({"zero": True}, None)
    lowest = min(0.0, float(values.min()), *(float(each.min()) for each in ends if each.size))
    return _Scale({"domain": [lowest, end], "nice": False}, end)


def _beyond(beyond: pl.DataFrame, x: alt.X, colour: alt.Color, end: float) -> list[alt.Chart]:
    """Triangles where values lie beyond the axis; few of them with their value."""
    at = alt.datum(end)
    base = alt.Chart(beyond).encode(x=x, y=at)
    made = [base.mark_point(filled=True, shape="triangle-up", size=50).encode(color=colour)]
    if beyond.height <= NAMED:
        words = base.mark_text(align="left", dx=7, dy=1, color=MUTED, fontSize=11)
        made.append(words.encode(text=alt.Text("seen:Q", format=",.4~g")))
    return made


def hidden_demand(days: pl.DataFrame, axis: str, *, width: int = WIDTH) -> alt.LayerChart:
    """What was sold and what stock-outs hid beyond it, over time.

    Args:
        days: columns `time`, `sold`, `lost`.
        axis: what is shown upwards, with its unit.
        width: of the plot in pixels.

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
    return themed(alt.LayerChart(layer=[chart], description=said), width=width, height=HEIGHT)
