"""The steps of a panel: days, weeks, months, hours or numbers, evenly apart."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from assay.errors import DataError
from assay.series.kinds import Flags, Whole

DAY_US = 86_400_000_000
_LONG_MONTH, _SHORT_MONTH = 31, 28
USUAL = 0.1  # of the series that share a step, for it to be that of the grid
FAR = 0.001  # share of rows that may lie far from all others
MOST_ROWS = 0.9  # of the rows that share a day of the month, or a time of the day


@dataclass(frozen=True)
class Grid:
    """Evenly spaced times.

    Fields:
        dtype: of the time column.
        unit: what `size` counts: `days`, `months`, `microseconds` or `numbers`.
        size: from one step to the next.
        origin: the first time, in the unit.
        day: of the month, where steps are months.
        clock: time of the day of all steps, in microseconds, where steps are days or months.
    """

    dtype: Any
    unit: str
    size: float
    origin: float
    day: int = 1
    clock: int = 0

    def steps(self, times: pl.Series) -> tuple[Whole, np.ndarray]:
        """The step of each time, and which times lie on the grid."""
        at = (_counted(times, self.unit) - self.origin) / self.size
        whole = np.round(at)
        on_grid = np.isclose(at, whole, rtol=0.0, atol=1e-6)
        if self.unit == "months":
            on_grid &= _on_day(_days(times), self.day)
        if self.unit in ("days", "months") and _zone(times.dtype) is None:
            on_grid &= _clock(times) == self.clock  # a zone may skip that time on one day a year
        return np.where(on_grid, whole, np.floor(at)).astype(np.int64), on_grid

    def times(self, steps: Whole) -> pl.Series:
        """The time of each step, in the kind of the time column."""
        at = self.origin + self.size * np.asarray(steps)
        if self.unit == "numbers":
            return pl.Series(at).cast(self.dtype)
        whole = np.round(at).astype(np.int64)
        if self.unit == "microseconds":
            moments = pl.Series(whole).cast(pl.Datetime("us"))
            zone = _zone(self.dtype)
            if zone is not None:
                moments = moments.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
            return moments.cast(self.dtype)
        if self.unit == "months":
            found = [_month_day(int(month), self.day) for month in whole]
            days = pl.Series(found, dtype=pl.Date)
        else:
            days = pl.Series(whole).cast(pl.Int32).cast(pl.Date)
        return days if self.dtype == pl.Date else self._at_clock(days)

    def _at_clock(self, days: pl.Series) -> pl.Series:
        local = days.cast(pl.Datetime("us")) + timedelta(microseconds=self.clock)
        zone = _zone(self.dtype)
        if zone is None:
            return local.cast(self.dtype)
        # The hour that clocks skip in spring has no time of its own: the next one stands for it.
        found, later = (
            each.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
            for each in (local, local + timedelta(hours=1))
        )
        return found.fill_null(later).cast(self.dtype)

    def has_hours(self, zone: str | None) -> bool:
        """Whether steps are parts of days on a clock that is in no zone."""
        return zone is None and self.unit == "microseconds" and self.size < DAY_US

    @property
    def said(self) -> str:
        """One step in words, such as `1 day`."""
        return self.quantity(1)

    def quantity(self, steps: float) -> str:
        """So many steps in words."""
        size = self.size * steps
        if self.unit == "microseconds":
            for name, each in (("day", DAY_US), ("hour", DAY_US // 24), ("minute", DAY_US // 1440)):
                if size % each == 0:
                    return _quantity(size / each, name)
            return _quantity(size / 1e6, "second")
        return _quantity(size, {"days": "day", "months": "month"}.get(self.unit, "unit"))


def grid_of(times: pl.Series, series: np.ndarray, where: str) -> Grid:
    """The grid that most series keep to; a few that do not change nothing about it.

    Args:
        times: sorted within each series, without missing values.
        series: number of the series of each row, ascending.
        where: start of messages.

    Raises:
        DataError: no series has two times, so that nothing tells how far apart steps are.
    """
    unit, day, clock = _unit(times, series)
    at = _counted(times, unit)
    within = np.diff(series) == 0
    apart, owner = np.diff(at)[within], series[1:][within]
    kept = apart > 0
    if not kept.any():
        raise DataError(
            f"{where}: no series has two different times in `{times.name}`, so nothing tells how "
            "far apart its steps are. At least one series needs two."
        )
    size = _size(apart[kept], owner[kept])
    phase = np.round((at - at[0]) / size % 1.0, 6) % 1.0
    phases, counts = np.unique(phase, return_counts=True)
    usual = at[phase == phases[np.argmax(counts)]]
    origin = usual[~far_off(usual, size)].min()
    return Grid(times.dtype, unit, size, float(origin), day, clock)


def far_off(at: np.ndarray, size: float) -> Flags:
    """Times that lie far from nearly all others: by more than these span, and by 100 steps.

    Args:
        at: times as numbers.
        size: of a step.
    """
    # Of few rows, too, one may lie far off at either end.
    low, high = np.quantile(at, FAR, method="higher"), np.quantile(at, 1.0 - FAR, method="lower")
    reach = max(high - low, 100 * size)
    return (at > high + reach) | (at < low - reach)


def refuse_written_days(times: pl.Series, where: str) -> None:
    """Refuse days and months written as one whole number: as numbers they leave gaps.

    Raises:
        DataError: every number is a day such as 20240131, or a month such as 202401.
    """
    if not times.dtype.is_integer() or times.n_unique() < 2:
        return
    least, most = (int(each) for each in (times.min(), times.max()))  # pyright: ignore[reportArgumentType]
    for low, high, name in (
        (19000101, 21001231, "day"),
        (190001, 210012, "month"),
    ):
        if not low <= least <= most <= high:
            continue
        text = times.drop_nulls().cast(pl.String) + ("01" if name == "month" else "")
        if text.str.to_date("%Y%m%d", strict=False).null_count():
            continue
        made = '.str.to_date("%Y%m%d")' if name == "day" else '.add("01").str.to_date("%Y%m%d")'
        raise DataError(
            f"{where} holds {least} to {most}: each is a {name} written as a number, and numbers "
            f"are counted one by one. Make it a day, in Polars with `.cast(pl.String){made}`."
        )


def _size(apart: np.ndarray, owner: np.ndarray) -> float:
    """The least step that is the usual one of at least a tenth of the series.

    A series that knows only days on which something was sold has wider gaps than its steps.
    """
    if apart.min() == apart.max():
        return float(apart[0])
    counted = (
        pl.DataFrame({"owner": owner, "apart": apart})
        .group_by("owner", "apart")
        .len()
        .sort(["len", "apart"], descending=[True, False])
        .unique("owner", keep="first", maintain_order=True)
    )
    sizes, counts = np.unique(counted["apart"].to_numpy(), return_counts=True)
    return float(sizes[np.argmax(counts >= USUAL * counts.sum())])


def _unit(times: pl.Series, series: np.ndarray) -> tuple[str, int, int]:
    """What steps are counted in, and their day of the month and time of the day."""
    if times.dtype.is_numeric():
        return "numbers", 1, 0
    clocks, counts = np.unique(_clock(times), return_counts=True)
    if counts.max() < MOST_ROWS * len(times):
        return "microseconds", 1, 0
    clock, dates = int(clocks[np.argmax(counts)]), _days(times)
    numbers = dates.cast(pl.Int32).to_numpy()
    apart = np.diff(numbers)[np.diff(series) == 0]
    if apart.size and np.median(apart) >= _SHORT_MONTH:
        days, counts = np.unique(dates.dt.day().to_numpy(), return_counts=True)
        if (dates == dates.dt.month_end()).mean() >= MOST_ROWS:  # pyright: ignore[reportOperatorIssue, reportOptionalOperand]
            return "months", _LONG_MONTH, clock
        if counts.max() >= MOST_ROWS * len(times):
            return "months", int(days[np.argmax(counts)]), clock
    return "days", 1, clock


def _zone(dtype: Any) -> str | None:
    return getattr(dtype, "time_zone", None)


def _days(times: pl.Series) -> pl.Series:
    """The day on a calendar of the column's own zone."""
    return times if times.dtype == pl.Date else times.dt.date()


def _clock(times: pl.Series) -> np.ndarray:
    """Time of the day, in microseconds."""
    if times.dtype == pl.Date:
        return np.zeros(len(times), np.int64)
    return times.dt.time().cast(pl.Int64).to_numpy() // 1000


def _counted(times: pl.Series, unit: str) -> np.ndarray:
    if unit == "numbers":
        return times.cast(pl.Float64).to_numpy()
    if unit == "days":
        return _days(times).cast(pl.Int32).cast(pl.Float64).to_numpy()
    if unit == "months":
        months = times.dt.year().cast(pl.Int64) * 12 + times.dt.month().cast(pl.Int64) - 1
        return months.cast(pl.Float64).to_numpy()
    # Time that really passes: in autumn an hour of the clock comes twice.
    moments = times if _zone(times.dtype) is None else times.dt.convert_time_zone("UTC")
    return (
        moments.dt.replace_time_zone(None)
        .cast(pl.Datetime("us"))
        .cast(pl.Int64)
        .cast(pl.Float64)
        .to_numpy()
    )


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
