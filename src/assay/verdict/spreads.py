"""How far mean gains swing by themselves, as the sealed rows tell: of periods, and of groups."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri, fdtri

from assay.verdict.checks import FloatArray, checked_labels, checked_values
from assay.verdict.groups import cluster_t
from assay.verdict.series import ewc, squared_cosines

UNLUCKY = 0.05
"""Chance with which a variance estimated from few values is as far too small as is allowed for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSpread:
    """How far means of groups swing, whatever their size.

    Fields:
        means: variance of the mean gain of a sealed group, raised in case it came out too small.
        share: mean of one over the sizes of the sealed groups.
        least: the least that the variance of rows within a group may be.
        most: the most that it may be.
    """

    means: float
    share: float
    least: float
    most: float

    def of_means(self, sizes: ArrayLike) -> FloatArray:
        """The standard deviation of the mean gain of groups of these sizes.

        What rows of one group have in common stays as a group grows, and the rest shrinks. Of a
        larger group than the sealed ones no more is taken off than is certain to shrink; to a
        smaller one as much is added as may be.

        Args:
            sizes: rows of each group, from 1.
        """
        away = 1.0 / np.asarray(sizes, dtype=float) - self.share
        return np.sqrt(self.means + np.where(away > 0, self.most, self.least) * away)


def group_spread(sealed: ArrayLike, groups: ArrayLike) -> GroupSpread | None:
    """What sealed groups tell of the spread between and within groups.

    Args:
        sealed: gain of each sealed row.
        groups: the group of each.

    Returns:
        The spread; `None` where groups are too few, or do not vary.

    Raises:
        DataError: the lengths differ, or a gain is missing.

    Source: Searle, Casella & McCulloch (1992), Variance Components, for the unweighted means of
    unequal groups; the bounds are by the chi-square distribution (Cochran 1934).
    """
    rows = checked_values(sealed)
    _, place = np.unique(checked_labels(groups, rows.size, name="groups"), return_inverse=True)
    if not cluster_t(rows, place, delta=0.0).passed_gate:
        return None
    size = np.bincount(place)
    average = np.bincount(place, weights=rows) / size
    means = float(cautious(average.var(ddof=1), size.size - 1))
    share, dof = float((1.0 / size).mean()), rows.size - size.size
    if not dof:  # single rows do not tell what they would have in common
        return GroupSpread(means=means, share=share, least=0.0, most=0.0)
    squares = float(((rows - average[place]) ** 2).sum())
    least = squares / float(chdtri(dof, UNLUCKY))
    # Never so much that a large group would swing by nothing.
    return GroupSpread(
        means=means,
        share=share,
        least=min(least, means / share),
        most=squares / float(chdtri(dof, 1.0 - UNLUCKY)),
    )


def long_run_spread(sealed: ArrayLike, watched: ArrayLike) -> FloatArray | None:
    """How far the mean of the gains swings by itself: the root of their long-run variance.

    Cosines of the sealed periods, and of each stretch of watched ones that is as long, are squared
    and averaged. Every stretch has its own mean, and counts for no more than chance explains beside
    the sealed periods: the step at which a drift begins would else hide the drift. The estimate is
    raised to what it would be if it were too small by a chance of 5 %, and is never below the
    spread of single sealed periods. No period is held against a spread that its own stretch or a
    later one decided: what was counted once stays as it was.

    Args:
        sealed: gain of each sealed period, in time order.
        watched: gain of each period since release.

    Returns:
        For each watched period a standard deviation in the unit of the gains, (watched,); `None`
        where the sealed periods are too few to tell.

    Raises:
        DataError: a gain is missing.

    Source: Lazarus, Lewis, Stock & Watson (2018) for the cosines; the stretches, and their bound
    by Fisher's F, are ours.
    """
    first, later = checked_values(sealed), checked_values(watched)
    result = ewc(first, delta=0.0)
    if not result.passed_gate:
        return None
    whole = later.size // first.size
    parts = np.vstack([first, later[: whole * first.size].reshape(whole, first.size)])
    centred = parts - parts.mean(axis=1, keepdims=True)
    cosines, known = result.dof, np.arange(1, whole + 2)
    variances = np.array([squared_cosines(part)[:cosines].mean() for part in centred])
    most = variances[0] * float(fdtri(cosines, cosines, 1.0 - UNLUCKY))
    means = np.cumsum(np.minimum(variances, most)) / known
    least = float(centred[0].var())
    spreads = np.sqrt(cautious(np.maximum(means, least), cosines * known))
    return spreads[np.arange(later.size) // first.size]


def cautious(variance: ArrayLike, dof: ArrayLike) -> FloatArray:
    """Variances, raised in case their estimates came out too small.

    Args:
        variance: estimates, from 0.
        dof: degrees of freedom of each.

    Source: the upper bound from the chi-square distribution (Cochran 1934).
    """
    return np.asarray(variance) * np.asarray(dof) / chdtri(dof, 1.0 - UNLUCKY)
