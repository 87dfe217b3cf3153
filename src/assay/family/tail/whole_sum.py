"""Sums of smooth functions over many whole numbers, from few of them.

Gauss's rule for the counting measure on 16·2^j whole numbers takes 16 points, not all of them
whole, and is exact for polynomials up to degree 31; for 16 numbers it takes each of them. A
function whose singular points lie beyond the ends is a polynomial, to the last digit, on stretches
that are no longer than their distance from the nearest end.

Source: Gautschi (2004), Orthogonal Polynomials: Computation and Approximation, section 1.5.2.3, for
    the discrete Chebyshev polynomials; Golub & Welsch (1969) for their rules.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

_POINTS = 16
# From 16·2^26 numbers on a sum is an integral to the last digit, and so is the rule Gauss-Legendre.
_SIZES = 27
_NEGLIGIBLE = 1e-18


def _rule(size: float) -> tuple[np.ndarray, np.ndarray]:
    """Points in [-1/2, 1/2] and weights that add up to 1, for `size` whole numbers."""
    n = np.arange(1, _POINTS)
    steps = np.sqrt(n**2 * (1 - (n / size) ** 2) / (4 * n**2 - 1))
    points, vectors = np.linalg.eigh(np.diag(steps, 1) + np.diag(steps, -1))
    return points / 2, vectors[0] ** 2


_RULES = [_rule(16.0 * 2.0**j) for j in range(_SIZES)]
_AT, _WEIGHTS = (np.stack(each).T for each in zip(*_RULES, strict=True))


class _Progress(NamedTuple):
    """How far a sum has come, for each element.

    Fields:
        near: numbers done at the near end.
        far: numbers done at the far end, where there is one.
        last: what the latest stretch added to the first sum.
        sums: so far.
    """

    near: Array
    far: Array
    last: Array
    sums: tuple[Array, ...]


def whole_sums(
    terms: Callable[[Array], tuple[Array, ...]], count: Array, many: int
) -> tuple[Array, ...]:
    """Sum `many` functions over 0, 1, ..., count - 1.

    Args:
        terms: positive and smooth in its argument, the first of them; the others are as smooth and
            vanish with it. Where `count` is infinite it falls from the start.
        count: how many whole numbers, inf for all of them.
        many: how many functions.

    Returns:
        The sums. They take 16 points for each doubling of the distance to the nearest end. For
        forward derivatives only; see `log_sum`.
    """
    endless = jnp.isinf(count)

    def left(state: _Progress) -> Array:
        more = jnp.where(endless, 1.0, count - state.near - state.far)
        done = endless & (state.last <= _NEGLIGIBLE * state.sums[0])
        return jnp.where(done, 0.0, jnp.where(endless, jnp.inf, more))

    def advance(state: _Progress) -> _Progress:
        more = left(state)
        at_near = endless | (state.near <= state.far)
        done = jnp.where(at_near, state.near, state.far)
        doublings = _doublings(jnp.minimum(done, more))
        length = jnp.minimum(_POINTS * 2.0**doublings, more)
        start = jnp.where(at_near, done, jnp.where(endless, 0.0, count) - done - length)
        added = _stretch(terms, start, length, doublings, many)
        near = state.near + jnp.where(at_near, length, 0.0)
        far = state.far + jnp.where(at_near, 0.0, length)
        sums = tuple(one + two for one, two in zip(state.sums, added, strict=True))
        return _Progress(near, far, added[0], sums)

    nothing = jnp.zeros_like(count)
    start = _Progress(nothing, nothing, nothing + jnp.inf, (nothing,) * many)
    return lax.while_loop(lambda state: jnp.any(left(state) > 0), advance, start).sums


def _doublings(room: Array) -> Array:
    """Greatest j with 16·2^j numbers in the room, at least 0."""
    exponent = jnp.frexp(jnp.maximum(room, _POINTS) / _POINTS)[1] - 1
    return jnp.clip(exponent, 0, 1000).astype(float)


def _stretch(
    terms: Callable[[Array], tuple[Array, ...]],
    start: Array,
    length: Array,
    doublings: Array,
    many: int,
) -> tuple[Array, ...]:
    """Sum over start, ..., start + length - 1; a length below 16 takes each number."""
    which = jnp.minimum(doublings, _SIZES - 1).astype(int)
    full = length >= _POINTS

    def add(
        sums: tuple[Array, ...], node: tuple[Array, Array, Array]
    ) -> tuple[tuple[Array, ...], None]:
        index, at, weight = node
        middle = (length - 1) / 2 + jnp.take(at, which) * length
        each = jnp.minimum(index, jnp.maximum(length - 1, 0.0))
        # Sixteen numbers are their own points: say so without rounding.
        offset = jnp.where(full & (which > 0), middle, each)
        share = jnp.where(full, jnp.take(weight, which) * length, jnp.where(index < length, 1.0, 0))
        # An element that is done adds nothing, wherever its idle point lies.
        values = terms(jnp.where(length > 0, start + offset, 0.0))
        parts = zip(sums, values, strict=True)
        return tuple(one + jnp.where(length > 0, share * two, 0.0) for one, two in parts), None

    nodes = jnp.arange(float(_POINTS)), jnp.asarray(_AT), jnp.asarray(_WEIGHTS)
    return lax.scan(add, (jnp.zeros_like(start),) * many, nodes)[0]
