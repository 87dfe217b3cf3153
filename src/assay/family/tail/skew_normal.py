"""Log tails, quantiles and means above a point of the standard skew-normal distribution.

All is worked out for a shape a >= 0; a negative one is the mirror image. Left of 0 the tail

    P(Z <= -h) = 1/π · exp(-(1 + a²) h²/2) · ∫ exp(-(1 + a²)(h s + s²/2)) m(a (h + s)) ds

is light (m = (1 - Φ)/φ is Mills' ratio): one smooth integral of positive values. Right of 0 Owen's
T is added to positive terms, or subtracted from terms that stay larger. Derivatives in the point
and in the shape are closed forms: the density, and exp(-(1 + a²) z²/2) / (π (1 + a²)).

Sources: Azzalini (1985), A class of distributions which includes the normal ones; Owen (1956),
Tables for computing bivariate normal probabilities, for T(h, a) + T(ah, 1/a).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from assay.family.tail.log1mexp import log1mexp

# Mills' ratio itself: from the log tail it would lose digits far out.
from assay.family.tail.normal import _mills as mills
from assay.family.tail.normal import log_ndtr, log_ndtri
from assay.family.tail.quadrature import DEPTH, first_length, integrate

_LOG_TWO = float(np.log(2.0))
_LOG_PI = float(np.log(np.pi))
_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))
_ROOT_2_BY_PI = float(np.sqrt(2 / np.pi))
_REACH = float(np.sqrt(2 * DEPTH))
_NEAREST = -1e-300
_FARTHEST, _STEEPEST = 1e150, 1e60
_STEPS = 4


def skew_normal_log_density(
    z: Float[Array, "..."], shape: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Log of 2 φ(z) Φ(shape · z)."""
    v = shape * z
    falling = v < 0
    below = jnp.log(mills(jnp.where(falling, -v, 0.0))) - _LOG_PI - 0.5 * v**2
    above = _LOG_TWO - _HALF_LOG_2PI + log_ndtr(jnp.where(falling, 0.0, v))
    return -0.5 * z**2 + jnp.where(falling, below, above)


def skew_normal_log_tails(
    z: Float[Array, "..."], shape: Float[Array, "..."]
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Compute the log probabilities that a skew-normal variable is at most z, and above z.

    Args:
        z: the point, in scales from the location; beyond 1e150 / (1 + shape²) it counts as
            infinite.
        shape: any real number, 0 for the Normal; beyond 1e60 it counts as that.

    Returns:
        Both log tails, with first and second derivatives in `z` and `shape`.
    """
    z, shape = jnp.broadcast_arrays(jnp.asarray(z, dtype=float), jnp.asarray(shape, dtype=float))
    shape = jnp.clip(shape, -_STEEPEST, _STEEPEST)
    inside = jnp.abs(z) * (1 + shape**2) < _FARTHEST
    log_cdf, log_sf = _tails(jnp.where(inside, z, 0.0), shape)
    missing = jnp.where(jnp.isnan(z) | jnp.isnan(shape), jnp.nan, 0.0)
    off_cdf, off_sf = jnp.where(z > 0, 0.0, -jnp.inf), jnp.where(z > 0, -jnp.inf, 0.0)
    return jnp.where(inside, log_cdf, off_cdf + missing), jnp.where(
        inside, log_sf, off_sf + missing
    )


@jax.custom_jvp
def _tails(z: Array, shape: Array) -> tuple[Array, Array]:
    mirrored, a, h = shape < 0, jnp.abs(shape), jnp.abs(z)
    left = jnp.where(mirrored, -z, z) <= 0
    heavy, below = _right(h, a)
    direct = (a > 1) & (below < 0.5)
    known = jnp.where(direct, jnp.log(below), jnp.log(heavy) - 0.5 * h**2 - _HALF_LOG_2PI)
    known = jnp.where(left, jnp.log(_left(h, a).mass) - _LOG_PI + _log_kernel(h, a), known)
    known = jnp.minimum(known, _NEAREST)
    rest, is_lower = log1mexp(known), (left | direct) != mirrored
    return jnp.where(is_lower, known, rest), jnp.where(is_lower, rest, known)


@_tails.defjvp
def _tails_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    (z, shape), (to_z, to_shape) = primals, tangents
    log_cdf, log_sf = values = _tails(z, shape)
    log_density, log_turn = skew_normal_log_density(z, shape), _log_turn(z, shape)
    to_cdf = jnp.exp(log_density - log_cdf) * to_z - jnp.exp(log_turn - log_cdf) * to_shape
    to_sf = jnp.exp(log_turn - log_sf) * to_shape - jnp.exp(log_density - log_sf) * to_z
    return values, (to_cdf, to_sf)


def _log_kernel(z: Array, shape: Array) -> Array:
    return -0.5 * z**2 - 0.5 * (shape * z) ** 2


def _log_turn(z: Array, shape: Array) -> Array:
    """Log of the derivative of P(Z > z) in the shape."""
    return _log_kernel(z, shape) - _LOG_PI - jnp.log1p(shape**2)


class _Light(NamedTuple):
    """The light tail from -h outwards, over exp(-(1 + a²) h²/2) / π.

    Fields:
        mass: its probability.
        moment: the mean distance beyond -h, times that probability.
    """

    mass: Array
    moment: Array


def _left(h: Array, a: Array) -> _Light:
    rate = 1 + a**2

    def integrand(s: Array) -> tuple[Array, Array]:
        density = jnp.exp(-rate * (h * s + 0.5 * s**2)) * mills(a * (h + s))
        return density, s * density

    return _Light(*integrate(integrand, first_length(rate * h, rate), 2))


def _right(h: Array, a: Array) -> tuple[Array, Array]:
    """Right of 0: P(Z > h) over φ(h), and P(Z <= h), the latter for a > 1 only."""
    steep = a > 1
    by = jnp.where(steep, a, 1.0)
    owen = _ROOT_2_BY_PI * _owen(h * by, jnp.where(steep, 1 / by, a))
    normal, inner, core = mills(h), mills(h * by), lax.erf(h / np.sqrt(2))
    fall = jnp.exp(-0.5 * (by - 1) * (by + 1) * h**2)
    heavy = jnp.where(steep, 2 * normal + fall * (core * inner - owen), normal + owen)
    density = jnp.exp(-0.5 * (h * by) ** 2 - _HALF_LOG_2PI)
    return heavy, core + density * (owen - core * inner)


def _owen(h: Array, slope: Array) -> Array:
    """Owen's T(h, slope) over exp(-h²/2) / 2π, for a slope of at most 1."""
    length = jnp.minimum(slope, _REACH / jnp.maximum(h, _REACH))

    def integrand(x: Array) -> tuple[Array]:
        return (jnp.exp(-0.5 * (h * x) ** 2) / (1 + x**2),)

    return integrate(integrand, length, 1)[0]


def skew_normal_quantile(
    shape: Float[Array, "..."], log_p: Float[Array, "..."], log_q: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Find z such that a skew-normal variable is at most z with probability exp(log_p).

    Args:
        shape: any real number, 0 for the Normal.
        log_p: log of the lower tail, below 0.
        log_q: log of the upper tail, log(1 - exp(log_p)).

    Returns:
        The quantile, with gradients in all three; infinite with gradient 0 at -inf.

    Source: Newton with Halley's correction in a log-concave tail, from bounds beyond the root.
    """
    parts = (jnp.asarray(part, dtype=float) for part in (shape, log_p, log_q))
    shape, log_p, log_q = jnp.broadcast_arrays(*parts)
    shape = jnp.clip(shape, -_STEEPEST, _STEEPEST)
    inside = jnp.minimum(log_p, log_q) > -jnp.inf
    safe_p, safe_q = (jnp.where(inside, log_tail, -_LOG_TWO) for log_tail in (log_p, log_q))
    return jnp.where(
        inside,
        _quantile(shape, jnp.minimum(safe_p, _NEAREST), jnp.minimum(safe_q, _NEAREST)),
        jnp.where(log_p < log_q, -jnp.inf, jnp.where(log_q < log_p, jnp.inf, jnp.nan)),
    )


@jax.custom_jvp
def _quantile(shape: Array, log_p: Array, log_q: Array) -> Array:
    mirrored, a = shape < 0, jnp.abs(shape)
    log_p, log_q = jnp.where(mirrored, log_q, log_p), jnp.where(mirrored, log_p, log_q)
    lead = _log_at_zero(a) - log_p
    left = lead >= 0
    sign, target = jnp.where(left, -1.0, 1.0), jnp.where(left, log_p, log_q)
    bound = jnp.sqrt(2 * jnp.maximum(lead, 0.0) / (1 + a**2))
    start = jnp.where(left, bound, -log_ndtri(log_q - _LOG_TWO))

    def improve(_: int, h: Array) -> Array:
        z = sign * h
        log_cdf, log_sf = _tails(z, a)
        log_tail = jnp.where(left, log_cdf, log_sf)
        hazard = jnp.exp(skew_normal_log_density(z, a) - log_tail)
        newton = (log_tail - target) / hazard
        bend = hazard + sign * a * _reverse_hazard(a * z) - h
        return jnp.maximum(h + newton / jnp.clip(1 + newton * bend / 2, 0.5, 2.0), 0.0)

    h = lax.fori_loop(0, _STEPS, improve, start)
    return jnp.where(left != mirrored, -h, h)


@_quantile.defjvp
def _quantile_jvp(
    primals: tuple[Array, Array, Array], tangents: tuple[Array, Array, Array]
) -> tuple[Array, Array]:
    """Differentiate the equation, not the iterations, on the tail that was solved."""
    (shape, log_p, log_q), (to_shape, to_p, to_q) = primals, tangents
    z = _quantile(shape, log_p, log_q)
    own = jnp.where(shape < 0, log_q, log_p)
    is_lower = (own <= _log_at_zero(jnp.abs(shape))) != (shape < 0)
    log_density = skew_normal_log_density(z, shape)
    by_p, by_q = jnp.exp(log_p - log_density) * to_p, -jnp.exp(log_q - log_density) * to_q
    by_shape = jnp.exp(_log_turn(z, shape) - log_density) * to_shape
    return z, jnp.where(is_lower, by_p, by_q) + by_shape


def _log_at_zero(a: Array) -> Array:
    """Log P(Z <= 0)."""
    return jnp.log(jnp.arctan2(jnp.ones_like(a), a)) - _LOG_PI


def _reverse_hazard(v: Array) -> Array:
    """φ(v) / Φ(v)."""
    low = v < 0
    high = jnp.where(low, 0.0, v)
    upper = jnp.exp(-0.5 * high**2 - _HALF_LOG_2PI - log_ndtr(high))
    return jnp.where(low, 1 / mills(jnp.where(low, -v, 0.0)), upper)


def skew_normal_excess(z: Float[Array, "..."], shape: Float[Array, "..."]) -> Float[Array, "..."]:
    """Compute E max(Z - z, 0) of a standard skew-normal variable.

    Args:
        z: the point, in scales from the location.
        shape: any real number, 0 for the Normal.
    """
    return _excess(
        *jnp.broadcast_arrays(jnp.asarray(z, dtype=float), jnp.asarray(shape, dtype=float))
    )


@jax.custom_jvp
def _excess(z: Array, shape: Array) -> Array:
    mirrored, a, h = shape < 0, jnp.abs(shape), jnp.abs(z)
    right = jnp.where(mirrored, -z, z) > 0
    mean = _ROOT_2_BY_PI * a / jnp.sqrt(1 + a**2)
    light = jnp.exp(_log_kernel(h, a) - _LOG_PI) * _left(h, a).moment
    heavy = _heavy_excess(h, a, mean)
    above = jnp.where(right, heavy, mean + h + light)
    below = jnp.where(right, h - mean + heavy, light)
    return jnp.where(mirrored, below, above)


@_excess.defjvp
def _excess_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    (z, shape), (to_z, to_shape) = primals, tangents
    rate = 1 + shape**2
    by_shape = _ROOT_2_BY_PI * jnp.exp(log_ndtr(-z * jnp.sqrt(rate))) * rate**-1.5
    by_z = -jnp.exp(skew_normal_log_tails(z, shape)[1])
    return _excess(z, shape), by_z * to_z + by_shape * to_shape


def _heavy_excess(h: Array, a: Array, mean: Array) -> Array:
    """E max(Z - h, 0) for h >= 0: E(Z; Z > h) by parts, less h P(Z > h), over their factor φ(h)."""
    turned = mean * jnp.exp(-0.5 * (a * h) ** 2) * mills(h * jnp.sqrt(1 + a**2))
    gap = 2 * jnp.exp(log_ndtr(a * h)) + turned - h * _right(h, a)[0]
    return jnp.exp(-0.5 * h**2 - _HALF_LOG_2PI) * gap
