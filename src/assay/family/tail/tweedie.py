"""Log density of the compound Poisson-gamma (Tweedie) law, by one sum of 96 terms.

Everything here is free of units: `strength` is mean^(2 - p) / dispersion, `r` is log(y / mean),
`q` is p - 1 and `w` is 2 - p, given apart so that both are exact near either end.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from assay.family.tail.stirling import digamma_gap, excess, stirling_remainder

TERMS, BLOCK = 96, 8
_LOG_2PI = float(np.log(2 * np.pi))
# Where |r| is below 1, sum of r^k (1 + w + ... + w^(k - 2)) / k! to k = 19.
_FACTORIALS = tuple(float(1 / np.prod(np.arange(1.0, k + 1))) for k in range(2, 20))


def tweedie_log_density(
    strength: Float[Array, "..."],
    r: Float[Array, "..."],
    w: Float[Array, "..."],
    q: Float[Array, "..."],
) -> Float[Array, "..."]:
    """Compute the log density of log y > 0, from the deviance and a sum over numbers of events.

    Args:
        strength: mean^(2 - p) / dispersion, above 0.
        r: log(y / mean).
        w: 2 - p, above 0.
        q: p - 1, above 0.

    Returns:
        The log density, right at any strength, with first and second derivatives in all four.

    Source: Dunn & Smyth (2005), Series evaluation of Tweedie exponential dispersion model
        densities; the terms by deviance (Loader 2000), and of a bell wider than six terms only so
        many as its sum needs (a sum in equal strides is exact for a bell of several strides).
    """
    strength, r, w, q = jnp.broadcast_arrays(strength, r, w, q)
    log_sum = _log_sum(jnp.log(strength) + w * r, w, q)
    return log_sum - strength * unit_deviance(r, w, q)


def unit_deviance(r: Array, w: Array, q: Array) -> Array:
    """Half the unit deviance of y = e^r at mean 1: (w (e^r - 1) - (e^(w r) - 1)) / (w q)."""
    small = jnp.abs(r) < 1
    near, far = jnp.where(small, r, 0.0), jnp.where(small, 1.0, r)
    gain, power, series = jnp.zeros_like(near + w), jnp.ones_like(near + w), 0.0
    for factorial in _FACTORIALS:
        gain = 1 + w * gain
        series = series + factorial * power * gain
        power = power * near
    low = w * jnp.expm1(far) - jnp.expm1(w * far)
    high = -jnp.exp(far) * jnp.expm1(-q * far) - q * jnp.expm1(far)
    return jnp.where(small, near**2 * series, jnp.where(w < 0.5, low, high) / (w * q))


@jax.custom_jvp
def _log_sum(log_strength: Array, w: Array, q: Array) -> Array:
    """Log of the sum that is left beside the deviance."""
    return _sums(log_strength, w, q)[0]


@_log_sum.defjvp
def _log_sum_jvp(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
    """From averages over the terms, by the pass that gives the value."""
    (log_strength, w, q), (to_strength, to_w, to_q) = primals, tangents
    value, shift, drop, bend = _sums(log_strength, w, q)
    by_w = (0.5 - shift) / w - bend / q
    by_q = (drop - 0.5 + bend * w / q) / q
    return value, shift * to_strength + by_w * to_w + by_q * to_q


def _sums(log_strength: Array, w: Array, q: Array) -> tuple[Array, Array, Array, Array]:
    """Log of the sum and the averages that its slopes are made of.

    With n0 = strength / w at y itself, the sum runs over n of
    exp(-(n log(n / n0) - n + n0) / q - S(n) - S(n w / q)), where S is Stirling's remainder.
    """
    centre = jnp.exp(log_strength) / w
    fixed = lax.stop_gradient(centre)
    first, stride = _window(fixed, lax.stop_gradient(q))
    highest = lax.stop_gradient(_term(jnp.maximum(1 - centre, 0.0), centre, w, q)[0])

    def add(sums: tuple[Array, ...], at: Array) -> tuple[tuple[Array, ...], None]:
        # The place of a term is fixed, its distance from the centre is not.
        away = first + stride * at.reshape(-1, *(1,) * first.ndim) + (fixed - centre)
        log_term, drop, bend = _term(away, centre, w, q)
        term = jnp.exp(log_term - highest)
        parts = (term, term * away, term * drop, term * bend)
        return tuple(total + part.sum(0) for total, part in zip(sums, parts, strict=True)), None

    steps = jnp.arange(float(TERMS)).reshape(-1, BLOCK)
    total, shift, drop, bend = lax.scan(add, (jnp.zeros_like(centre),) * 4, steps)[0]
    value = 0.5 * jnp.log(w / q) - _LOG_2PI + highest + jnp.log(stride * total)
    return value, shift / total / q, drop / total / q, bend / total


def _window(centre: Array, q: Array) -> tuple[Array, Array]:
    """Distance of the first term from the centre, and the stride.

    The window holds 8.5 standard deviations of the bell to either side, moved as its skewness
    asks. Distances, not numbers of events, are in equal steps to the last digit.
    """
    sd = jnp.sqrt(centre * q)
    stride = jnp.maximum(1.0, 17 * sd / (TERMS - 1))
    first = jnp.minimum(12 * q - 8.5 * sd, 0.0)
    whole = jnp.floor(centre + first) - centre
    return jnp.maximum(jnp.where(stride > 1, first, whole), 1 - centre), stride


def _term(away: Array, centre: Array, w: Array, q: Array) -> tuple[Array, Array, Array]:
    """Log of the term at n = n0 + away, the drop in it, and n S'(n w / q)."""
    n = centre + away
    shape = n * w / q
    drop = n * excess(-away / n, centre / n)
    value = -drop / q - stirling_remainder(n) - stirling_remainder(shape)
    return value, drop, n * (0.5 / shape - digamma_gap(shape))
