"""A split of units over projects: its value, and what no split can beat."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.portfolio.allocation.envelope import envelope_bound
from assay.portfolio.allocation.limits import Limits
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
