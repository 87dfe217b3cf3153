"""Predictives of several origins, put together as one."""

from collections.abc import Sequence

import numpy as np

from assay.errors import PredictionsError
from assay.predictive.abstract import AbstractPredictive
from assay.predictive.classes import ClassPredictive
from assay.predictive.distribution import DistributionPredictive
from assay.predictive.ensemble import EnsemblePredictive
from assay.predictive.quantiles import QuantilePredictive


def concatenated(parts: Sequence[AbstractPredictive]) -> AbstractPredictive:
    """One predictive for the rows of all parts, in their order; limits are not kept.

    Args:
        parts: at least one, all of one kind: ensembles of as many values, quantiles at the same
            levels, probabilities of as many classes, or one family with as many draws.

    Raises:
        PredictionsError: the parts differ in kind or shape.
    """
    bases = [part.underlying for part in parts]
    kinds = {_kind(base) for base in bases}
    if len(kinds) > 1:
        first, second = sorted(map(str, kinds))[:2]
        raise PredictionsError(
            f"Forecasts differ in kind from one origin to the next: {first}, and {second}. Return "
            "the same kind of forecast, in the same shape, at every origin."
        )
    if len(bases) == 1:
        return bases[0]
    return _joined(bases)


def _joined(bases: list[AbstractPredictive]) -> AbstractPredictive:
    first = bases[0]
    if isinstance(first, EnsemblePredictive):
        found = [base.values for base in bases if isinstance(base, EnsemblePredictive)]
        return EnsemblePredictive(np.concatenate(found), first.is_count)
    if isinstance(first, QuantilePredictive):
        found = [base.values for base in bases if isinstance(base, QuantilePredictive)]
        return QuantilePredictive(first.levels, np.concatenate(found), first.is_count)
    if isinstance(first, ClassPredictive):
        found = [base.probabilities for base in bases if isinstance(base, ClassPredictive)]
        return ClassPredictive(np.concatenate(found))
    if isinstance(first, DistributionPredictive):
        return _mixed([base for base in bases if isinstance(base, DistributionPredictive)])
    raise PredictionsError(
        f"Forecasts of type {type(first).__name__} cannot be put together. Return samples, "
        "quantiles or a family's distribution."
    )


def _mixed(bases: list[DistributionPredictive]) -> DistributionPredictive:
    first = bases[0]
    linked = tuple(
        np.concatenate(
            [
                np.broadcast_to(base.linked[k], (base.linked[k].shape[0], base.rows))
                for base in bases
            ],
            axis=1,
        )
        for k in range(len(first.linked))
    )
    columns = {
        name: np.concatenate([base.columns[name] for base in bases]) for name in first.columns
    }
    return DistributionPredictive(first.family, linked, sum(base.rows for base in bases), columns)


def _kind(base: AbstractPredictive) -> str:
    if isinstance(base, EnsemblePredictive):
        return f"samples of {base.values.shape[1]}"
    if isinstance(base, QuantilePredictive):
        return f"quantiles at {base.levels.tolist()}"
    if isinstance(base, ClassPredictive):
        return f"probabilities of {base.classes} classes"
    if isinstance(base, DistributionPredictive):
        return f"{base.family.describe()} with {base.linked[0].shape[0]} draws"
    return type(base).__name__
