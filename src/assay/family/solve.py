"""Quantiles of densities, found between two points from their log tails."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_MOST_STEPS = 200
_CLOSE = 4e-16
_BOUND_STEPS = 5
_FLAT = 1e-6


class _Search(NamedTuple):
    """What is known of the quantile, for each element.

    Fields:
        step: evaluations so far.
        low: a point at or below it.
        high: a point at or above it.
        at: where to look next.
        moved: how far the last step went.
    """

    step: Array
    low: Array
    high: Array
    at: Array
    moved: Array


def solve_quantile(
    log_tails: Callable[[Array], tuple[Array, Array]],
    log_prob: Callable[[Array], Array],
    log_p: Float[Array, "..."],
    log_q: Float[Array, "..."],
    low: Float[Array, "..."],
    high: Float[Array, "..."],
) -> Float[Array, "..."]:
    """Quantile of a density, by Newton's steps in the smaller log tail within a bracket.

    Args:
        log_tails: from a value to log P(Y <= y) and log P(Y > y).
        log_prob: log density.
        log_p: log of the level.
        log_q: log of what is left above it.
        low: a point at or below the quantile.
        high: a point at or above it.

    Returns:
        Quantiles, without gradients: `with_slope` gives them theirs.
    """
    log_p, log_q, low, high = jnp.broadcast_arrays(log_p, log_q, low, high)
    lower = log_p < log_q
    level = jnp.where(lower, log_p, log_q)
    # Steps in log x where the bracket lies above 0: quantiles of tiny shapes span 300 decades.
    positive = low > 0

    def advance(state: _Search) -> _Search:
        log_cdf, log_sf = log_tails(state.at)
        tail = jnp.where(lower, log_cdf, log_sf)
        miss = jnp.where(lower, tail - level, level - tail)
        step = -miss * jnp.exp(tail - log_prob(state.at))
        safe = jnp.where(positive, state.at, 1.0)
        there = jnp.where(positive, safe * jnp.exp(step / safe), state.at + step)
        below, above = (
            jnp.where(miss <= 0, state.at, state.low),
            jnp.where(miss >= 0, state.at, state.high),
        )
        inside = (there >= below) & (there <= above)  # false where it is nan, too
        there = jnp.where(inside, there, _middle(below, above, positive))
        return _Search(state.step + 1, below, above, there, jnp.abs(there - state.at))

    def go_on(state: _Search) -> Array:
        open_ = (state.high > state.low) & (state.moved > _CLOSE * jnp.abs(state.at))
        return (state.step < _MOST_STEPS) & jnp.any(open_)

    start = _Search(jnp.asarray(0), low, high, _middle(low, high, positive), high - low)
    return jax.lax.while_loop(go_on, advance, start).at


def with_slope(
    log_tails: Callable[[Array], tuple[Array, Array]],
    log_prob: Callable[[Array], Array],
    log_p: Float[Array, "..."],
    log_q: Float[Array, "..."],
    at: Float[Array, "..."],
) -> Float[Array, "..."]:
    """The quantile `at`, with its gradients in the levels and in all that the tails hold.

    One step of Newton's from a fixed point: its value changes nothing, its derivative is that of
    the implicit function. Second derivatives are not right.
    """
    at = jax.lax.stop_gradient(at)
    log_cdf, log_sf = log_tails(at)
    lower = log_p < log_q
    miss = jnp.where(lower, log_cdf - log_p, log_q - log_sf)
    slope = jax.lax.stop_gradient(jnp.exp(log_prob(at) - jnp.where(lower, log_cdf, log_sf)))
    sound = (slope > 0) & jnp.isfinite(slope)
    step = jnp.where(sound, miss, 0.0) / jnp.where(sound, slope, 1.0)
    return at - (step - jax.lax.stop_gradient(step))


def _middle(low: Array, high: Array, positive: Array) -> Array:
    """Half-way, in the logarithm where both ends lie above 0."""
    safe_low, safe_high = jnp.where(positive, low, 1.0), jnp.where(positive, high, 1.0)
    return jnp.where(positive, jnp.sqrt(safe_low) * jnp.sqrt(safe_high), low + (high - low) / 2)


def distance_from_bound(
    log_within: Callable[[Array], Array],
    log_density: Callable[[Array], Array],
    log_mass: Float[Array, "..."],
) -> Float[Array, "..."]:
    """How far from a bound a given, small mass reaches, where the density at the bound is finite.

    Args:
        log_within: from a distance to the log of the mass within it.
        log_density: from a distance to the log density there.
        log_mass: log of the mass wanted.

    Returns:
        The distance, with gradients by its last step; Newton's steps run in its logarithm, in which
        the log mass is close to a line.
    """

    # One step is differentiated, the last; a loop over all of them compiles their body once.
    def improve(at: Array, _: None) -> tuple[Array, None]:
        at = jax.lax.stop_gradient(at)
        within = log_within(jnp.exp(at))
        slope = jax.lax.stop_gradient(jnp.exp(at + log_density(jnp.exp(at)) - within))
        sound = (slope > _FLAT) & (within > -jnp.inf)
        miss = jnp.where(sound, log_mass - within, 0.0)
        return at + jnp.clip(miss / jnp.where(sound, slope, 1.0), -2.0, 2.0), None

    start = jax.lax.stop_gradient(log_mass - log_density(jnp.zeros_like(log_mass)))
    start = jnp.where(jnp.isfinite(start), start, 0.0)
    return jnp.exp(jax.lax.scan(improve, start, None, length=_BOUND_STEPS)[0])
