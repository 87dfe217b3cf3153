"""Log density and log tails of Student's t, for any degrees of freedom."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family.tail.log1mexp import log1mexp, shares
from assay.family.tail.student_t_integral import (
    angle_from_sinh,
    angle_of,
    log_ratio,
    log_ratio_slope,
    log_tail_from,
    mass_and_slope,
    pull,
)

_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))
_NEAREST = -1e-300


def student_t_log_density(t: Float[Array, "..."], df: Float[Array, "..."]) -> Float[Array, "..."]:
    """Log density of Student's t.

    Args:
        t: the point, in scales from the location.
        df: degrees of freedom, above 0; the derivative in them is right up to the Normal limit.

    Source: Loader (2000), Fast and accurate computation of binomial probabilities.
    """
    return _log_density(*jnp.broadcast_arrays(jnp.asarray(t, dtype=float), df))


@jax.custom_jvp
def _log_density(t: Array, df: Array) -> Array:
    angle = angle_from_sinh(jnp.abs(t) / jnp.sqrt(df))
    return log_ratio(df) - _HALF_LOG_2PI - (df + 1) * angle.log_cosh


@_log_density.defjvp
def _log_density_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    (t, df), (to_t, to_df) = primals, tangents
    r = t / jnp.sqrt(df)
    far = jnp.abs(r) > 1
    inner, outer = jnp.where(far, 1.0, r), 1 / jnp.where(far, r, 1.0)
    by_r = -(df + 1) * jnp.where(far, outer / (1 + outer**2), inner / (1 + inner**2))
    angle = angle_from_sinh(jnp.where(t < 0, -r, r))
    by_df = log_ratio_slope(df) + pull(df, angle.tanh**2, 2 * angle.log_cosh)
    return _log_density(t, df), by_r / jnp.sqrt(df) * to_t + by_df * to_df


def student_t_log_tails(
    t: Float[Array, "..."], df: Float[Array, "..."]
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Compute the log probabilities that Student's t is at most t, and above t.

    Args:
        t: the point, in scales from the location; infinite points are certain or impossible.
        df: degrees of freedom, above 0.

    Returns:
        Both log tails, with first and second derivatives in `t` and `df`.
    """
    t, df = jnp.broadcast_arrays(jnp.asarray(t, dtype=float), jnp.asarray(df, dtype=float))
    inside = jnp.isfinite(t)
    log_cdf, log_sf, _ = student_t_log_tails_and_slope(jnp.where(inside, t, 0.0), df)
    off_cdf, off_sf = jnp.where(t > 0, 0.0, -jnp.inf), jnp.where(t > 0, -jnp.inf, 0.0)
    off = jnp.where(jnp.isnan(t), jnp.nan, 0.0)
    return jnp.where(inside, log_cdf, off_cdf + off), jnp.where(inside, log_sf, off_sf + off)


@jax.custom_jvp
def student_t_log_tails_and_slope(t: Array, df: Array) -> tuple[Array, Array, Array]:
    """Both log tails and the smaller one's slope in df, in one pass."""
    lower = t < 0
    angle = angle_of(t, df)
    mass, slope = mass_and_slope(df, angle)
    small = jnp.minimum(log_tail_from(df, angle, mass), _NEAREST)
    other = log1mexp(small)
    return jnp.where(lower, small, other), jnp.where(lower, other, small), slope


@student_t_log_tails_and_slope.defjvp
def _tails_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[tuple[Array, Array, Array], tuple[Array, Array, Array]]:
    (t, df), (to_t, to_df) = primals, tangents
    log_cdf, log_sf, slope = values = student_t_log_tails_and_slope(t, df)
    share_cdf, share_sf = shares(t >= 0, log_cdf, log_sf)
    log_density = _log_density(t, df)
    to_cdf = share_cdf * slope * to_df + jnp.exp(log_density - log_cdf) * to_t
    to_sf = share_sf * slope * to_df - jnp.exp(log_density - log_sf) * to_t
    follow = lambda point, shape: mass_and_slope(shape, angle_of(point, shape))[1]  # noqa: E731
    return values, (to_cdf, to_sf, jax.jvp(follow, primals, tangents)[1])
