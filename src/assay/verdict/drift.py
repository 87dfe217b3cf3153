"""Evidence that a mean gain which was enough no longer is, whenever anybody looks.

A verdict says that the mean gain exceeds `delta`. Once a model is released, its gains keep coming,
and the question is asked again after every batch. What is tested is that *from any day on* the mean
gain is at least `delta`: each unit's, given all before it, and not only that of all units together.
So the evidence against it is an e-process: while that is so, it ever reaches `1 / alpha` with a
chance of at most `alpha` (Ville), however often somebody looks and whenever they stop.

Each unit (a row, a season, a group) multiplies the evidence by a bet on a shortfall. Nobody knows
when a drift begins or how large it is. So the money is split: over a grid of stakes, and over the
unit `s` at which the betting begins, with the shares `1 / (s (s + 1))`, which add up to 1. A long
good past then costs no more than two logarithms of its length.

Source: Ville (1939); Shiryaev (1963), On optimum methods in quickest detection problems; Shin,
Ramdas & Rinaldo (2024), E-detectors, for the mixture over starts; Waudby-Smith & Ramdas (2024),
Estimating means of bounded random variables by betting, for bounded gains.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from assay.verdict.checks import FloatArray, checked_between, checked_bounds, checked_values

GREATEST_SHARE = 0.95
"""The share of a bet that one row may cost at most."""

STAKES = 8
"""Stakes on independent rows, each half of the one before."""

STANDARD_STAKES = np.geomspace(0.05, 0.7, 8)
"""Stakes on standardised units: each is best where the mean falls short by so many of them."""

MOST_SHORTFALL = 3.0
"""Standardised shortfalls count up to here, so that no single unit can do the work of many."""


@dataclass(frozen=True, slots=True)
class Course:
    """The evidence against a verdict since its release.

    Fields:
        logs: natural logarithm of the evidence after each unit, (units,); 0 says nothing either
            way.
        began: the unit, counted from 0, from which on a drift is likeliest, if there is one.
        reason: why there is no evidence yet; empty where there is.
    """

    logs: FloatArray
    began: int = 0
    reason: str = ""

    @property
    def units(self) -> int:
        """How many rows, periods or groups were counted."""
        return self.logs.size

    @property
    def greatest(self) -> float:
        """Logarithm of the greatest evidence so far; before any unit there is a stake of 1."""
        return max(0.0, float(self.logs.max(initial=0.0)))


def bounded_evidence(gains: ArrayLike, *, delta: float, upper: float) -> Course:
    """Evidence against "each mean gain is at least `delta`" from independent, bounded gains.

    Exact at any number of rows, of any law whose gains do not exceed `upper`.

    Args:
        gains: one gain for each row since release, in an order that does not depend on them.
        delta: the gain that the verdict says is exceeded.
        upper: greatest possible gain, above `delta`.

    Returns:
        The evidence after each row.

    Raises:
        DataError: a gain is missing or above `upper`.
        ConfigError: `delta` is not below `upper`.

    Source: Waudby-Smith & Ramdas (2024) for the bets; the mixture as in this module.
    """
    rows = checked_bounds(gains, upper=upper)
    checked_between(delta, "delta", low=-math.inf, high=upper)
    stakes = GREATEST_SHARE / (upper - delta) * 0.5 ** np.arange(STAKES)
    return _mixed(np.log1p(np.multiply.outer(stakes, delta - rows)))


def standard_evidence(shortfalls: ArrayLike, weights: ArrayLike = 1.0) -> Course:
    """Evidence against "the mean shortfall is at most 0" from standardised units.

    Asymptotic: it takes sums of shortfalls for Normal. A shortfall above 3 counts as 3, which only
    lowers the evidence.

    Args:
        shortfalls: `delta` less the gain of each unit since release, in order, in units of the
            standard deviation with which the sum grows.
        weights: how much of each unit is bet, above 0, known before its gain; 1 for all alike.

    Returns:
        The evidence after each unit.

    Raises:
        DataError: a shortfall is missing.

    Source: Robbins (1970), Statistical methods related to the law of the iterated logarithm, for
    the Normal mixture; the starts as in this module.
    """
    units = np.minimum(checked_values(shortfalls, "shortfalls"), MOST_SHORTFALL)
    stakes = STANDARD_STAKES[:, None] * np.broadcast_to(weights, units.shape)
    return _mixed(stakes * units - stakes**2 / 2)


def _mixed(logs: FloatArray) -> Course:
    """The evidence of all stakes and all starts together.

    The bets that began by unit t are worth `A_t = (A_{t-1} + w_t) f_t`, what is not bet yet
    `1 / (t + 1)`. Unrolled, `A_t = exp(L_t) sum_{s <= t} w_s exp(-L_{s-1})`, a running sum.

    Args:
        logs: logarithm of the factor of each stake and unit, (stakes, units).
    """
    began = np.arange(1, logs.shape[1] + 1)
    total = np.cumsum(logs, axis=1)
    before = np.concatenate([np.zeros((len(logs), 1)), total[:, :-1]], axis=1)
    shares = -np.log(began) - np.log1p(began)
    bets = total + np.logaddexp.accumulate(shares - before, axis=1)
    worth = np.logaddexp(bets, -np.log1p(began))
    evidence = np.logaddexp.reduce(worth, axis=0) - math.log(len(logs))
    return Course(np.asarray(evidence), _likeliest_start(total, before))


def _likeliest_start(total: FloatArray, before: FloatArray) -> int:
    """The start after which the best stake won most by the end.

    Source: Page (1954), Continuous inspection schemes.
    """
    starts = before.argmin(axis=1)
    won = total[:, -1] - before.min(axis=1)
    return int(starts[won.argmax()])
