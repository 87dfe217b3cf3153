"""The log probability of an interval, however narrow or far out.

A difference of two tails is right unless the interval holds but a small share of the tail in which
it lies; then its density hardly changes, and a quadrature of eight nodes is right instead.
"""

from typing import ClassVar, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from assay.family.tail import log1mexp
from assay.family.tail.gauss import gauss_legendre

_LOG_HALF = -float(np.log(2.0))
_NODES, _WEIGHTS = gauss_legendre(8)
# An interval is narrow if it holds at most a quarter of the tail beyond its nearer end (the log
# falls by 0.3) and its log density changes by at most 0.5: eight nodes then leave 3e-15 of a power.
_SMALL_FALL = 0.3
_SMALL_SWING = 0.5
_ROUNDING = 30 * 2.0**-52
_FEW = 8

Tails = tuple[Array, Array]


class HasTails(Protocol):
    """What of a distribution an interval needs."""

    is_count: ClassVar[bool]

    def log_prob(self, y: Array) -> Array:
        """Log density, or log mass for counts, at `y`."""
        ...

    def log_tails(self, y: Array) -> Tails:
        """Log P(Y <= y) and log P(Y > y)."""
        ...

    def log_edges(self, limit: Array) -> Tails:
        """Log P(Y < limit) and log P(Y >= limit)."""
        ...

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of one answer for each set of parameters."""
        ...

    @property
    def has_plain_edges(self) -> bool:
        """Whether its edges are its tails, at the whole number before for counts."""
        ...


def log_interval(
    distribution: HasTails,
    low: Float[Array, "..."],
    high: Float[Array, "..."],
    *,
    open_below: bool = False,
) -> Float[Array, "..."]:
    """Log P(low <= Y <= high), from the tails in which both ends are small.

    Args:
        distribution: with both its log tails.
        low: the lower end, in the target's unit; -inf for none.
        high: the upper end; inf for none.
        open_below: whether the mass on `low` itself is left out.

    Returns:
        -inf with gradient 0 where no value lies in between.

    Source: differences as in Maechler (2012), Accurately computing log(1 - exp(-|a|)); Gauss and
        Legendre's rule where the interval is narrow.
    """
    low, high = jnp.broadcast_arrays(jnp.asarray(low, dtype=float), jnp.asarray(high, dtype=float))
    if not distribution.is_count:
        return _of_density(distribution, low, high, open_below)
    return _of_counts(distribution, jnp.floor(low) + 1 if open_below else jnp.ceil(low), high)


def log_add(first: Array, second: Array) -> Array:
    """Log of the sum of two probabilities from their logs, with gradients also at -inf."""
    return log_total(jnp.stack(jnp.broadcast_arrays(first, second)))


def log_total(logs: Float[Array, "terms ..."]) -> Float[Array, "..."]:
    """Log of the sum over the first axis; terms of -inf add nothing, not even to gradients."""
    top = jax.lax.stop_gradient(jnp.max(logs, axis=0))
    something = top > -jnp.inf
    top = jnp.where(something, top, 0.0)
    here = logs > -jnp.inf
    terms = jnp.where(here, jnp.exp(jnp.where(here, logs, 0.0) - top), 0.0)
    total = jnp.where(something, jnp.sum(terms, axis=0), 1.0)
    return jnp.where(something, top + jnp.log(total), -jnp.inf)


def log_difference(more: Array, less: Array) -> Array:
    """Log of the difference of two probabilities from their logs; -inf where it is not above 0."""
    proper = more > less
    at = jnp.where(proper, more, 0.0)
    return jnp.where(proper, at + log1mexp(jnp.where(proper, less - at, -1.0)), -jnp.inf)


def log_window(at_low: Tails, at_high: Tails) -> tuple[Array, Array]:
    """Log probability between two points from the log tails at both.

    Args:
        at_low: logs of what lies below the lower end, and from it on.
        at_high: logs of what lies up to the upper end, and above it.

    Returns:
        The log probability, and by how much the log of the smaller tail falls across the window:
        rounding grows as one over this fall.
    """
    (below, from_low), (up_to_high, above) = at_low, at_high
    upper = from_low < up_to_high
    more, less = jnp.where(upper, from_low, up_to_high), jnp.where(upper, above, below)
    # Where little is left outside, its complement is right even next to 0.
    outside = log_add(below, above)
    central = outside <= _LOG_HALF
    inside = log1mexp(jnp.where(central, outside, -1.0))
    value = jnp.where(central, inside, log_difference(more, less))
    return value, jnp.where(central, jnp.inf, more - less)


def _of_density(distribution: HasTails, low: Array, high: Array, open_below: bool) -> Array:
    lower, upper = _stand_ins(low, high)
    if open_below or distribution.has_plain_edges:
        at_lower, at_upper = tails_at(distribution, lower, upper)
    else:
        at_lower, at_upper = distribution.log_edges(lower), distribution.log_tails(upper)
    wide, fall = log_window(_at_end(low, at_lower), _at_end(high, at_upper))
    lower, upper = jnp.broadcast_to(lower, wide.shape), jnp.broadcast_to(upper, wide.shape)
    finite = jnp.isfinite(low) & jnp.isfinite(high)
    return _with_narrow(distribution, lower, upper, wide, jnp.where(finite, fall, jnp.inf))


def tails_at(distribution: HasTails, first: Array, second: Array) -> tuple[Tails, Tails]:
    """The log tails at two points in one call, which compiles in half the time of two."""
    shape = jnp.broadcast_shapes(first.shape, second.shape, distribution.batch_shape)
    both = jnp.stack([jnp.broadcast_to(first, shape), jnp.broadcast_to(second, shape)])
    below, above = distribution.log_tails(both)
    return (below[0], above[0]), (below[1], above[1])


def _stand_ins(low: Array, high: Array) -> tuple[Array, Array]:
    """Finite ends: an infinite one would leave 0 * inf in the gradients of what scales it."""
    finite_low, finite_high = jnp.isfinite(low), jnp.isfinite(high)
    anywhere = jnp.where(finite_high, high, 0.0)
    lower = jnp.where(finite_low, low, anywhere)
    return lower, jnp.where(finite_high, high, lower)


def _at_end(end: Array, tails: Tails) -> Tails:
    """The log tails at an end, also where it is infinite."""
    none, everything = end == -jnp.inf, end == jnp.inf
    below, above = tails
    below = jnp.where(none, -jnp.inf, jnp.where(everything, 0.0, below))
    return below, jnp.where(none, 0.0, jnp.where(everything, -jnp.inf, above))


def _with_narrow(
    distribution: HasTails, low: Array, high: Array, wide: Array, fall: Array
) -> Array:
    """The difference of tails, replaced by a quadrature of the density where that is better."""
    width = high - low
    weights = jnp.asarray(_WEIGHTS).reshape(-1, *(1,) * width.ndim)
    logs = distribution.log_prob(low + width * jnp.asarray(_NODES).reshape(weights.shape))
    swing = jnp.max(logs, axis=0) - jnp.min(logs, axis=0)
    smooth = (fall < _SMALL_FALL) & (swing < _SMALL_SWING) & (width > 0)
    logs, length = jnp.where(smooth, logs, 0.0), jnp.where(smooth, width, 1.0)
    top = jax.lax.stop_gradient(jnp.max(logs, axis=0))
    value = top + jnp.log(jnp.sum(weights * jnp.exp(logs - top), axis=0)) + jnp.log(length)
    return jnp.where(smooth & _agree(value, wide, fall), value, wide)


def _agree(narrow: Array, wide: Array, fall: Array) -> Bool[Array, "..."]:
    """Whether both are the same but for rounding: nodes can miss a kink, a jump or a spike.

    Where rounding left nothing of the difference it cannot object.
    """
    spread = _ROUNDING * (1 + jnp.abs(narrow)) / jnp.maximum(fall, 1e-300)
    return (jnp.abs(narrow - wide) <= spread) | ~(wide > -jnp.inf)


def _of_counts(distribution: HasTails, first: Array, high: Array) -> Array:
    last = jnp.floor(high)
    lower, upper = _stand_ins(first, last)
    before, up_to = tails_at(distribution, lower - 1, upper)
    wide, _ = log_window(_at_end(first, before), _at_end(last, up_to))
    few = (last - first < _FEW) & jnp.isfinite(first) & jnp.isfinite(last)
    return jnp.where(few, _sum_of_masses(distribution, lower, upper, wide.shape), wide)


def _sum_of_masses(
    distribution: HasTails, first: Array, last: Array, shape: tuple[int, ...]
) -> Array:
    k = jnp.broadcast_to(first, shape) + jnp.arange(float(_FEW)).reshape(-1, *(1,) * len(shape))
    return log_total(jnp.where(k <= last, distribution.log_prob(k), -jnp.inf))
