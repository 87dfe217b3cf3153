"""A prediction about another mean: everything else about it stays."""

from dataclasses import replace

import numpy as np

from assay.adapter.outputs import as_bernoulli
from assay.experiment.explanation.reading import Reading
from assay.experiment.task import SealedTask
from assay.family import Bernoulli
from assay.predictive import (
    AbstractPredictive,
    ClassPredictive,
    DistributionPredictive,
    EnsemblePredictive,
    Hidden,
    Observed,
    QuantilePredictive,
)

_PLACES = ("mean", "location", "median", "scale", "probability")
"""Parameters that say where a distribution lies; of a mixture they carry a number."""

_STEPS = 60
_WIDEST = 40.0
"""Farthest that a parameter moves where its link has no unit: e^40 times its value."""


def moved(
    task: SealedTask, predictive: AbstractPredictive, reading: Reading, numbers: np.ndarray
) -> AbstractPredictive:
    """The same predictions about other means, or with other chances.

    A family's parameter of location moves on the scale of its link, so that no mass leaves the
    support. Samples and quantiles are scaled where the target is never negative, else shifted.

    Args:
        task: problem and split.
        predictive: to be moved; limits that it knows stay.
        reading: how its means or chances are read.
        numbers: the new ones, as `reading.all` gives them, (rows, numbers).
    """
    if isinstance(predictive, Hidden | Observed):
        return replace(predictive, base=moved(task, predictive.base, reading, numbers))
    if reading.classes:
        shares = np.clip(numbers, 1e-12, None)
        return ClassPredictive(shares / shares.sum(axis=1, keepdims=True))
    target = numbers[:, 0]
    if isinstance(predictive, DistributionPredictive):
        if isinstance(predictive.family, Bernoulli):
            return as_bernoulli(np.clip(target, 0.0, 1.0))
        return _family_moved(predictive, reading, target)
    if isinstance(predictive, EnsemblePredictive | QuantilePredictive):
        own = reading.all(predictive)[:, 0]
        values = _values_moved(predictive.values, own, target, task)
        return replace(predictive, values=values)
    return predictive


def _values_moved(
    values: np.ndarray, own: np.ndarray, target: np.ndarray, task: SealedTask
) -> np.ndarray:
    """Values about another mean, (rows, values), still ascending."""
    if task.setting.is_binary:
        return np.clip(values + (target - own)[:, None], 0.0, 1.0)
    if not task.setting.is_never_negative or values.min() < 0:
        return values + (target - own)[:, None]
    target = np.maximum(target, 0.0)
    # Where nothing at all is predicted there is nothing to scale.
    factor = np.where(own > 0, target / np.where(own > 0, own, 1.0), 1.0)
    return values * factor[:, None] + np.where(own > 0, 0.0, target)[:, None]


def _family_moved(
    predictive: DistributionPredictive, reading: Reading, target: np.ndarray
) -> DistributionPredictive:
    """Its parameters of location moved until the mean is right, by bisection in all rows at once.

    A mean that the family cannot have is met as nearly as it can.
    """
    places = _location(predictive)
    apart = np.abs(target - reading.all(predictive)[:, 0])
    has_unit = predictive.family.parameters[places[0]].link.has_unit
    widest = np.where(has_unit, 4 * apart + 1e-9, _WIDEST)

    def at(step: np.ndarray) -> DistributionPredictive:
        linked = tuple(
            each + step if k in places else each for k, each in enumerate(predictive.linked)
        )
        return replace(predictive, linked=linked)

    def mean(step: np.ndarray) -> np.ndarray:
        # A location so far out that its mean overflows lies beyond any target.
        found = reading.all(at(step))[:, 0]
        return np.where(np.isnan(found), np.copysign(np.inf, step), found)

    rises = mean(np.full(len(target), 0.01)) >= mean(np.full(len(target), -0.01))
    low, high = -widest, widest
    for _ in range(_STEPS):
        middle = (low + high) / 2
        short = (mean(middle) < target) == rises
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return at((low + high) / 2)


def _location(predictive: DistributionPredictive) -> tuple[int, ...]:
    """Which parameters say where the distribution lies: of a Normal its mean, not its scale."""
    names = [each.name.rpartition("_")[0] or each.name for each in predictive.family.parameters]
    kind = next((name for name in _PLACES if name in names), names[0])
    return tuple(k for k, name in enumerate(names) if name == kind)
