"""What an additive surrogate reads: the visible columns, the calendar, and the past in summary."""

import numpy as np
import polars as pl

from assay.adapter import time_axis
from assay.experiment.task import SealedTask
from assay.frame.table import is_number

SEASON = 7
"""Steps that the last season is taken to have where none is named."""

STEP = "steps ahead"
DAY_OF_YEAR = "day of year"
CALENDAR = ("weekday", "month", "hour")


def features(
    task: SealedTask, rows: np.ndarray, *, columns: tuple[str, ...], of_procedure: bool
) -> pl.DataFrame:
    """Columns of numbers and of text that explain a prediction, in alphabetical order.

    Args:
        task: problem and split.
        rows: of the table.
        columns: visible ones that the model reads.
        of_procedure: whether the rows are forecast from origins, so that what is known there of
            the past belongs to what the model sees; how late a row is tells it nothing more.
    """
    visible = task.visible(rows).table.select(columns)
    parts = [part for each in visible for part in _parts(each)]
    if of_procedure:
        parts = [part for part in parts if part.name != task.roles.time] + _past(task, rows)
    elif len(task.roles.series) > 1 and set(task.roles.series) <= set(columns):
        parts.append(_level(task, rows))
    return pl.DataFrame(sorted(parts, key=lambda part: part.name))


def familiar(fitted: pl.DataFrame, asked: pl.DataFrame) -> list[str]:
    """Columns that may be learnt from: of the calendar only what was seen before it is asked about.

    Nobody learns from a spring what a summer does; a surrogate that did would run away there.

    Args:
        fitted: features of the rows of a fit.
        asked: of the rows to be predicted.
    """
    return [name for name in fitted.columns if not _is_new(name, fitted[name], asked[name])]


def _is_new(name: str, seen: pl.Series, asked: pl.Series) -> bool:
    part = name.rpartition(": ")[2]
    if part == DAY_OF_YEAR:
        return not asked.is_between(*np.quantile(seen, (0, 1))).all()
    return part in CALENDAR and not asked.drop_nulls().is_in(seen.unique().implode()).all()


def _parts(column: pl.Series) -> list[pl.Series]:
    """A column as it is; of a time its number and its place in the calendar."""
    name, dtype = column.name, column.dtype
    if dtype in (pl.Date, pl.Datetime):
        calendar = {
            "weekday": column.dt.weekday(),
            "month": column.dt.month(),
            DAY_OF_YEAR: column.dt.ordinal_day(),
        }
        if dtype == pl.Datetime:
            calendar["hour"] = column.dt.hour()
        own = [part.cast(pl.Float64).alias(f"{name}: {said}") for said, part in calendar.items()]
        return [column.to_physical().cast(pl.Float64), *own]
    if dtype.is_numeric() or dtype.is_temporal() or dtype in (pl.Boolean, pl.Null):
        return [column.to_physical().cast(pl.Float64)]
    return [column.cast(pl.String)]


def _level(task: SealedTask, rows: np.ndarray) -> pl.Series:
    """The mean of each row's series over open rows: several keys name one thing, the series."""
    keys = task.frame.table.select(task.roles.series).to_struct("key").rank("dense").to_numpy()
    place, known = keys.astype(int), task.open_rows
    sums = np.bincount(place[known], task.y[known], minlength=place.max() + 1)
    count = np.bincount(place[known], minlength=place.max() + 1)
    with np.errstate(invalid="ignore"):
        return pl.Series("level of the series", (sums / count)[place[rows]])


def _past(task: SealedTask, rows: np.ndarray) -> list[pl.Series]:
    """How far ahead each row is forecast, and what is known of its series at the origin.

    Of what is known ahead, too, the value one season ago: a model may compare the two.
    """
    series, time = time_axis(task.frame, task.roles)
    origins, season = task.origins(rows), task.roles.season or SEASON
    panel = np.full((series.max() + 1, time.max() + 1), np.nan)
    panel[series, time] = task.y
    own, at = series[rows], time[rows]
    # One more column of nothing in front: what was known before the first time.
    known = np.pad(~np.isnan(panel), ((0, 0), (1, 0)))
    values = np.pad(np.nan_to_num(panel), ((0, 0), (1, 0)))
    count, total, squares = (np.cumsum(each, axis=1) for each in (known, values, values**2))
    end, begin = origins + 1, np.maximum(origins + 1 - season, 0)
    seen = np.where(known, np.arange(known.shape[1]), 0)
    last = np.maximum.accumulate(seen, axis=1)[own, end]
    ahead = at - origins
    ago = at - -(-ahead // season) * season
    lately = (count[own, end] - count[own, begin]).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):  # nothing known is a missing value
        mean = (total[own, end] - total[own, begin]) / lately
        variance = (squares[own, end] - squares[own, begin]) / lately - mean**2
        found = {
            STEP: ahead.astype(float),
            "last value": np.where(last > 0, values[own, last], np.nan),
            "value one season ago": _ago(panel, own, ago),
            "mean of the last season": mean,
            "sd of the last season": np.sqrt(np.maximum(variance, 0.0)),
            "mean so far": total[own, end] / count[own, end],
        }
    for name in task.roles.known_ahead:
        if is_number(task.frame.column(name).dtype):
            covariate = np.full(panel.shape, np.nan)
            covariate[series, time] = task.frame.numbers(name)
            found[f"{name} one season ago"] = _ago(covariate, own, ago)
    return [pl.Series(name, each).fill_nan(None) for name, each in found.items()]


def _ago(panel: np.ndarray, series: np.ndarray, ago: np.ndarray) -> np.ndarray:
    return np.where(ago >= 0, panel[series, np.maximum(ago, 0)], np.nan)
