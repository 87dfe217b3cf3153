"""Quantiles of counts, found among whole numbers."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from assay.family.tail import log_ndtri

_MOST_STEPS = 200
_SLACK = 1e-13
CLOSE = 1e-15
_LOG_HALF = -0.6931471805599453


class _Search(NamedTuple):
    """What is known of the least count that reaches a level, for each element.

    Fields:
        step: evaluations so far.
        below: greatest count known not to reach it; -1 at first.
        at: least count known to reach it; inf at first.
        probe: count to be tried next.
        stride: length of the next jump, while only one side is known.
    """

    step: Array
    below: Array
    at: Array
    probe: Array
    stride: Array


def step_quantile(
    log_tails: Callable[[Array], tuple[Array, Array]],
    log_p: Float[Array, "..."],
    log_q: Float[Array, "..."],
    mean: Float[Array, "..."],
    variance: Float[Array, "..."],
) -> Float[Array, "..."]:
    """Quantile of a count: the least k with P(Y <= k) >= exp(log_p).

    Args:
        log_tails: from a count to log P(Y <= k) and log P(Y > k).
        log_p: log of the level.
        log_q: log of what is left above it.
        mean: of the count; with `variance` it says where to begin, not what is found.
        variance: of the count.

    Returns:
        Whole numbers as floats, exact up to 2^52.

    Source: Wilson & Hilferty (1931) for the start; from there jumps that double, then bisection.
    """
    log_p, log_q, mean, variance = jnp.broadcast_arrays(
        jnp.asarray(log_p), jnp.asarray(log_q), mean, variance
    )

    def go_on(state: _Search) -> Array:
        return jnp.any(state.at - state.below > 1) & (state.step < _MOST_STEPS)

    def advance(state: _Search) -> _Search:
        found = reaches(*log_tails(state.probe), log_p, log_q)
        below = jnp.where(found, state.below, jnp.maximum(state.below, state.probe))
        at = jnp.where(found, jnp.minimum(state.at, state.probe), state.at)
        down, up = jnp.maximum(at - state.stride, 0.0), below + state.stride
        jump = jnp.where(jnp.isinf(at), up, down)
        bracketed = jnp.isfinite(at) & (below >= 0)
        middle = jnp.floor((below + jnp.where(bracketed, at, below)) / 2)
        probe = jnp.where(bracketed, middle, jump)
        return _Search(state.step + 1, below, at, probe, 2 * state.stride)

    sd = jnp.sqrt(variance)
    nothing = jnp.full(log_p.shape, -1.0)
    stride = jnp.maximum(1.0, jnp.floor(sd / 64))
    start = _Search(
        jnp.asarray(0), nothing, -nothing * jnp.inf, _guess(log_p, log_q, mean, sd), stride
    )
    return jax.lax.while_loop(go_on, advance, start).at


def reaches(
    log_cdf: Array, log_sf: Array, log_p: Array, log_q: Array, *, slack: float = _SLACK
) -> Bool[Array, "..."]:
    """Whether a point with these log tails lies at the level or above it.

    Compared in the smaller tail, where levels are not rounded away, and with room for the last
    digits, so that the quantile of a cdf is the point that the cdf was asked at.

    Args:
        log_cdf: log P(Y <= point).
        log_sf: log P(Y > point).
        log_p: log of the level.
        log_q: log of what is left above it.
        slack: room, relative to 1 and to the logarithm; `CLOSE` where tails have closed forms.
    """
    below = log_cdf >= (1 + slack) * log_p - slack
    return jnp.where(log_p < log_q, below, log_sf <= (1 - slack) * log_q + slack)


def between_whole(
    log_tails: Callable[[Array], tuple[Array, Array]], y: Float[Array, "..."]
) -> tuple[Array, Array]:
    """Log tails on straight lines between whole numbers, for counts without a smooth curve."""
    low = jnp.floor(y)
    log_part, log_rest = jnp.log(y - low), jnp.log1p(low - y)
    ends = zip(log_tails(low), log_tails(low + 1), strict=True)
    below, above = (jnp.logaddexp(log_rest + one, log_part + two) for one, two in ends)
    return below, above


def _guess(log_p: Array, log_q: Array, mean: Array, sd: Array) -> Array:
    """Quantile of the Gamma distribution with this mean and sd, rounded."""
    safe = jnp.maximum(mean, 1e-300)
    third = sd / safe / 3
    lower, upper = (log_ndtri(jnp.minimum(log, _LOG_HALF)) for log in (log_p, log_q))
    root = 1 - third**2 + third * jnp.where(log_p < log_q, lower, -upper)
    guess = jnp.round(safe * jnp.maximum(root, 0.0) ** 3)
    return jnp.where(jnp.isfinite(guess), guess, 0.0)
