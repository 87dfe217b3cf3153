"""Many small minimisations side by side: L-BFGS in lock-step.

Each iteration takes one value and gradient for the whole batch. Every problem accepts its own step
or shortens it, and keeps its own history; one that is done waits without moving.

Source: Liu & Nocedal (1989), On the limited memory BFGS method; Nocedal & Wright (2006), 3.5.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

MEMORY = 6
LONGEST = 2.0  # of a step, in prior standard deviations
ENOUGH = 1e-4  # share of the promised decrease that a step must bring (Armijo)
FLAT = 1e-12  # relative curvature below which a step teaches nothing

ValueAndGradient = Callable[[Array], tuple[Array, Array]]


class Minimum(NamedTuple):
    """Where each problem ended.

    Fields:
        at: the point, (coordinates, problems).
        value: there.
        gradient: there, as `at`.
        left: decrease that a Newton step would promise still.
        iterations: of the whole batch.
    """

    at: Float[Array, "coordinates problems"]
    value: Float[Array, " problems"]
    gradient: Float[Array, "coordinates problems"]
    left: Float[Array, " problems"]
    iterations: Int[Array, ""]

    def done(self, tolerance: float) -> Bool[Array, " problems"]:
        """Which problems have less than `tolerance` to gain."""
        return self.left < tolerance


class _Search(NamedTuple):
    at: Array
    value: Array
    gradient: Array
    direction: Array
    length: Array
    steps: Array  # (memory, coordinates, problems), the newest last
    bends: Array
    iterations: Array


def minimise(
    of: ValueAndGradient, start: Array, *, tolerance: Array | float, most: Array | int
) -> Minimum:
    """Minimise each column's own function.

    Args:
        of: values, (problems,), and gradients, (coordinates, problems), at a point of each.
        start: where each begins, (coordinates, problems).
        tolerance: a problem is done where a Newton step promises less than this.
        most: iterations.
    """

    def unfinished(search: _Search) -> Array:
        return (search.iterations < most) & ~jnp.all(_left(search) < tolerance)

    def step(search: _Search) -> _Search:
        return _stepped(of, search, tolerance)

    end = lax.while_loop(unfinished, step, _first(start))
    return Minimum(end.at, end.value, end.gradient, _left(end), end.iterations)


def _first(start: Array) -> _Search:
    problems = start.shape[1]
    history = jnp.zeros((MEMORY, *start.shape), start.dtype)
    far = jnp.full(problems, jnp.inf, start.dtype)
    # Nothing is known yet: the first iteration evaluates the start itself, as a step of length 0.
    return _Search(
        start,
        far,
        jnp.full_like(start, jnp.inf),
        jnp.zeros_like(start),
        jnp.ones(problems, start.dtype),
        history,
        history,
        jnp.asarray(0),
    )


def _left(search: _Search) -> Array:
    """Half the slope along a quasi-Newton direction: what it promises."""
    slope = -jnp.sum(search.gradient * search.direction, axis=0)
    return jnp.where(jnp.isfinite(search.value), 0.5 * slope, jnp.inf)


def _stepped(of: ValueAndGradient, search: _Search, tolerance: Array | float) -> _Search:
    is_first = search.iterations == 0
    waits = (_left(search) < tolerance) & ~is_first
    step = search.length * search.direction
    value, gradient = of(search.at + step)
    slope = jnp.where(is_first, 0.0, jnp.sum(search.gradient * step, axis=0))
    is_sound = jnp.isfinite(value) & jnp.all(jnp.isfinite(gradient), axis=0)
    lower = value <= search.value + ENOUGH * slope
    accepted = is_sound & (is_first | lower) & ~waits
    bend = jnp.where(accepted & ~is_first, gradient - search.gradient, 0.0)
    steps, bends = _remembered(search, step, bend, accepted & ~is_first)
    at = jnp.where(accepted, search.at + step, search.at)
    gradient = jnp.where(accepted, gradient, search.gradient)
    # The minimum of the parabola through what is known, not too near either end.
    parabola = -0.5 * slope / jnp.where(is_sound, value - search.value - slope, jnp.inf)
    share = jnp.clip(jnp.where(is_sound, parabola, 0.1), 0.1, 0.5)
    direction = jnp.where(accepted, _direction(gradient, steps, bends), search.direction)
    return _Search(
        at,
        jnp.where(accepted, value, search.value),
        gradient,
        direction,
        jnp.where(accepted | waits, 1.0, share * search.length),
        steps,
        bends,
        search.iterations + 1,
    )


def _remembered(search: _Search, step: Array, bend: Array, accepted: Array) -> tuple[Array, Array]:
    """The histories with this step, where its curvature is positive."""
    curvature = jnp.sum(step * bend, axis=0)
    size = jnp.sqrt(jnp.sum(step**2, axis=0) * jnp.sum(bend**2, axis=0))
    kept = accepted & (curvature > FLAT * size)

    def pushed(history: Array, newest: Array) -> Array:
        return jnp.where(kept, jnp.concatenate([history[1:], newest[None]]), history)

    return pushed(search.steps, step), pushed(search.bends, bend)


def _direction(gradient: Array, steps: Array, bends: Array) -> Array:
    """Minus the inverse Hessian, as the history tells it, times the gradient; not too long."""
    curvature = jnp.sum(steps * bends, axis=1)
    inverse = jnp.where(curvature > 0, 1.0 / jnp.where(curvature > 0, curvature, 1.0), 0.0)
    ahead, shares = gradient, []
    for k in range(MEMORY - 1, -1, -1):
        share = inverse[k] * jnp.sum(steps[k] * ahead, axis=0)
        shares.append(share)
        ahead = ahead - share * bends[k]
    scale = curvature[-1] / jnp.maximum(jnp.sum(bends[-1] ** 2, axis=0), 1e-300)
    ahead = jnp.where(curvature[-1] > 0, scale, 1.0) * ahead
    for k in range(MEMORY):
        back = inverse[k] * jnp.sum(bends[k] * ahead, axis=0)
        ahead = ahead + (shares[MEMORY - 1 - k] - back) * steps[k]
    falls = jnp.sum(ahead * gradient, axis=0) > 0
    ahead = jnp.where(falls, ahead, gradient)
    size = jnp.sqrt(jnp.sum(ahead**2, axis=0))
    return -ahead * jnp.minimum(1.0, LONGEST / jnp.maximum(size, LONGEST * 1e-3))
