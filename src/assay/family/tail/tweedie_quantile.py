"""Quantiles of the continuous part of the Tweedie law, from the log probabilities of both tails."""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from assay.family.tail.log1mexp import log1mexp
from assay.family.tail.tweedie import tweedie_log_density, unit_deviance
from assay.family.tail.tweedie_tails import tweedie_log_tails

_FARTHEST = 1500.0  # e^1500 spans float64
_BISECTIONS, _NEWTON_STEPS, _MOST_STEPS = 40, 30, 100
_CLOSE = 1e-14


class _Search(NamedTuple):
    """Fields: steps taken, bounds of the root, the point, and whether it is there."""

    step: Array
    low: Array
    high: Array
    r: Array
    done: Array


def tweedie_quantile(
    strength: Float[Array, "..."],
    w: Float[Array, "..."],
    q: Float[Array, "..."],
    log_p: Float[Array, "..."],
    log_q: Float[Array, "..."],
) -> Float[Array, "..."]:
    """Find log(y / mean) such that a Tweedie variable is at most y with probability exp(log_p).

    Args:
        strength: mean^(2 - p) / dispersion, above 0.
        w: 2 - p, above 0.
        q: p - 1, above 0.
        log_p: log of the level; it must lie above the mass at 0.
        log_q: log of what is left above it.

    Returns:
        The quantile, with first derivatives in all five.

    Source: Newton in the log tail given that y is not 0, from the point where the bound of Chernoff
        (1952) meets the level; kept between bounds, as spikes make the tail wavy near q = 0.
    """
    parts = jnp.broadcast_arrays(strength, w, q, log_p, log_q)
    strength, w, q, log_p, log_q = parts
    r = _solve(*lax.stop_gradient(parts))
    # The equation is differentiated, not the search.
    lower = log_p < log_q
    below, above = tweedie_log_tails(strength, r, w, q)
    log_tail = jnp.where(lower, below, above)
    rate = jnp.exp(tweedie_log_density(strength, r, w, q) - log_tail)
    miss = jnp.where(lower, log_p - below, above - log_q)
    return r + (miss - lax.stop_gradient(miss)) / lax.stop_gradient(rate)


def _solve(strength: Array, w: Array, q: Array, log_p: Array, log_q: Array) -> Array:
    log_zero = -strength / w
    target_p, target_q = _given_positive(log_zero, log_p, log_q)
    lower = target_p < target_q
    target = jnp.where(lower, target_p, target_q)

    def evaluate(r: Array) -> tuple[Array, Array]:
        """How far the level lies to the right of the point, in log, and the rate it changes at."""
        tails = _given_positive(log_zero, *tweedie_log_tails(strength, r, w, q))
        log_tail = jnp.where(lower, *tails)
        rate = jnp.exp(tweedie_log_density(strength, r, w, q) - log_tail)
        return jnp.where(lower, target - log_tail, log_tail - target), rate

    start = _start(strength, w, q, jnp.where(lower, log_p, log_q), lower)
    return _search(evaluate, start, _CLOSE * (1 + jnp.abs(target)))


def _given_positive(log_zero: Array, log_p: Array, log_q: Array) -> tuple[Array, Array]:
    """Log probability of y or less but not 0, and of more than y, from the smaller of both tails.

    Where next to nothing is left between the level and the mass at 0, rounding decides.
    """
    log_some = log1mexp(log_zero)
    by_p = log_p + log1mexp(jnp.minimum(log_zero - log_p, 0.0))
    by_q = log_some + log1mexp(jnp.minimum(log_q - log_some, 0.0))
    return jnp.where(log_p < log_q, by_p, by_q), log_q


def _search(evaluate: Callable[[Array], tuple[Array, Array]], start: Array, close: Array) -> Array:
    """Newton's steps, or halves of what the root lies in where they lead out of it."""

    def go_on(state: _Search) -> Array:
        return jnp.any(~state.done) & (state.step < _MOST_STEPS)

    def advance(state: _Search) -> _Search:
        miss, rate = evaluate(state.r)
        low = jnp.where(miss > 0, state.r, state.low)
        high = jnp.where(miss > 0, state.high, state.r)
        newton = state.r + miss / rate
        usable = (newton >= low) & (newton <= high) & (state.step < _NEWTON_STEPS)
        moved = jnp.where(usable, newton, (low + high) / 2)
        small = jnp.abs(moved - state.r) <= 1e-15 * (1 + jnp.abs(state.r))
        done = state.done | (jnp.abs(miss) <= close) | small
        r = jnp.where(state.done | (jnp.abs(miss) <= close), state.r, moved)
        return _Search(state.step + 1, low, high, r, done)

    far = jnp.full_like(start, _FARTHEST)
    first = _Search(jnp.asarray(0), -far, far, start, jnp.zeros(start.shape, bool))
    return lax.while_loop(go_on, advance, first).r


def _start(strength: Array, w: Array, q: Array, log_tail: Array, lower: Array) -> Array:
    """Where strength x deviance = -log tail: the tail there is smaller still, from the outside."""
    level = -log_tail / strength
    far = jnp.log1p(level + jnp.sqrt(2 * level))  # the deviance is at least e^r - 1 - r
    outer = jnp.where(lower, -_FARTHEST, far)

    def halve(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        inner, outer = ends
        middle = (inner + outer) / 2
        beyond = unit_deviance(middle, w, q) >= level
        return jnp.where(beyond, inner, middle), jnp.where(beyond, middle, outer)

    return lax.fori_loop(0, _BISECTIONS, halve, (jnp.zeros_like(outer), outer))[1]
