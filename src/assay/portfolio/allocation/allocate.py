"""Split whole units of effort over projects so that the summed value is greatest, exactly.

The values may have any shape that does not fall: start-up costs and S-curves, on which taking the
best next unit fails, are solved like all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from assay.errors import PlanError
from assay.portfolio.kinds import Floats, Whole

ROWS_AT_ONCE = 64  # keeps the sums of one block within the processor's cache
TIE = 1e-12  # relative; sums of the same values in another order differ by less


@dataclass(frozen=True)
class Allocation:
    """How units are split, and how good that is.

    Fields:
        units: units for each project.
        value: summed value of all units.
        bound: no split of this budget is worth more, by an argument independent of `value`.
        certificate: `bound / value`, 1 where both are 0; at 1 the split is proven optimal twice.
    """

    units: tuple[int, ...]
    value: float
    bound: float
    certificate: float


def allocate(values: Sequence[Floats], budget: int) -> Allocation:
    """Split `budget` units so that the summed value is greatest.

    Args:
        values: for each project the value of its first 0, 1, 2, ... units: starts at 0, never
            falls. A project can be given no more units than its array covers.
        budget: units to split, not negative.

    Returns:
        The best split. Units that would add nothing are left over; of equal splits, the one that
        gives later projects least.

    Raises:
        PlanError: the budget is not a whole number or negative, or a value array is not as above.

    Source: Bellman (1957), Dynamic Programming; the bound is that of the concave envelopes.
    """
    return allocate_each(values, (budget,))[0]


def allocate_each(values: Sequence[Floats], budgets: Sequence[int]) -> tuple[Allocation, ...]:
    """The best split for each of several budgets, for the price of the largest.

    Args:
        values: as for `allocate`.
        budgets: units to split, in any order.

    Returns:
        One allocation for each budget, in the order given.

    Raises:
        PlanError: as for `allocate`.
    """
    for budget in budgets:
        _check_budget(budget)
    largest = max(budgets, default=0)
    curves = [_checked(value, at)[: largest + 1] for at, value in enumerate(values)]
    choices = _choices(curves, largest)
    return tuple(_allocation(curves, choices, int(budget)) for budget in budgets)


def _choices(curves: Sequence[Floats], budget: int) -> list[Whole]:
    """For each project and each budget of it and those before it: the units it then gets."""
    best = np.zeros(budget + 1)
    choices = []
    for curve in curves:
        best, units = _with_one_more(best, curve)
        choices.append(units)
    return choices


def _with_one_more(best: Floats, curve: Floats) -> tuple[Floats, Whole]:
    """Add a project: the best value at each budget, and the units the new project takes of it."""
    budgets, width = best.size, curve.size
    # before[b, j] is best[b - j]; budgets below 0 are worth minus infinity.
    padded = np.concatenate([np.full(width - 1, -np.inf), best])
    before = np.lib.stride_tricks.sliding_window_view(padded, width)[:, ::-1]
    value, units = np.empty(budgets), np.empty(budgets, np.int64)
    for start in range(0, budgets, ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        reach = min(width, start + ROWS_AT_ONCE)  # no row here can give the project more
        total = before[rows, :reach] + curve[:reach]
        value[rows] = total.max(axis=1)
        # The first of all that tie, so that the later project takes the fewest units.
        units[rows] = (total >= value[rows, None] * (1.0 - TIE)).argmax(axis=1)
    return value, units


def _allocation(curves: Sequence[Floats], choices: Sequence[Whole], budget: int) -> Allocation:
    units, left = [], budget
    for chosen in reversed(choices):
        units.append(int(chosen[left]))
        left -= units[-1]
    units.reverse()
    value = float(sum(curve[given] for curve, given in zip(curves, units, strict=True)))
    bound = _envelope_bound([curve[: budget + 1] for curve in curves], budget)
    return Allocation(tuple(units), value, bound, bound / value if value > 0 else 1.0)


def _envelope_bound(curves: Sequence[Floats], budget: int) -> float:
    """What the budget is worth on the concave envelopes of all curves."""
    # The slopes of the least concave majorant are the falling regression of the increments.
    rises = [np.diff(curve) for curve in curves if curve.size > 1]
    slopes = [isotonic_regression(rise, increasing=False).x for rise in rises]
    return float(np.sort(np.concatenate([np.zeros(0), *slopes]))[::-1][:budget].sum())


def _check_budget(budget: int) -> None:
    if not 0 <= budget < np.inf or budget != int(budget):  # written so that nan is refused too
        raise PlanError(
            f"allocate: `budget` is {budget}, must be a whole number of units, 0 or more. "
            "Round it down, or state values in smaller units."
        )


def _checked(values: Floats, at: int) -> Floats:
    curve = np.asarray(values, float)
    if curve.ndim != 1 or curve.size == 0:
        raise _refusal(at, f"have shape {curve.shape}, must be one row of numbers")
    if not np.isfinite(curve).all():
        first = int(np.flatnonzero(~np.isfinite(curve))[0])
        raise _refusal(at, f"are {curve[first]} at {first} units, must be finite")
    if curve[0] != 0:
        raise _refusal(at, f"start at {curve[0]}, must start at 0")
    falls = np.flatnonzero(np.diff(curve) < 0)
    if falls.size:
        raise _refusal(at, f"fall after {falls[0]} units, must never fall")
    return curve


def _refusal(at: int, found: str) -> PlanError:
    return PlanError(
        f"allocate: the values of project {at} {found}. "
        "Pass the value of 0, 1, 2, ... units, counted from what is already spent."
    )
