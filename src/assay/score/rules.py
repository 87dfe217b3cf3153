"""Proper scores, one loss a row; lower is better.

Every metric is a mean of these row losses, which is what a test on sealed rows can judge.
"""

from collections.abc import Callable, Sequence

import numpy as np

from assay.errors import ConfigError, PredictionsError, UnknownNameError, nearest
from assay.predictive import (
    AbstractPredictive,
    ClassPredictive,
    EnsemblePredictive,
    QuantilePredictive,
    under_limit,
)
from assay.predictive.abstract import Rows

CLASS_METRICS = ("brier", "log", "0-1")
_SUM_SLACK = 1e-4
DEFAULT_LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def row_losses(
    metric: str,
    predictive: AbstractPredictive,
    y: Rows,
    *,
    limit: Rows | None = None,
    levels: Sequence[float] = DEFAULT_LEVELS,
    classes: int | None = None,
) -> Rows:
    """The loss of each row, of what is recorded under `limit` against the recorded value.

    Args:
        metric: `log`, `crps`, `pinball`, `brier`, `0-1`, `absolute` or `squared`.
        predictive: one distribution for each row.
        y: recorded values, (rows,).
        limit: the most that could be recorded in each row, inf where nothing was hidden.
        levels: quantile levels of the pinball loss, averaged.
        classes: how many classes the target has, where `y` holds their numbers. `brier` is then
            half the squared distance of all probabilities to the truth, which for two classes is
            the squared error of either; `0-1` asks for the most probable class.

    Returns:
        Losses, (rows,): in the target's unit for `crps`, `pinball` and `absolute`, squared for
        `squared`, in nats for `log`, between 0 and 1 for `brier` and `0-1`.

    Raises:
        UnknownNameError: no such metric.
        PredictionsError: the predictive has no density and the metric is `log`; or no
            probabilities of `classes`.

    Source: Brier (1950), Verification of forecasts expressed in terms of probability, halved;
        Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation.
    """
    if metric not in _LOSSES:
        raise UnknownNameError(f"unknown metric `{metric}`. {nearest(metric, _LOSSES)}")
    if classes is not None:
        return _class_losses(metric, class_shares(predictive, classes), np.asarray(y).astype(int))
    if limit is not None:
        predictive, y = under_limit(predictive, limit), np.minimum(y, limit)
    if metric == "pinball":
        return np.mean([_pinball(predictive, y, level) for level in levels], axis=0)
    return _LOSSES[metric](predictive, y)


def class_shares(predictive: AbstractPredictive, classes: int) -> np.ndarray:
    """The probability of each class in each row, (rows, classes).

    Raises:
        PredictionsError: the predictive is one of numbers, or of other classes.
    """
    base = predictive.underlying
    if isinstance(base, EnsemblePredictive | QuantilePredictive):
        raise PredictionsError(
            f"The target is one of {classes} classes, and the predictions are numbers. Predict a "
            "probability of each class: `p_<class>` columns, or a classifier."
        )
    if isinstance(base, ClassPredictive):
        shares = base.probabilities
    else:
        every = [np.full(base.rows, float(number)) for number in range(classes)]
        shares = np.exp(np.column_stack([base.log_prob(number) for number in every]))
    if shares.shape[1] != classes or (np.abs(shares.sum(axis=1) - 1) > _SUM_SLACK).any():
        raise PredictionsError(
            f"The target is one of {classes} classes, and the predictions give their "
            "probability to others. Predict a probability of each class, adding up to 1."
        )
    return shares


def _class_losses(metric: str, shares: np.ndarray, y: np.ndarray) -> Rows:
    """Losses of probabilities (rows, classes) against the numbers of classes."""
    own = shares[np.arange(len(y)), y]
    if metric == "log":
        with np.errstate(divide="ignore"):  # what was called impossible happened: inf
            return -np.log(own)
    if metric == "0-1":
        return (shares.argmax(axis=1) != y).astype(float)
    if metric == "brier":
        # Without the true class's own term, which is added as (1 - p)².
        return ((shares**2).sum(axis=1) - own**2 + (1 - own) ** 2) / 2
    raise ConfigError(
        f"metric `{metric}` scores numbers, and the target is one of {shares.shape[1]} classes. "
        f"Take {', '.join(f'`{name}`' for name in CLASS_METRICS)}."
    )


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
