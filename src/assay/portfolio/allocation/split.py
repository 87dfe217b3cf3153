"""A split of units over projects: its value, and what no split can beat."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from assay.portfolio.allocation.limits import Limits
from assay.portfolio.allocation.search import diminishes
from assay.portfolio.kinds import Floats, Whole


@dataclass(frozen=True)
class Allocation:
    """How units are split, and how good that is.

    Fields:
        units: units for each project.
        value: summed value of all units.
        bound: no split of this budget is worth more, by an argument independent of `value`.
        certificate: `bound / value`, 1 where both are 0; at 1 the split is proven optimal twice.
        gap: share of the best possible value that may be missing; 0 where the search itself
            proves that nothing is.
        note: what the reader should know, such as a search that ran out of time.
    """

    units: tuple[int, ...]
    value: float
    bound: float
    certificate: float
    gap: float = 0.0
    note: str = ""


def above_least(curves: Sequence[Floats], limits: Limits, budget: int) -> list[Floats]:
    """For each project what 0, 1, 2, ... units above its least add, to its most or the budget."""
    ends = np.minimum(limits.most, limits.least + budget) + 1
    return [
        curve[least:end] - curve[least]
        for curve, least, end in zip(curves, limits.least, ends, strict=True)
    ]


def allocation_of(
    curves: Sequence[Floats], units: Whole, above: Sequence[Floats], budget: int, limits: Limits
) -> Allocation:
    """A split with its value and its bound.

    Args:
        curves: values of 0, 1, 2, ... units.
        units: for each project.
        above: values of 0, 1, 2, ... units above the least of each project.
        budget: units beyond those leasts.
        limits: of the projects.
    """
    value = worth(curves, units)
    bound = worth(curves, limits.least) + envelope_bound(above, budget)
    return Allocation(tuple(units.tolist()), value, bound, ratio(bound, value))


def worth(curves: Sequence[Floats], units: Whole) -> float:
    """Summed value of the units of all projects."""
    return float(sum(curve[given] for curve, given in zip(curves, units, strict=True)))


def ratio(bound: float, value: float) -> float:
    """`bound / value`, 1 where both are 0."""
    if value > 0:
        return bound / value
    return 1.0 if bound <= 0 else float("inf")


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
