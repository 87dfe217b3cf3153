"""What is read from a prediction where it must be a number or two: its mean, or its chances."""

from dataclasses import dataclass

import numpy as np

from assay.experiment.task import SealedTask
from assay.predictive import (
    AbstractPredictive,
    ClassPredictive,
    DistributionPredictive,
    EnsemblePredictive,
    QuantilePredictive,
)
from assay.score.rules import class_shares

MOST_CLASSES = 4
"""Classes whose chances are shown, the most frequent first."""


@dataclass(frozen=True)
class Reading:
    """How predictions become numbers.

    Fields:
        classes: labels of a target of classes, in order; empty for one of numbers.
        shown: which of the numbers are shown.
        labels: what those are called.
        is_chance: whether each is a probability.
        is_median: whether the median stands in for a mean that does not exist.
    """

    classes: tuple[str, ...]
    shown: tuple[int, ...]
    labels: tuple[str, ...]
    is_chance: bool
    is_median: bool = False

    def all(self, predictive: AbstractPredictive) -> np.ndarray:
        """The mean, or the chance of each class, (rows, numbers)."""
        if self.classes:
            return class_shares(predictive, len(self.classes))
        base = predictive.underlying
        return (base.quantile(0.5) if self.is_median else base.mean())[:, None]

    def __call__(self, predictive: AbstractPredictive) -> np.ndarray:
        """The numbers that are shown, (rows, shown)."""
        return self.all(predictive)[:, list(self.shown)]


def reading_of(task: SealedTask, predictive: AbstractPredictive) -> Reading:
    """How predictions of a problem are read.

    Args:
        task: problem and split.
        predictive: of the sealed rows; where one of its means is infinite, medians are read.
    """
    target = task.roles.target
    if task.classes:
        numbers = task.y[task.open_rows].astype(int)
        frequent = np.argsort(-np.bincount(numbers, minlength=len(task.classes)), kind="stable")
        shown = (1,) if len(task.classes) == 2 else tuple(map(int, frequent[:MOST_CLASSES]))
        labels = tuple(f"chance of {task.classes[number]}" for number in shown)
        return Reading(task.classes, shown, labels, is_chance=True)
    if task.setting.is_binary:
        return Reading((), (0,), (f"chance of {target} = 1",), is_chance=True)
    is_median = not np.isfinite(predictive.underlying.mean()).all()
    label = f"{'median' if is_median else 'mean'} {target} predicted"
    return Reading((), (0,), (label,), is_chance=False, is_median=is_median)


def is_same(first: AbstractPredictive, second: AbstractPredictive) -> bool:
    """Whether two predictions of as many rows are one, rounding aside."""
    pairs = zip(_numbers(first.underlying), _numbers(second.underlying), strict=True)
    return all(np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True) for a, b in pairs)


def _numbers(base: AbstractPredictive) -> tuple[np.ndarray, ...]:
    """All that a prediction is made of; of an unknown kind its mean and quartiles."""
    if isinstance(base, DistributionPredictive):
        return (*base.linked, *base.columns.values())
    if isinstance(base, EnsemblePredictive | QuantilePredictive):
        return (base.values,)
    if isinstance(base, ClassPredictive):
        return (base.probabilities,)
    return (base.mean(), *(base.quantile(level) for level in (0.25, 0.5, 0.75)))
