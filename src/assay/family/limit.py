"""Limits of a target: none, one number for all rows, or a column with one for each."""

import math
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from assay.errors import ConfigError
from assay.family.abstract import Columns

Limit = str | float | None


def check_limit(where: str, name: str, limit: object) -> None:
    """Refuse what is neither a column's name nor a finite number.

    Raises:
        ConfigError: names the limit and what was found.
    """
    if limit is None or (isinstance(limit, str) and limit):
        return
    if isinstance(limit, int | float) and not isinstance(limit, bool) and math.isfinite(limit):
        return
    raise ConfigError(
        f"{where}: `{name}` is {limit!r}, must be a finite number or the name of a column."
    )


def check_order(where: str, below: Limit, above: Limit, *, equal: bool = False) -> None:
    """Refuse limits on the wrong side of each other.

    Args:
        where: start of the message.
        below: the lower limit.
        above: the upper limit.
        equal: whether they may be the same number.

    Raises:
        ConfigError: the lower limit is not below the upper one, or both are one column.
    """
    if isinstance(below, str) and below == above:
        raise ConfigError(
            f"{where}: `below` and `above` are both column `{below}`. Name one column for each."
        )
    if isinstance(below, str) or isinstance(above, str) or below is None or above is None:
        return
    if below > above or (below == above and not equal):
        raise ConfigError(
            f"{where}: `below` is {below:g} and `above` is {above:g}; the lower limit must lie "
            "below the upper one. Swap them."
        )


def named(*limits: Limit) -> tuple[str, ...]:
    """The limits that are columns."""
    return tuple(limit for limit in limits if isinstance(limit, str))


def bound_limit(limit: Limit, columns: Columns, *, absent: float) -> Array | None:
    """The limit as an array, `absent` where a column has none; None where no row has one."""
    if limit is None:
        return None
    if not isinstance(limit, str):
        return jnp.asarray(float(limit))
    column = jnp.asarray(columns[limit])
    return jnp.where(jnp.isnan(column), absent, column)


def row_limits(
    limit: Limit, columns: Mapping[str, np.ndarray], rows: int, *, absent: float
) -> np.ndarray:
    """The limit of each row, `absent` where there is none, (rows,)."""
    if limit is None:
        return np.full(rows, absent)
    if not isinstance(limit, str):
        return np.full(rows, float(limit))
    column = np.asarray(columns[limit], dtype=float)
    return np.where(np.isnan(column), absent, column)


def named_limit(name: str, limit: Limit) -> str:
    """How a message calls it: `below` (column `least`), or `below` alone."""
    return f"`{name}` (column `{limit}`)" if isinstance(limit, str) else f"`{name}`"
