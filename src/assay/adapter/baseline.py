"""Baselines: what a team would do without a model, as predictives."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import polars as pl

from assay.errors import ConfigError, UnknownNameError, nearest
from assay.family import Bernoulli
from assay.frame import Frame, Roles
from assay.predictive import (
    AbstractPredictive,
    ClassPredictive,
    DistributionPredictive,
    EnsemblePredictive,
)

MOST_VALUES = 400
MOST_RESIDUALS = 100
BASELINES = ("base-rate", "climatology", "naive", "seasonal-naive")


@dataclass(frozen=True)
class Task:
    """What is to be forecast from what.

    Fields:
        frame: the whole table, sorted by series and time where it has them.
        roles: what its columns mean.
        open_rows: rows whose targets a baseline is fitted on, by index.
        target_rows: rows to predict, by index. Where there is a time column the baseline sees
            targets before each origin too; origins step by one horizon through these rows.
        gap: times before the first forecast one whose targets are not known yet either.
        first: place in time from which origins step; by default that of the first row to predict.
    """

    frame: Frame
    roles: Roles
    open_rows: np.ndarray
    target_rows: np.ndarray
    gap: int = 0
    first: int | None = None


def baseline(name: str, task: Task) -> AbstractPredictive:
    """The predictive of a named baseline for the target rows.

    Args:
        name: `climatology` (the empirical law of the open target), `base-rate` (its share of 1,
            or of each class; for classes `climatology` is the same),
            `naive` (last value plus the law of its open residuals) or `seasonal-naive` (last
            season likewise).
        task: rows to learn from and rows to predict.

    Raises:
        UnknownNameError: no such baseline.
        ConfigError: the baseline needs a time column, a season or a 0/1 target.
    """
    if name not in BASELINES:
        raise UnknownNameError(f"unknown baseline `{name}`. {nearest(name, BASELINES)}")
    y = task.frame.numbers(task.roles.target)[task.open_rows]
    y = y[~np.isnan(y)]
    classes = len(task.frame.classes.get(task.roles.target, ()))
    if classes:
        return _class_shares(name, y, classes, len(task.target_rows))
    if name == "base-rate":
        return _base_rate(y, len(task.target_rows))
    if name == "climatology":
        values = _thinned(y, MOST_VALUES)
        shared = np.broadcast_to(values, (len(task.target_rows), len(values)))
        return EnsemblePredictive(shared, is_count=_whole(y))
    return _last(task, _lag(name, task.roles), y)


def forecast_blocks(times: np.ndarray, first: int, horizon: int) -> np.ndarray:
    """For each time, the last time known when it is forecast.

    Args:
        times: positions on the common time axis, (rows,).
        first: the first position to be forecast.
        horizon: positions forecast from one origin.

    Returns:
        Origins, (rows,): `first - 1` for the first `horizon` positions, and so on.
    """
    return first - 1 + (times - first) // horizon * horizon


def time_axis(frame: Frame, roles: Roles) -> tuple[np.ndarray, np.ndarray]:
    """Series number and position in time of each row.

    Returns:
        Series (rows,), numbered in the order of their keys; time (rows,), the rank of the row's
        time among all times of the table.
    """
    time = frame.column(str(roles.time)).rank("dense").to_numpy().astype(int) - 1
    if not roles.series:
        return np.zeros(frame.rows, dtype=int), time
    keys = frame.table.select(pl.struct(list(roles.series)).rank("dense")).to_series()
    return keys.to_numpy().astype(int) - 1, time


def _base_rate(y: np.ndarray, rows: int) -> AbstractPredictive:
    if not np.isin(y, (0, 1)).all():
        raise ConfigError("baseline `base-rate` needs a target of 0 and 1. Use `climatology`.")
    # Half a case on either side, so that a rare class is never called impossible.
    chance = (y.sum() + 0.5) / (len(y) + 1)
    logits = np.asarray(jnp.log(chance) - jnp.log1p(-chance)).reshape(1, 1)
    return DistributionPredictive(Bernoulli(), (logits,), rows)


def _class_shares(name: str, y: np.ndarray, classes: int, rows: int) -> ClassPredictive:
    """The open share of each class, half a case added to each so that none is impossible.

    Source: Krichevsky & Trofimov (1981), The performance of universal encoding.
    """
    if name not in ("base-rate", "climatology"):
        raise ConfigError(f"baseline `{name}` forecasts numbers, not classes. Use `base-rate`.")
    counts = np.bincount(y.astype(int), minlength=classes) + 0.5
    return ClassPredictive(np.broadcast_to(counts / counts.sum(), (rows, classes)))


def _lag(name: str, roles: Roles) -> int:
    if roles.time is None:
        raise ConfigError(f"baseline `{name}` needs a `time` column. Use `climatology`.")
    if name == "naive":
        return 1
    if not roles.season:
        raise ConfigError("baseline `seasonal-naive` needs a `season`, such as 7 for daily data.")
    return int(roles.season)


def _last(task: Task, lag: int, open_y: np.ndarray) -> AbstractPredictive:
    """Last value at a multiple of `lag` before the origin, plus the law of its open residuals.

    Source: Hyndman & Athanasopoulos (2021), Forecasting: principles and practice, section 5.2.
    """
    series, time = time_axis(task.frame, task.roles)
    y = task.frame.numbers(task.roles.target)
    panel = np.full((series.max() + 1, time.max() + 1), np.nan)
    panel[series, time] = y
    shown = np.full_like(panel, np.nan)
    shown[series[task.open_rows], time[task.open_rows]] = y[task.open_rows]

    rows = task.target_rows
    first = int(time[rows].min()) if task.first is None else task.first
    origin = forecast_blocks(time[rows], first, task.roles.horizon or 1)
    steps = -(-(time[rows] - (origin - task.gap)) // lag)
    whole, floor = _whole(open_y), (0.0 if np.all(open_y >= 0) else -np.inf)
    values = np.empty((len(rows), MOST_RESIDUALS))
    for step in np.unique(steps):
        chosen = steps == step
        back = int(step) * lag
        law = _residual_laws(shown, back, whole)
        last = _last_seen(panel, series[rows][chosen], time[rows][chosen] - back, lag)
        last = np.where(np.isnan(last), np.median(open_y), last)
        values[chosen] = np.maximum(last[:, None] + law[series[rows][chosen]], floor)
    return EnsemblePredictive.of(values, is_count=whole)


def _last_seen(panel: np.ndarray, series: np.ndarray, at: np.ndarray, lag: int) -> np.ndarray:
    """The value at `at`, or at the nearest earlier multiple of `lag` where that one is missing."""
    value = np.where(at >= 0, panel[series, np.maximum(at, 0)], np.nan)
    for _ in range(panel.shape[1] // lag):
        at = at - lag
        gaps = np.isnan(value) & (at >= 0)
        if not gaps.any():
            break
        value[gaps] = panel[series[gaps], at[gaps]]
    return value


def _residual_laws(shown: np.ndarray, back: int, whole: bool) -> np.ndarray:
    """Open residuals of each series at one lag, as `MOST_RESIDUALS` evenly spaced quantiles."""
    residuals = shown[:, back:] - shown[:, :-back] if back < shown.shape[1] else shown[:, :0]
    pooled = residuals[~np.isnan(residuals)]
    pooled = pooled if len(pooled) else np.zeros(1)
    levels = (np.arange(MOST_RESIDUALS) + 0.5) / MOST_RESIDUALS
    method = "inverted_cdf" if whole else "linear"
    laws = []
    for row in residuals:
        own = row[~np.isnan(row)]
        # A handful of residuals says less about a series than those of all series do.
        laws.append(np.quantile(own if len(own) >= 8 else pooled, levels, method=method))
    return np.array(laws)


def _thinned(y: np.ndarray, most: int) -> np.ndarray:
    """All values, or evenly spaced quantiles of them where they are too many to store."""
    if len(y) <= most:
        return np.sort(y)
    return np.quantile(y, (np.arange(most) + 0.5) / most, method="inverted_cdf")


def _whole(y: np.ndarray) -> bool:
    return bool(np.all(y == np.floor(y)))
