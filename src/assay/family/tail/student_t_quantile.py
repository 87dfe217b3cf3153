"""Quantiles of Student's t from the log probabilities of both tails, and means above a point."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from assay.family.tail.normal import log_ndtri
from assay.family.tail.student_t import student_t_log_density, student_t_log_tails_and_slope
from assay.family.tail.student_t_integral import (
    angle_at,
    angle_of,
    log_scale,
    log_tail_from,
    mass_beyond,
)

_LOG_TWO = float(np.log(2.0))
_NEAREST = -1e-300
_STEPS = 3
_LARGE_ANGLE = 20.0


def student_t_quantile(
    df: Float[Array, "..."], log_p: Float[Array, "..."], log_q: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Find t such that Student's t is at most t with probability exp(log_p) = 1 - exp(log_q).

    Args:
        df: degrees of freedom, above 0.
        log_p: log of the lower tail, below 0.
        log_q: log of the upper tail, below 0.

    Returns:
        The quantile, with gradients in all three through the smaller tail; infinite at -inf.

    Source: Newton in u with Halley's correction; the start is Wallace (1959), Bounds on normal
        approximations to Student's and the chi-square distributions, or the power law.
    """
    parts = (jnp.asarray(part, dtype=float) for part in (df, log_p, log_q))
    df, log_p, log_q = jnp.broadcast_arrays(*parts)
    lower = log_p < log_q
    small = jnp.where(lower, log_p, log_q)
    inside = (small > -jnp.inf) & (small < _NEAREST)
    distance = _distance(jnp.where(inside, small, -1.0), df)
    end = jnp.where(small < -1, jnp.inf, jnp.nan)
    distance = jnp.where(inside, distance, end)
    return jnp.where(lower, -distance, distance)


@jax.custom_jvp
def _distance(log_tail: Array, df: Array) -> Array:
    """The t >= 0 whose upper tail has this log probability."""
    scale = log_scale(df)

    def improve(_: int, u: Array) -> Array:
        angle = angle_at(u)
        mass = mass_beyond(df, angle)
        newton = (log_tail_from(df, angle, mass) - log_tail) * mass
        bend = 1 / mass - df * angle.tanh
        return jnp.maximum(u + newton / jnp.clip(1 + newton * bend / 2, 0.5, 2.0), 0.0)

    u = lax.fori_loop(0, _STEPS, improve, _start(df, log_tail, scale))
    large = u > _LARGE_ANGLE
    far = jnp.exp(jnp.where(large, u, 0.0) - _LOG_TWO + 0.5 * jnp.log(df))
    return jnp.where(large, far, jnp.sqrt(df) * jnp.sinh(jnp.where(large, 0.0, u)))


@_distance.defjvp
def _distance_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Differentiate the equation, not the iterations."""
    (log_tail, df), (to_tail, to_df) = primals, tangents
    t = _distance(log_tail, df)
    _, log_sf, slope = student_t_log_tails_and_slope(t, df)
    return t, (slope * to_df - to_tail) * jnp.exp(log_sf - student_t_log_density(t, df))


def _start(df: Array, log_tail: Array, scale: Array) -> Array:
    z = log_ndtri(jnp.minimum(log_tail, -_LOG_TWO))
    log_cosh = (z * (8 * df + 3) / (8 * df + 1)) ** 2 / (2 * df)
    bell = log_cosh + jnp.log1p(jnp.sqrt(-jnp.expm1(-2 * log_cosh)))
    power = _LOG_TWO + (scale - jnp.log(df) - log_tail) / df
    return jnp.minimum(bell, power)


def student_t_excess(t: Float[Array, "..."], df: Float[Array, "..."]) -> Float[Array, "..."]:
    """Compute E max(T - t, 0); infinite where df is at most 1.

    Args:
        t: the point, in scales from the location.
        df: degrees of freedom.
    """
    t, df = jnp.broadcast_arrays(jnp.asarray(t, dtype=float), jnp.asarray(df, dtype=float))
    finite = df > 1
    safe = jnp.where(finite, df, 2.0)
    angle = angle_of(t, safe)
    # Both parts share their factor, which therefore loses no digits in the difference.
    gap = 1 / (safe - 1) - angle.tanh * mass_beyond(safe, angle)
    beyond = jnp.sqrt(safe) * jnp.exp(log_scale(safe) - (safe - 1) * angle.log_cosh) * gap
    return jnp.where(finite, beyond + jnp.where(t < 0, -t, 0.0), jnp.inf)
