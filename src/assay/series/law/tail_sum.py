"""Tails of gamma and beta laws for a filter: one sum of fixed length, right at any shape.

Seen in the log of the value (its log odds for a beta law) both densities are log-concave, so a
tail is the density at the limit times an integral that falls from 1 without ever turning. It is
cut where nothing is left of it and taken by Gauss and Legendre's rule: smooth in all arguments,
with no branches, and as good for a shape of a million as for a shape of one.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

NODES = 20
DEPTH = 30.0  # e^-30 of the integrand is left at the cut
NEWTON = 2
_POINTS, _WEIGHTS = (tuple(each.tolist()) for each in np.polynomial.legendre.leggauss(NODES))
_NEVER = 1e-300

Drop = Callable[[Array], tuple[Array, Array]]


def gamma_part(k: Array, x: Array, upper: Array) -> Array:
    """The smaller tail of a gamma law over the density of log y at the limit.

    Args:
        k: shape, above 0.
        x: the limit over the scale, above 0.
        upper: whether the tail above is asked, which needs x >= k; else the one below, x <= k.

    Returns:
        The quotient; with autodiff right in `k` and `x`.
    """
    # Below a small shape the integrand falls slowly: two steps of the recurrence in k, both sums
    # of positive terms, start at a shape of at least 2.
    shape = jnp.where(upper, k, k + 2.0)
    sign = jnp.where(upper, 1.0, -1.0)

    def drop(t: Array) -> tuple[Array, Array]:
        rise = x * (jnp.exp(sign * t) - 1.0)  # exact enough: what cancels is at most 1e-16 x
        return rise - sign * shape * t, sign * (x + rise - shape)

    first = _parabola(sign * (x - shape), x)
    # Far out the integrand falls faster still above, where a parabola would be cut late.
    late = jnp.log1p((DEPTH + k * jnp.log1p((DEPTH + k) / x)) / x)
    total = _integral(drop, jnp.where(upper, jnp.minimum(first, late), first))
    below = (1.0 + x * (1.0 + x * total) / (k + 1.0)) / k
    return jnp.where(upper, total, below)


def beta_part(a: Array, b: Array, p: Array) -> Array:
    """The lower tail of a beta law at p <= a / (a + b), over the density of its log odds there.

    Args:
        a: shape of the side asked for, at least 1.
        b: the other shape, at least 1.
        p: the limit.
    """
    both = a + b

    def drop(t: Array) -> tuple[Array, Array]:
        fall = p * jnp.expm1(-t)
        return a * t + both * jnp.log1p(fall), a - both * (p + fall) / (1.0 + fall)

    return _integral(drop, _parabola(a - both * p, both * p * (1.0 - p)))


def _parabola(slope: Array, bend: Array) -> Array:
    """Where a parabola through 0 with these derivatives there reaches `DEPTH`."""
    slope = jnp.maximum(slope, 0.0)
    return 2.0 * DEPTH / (slope + jnp.sqrt(slope**2 + 2.0 * DEPTH * bend + _NEVER))


def _integral(drop: Drop, far: Array) -> Array:
    """Integral of exp(-drop(t)) over t >= 0, where `drop` is convex and rises from 0.

    Args:
        drop: value and derivative.
        far: about where it reaches `DEPTH`.
    """
    far = lax.stop_gradient(far)
    for _ in range(NEWTON):
        value, rise = lax.stop_gradient(drop(far))
        far = jnp.clip(far - (value - DEPTH) / jnp.maximum(rise, _NEVER), 0.25 * far, 4.0 * far)
    total = jnp.zeros_like(far)
    for point, weight in zip(_POINTS, _WEIGHTS, strict=True):
        total = total + 0.5 * weight * jnp.exp(-drop(0.5 * (1.0 + point) * far)[0])
    return far * total
