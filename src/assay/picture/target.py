"""Pictures of a target before any model: its values, its course in time, its season."""

import altair as alt
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import BLUE, ORANGE
from assay.picture.style import HEIGHT, WIDTH, themed

# Past this many points a line 380 px wide shows nothing more, and pages grow by megabytes.
MOST_POINTS = 400
MOST_NAMED = 12  # bars


def histogram(
    bins: pl.DataFrame, axis: str, *, rows: str = "rows", hidden: str = "hidden by the limit"
) -> alt.Chart:
    """How often each value of a target occurs, and how much of it is only a lower bound.

    Args:
        bins: columns `bin_left`, `bin_right` (in the target's unit), `count` (all rows of the bin)
            and `hidden` (those of them whose true value is hidden; 0 where nothing is censored).
        axis: what the target is, with its unit, such as `"units sold a day"`.
        rows: what is counted.
        hidden: words for the hidden part, shown in the legend.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(bins, "histogram", "bin_left", "bin_right", "count", "hidden")
    sides = pl.concat(
        [
            bins.with_columns(shown=pl.col("count") - pl.col("hidden"), part=pl.lit("seen")),
            bins.with_columns(shown=pl.col("hidden"), part=pl.lit(hidden)),
        ],
        how="vertical_relaxed",
    ).select("bin_left", "bin_right", "shown", "part")
    is_hidden = bool(bins["hidden"].sum())
    colour = alt.Color("part:N").scale(domain=["seen", hidden], range=[BLUE, ORANGE])
    chart = alt.Chart(
        sides.filter(pl.col("shown") > 0),
        description=f"Histogram of {axis}" + (f", with the part {hidden}" if is_hidden else ""),
    ).mark_bar(orient="vertical", binSpacing=1)
    return themed(
        chart.encode(
            x=_values(bins, axis),
            x2="bin_right:Q",
            y=alt.Y("shown:Q", title=rows, stack="zero").axis(tickMinStep=1),
            color=colour if is_hidden else alt.value(BLUE),
            order=alt.Order("part:N", sort="descending"),
        )
    )


def series(
    course: pl.DataFrame, axis: str, *, time: str = "date", hidden: str = "share hidden"
) -> alt.LayerChart | alt.VConcatChart:
    """A target over time, and below it the share of rows whose true value is hidden.

    Args:
        course: columns `time` (date, datetime or number), `value` and `hidden` (share, 0 to 1).
            More than 400 rows are shown as means of equal numbers of rows.
        axis: what `value` is, with its unit.
        time: what the horizontal axis is.
        hidden: words for the lower panel.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(course, "series", "time", "value", "hidden")
    thinned = _thinned(course.select("time", "value", "hidden"))
    kind = "T" if course["time"].dtype.is_temporal() else "Q"
    x = alt.X(f"time:{kind}", title=time)
    base = alt.Chart(thinned)
    y = alt.Y("value:Q", title=axis).scale(zero=bool((course["value"].drop_nulls() >= 0).all()))
    line = base.mark_line(color=BLUE, strokeWidth=1.3).encode(x=x, y=y)
    if not course["hidden"].sum():
        said = f"{axis} over time"
        return themed(alt.LayerChart(layer=[line], description=said))
    percent = alt.Axis(format="%", values=[0, 0.5, 1], grid=True)
    below = alt.Y("hidden:Q", title=hidden, axis=percent).scale(domain=[0, 1])
    bars = base.mark_area(color=ORANGE, interpolate="step", opacity=1).encode(x=x, y=below)
    upper = line.encode(x=alt.X(f"time:{kind}", title=None))
    return themed(
        alt.vconcat(
            upper.properties(width=WIDTH, height=HEIGHT - 60),
            bars.properties(width=WIDTH, height=56),
            description=f"{axis} over time, with the share of rows hidden below",
        )
    )


def season_profile(
    profile: pl.DataFrame, axis: str, *, position: str = "day of the week"
) -> alt.LayerChart:
    """The usual course of one season: a mean for each position and the middle of the rows.

    Args:
        profile: columns `position` (number, or name in the order of the rows), `mean`, `low` and
            `high` (bounds of the band, such as quartiles), in the target's unit.
        axis: what the target is, with its unit.
        position: what a position is.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(profile, "season profile", "position", "mean", "low", "high")
    x = alt.X("position:O", title=position, sort=profile["position"].to_list()).axis(labelAngle=0)
    base = alt.Chart(profile).encode(x=x)
    floor = bool((profile["low"].drop_nulls() >= 0).all())
    y = alt.Y("low:Q", title=axis).scale(zero=floor)
    band = base.mark_area(color=BLUE, opacity=0.16).encode(y=y, y2="high:Q")
    line = base.mark_line(color=BLUE, point={"filled": True, "size": 36, "color": BLUE})
    said = f"Mean of {axis} by {position}, with the band from `low` to `high`"
    return themed(alt.LayerChart(layer=[band, line.encode(y="mean:Q")], description=said))


def _values(bins: pl.DataFrame, axis: str) -> alt.X:
    """The horizontal axis; a few bars that are one whole number each are named below it."""
    x = alt.X("bin_left:Q", bin="binned", title=axis)
    middles = ((bins["bin_left"] + bins["bin_right"]) / 2).to_list()
    is_counted = all(middle.is_integer() for middle in middles) and bins.height <= MOST_NAMED
    width = (bins["bin_right"] - bins["bin_left"]).to_list()
    return x.axis(values=middles, format="d") if is_counted and set(width) == {1.0} else x


def _thinned(course: pl.DataFrame) -> pl.DataFrame:
    step = -(-course.height // MOST_POINTS)
    if step == 1:
        return course
    buckets = course.with_row_index("bucket").with_columns(pl.col("bucket") // step)
    grouped = buckets.group_by("bucket", maintain_order=True)
    return grouped.agg(pl.col("time").first(), pl.col("value", "hidden").mean()).drop("bucket")
