"""Means, variances and excesses of any distribution that has log tails and quantiles.

Densities are integrated over the levels of their tails, which suits any scale and any shape;
counts are summed, in strides where they are large.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from assay.family.tail import log1mexp

# t = exp(s - exp(-s)), with s in equal steps: the double exponential rule for what falls like
# exp(-t). It reaches tails of exp(-700), where a mean that exists has converged.
_S = np.arange(-3.6, 6.6, 0.2)
_T = np.exp(_S - np.exp(-_S))
_T_WEIGHTS = 0.2 * _T * (1 + np.exp(-_S))
_ENDLESS = 1e-3  # share of the last node from which on an integral counts as infinite

_STRIDES = 128
# Slopes and third differences at the end of a stretch, from its five outermost values.
_SLOPE = np.array([-25 / 12, 4.0, -3.0, 4 / 3, -1 / 4])
_THIRD = np.array([-5 / 2, 9.0, -12.0, 7.0, -3 / 2])
# Log levels of the least count that matters, the middle one and the greatest that matters.
_LEVELS = (-41.0, -float(np.log(2.0)), float(np.log1p(-np.exp(-41.0))))

Shape = tuple[int, ...]


def beyond(
    quantile: Callable[[Array, Array], Array],
    log_mass: Float[Array, "..."],
    point: Float[Array, "..."],
    upper: Bool[Array, "..."],
) -> tuple[Array, Array]:
    """E max(±(Y - point), 0) and its square, of a density, on one side of a point.

    Args:
        quantile: from the logs of both tails.
        log_mass: log probability of lying on that side.
        point: in the target's unit.
        upper: whether the side is the upper one.

    Returns:
        The first and the second moment; inf where the tail is too heavy to have one.

    Source: Takahasi & Mori (1974), Double exponential formulas for numerical integration.
    """
    log_mass, point, upper = jnp.broadcast_arrays(log_mass, point, upper)
    some = log_mass > -jnp.inf
    log_mass = jnp.where(some, log_mass, -1.0)

    def add(sums: tuple[Array, ...], node: tuple[Array, Array]) -> tuple[tuple[Array, ...], None]:
        t, weight = node
        tail = log_mass - t
        rest = log1mexp(tail)
        x = quantile(jnp.where(upper, rest, tail), jnp.where(upper, tail, rest))
        gap = jnp.maximum(jnp.where(upper, x - point, point - x), 0.0)
        once = weight * gap * jnp.exp(-t)
        # Squared apart from the weight, a heavy tail would overflow.
        twice = weight * jnp.exp(2 * jnp.log(jnp.where(gap > 0, gap, 1.0)) - t) * (gap > 0)
        return (sums[0] + once, sums[1] + twice, once, twice), None

    nothing = jnp.zeros_like(log_mass)
    sums, _ = jax.lax.scan(add, (nothing,) * 4, (jnp.asarray(_T), jnp.asarray(_T_WEIGHTS)))
    mass = jnp.exp(log_mass)
    found = (
        jnp.where(last > _ENDLESS * total, jnp.inf, mass * total)
        for total, last in zip(sums[:2], sums[2:], strict=True)
    )
    first, second = (jnp.where(some, each, 0.0) for each in found)
    return first, second


def level_moments(
    quantile: Callable[[Array, Array], Array],
    point: Float[Array, "..."],
    log_below: Float[Array, "..."],
    log_above: Float[Array, "..."],
) -> tuple[Array, Array]:
    """Mean and variance of a density.

    Args:
        quantile: from the logs of both tails.
        point: a value near the middle, or the one value that has mass of its own.
        log_below: log P(Y < point).
        log_above: log P(Y > point).
    """
    point, log_below, log_above = jnp.broadcast_arrays(point, log_below, log_above)
    sides = jnp.asarray([False, True]).reshape(2, *(1,) * point.ndim)
    first, second = beyond(quantile, jnp.stack([log_below, log_above]), point, sides)
    shift = first[1] - first[0]
    return point + shift, second[1] + second[0] - shift**2


def step_moments(
    log_tails: Callable[[Array], tuple[Array, Array]],
    middle: Float[Array, "..."],
    first: Float[Array, "..."],
    last: Float[Array, "..."],
) -> tuple[Array, Array]:
    """Mean and variance of a count.

    Args:
        log_tails: from a whole number to log P(Y <= k) and log P(Y > k).
        middle: a whole number in the middle, from which the sums go outwards.
        first: the least count that matters.
        last: the greatest count that matters.
    """
    up = tail_sums(lambda j: jnp.exp(log_tails(middle + j)[1]), last - middle)
    down = tail_sums(lambda j: jnp.exp(log_tails(middle - 1 - j)[0]), middle - first)
    shift = up.plain - down.plain
    second = 2 * (up.weighted + down.weighted) + up.plain + down.plain
    return middle + shift, second - shift**2


class Sums(NamedTuple):
    """Sums over j = 0, 1, ... of f(j) and of j f(j)."""

    plain: Array
    weighted: Array


def tail_sums(f: Callable[[Array], Array], count: Float[Array, "..."]) -> Sums:
    """Sum a smooth falling function of j, and j times it, over the first `count` whole numbers.

    Stretches of 128 values at first; farther out of 128 strides, the longer the farther, each
    with the corrections at its ends that make up for the values between.

    Source: Euler & Maclaurin, DLMF 2.10(i), taken twice: with and without the strides (Lubbock).
    """
    nodes = jnp.arange(_STRIDES + 1.0).reshape(-1, *(1,) * jnp.ndim(count))

    def go_on(state: tuple[Array, Sums]) -> Array:
        return jnp.any(state[0] < count)

    def add(state: tuple[Array, Sums]) -> tuple[Array, Sums]:
        start, sums = state
        left = jnp.maximum(count - start, 0.0)
        longest = jnp.floor(left / _STRIDES)
        stride = jnp.maximum(jnp.minimum(jnp.floor(start / _STRIDES) + 1, longest), 1.0)
        j = start + stride * nodes
        # A stretch at stride 1 is a plain sum of what is left, at most 128 values.
        used = jnp.where(stride > 1, True, (nodes < _STRIDES) & (j < count))
        value = jnp.where(used, f(jnp.where(used, j, start)), 0.0)
        new = (_stretch(value, stride), _stretch(j * value, stride))
        end = start + jnp.where(stride > 1, stride, 1.0) * _STRIDES
        return end, Sums(sums.plain + new[0], sums.weighted + new[1])

    nothing = jnp.zeros(jnp.shape(count))
    return jax.lax.while_loop(go_on, add, (nothing, Sums(nothing, nothing)))[1]


def _stretch(values: Array, stride: Array) -> Array:
    """Sum over the whole numbers of a stretch, but for its last, from every stride-th value."""
    coarse = jnp.sum(values, axis=0) - (values[0] + values[-1]) / 2
    slope = _difference(values[::-1][:5], _SLOPE, -1) - _difference(values[:5], _SLOPE, 1)
    third = _difference(values[::-1][:5], _THIRD, -1) - _difference(values[:5], _THIRD, 1)
    ends = slope * (stride - 1 / stride) / 12 - third * (stride - stride**-3) / 720
    fine = stride * coarse + (values[0] - values[-1]) / 2 - ends
    return jnp.where(stride > 1, fine, jnp.sum(values, axis=0))


def _difference(values: Array, weights: np.ndarray, sign: int) -> Array:
    return sign * jnp.tensordot(jnp.asarray(weights), values, axes=1)


def lattice_moments(
    log_tails: Callable[[Array], tuple[Array, Array]],
    quantile: Callable[[Array, Array], Array],
    step: Float[Array, "..."] | float,
    shape: Shape,
) -> tuple[Array, Array]:
    """Mean and variance of what takes whole multiples of `step` only, such as a count.

    Args:
        log_tails: from a value to log P(Y <= y) and log P(Y > y).
        quantile: from the logs of both tails; rough ones will do.
        step: from one value to the next, in the target's unit.
        shape: of the distribution's parameters.
    """
    middle, first, last = _range(quantile, step, shape)
    mean, variance = step_moments(lambda k: log_tails(k * step), middle, first, last)
    return mean * step, variance * step**2


def lattice_excess(
    log_tails: Callable[[Array], tuple[Array, Array]],
    quantile: Callable[[Array, Array], Array],
    step: Float[Array, "..."] | float,
    limit: Float[Array, "..."],
) -> Array:
    """E max(Y - limit, 0) of what takes whole multiples of `step` only; `limit` has all axes."""
    _, first, last = _range(quantile, step, limit.shape)
    start = jnp.maximum(jnp.ceil(limit / step), first)
    above = tail_sums(lambda j: jnp.exp(log_tails((start + j) * step)[1]), last - start).plain
    return (start * step - limit) * jnp.exp(log_tails((start - 1) * step)[1]) + step * above


def _range(
    quantile: Callable[[Array, Array], Array], step: Float[Array, "..."] | float, shape: Shape
) -> tuple[Array, Array, Array]:
    """Median, least and greatest multiple that matter."""
    log_p = jnp.asarray(_LEVELS).reshape(3, *(1,) * len(shape))
    log_p = jnp.broadcast_to(log_p, (3, *shape))
    found = jax.lax.stop_gradient(jnp.round(quantile(log_p, log1mexp(log_p)) / step))
    return found[1], jnp.minimum(found[0], found[1]), jnp.maximum(found[2], found[1])
