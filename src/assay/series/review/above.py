"""The law of what lies beyond a limit, as a short table a row that draws are read off.

With L = Y - limit given Y >= limit, a table holds -log P(L >= l) at a few l. Between them it is
taken as straight, as of an exponential (of counts, as of a geometric), beyond them as going on so.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from assay.series.law.rule import AbstractRule, Extra

PARTS = (0.0, 0.1, 0.3, 0.7, 1.2, 2.0, 3.3, 5.5)  # of the mean
FAR = 700.0  # of -log of a chance
NODES, WEIGHTS = (0.0, 3.0**0.5, -(3.0**0.5)), (2 / 3, 1 / 6, 1 / 6)  # Gauss and Hermite's
NUDGE = 0.05  # of a parameter before its link


class Above(NamedTuple):
    """Laws beyond the limits of some rows.

    Fields:
        at: l, (parts, rows).
        cost: -log P(L >= l) at the driven parameter's mode, likewise.
        mixed: the same over what is open of that parameter.
        own: mean of L by the table, (rows,).
        more: mean of L over what is open, over that at the mode.
        tilt: how its log grows with a standard deviation of the parameter's error.
        bow: likewise with its square.
        lean: how it grows with each other parameter before its link, (parameters, rows).
    """

    at: Array
    cost: Array
    mixed: Array
    own: Array
    more: Array
    tilt: Array
    bow: Array
    lean: Array


@partial(jax.jit, static_argnames=("rule", "whole"))
def above(
    eta: Float[Array, " rows"],
    sd: Float[Array, " rows"],
    limit: Float[Array, " rows"],
    scale: Float[Array, " rows"],
    extra: Extra,
    *,
    rule: AbstractRule,
    whole: bool,
) -> Above:
    """Tables of laws beyond limits.

    Args:
        eta: the driven parameter before its link.
        sd: what is open of it.
        limit: that values reached; of counts a whole number.
        scale: mean of L or near it; where it is no number above 0, told by the score.
        extra: the other parameters before their links.
        rule: of the family.
        whole: whether values are whole numbers.
    """
    _, score = rule.reach(eta, extra, limit)
    known = jnp.isfinite(scale) & (scale > 0)
    # Of a parameter of scale the score is the limit times the hazard.
    rough = jnp.maximum(jnp.abs(limit), 1e-6) / jnp.maximum(jnp.abs(score), 1e-6)
    places = _places(limit, jnp.where(known, scale, rough), whole)

    def costs(at_eta: Array, at_extra: Extra) -> Array:
        reached = rule.reach(at_eta, at_extra, places)[0]
        found = reached[0] - reached
        found = jnp.where(jnp.isnan(found), FAR, jnp.clip(found, 0.0, FAR))
        return jax.lax.cummax(found.at[0].set(0.0), axis=0)

    at = places - limit
    # Compiled once for all: first the parameter's nodes, then each other parameter moved alone.
    nodes = jnp.stack([eta + node * sd for node in NODES] + [eta] * len(extra))
    moved = tuple(
        jnp.stack([other] * len(NODES) + [other + NUDGE * (j == k) for k in range(len(extra))])
        for j, other in enumerate(extra)
    )
    found = jax.vmap(costs)(nodes, moved)
    every = found[: len(NODES)]
    log_means = jnp.log(jnp.maximum(jax.vmap(lambda each: _mean(at, each, whole))(found), 1e-300))
    mid, up, down = log_means[: len(NODES)]
    mixed = -jnp.log(sum(w * jnp.exp(-each) for w, each in zip(WEIGHTS, every, strict=True)))
    lean = (log_means[len(NODES) :] - mid) / NUDGE
    more = WEIGHTS[0] + WEIGHTS[1] * (jnp.exp(up - mid) + jnp.exp(down - mid))
    return Above(
        at,
        every[0],
        mixed,
        jnp.exp(mid),
        more,
        (up - down) / (2.0 * NODES[1]),
        (up + down - 2.0 * mid) / 6.0,
        lean,
    )


def _places(limit: Array, scale: Array, whole: bool) -> Array:
    """Values at and beyond each limit; of counts each once."""
    places = [limit]
    for part in PARTS[1:]:
        place = limit + part * scale
        if whole:
            place = jnp.maximum(jnp.ceil(place), jnp.floor(places[-1]) + 1.0)
        places.append(place)
    return jnp.stack(places)


def _slopes(at: Array, cost: Array) -> Array:
    """How far l grows as the cost grows by 1, between places and, last, beyond them."""
    step = jnp.maximum(jnp.diff(cost, axis=0), 1e-9)
    slopes = jnp.diff(at, axis=0) / step
    return jnp.concatenate([slopes, slopes[-1:]])


def _mean(at: Array, cost: Array, whole: bool) -> Array:
    """Mean of L: the integral of its survival, of counts the sum."""
    share, slopes = jnp.exp(-cost), _slopes(at, cost)
    drop = jnp.concatenate([share[:-1] - share[1:], share[-1:]])
    if whole:
        slopes = 1.0 / jnp.expm1(1.0 / jnp.maximum(slopes, 1e-2))
    return jnp.sum(slopes * drop, axis=0)


@jax.jit
def beyond(at: Array, cost: Array, asked: Array) -> Array:
    """L where -log P(L >= l) is what is asked, (rows, ...)."""
    more = (...,) + (None,) * (asked.ndim - 1)
    slopes, found = _slopes(at, cost), jnp.zeros_like(asked)
    for k in range(at.shape[0]):
        start = cost[k][more]
        end = cost[k + 1][more] if k + 1 < at.shape[0] else jnp.inf
        found = found + slopes[k][more] * jnp.clip(asked - start, 0.0, end - start)
    return found


@partial(jax.jit, static_argnames="whole")
def drawn_above(
    table: Above,
    factor: Array,
    error: Array,
    others: Array,
    noise: Float[Array, "rows draws"],
    *,
    whole: bool,
) -> Array:
    """Draws of L, (rows, draws).

    Args:
        table: of the rows.
        factor: what makes means exact, (rows,).
        error: of the driven parameter, in standard deviations, (rows, draws).
        others: errors of the other parameters, (parameters, rows, draws).
        noise: standard exponential.
        whole: whether values are whole numbers.
    """
    some = jnp.clip(error, -4.0, 4.0)
    log_share = table.tilt[:, None] * some + table.bow[:, None] * some**2
    log_share = log_share + jnp.einsum("pr,prd->rd", table.lean, others)
    lost = beyond(table.at, table.cost, noise)
    return (jnp.floor(lost) if whole else lost) * jnp.exp(log_share) * factor[:, None]
