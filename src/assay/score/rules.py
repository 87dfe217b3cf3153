"""Proper scores, one loss a row; lower is better.

Every metric is a mean of these row losses, which is what a test on sealed rows can judge.
"""

from collections.abc import Callable, Sequence

import numpy as np

from assay.errors import UnknownNameError, nearest
from assay.predictive import AbstractPredictive, under_limit
from assay.predictive.abstract import Rows

DEFAULT_LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def row_losses(
    metric: str,
    predictive: AbstractPredictive,
    y: Rows,
    *,
    limit: Rows | None = None,
    levels: Sequence[float] = DEFAULT_LEVELS,
) -> Rows:
    """The loss of each row, of what is recorded under `limit` against the recorded value.

    Args:
        metric: `log`, `crps`, `pinball`, `brier`, `0-1`, `absolute` or `squared`.
        predictive: one distribution for each row.
        y: recorded values, (rows,).
        limit: the most that could be recorded in each row, inf where nothing was hidden.
        levels: quantile levels of the pinball loss, averaged.

    Returns:
        Losses, (rows,): in the target's unit for `crps`, `pinball` and `absolute`, squared for
        `squared`, in nats for `log`, between 0 and 1 for `brier` and `0-1`.

    Raises:
        UnknownNameError: no such metric.
        PredictionsError: the predictive has no density and the metric is `log`.

    Source: Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation.
    """
    if metric not in _LOSSES:
        raise UnknownNameError(f"unknown metric `{metric}`. {nearest(metric, _LOSSES)}")
    if limit is not None:
        predictive, y = under_limit(predictive, limit), np.minimum(y, limit)
    if metric == "pinball":
        return np.mean([_pinball(predictive, y, level) for level in levels], axis=0)
    return _LOSSES[metric](predictive, y)


def randomised_pit(predictive: AbstractPredictive, y: Rows, *, seed: int) -> Rows:
    """F(y-) + V (F(y) - F(y-)) with V uniform: uniform itself where the predictive is right.

    Source: Czado, Gneiting & Held (2009), Predictive model assessment for count data.
    """
    at = predictive.cdf(y)
    before = -np.expm1(predictive.log_reach(y))
    return before + np.random.default_rng(seed).uniform(size=len(at)) * np.maximum(at - before, 0)


def coverage(predictive: AbstractPredictive, y: Rows, *, level: float = 0.9) -> float:
    """Share of rows whose value lies in the central interval, ends included."""
    low, high = predictive.interval(level)
    return float(np.mean((y >= low) & (y <= high)))


def _log(predictive: AbstractPredictive, y: Rows) -> Rows:
    return -predictive.log_prob(y)


def _crps(predictive: AbstractPredictive, y: Rows) -> Rows:
    return predictive.crps(y)


def _brier(predictive: AbstractPredictive, y: Rows) -> Rows:
    return (predictive.mean() - y) ** 2


def _zero_one(predictive: AbstractPredictive, y: Rows) -> Rows:
    return ((predictive.mean() > 0.5) != (y > 0.5)).astype(float)


def _absolute(predictive: AbstractPredictive, y: Rows) -> Rows:
    return np.abs(predictive.quantile(0.5) - y)


def _squared(predictive: AbstractPredictive, y: Rows) -> Rows:
    return (predictive.mean() - y) ** 2


def _pinball(predictive: AbstractPredictive, y: Rows, level: float = 0.5) -> Rows:
    short = y - predictive.quantile(level)
    return np.maximum(level * short, (level - 1) * short)


_LOSSES: dict[str, Callable[[AbstractPredictive, Rows], Rows]] = {
    "log": _log,
    "crps": _crps,
    "pinball": _pinball,
    "brier": _brier,
    "0-1": _zero_one,
    "absolute": _absolute,
    "squared": _squared,
}
METRICS = tuple(_LOSSES)
