"""Log probabilities of both tails of the beta distribution."""

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
from assay.family.tail.log1mexp import log1mexp, shares
from assay.family.tail.quadrature import SHIFT
from assay.family.tail.stirling import digamma_gap_drop, log_ratio

_SMALLEST = 1e-300
_NEAREST = -1e-300


def log_beta_tails(
    a: ArrayLike, b: ArrayLike, x: ArrayLike, y: ArrayLike | None = None
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Compute the log probabilities that a beta variable is at most x, and above x.

    Args:
        a: first shape, above 0; right to about 1e-11 from 1e-3 to 1e8.
        b: second shape, above 0.
        x: the point; below 1e-300 it counts as 0, and as 1 where y does.
        y: 1 - x where it is known better than by subtraction, as from log-odds
            (`sigmoid(v), sigmoid(-v)`). It carries a part of the gradient: do not cut it off.

    Returns:
        log I_x(a, b) and log(1 - I_x(a, b)), with first and second derivatives in a, b, x and y
        (the second in x and y overflow below 1e-150). Off the support they are -inf and 0 with
        gradient 0. A shape that is not positive gives nan.

    Source: the regularised incomplete beta function (DiDonato & Morris 1992, Algorithm 708), here
        by quadrature outwards from x in log-odds, with the prefactor of Loader (2000).
    """
    x = jnp.asarray(x, dtype=float)
    parts = (a, b, x, 1 - x if y is None else y)
    a, b, x, y = jnp.broadcast_arrays(*(jnp.asarray(part, dtype=float) for part in parts))
    proper = (a > 0) & (b > 0)
    inside = proper & (x >= _SMALLEST) & (y >= _SMALLEST)
    a, b = jnp.where(proper, a, 1.0), jnp.where(proper, b, 1.0)
    safe_x, safe_y = jnp.where(inside, x, 0.5), jnp.where(inside, y, 0.5)
    log_i, log_rest = _tails(a, b, safe_x, safe_y)[:2]
    below, above = proper & (x < _SMALLEST), proper & (y < _SMALLEST)
    off_i = jnp.where(below, -jnp.inf, jnp.where(above, 0.0, jnp.nan))
    off_rest = jnp.where(below, 0.0, jnp.where(above, -jnp.inf, jnp.nan))
    return jnp.where(inside, log_i, off_i), jnp.where(inside, log_rest, off_rest)


@jax.custom_jvp
def _tails(a: Array, b: Array, x: Array, y: Array) -> tuple[Array, ...]:
    """Both log tails, the log kernel and the smaller tail's slopes in a and b, in one pass.

    The slopes are outputs so that the rule below need not repeat the quadrature; where nobody
    differentiates, the compiler drops them.
    """
    turned = smaller_side(a, b, x, y).turned
    mass, slope_a, slope_b = _mass_and_slopes(a, b, x, y)
    kernel = _kernel(a, b, x, y)
    small = jnp.minimum(kernel + jnp.log(mass), _NEAREST)
    other = log1mexp(small)
    log_i, log_rest = jnp.where(turned, other, small), jnp.where(turned, small, other)
    return log_i, log_rest, kernel, slope_a, slope_b


@_tails.defjvp
def _tails_jvp(
    primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    a, b, x, y = primals
    to_a, to_b, to_x, to_y = tangents
    log_i, log_rest, kernel, slope_a, slope_b = values = _tails(a, b, x, y)
    share_i, share_rest = shares(smaller_side(a, b, x, y).turned, log_i, log_rest)
    by_shapes = slope_a * to_a + slope_b * to_b
    # Both tails depend on x and y through their log-odds alone.
    by_odds = to_x / x - to_y / y
    to_i = share_i * by_shapes + jnp.exp(kernel - log_i) * by_odds
    to_rest = share_rest * by_shapes - jnp.exp(kernel - log_rest) * by_odds
    to_kernel = _kernel_slope(a, b, x, y) * to_a + _kernel_slope(b, a, y, x) * to_b
    to_kernel = to_kernel + a * (to_x / x) + b * (to_y / y)
    _, to_slope_a, to_slope_b = jax.jvp(_mass_and_slopes, primals, tangents)[1]
    return values, (to_i, to_rest, to_kernel, to_slope_a, to_slope_b)


def _kernel(a: Array, b: Array, x: Array, y: Array) -> Array:
    return log_beta_kernel(a, b, b * x - a * y, x * (a + b) / a, y * (a + b) / b)


def _kernel_slope(a: Array, b: Array, x: Array, y: Array) -> Array:
    """Derivative of the kernel in a: log x - ψ(a) + ψ(a + b)."""
    return log_ratio((b * x - a * y) / a, x * (a + b) / a) + digamma_gap_drop(a, b)


def _mass_and_slopes(a: Array, b: Array, x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Smaller tail over kernel, and the derivatives of the log tail in a and b."""
    side = smaller_side(a, b, x, y)
    first = jnp.where(side.x < 0.5, 1.0, 0.0)

    def scores(u: Array, log1p: Array) -> tuple[Array, Array]:
        return -(log1p + first * u), -(log1p - (1 - first) * u)

    mass, mass_a, mass_b = _descend(side, integrate_outwards(side, scores, 2))
    slope_a = _kernel_slope(a, b, x, y) + jnp.where(side.turned, mass_b, mass_a) / mass
    slope_b = _kernel_slope(b, a, y, x) + jnp.where(side.turned, mass_a, mass_b) / mass
    return mass, slope_a, slope_b


def _descend(side: Side, masses: tuple[Array, ...]) -> tuple[Array, Array, Array]:
    """Step the shifted shape down: the tail at s is the kernel plus (s + b) x tails at s + 1."""
    starts = zip(masses, (1.0, 0.0, 0.0), strict=True)
    low, low_a, low_b = (jnp.where(side.shifted, value, safe) for value, safe in starts)

    def descend(step: int, lows: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        low, low_a, low_b = lows
        i = SHIFT - 1 - step
        growth, shape = side.x * (side.a + side.b + i), side.a + i
        now = (1 + growth * low) / shape
        low_a = (growth * low_a + side.x * low - now) / shape
        return now, low_a, (growth * low_b + side.x * low) / shape

    low, low_a, low_b = lax.fori_loop(0, SHIFT, descend, (low, low_a, low_b))
    lows = zip((low, low_a, low_b), masses, strict=True)
    low, low_a, low_b = (jnp.where(side.shifted, value, mass) for value, mass in lows)
    return low, low_a, low_b
