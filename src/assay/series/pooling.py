"""What many series have in common, learnt from some of them: empirical Bayes.

Each series' parameters are normal around a common mean; of its level, around what its groups add to
that mean. Rounds of fitting a sample of series, and of taking mean and spread of what came out
(with what each fit leaves open), find both.

Source: Robbins (1956), An empirical Bayes approach to statistics; MacKay (1992), Bayesian
interpolation, for the rounds; Laplace's approximation for what a fit leaves open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from assay.compute import on_all_cores
from assay.series.groups import NO_GROUPS, Groups
from assay.series.kinds import Floats
from assay.series.lockstep import Minimum
from assay.series.objective import Block, Prior, fit_block

ROUNDS = 3
NARROWEST, WIDEST = 0.03, 3.0  # of a spread over series
LEAST_DECIDED = 0.02
SLOWEST = 3.0  # times that a spread may change in a round
NUDGE = 1e-3  # in scales of the search
TOLERANCE, MOST = 1e-3, 40


@dataclass(frozen=True, eq=False)
class Common:
    """What series have in common.

    Fields:
        mean: of each coordinate; of the level for groups of the mean effect.
        sd: over series; of the level, over those of the same groups.
        open: typical standard deviation that a fit leaves open in a coordinate.
        groups: what groups of series add to the mean of their levels.
    """

    mean: Floats
    sd: Floats
    open: Floats
    groups: Groups = NO_GROUPS

    def prior(self, told: Floats, dtype: Any, offset: Floats | float = 0.0) -> Prior:
        """For some series, with a search in units of what their fits will leave open.

        Args:
            told: what each series tells of its own level, as an information.
            dtype: of all numbers.
            offset: what its groups add to the mean of its level.
        """
        mean, sd, scale = (
            np.repeat(each[:, None], told.size, axis=1) for each in (self.mean, self.sd, self.open)
        )
        mean[0] += offset
        scale[0] = 1.0 / np.sqrt(sd[0] ** -2.0 + told)
        return Prior(*(jnp.asarray(each, dtype) for each in (mean, sd, scale)))


def learn_common(
    block: Block,
    start: Floats,
    told: Floats,
    first: Common,
    rule: Mapping[str, Any],
    *,
    offset: Floats | float = 0.0,
    unsure: Floats | float = 0.0,
) -> Common:
    """Mean and spread of the parameters of a sample of series.

    Args:
        block: the sample; columns beyond it only fill the block.
        start: parameters to begin from, (coordinates, columns).
        told: what each series tells of its own level; 0 for those that only fill the block.
        first: what is believed before it is looked at.
        rule: static arguments of `fit_block`.
        offset: what its groups add to the mean of each level.
        unsure: standard deviation of what is not known of that.

    Returns:
        What was learnt; `first` where no series tells anything.
    """
    if not np.any(told > 0):
        return first
    share = (told > 0) / np.sum(told > 0)
    common, theta, dtype = first, jnp.asarray(start), block.seen.y.dtype
    for _ in range(ROUNDS):
        prior = common.prior(told, dtype, offset)
        at = prior.coordinates(theta.astype(dtype))
        found = fit_block(at, block, prior, tolerance=TOLERANCE, most=MOST, **rule)
        theta = prior.theta(found.at)
        spread = np.asarray(prior.scale) / np.sqrt(_bends(found, block, prior, rule))
        around = np.array(theta)
        around[0] -= offset
        # An effect of its groups that is not known is one of its own that is not known, as far as
        # its rows decide.
        own = 1.0 - (spread[0] / common.sd[0]) ** 2
        spread[0] = np.hypot(spread[0], own * unsure)
        common = _updated(common, around, spread, share)
    return common


def _bends(found: Minimum, block: Block, prior: Prior, rule: Mapping[str, Any]) -> Floats:
    """Second derivative along each coordinate of the search, at least the prior's."""

    def along(k: int) -> Floats:
        return bend_along(k, found, block, prior, rule)

    return np.stack(on_all_cores(along, range(found.at.shape[0])))


def bend_along(
    k: int, found: Minimum, block: Block, prior: Prior, rule: Mapping[str, Any]
) -> Floats:
    """Second derivative of each series' objective along coordinate k of the search."""
    least = np.asarray((prior.scale[k] / prior.sd[k]) ** 2)
    # A search that ends where it begins tells the gradient there, and is compiled already.
    start = found.at.at[k].add(NUDGE)
    ahead = fit_block(start, block, prior, tolerance=TOLERANCE, most=1, **rule)
    bend = np.asarray((ahead.gradient[k] - found.gradient[k]) / NUDGE)
    return np.where(np.isfinite(bend), np.maximum(bend, least), least)


def _updated(was: Common, theta: Floats, spread: Floats, share: Floats) -> Common:
    """MacKay's fixed point: each fit counts as far as data, not the prior, decided it."""
    decided = (1.0 - (spread / was.sd[:, None]) ** 2).clip(LEAST_DECIDED) @ share
    shift = (theta @ share - was.mean) / decided
    mean = was.mean + np.clip(shift, -SLOWEST * was.sd, SLOWEST * was.sd)
    sd = np.sqrt((theta - mean[:, None]) ** 2 @ share / decided)
    sd = np.clip(sd, was.sd / SLOWEST, was.sd * SLOWEST).clip(NARROWEST, WIDEST)
    left = np.minimum(np.exp(np.log(spread) @ share), sd)
    return replace(was, mean=mean, sd=sd, open=left)
