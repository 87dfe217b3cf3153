"""What other libraries return, as predictives: checked for shape and for numbers."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from assay.errors import PredictionsError
from assay.family import Bernoulli
from assay.predictive import (
    AbstractPredictive,
    ClassPredictive,
    DistributionPredictive,
    EnsemblePredictive,
    QuantilePredictive,
)

_SUM_SLACK = 1e-6


def predictive_of(result: Any, rows: int, where: str) -> AbstractPredictive:
    """What a model of anybody's returned, as a predictive.

    Args:
        result: a predictive; or numbers, (rows,) as points or (rows, samples) as equally likely
            values.
        rows: how many were asked for.
        where: start of a message.

    Raises:
        PredictionsError: it is neither, is for other rows, or one value is no number.
    """
    if isinstance(result, AbstractPredictive):
        if result.rows != rows:
            raise PredictionsError(_other_rows(where, result.rows, rows))
        return result
    try:
        values = np.asarray(result, dtype=float)
    except (TypeError, ValueError) as error:
        raise PredictionsError(
            f"{where} returned {type(result).__name__}. Accepted are a predictive of Assay, an "
            "array (rows,) of points, or an array (rows, samples) of equally likely values."
        ) from error
    if values.ndim not in (1, 2):
        raise PredictionsError(_other_shape(where, values, f"({rows},) or ({rows}, samples)"))
    values = _checked(values, rows, where)
    return EnsemblePredictive.of(values.reshape(rows, -1))


def points(result: Any, rows: int, where: str, *, is_count: bool = False) -> EnsemblePredictive:
    """One value for each row: a point forecast.

    Args:
        result: (rows,) or (rows, 1).
        rows: how many were asked for.
        where: start of a message.
        is_count: whether the target is a count.

    Raises:
        PredictionsError: another shape, or a value that is no finite number.
    """
    values = np.asarray(result, dtype=float)
    if values.ndim != 1 and values.shape[1:] != (1,):
        raise PredictionsError(_other_shape(where, values, f"({rows},) or ({rows}, 1)"))
    return EnsemblePredictive(_checked(values.reshape(len(values), 1), rows, where), is_count)


def quantiles(
    result: Any, levels: Sequence[float], rows: int, where: str, *, is_count: bool = False
) -> QuantilePredictive:
    """Quantiles at `levels`; those that cross are put in order.

    Args:
        result: (rows, levels).
        levels: ascending, each strictly between 0 and 1.
        rows: how many were asked for.
        where: start of a message.
        is_count: whether the target is a count.

    Raises:
        PredictionsError: another shape, or a value that is no finite number.

    Source: Chernozhukov, Fernández-Val & Galichon (2010), Quantile and probability curves without
        crossing: sorting never makes a quantile forecast worse.
    """
    values = np.asarray(result, dtype=float)
    if values.ndim != 2 or values.shape[1] != len(levels):
        raise PredictionsError(_other_shape(where, values, f"({rows}, {len(levels)})"))
    ordered = np.sort(_checked(values, rows, where), axis=1)
    return QuantilePredictive(np.asarray(levels, dtype=float), ordered, is_count)


def chances(result: Any, rows: int, where: str) -> DistributionPredictive:
    """Probabilities of 1 for a target of 0 and 1.

    Args:
        result: (rows,), (rows, 1), or (rows, 2) with the probabilities of 0 and of 1.
        rows: how many were asked for.
        where: start of a message.

    Raises:
        PredictionsError: another shape, or a value that is no probability.
    """
    values = np.asarray(result, dtype=float)
    if values.ndim == 2 and values.shape[1] == 2:
        values = probabilities(values, 2, rows, where).probabilities[:, 1]
    elif values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise PredictionsError(_other_shape(where, values, f"({rows},) or ({rows}, 2)"))
    _refuse_no_chances(_checked(values, rows, where), where)
    return as_bernoulli(values)


def as_bernoulli(chance: np.ndarray) -> DistributionPredictive:
    """A yes or no for each row; probabilities of exactly 0 and 1 are moved by one rounding."""
    bounded = np.clip(chance, 1e-300, 1 - 1e-16)
    logits = np.asarray(jnp.log(bounded) - jnp.log1p(-bounded))[None]
    return DistributionPredictive(Bernoulli(), (logits,), len(chance))


def probabilities(result: Any, classes: int, rows: int, where: str) -> ClassPredictive:
    """A probability of each class.

    Args:
        result: (rows, classes), each row adding up to 1.
        classes: how many there are.
        rows: how many were asked for.
        where: start of a message.

    Raises:
        PredictionsError: another shape, or rows that are no probabilities.
    """
    values = np.asarray(result, dtype=float)
    if values.ndim != 2 or values.shape[1] != classes:
        raise PredictionsError(_other_shape(where, values, f"({rows}, {classes})"))
    _refuse_no_chances(_checked(values, rows, where), where)
    total = values.sum(axis=1)
    off = np.flatnonzero(np.abs(total - 1) > _SUM_SLACK * max(classes, 10))
    if off.size:
        raise PredictionsError(
            f"{where}: the probabilities of row {off[0] + 1} add up to {total[off[0]]:.6g} and not "
            f"to 1 ({off.size} of {rows} rows). Return probabilities; for a module's scores before "
            'a softmax say `assay.adapt(module, output="logits")`.'
        )
    return ClassPredictive(values / total[:, None])


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities from scores, (rows, classes)."""
    away = np.exp(logits - logits.max(axis=1, keepdims=True))
    return away / away.sum(axis=1, keepdims=True)


def logistic(logits: np.ndarray) -> np.ndarray:
    """Probabilities of 1 from log-odds; no overflow at either end."""
    return 0.5 * (1.0 + np.tanh(0.5 * logits))


def _checked(values: np.ndarray, rows: int, where: str) -> np.ndarray:
    if len(values) != rows:
        raise PredictionsError(_other_rows(where, len(values), rows))
    broken = np.flatnonzero(~np.isfinite(values.reshape(rows, -1)).all(axis=1))
    if broken.size:
        raise PredictionsError(
            f"{where} predicted {values[broken[0]]} for row {broken[0] + 1}, and no finite number "
            f"for {broken.size} of {rows} rows. Look for features that are missing or far from "
            "all open rows."
        )
    return values


def _refuse_no_chances(values: np.ndarray, where: str) -> None:
    outside = np.flatnonzero(((values < 0) | (values > 1)).reshape(len(values), -1).any(axis=1))
    if outside.size:
        raise PredictionsError(
            f"{where} gave {values[outside[0]]} as a probability for row {outside[0] + 1}; "
            "probabilities lie between 0 and 1. For a module's scores before a softmax or a "
            'logistic say `assay.adapt(module, output="logits")`.'
        )


def _other_rows(where: str, found: int, rows: int) -> str:
    return (
        f"{where} predicted {found} rows, {rows} were asked for. Predict each row of the table "
        "that is given, in its order."
    )


def _other_shape(where: str, values: np.ndarray, wanted: str) -> str:
    return (
        f"{where} returned an array of shape {values.shape}, where {wanted} is needed. Return one "
        "prediction for each row; `assay.adapt(model, output=...)` says what its columns are."
    )
