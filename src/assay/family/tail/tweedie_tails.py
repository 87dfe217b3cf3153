"""Log probabilities of both tails of the compound Poisson-gamma (Tweedie) law.

Few events, or sizes so alike that the law is a row of spikes: a sum over numbers of events of the
tails of their gamma laws. Many events: inversion of the generating function along a line beside
its saddle point, which costs the same however many they are.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from assay.family.tail.gamma import log_gamma_kernel, log_gamma_tails
from assay.family.tail.log1mexp import log1mexp
from assay.family.tail.tweedie import BLOCK, TERMS, tweedie_log_density
from assay.family.tail.tweedie_contour import log_small_tail, many_events

_LOG_HALF = -float(np.log(2.0))
_NEAREST = -1e-300
# Up to this q a step of the gamma tails is so narrow that the sum is taken over all numbers.
_NARROW = 0.25
# Laws that each way is sure to bear, for the rows that the other way answers.
_FEW, _MANY = (1.0, 0.0, 0.5, 0.5), (100.0, 0.0, 0.5, 0.5)

_Four = tuple[Array, Array, Array, Array]


def tweedie_log_tails(
    strength: Float[Array, "..."],
    r: Float[Array, "..."],
    w: Float[Array, "..."],
    q: Float[Array, "..."],
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Compute the log probabilities that a Tweedie variable is at most y > 0, and above y.

    Args:
        strength: mean^(2 - p) / dispersion, above 0.
        r: log(y / mean).
        w: 2 - p, above 0.
        q: p - 1, above 0.

    Returns:
        Both log tails, the lower one with the mass at 0, with first and second derivatives.

    Source: Dunn & Smyth (2005), Series evaluation of Tweedie exponential dispersion model
        densities, here for the tails; (2008), Evaluation by Fourier inversion, with the line
        through the saddle point (Daniels 1954).
    """
    strength, r, w, q = jnp.broadcast_arrays(strength, r, w, q)
    upper, many = upper_is_small(strength, r, w, q), many_events(strength, r, w, q)
    law = (strength, r, w, q)
    few = _summed(*_safe(law, ~many, _FEW), upper)
    more = log_small_tail(*_safe(law, many, _MANY), upper)
    small = jnp.minimum(jnp.where(many, more, few), _NEAREST)
    other = log1mexp(small)
    return jnp.where(upper, other, small), jnp.where(upper, small, other)


def upper_is_small(strength: Array, r: Array, w: Array, q: Array) -> Array:
    """Whether the tail above is the smaller one, or nearly so.

    Above the mean; and below it where the mass at 0 holds half, or where the law is so skewed that
    its median is far below: near w = 0 it is a gamma law, whose median is known.
    """
    shape = strength / q
    skewed = jnp.where(shape < 1, shape, 1.0)
    median = (lax.lgamma(skewed + 1) + _LOG_HALF) / skewed - jnp.log(skewed)
    return (r >= jnp.where(shape < 1, median, 0.0)) | (strength < -_LOG_HALF * w)


class _Law(NamedTuple):
    """Expected number of events, shape of one, y in units of its scale, and which tail."""

    events: Array
    shape: Array
    x: Array
    upper: Array


def _safe(law: _Four, use: Array, safe: tuple[float, float, float, float]) -> _Four:
    strength, r, w, q = (jnp.where(use, *pair) for pair in zip(law, safe, strict=True))
    return strength, r, w, q


@jax.custom_jvp
def _summed(strength: Array, r: Array, w: Array, q: Array, upper: Array) -> Array:
    """Log of the smaller tail by the sum."""
    return _sums(strength, r, w, q, upper)[0]


@_summed.defjvp
def _summed_jvp(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
    """From averages over the terms, by the pass that gives the value, and from the density."""
    (strength, r, w, q, upper), (to_strength, to_r, to_w, to_q, _) = primals, tangents
    small, by_events, by_shape = _sums(strength, r, w, q, upper)
    density = jnp.exp(tweedie_log_density(strength, r, w, q) - small)
    by_point = jnp.where(upper, -density, density)
    to_strength, to_w, to_q = to_strength / strength, to_w / w, to_q / q
    slope = by_events * (to_strength - to_w) + by_shape * (to_w - to_q)
    return small, slope + by_point * (to_strength + to_r - to_q)


def _sums(
    strength: Array, r: Array, w: Array, q: Array, upper: Array
) -> tuple[Array, Array, Array]:
    """Log of the smaller tail, and its slopes in log events and log shape."""
    law = _Law(strength / w, w / q, strength * jnp.exp(r) / q, upper)
    first, stride = _window(*lax.stop_gradient((strength, r, w, q)), upper)
    rest, use_rest = _rest(first, stride <= 1, law)

    def add(sums: tuple[Array, ...], at: Array) -> tuple[tuple[Array, ...], None]:
        highest, *totals = sums
        at = at.reshape(-1, *(1,) * first.ndim)
        last = at == TERMS - 1
        log_term, by_events, by_shape = _term(jnp.where(last, rest, first + stride * at), last, law)
        log_term = jnp.where(last & ~use_rest, -jnp.inf, log_term - jnp.where(last, log_stride, 0))
        now = lax.stop_gradient(jnp.maximum(highest, log_term.max(0)))
        term, fade = jnp.exp(log_term - now), jnp.exp(highest - now)
        parts = (term, term * by_events, term * by_shape)
        added = (fade * total + part.sum(0) for total, part in zip(totals, parts, strict=True))
        return (now, *added), None

    log_stride, zero = jnp.log(stride), jnp.zeros_like(first)
    steps = jnp.arange(float(TERMS)).reshape(-1, BLOCK)
    least = jnp.full_like(first, jnp.finfo(float).min)
    highest, total, by_events, by_shape = lax.scan(add, (least, zero, zero, zero), steps)[0]
    return highest + jnp.log(stride * total), by_events / total, by_shape / total


def _window(strength: Array, r: Array, w: Array, q: Array, upper: Array) -> tuple[Array, Array]:
    """First number of events and stride of the sum.

    Given y the numbers are a bell of variance n0 q around n0. Given Y > y they reach up to where
    y is what n events add up to, and fall from there by a bell again; given Y < y, down to it.
    Beyond, the gamma tails are 1: see `_rest`. For large q the Poisson bell is hardly wider.
    """
    events = strength / w
    tilted = events * jnp.exp(w * r)
    sd = jnp.sqrt(tilted * q / w)
    narrow = jnp.floor(tilted - jnp.where(upper, 8.7, 13.5) * sd - 1)
    centre = jnp.where(upper, jnp.maximum(events, tilted), jnp.minimum(events, tilted))
    reach = 9 * jnp.sqrt(centre)
    stride = jnp.maximum(1.0, 2 * reach / (TERMS - 2))
    wide = jnp.where(stride > 1, centre - reach, jnp.floor(centre - reach))
    few = q <= _NARROW
    return jnp.maximum(jnp.where(few, narrow, wide), 1.0), jnp.where(few, 1.0, stride)


def _rest(first: Array, each: Array, law: _Law) -> tuple[Array, Array]:
    """Where the numbers beyond the window start, or end, and whether all their tails are 1.

    Below it there is always 0, whose tail is 1. A sum in strides needs no more than that.
    """
    past = first + (TERMS - 1)
    reach = 9 * jnp.sqrt(law.x)
    above = each & ((past - 1) * law.shape >= law.x + reach)
    below = each & (first * law.shape <= law.x - reach)
    return jnp.where(law.upper, past, jnp.where(below, first, 1.0)), ~law.upper | above


def _term(n: Array, rest: Array, law: _Law) -> tuple[Array, Array, Array]:
    """Log P(n events, and their sum in the tail), and its slopes in log events and log shape.

    Where it is the rest: log P(at least n events), or fewer, since all their tails are 1. That is
    a gamma law as well.
    """
    size, point = jnp.where(rest, n, n * law.shape), jnp.where(rest, law.events, law.x)

    def tail(size: Array, point: Array) -> Array:
        below, above = log_gamma_tails(size, point)
        return jnp.where(law.upper != rest, above, below)

    towards = jnp.where(rest, 0.0, size), jnp.where(rest, point, 0.0)
    log_tail, slope = jax.jvp(tail, (size, point), towards)
    log_mass = log_gamma_kernel(n, law.events) - jnp.log(n)
    log_term = log_tail + jnp.where(rest, 0.0, log_mass)
    return log_term, jnp.where(rest, slope, n - law.events), jnp.where(rest, 0.0, slope)
