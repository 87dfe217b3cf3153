"""The log probability of an interval, however narrow or far out."""

from typing import Protocol

import jax.numpy as jnp
from jaxtyping import Array, Float

from assay.family.tail import log1mexp


class HasTails(Protocol):
    """What of a distribution an interval needs."""

    def log_tails(self, y: Array) -> tuple[Array, Array]:
        """Log P(Y <= y) and log P(Y > y)."""
        ...

    def log_edges(self, limit: Array) -> tuple[Array, Array]:
        """Log P(Y < limit) and log P(Y >= limit)."""
        ...


def log_interval(
    distribution: HasTails, low: Float[Array, "..."], high: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Log P(low <= Y <= high), from the tails in which both ends are small.

    Args:
        distribution: with both its log tails.
        low: the lower end, in the target's unit.
        high: the upper end, at least `low`.
    """
    below_low, from_low = distribution.log_edges(low)
    up_to_high, above_high = distribution.log_tails(high)
    upper = from_low < up_to_high
    more, less = jnp.where(upper, from_low, up_to_high), jnp.where(upper, above_high, below_low)
    return more + log1mexp(jnp.minimum(less - more, 0.0))
