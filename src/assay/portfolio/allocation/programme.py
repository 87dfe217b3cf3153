"""Constraints that tie projects together, as a linear programme over levels.

A level is one project at one number of units. Each project takes a weighted mean of its levels:
exactly one of them where returns start late, neighbours of a whole number where they diminish. So
the relaxed programme is that of the concave envelopes, and few weights need to be whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from assay.portfolio.allocation.constraints import Constraints
from assay.portfolio.allocation.envelope import diminishes
from assay.portfolio.allocation.limits import Limits
from assay.portfolio.kinds import Floats, Whole

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Programme:
    """All levels, and what they take of each limit: weights @ rows <= most.

    Fields:
        owner: project of each level, in order.
        units: units of each level.
        value: worth of each level.
        takes: what each level (column) takes of each limit (row).
        most: of each limit.
        is_steady: for each project, whether its returns diminish from its least to its most.
    """

    owner: Whole
    units: Whole
    value: Floats
    takes: csc_array
    most: Floats
    is_steady: Mask

    @property
    def size(self) -> int:
        """How many levels there are."""
        return self.owner.size

    @property
    def starts(self) -> Whole:
        """The first level of each project."""
        return np.searchsorted(self.owner, np.arange(self.is_steady.size))

    def only(self, kept: Mask) -> "Programme":
        """The programme of some levels, at least one of each project."""
        return replace(
            self,
            owner=self.owner[kept],
            units=self.units[kept],
            value=self.value[kept],
            takes=self.takes[:, np.flatnonzero(kept)],
        )

    def priced(self, prices: Floats) -> tuple[float, Floats]:
        """What no split is worth more than, and by how much each level lowers that further.

        Args:
            prices: of each limit, not negative; the bound holds for any.

        Source: Geoffrion (1974), Lagrangean relaxation for integer programming.
        """
        worth = self.value - self.takes.T @ prices
        best = np.maximum.reduceat(worth, self.starts)
        return float(prices @ self.most + best.sum()), best[self.owner] - worth


def programme_of(
    curves: Sequence[Floats], budget: int, constraints: Constraints, limits: Limits
) -> Programme:
    """All levels that are worth offering, and the limits on them.

    Args:
        curves: for each project the value of its first 0, 1, 2, ... units.
        budget: units to split.
        constraints: what the split must respect.
        limits: of the projects, under these constraints and this budget.
    """
    asked: dict[int, list[int]] = {}
    for each in constraints.waiting:
        asked.setdefault(each.needs, []).append(each.units)
    spans = [
        _worth_offering(curve, int(least), int(most), asked.get(at, []))
        for at, (curve, least, most) in enumerate(
            zip(curves, limits.least, limits.most, strict=True)
        )
    ]
    steady = [
        diminishes(curve[least : most + 1] - curve[least])
        for curve, least, most in zip(curves, limits.least, limits.most, strict=True)
    ]
    owner = np.repeat(np.arange(len(curves)), [span.size for span in spans])
    units = np.concatenate(spans)
    value = np.concatenate([curve[span] for curve, span in zip(curves, spans, strict=True)])
    rows = _rows(owner, units, budget, constraints, limits)
    columns = np.concatenate([levels for levels, _, _ in rows])
    weights = np.concatenate([weights for _, weights, _ in rows])
    at = np.repeat(np.arange(len(rows)), [levels.size for levels, _, _ in rows])
    takes = csc_array((weights, (at, columns)), shape=(len(rows), owner.size))
    most = np.array([most for _, _, most in rows])
    return Programme(owner, units, value, takes, most, np.array(steady, bool))


def _worth_offering(curve: Floats, least: int, most: int, asked: Sequence[int]) -> Whole:
    """The numbers of units from least to most that add to a lower one, or that others ask for."""
    span = np.arange(least, most + 1)
    adds = np.diff(curve[span], prepend=-np.inf) > 0
    return span[adds | np.isin(span, asked)]


def _rows(
    owner: Whole, units: Whole, budget: int, constraints: Constraints, limits: Limits
) -> list[tuple[Whole, Floats, float]]:
    """Levels, what each takes of the limit, and the limit."""
    rows = [(np.arange(owner.size), units.astype(float), float(budget))]
    for team, capacity in constraints.capacity.items():
        own = np.flatnonzero(np.array([each == team for each in constraints.teams])[owner])
        rows.append((own, units[own].astype(float), float(capacity)))
    ends = np.searchsorted(owner, np.arange(limits.least.size + 1))
    for each in constraints.waiting:
        if limits.least[each.project] == 0:
            levels = np.arange(ends[each.needs], ends[each.needs + 1])
            enough = levels[units[levels] >= each.units]
            either = np.append(enough, ends[each.project])  # or the project that waits gets none
            rows.append((either, -np.ones(either.size), -1.0))
    if constraints.most_active is not None:
        idle = np.flatnonzero(units == 0)
        least_idle = limits.least.size - constraints.most_active
        rows.append((idle, -np.ones(idle.size), -float(least_idle)))
    return rows
