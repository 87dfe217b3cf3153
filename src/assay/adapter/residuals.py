"""From points to distributions: the law of a model's errors on rows that it was not fitted on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from assay.adapter.abstract import Predicting
from assay.adapter.setting import Setting
from assay.frame import Frame
from assay.predictive import AbstractPredictive, EnsemblePredictive
from assay.score import Fold, group_folds, k_folds, rolling_origins

FOLDS = 5
ORIGINS = 3
MOST_RESIDUALS = 100


@dataclass(frozen=True, eq=False)
class Spread:
    """What is added to each point.

    Fields:
        residuals: ascending, (values,).
        floor: the least that a target can be; -inf where it may be negative.
        rounds: whether values are rounded to whole numbers.
    """

    residuals: Float[np.ndarray, " values"]
    floor: float
    rounds: bool
    is_count: bool

    def around(self, predictive: AbstractPredictive) -> EnsemblePredictive:
        """The law of the residuals about the mean of each row."""
        values = np.maximum(predictive.mean()[:, None] + self.residuals, self.floor)
        return EnsemblePredictive(np.round(values) if self.rounds else values, self.is_count)


@dataclass(frozen=True, eq=False)
class Spreading:
    """A fitted model whose points are surrounded by the law of its residuals."""

    base: Predicting
    spread: Spread

    def predict(self, data: Frame, /) -> AbstractPredictive:
        """One distribution for each row."""
        return self.spread.around(self.base.predict(data))


def out_of_fold(
    fit: Callable[[Frame], Predicting], data: Frame, target: str, setting: Setting, *, seed: int
) -> Spread:
    """The law of a model's residuals on rows that each fit had not seen.

    Args:
        fit: fits a fresh copy on some rows.
        data: the rows that may be learnt from.
        target: its column.
        setting: the problem.
        seed: deals rows out to folds.

    Returns:
        At most `MOST_RESIDUALS` evenly spaced quantiles of them. Values of a count are rounded
        where that lowers the CRPS on these rows.

    Source: Barber, Candès, Ramdas & Tibshirani (2021), Predictive inference with the jackknife+:
        K-fold residuals, here about the fit on all rows.
    """
    y = data.numbers(target)
    point, actual = [], []
    for fold in _folds(data, setting, seed):
        fitted = fit(data.take(fold.train))
        point.append(fitted.predict(data.take(fold.test)).mean())
        actual.append(y[fold.test])
    points, seen = np.concatenate(point), np.concatenate(actual)
    floor = 0.0 if setting.is_never_negative else -np.inf
    law = _thinned(seen - points)
    plain = Spread(law, floor, False, setting.is_whole)
    if not setting.is_whole:
        return plain
    whole = Spread(law, floor, True, True)
    about = EnsemblePredictive(points[:, None])
    is_better = whole.around(about).crps(seen).mean() < plain.around(about).crps(seen).mean()
    return whole if is_better else plain


def _folds(data: Frame, setting: Setting, seed: int) -> tuple[Fold, ...]:
    """As rows depend on each other: forward in time, whole groups, or by chance."""
    roles = setting.roles
    if roles.time is not None:
        times = data.column(roles.time)
        dates = times.n_unique()
        folds = max(1, min(ORIGINS, dates - 1))
        return rolling_origins(times, folds=folds, horizon=max(1, dates // (4 * folds)))
    if roles.group is not None:
        groups = data.column(roles.group)
        return group_folds(groups, min(FOLDS, groups.n_unique()), seed=seed)
    return k_folds(data.column("row_id"), min(FOLDS, data.rows), seed=seed)


def _thinned(residuals: np.ndarray) -> np.ndarray:
    if len(residuals) <= MOST_RESIDUALS:
        return np.sort(residuals)
    return np.quantile(residuals, (np.arange(MOST_RESIDUALS) + 0.5) / MOST_RESIDUALS)
