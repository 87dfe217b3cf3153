"""The log of one minus a probability, from the log of that probability."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

# A log probability nearer to zero than this counts as zero: its logarithm would meet subnormals.
_NEAREST = -1e-300
# Above this the survival exp(-e^q) is zero to every digit, and the square of e^q still fits.
_LARGEST_EXPONENT = 300.0
_SERIES_BELOW = -8.0


def log1mexp(log_p: ArrayLike) -> Float[Array, "..."]:
    """Turn the log of a probability into the log of its complement, log(1 - exp(log_p)).

    Args:
        log_p: log probability, at most 0.

    Returns:
        The log of the complement: -inf with gradient 0 where `log_p` is 0, nan where it is above.

    Source: Maechler (2012), Accurately computing log(1 - exp(-|a|)).
    """
    log_p = jnp.asarray(log_p, dtype=float)
    inside = log_p <= _NEAREST
    value = _log1mexp(jnp.where(inside, log_p, -1.0))
    return jnp.where(inside, value, jnp.where(log_p <= 0, -jnp.inf, jnp.nan))


@jax.custom_jvp
def _log1mexp(log_p: Array) -> Array:
    near_zero = log_p > -np.log(2.0)
    close = jnp.log(-jnp.expm1(jnp.where(near_zero, log_p, -0.5)))
    far = jnp.log1p(-jnp.exp(jnp.where(near_zero, -1.0, log_p)))
    return jnp.where(near_zero, close, far)


@_log1mexp.defjvp
def _log1mexp_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (log_p,), (direction,) = primals, tangents
    value = _log1mexp(log_p)
    return value, -jnp.exp(log_p - value) * direction


def log1mexpexp(q: ArrayLike) -> Float[Array, "..."]:
    """Compute log(1 - exp(-e^q)): a log probability from the log of a cumulative hazard.

    Args:
        q: log of the cumulative hazard, any real.

    Returns:
        The log probability, close to `q` where `q` is very negative, close to 0 where it is large.

    Source: the series of log((1 - e^-t) / t) at 0, Abramowitz & Stegun (1964), 23.1.1.
    """
    q = jnp.asarray(q, dtype=float)
    tiny = q < _SERIES_BELOW
    hazard = jnp.exp(jnp.where(tiny, q, _SERIES_BELOW))
    series = q - hazard / 2 + hazard**2 / 24
    direct = log1mexp(-jnp.exp(jnp.clip(jnp.where(tiny, 0.0, q), None, _LARGEST_EXPONENT)))
    return jnp.where(tiny, series, direct)


def shares(second: Array, log_first: Array, log_second: Array) -> tuple[Array, Array]:
    """How both log tails move with the smaller one: 1 for itself, minus their odds for the other.

    Args:
        second: whether the second tail is the smaller one.
        log_first: log probability of the first tail.
        log_second: log probability of the second tail.
    """
    odds = -jnp.exp(jnp.where(second, log_second - log_first, log_first - log_second))
    return jnp.where(second, odds, 1.0), jnp.where(second, 1.0, odds)


def moved_tails(
    second: Array, logs: tuple[Array, ...], by_shape: Array, to_point: Array
) -> tuple[Array, Array]:
    """How both log tails move with a shape and with the point.

    Args:
        second: whether the second tail is the smaller one.
        logs: both log tails, the log density, and the log of the density over the smaller tail.
        by_shape: what the shape adds to the log of the smaller tail.
        to_point: how far the point moves, up.
    """
    log_first, log_second, log_density, log_speed = logs
    share_first, share_second = shares(second, log_first, log_second)
    small = jnp.exp(log_speed)
    other = jnp.exp(log_density - jnp.where(second, log_first, log_second))
    return (
        share_first * by_shape + jnp.where(second, other, small) * to_point,
        share_second * by_shape - jnp.where(second, small, other) * to_point,
    )
