"""The steps of a panel: days, weeks, months, hours or numbers, evenly apart."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from assay.errors import ConfigError, DataError
from assay.series.kinds import Whole

DAY_US = 86_400_000_000
_LONG_MONTH, _SHORT_MONTH = 31, 28


@dataclass(frozen=True)
class Grid:
    """Evenly spaced times.

    Fields:
        dtype: of the time column.
        unit: what `size` counts: `days`, `months`, `microseconds` or `numbers`.
        size: from one step to the next.
        origin: the first time, in the unit.
        day: of the month, where steps are months.
    """

    dtype: Any
    unit: str
    size: float
    origin: float
    day: int = 1

    def steps(self, times: pl.Series) -> tuple[Whole, np.ndarray]:
        """The step of each time, and which times lie on the grid."""
        at = (_counted(times, self.unit) - self.origin) / self.size
        whole = np.round(at)
        on_grid = np.isclose(at, whole, rtol=0.0, atol=1e-6)
        if self.unit == "months":
            on_grid &= _on_day(times, self.day)
        return np.where(on_grid, whole, np.floor(at)).astype(np.int64), on_grid

    def times(self, steps: Whole) -> pl.Series:
        """The time of each step, in the kind of the time column."""
        at = self.origin + self.size * np.asarray(steps)
        if self.unit == "numbers":
            return pl.Series(at).cast(self.dtype)
        if self.unit == "months":
            months = at.astype(np.int64)
            found = [_month_day(int(month), self.day) for month in months]
            return pl.Series(found, dtype=pl.Date).cast(self.dtype)
        if self.unit == "days":
            return pl.Series(at.astype(np.int64)).cast(pl.Int32).cast(pl.Date)
        local = pl.Series(at.astype(np.int64)).cast(pl.Datetime("us"))
        zone = getattr(self.dtype, "time_zone", None)
        if zone is not None:  # the hour that a clock skips in spring has no time of its own
            local = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        return local.cast(self.dtype)

    @property
    def said(self) -> str:
        """One step in words, such as `1 day`."""
        if self.unit == "microseconds":
            for name, size in (("day", DAY_US), ("hour", DAY_US // 24), ("minute", DAY_US // 1440)):
                if self.size % size == 0:
                    return _quantity(self.size / size, name)
            return _quantity(self.size / 1e6, "second")
        return _quantity(self.size, {"days": "day", "months": "month"}.get(self.unit, "unit"))


def grid_of(times: pl.Series, series: np.ndarray, where: str) -> Grid:
    """The grid that most neighbouring times keep to.

    Args:
        times: sorted within each series, without missing values.
        series: number of the series of each row, ascending.
        where: start of messages.

    Raises:
        DataError: no series has two times, so that nothing tells how far apart steps are.
    """
    unit, day = _unit(times)
    at = _counted(times, unit)
    apart = np.diff(at)[np.diff(series) == 0]
    apart = apart[apart > 0]
    if not apart.size:
        raise DataError(
            f"{where}: no series has two different times in `{times.name}`, so nothing tells how "
            "far apart its steps are. At least one series needs two."
        )
    sizes, counts = np.unique(apart, return_counts=True)
    return Grid(times.dtype, unit, float(sizes[np.argmax(counts)]), float(at.min()), day)


def read_season(season: float, grid: Grid) -> float:
    """A period in steps; refuses one that is shorter than two of them.

    Raises:
        ConfigError: names the period and the step.
    """
    if season >= 2:
        return season
    raise ConfigError(f"season: {season!r} is shorter than two steps of {grid.said}.")


def _unit(times: pl.Series) -> tuple[str, int]:
    if times.dtype.is_numeric():
        return "numbers", 1
    if isinstance(times.dtype, pl.Datetime):
        return "microseconds", 1
    days = times.dt.day()
    ends = times == times.dt.month_end()
    distinct = times.unique().sort()
    gaps = distinct.diff().dt.total_days().drop_nulls()
    are_months = len(gaps) > 0 and int(gaps.min()) >= _SHORT_MONTH  # pyright: ignore[reportArgumentType]
    if are_months and ends.all():
        return "months", _LONG_MONTH
    if are_months and days.n_unique() == 1:
        return "months", int(days[0])
    return "days", 1


def _counted(times: pl.Series, unit: str) -> np.ndarray:
    if unit == "numbers":
        return times.cast(pl.Float64).to_numpy()
    if unit == "days":
        return times.cast(pl.Date).cast(pl.Int32).cast(pl.Float64).to_numpy()
    if unit == "months":
        months = times.dt.year().cast(pl.Int64) * 12 + times.dt.month().cast(pl.Int64) - 1
        return months.cast(pl.Float64).to_numpy()
    # Clock time: a day of summer time is a day like any other.
    local = times.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    return local.cast(pl.Int64).cast(pl.Float64).to_numpy()


def _on_day(times: pl.Series, day: int) -> np.ndarray:
    if day == _LONG_MONTH:
        return (times == times.dt.month_end()).to_numpy()
    return (times.dt.day() == day).to_numpy()


def _month_day(month: int, day: int) -> date:
    first = pl.date(month // 12, month % 12 + 1, 1)
    if day == _LONG_MONTH:
        return pl.select(first.dt.month_end()).item()
    return date(month // 12, month % 12 + 1, day)


def _quantity(count: float, name: str) -> str:
    return f"{count:g} {name}{'' if count == 1 else 's'}"
