"""The budget to ask for: the least that reaches a target, or all that is worth its price."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assay.errors import PlanError
from assay.portfolio.allocation.allocate import FREE, TIME_LIMIT_S, allocate
from assay.portfolio.allocation.constraints import Constraints, check_constraints
from assay.portfolio.allocation.envelope import envelope_slopes
from assay.portfolio.allocation.limits import Limits, limits_of
from assay.portfolio.allocation.search import TIE, search
from assay.portfolio.allocation.split import (
    Allocation,
    above_least,
    allocation_of,
    worth,
)
from assay.portfolio.allocation.values import checked_values, names_of
from assay.portfolio.kinds import Floats


@dataclass(frozen=True)
class Funding:
    """A budget and how to split it.

    Fields:
        budget: units.
        allocation: their best split.
    """

    budget: int
    allocation: Allocation


def least_budget(
    values: Sequence[Floats],
    target: float,
    *,
    constraints: Constraints = FREE,
    names: Sequence[str] = (),
    time_limit_s: float = TIME_LIMIT_S,
) -> Funding:
    """The least budget whose best split is worth a target.

    Args:
        values: as for `allocate`.
        target: value to reach, finite.
        constraints: what the split must respect.
        names: of the projects, for messages.
        time_limit_s: as for `allocate`, for each budget that is tried where constraints need a
            solver. Where it runs out for one of them, the budget may not be the least.

    Returns:
        The budget and its best split. What `gap` the split has is that of its own budget.

    Raises:
        PlanError: no budget reaches the target, the target is not a finite number, or the values
            or constraints are refused as by `allocate`.
    """
    curves, limits = _all_that_fits(values, constraints, names)
    if not np.isfinite(target):
        raise PlanError(
            f"least_budget: `target` is {target}, must be finite. State a value to be reached."
        )
    if not constraints.is_coupled:
        return _by_search(curves, limits, target)

    def tried(budget: int) -> Funding:
        found = allocate(
            values, budget, constraints=constraints, names=names, time_limit_s=time_limit_s
        )
        return Funding(budget, found)

    return _by_trial(tried, limits, target)


def _by_search(curves: Sequence[Floats], limits: Limits, target: float) -> Funding:
    """One exact search finds the best value of every budget up to some largest one."""
    least, most = int(limits.least.sum()), int(limits.most.sum())
    above, base = above_least(curves, limits, most), worth(curves, limits.least)
    enough = target - TIE * abs(target)
    if worth(curves, limits.most) < enough:
        raise _out_of_reach(target, allocation_of(curves, limits.most, above, most - least, limits))
    # No split is worth more than the envelopes, so no budget below theirs reaches the target.
    slopes = np.sort(np.concatenate([np.zeros(0), *map(envelope_slopes, above)]))[::-1]
    largest = int(np.searchsorted(base + np.concatenate([[0.0], np.cumsum(slopes)]), enough))
    while True:
        largest = min(largest + largest // 8 + 8, most - least)
        found = search([curve[: largest + 1] for curve in above], largest)
        reached = np.flatnonzero(base + found.worth() >= enough)
        if reached.size or largest == most - least:
            break
    reached = np.append(reached, largest)  # all there is, where sums differ by a rounding
    free = int(reached[0])
    units = limits.least + found.splits([free])[0]
    return Funding(least + free, allocation_of(curves, units, above, free, limits))


def _by_trial(tried: Callable[[int], Funding], limits: Limits, target: float) -> Funding:
    """More budget is never worth less, so halving finds the least that is enough."""
    low, found = int(limits.least.sum()), tried(int(limits.most.sum()))
    enough = target - TIE * abs(target)
    if found.allocation.value < enough:
        raise _out_of_reach(target, found.allocation)
    while low < found.budget:
        middle = (low + found.budget) // 2
        half = tried(middle)
        if half.allocation.value >= enough:
            found = half
        else:
            low = middle + 1
    return found


def budget_at_price(
    values: Sequence[Floats],
    price: float,
    *,
    constraints: Constraints = FREE,
    names: Sequence[str] = (),
    time_limit_s: float = TIME_LIMIT_S,
) -> Funding:
    """The budget up to which each unit is worth its price, and no further.

    Where returns start late, the best value of a budget does not grow by less with each unit. Its
    least concave majorant does, and the price is held against that: a start-up cost is paid where
    all the units together are worth theirs.

    Args:
        values: as for `allocate`.
        price: of one unit, in the unit of the values; above 0.
        constraints: what the split must respect.
        names: of the projects, for messages.
        time_limit_s: as for `allocate`, where constraints need a solver.

    Returns:
        The largest budget on whose last units the majorant still rises by the price or more: no
        budget leaves more once each of its units is paid for. The majorant touches the best value
        there, so the split is optimal for its budget.

    Raises:
        PlanError: the price is not above 0, or the values or constraints are refused as by
            `allocate`.

    Source: Everett (1963), Generalized Lagrange Multiplier Method.
    """
    if not 0 < price < np.inf:  # refuses nan too
        raise PlanError(
            f"budget_at_price: `price` is {price}, must be finite and above 0. "
            "State what one unit of effort costs, in the unit of the values."
        )
    curves, limits = _all_that_fits(values, constraints, names)
    above = above_least(curves, limits, int(limits.most.sum()))
    bar = price * (1.0 - TIE)
    if constraints.is_coupled:
        return _beside_a_bank(curves, bar, constraints, names, time_limit_s)
    bought = np.array([int((envelope_slopes(c) >= bar).sum()) for c in above], np.int64)
    units = limits.least + bought
    free = int(bought.sum())
    return Funding(int(units.sum()), allocation_of(curves, units, above, free, limits))


def _beside_a_bank(
    curves: Sequence[Floats],
    price: float,
    constraints: Constraints,
    names: Sequence[str],
    time_limit_s: float,
) -> Funding:
    """All effort that could pay, split between the projects and a bank that pays the price."""
    ends = _ends(curves, price, constraints)
    cut = [curve[: end + 1] for curve, end in zip(curves, ends, strict=True)]
    most = sum(curve.size - 1 for curve in cut) + 1
    bank = price * np.arange(most + 1.0)
    # The bank always gets a unit, so that it takes one place of the active projects, no more.
    beside = replace(
        constraints,
        least=[*(constraints.least or [0] * len(curves)), 1],
        most=[*constraints.most, None] if constraints.most else (),
        committed=[*constraints.committed, 0] if constraints.committed else (),
        teams=[*constraints.teams, None] if constraints.teams else (),
        most_active=None if constraints.most_active is None else constraints.most_active + 1,
    )
    called = [*names, "what is not spent"] if names else ()
    split = allocate(
        [*cut, bank], most, constraints=beside, names=called, time_limit_s=time_limit_s
    ).units[:-1]
    found = allocate(
        curves, sum(split), constraints=constraints, names=names, time_limit_s=time_limit_s
    )
    return Funding(sum(split), found)


def _ends(curves: Sequence[Floats], price: float, constraints: Constraints) -> list[int]:
    """For each project the units beyond which none pays, whatever the others get.

    From the most that anything asks of it on, less effort may be taken away without a rule being
    broken, so nobody goes beyond the best place from there.
    """
    asked = [0] * len(curves)
    for limit in (constraints.least, constraints.committed):
        asked = [max(pair) for pair in zip(asked, limit or asked, strict=True)]
    for each in constraints.waiting:
        asked[each.needs] = max(asked[each.needs], each.units)
    return [
        least + _last_best(curve[least:] - price * np.arange(least, curve.size))
        for curve, least in zip(curves, asked, strict=True)
    ]


def _last_best(left: Floats) -> int:
    """The last place that no other beats; 0 where there is none."""
    return left.size - 1 - int(np.argmax(left[::-1])) if left.size else 0


def _all_that_fits(
    values: Sequence[Floats], constraints: Constraints, names: Sequence[str]
) -> tuple[list[Floats], Limits]:
    """The curves, and the limits of each project when the budget is none."""
    curves = checked_values(values, names)
    called = names_of(names, len(curves))
    check_constraints(constraints, len(curves), called)
    covered = np.array([curve.size - 1 for curve in curves], np.int64)
    return curves, limits_of(constraints, covered, int(covered.sum()), called)


def _out_of_reach(target: float, full: Allocation) -> PlanError:
    found = (
        f"at least {full.value:.10g} and at most {full.bound:.10g}"
        if full.note
        else (f"{full.value:.10g}")
    )
    return PlanError(
        f"least_budget: `target` is {target:.10g}, which no budget was found to reach: the best "
        f"use of all that can be spent, {sum(full.units)} units, is worth {found}. "
        "Lower the target, relax a constraint, or pass the value of more units."
    )
