"""What every function of this room demands of its input, said in the same words."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import ConfigError, DataError

FloatArray = NDArray[np.float64]
"""A one-dimensional array of float64."""


def checked_values(values: ArrayLike, name: str = "gains") -> FloatArray:
    """The values as a non-empty, finite, one-dimensional float64 array.

    Args:
        values: one number for each row.
        name: what the values are called in an error.

    Returns:
        The same values, copied only where a conversion was needed.

    Raises:
        DataError: they are empty, not one-dimensional, or one of them is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise DataError(
            f"`{name}` has the shape {array.shape}, one number for each of at least one row is "
            "accepted. Pass a flat, non-empty array."
        )
    broken = np.flatnonzero(~np.isfinite(array))
    if broken.size:
        raise DataError(
            f"`{name}`: row {broken[0]} is {array[broken[0]]} ({broken.size} such rows), only "
            "finite numbers are accepted. Cap the losses before the gains are taken."
        )
    return array


def checked_bounds(
    gains: ArrayLike, *, lower: float = -math.inf, upper: float = math.inf
) -> FloatArray:
    """The gains, if every one lies between the bounds that make a verdict exact.

    Args:
        gains: baseline loss minus model loss, one for each row.
        lower: least possible gain.
        upper: greatest possible gain.

    Returns:
        The gains as float64.

    Raises:
        DataError: a gain is out of bounds, or `checked_values` refuses the gains.
    """
    array = checked_values(gains)
    outside = np.flatnonzero((array < lower) | (array > upper))
    if outside.size:
        raise DataError(
            f"`gains`: row {outside[0]} is {array[outside[0]]} ({outside.size} such rows), must "
            f"lie in [{lower}, {upper}]. Clip the losses at the registered cap first."
        )
    return array


def checked_probabilities(p_values: ArrayLike) -> FloatArray:
    """The p-values, if each lies between 0 and 1.

    Args:
        p_values: one p-value for each look or project.

    Returns:
        The p-values as float64.

    Raises:
        DataError: one lies outside, or `checked_values` refuses them.
    """
    array = checked_values(p_values, "p_values")
    outside = np.flatnonzero((array < 0) | (array > 1))
    if outside.size:
        raise DataError(
            f"`p_values`: entry {outside[0]} is {array[outside[0]]}, must lie in [0, 1]. "
            "Pass p-values, not levels of confidence or test statistics."
        )
    return array


def checked_between(value: float, name: str, *, low: float, high: float) -> float:
    """The value, if it lies strictly between two others.

    Args:
        value: the number to check.
        name: what it is called in an error.
        low: what it must exceed.
        high: what it must stay below.

    Returns:
        The value as a float.

    Raises:
        ConfigError: it does not; `nan` is refused too.
    """
    if not low < value < high:
        raise ConfigError(
            f"`{name}` is {value}, must lie strictly between {low} and {high}. "
            f"Pass a `{name}` inside that range."
        )
    return float(value)


def checked_not_negative(value: float, name: str, *, high: float = math.inf) -> float:
    """The value, if it is at least 0 and below another.

    Args:
        value: the number to check.
        name: what it is called in an error.
        high: what it must stay below.

    Returns:
        The value as a float.

    Raises:
        ConfigError: it is not; `nan` is refused too.
    """
    if not 0.0 <= value < high:
        raise ConfigError(
            f"`{name}` is {value}, must be at least 0 and below {high}. "
            f"Pass a `{name}` inside that range."
        )
    return float(value)


def checked_count(value: int, name: str, *, least: int = 1) -> int:
    """The value, if it is a whole number that is large enough.

    Args:
        value: the number to check.
        name: what it is called in an error.
        least: the least value accepted.

    Returns:
        The value as an int.

    Raises:
        ConfigError: it is too small or not whole.
    """
    if not (value >= least and float(value).is_integer()):
        raise ConfigError(
            f"`{name}` is {value}, must be a whole number of at least {least}. "
            f"Pass {least} or more."
        )
    return int(value)


def checked_labels(labels: ArrayLike, rows: int, *, name: str) -> NDArray[np.generic]:
    """The labels, if there is one for each row.

    Args:
        labels: dates or groups, one for each row.
        rows: the number of rows.
        name: what they are called in an error.

    Returns:
        The labels as an array.

    Raises:
        DataError: their number differs from the number of rows.
    """
    array = np.asarray(labels)
    if array.shape != (rows,):
        raise DataError(
            f"`{name}` has the shape {array.shape} but there are {rows} gains; one label for "
            f"each gain is accepted. Pass the `{name}` of the same sealed rows, in their order."
        )
    return array
