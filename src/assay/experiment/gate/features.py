"""What an additive surrogate reads: the visible columns, the calendar, and the past in summary."""

import numpy as np
import polars as pl

from assay.adapter import time_axis
from assay.experiment.task import SealedTask

SEASON = 7
"""Steps that the last season is taken to have where none is named."""

STEP = "steps ahead"


def features(task: SealedTask, rows: np.ndarray, *, of_procedure: bool) -> pl.DataFrame:
    """Columns of numbers and of text that explain a prediction, in alphabetical order.

    Args:
        task: problem and split.
        rows: of the table.
        of_procedure: whether the rows are forecast from origins, so that what is known there of
            the past belongs to what the model sees.
    """
    visible = task.visible(rows).table
    parts = [part for each in visible.drop("row_id") for part in _parts(each)]
    if of_procedure:
        parts += _past(task, rows)
    return pl.DataFrame(sorted(parts, key=lambda part: part.name))


def _parts(column: pl.Series) -> list[pl.Series]:
    """A column as it is; of a time its number and its place in the calendar."""
    name, dtype = column.name, column.dtype
    if dtype in (pl.Date, pl.Datetime):
        calendar = {
            "weekday": column.dt.weekday(),
            "month": column.dt.month(),
            "day of year": column.dt.ordinal_day(),
        }
        if dtype == pl.Datetime:
            calendar["hour"] = column.dt.hour()
        own = [values.cast(pl.Float64).alias(f"{name}: {said}") for said, values in calendar.items()]
        return [column.to_physical().cast(pl.Float64), *own]
    if dtype.is_numeric() or dtype.is_temporal() or dtype in (pl.Boolean, pl.Null):
        return [column.to_physical().cast(pl.Float64)]
    return [column.cast(pl.String)]


def _past(task: SealedTask, rows: np.ndarray) -> list[pl.Series]:
    """How far ahead each row is forecast, and what is known of its series at the origin."""
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
            "value one season ago": np.where(ago >= 0, panel[own, np.maximum(ago, 0)], np.nan),
            "mean of the last season": mean,
            "sd of the last season": np.sqrt(np.maximum(variance, 0.0)),
            "mean so far": total[own, end] / count[own, end],
        }
    return [pl.Series(name, each).fill_nan(None) for name, each in found.items()]
