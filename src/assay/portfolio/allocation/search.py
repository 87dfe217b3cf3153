"""The exact search: the best value of every budget, and the split that reaches it.

Projects whose returns diminish share one curve: their increments in falling order, of which any
budget takes the first. Only the others are searched, by a dynamic programme over whole units.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.portfolio.allocation.envelope import ROUNDING, diminishes, levels_that_matter
from assay.portfolio.kinds import Floats, Whole

ROWS_AT_ONCE = 64  # keeps the sums of one block within the processor's cache
FEW = 4  # budgets for which it pays to look for the levels that matter
SPARSE = 8  # a level alone takes some times as long as one of many
TIE = 1e-12  # relative; sums of the same values in another order differ by less


@dataclass(frozen=True)
class Diminishing:
    """The increments of projects with diminishing returns, best first.

    Fields:
        rises: what each next unit adds, never rising; none adds nothing.
        owners: which of these projects each unit belongs to.
        worth: value of the first 0, 1, 2, ... units, to the largest budget.
        projects: how many there are.
    """

    rises: Floats
    owners: Whole
    worth: Floats
    projects: int

    def split(self, budget: int) -> Whole:
        """Units for each project; of equal splits, the one that gives later projects least."""
        enough = self.worth[budget] * (1.0 - TIE)
        taken = int(np.searchsorted(self.worth[: budget + 1], enough))
        if taken == 0:
            return np.zeros(self.projects, np.int64)
        # Units that add as much as the last one taken could stand in its place: the earlier
        # projects' go first.
        price, noise = self.rises[taken - 1], ROUNDING * self.worth[budget]
        first = int(np.searchsorted(-self.rises, -(price + noise)))
        last = int(np.searchsorted(-self.rises, -(price - noise), side="right"))
        level = np.sort(self.owners[first:last])[: taken - first]
        chosen = np.concatenate([self.owners[:first], level])
        return np.bincount(chosen, minlength=self.projects)


@dataclass(frozen=True)
class Search:
    """What was found for every budget up to the largest.

    Fields:
        curves: for each project the value of its first 0, 1, 2, ... units, cut at the largest
            budget.
        steady: which projects have diminishing returns.
        diminishing: those projects' shared curve.
        stages: best values of every budget for the first 0, 1, 2, ... of the other projects.
    """

    curves: Sequence[Floats]
    steady: Whole
    late: Whole
    diminishing: Diminishing
    stages: Sequence[Floats]

    def worth(self) -> Floats:
        """The best value of the budgets 0, 1, 2, ... to the largest."""
        return _joined(self.stages[-1], self.diminishing.worth)

    def splits(self, budgets: Sequence[int]) -> list[Whole]:
        """The best split of each budget; of equal ones, the one that gives later projects least."""
        for_late = [self._for_late(budget) for budget in budgets]
        whole = self._late_splits(np.concatenate([*for_late, np.zeros(0, np.int64)]))
        ends = np.cumsum([0, *(each.size for each in for_late)])
        return [
            self._least_late(budget, for_late[at], whole[:, ends[at] : ends[at + 1]])
            for at, budget in enumerate(budgets)
        ]

    def _for_late(self, budget: int) -> Whole:
        """What the projects with late returns may get together, in the best splits of a budget."""
        if self.late.size == 0:
            return np.zeros(1, np.int64)
        if self.steady.size == 0:
            return np.array([budget])
        total = self.stages[-1][: budget + 1] + self.diminishing.worth[budget::-1]
        return np.flatnonzero(total >= total.max() * (1.0 - TIE))

    def _late_splits(self, budgets: Whole) -> Whole:
        """For each project with late returns (rows) and budget of theirs (columns): its units."""
        units, left = np.zeros((self.late.size, budgets.size), np.int64), budgets
        for at in reversed(range(self.late.size)):
            units[at] = _units(self.stages[at], self.curves[int(self.late[at])], left)
            left = left - units[at]
        return units

    def _least_late(self, budget: int, for_late: Whole, whole: Whole) -> Whole:
        best = None
        for at, given in enumerate(for_late.tolist()):
            split = np.zeros(len(self.curves), np.int64)
            split[self.late] = whole[:, at]
            split[self.steady] = self.diminishing.split(budget - given)
            if best is None or split[::-1].tolist() < best[::-1].tolist():
                best = split
        assert best is not None  # some part of a budget always ties with the best part: itself
        return best


def search(curves: Sequence[Floats], budget: int, asked: Sequence[int] = ()) -> Search:
    """Search the best splits of all budgets up to one, or of few.

    Args:
        curves: for each project the value of its first 0, 1, 2, ... units: starts at 0, never
            falls, no longer than `budget + 1`.
        budget: the largest.
        asked: the budgets whose splits will be read off, where those are few: units that can be
            in none of them are not searched, and the value of other budgets is then not found.

    Source: Fox (1966) for diminishing returns; Bellman (1957), Dynamic Programming, for all others.
    """
    is_steady = np.array([diminishes(curve) for curve in curves], bool)
    steady, late = np.flatnonzero(is_steady), np.flatnonzero(~is_steady)
    is_few = 0 < len(asked) <= FEW and late.size > 1
    matter = [levels_that_matter(curves, late.tolist(), each) for each in asked] if is_few else []
    stages = [np.zeros(budget + 1)]
    for row, at in enumerate(late.tolist()):
        levels = np.unique(np.concatenate([each[row] for each in matter])) if is_few else None
        stages.append(_joined(stages[-1], curves[at], levels))
    shared = _diminishing([curves[at] for at in steady.tolist()], budget)
    return Search(curves, steady, late, shared, stages)


def _diminishing(curves: Sequence[Floats], budget: int) -> Diminishing:
    rises = np.concatenate([np.zeros(0), *(np.diff(curve) for curve in curves)])
    owners = np.repeat(np.arange(len(curves)), [curve.size - 1 for curve in curves])
    if 0 < budget < rises.size:
        # All that can be among the best `budget`, and all that tie with the last of those.
        top = np.partition(rises, rises.size - budget)[rises.size - budget :]
        kept = rises >= top.min() - ROUNDING * top.sum()
        rises, owners = rises[kept], owners[kept]
    order = np.argsort(-rises, kind="stable")
    rises, owners = rises[order], owners[order]
    worth = np.zeros(budget + 1)
    worth[1 : rises.size + 1] = np.cumsum(rises[:budget])
    worth[rises.size + 1 :] = worth[min(rises.size, budget)]
    return Diminishing(rises, owners, worth, len(curves))


def _joined(best: Floats, curve: Floats, levels: Whole | None = None) -> Floats:
    """Add a project: the best value of each budget, when it may take any part of it, or levels."""
    if levels is not None and levels.size * SPARSE < curve.size:
        value = np.full(best.size, -np.inf)
        for taken in levels.tolist():
            others = best[: best.size - taken] + curve[taken]
            np.maximum(value[taken:], others, out=value[taken:])
        return value
    before, turned = _before(best, curve.size), curve[::-1].copy()
    value, room = np.empty(best.size), np.empty(ROWS_AT_ONCE * curve.size)
    for start in range(0, best.size, ROWS_AT_ONCE):
        end = min(start + ROWS_AT_ONCE, best.size)
        reach = min(curve.size, end)  # no row here can give the project more
        total = room[: (end - start) * reach].reshape(end - start, reach)
        np.add(before[start:end, curve.size - reach :], turned[curve.size - reach :], out=total)
        total.max(axis=1, out=value[start:end])
    return value


def _units(best: Floats, curve: Floats, budgets: Whole) -> Whole:
    """The fewest units that a project may take of each budget and leave the best value."""
    before, units = _before(best, curve.size), np.empty(budgets.size, np.int64)
    for start in range(0, budgets.size, ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        total = before[budgets[rows], ::-1] + curve
        units[rows] = (total >= total.max(axis=1, keepdims=True) * (1.0 - TIE)).argmax(axis=1)
    return units


def _before(best: Floats, width: int) -> Floats:
    """Row b holds the best values of the budgets b - width + 1, ..., b; minus infinity below 0."""
    padded = np.concatenate([np.full(width - 1, -np.inf), best])
    return np.lib.stride_tricks.sliding_window_view(padded, width)
