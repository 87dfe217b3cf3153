"""Times as whole steps: days, working days, months, or whatever the usual distance is."""

from dataclasses import dataclass

import numpy as np
import polars as pl

DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, eq=False)
class Steps:
    """Times of a panel counted in steps.

    Fields:
        name: what one step is, such as "day", or "row" where times keep no distance.
        position: whole number of steps since the first time, for each row.
        share: share of neighbouring rows that are exactly one step apart.
        gaps: steps inside the series for which there is no row.
    """

    name: str
    position: np.ndarray
    share: float
    gaps: int

    @property
    def is_regular(self) -> bool:
        """Whether lags can be counted in time and not only in rows."""
        return self.name != "row"


def steps(times: pl.Series, series: np.ndarray) -> Steps:
    """Find the usual step of a time column.

    Args:
        times: sorted within each series, none missing.
        series: number of the series of each row, ascending.

    Returns:
        Positions in steps; in rows of the series where fewer than nine in ten times lie on a grid.
    """
    times, inside = _as_days(times), np.diff(series) == 0
    for name, position in _readings(times, inside):
        jumps = np.diff(position)[inside]
        if jumps.size and jumps.min() >= 1:
            return Steps(name, position, float((jumps == 1).mean()), int((jumps - 1).sum()))
    rows = np.arange(len(series))
    starts = np.concatenate([[True], ~inside])
    return Steps("row", rows - np.maximum.accumulate(np.where(starts, rows, 0)), 0.0, 0)


def _as_days(times: pl.Series) -> pl.Series:
    """Moments at one local time of day as days: a day of 23 hours in March is still one day."""
    if not isinstance(times.dtype, pl.Datetime):
        return times
    local = times.dt.replace_time_zone(None)
    return local.dt.date() if local.dt.time().n_unique() == 1 else times


def _readings(times: pl.Series, inside: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Readings of a time column, the most natural first."""
    months = _months(times, inside)
    working_days = _working_days(times, inside)
    grid = _grid(times, inside)
    return [reading for reading in (months, working_days, grid) if reading is not None]


def _months(times: pl.Series, inside: np.ndarray) -> tuple[str, np.ndarray] | None:
    if not times.dtype.is_temporal():
        return None
    days = times.dt.date()
    is_first_or_last = days.dt.day().n_unique() == 1 or bool((days == days.dt.month_end()).all())
    months = (days.dt.year().cast(pl.Int64) * 12 + days.dt.month()).to_numpy()
    apart = np.diff(months)[inside]
    if not is_first_or_last or not apart.size or apart.min() < 1:
        return None
    step = int(np.gcd.reduce(apart))
    name = {1: "month", 3: "quarter", 12: "year"}.get(step, f"{step} months")
    return name, (months - months.min()) // step


def _working_days(times: pl.Series, inside: np.ndarray) -> tuple[str, np.ndarray] | None:
    if times.dtype != pl.Date or bool((times.dt.weekday() > 5).any()):
        return None
    days = times.to_numpy().astype("datetime64[D]")
    apart = np.diff(days).astype(np.int64)[inside]
    # Weekly data has no weekends either, so some rows must follow on the next day.
    if not apart.size or (apart == 1).mean() < 0.5 or not (apart > 1).any():
        return None
    return "working day", np.busday_count(days.min(), days).astype(np.int64)


def _grid(times: pl.Series, inside: np.ndarray) -> tuple[str, np.ndarray] | None:
    if times.dtype == pl.Date:
        x, unit = times.cast(pl.Int32).cast(pl.Int64).to_numpy(), "day"
    elif times.dtype.is_temporal():
        x, unit = times.dt.timestamp("us").to_numpy(), "microsecond"
    else:
        x, unit = times.cast(pl.Float64).to_numpy(), "step"
    apart = np.diff(x)[inside]
    if not apart.size:
        return None
    distances, counts = np.unique(apart, return_counts=True)
    step = distances[np.argmax(counts)]
    position = np.round((x - x.min()) / step).astype(np.int64)
    on_grid = np.abs(x - x.min() - position * step) <= 1e-6 * step
    # A grid of microseconds over years is no grid anybody meant, and its lags overflow.
    is_grid = on_grid.mean() >= 0.9 and position.max() < 1e9
    return (_name(step, unit), position) if is_grid else None


def _name(step: float, unit: str) -> str:
    if unit == "step":
        return "step" if step == 1 else f"{step:g}"
    length = int(step) * (DAY if unit == "day" else 1)
    known = {DAY: "day", 7 * DAY: "week", DAY // 24: "hour", DAY // 1440: "minute"}
    if length in known:
        return known[length]
    for size, noun in ((DAY, "days"), (DAY // 24, "hours"), (DAY // 1440, "minutes")):
        if length % size == 0:
            return f"{length // size} {noun}"
    return f"{length / 1e6:g} seconds"
