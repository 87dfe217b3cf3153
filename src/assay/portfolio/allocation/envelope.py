"""The least concave curves above given ones: what they bound, and what they rule out."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import isotonic_regression

from assay.portfolio.kinds import Floats, Whole

ROUNDING = 16 * float(np.finfo(float).eps)  # relative; equal increments may differ by as much
SLACK = 1e-9  # relative; far above what sums in another order differ by


def diminishes(curve: Floats) -> bool:
    """Whether no unit adds more than the one before it, but for rounding."""
    return bool((np.diff(curve, 2) <= ROUNDING * curve[-1]).all())


def envelope_bound(curves: Sequence[Floats], budget: int) -> float:
    """What the budget is worth on the concave envelopes of all curves."""
    slopes = np.concatenate(
        [np.zeros(0), *(envelope_slopes(curve[: budget + 1]) for curve in curves)]
    )
    if budget < slopes.size:
        slopes = np.partition(slopes, slopes.size - budget)[slopes.size - budget :]
    return float(np.sort(slopes)[::-1].sum())


def envelope_slopes(curve: Floats) -> Floats:
    """What each next unit adds on the least concave curve that is nowhere below this one."""
    rises = np.diff(curve)
    # The slopes of the least concave majorant are the falling regression of the increments.
    return rises if diminishes(curve) else isotonic_regression(rises, increasing=False).x


def levels_that_matter(curves: Sequence[Floats], wanted: Sequence[int], budget: int) -> list[Whole]:
    """For some projects the numbers of units that the best splits of a budget may give them.

    At a price for each unit no split is worth more than its budget and what each project gains
    most after paying. A project that is given units at which it gains less lowers that; where it
    falls below the value of a split already known, those units are ruled out.

    Args:
        curves: of all projects, as for `search`.
        wanted: positions of the projects asked for.
        budget: units to split.

    Source: Everett (1963), Generalized Lagrange Multiplier Method; Dyer, Kayal & Walker (1984), A
        branch and bound algorithm for solving the multiple-choice knapsack problem.
    """
    slopes = np.concatenate([envelope_slopes(curve[: budget + 1]) for curve in curves])
    cut = slopes.size - budget
    price = float(np.partition(slopes, cut)[cut]) if 0 <= cut < slopes.size else 0.0
    gains = [
        curve[: budget + 1] - price * np.arange(min(curve.size, budget + 1)) for curve in curves
    ]
    at = [int(gain.argmax()) for gain in gains]
    left = budget - sum(at)
    if left < 0:  # a rounding apart, several numbers of units gain as much
        return [np.arange(gains[each].size) for each in wanted]
    worth = [float(curve[units]) for curve, units in zip(curves, at, strict=True)]
    last = [gain.size - 1 for gain in gains]
    more = max(
        float(curve[min(units + left, end)]) - value
        for curve, units, end, value in zip(curves, at, last, worth, strict=True)
    )
    bound = price * budget + sum(float(gain[units]) for gain, units in zip(gains, at, strict=True))
    spare = bound - (sum(worth) + more) + SLACK * bound
    return [np.flatnonzero(gains[each] >= gains[each][at[each]] - spare) for each in wanted]
