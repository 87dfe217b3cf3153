"""What a fit leaves open of what no observation moves: the other parameters, seasons, effects.

Of the posterior's second derivatives at the smoothed level, over these coordinates together; the
starting level is taken out, since the smoothed level makes up for it. What a fit learnt of a
coordinate from all series is wrong for all of them alike, by as much as they left open together.

Source: Laplace's approximation; Kass & Steffey (1989), Approximate Bayesian inference in
conditionally independent hierarchical models, for the part in common.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from assay.series.filter.objective import Block
from assay.series.kinds import Floats
from assay.series.law.rule import AbstractRule, Extra

NUDGE = 0.05  # of a parameter before its link
LEAST_DECIDED = 0.02


class OpenTerms(NamedTuple):
    """What is open of a block's coordinates from the first of the other parameters on.

    Fields:
        root: of their covariance, (series, coordinates, coordinates).
        centre: what each counts on average, (coordinates, series): as much as the level then
            makes up for.
    """

    root: Floats
    centre: Floats


@partial(jax.jit, static_argnames=("rule", "is_censored"))
def _bends(
    block: Block, eta: Array, bend: Array, extra: Extra, *, rule: AbstractRule, is_censored: bool
) -> tuple[Array, Array]:
    """Second derivatives of minus the log likelihood, and what each coordinate counts on average.

    (series, coordinates, coordinates), and (coordinates, series).
    """
    y, hidden, weight = block.seen
    y = jnp.where(weight > 0, y, rule.filler)

    def told(at: Extra) -> tuple[Array, Array]:
        exact = jnp.where(hidden, rule.filler, y)
        score, log_prob = rule.score(eta, at, exact), rule.log_prob(eta, at, exact)
        if is_censored:
            log_reach, above = rule.reach(eta, at, jnp.where(hidden, y, rule.filler))
            score, log_prob = (
                jnp.where(hidden, above, score),
                jnp.where(hidden, log_reach, log_prob),
            )
        return weight * score, weight * log_prob

    # Compiled once for all: here, then each parameter moved up and down alone.
    moves = [(k, sign) for k in range(len(extra)) for sign in (1.0, -1.0)]
    every = (
        jax.vmap(told)(
            tuple(
                jnp.stack([each, *(each + sign * NUDGE * (j == k) for k, sign in moves)])
                for j, each in enumerate(extra)
            )
        )
        if extra
        else tuple(each[None] for each in told(extra))
    )
    here = every[1][0]
    curves, ties = [], []
    for k in range(len(extra)):
        up, down = (tuple(each[1 + 2 * k + at] for each in every) for at in (0, 1))
        curves.append(jnp.nansum(2.0 * here - up[1] - down[1], axis=0) / NUDGE**2)
        # What nothing hid tells of both apart, but for chance.
        tie = jnp.where(hidden, (down[0] - up[0]) / (2.0 * NUDGE), 0.0)
        ties.append(jnp.nan_to_num(tie))
    steps, series = eta.shape
    basis = block.calendar.basis.T[:, :, None]
    basis = jnp.broadcast_to(basis, (basis.shape[0], steps, series))
    terms = jnp.concatenate([basis, block.features])
    tie = jnp.stack(ties) if ties else jnp.zeros((0, steps, series))
    curve = jnp.stack(curves) if curves else jnp.zeros((0, series))
    whole = jnp.maximum(jnp.sum(bend, axis=0), 1e-9)
    centre = jnp.concatenate([jnp.sum(tie, axis=1), jnp.einsum("kts,ts->ks", terms, bend)]) / whole
    apart = terms - centre[len(extra) :, None]
    among = jnp.einsum("kts,ts,lts->skl", apart, bend, apart)
    cross = jnp.einsum("pts,kts->spk", tie, apart)
    own = jnp.einsum("ps,pq->spq", curve, jnp.eye(len(extra)))
    first = centre[: len(extra)]
    own = own - jnp.einsum("ps,qs,s->spq", first, first, whole)
    upper = jnp.concatenate([own, cross], axis=2)
    lower = jnp.concatenate([cross.swapaxes(1, 2), among], axis=2)
    return jnp.concatenate([upper, lower], axis=1), centre


def open_terms(
    block: Block,
    eta: Array,
    bend: Array,
    extra: Extra,
    sd: Floats,
    *,
    rule: AbstractRule,
    is_censored: bool,
) -> OpenTerms:
    """What is open of the coordinates of a block.

    Args:
        block: the series.
        eta: the driven parameter, (steps, series).
        bend: what each row tells of it, likewise.
        extra: the other parameters.
        sd: of the coordinates over series, before a series is looked at.
        rule: of the family.
        is_censored: whether any row is hidden.
    """
    found = _bends(block, eta, bend, extra, rule=rule, is_censored=is_censored)
    bends, centre = (np.asarray(each) for each in found)
    values, vectors = np.linalg.eigh(sd[:, None] * bends * sd)
    root = sd[:, None] * vectors / np.sqrt(1.0 + np.maximum(values, 0.0))[:, None]
    return OpenTerms(root, centre)


def in_common(mean: Floats, sd: Floats, series: int) -> Floats:
    """Standard deviation of what all series are off by alike in each coordinate.

    Args:
        mean: over series, of the variance that each leaves open.
        sd: of the coordinate over series.
        series: how many the common mean was learnt from.
    """
    decided = np.maximum(sd**2 - mean, LEAST_DECIDED * sd**2)
    return mean / np.sqrt(decided * max(series, 1))
