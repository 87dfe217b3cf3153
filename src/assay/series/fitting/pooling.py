"""What many series have in common, learnt from some of them: empirical Bayes.

Each series' parameters are normal around a common mean; of its level, around what its groups add to
that mean. Rounds of fitting a sample of series, and of taking mean and spread of what came out
(with what each fit leaves open), find both.

Source: Robbins (1956), An empirical Bayes approach to statistics; MacKay (1992), Bayesian
interpolation, for the rounds; Laplace's approximation for what a fit leaves open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from assay.compute import on_all_cores
from assay.series.filter.lockstep import Minimum
from assay.series.filter.objective import Block, Prior, fit_block
from assay.series.fitting.doubt import normals, typical, units_of
from assay.series.fitting.groups import NO_GROUPS, Groups
from assay.series.kinds import Floats, Whole

ROUNDS = 3
NARROWEST, WIDEST = 0.03, 3.0  # of a spread over series
LEAST_DECIDED = 0.02
SLOWEST = 3.0  # times that a spread may change in a round
FORGETS = 30.0  # observations after which those before say little about a level that moves
NUDGE = 1e-3  # in scales of the search
TOLERANCE, MOST = 1e-3, 40


class Told(NamedTuple):
    """What series tell, roughly.

    Fields:
        one: information of one row about its linked parameter, one a series.
        rows: how many each has.
    """

    one: Floats
    rows: Floats

    @property
    def of_level(self) -> Floats:
        """Information about the starting level: rows long after it say little."""
        return self.one * np.minimum(self.rows, FORGETS)

    def of(self, chosen: Whole, columns: int) -> "Told":
        """Some series, and nothing of those that fill up a block."""
        more = (0, columns - chosen.size)
        return Told(
            np.pad(self.one[chosen], more, constant_values=1.0), np.pad(self.rows[chosen], more)
        )


@dataclass(frozen=True, eq=False)
class Common:
    """What series have in common.

    Fields:
        mean: of each coordinate; of the level for groups of the mean effect.
        sd: over series; of the level, over those of the same groups.
        open: typical standard deviation that a fit leaves open in a coordinate.
        told: what rows tell of all coordinates, per unit of `units_of`.
        groups: what groups of series add to the mean of their levels.
    """

    mean: Floats
    sd: Floats
    open: Floats
    told: Floats
    groups: Groups = NO_GROUPS

    def drawn(self, names: Sequence[str], offset: Floats, unsure: Floats) -> Floats:
        """Parameters of series that nobody has seen, (coordinates, series, draws).

        Args:
            names: of the series.
            offset: what their groups add to the mean of their levels.
            unsure: standard deviation of what is not known of that.
        """
        mean, sd = (np.repeat(each[:, None], len(names), axis=1) for each in (self.mean, self.sd))
        mean[0] += offset
        sd[0] = np.hypot(sd[0], unsure)
        return mean[:, :, None] + sd[:, :, None] * normals(names, self.mean.size)

    def prior(self, told: Told, dtype: Any, offset: Floats | float = 0.0) -> Prior:
        """For some series, with a search in units of what their fits will leave open.

        Args:
            told: what each series tells.
            dtype: of all numbers.
            offset: what its groups add to the mean of its level.
        """
        mean, sd, scale = (
            np.repeat(each[:, None], told.rows.size, axis=1)
            for each in (self.mean, self.sd, self.open)
        )
        mean[0] += offset
        scale[0] = 1.0 / np.sqrt(sd[0] ** -2.0 + told.of_level)
        return Prior(*(jnp.asarray(each, dtype) for each in (mean, sd, scale, *told)))


def learn_common(
    block: Block,
    start: Floats,
    told: Told,
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
        told: what each series tells; nothing where it only fills the block.
        first: what is believed before it is looked at.
        rule: static arguments of `fit_block`.
        offset: what its groups add to the mean of each level.
        unsure: standard deviation of what is not known of that.

    Returns:
        What was learnt; `first` where no series tells anything.
    """
    if not np.any(told.of_level > 0):
        return first
    share = (told.of_level > 0) / np.sum(told.of_level > 0)
    common, theta, dtype = first, jnp.asarray(start), block.seen.y.dtype
    units = units_of(rule["layout"], *told, told.of_level)
    for _ in range(ROUNDS):
        prior = common.prior(told, dtype, offset)
        at = prior.coordinates(theta.astype(dtype))
        found = fit_block(at, block, prior, tolerance=TOLERANCE, most=MOST, **rule)
        theta = prior.theta(found.at)
        bends, scale, sd = _bends(found, block, prior, rule), np.asarray(prior.scale), common.sd
        curvature = bends / (scale[:, None] * scale[None]) - np.diag(sd**-2.0)[:, :, None]
        common = replace(common, told=typical(curvature, units, sd, share))
        across = np.maximum(np.diagonal(bends).T, (scale / sd[:, None]) ** 2)
        spread = scale / np.sqrt(across)
        around = np.array(theta)
        around[0] -= offset
        # An effect of its groups that is not known is one of its own that is not known, as far as
        # its rows decide.
        own = 1.0 - (spread[0] / sd[0]) ** 2
        spread[0] = np.hypot(spread[0], own * unsure)
        common = _updated(common, around, spread, share)
    return common


def _bends(found: Minimum, block: Block, prior: Prior, rule: Mapping[str, Any]) -> Floats:
    """Second derivatives in the coordinates of the search, (coordinates, coordinates, series)."""

    def along(k: int) -> Floats:
        return bends_along(k, found, block, prior, rule)

    return np.stack(on_all_cores(along, range(found.at.shape[0])))


def bends_along(
    k: int, found: Minimum, block: Block, prior: Prior, rule: Mapping[str, Any]
) -> Floats:
    """What the gradient of each series gains along coordinate k of the search; 0 if not known."""
    # A search that ends where it begins tells the gradient there, and is compiled already.
    start = found.at.at[k].add(NUDGE)
    ahead = fit_block(start, block, prior, tolerance=TOLERANCE, most=1, **rule)
    bends = np.asarray((ahead.gradient - found.gradient) / NUDGE)
    return np.where(np.isfinite(bends).all(axis=0), bends, 0.0)


def _updated(was: Common, theta: Floats, spread: Floats, share: Floats) -> Common:
    """MacKay's fixed point: each fit counts as far as data, not the prior, decided it."""
    decided = (1.0 - (spread / was.sd[:, None]) ** 2).clip(LEAST_DECIDED) @ share
    shift = (theta @ share - was.mean) / decided
    mean = was.mean + np.clip(shift, -SLOWEST * was.sd, SLOWEST * was.sd)
    sd = np.sqrt((theta - mean[:, None]) ** 2 @ share / decided)
    sd = np.clip(sd, was.sd / SLOWEST, was.sd * SLOWEST).clip(NARROWEST, WIDEST)
    left = np.minimum(np.exp(np.log(spread) @ share), sd)
    return replace(was, mean=mean, sd=sd, open=left)
