"""Splits under constraints that tie projects together, by mixed-integer programming.

The relaxed programme is solved on few levels of each project, and those that its prices miss are
added until none is. A level whose price says that no split with it can be the best is left out of
the mixed-integer programme, which is what makes that small.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, linprog, milp
from scipy.sparse import block_array, csr_array

from assay.errors import PlanError
from assay.portfolio.allocation.constraints import Constraints
from assay.portfolio.allocation.envelope import envelope_bound
from assay.portfolio.allocation.limits import Limits
from assay.portfolio.allocation.programme import Mask, Programme, programme_of
from assay.portfolio.allocation.split import (
    Allocation,
    above_least,
    ratio,
    worth,
)
from assay.portfolio.kinds import Floats, Whole

SCALE = 1e3  # the solver's tolerances are absolute: values are scaled to this sum
TOLERANCE = 1e-9  # relative gap at which a split counts as proven
FEW_LEVELS = 2000  # a first guess at which matter, for the whole programme
OUT_OF_TIME = 1  # the solver's word for it


@dataclass(frozen=True)
class Best:
    """The best split known so far, what none can beat, and whether time ran out."""

    units: Whole
    value: float
    bound: float
    is_late: bool = False

    @property
    def is_proven(self) -> bool:
        return self.bound - self.value <= TOLERANCE * SCALE


def allocate_coupled(
    curves: Sequence[Floats],
    budget: int,
    constraints: Constraints,
    limits: Limits,
    time_limit_s: float,
) -> Allocation:
    """Split a budget under teams, prerequisites and a number of active projects.

    Args:
        curves: for each project the value of its first 0, 1, 2, ... units.
        budget: units to split.
        constraints: what the split must respect.
        limits: of the projects, under these constraints and this budget.
        time_limit_s: seconds that it may take, not counting what is needed to set it up.

    Returns:
        The best split, or the best one found in time, with what may be missing.

    Raises:
        PlanError: the time limit is not above 0, or the solver failed.

    Source: Dantzig (1960), On the significance of solving linear programming problems with some
        integer variables, for the levels; Huangfu & Hall (2018) for the solver, HiGHS.
    """
    if not time_limit_s > 0:  # refuses nan too
        raise PlanError(
            f"allocate: `time_limit_s` is {time_limit_s}, must be above 0. Write 60 for a minute."
        )
    free = int(budget - limits.least.sum())
    above = above_least(curves, limits, free)
    most = worth(curves, limits.least) + envelope_bound(above, free)
    unit = most / SCALE if most > 0 else 1.0
    scaled = [curve / unit for curve in curves]
    # The least units respect all constraints: a split to begin with.
    best = Best(limits.least, worth(scaled, limits.least), most / unit)
    if not best.is_proven:
        programme = programme_of(scaled, budget, constraints, limits)
        best = _improved(best, programme, scaled, time.monotonic() + time_limit_s)
    units = _lean(best.units, curves, constraints, limits)
    value = worth(curves, units)
    bound = value if best.is_proven else max(value, best.bound * unit)
    gap = (bound - value) / bound if bound > 0 else 0.0
    note = (
        f"The search was stopped after {time_limit_s:g} s: the best split may be worth up to "
        f"{bound:.6g}, this one is worth {value:.6g} ({gap:.2%} less). Allow more time."
        if best.is_late and gap > 0
        else ""
    )
    return Allocation(tuple(units.tolist()), value, bound, ratio(bound, value), gap, note)


def _improved(best: Best, programme: Programme, curves: Sequence[Floats], until: float) -> Best:
    """The best split of a programme: first on the likeliest levels, then on all that matter."""
    bound, missing = _relaxed(programme, best.bound, until)
    few = min(missing.size, max(FEW_LEVELS, 4 * programme.is_steady.size)) - 1
    reach = float(np.partition(missing, few)[few])
    while True:
        kept = missing <= reach
        kept[programme.starts] = True
        # Whoever takes a level that is left out stays below the bound by what that level misses.
        others = bound - missing[~kept].min(initial=np.inf)
        best = _solved(best, programme.only(kept), curves, bound, others, until)
        if best.is_late or best.is_proven or others <= best.value:
            return best
        reach = bound - best.value


def _relaxed(programme: Programme, bound: float, until: float) -> tuple[float, Floats]:
    """The least bound that prices give, and what each level misses of it."""
    price = programme.value.max() / max(float(programme.units.max()), 1.0)
    kept = np.zeros(programme.size, bool)
    kept[programme.starts] = True
    only_budget = np.zeros(programme.most.size)
    best, missing = bound, np.zeros(programme.size)
    for scale in (0.0, *np.geomspace(1e-3, 10.0, 9)):
        only_budget[0] = scale * price
        found, misses = programme.priced(only_budget)
        kept |= _first_of(programme, misses)
        if found < best or not missing.any():
            best, missing = min(found, best), misses
    while time.monotonic() < until:
        part = programme.only(kept)
        answer = linprog(
            -part.value,
            A_ub=part.takes,
            b_ub=part.most,
            A_eq=_one_each(part),
            b_eq=np.ones(part.is_steady.size),
            options={"time_limit": max(until - time.monotonic(), 0.01)},
        )
        if answer.x is None or answer.ineqlin is None:
            break
        found, misses = programme.priced(np.maximum(-answer.ineqlin.marginals, 0.0))
        if found < best:
            best, missing = found, misses
        wanted = _first_of(programme, misses) & ~kept
        if not wanted.any() or found + answer.fun <= TOLERANCE * SCALE:
            break
        kept |= wanted
    return best, missing


def _first_of(programme: Programme, misses: Floats) -> Mask:
    """The level of each project that misses nothing."""
    at = np.flatnonzero(misses <= 0)
    _, first = np.unique(programme.owner[at], return_index=True)
    chosen = np.zeros(programme.size, bool)
    chosen[at[first]] = True
    return chosen


def _one_each(programme: Programme) -> csr_array:
    levels = np.arange(programme.size)
    shape = (programme.is_steady.size, programme.size)
    return csr_array((np.ones(programme.size), (programme.owner, levels)), shape=shape)


def _solved(
    best: Best,
    programme: Programme,
    curves: Sequence[Floats],
    bound: float,
    left_out: float,
    until: float,
) -> Best:
    """The better of a known split and that of a programme, if others are worth `left_out`."""
    answer = _solve(programme, until - time.monotonic())
    late = answer.status == OUT_OF_TIME
    if answer.x is None and not late:
        raise PlanError(
            f"allocate: the solver found no split and says: {answer.message} "
            "Leave out constraints one by one to see which it cannot handle."
        )
    units, value = best.units, best.value
    if answer.x is not None:
        taken = answer.x[: programme.size] * programme.units
        chosen = np.rint(np.bincount(programme.owner, taken)).astype(np.int64)
        if worth(curves, chosen) > value:
            units, value = chosen, worth(curves, chosen)
    proven = answer.mip_dual_bound
    among = np.inf if proven is None or not np.isfinite(proven) else -proven
    return Best(units, value, max(value, min(bound, max(among, left_out))), late)


def _solve(programme: Programme, time_limit_s: float) -> OptimizeResult:
    # Where returns diminish, weights need not be whole, but the units that they come to must be.
    steady = np.flatnonzero(programme.is_steady)
    levels = np.flatnonzero(programme.is_steady[programme.owner])
    comes_to = csr_array(
        (
            programme.units[levels].astype(float),
            (np.searchsorted(steady, programme.owner[levels]), levels),
        ),
        shape=(steady.size, programme.size),
    )
    minus = -csr_array(np.eye(steady.size))
    rows = block_array(
        [[_one_each(programme), None], [programme.takes, None], [comes_to, minus]]
        if steady.size
        else [[_one_each(programme)], [programme.takes]],
        format="csr",
    )
    ones, zeros = np.ones(programme.is_steady.size), np.zeros(steady.size)
    low = np.concatenate([ones, np.full(programme.most.size, -np.inf), zeros])
    high = np.concatenate([ones, programme.most, zeros])
    is_whole = ~programme.is_steady[programme.owner] | (programme.units == 0)  # none, or some
    return milp(
        np.concatenate([-programme.value, zeros]),
        integrality=np.concatenate([is_whole, np.ones(steady.size)]),
        bounds=(0.0, np.concatenate([np.ones(programme.size), np.full(steady.size, np.inf)])),
        constraints=(rows, low, high),
        options={"time_limit": max(time_limit_s, 0.01), "mip_rel_gap": TOLERANCE},
    )


def _lean(
    units: Whole, curves: Sequence[Floats], constraints: Constraints, limits: Limits
) -> Whole:
    """The split without the units that add nothing and that no prerequisite needs."""
    lean = units.copy()
    for at, given in enumerate(units.tolist()):
        needed = [
            each.units
            for each in constraints.waiting
            if each.needs == at and lean[each.project] > 0
        ]
        enough = int(np.searchsorted(curves[at][: given + 1], curves[at][given]))
        lean[at] = max(enough, int(limits.least[at]), *needed, 0)
    return lean
