"""Quantiles of a mixture of densities."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_MOST_STEPS = 100
_CLOSE = 1e-13


def mixture_quantile(
    log_tails: Callable[[Array], tuple[Array, Array]],
    log_prob: Callable[[Array], Array],
    level: Float[Array, " rows"],
    each: Float[Array, "draws rows"],
) -> Float[Array, " rows"]:
    """Quantile of an equal mixture, by Newton's steps in the smaller log tail.

    Args:
        log_tails: of the mixture, log P(Y <= x) and log P(Y > x).
        log_prob: log density of the mixture.
        level: 0 < level < 1.
        each: this quantile of each distribution in the mixture; theirs lies in between.

    Returns:
        Quantiles, in the target's unit.
    """
    least, most = jnp.min(each, axis=0), jnp.max(each, axis=0)
    close = _CLOSE * jnp.maximum(jnp.abs(least), jnp.abs(most))

    def miss_and_slope(x: Array) -> tuple[Array, Array]:
        log_cdf, log_sf = log_tails(x)
        low = level < 0.5
        miss = jnp.where(low, log_cdf - jnp.log(level), jnp.log1p(-level) - log_sf)
        return miss, jnp.exp(log_prob(x) - jnp.where(low, log_cdf, log_sf))

    def go_on(state: tuple[Array, Array, Array, Array, Array]) -> Array:
        step, _, _, _, moved = state
        return (step < _MOST_STEPS) & jnp.any(moved > close)

    def improve(
        state: tuple[Array, Array, Array, Array, Array],
    ) -> tuple[Array, Array, Array, Array, Array]:
        step, low, high, x, _ = state
        miss, slope = miss_and_slope(x)
        low, high = jnp.where(miss < 0, x, low), jnp.where(miss < 0, high, x)
        newton = x - miss / slope
        inside = (newton >= low) & (newton <= high)  # false where it is nan, too
        there = jnp.where(inside, newton, (low + high) / 2)
        return step + 1, low, high, there, jnp.abs(there - x)

    start = (jnp.asarray(0), least, most, jnp.mean(each, axis=0), most - least)
    return jax.lax.while_loop(go_on, improve, start)[3]
