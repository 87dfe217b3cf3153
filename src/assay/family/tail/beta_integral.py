"""The incomplete beta integral outwards from its cut, shared by the beta and count tails."""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

from assay.family.tail.quadrature import (
    DEPTH,
    SHIFT,
    SMALL_SHAPE,
    first_length,
    integrate,
)
from assay.family.tail.stirling import excess, stirling_remainder

_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))
_NEWTON_STEPS = 5

Scores = Callable[[Array, Array], tuple[Array, ...]]


class Side(NamedTuple):
    """The smaller tail, turned so that it is the mass below x = 1 - y.

    Fields:
        turned: whether (a, x) and (b, y) changed places.
        a, b: shapes that belong to x and y.
        x, y: the point and its complement.
    """

    turned: Array
    a: Array
    b: Array
    x: Array
    y: Array

    @property
    def shifted(self) -> Array:
        """Whether the shape at the tail's end is so small that it needs the recurrence."""
        return self.a < SMALL_SHAPE

    @property
    def shape_in_use(self) -> Array:
        """The shape at the tail's end after the recurrence."""
        return jnp.where(self.shifted, self.a + SHIFT, self.a)


def smaller_side(a: Array, b: Array, x: Array, y: Array) -> Side:
    """Choose the tail to integrate, so that its density falls from the cut onwards."""
    turned = x * jnp.maximum(b, 1.0) > y * jnp.maximum(a, 1.0)
    return Side(
        turned,
        jnp.where(turned, b, a),
        jnp.where(turned, a, b),
        jnp.where(turned, y, x),
        jnp.where(turned, x, y),
    )


def log_beta_kernel(a: Array, b: Array, w: Array, ratio_x: Array, ratio_y: Array) -> Array:
    """Compute log[x^a y^b / B(a, b)], the log density of the log-odds, without cancellation.

    Args:
        a: first shape.
        b: second shape.
        w: b x - a y, the distance of x from a / (a + b), times a + b.
        ratio_x: x (a + b) / a.
        ratio_y: y (a + b) / b.

    Source: Loader (2000), Fast and accurate computation of binomial probabilities.
    """
    total = a + b
    deviance = a * excess(w / a, ratio_x) + b * excess(-w / b, ratio_y)
    of_total, of_a, of_b = stirling_remainder(jnp.stack([total, a, b]))
    norm = 0.5 * (jnp.log(a) + jnp.log(b / total)) - _HALF_LOG_2PI
    return norm - deviance + of_total - of_a - of_b


def integrate_outwards(side: Side, scores: Scores, count: int) -> tuple[Array, ...]:
    """Integrate the density over the tail, relative to its value at the cut.

    Args:
        side: the smaller tail.
        scores: from the distance u in log-odds and log(1 + c (e^{±u} - 1)), where c is the smaller
            of x and y, to how the log integrand changes with each parameter.
        count: how many scores there are.

    Returns:
        The integral, then its derivative for each score.
    """
    a = side.shape_in_use
    total, near = a + side.b, side.x < 0.5
    # The smaller of x and y multiplies e^{±u} - 1, which keeps log1p free of cancellation.
    c = jnp.where(near, side.x, side.y)
    sign, slope = jnp.where(near, -1.0, 1.0), jnp.where(near, a, -side.b)
    start = first_length(a * side.y - side.b * side.x, total * side.x * side.y)
    length = lax.stop_gradient(_length(start, c, sign, total, slope))

    def integrand(u: Array) -> tuple[Array, ...]:
        log1p = jnp.log1p(c * jnp.expm1(sign * u))
        density = jnp.exp(-total * log1p - slope * u)
        return density, *(density * score for score in scores(u, log1p))

    return integrate(integrand, length, 1 + count)


def _length(start: Array, c: Array, sign: Array, total: Array, slope: Array) -> Array:
    """Solve total·log(1 + c(e^{±L} - 1)) + slope·L = DEPTH for the length of the tail."""

    def improve(_: int, length: Array) -> Array:
        grown = c * jnp.expm1(sign * length)
        miss = total * jnp.log1p(grown) + slope * length - DEPTH
        rate = total * sign * (grown + c) / (1 + grown) + slope
        return jnp.clip(length - miss / rate, length / 5, length * 5)

    return lax.fori_loop(0, _NEWTON_STEPS, improve, start)
