"""Log probabilities of both tails of the negative binomial distribution."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from assay.family.tail.beta_integral import (
    Side,
    integrate_outwards,
    log_beta_kernel,
    smaller_side,
)
from assay.family.tail.chance import Rate
from assay.family.tail.differences import digamma_gap_drop, shortfall
from assay.family.tail.log1mexp import log1mexp, shares
from assay.family.tail.quadrature import SHIFT

_SMALLEST = 1e-305
# Below this mean the smaller tail is its first term, and its share of the kernel the same.
_TINY = 1e-200
_NEAREST = -1e-300


def negative_binomial_log_tails(
    k: ArrayLike, mean: ArrayLike | Rate, size: ArrayLike
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Compute the log probabilities that a negative binomial count is at most k, and above k.

    Args:
        k: the count; a fraction is rounded down, below 0 nothing lies.
        mean: mean count, above 0; at 0 every count is 0. As a `Rate` its second derivatives hold
            below 1e-150 too.
        size: size, above 0; the variance is mean + mean² / size.

    Returns:
        log P(Y <= k) and log P(Y > k), with gradients in `mean` and `size` and none in `k`; where
        one of them is certain they are 0 and -inf with gradient 0. A negative mean or a size that
        is not positive gives nan.

    Source: P(Y > k) = I_x(k + 1, size) with x = mean / (mean + size), DLMF 8.17. The derivative in
        the size is the mean score over the tail, written without cancellation, so that it stays
        right where the size is large and the distribution close to Poisson.
    """
    rate = mean if isinstance(mean, Rate) else None
    parts = (k, mean.value if isinstance(mean, Rate) else mean, size)
    k, mean, size = jnp.broadcast_arrays(*(jnp.asarray(part, dtype=float) for part in parts))
    proper = (mean >= 0) & (size > 0) & ~jnp.isnan(k)
    inside = proper & (k >= 0) & (k < jnp.inf) & (mean >= _SMALLEST)
    above_k = jax.lax.stop_gradient(jnp.where(inside, jnp.floor(k), 0.0)) + 1
    safe_mean, safe_size = jnp.where(inside, mean, 1.0), jnp.where(inside, size, 1.0)
    log_mean = jnp.log(safe_mean) if rate is None else jnp.where(inside, rate.log, 0.0)
    log_cdf, log_sf = _tails(above_k, Rate(safe_mean, log_mean), safe_size)
    nothing, everything = proper & (k < 0), proper & (k >= 0)
    off_cdf = jnp.where(nothing, -jnp.inf, jnp.where(everything, 0.0, jnp.nan))
    off_sf = jnp.where(nothing, 0.0, jnp.where(everything, -jnp.inf, jnp.nan))
    return jnp.where(inside, log_cdf, off_cdf), jnp.where(inside, log_sf, off_sf)


_At = tuple[Array, Rate, Array]


class _Tails(NamedTuple):
    """What one pass over the quadrature gives.

    Fields:
        log_cdf: log P(Y < m).
        log_sf: log P(Y >= m).
        kernel: log of m P(Y = m).
        slope: derivative of the smaller log tail in the size.
    """

    log_cdf: Array
    log_sf: Array
    kernel: Array
    slope: Array


# Each order of derivative has a function of its own, whose rule calls the next: so one quadrature
# answers at every order, and is never differentiated in a direction that has a closed form.


@jax.custom_jvp
def _tails(m: Array, mean: Rate, size: Array) -> tuple[Array, Array]:
    """Both log tails."""
    mass = _mass_and_tilt(m, mean.value, size)[0]
    return _both(mass, _kernel(m, mean.value, size), _side(m, mean.value, size))


@_tails.defjvp
def _tails_jvp(primals: _At, tangents: _At) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    now = _with_slope(*primals)
    return (now.log_cdf, now.log_sf), _to_tails(now, primals, tangents)


@jax.custom_jvp
def _with_slope(m: Array, mean: Rate, size: Array) -> _Tails:
    mass, tilt = _mass_and_tilt(m, mean.value, size)
    kernel = _kernel(m, mean.value, size)
    both = _both(mass, kernel, _side(m, mean.value, size))
    return _Tails(*both, kernel, _kernel_score(m, mean.value, size) + tilt)


@_with_slope.defjvp
def _with_slope_jvp(primals: _At, tangents: _At) -> tuple[_Tails, _Tails]:
    (m, mean, size), (_, to_mean, to_size) = primals, tangents
    along = (jnp.ones_like(size),)
    score, score_size = jax.jvp(lambda at: _kernel_score(m, mean.value, at), (size,), along)
    masses = jax.jvp(lambda at: _mass_and_tilt(m, mean.value, at), (size,), along)
    (mass, tilt), (_, tilt_size) = masses
    kernel, side = _kernel(m, mean.value, size), _side(m, mean.value, size)
    now = _Tails(*_both(mass, kernel, side), kernel, score + tilt)
    to_kernel = size / (mean.value + size) * (m - mean.value) * to_mean.log + score * to_size
    # The slope in the mean is the kernel over the tail: their slopes in the size differ by tilt.
    small = jnp.where(side.turned, -tilt / mass, tilt / mass)
    to_slope = (score_size + tilt_size) * to_size - small * to_mean.log
    return now, _Tails(*_to_tails(now, primals, tangents), to_kernel, to_slope)


def _both(mass: Array, kernel: Array, side: Side) -> tuple[Array, Array]:
    small = jnp.minimum(kernel + jnp.log(mass), _NEAREST)
    other = log1mexp(small)
    return jnp.where(side.turned, small, other), jnp.where(side.turned, other, small)


def _to_tails(now: _Tails, primals: _At, tangents: _At) -> tuple[Array, Array]:
    (m, mean, size), (_, to_mean, to_size) = primals, tangents
    share_cdf, share_sf = shares(~_side(m, mean.value, size).turned, now.log_cdf, now.log_sf)
    by_size = now.slope * to_size
    to_cdf = share_cdf * by_size - jnp.exp(now.kernel - now.log_cdf) * to_mean.log
    return to_cdf, share_sf * by_size + jnp.exp(now.kernel - now.log_sf) * to_mean.log


def _kernel(m: Array, mean: Array, size: Array) -> Array:
    """Log of m P(Y = m), which is also the log density of the log-odds."""
    total, reach = m + size, mean + size
    ratio_x, ratio_y = mean / m * (total / reach), total / reach
    return log_beta_kernel(m, size, size / reach * (mean - m), ratio_x, ratio_y)


def _kernel_score(m: Array, mean: Array, size: Array) -> Array:
    """Derivative of the kernel in the size at a fixed mean; of order size^-2 when size is large."""
    return digamma_gap_drop(size, m) - shortfall((mean - m) / (size + m))


def _mass_and_tilt(m: Array, mean: Array, size: Array) -> tuple[Array, Array]:
    """Smaller tail over kernel, and the derivative of its logarithm in the size."""
    mean = jnp.maximum(mean, _TINY)
    side = _side(m, mean, size)
    mass, mass_size = _descend(side, _integrals(side, m, mean, size), mean, size)
    return mass, mass_size / mass


def _side(m: Array, mean: Array, size: Array) -> Side:
    reach = mean + size
    return smaller_side(m, size, mean / reach, size / reach)


def _integrals(side: Side, m: Array, mean: Array, size: Array) -> tuple[Array, Array]:
    """Smaller tail over kernel, before the recurrence, and its derivative in the size.

    With s the odds times the size and δ = (s - mean) / (size + mean), the log integrand relative
    to the cut changes with the size by δ / (1 + δ) · (m - mean) / (size + mean) - shortfall(δ),
    where no term is larger than the result.
    """
    reach = mean + size
    x, direction = mean / reach, jnp.where(side.turned, 1.0, -1.0)
    pull = (m + (side.shape_in_use - side.a) - mean) / reach

    def score(u: Array, _: Array) -> tuple[Array]:
        delta = x * jnp.expm1(direction * u)
        return (delta / (1 + delta) * pull - shortfall(delta),)

    mass, mass_size = integrate_outwards(side, score, 1)
    return mass, mass_size


def _descend(
    side: Side, masses: tuple[Array, Array], mean: Array, size: Array
) -> tuple[Array, Array]:
    """Step the shifted shape down, see the beta tails; the derivative is in the size."""
    low, low_size = (
        jnp.where(side.shifted, value, safe) for value, safe in zip(masses, (1.0, 0.0), strict=True)
    )
    by_shape, reach = jnp.where(side.turned, 1.0, 0.0), mean + size
    m = jnp.where(side.turned, side.b, side.a)

    def descend(step: int, lows: tuple[Array, Array]) -> tuple[Array, Array]:
        low, low_size = lows
        i = SHIFT - 1 - step
        total, shape = m + size + i, side.a + i
        # Growth is size·total/reach if turned, else mean·total/reach.
        growth = side.x * total
        growth_size = side.x * ((mean - m - i) / reach) + by_shape * total / reach
        now = (1 + growth * low) / shape
        return now, (growth * low_size + growth_size * low - by_shape * now) / shape

    low, low_size = lax.fori_loop(0, SHIFT, descend, (low, low_size))
    return jnp.where(side.shifted, low, masses[0]), jnp.where(side.shifted, low_size, masses[1])
