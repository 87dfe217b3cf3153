"""Differences free of cancellation, whose derivatives are closed forms as free of it.

The values are those of `stirling`. Differentiated as they stand, their polynomials would be
compiled once more for each direction.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from assay.family.tail import stirling

# Derivatives of the series of log a - ψ(a) in 1/a: a term c·a^-n becomes -n·c·a^-(n + 1).
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_SERIES_FROM = 10.0
_SHIFT = 10


@jax.custom_jvp
def digamma_gap_drop(a: Array, b: Array) -> Array:
    """Compute [log a - ψ(a)] - [log(a + b) - ψ(a + b)], for a > 0 and b >= 0."""
    return stirling.digamma_gap_drop(a, b)


@digamma_gap_drop.defjvp
def _digamma_gap_drop_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    (a, b), (to_a, to_b) = primals, tangents
    by_a, by_b = _drop_slopes(a, b)
    return digamma_gap_drop(a, b), by_a * to_a + by_b * to_b


def _drop_slopes(a: Array, b: Array) -> tuple[Array, Array]:
    """Derivatives in `a`, a divided difference where that is large, and in `b`."""
    large = a >= _SERIES_FROM
    near = jnp.where(large, a, _SERIES_FROM)
    u, v = 1 / near, 1 / (near + b)
    # The slope of the gap is -u² (1/2 + u p(u²)), where p has Bernoulli's numbers.
    slope, value = jnp.zeros_like(u), jnp.zeros_like(u)
    for coefficient in _BERNOULLI[::-1]:
        slope = slope * u**2 + value
        value = value * v**2 + coefficient
    # By u - v = b·u·v and the divided difference of p, which is `slope`.
    at_u = value + slope * (u - v) * (u + v)
    divided = 0.5 * (u + v) + at_u * (u**2 + u * v + v**2) + v**3 * slope * (u + v)
    series = -b * u * v * divided
    low = jnp.where(large, 1.0, a)
    by_b = -_gap_slope(a + b)
    return jnp.where(large, series, _gap_slope(low) - _gap_slope(low + b)), by_b


def _gap_slope(a: Array) -> Array:
    """Derivative of log a - ψ(a): 1/a - ψ'(a), below 0."""
    large = a >= _SERIES_FROM
    far = 1 / jnp.where(large, a, a + _SHIFT)
    value = jnp.zeros_like(far)
    for coefficient in _BERNOULLI[::-1]:
        value = value * far**2 + coefficient
    series = -(far**2) * (0.5 + far * value)
    low = jnp.where(large, 1.0, a)
    steps = jnp.arange(float(_SHIFT)).reshape(-1, *(1,) * a.ndim)
    # 1/a - 1/(a + 10) less the ten squares that lead from ψ'(a) to ψ'(a + 10).
    lead = _SHIFT / (low * (low + _SHIFT)) - jnp.sum((low + steps) ** -2, axis=0)
    return jnp.where(large, series, series + lead)


@jax.custom_jvp
def shortfall(m: Array) -> Array:
    """Compute log(1 + m) - m / (1 + m), at least 0, for m > -1."""
    return stirling.shortfall(m)


@shortfall.defjvp
def _shortfall_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (m,), (to_m,) = primals, tangents
    return shortfall(m), m / (1 + m) * (to_m / (1 + m))


@jax.custom_jvp
def excess(m: Array, ratio: Array) -> Array:
    """Compute m - log(1 + m), where `ratio` is 1 + m, known without rounding near m = -1."""
    return stirling.excess(m, ratio)


@excess.defjvp
def _excess_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    (m, ratio), (to_m, _) = primals, tangents
    return excess(m, ratio), m / ratio * to_m
