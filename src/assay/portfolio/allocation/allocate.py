"""Split whole units of effort over projects so that the summed value is greatest, exactly.

The values may have any shape that does not fall: start-up costs and S-curves, on which taking the
best next unit fails, are solved like all others.
"""

from collections.abc import Sequence

import numpy as np

from assay.portfolio.allocation.constraints import Constraints, check_constraints
from assay.portfolio.allocation.coupled import allocate_coupled
from assay.portfolio.allocation.limits import Limits, limits_of
from assay.portfolio.allocation.search import search
from assay.portfolio.allocation.split import Allocation, above_least, allocation_of
from assay.portfolio.allocation.values import check_budget, checked_values, names_of
from assay.portfolio.kinds import Floats

TIME_LIMIT_S = 60.0
FREE = Constraints()


def allocate(
    values: Sequence[Floats],
    budget: int,
    *,
    constraints: Constraints = FREE,
    names: Sequence[str] = (),
    time_limit_s: float = TIME_LIMIT_S,
) -> Allocation:
    """Split `budget` units so that the summed value is greatest.

    Args:
        values: for each project the value of its first 0, 1, 2, ... units: starts at 0, never
            falls. A project can be given no more units than its array covers.
        budget: units to split, not negative.
        constraints: what the split must respect beside the budget. Limits of single projects are
            part of the exact search; teams, prerequisites and a number of active projects are
            handed to a solver of mixed-integer programmes.
        names: of the projects, for messages; their positions without.
        time_limit_s: seconds that the solver may take; the exact search has no limit.

    Returns:
        The best split. Units that would add nothing are left over; of equal splits, the one that
        gives later projects least (with a solver: any of them). Out of time, it is the best split
        found, with its `gap` and a `note`.

    Raises:
        PlanError: the budget is not a whole number or negative, a value array is not as above,
            or no split respects the constraints.

    Source: Bellman (1957), Dynamic Programming; the bound is that of the concave envelopes.
    """
    return allocate_each(
        values, (budget,), constraints=constraints, names=names, time_limit_s=time_limit_s
    )[0]


def allocate_each(
    values: Sequence[Floats],
    budgets: Sequence[int],
    *,
    constraints: Constraints = FREE,
    names: Sequence[str] = (),
    time_limit_s: float = TIME_LIMIT_S,
) -> tuple[Allocation, ...]:
    """The best split for each of several budgets, for the price of the largest.

    Args:
        values: as for `allocate`.
        budgets: units to split, in any order.
        constraints: as for `allocate`; each budget costs its own search where a solver is needed.
        names: as for `allocate`.
        time_limit_s: as for `allocate`, for each budget.

    Returns:
        One allocation for each budget, in the order given.

    Raises:
        PlanError: as for `allocate`.
    """
    curves = checked_values(values, names)
    called = names_of(names, len(curves))
    for budget in budgets:
        check_budget(budget)
    check_constraints(constraints, len(curves), called)
    covered = np.array([curve.size - 1 for curve in curves], np.int64)
    limits = [limits_of(constraints, covered, int(budget), called) for budget in budgets]
    if constraints.is_coupled:
        return tuple(
            allocate_coupled(curves, int(budget), constraints, each, time_limit_s)
            for budget, each in zip(budgets, limits, strict=True)
        )
    return _searched(curves, [int(budget) for budget in budgets], limits)


def _searched(
    curves: Sequence[Floats], budgets: Sequence[int], limits: Sequence[Limits]
) -> tuple[Allocation, ...]:
    if not budgets:
        return ()
    at_largest = limits[int(np.argmax(budgets))]
    free = [int(budget - at_largest.least.sum()) for budget in budgets]
    above = above_least(curves, at_largest, max(free))
    splits = search(above, max(free), free).splits(free)
    return tuple(
        allocation_of(curves, at_largest.least + split, above, left, at_largest)
        for split, left in zip(splits, free, strict=True)
    )
