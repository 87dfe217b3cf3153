"""How much of a model's gain a sum of functions of one column each reproduces."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl

from assay.compute.progress import waiting
from assay.experiment.gate.additive import Additive, fit_additive
from assay.experiment.gate.certainty import Estimate, estimate, stream
from assay.experiment.gate.features import features
from assay.experiment.gate.importance import SHOWN_CHANCE
from assay.experiment.gate.moved import moved
from assay.experiment.gate.subject import Subject

MOST_ROWS = 10_000
"""Open rows that a surrogate is fitted to."""

MOST_ORIGINS = 40
"""Origins, the latest ones, from which a procedure forecasts open rows to be reproduced."""

LEAST_CHANCE = 1e-4
"""Chances are told apart down to this one, where logarithms of smaller ones would rule the fit."""

HELD_OUT = 3
"""One in so many rows decides between scales."""

INSTALL = "Install scikit-learn: `pip install 'assay-ml[sklearn]'`."


@dataclass(frozen=True)
class Scale:
    """Where effects add up.

    Fields:
        name: in words.
        to: means or chances (rows, numbers) as numbers without bounds.
        back: the way back.
    """

    name: str
    to: Callable[[np.ndarray], np.ndarray]
    back: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Surrogate:
    """An additive stand-in for a model, judged on the sealed rows.

    Fields:
        share: of the model's gain that it reproduces; below 0 where it is worse than the baseline.
        loss: its mean loss.
        scale: where its effects add up.
        rows: open rows that it was fitted to.
        columns: what it reads.
    """

    share: Estimate
    loss: float
    scale: str
    rows: int
    columns: tuple[str, ...]

    @property
    def shown(self) -> float:
        """The share as it is told: from 0 to 1."""
        return min(max(self.share.mean, 0.0), 1.0)

    def as_record(self) -> dict[str, Any]:
        """Plain values; `share` as it was measured, `unexplained` as it is told."""
        half = self.share.half(SHOWN_CHANCE)
        return {
            "share": self.share.mean,
            "share_se": self.share.se,
            "share_low": None if half is None else self.share.mean - half,
            "share_high": None if half is None else self.share.mean + half,
            "unexplained": 1 - self.shown,
            "loss": self.loss,
            "scale": self.scale,
            "open_rows": self.rows,
            "columns": list(self.columns),
        }


def is_available() -> bool:
    """Whether scikit-learn is installed, without which no surrogate is fitted."""
    return find_spec("sklearn") is not None


def surrogate(subject: Subject, *, seed: int) -> Surrogate:
    """Fit a sum of functions of one column each to a model, and judge it in the model's place.

    It learns the model's own means, or chances, on open rows from what the model sees of them. On
    the sealed rows each of the model's predictions is moved to the surrogate's mean, its own
    spread around it. The share is the surrogate's gain over the baseline by the model's; what is
    missing is what columns tell only together. Its standard error covers the sealed rows, not the
    fit.

    Args:
        subject: a model whose gain on the sealed rows is above 0, with a column that it may see.
        seed: of the rows held out in the fit.

    Source: Friedman (2001), Greedy function approximation, on additive structure; Lou, Caruana &
        Gehrke (2012); Molnar (2022), Interpretable Machine Learning, on global surrogates.
    """
    task, is_procedure = subject.task, subject.is_procedure
    rows = _open_rows(subject)
    with waiting(f"predicting {len(rows):,} open rows for a surrogate"):
        numbers = subject.reading.all(task.predict(subject.fitted, rows))
    known = np.flatnonzero(np.isfinite(numbers).all(axis=1))
    if len(known) > MOST_ROWS:
        known = np.sort(stream(seed, "surrogate").choice(known, MOST_ROWS, replace=False))
    table = features(task, rows, of_procedure=is_procedure)[known]
    asked = features(task, subject.rows, of_procedure=is_procedure)
    with waiting("fitting an additive surrogate"):
        scale, means = _reproduced(subject, table, numbers[known], asked, seed)
    predictive = moved(task, subject.predictive, subject.reading, means)
    return _judged(subject, predictive, scale, len(known), tuple(table.columns))


def _judged(
    subject: Subject, predictive: Any, scale: Scale, rows: int, columns: tuple[str, ...]
) -> Surrogate:
    every, claim = np.arange(len(subject.rows)), subject.judge.claim
    base = np.clip(subject.judge.baseline_losses, claim.floor, claim.cap)
    losses = subject.losses(predictive, every)
    gain = float((base - subject.losses(subject.predictive, every)).mean())
    model = base - subject.losses(subject.predictive, every)
    raw = float((base - losses).mean()) / gain
    # The error of a ratio of means, by its first derivatives.
    error = estimate(subject.judge, (base - losses - raw * model) / gain)
    share = Estimate(raw, error.se, error.dof)
    return Surrogate(share, float(losses.mean()), scale.name, rows, columns)


def _open_rows(subject: Subject) -> np.ndarray:
    """Open rows whose predictions are reproduced: all, or for a procedure the later ones."""
    task = subject.task
    if not subject.is_procedure:
        return task.open_rows
    rows, times = task.open_rows, task.frame.column(str(task.roles.time)).rank("dense").to_numpy()
    dates = np.unique(times[rows])
    later = dates[len(dates) // 2 :][-MOST_ORIGINS * (task.roles.horizon or 1) :]
    return rows[times[rows] >= later[0]]


def _reproduced(
    subject: Subject, table: pl.DataFrame, numbers: np.ndarray, asked: pl.DataFrame, seed: int
) -> tuple[Scale, np.ndarray]:
    """The scale on which a sum does best, and its means or chances for the rows asked about."""
    scales = _scales(subject, numbers)
    scale = min(scales, key=lambda each: _miss(each, table, numbers, seed)) if scales[1:] else None
    scale = scale or scales[0]
    fitted = fit_additive(table, scale.to(numbers), seed=seed)
    means = scale.back(fitted.predict(asked))
    if scale.name == "logarithm":
        # A mean of logarithms is not the logarithm of a mean (Duan 1983, smearing).
        means = means * (numbers.mean() / _back(scale, fitted, table).mean())
    return scale, means


def _back(scale: Scale, fitted: Additive, table: pl.DataFrame) -> np.ndarray:
    return scale.back(fitted.predict(table))


def _miss(scale: Scale, table: pl.DataFrame, numbers: np.ndarray, seed: int) -> float:
    """Mean squared distance from the model on rows held out, without steps."""
    held = stream(seed, "held out").permutation(len(numbers)) % HELD_OUT == 0
    train, test = np.flatnonzero(~held), np.flatnonzero(held)
    fitted = fit_additive(table[train], scale.to(numbers[train]), seed=seed, stepped=False)
    return float(((_back(scale, fitted, table[test]) - numbers[test]) ** 2).mean())


def _scales(subject: Subject, numbers: np.ndarray) -> Sequence[Scale]:
    """Scales on which effects may add up; the first wins a draw."""
    if subject.reading.classes:
        return (Scale("logarithm of the chances", _log_chances, _softmax),)
    identity = Scale("as it is", lambda values: values, lambda values: values)
    if subject.reading.is_chance:
        chance = Scale("as it is", identity.to, lambda values: np.clip(values, 0.0, 1.0))
        return (chance, Scale("log-odds", _log_odds, _chance))
    if len(numbers) > 2 * HELD_OUT and (numbers > 0).all():
        greatest = float(np.log(numbers).max()) + 3.0  # far from all open rows exp runs away
        return (
            identity,
            Scale("logarithm", np.log, lambda values: np.exp(np.minimum(values, greatest))),
        )
    return (identity,)


def _log_chances(shares: np.ndarray) -> np.ndarray:
    logs = np.log(np.maximum(shares, LEAST_CHANCE))
    return logs - logs.mean(axis=1, keepdims=True)


def _softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _log_odds(chance: np.ndarray) -> np.ndarray:
    bounded = np.clip(chance, LEAST_CHANCE, 1 - LEAST_CHANCE)
    return np.log(bounded) - np.log1p(-bounded)


def _chance(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
