"""The gamma distribution in the log of y over its mean, for any spread.

With shape a and rate 1, the tails at a large shape change with a and with the point by nearly the
same amount, and what is left for a mean that is held is a difference without digits. Here the mean
is held from the start, and no point is so small that it underflows.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from assay.family.tail.gamma_quantile import _power_law, _solve
from assay.family.tail.log1mexp import log1mexp, moved_tails
from assay.family.tail.log_quotient import log_quotient
from assay.family.tail.quadrature import (
    DEPTH,
    SHIFT,
    SMALL_SHAPE,
    first_length,
    integrate,
)
from assay.family.tail.stirling import digamma_gap, excess, stirling_remainder

_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))
# Logs of the point in units of the scale: below, the power law is exact; above, all is certain.
_LOWEST, _HIGHEST = -575.0, 345.0
_NEWTON_STEPS = 4
_NEAREST = -1e-300
_SMALL_STEP = 0.3
_TINY_STEP = 0.1


def log_gamma_density_ratio(a: ArrayLike, v: ArrayLike) -> Float[Array, "..."]:
    """Compute the log density of log(y / mean) at `v`, for a gamma variable of shape `a`.

    Args:
        a: shape, above 0.
        v: log(y / mean), finite.

    Returns:
        The log density, with first and second derivatives in both.

    Source: Loader (2000), Fast and accurate computation of binomial probabilities.
    """
    return _log_density(*_floats(a, v))


def log_gamma_tails_ratio(a: ArrayLike, v: ArrayLike) -> tuple[Array, Array]:
    """Compute the log probabilities that log(y / mean) is at most `v`, and above it.

    Args:
        a: shape, above 0, from 1e-6 to 1e12.
        v: log(y / mean), finite.

    Returns:
        Both log tails, with first and second derivatives in `a` and `v`. A shape that is not
        positive gives nan.

    Source: `log_gamma_tails`, with the derivative in the shape taken under the integral while
        y / mean is held.
    """
    a, v = _floats(a, v)
    proper = a > 0
    a = jnp.where(proper, a, 1.0)
    log_x = v + jnp.log(a)
    low, high = log_x < _LOWEST, log_x > _HIGHEST
    inside = ~low & ~high
    near = _tails(a, jnp.where(inside, v, 0.0))[:2]
    below = jnp.minimum(_log_power(a, jnp.where(low, v, _LOWEST - jnp.log(a))), _NEAREST)
    ends = jnp.where(high, 0.0, below), jnp.where(high, -jnp.inf, log1mexp(below))
    log_p, log_q = (jnp.where(inside, *pair) for pair in zip(near, ends, strict=True))
    return jnp.where(proper, log_p, jnp.nan), jnp.where(proper, log_q, jnp.nan)


def gamma_quantile_ratio(a: ArrayLike, log_p: ArrayLike, log_q: ArrayLike) -> Float[Array, "..."]:
    """Find the log of the quantile over the mean, from both log tails, by one solve.

    Args:
        a: shape, above 0.
        log_p: log of the lower probability, at most 0.
        log_q: log of the upper probability, log(1 - exp(log_p)); the smaller one is solved for
            and carries the gradient.

    Returns:
        log(quantile / mean), however small, with gradients in all three; -inf at log_p = -inf and
        inf at log_q = -inf, both with gradient 0. A shape that is not positive gives nan.

    Source: `gamma_quantile` and `gamma_quantile_upper`.
    """
    parts = (jnp.asarray(part, dtype=float) for part in (a, log_p, log_q))
    a, log_p, log_q = jnp.broadcast_arrays(*parts)
    lower = log_p < log_q
    log_tail = jnp.where(lower, log_p, log_q)
    proper = (a > 0) & (log_tail < 0)
    inside = proper & (log_tail > -jnp.inf)
    v = _from_smaller(jnp.where(inside, a, 1.0), jnp.where(inside, log_tail, -1.0), lower)
    ends = jnp.where(lower, -jnp.inf, jnp.inf)
    return jnp.where(inside, v, jnp.where(proper, ends, jnp.nan))


def _floats(a: ArrayLike, v: ArrayLike) -> tuple[Array, Array]:
    a, v = jnp.broadcast_arrays(jnp.asarray(a, dtype=float), jnp.asarray(v, dtype=float))
    return a, v


@jax.custom_jvp
def _log_density(a: Array, v: Array) -> Array:
    deviance = a * excess(jnp.expm1(v), jnp.exp(v))
    return -deviance + 0.5 * jnp.log(a) - _HALF_LOG_2PI - stirling_remainder(a)


@_log_density.defjvp
def _log_density_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    (a, v), (to_a, to_v) = primals, tangents
    return _log_density(a, v), _density_slope(a, v) * to_a - a * jnp.expm1(v) * to_v


def _density_slope(a: Array, v: Array) -> Array:
    """Derivative of the log density in the shape, y / mean held."""
    m = jnp.expm1(v)
    near = jnp.abs(m) < _SMALL_STEP
    return digamma_gap(a) - jnp.where(near, excess(jnp.where(near, m, 0.0), 1 + m), m - v)


def _log_power(a: Array, v: Array) -> Array:
    """Log of x^a / Γ(a + 1), the lower tail where x = a exp(v) is tiny."""
    return a * (v + jnp.log(a)) - lax.lgamma(a + 1)


def _upper_is_small(a: Array, v: Array) -> Array:
    return (v >= 0) & (v + jnp.log(a) >= 0)


@jax.custom_jvp
def _tails(a: Array, v: Array) -> tuple[Array, ...]:
    """Both log tails, the log density, and the smaller tail's log speed in v and slope in a.

    The speed is the density over the tail, from the quadrature itself, as in `log_gamma_tails`.
    """
    upper = _upper_is_small(a, v)
    mass, slope = _mass_and_slope(a, v)
    density, log_mass = _log_density(a, v), jnp.log(mass)
    small = jnp.minimum(density + log_mass, _NEAREST)
    other = log1mexp(small)
    log_p, log_q = jnp.where(upper, other, small), jnp.where(upper, small, other)
    return log_p, log_q, density, -log_mass, slope


@_tails.defjvp
def _tails_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    (a, v), (to_a, to_v) = primals, tangents
    *logs, slope = values = _tails(a, v)
    upper = _upper_is_small(a, v)
    to_p, to_q = moved_tails(upper, tuple(logs), slope * to_a, to_v)
    to_density = _density_slope(a, v) * to_a - a * jnp.expm1(v) * to_v
    to_speed = to_density - jnp.where(upper, to_q, to_p)
    to_slope = jax.jvp(lambda *at: _mass_and_slope(*at)[1], primals, tangents)[1]
    return values, (to_p, to_q, to_density, to_speed, to_slope)


def _mass_and_slope(a: Array, v: Array) -> tuple[Array, Array]:
    """Smaller tail over density, and the derivative of the log tail in the shape."""
    upper = _upper_is_small(a, v)
    shifted = ~upper & (a < SMALL_SHAPE)
    mass, mass_a = _integrals(a, v, jnp.where(upper, 1.0, -1.0), jnp.where(shifted, SHIFT, 0.0))
    start = jnp.where(shifted, mass, 1.0), jnp.where(shifted, mass_a, 0.0)
    low, low_a = _descend(a, jnp.exp(jnp.where(shifted, v, 0.0)), *start)
    mass, mass_a = jnp.where(shifted, low, mass), jnp.where(shifted, low_a, mass_a)
    return mass, _density_slope(a, v) + mass_a / mass


def _descend(a: Array, ratio: Array, mass: Array, mass_a: Array) -> tuple[Array, Array]:
    """Step the shifted shape down: the lower tail at s is (density + x · tail at s + 1) / s."""
    x = a * ratio

    def descend(step: int, lows: tuple[Array, Array]) -> tuple[Array, Array]:
        low, low_a = lows
        shape = a + (SHIFT - 1 - step)
        now = (1 + x * low) / shape
        return now, (ratio * low + x * low_a - now) / shape

    return lax.fori_loop(0, SHIFT, descend, (mass, mass_a))


def _integrals(a: Array, v: Array, sign: Array, shift: Array) -> tuple[Array, Array]:
    """Integral of the density outwards from v, relative to its value there, and d/da."""
    m, ratio = jnp.expm1(v), jnp.exp(v)
    x = a * ratio
    drop = sign * (a * m - shift)

    def integrand(u: Array) -> tuple[Array, Array]:
        step = sign * u
        gap = _expm1_gap(step)
        density = jnp.exp(-drop * u - x * gap)
        return density, -density * (m * step + ratio * gap)

    mass, mass_a = integrate(integrand, lax.stop_gradient(_length(drop, x, sign)), 2)
    return mass, mass_a


def _expm1_gap(t: Array) -> Array:
    """Compute exp(t) - 1 - t: for small t the difference would keep few digits."""
    small = jnp.abs(t) < _TINY_STEP
    near = jnp.where(small, t, 0.0)
    series = jnp.ones_like(t)
    for i in range(9, 2, -1):
        series = 1 + series * near / i
    return jnp.where(small, near**2 / 2 * series, jnp.expm1(t) - t)


def _length(drop: Array, x: Array, sign: Array) -> Array:
    """Solve drop·L + x (e^{±L} - 1 ∓ L) = DEPTH for the length of the tail."""
    start = first_length(drop, x)
    start = jnp.where(sign > 0, jnp.minimum(start, jnp.log1p(DEPTH / x) + 1), start)

    def improve(_: int, length: Array) -> Array:
        rise = jnp.expm1(sign * length)
        miss = drop * length + x * _expm1_gap(sign * length) - DEPTH
        return length - miss / (drop + x * sign * rise)

    return lax.fori_loop(0, _NEWTON_STEPS, improve, start)


@jax.custom_jvp
def _from_smaller(a: Array, log_tail: Array, lower: Array) -> Array:
    log_p = jnp.where(lower, log_tail, log1mexp(log_tail))
    lead = _power_law(a, log_p)
    found = log_quotient(_solve(a, log_tail, lower), a)
    return jnp.where(lead < _LOWEST, lead - jnp.log(a), found)


@_from_smaller.defjvp
def _from_smaller_jvp(
    primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[Array, Array]:
    """Differentiate the equation, not the iterations, on the tail that was given."""
    (a, log_tail, lower), (to_a, to_tail, _) = primals, tangents
    v = _from_smaller(a, log_tail, lower)

    def tail(shape: Array) -> Array:
        log_p, log_q = log_gamma_tails_ratio(shape, v)
        return jnp.where(lower, log_p, log_q)

    found, by_shape = jax.jvp(tail, (a,), (to_a,))
    rate = jnp.exp(_log_density(a, v) - found)
    return v, (to_tail - by_shape) / jnp.where(lower, rate, -rate)
