"""The small tables that pictures of a target are drawn from."""

import numpy as np
import polars as pl

from assay.problem.calendar import Steps
from assay.problem.facts import Facts

_MOST_BARS = 40


def histogram(facts: Facts) -> pl.DataFrame:
    """How often values occur: `bin_left`, `bin_right`, `count`, and `hidden` of these."""
    edges = _edges(facts)
    counts, _ = np.histogram(facts.values, edges)
    hidden, _ = np.histogram(facts.y[facts.hidden.any], edges)
    return pl.DataFrame(
        {"bin_left": edges[:-1], "bin_right": edges[1:], "count": counts, "hidden": hidden}
    )


def _edges(facts: Facts) -> np.ndarray:
    y = facts.values
    low, high = float(y.min()), float(y.max())
    if facts.is_whole:
        # Bars as wide as some whole number and centred on it: never two counts in one, one in next.
        width = max(1.0, np.ceil((high - low + 1) / _MOST_BARS))
        return low - 0.5 + width * np.arange(np.floor((high - low) / width) + 2)
    if low == high:
        return np.array([low - 0.5, high + 0.5])
    return np.histogram_bin_edges(y, bins=int(np.clip(np.sqrt(len(y)), 10, _MOST_BARS)))


def course(facts: Facts) -> pl.DataFrame:
    """The target over time: `time`, `value` (mean), `total`, `rows`, and `hidden` (share)."""
    table = pl.DataFrame(
        {
            "time": facts.frame.column(str(facts.roles.time)),
            "y": facts.y,
            "is_hidden": facts.hidden.any,
        }
    )
    recorded = table.filter(pl.col("y").is_not_nan())
    return (
        recorded.group_by("time")
        .agg(
            value=pl.col("y").mean(),
            total=pl.col("y").sum(),
            rows=pl.len(),
            hidden=pl.col("is_hidden").mean(),
        )
        .sort("time")
    )


def season_profile(facts: Facts, found: Steps, lag: int) -> pl.DataFrame:
    """The usual course of one season: `position` (1 to `lag`), `mean`, `low`, `high` (quartiles).

    Position 1 is Monday for days of the week, January for months and midnight for hours; otherwise
    it is the first step of the data.
    """
    position = (found.position + _offset(facts, found, lag)) % lag + 1
    table = pl.DataFrame({"position": position, "y": facts.y}).filter(pl.col("y").is_not_nan())
    return (
        table.group_by("position")
        .agg(
            mean=pl.col("y").mean(),
            low=pl.col("y").quantile(0.25, "linear"),
            high=pl.col("y").quantile(0.75, "linear"),
            rows=pl.len(),
        )
        .sort("position")
    )


def _offset(facts: Facts, found: Steps, lag: int) -> int:
    times = facts.frame.column(str(facts.roles.time))
    if not times.dtype.is_temporal():
        return 0
    first = pl.Series([times.min()])
    if (found.name, lag) in (("day", 7), ("working day", 5)):
        return int(first.dt.weekday()[0]) - 1
    if (found.name, lag) == ("month", 12):
        return int(first.dt.month()[0]) - 1
    return int(first.dt.hour()[0]) if (found.name, lag) == ("hour", 24) else 0
