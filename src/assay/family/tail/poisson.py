"""Log mass and log probabilities of both tails of the Poisson distribution."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from assay.family.tail.chance import Rate
from assay.family.tail.gamma import gamma_tails_and_speed, log_gamma_kernel, upper_is_small
from assay.family.tail.log1mexp import log1mexp, shares

# Below this mean the first term of a tail is all of it.
_TINY = 1e-100
_NEAREST = -1e-300


def poisson_log_mass(k: ArrayLike, mean: Rate) -> Float[Array, "..."]:
    """Compute the log probability of a Poisson count.

    Args:
        k: whole number, at least 0; it carries no gradient.
        mean: mean count, from 1e-300 to 1e15 and beyond.

    Source: Loader (2000), Fast and accurate computation of binomial probabilities.
    """
    k = jnp.asarray(k, dtype=float)
    shape = jnp.broadcast_shapes(k.shape, mean.shape)
    return _log_mass(jax.lax.stop_gradient(jnp.broadcast_to(k, shape)), mean.broadcast(shape))


def poisson_log_tails(k: ArrayLike, mean: Rate) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Compute the log probabilities that a Poisson count is at most k, and above k.

    Args:
        k: the count; a fraction is rounded down, below 0 nothing lies.
        mean: mean count, above 0.

    Returns:
        log P(Y <= k) and log P(Y > k), with first and second derivatives in the mean and none in
        `k`; where one of them is certain they are 0 and -inf with gradient 0.

    Source: P(Y > k) = P(k + 1, mean), DLMF 8.4.10. With k held, the slope in the mean is a mass,
        so no derivative needs a quadrature of its own.
    """
    k = jnp.asarray(k, dtype=float)
    shape = jnp.broadcast_shapes(k.shape, mean.shape)
    k, mean = jnp.broadcast_to(k, shape), mean.broadcast(shape)
    inside = (k >= 0) & (k < jnp.inf)
    above_k = jax.lax.stop_gradient(jnp.where(inside, jnp.floor(k), 0.0)) + 1
    log_cdf, log_sf, _ = _tails(above_k, mean)
    off_cdf = jnp.where(k < 0, -jnp.inf, jnp.where(jnp.isnan(k), jnp.nan, 0.0))
    off_sf = jnp.where(k < 0, 0.0, jnp.where(jnp.isnan(k), jnp.nan, -jnp.inf))
    return jnp.where(inside, log_cdf, off_cdf), jnp.where(inside, log_sf, off_sf)


@jax.custom_jvp
def _log_mass(k: Array, mean: Rate) -> Array:
    at = jnp.maximum(k, 1.0)
    return jnp.where(k == 0, -mean.value, log_gamma_kernel(at, mean.value) - jnp.log(at))


@_log_mass.defjvp
def _log_mass_jvp(primals: tuple[Array, Rate], tangents: tuple[Array, Rate]) -> tuple[Array, Array]:
    (k, mean), (_, to_mean) = primals, tangents
    return _log_mass(k, mean), k * to_mean.log - to_mean.value


@jax.custom_jvp
def _tails(m: Array, mean: Rate) -> tuple[Array, Array, Array]:
    """Log P(Y < m), log P(Y >= m), and the log of how fast the smaller moves with log mean."""
    tiny = mean.value < _TINY
    safe = jnp.where(tiny, 1.0, mean.value)
    above, up_to, speed = gamma_tails_and_speed(m, safe)
    first = log_gamma_kernel(m, mean.value) - jnp.log(m)
    none = log1mexp(jnp.minimum(first, _NEAREST))
    speed = jnp.where(tiny, jnp.log(m), speed + jnp.log(safe))
    return jnp.where(tiny, none, up_to), jnp.where(tiny, first, above), speed


@_tails.defjvp
def _tails_jvp(
    primals: tuple[Array, Rate], tangents: tuple[Array, Rate]
) -> tuple[tuple[Array, Array, Array], tuple[Array, Array, Array]]:
    (m, mean), (_, to_mean) = primals, tangents
    log_cdf, log_sf, speed = values = _tails(m, mean)
    # P(Y < m) is the gamma's upper tail.
    below = upper_is_small(m, mean.value)
    share_cdf, share_sf = shares(~below, log_cdf, log_sf)
    to_small = jnp.where(below, -1.0, 1.0) * jnp.exp(speed) * to_mean.log
    to_speed = m * to_mean.log - to_mean.value - to_small
    return values, (share_cdf * to_small, share_sf * to_small, to_speed)
