"""How good a model is on open rows, out of fold: what feeds the curve before the seal opens."""

import math
from dataclasses import dataclass

import numpy as np

from assay.compute.progress import waiting
from assay.experiment.task import Fittable, Fitted, Procedure, SealedTask
from assay.model import FittedModel, Model
from assay.score import Fold, group_folds, k_folds, rolling_origins
from assay.verdict import cluster_t, date_averages, ewc, season_averages

FOLDS = 5
REPEATS = 2
ORIGINS = 3
TESTED_SHARE = 0.25


@dataclass(frozen=True)
class OpenScore:
    """Out-of-fold performance on open rows.

    Fields:
        loss: mean loss of the model.
        baseline_loss: mean loss of the baseline on the same rows.
        skill: 1 - loss / baseline_loss; `None` where the baseline's loss is not above 0, as the
            log score of a density may be: nothing is then relative to it.
        se: standard error of the skill, from paired gains.
    """

    loss: float
    baseline_loss: float
    skill: float | None
    se: float | None


def folds_of(task: SealedTask) -> tuple[Fold, ...]:
    """Splits of the open rows that respect time and groups, as positions among them.

    Rolling origins over the last quarter of open time; whole groups; or repeated K-fold, never
    one slice: a hundred digits hold about ten eights.
    """
    rows, roles = task.open_rows, task.roles
    if roles.time is not None:
        times = task.frame.column(roles.time).gather(rows)
        horizon = roles.horizon or 1
        dates = times.n_unique()
        span = max(1, int(dates * TESTED_SHARE / ORIGINS) // horizon) * horizon
        # Few dates: fewer origins, and at last a shorter span, leave at least half to learn from.
        span = min(span, max(1, dates // 2))
        return rolling_origins(times, folds=min(ORIGINS, max(1, dates // 2 // span)), horizon=span)
    if roles.group is not None:
        groups = task.sealing.units[rows]
        return group_folds(groups, min(FOLDS, len(np.unique(groups))), seed=task.seed)
    keys = task.sealing.units[rows]  # a copy of a row that is tested would give it away
    folds = min(FOLDS, len(np.unique(keys)))
    return tuple(
        fold for repeat in range(REPEATS) for fold in k_folds(keys, folds, seed=task.seed + repeat)
    )


def open_score(model: Fittable, task: SealedTask, fitted_on_all: Fitted | Procedure) -> OpenScore:
    """Fit on each fold's training rows, score its test rows beside the baseline.

    Args:
        model: what is fitted.
        task: problem and split.
        fitted_on_all: the model on all open rows; the folds' fits begin there, which makes them
            quick and changes nothing else.

    Raises:
        AssayError: a fit broke; the attempt is then a broken one.
    """
    tested, losses, base = [], [], []
    folds = folds_of(task)
    for number, fold in enumerate(folds, start=1):
        train, test = task.open_rows[fold.train], task.open_rows[fold.test]
        with waiting(f"scoring out of fold on open rows, {number} of {len(folds)}"):
            fitted = _fitted_near(model, task, train, fitted_on_all)
            tested.append(test)
            losses.append(task.losses(task.predict(fitted, test), test))
            base.append(task.losses(task.baseline_at(test, train), test))
    return _score(task, *(np.concatenate(each) for each in (tested, losses, base)))


def _fitted_near(
    model: Fittable, task: SealedTask, rows: np.ndarray, near: Fitted | Procedure
) -> Fitted | Procedure:
    frame, target = task.frame.take(rows), task.roles.target
    if isinstance(model, Model) and isinstance(near, FittedModel):
        return model.fit(frame, target, seed=task.seed, near=near)
    return model.fit(frame, target, seed=task.seed)


def _score(task: SealedTask, rows: np.ndarray, losses: np.ndarray, base: np.ndarray) -> OpenScore:
    # A row tested in several repeats counts once, with its mean loss.
    distinct, place = np.unique(rows, return_inverse=True)
    count = np.bincount(place)
    losses, base = np.bincount(place, losses) / count, np.bincount(place, base) / count
    mean, reference = float(losses.mean()), float(base.mean())
    if not reference > 0:
        return OpenScore(mean, reference, None, None)
    se = _mean_se(task, distinct, base - losses) / reference
    return OpenScore(mean, reference, 1 - mean / reference, se)


def _mean_se(task: SealedTask, rows: np.ndarray, gains: np.ndarray) -> float:
    """Standard error of the mean gain, by how the rows depend on each other."""
    if task.roles.group is not None:
        return cluster_t(gains, task.sealing.units[rows], delta=0.0).se
    if task.roles.time is not None:
        dates = task.frame.column(task.roles.time).gather(rows).rank("dense").to_numpy()
        daily = date_averages(gains, dates)
        periods = season_averages(daily, min(task.roles.season or 1, len(daily)))
        result = ewc(periods, delta=0.0) if len(periods) >= 8 else None
        if result is not None and math.isfinite(result.se) and result.se > 0:
            return float(result.se)
        gains = periods if len(periods) > 1 else gains
    return float(np.std(gains, ddof=1) / np.sqrt(len(gains))) if len(gains) > 1 else float("nan")
