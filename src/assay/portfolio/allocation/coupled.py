"""Splits under constraints that tie projects together, by mixed-integer programming.

Each project takes a weighted mean of its levels, 0, 1, 2, ... units: exactly one of them where
returns start late, neighbours of a whole number where they diminish. So the relaxed programme is
that of the concave envelopes, and branching is needed only where it matters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, milp
from scipy.sparse import csr_array

from assay.errors import PlanError
from assay.portfolio.allocation.constraints import Constraints
from assay.portfolio.allocation.limits import Limits
from assay.portfolio.allocation.search import diminishes
from assay.portfolio.allocation.split import (
    Allocation,
    above_least,
    envelope_bound,
    ratio,
    worth,
)
from assay.portfolio.kinds import Floats, Whole

SCALE = 1e3  # the solver's tolerances are absolute: values are scaled to this sum
TOLERANCE = 1e-9  # relative gap at which a split counts as proven
OUT_OF_TIME = 1  # the solver's word for it


@dataclass(frozen=True)
class Levels:
    """One column for each project and each number of units that it may get.

    Fields:
        owner: project of each column.
        units: units of each column.
        value: worth of each column.
        is_steady: for each project, whether its returns diminish from its least to its most.
    """

    owner: Whole
    units: Whole
    value: Floats
    is_steady: NDArray[np.bool_]


@dataclass(frozen=True)
class Row:
    """One linear constraint: low <= weights over some columns <= high."""

    columns: Whole
    weights: Floats
    low: float
    high: float


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
        time_limit_s: seconds that the solver may take.

    Returns:
        The best split, or the best one found in time, with what may be missing.

    Raises:
        PlanError: the time limit is not above 0, or the solver failed.

    Source: Dantzig (1960), On the significance of solving linear programming problems with some
        integer variables, for the levels; Huangfu & Hall (2018) for HiGHS.
    """
    if not time_limit_s > 0:  # refuses nan too
        raise PlanError(
            f"allocate: `time_limit_s` is {time_limit_s}, must be above 0. Write 60 for a minute."
        )
    free = int(budget - limits.least.sum())
    above = above_least(curves, limits, free)
    most = worth(curves, limits.least) + envelope_bound(above, free)
    if most <= 0:
        return _allocation(curves, limits.least, 0.0, "")
    levels = _levels(curves, constraints, limits)
    solved = _solve(levels, _rows(levels, budget, constraints, limits), SCALE / most, time_limit_s)
    units = limits.least  # which respects all constraints
    if solved.x is not None:
        chosen = np.bincount(levels.owner, solved.x[: levels.owner.size] * levels.units)
        units = _lean(np.rint(chosen).astype(np.int64), curves, constraints, limits)
    elif solved.status != OUT_OF_TIME:
        raise PlanError(
            f"allocate: the solver found no split and says: {solved.message} "
            "Leave out constraints one by one to see which it cannot handle."
        )
    proven = solved.mip_dual_bound
    bound = most if proven is None or not np.isfinite(proven) else min(most, -proven * most / SCALE)
    late = solved.status == OUT_OF_TIME
    return _allocation(curves, units, bound, f"{time_limit_s:g}" if late else "")


def _allocation(curves: Sequence[Floats], units: Whole, bound: float, stopped: str) -> Allocation:
    value = worth(curves, units)
    bound = max(bound, value)  # the solver's arithmetic may put it a rounding below
    gap = (bound - value) / bound if bound > 0 else 0.0
    note = (
        f"The search was stopped after {stopped} s: the best split may be worth up to "
        f"{bound:.6g}, this one is worth {value:.6g} ({gap:.2%} less). Allow more time."
        if stopped
        else ""
    )
    return Allocation(tuple(units.tolist()), value, bound, ratio(bound, value), gap, note)


def _levels(curves: Sequence[Floats], constraints: Constraints, limits: Limits) -> Levels:
    asked: dict[int, list[int]] = {}
    for each in constraints.waiting:
        asked.setdefault(each.needs, []).append(each.units)
    spans = [
        _worth_offering(curve, int(low), int(high), asked.get(at, []))
        for at, (curve, low, high) in enumerate(zip(curves, limits.least, limits.most, strict=True))
    ]
    steady = [
        diminishes(curve[low : high + 1] - curve[low])
        for curve, low, high in zip(curves, limits.least, limits.most, strict=True)
    ]
    return Levels(
        owner=np.repeat(np.arange(len(curves)), [span.size for span in spans]),
        units=np.concatenate(spans),
        value=np.concatenate([curve[span] for curve, span in zip(curves, spans, strict=True)]),
        is_steady=np.array(steady, bool),
    )


def _worth_offering(curve: Floats, least: int, most: int, asked: Sequence[int]) -> Whole:
    """The numbers of units from least to most that add to a lower one, or that others ask for."""
    span = np.arange(least, most + 1)
    adds = np.diff(curve[span], prepend=-np.inf) > 0
    return span[adds | np.isin(span, asked)]


def _rows(levels: Levels, budget: int, constraints: Constraints, limits: Limits) -> list[Row]:
    every = np.arange(levels.owner.size)
    ones = np.ones(every.size)
    first = np.searchsorted(levels.owner, np.arange(limits.least.size + 1))
    columns = np.split(every, first[1:-1])
    rows = [Row(own, ones[own], 1, 1) for own in columns]  # each project takes one level
    # Where returns diminish, levels need not be whole, but the units they come to must be.
    for extra, at in enumerate(np.flatnonzero(levels.is_steady)):
        own = np.append(columns[at], every.size + extra)
        rows.append(Row(own, np.append(levels.units[columns[at]], -1.0), 0, 0))
    rows.append(Row(every, levels.units.astype(float), 0, budget))
    for team, capacity in constraints.capacity.items():
        own = np.flatnonzero(np.array([each == team for each in constraints.teams])[levels.owner])
        rows.append(Row(own, levels.units[own].astype(float), 0, capacity))
    for each in constraints.waiting:
        if limits.least[each.project] == 0:
            enough = columns[each.needs][levels.units[columns[each.needs]] >= each.units]
            either = np.append(enough, first[each.project])  # or the project that waits gets none
            rows.append(Row(either, np.ones(either.size), 1, np.inf))
    if constraints.most_active is not None:
        at_none = np.flatnonzero(levels.units == 0)
        idle = limits.least.size - constraints.most_active
        rows.append(Row(at_none, np.ones(at_none.size), idle, np.inf))
    return rows


def _solve(
    levels: Levels, rows: Sequence[Row], scale: float, time_limit_s: float
) -> OptimizeResult:
    steady = int(levels.is_steady.sum())
    columns = levels.owner.size + steady
    is_whole = ~levels.is_steady[levels.owner] | (levels.units == 0)  # none at all, or some
    lengths = [row.columns.size for row in rows]
    matrix = csr_array(
        (
            np.concatenate([row.weights for row in rows]),
            np.concatenate([row.columns for row in rows]),
            np.concatenate([[0], np.cumsum(lengths)]),
        ),
        shape=(len(rows), columns),
    )
    most = np.concatenate([np.ones(levels.owner.size), np.full(steady, np.inf)])
    return milp(
        np.concatenate([-levels.value * scale, np.zeros(steady)]),
        integrality=np.concatenate([is_whole, np.ones(steady)]),
        bounds=(np.zeros(columns), most),
        constraints=(matrix, np.array([row.low for row in rows]), [row.high for row in rows]),
        options={"time_limit": time_limit_s, "mip_rel_gap": TOLERANCE},
    )


def _lean(
    units: Whole, curves: Sequence[Floats], constraints: Constraints, limits: Limits
) -> Whole:
    """The split without the units that add nothing and that no prerequisite needs."""
    lean = units.copy()
    for at, given in enumerate(units):
        needed = [
            each.units
            for each in constraints.waiting
            if each.needs == at and lean[each.project] > 0
        ]
        enough = int(np.searchsorted(curves[at][: given + 1], curves[at][given]))
        lean[at] = max(enough, limits.least[at], *needed, 0)
    return lean
