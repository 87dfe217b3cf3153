"""Moments of a power of a beta variable, without differences of large log Γ."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from assay.family.tail.stirling import log_ratio, shortfall, stirling_remainder

_SHIFT = 10  # steps of the recurrence a -> a + 1, into where Stirling's series is exact


def log_share_moment(
    power: Float[Array, "..."], p: Float[Array, "..."], q: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Compute the log of E(B^(1 / power)) for a beta variable B of shapes p and q.

    Args:
        power: above 0.
        p: first shape, above 0.
        q: second shape, above 0.
    """
    step = 1 / power
    return _log_gamma_rise(p, step) - _log_gamma_rise(p + q, step)


def log_square_over_mean(
    power: Float[Array, "..."], p: Float[Array, "..."], q: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Compute the log of E(B^(2 / power)) / E(B^(1 / power))², right where it is tiny.

    Args:
        power: above 0.
        p: first shape, above 0.
        q: second shape, above 0; the result loses the digits that p / q has before the point.
    """
    step = 1 / power
    return _log_gamma_bend(p, step) - _log_gamma_bend(p + q, step)


def _log_gamma_rise(a: Array, step: Array) -> Array:
    """Log Γ(a + step) - log Γ(a), by recurrence into Stirling's formula."""
    low, high = a + _SHIFT, a + _SHIFT + step
    bulk = (low - 0.5) * jnp.log1p(step / low) + step * (jnp.log(high) - 1)
    stirling = bulk + stirling_remainder(high) - stirling_remainder(low)
    return stirling - sum(
        log_ratio(step / (a + i), (a + i + step) / (a + i)) for i in range(_SHIFT)
    )


def _log_gamma_bend(a: Array, step: Array) -> Array:
    """Log Γ(a) - 2 log Γ(a + step) + log Γ(a + 2 step), every part of one sign or small."""
    low, middle, high = (a + _SHIFT + k * step for k in range(3))
    part = step / middle
    up, down = (high / middle) * shortfall(part), _weighted_shortfall(part, low / middle)
    low, middle_rest, high = (stirling_remainder(each) for each in (low, middle, high))
    rest = (low - middle_rest) + (high - middle_rest)
    stirling = middle * (up + down) - 0.5 * _log_bend(a + _SHIFT, step) + rest
    return stirling - sum(_log_bend(a + i, step) for i in range(_SHIFT))


def _log_bend(a: Array, step: Array) -> Array:
    """Log of a (a + 2 step) / (a + step)²."""
    middle = a + step
    return log_ratio(-((step / middle) ** 2), a / middle * ((middle + step) / middle))


def _weighted_shortfall(part: Array, ratio: Array) -> Array:
    """(1 - part) log(1 - part) + part, where `ratio` is 1 - part."""
    small = part < 0.3
    near = -jnp.where(small, part, 0.0)
    far = jnp.where(small, 0.5, ratio)
    return jnp.where(small, (1 + near) * shortfall(near), far * jnp.log(far) + (1 - far))
