"""The integral of Student's t outwards from its cut.

With t = √df · sinh u the density of u is a multiple of cosh(u)^-df, which is log-concave. The tail
is its integral outwards from the cut, and the derivative in df is the mean, over the tail, of the
derivative of the log density. Written so, no term is larger than the result, which near the Normal
is of the order df^-2.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

from assay.family.tail.quadrature import DEPTH, first_length, integrate
from assay.family.tail.stirling import digamma_gap_drop, excess, stirling_remainder

_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))
_LOG_TWO = float(np.log(2.0))
# Measured: from 20 on the 24 nodes are right to 3e-14, at 12 to 1e-12.
_SMALL_DF, _SHIFT = 20.0, 10
_LENGTH_STEPS = 4
_SMALL, _TERMS = 0.1, 16


class Angle(NamedTuple):
    """A point u >= 0 by what its hyperbolic functions say, each right where it is small.

    Fields:
        tanh: tanh u.
        sech2: 1 - tanh² u.
        log_cosh: log cosh u.
    """

    tanh: Array
    sech2: Array
    log_cosh: Array


def angle_of(t: Array, df: Array) -> Angle:
    """The angle of the point t, or of its mirror image."""
    # Written out: 0 is taken as part of the upper tail, and needs its slope, whatever abs says.
    return angle_from_sinh(jnp.where(t < 0, -t, t) / jnp.sqrt(df))


def angle_from_sinh(r: Array) -> Angle:
    """The angle whose sinh is r >= 0; r² may overflow, and so may 1 / r²."""
    near = r < 1
    inner, outer = jnp.where(near, r, 0.5), 1 / jnp.where(near, 1.0, r)
    root = jnp.sqrt(1 + jnp.where(near, inner, outer) ** 2)
    tanh = jnp.where(near, inner, 1.0) / root
    sech2 = jnp.where(near, 1.0, outer**2) / root**2
    log_cosh = jnp.log(root) - jnp.log(outer)
    log_cosh = jnp.where(near, 0.5 * jnp.log1p(inner**2), log_cosh)
    return Angle(tanh, sech2, log_cosh)


def angle_at(u: Array) -> Angle:
    """The angle u >= 0 itself."""
    fall = jnp.exp(-2 * u)
    log_cosh = u - _LOG_TWO + jnp.log1p(fall)
    small = u < 1
    near = 0.5 * jnp.log1p(jnp.sinh(jnp.where(small, u, 0.0)) ** 2)
    sech2 = 4 * fall / (1 + fall) ** 2
    return Angle(jnp.tanh(u), sech2, jnp.where(small, near, log_cosh))


def log_ratio(df: Array) -> Array:
    """Log of Γ((df + 1)/2) / (Γ(df/2) √(df/2)), which goes to 0 as df grows."""
    a = df / 2
    remainder = stirling_remainder(a + 0.5) - stirling_remainder(a)
    return remainder - a * excess(1 / df, 1 + 1 / df)


def log_ratio_slope(df: Array) -> Array:
    """Derivative of `log_ratio`, of the order df^-2 for large df."""
    return 0.5 * (digamma_gap_drop(df / 2, jnp.full_like(df, 0.5)) - excess(1 / df, 1 + 1 / df))


def log_scale(df: Array) -> Array:
    """Log density of the angle at 0."""
    return log_ratio(df) + 0.5 * jnp.log(df) - _HALF_LOG_2PI


def pull(df: Array, tanh2: Array, log_cosh2: Array) -> Array:
    """What the point adds to the derivative of the log density in df at a fixed t.

    The rest is `log_ratio_slope`; both are of the order df^-2 for large df.

    Args:
        df: degrees of freedom.
        tanh2: tanh² of the angle.
        log_cosh2: log cosh² of the angle, which is -log(1 - tanh²).
    """
    small = tanh2 < _SMALL
    near = jnp.where(small, tanh2, 0.0)
    series = jnp.zeros_like(near)
    for k in range(_TERMS, 1, -1):  # -log(1 - w) - w = w²/2 + w³/3 + ...
        series = series * near + 1 / k
    drop = jnp.where(small, series * near**2, log_cosh2 - tanh2)
    return 0.5 * (tanh2 / df - drop)


def log_tail_from(df: Array, angle: Angle, mass: Array) -> Array:
    """Log of the tail beyond the angle, from the tail over the density there."""
    return log_scale(df) - df * angle.log_cosh + jnp.log(mass)


def _length(shape: Array, angle: Angle) -> Array:
    """How far out cosh^-shape has fallen by exp(-DEPTH)."""
    start = first_length(shape * angle.tanh, shape * angle.sech2)

    def improve(_: int, length: Array) -> Array:
        grown, rate = _growth(length, angle)
        miss = shape * jnp.log1p(grown) - DEPTH
        return jnp.clip(length - miss * (1 + grown) / (shape * rate), length / 5, length * 5)

    return lax.stop_gradient(lax.fori_loop(0, _LENGTH_STEPS, improve, start))


def _growth(s: Array, angle: Angle) -> tuple[Array, Array]:
    """cosh(u + s) / cosh u - 1, and sinh(u + s) / cosh u; s stays below 4."""
    rise = jnp.expm1(s)
    fall = rise / (1 + rise)  # 1 - e^-s
    cosh_less_1, sinh = 0.5 * rise * fall, 0.5 * (rise + fall)
    return cosh_less_1 + angle.tanh * sinh, sinh + angle.tanh * (1 + cosh_less_1)


def mass_beyond(df: Array, angle: Angle) -> Array:
    """Tail over the density of the angle at the cut."""
    shape, shifted = _shape_in_use(df)
    length = _length(shape, angle)

    def integrand(s: Array) -> tuple[Array]:
        return (jnp.exp(-shape * jnp.log1p(_growth(s, angle)[0])),)

    (mass,) = integrate(integrand, length, 1)
    low = _descend(df, angle, jnp.where(shifted, mass, 1.0), jnp.zeros_like(mass))[0]
    return jnp.where(shifted, low, mass)


def mass_and_slope(df: Array, angle: Angle) -> tuple[Array, Array]:
    """Tail over density, and the derivative of the log tail in df at a fixed t."""
    shape, shifted = _shape_in_use(df)

    def integrand(s: Array) -> tuple[Array, Array]:
        grown, rate = _growth(s, angle)
        log_growth = jnp.log1p(grown)
        density = jnp.exp(-shape * log_growth)
        pulled = pull(df, (rate / (1 + grown)) ** 2, 2 * (angle.log_cosh + log_growth))
        return density, density * jnp.where(shifted, -log_growth, pulled)

    mass, moment = integrate(integrand, _length(shape, angle), 2)
    low, low_df = _descend(
        df, angle, jnp.where(shifted, mass, 1.0), jnp.where(shifted, moment, 0.0)
    )
    # Below, t is held: the angle moves with df.
    by_angle = (low_df + angle.tanh / (2 * df)) / low
    small = 0.5 / df - angle.log_cosh + by_angle
    slope = jnp.where(shifted, small, moment / mass) + log_ratio_slope(df)
    return jnp.where(shifted, low, mass), slope


def _shape_in_use(df: Array) -> tuple[Array, Array]:
    """Small exponents have two scales; two more for each step of the recurrence remove them."""
    shifted = df < _SMALL_DF
    return jnp.where(shifted, df + 2 * _SHIFT, df), shifted


def _descend(df: Array, angle: Angle, low: Array, low_df: Array) -> tuple[Array, Array]:
    """Step down by n ∫ cosh^-n = sinh / cosh^(n + 1) + (n + 1) ∫ cosh^-(n + 2), and its slope."""

    def descend(step: int, lows: tuple[Array, Array]) -> tuple[Array, Array]:
        low, low_df = lows
        n = df + 2 * (_SHIFT - 1 - step)
        growth = (n + 1) * angle.sech2
        now = (angle.tanh + growth * low) / n
        return now, (angle.sech2 * low + growth * low_df - now) / n

    return lax.fori_loop(0, _SHIFT, descend, (low, low_df))
