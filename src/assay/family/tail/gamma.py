"""Log probabilities of both tails of the gamma distribution."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from assay.family.tail.log1mexp import log1mexp, moved_tails
from assay.family.tail.quadrature import (
    DEPTH,
    SHIFT,
    SMALL_SHAPE,
    first_length,
    integrate,
)
from assay.family.tail.stirling import digamma_gap, excess, log_ratio, stirling_remainder

_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))
_SMALLEST, _FARTHEST = 1e-290, 1e150
_NEWTON_STEPS = 4
_NEAREST = -1e-300


def log_gamma_tails(a: ArrayLike, x: ArrayLike) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Compute the log probabilities that a unit-rate gamma variable is at most x, and above x.

    Args:
        a: shape, above 0; right to about 1e-12 from 1e-4 to 1e8.
        x: the point, in units of the scale; below 1e-290 it counts as 0, from 1e150 as infinite.

    Returns:
        log P(a, x) and log Q(a, x), with first and second derivatives in `a` and `x` (the second
        in x overflows below 1e-150). Off the support they are -inf and 0 with gradient 0. A shape
        that is not positive gives nan.

    Source: the regularised incomplete gamma function (Gautschi 1979; DiDonato & Morris 1986), here
        by quadrature outwards from x in log x, with the prefactor of Loader (2000).
    """
    return gamma_tails_and_speed(a, x)[:2]


def gamma_tails_and_speed(a: ArrayLike, x: ArrayLike) -> tuple[Array, Array, Array]:
    """What `log_gamma_tails` gives, and the log of how fast the log of the smaller tail moves in x.

    The smaller one is the upper where `upper_is_small`.
    """
    a, x = jnp.broadcast_arrays(jnp.asarray(a, dtype=float), jnp.asarray(x, dtype=float))
    proper = a > 0
    inside = (x >= _SMALLEST) & (x < _FARTHEST) & proper
    log_p, log_q, _, speed, _ = _tails(jnp.where(proper, a, 1.0), jnp.where(inside, x, 1.0))
    below, above = proper & (x < _SMALLEST), proper & (x >= _FARTHEST)
    off_p = jnp.where(below, -jnp.inf, jnp.where(above, 0.0, jnp.nan))
    off_q = jnp.where(below, 0.0, jnp.where(above, -jnp.inf, jnp.nan))
    return jnp.where(inside, log_p, off_p), jnp.where(inside, log_q, off_q), speed


def log_gamma_kernel(a: Array, x: Array) -> Array:
    """Compute a log x - x - log Γ(a), the log density of log x, without cancellation."""
    deviance = a * excess((x - a) / a, x / a)
    return -deviance + 0.5 * jnp.log(a) - _HALF_LOG_2PI - stirling_remainder(a)


def _kernel_slope(a: Array, x: Array) -> Array:
    """Derivative of the kernel in the shape: log x - ψ(a)."""
    return log_ratio((x - a) / a, x / a) + digamma_gap(a)


def upper_is_small(a: Array, x: Array) -> Array:
    """Whether the upper tail is the one that is taken by quadrature."""
    return x >= jnp.maximum(a, 1.0)


@jax.custom_jvp
def _tails(a: Array, x: Array) -> tuple[Array, ...]:
    """Both log tails, the log density, and the smaller tail's log speed in x and slope in a.

    The speed is the density over the tail, from the quadrature itself: as a difference of logs of
    thousands it would leave nothing of its own derivative. The last three are outputs so that the
    rule below need not repeat the quadrature; where nobody differentiates, the compiler drops them.
    """
    upper = upper_is_small(a, x)
    mass, slope = _mass_and_slope(a, x)
    kernel = log_gamma_kernel(a, x)
    small = jnp.minimum(kernel + jnp.log(mass), _NEAREST)
    other = log1mexp(small)
    log_p, log_q = jnp.where(upper, other, small), jnp.where(upper, small, other)
    return log_p, log_q, kernel - jnp.log(x), -(jnp.log(x) + jnp.log(mass)), slope


@_tails.defjvp
def _tails_jvp(
    primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    (a, x), (to_a, to_x) = primals, tangents
    *logs, slope = values = _tails(a, x)
    upper = upper_is_small(a, x)
    to_p, to_q = moved_tails(upper, tuple(logs), slope * to_a, to_x)
    # a - 1 in one piece: a / x - 1 / x would leave rounding where the shape is 1 and x tiny.
    to_density = _kernel_slope(a, x) * to_a + ((a - 1) / x - 1) * to_x
    to_speed = to_density - jnp.where(upper, to_q, to_p)
    to_slope = jax.jvp(lambda *at: _mass_and_slope(*at)[1], primals, tangents)[1]
    return values, (to_p, to_q, to_density, to_speed, to_slope)


def _mass_and_slope(a: Array, x: Array) -> tuple[Array, Array]:
    """Smaller tail over kernel, and the derivative of the log tail in the shape."""
    upper = upper_is_small(a, x)
    shifted = ~upper & (a < SMALL_SHAPE)
    mass, mass_a = _integrals(jnp.where(shifted, a + SHIFT, a), x, jnp.where(upper, 1.0, -1.0))
    low, low_a = _descend(
        a,
        jnp.where(shifted, x, 1.0),
        jnp.where(shifted, mass, 1.0),
        jnp.where(shifted, mass_a, 0.0),
    )
    mass, mass_a = jnp.where(shifted, low, mass), jnp.where(shifted, low_a, mass_a)
    return mass, _kernel_slope(a, x) + mass_a / mass


def _descend(a: Array, x: Array, mass: Array, mass_a: Array) -> tuple[Array, Array]:
    """Step the shifted shape down: the lower tail at s is (kernel + x · tail at s + 1) / s."""

    def descend(step: int, lows: tuple[Array, Array]) -> tuple[Array, Array]:
        low, low_a = lows
        shape = a + (SHIFT - 1 - step)
        now = (1 + x * low) / shape
        return now, (x * low_a - now) / shape

    return lax.fori_loop(0, SHIFT, descend, (mass, mass_a))


def _integrals(a: Array, x: Array, sign: Array) -> tuple[Array, Array]:
    """Integral of the density outwards from log x, relative to its value there, and d/da."""
    drop = sign * (x - a)

    def integrand(u: Array) -> tuple[Array, Array]:
        step = sign * u
        density = jnp.exp(-drop * u - x * (jnp.expm1(step) - step))
        return density, density * step

    mass, mass_a = integrate(integrand, lax.stop_gradient(_length(drop, x, sign)), 2)
    return mass, mass_a


def _length(drop: Array, x: Array, sign: Array) -> Array:
    """Solve drop·L + x (e^{±L} - 1 ∓ L) = DEPTH for the length of the tail in log x."""
    start = first_length(drop, x)
    start = jnp.where(sign > 0, jnp.minimum(start, jnp.log1p(DEPTH / x) + 1), start)

    def improve(_: int, length: Array) -> Array:
        rise = jnp.expm1(sign * length)
        miss = drop * length + x * (rise - sign * length) - DEPTH
        return length - miss / (drop + x * sign * rise)

    return lax.fori_loop(0, _NEWTON_STEPS, improve, start)
