"""Gains without the pile-up at zero: the start of a series is integrated out, not fitted away.

A level and a season that may start anywhere explain much of what a short series does, so that the
most probable gains, given the most probable start, are too small (Shephard & Harvey 1990). What is
left once the start is integrated out (by Laplace's approximation) is the same log posterior less
half the log of what the rows tell of the start, which falls with the gains: a level that moves soon
forgets where it began.

Source: Cox & Reid (1987), Parameter orthogonality and approximate conditional inference; Shephard &
Harvey (1990), On the probability of estimating a deterministic component in the local level model.
"""

from typing import Any

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from assay.series.filter.recursion import Gains, Scaling

DOUBLINGS = 20  # of rows: more than a million of them


def told_of_start(
    gains: Gains, one: Array, rows: Array, scaling: Scaling
) -> Float[Array, " series"]:
    """What all rows of a series tell of its starting level, as an information.

    A start that is wrong by 1 is wrong by c_t after t rows, since each row moves level and rest
    against it: c = 1 + level, where (level, rest) follow the recursion with the expected score. The
    sum of c_t² over rows is found by doubling.

    Args:
        gains: of the filter.
        one: information of one row.
        rows: how many there are.
        scaling: of the score.
    """
    speed = _speed(one, scaling)
    fast, slow = speed * gains.level, speed * gains.rest
    # With c = 1 + level and r = 1 + rest: (c, r) <- (pull - fast, 1 - pull; -slow, 1) (c, r).
    step = (gains.pull - fast, 1.0 - gains.pull, -slow, jnp.ones_like(one))
    zero, one_each = jnp.zeros_like(one), jnp.ones_like(one)
    # Of the block of 2^k rows: its matrix, and the sum of outer products v v' as a quadratic form.
    first = (zero, (one_each, one_each), step, (one_each, zero, zero), jnp.floor(rows))

    def doubled(now: tuple[Any, ...], _: None) -> tuple[tuple[Any, ...], None]:
        total, at, matrix, form, left = now
        takes = jnp.mod(left, 2.0) == 1.0
        total = total + jnp.where(takes, _value(form, at), 0.0)
        at = tuple(
            jnp.where(takes, new, old) for new, old in zip(_times(matrix, at), at, strict=True)
        )
        return (total, at, _squared(matrix), _doubled(form, matrix), jnp.floor(left / 2.0)), None

    (total, *_), _ = lax.scan(doubled, first, None, length=DOUBLINGS)
    return one * total


def _value(form: tuple[Array, ...], at: tuple[Array, ...]) -> Array:
    """The form a x² + 2 b x y + d y² at (x, y)."""
    (a, b, d), (x, y) = form, at
    return a * x**2 + 2.0 * b * x * y + d * y**2


def _times(matrix: tuple[Array, ...], at: tuple[Array, ...]) -> tuple[Array, Array]:
    (p, q, r, s), (x, y) = matrix, at
    return p * x + q * y, r * x + s * y


def _squared(matrix: tuple[Array, ...]) -> tuple[Array, ...]:
    p, q, r, s = matrix
    return p * p + q * r, p * q + q * s, r * p + s * r, r * q + s * s


def _doubled(form: tuple[Array, ...], matrix: tuple[Array, ...]) -> tuple[Array, ...]:
    """The form F of a block, of two in a row: F + M' F M."""
    (a, b, d), (p, q, r, s) = form, matrix
    return (
        a + a * p * p + 2 * b * p * r + d * r * r,
        b + a * p * q + b * (p * s + q * r) + d * r * s,
        d + a * q * q + 2 * b * q * s + d * s * s,
    )


def told_of_season(
    gain: Array, one: Array, rows: Array, share: Array, pace: Array, scaling: Scaling
) -> Float[Array, " series"]:
    """What all rows tell of one starting seasonal state, likewise.

    Args:
        gain: of the season.
        one: information of one row.
        rows: how many there are.
        share: of a row's information that is about this state, on average.
        pace: by how much of a row's move this state forgets its start, on average.
        scaling: of the score.
    """
    kept = (1.0 - _speed(one, scaling) * pace * gain) ** 2
    some = jnp.minimum(kept, 1.0 - 1e-9)
    return one * share * (1.0 - some**rows) / (1.0 - some)


def _speed(one: Array, scaling: Scaling) -> Array:
    """How far the expected score moves states whose parameter is wrong by 1, before gains."""
    return {"inverse": jnp.ones_like(one), "root": jnp.sqrt(one), "unit": one}[scaling]
