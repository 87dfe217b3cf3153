"""Logs of a ratio of two positive numbers, near 1 and where the ratio itself overflows."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from assay.family.tail.stirling import log_ratio

_SMALLEST, _LARGEST = 1e-290, 1e290
_SERIES_BELOW = 1e-5


@jax.custom_jvp
def _reciprocal(y: Array) -> Array:
    """1 / y; its slope multiplies twice, so a direction of 0 stays 0 where 1 / y² overflows."""
    return 1 / y


@_reciprocal.defjvp
def _reciprocal_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    value = _reciprocal(primals[0])
    return value, -value * (value * tangents[0])


@jax.custom_jvp
def plain_log(y: Array) -> Array:
    """Compute log(y); where 1 / y² overflows, other directions than y keep second derivatives."""
    return jnp.log(y)


@plain_log.defjvp
def _plain_log_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    return plain_log(primals[0]), tangents[0] * _reciprocal(primals[0])


@jax.custom_jvp
def _log_quotient(y: Array, scale: Array) -> Array:
    ratio = y / scale
    tame = (ratio > _SMALLEST) & (ratio < _LARGEST)
    one = jnp.where(tame, y, 1.0), jnp.where(tame, scale, 1.0)
    near = log_ratio((one[0] - one[1]) / one[1], jnp.where(tame, ratio, 1.0))
    return jnp.where(tame, near, jnp.log(y) - jnp.log(scale))


@_log_quotient.defjvp
def _log_quotient_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    (y, scale), (to_y, to_scale) = primals, tangents
    return _log_quotient(y, scale), to_y * _reciprocal(y) - to_scale * _reciprocal(scale)


def log_quotient(y: ArrayLike, scale: ArrayLike) -> Float[Array, "..."]:
    """Compute log(y / scale), exact where they are close and where the quotient overflows.

    Args:
        y: numerator, above 0.
        scale: denominator, above 0, in the same unit.
    """
    return _log_quotient(*_floats(y, scale))


@jax.custom_jvp
def _log1p_quotient(y: Array, scale: Array) -> Array:
    ratio = y / scale
    tame = ratio < _LARGEST
    far = jnp.log(jnp.where(tame, 1.0, y)) - jnp.log(scale)
    return jnp.where(tame, jnp.log1p(jnp.where(tame, ratio, 0.0)), far)


@_log1p_quotient.defjvp
def _log1p_quotient_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    (y, scale), (to_y, to_scale) = primals, tangents
    whole = _reciprocal(y + scale)
    slope = to_y * whole - (y * whole) * (to_scale * _reciprocal(scale))
    return _log1p_quotient(y, scale), slope


def log1p_quotient(y: ArrayLike, scale: ArrayLike) -> Float[Array, "..."]:
    """Compute log(1 + y / scale), at least 0, for y >= 0.

    Args:
        y: numerator, at least 0.
        scale: denominator, above 0, in the same unit.
    """
    return _log1p_quotient(*_floats(y, scale))


def log_log1p_quotient(y: ArrayLike, scale: ArrayLike) -> Float[Array, "..."]:
    """Compute log(log(1 + y / scale)), where y / scale is tiny too, for y > 0.

    Args:
        y: numerator, above 0.
        scale: denominator, above 0, in the same unit.
    """
    y, scale = _floats(y, scale)
    tiny = y < _SERIES_BELOW * scale
    low, high = jnp.where(tiny, y, scale), jnp.where(tiny, scale, y)
    ratio = low / scale
    # log1p(r) / r = 1 - r/2 + r²/3 - ...
    near = log_quotient(low, scale) - ratio / 2 + 5 * ratio**2 / 24
    return jnp.where(tiny, near, jnp.log(log1p_quotient(high, scale)))


def times_exp(scale: Array, exponent: Array) -> Array:
    """Compute scale · exp(exponent) in two halves, so that only the product can overflow."""
    half = jnp.exp(exponent / 2)
    return scale * half * half


def _floats(*parts: ArrayLike) -> tuple[Array, Array]:
    y, scale = jnp.broadcast_arrays(*(jnp.asarray(part, dtype=float) for part in parts))
    return y, scale
