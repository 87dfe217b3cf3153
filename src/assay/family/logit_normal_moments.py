"""Moments of sigmoid(U) for a Normal U, by quadrature that is right however small or wide U is.

Gauss-Legendre on at most two panels that meet at 0, each cut to where e^(tilt v) times the Normal
density matters. The sigmoid s is smooth on the scale of 1 and has its poles beside 0, at a panel's
end; the Normal density is smooth on its own scale. For a wide U the step of s is taken out exactly.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family.tail import log_ndtr
from assay.family.tail.gauss import gauss_legendre
from assay.family.tail.quadrature import first_length

_POINTS, _WEIGHTS = gauss_legendre(48)
_FAR = 1e300
_ROOT_2PI = float(np.sqrt(2 * np.pi))


def expected_excess(
    mean: Float[Array, "..."], sd: Float[Array, "..."], at: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Compute E max(s(U) - s(at), 0) for the sigmoid s and a Normal U.

    Args:
        mean: of U.
        sd: of U, above 0.
        at: log-odds of the limit; -1e300 for none.
    """
    # Where little of U lies above on the scale of 1, s(v) - s(at) is integrated as it is; else its
    # limit 1 - s(at) is taken out, which would cancel there.
    direct = (sd < 1) | (at - mean >= sd**2)
    start = jnp.maximum(at, 0.0)
    below = _panel(mean, sd, jnp.ones_like(sd), jnp.minimum(at, 0.0), jnp.zeros_like(at))
    above = _panel(mean, sd, jnp.where(direct, 0.0, -1.0), start, jnp.full_like(at, _FAR))

    def rise(v: Array) -> Array:
        return -jax.nn.sigmoid(v) * jax.nn.sigmoid(-at) * jnp.expm1(jnp.minimum(at - v, 0.0))

    def rest(v: Array) -> Array:
        return jnp.where(direct, rise(v), -jax.nn.sigmoid(-v))

    step = jnp.where(direct, 0.0, jax.nn.sigmoid(-at) * jnp.exp(log_ndtr((mean - start) / sd)))
    return step + _integral(mean, sd, below, rise) + _integral(mean, sd, above, rest)


def share_variance(mean: Float[Array, "..."], sd: Float[Array, "..."]) -> Float[Array, "..."]:
    """Compute the variance of s(U) for the sigmoid s and a Normal U.

    Args:
        mean: of U.
        sd: of U, above 0.
    """
    narrow = sd < 1
    return jnp.where(
        narrow,
        _narrow_variance(mean, jnp.where(narrow, sd, 0.5)),
        _wide_variance(mean, jnp.where(narrow, 2.0, sd)),
    )


def _narrow_variance(mean: Array, sd: Array) -> Array:
    """About s(mean): nothing cancels, as s is almost straight on the scale of U."""
    low, high = mean - 9 * sd, mean + 2 * sd**2 + 9 * sd
    middle = (low + high) / 2

    def shift(v: Array) -> Array:
        return -jax.nn.sigmoid(v) * jax.nn.sigmoid(-mean) * jnp.expm1(mean - v)

    def over(integrand: Callable[[Array], Array]) -> Array:
        halves = ((low, middle), (middle, high))
        return sum((_integral(mean, sd, half, integrand) for half in halves), jnp.zeros_like(sd))

    return over(lambda v: shift(v) ** 2) - over(shift) ** 2


def _wide_variance(mean: Array, sd: Array) -> Array:
    """E s(U)² - (E s(U))²: they differ by a factor of at least about e^(sd²) or from a coin's."""
    zero, two = jnp.zeros_like(sd), jnp.full_like(sd, 2.0)
    below = _panel(mean, sd, two, zero - _FAR, zero)
    above = _panel(mean, sd, zero - 1, zero, zero + _FAR)
    square = jnp.exp(log_ndtr(mean / sd)) + _integral(mean, sd, below, _square)
    square = square - _integral(
        mean, sd, above, lambda v: jax.nn.sigmoid(-v) * (2 - jax.nn.sigmoid(-v))
    )
    return square - expected_excess(mean, sd, zero - _FAR) ** 2


def _square(v: Array) -> Array:
    return jax.nn.sigmoid(v) ** 2


def _panel(mean: Array, sd: Array, tilt: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """The part of [low, high] on which e^(tilt v) times the Normal density matters."""
    peak = jnp.clip(mean + tilt * sd**2, low, high)
    slope = tilt - (peak - mean) / sd**2
    left = first_length(jnp.maximum(slope, 0.0), sd**-2)
    right = first_length(jnp.maximum(-slope, 0.0), sd**-2)
    return jnp.maximum(low, peak - left), jnp.minimum(high, peak + right)


def _integral(
    mean: Array, sd: Array, panel: tuple[Array, Array], integrand: Callable[[Array], Array]
) -> Array:
    """Integral of a function of v times the Normal density over a panel."""
    low, high = panel
    points = jnp.asarray(_POINTS).reshape(-1, *(1,) * jnp.ndim(low))
    v = low + (high - low) * points
    density = jnp.exp(-0.5 * ((v - mean) / sd) ** 2) / (sd * _ROOT_2PI)
    return (high - low) * jnp.tensordot(jnp.asarray(_WEIGHTS), integrand(v) * density, axes=1)
