"""How much of a model's gain a sum of functions of one column each reproduces."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl

from assay.compute.progress import waiting
from assay.experiment.explanation.additive import fit_additive, within_reach
from assay.experiment.explanation.certainty import Estimate, estimate, stream
from assay.experiment.explanation.features import familiar, features
from assay.experiment.explanation.importance import SHOWN_CHANCE
from assay.experiment.explanation.moved import moved
from assay.experiment.explanation.subject import Subject
from assay.predictive import AbstractPredictive

MOST_ROWS = 10_000
"""Open rows that a surrogate is fitted to."""

MOST_ORIGINS = 40
"""Origins, the latest ones, from which a procedure forecasts open rows to be reproduced."""

LEAST_CHANCE = 1e-4
"""Chances are told apart down to this one, where logarithms of smaller ones would rule the fit."""

INSTALL = "Install scikit-learn: `pip install 'assay-ml[sklearn]'`."


@dataclass(frozen=True)
class Scale:
    """Where effects add up.

    Fields:
        name: in words.
        to: means or chances (rows, numbers) as numbers without bounds.
        back: the way back.
        is_log: whether it is the logarithm of a mean.
    """

    name: str
    to: Callable[[np.ndarray], np.ndarray]
    back: Callable[[np.ndarray], np.ndarray]
    is_log: bool = False


@dataclass(frozen=True, eq=False)
class Opened:
    """What a model says of open rows, for a surrogate to reproduce.

    Fields:
        rows: of the table.
        numbers: its means or chances, (rows, numbers).
    """

    rows: np.ndarray
    numbers: np.ndarray


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
        return {
            "share": self.share.mean,
            "share_se": self.share.se,
            **self.share.ends("share", SHOWN_CHANCE),
            "unexplained": 1 - self.shown,
            "loss": self.loss,
            "scale": self.scale,
            "open_rows": self.rows,
            "columns": list(self.columns),
        }


def is_available() -> bool:
    """Whether scikit-learn is installed, without which no surrogate is fitted."""
    return find_spec("sklearn") is not None


def surrogate(
    subject: Subject, opened: Opened, columns: tuple[str, ...], *, seed: int
) -> Surrogate:
    """Fit a sum of functions of one column each to a model, and judge it in the model's place.

    It learns the model's own means, or chances, on open rows from what the model sees of them. On
    the sealed rows each of the model's predictions is moved to the surrogate's mean, its own
    spread around it. The share is the surrogate's gain over the baseline by the model's; what is
    missing is what columns tell only together. Its standard error covers the sealed rows, not the
    fit.

    Args:
        subject: a model whose gain on the sealed rows is above 0.
        opened: what it says of open rows.
        columns: that it reads; at least one, unless it is a procedure.
        seed: of the rows by which the fit is stopped.

    Source: Friedman (2001), Greedy function approximation, on additive structure; Lou, Caruana &
        Gehrke (2012); Molnar (2022), Interpretable Machine Learning, on global surrogates.
    """
    task = subject.task
    read = partial(features, task, columns=columns, of_procedure=subject.is_procedure)
    known = np.flatnonzero(np.isfinite(opened.numbers).all(axis=1))
    if len(known) > MOST_ROWS:
        known = np.sort(stream(seed, "surrogate").choice(known, MOST_ROWS, replace=False))
    table, asked = read(opened.rows)[known], read(subject.rows)
    names = familiar(table, asked)
    with waiting("fitting an additive surrogate"):
        scale, means = _reproduced(
            subject, table.select(names), opened.numbers[known], asked.select(names), seed
        )
    predictive = moved(task, subject.predictive, subject.reading, means)
    return _judged(subject, predictive, scale, len(known), tuple(names))


def opened(subject: Subject) -> Opened:
    """Ask a model about open rows: all of them, or for a procedure the later ones.

    Raises:
        Exception: whatever the model raises.
    """
    rows = _open_rows(subject)
    with waiting(f"predicting {len(rows):,} open rows for a surrogate"):
        return Opened(rows, subject.reading.all(subject.task.predict(subject.fitted, rows)))


def _judged(
    subject: Subject,
    predictive: AbstractPredictive,
    scale: Scale,
    rows: int,
    columns: tuple[str, ...],
) -> Surrogate:
    every, claim = np.arange(len(subject.rows)), subject.judge.claim
    base = np.clip(subject.judge.baseline_losses, claim.floor, claim.cap)
    losses = subject.losses(predictive, every)
    model = base - subject.losses(subject.predictive, every)
    gain = float(model.mean())
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
    """The means or chances of the sealed rows on the scale where a sum comes nearest to the model.

    Beyond the open rows effects go on straight or stay level, as trees do: again whichever comes
    nearer to the model's own predictions of the sealed rows. Their targets take no part in it.
    """
    own = subject.reading.all(subject.predictive)
    found = []
    for scale in _scales(subject, numbers):
        fitted = fit_additive(table, scale.to(numbers), seed=seed)
        # A mean of logarithms is not the logarithm of a mean (Duan 1983, smearing).
        smear = 1.0
        if scale.is_log:
            smear = float(numbers.mean() / scale.back(fitted.predict(table)).mean())
        for reached in (asked, within_reach(asked, table)):
            found.append((scale, smear * scale.back(fitted.predict(reached))))
    return min(found, key=lambda each: float(((each[1] - own) ** 2).mean()))


def _scales(subject: Subject, numbers: np.ndarray) -> Sequence[Scale]:
    """Scales on which effects may add up; the first wins a draw."""
    if subject.reading.classes:
        return (Scale("logarithm of the chances", _log_chances, _softmax),)
    identity = Scale("as it is", lambda values: values, lambda values: values)
    if subject.reading.is_chance:
        chance = Scale("as it is", identity.to, lambda values: np.clip(values, 0.0, 1.0))
        return (chance, Scale("log-odds", _log_odds, _chance))
    if (numbers > 0).all():
        greatest = float(np.log(numbers).max()) + 3.0  # far from all open rows exp runs away
        logarithm = Scale(
            "logarithm", np.log, lambda values: np.exp(np.minimum(values, greatest)), is_log=True
        )
        return (identity, logarithm)
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
