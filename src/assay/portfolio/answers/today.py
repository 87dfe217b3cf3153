"""Today's best split, and what every answer about it stands on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from assay.errors import PlanError, nearest
from assay.portfolio.allocation import allocate
from assay.portfolio.answers.case import Case
from assay.portfolio.answers.max_plus import TIE, best_of_others
from assay.portfolio.kinds import Floats
from assay.portfolio.planning import check_keys, whole_units
from assay.portfolio.project_state import ProjectState

ROUNDING = 1e-9  # relative; values nearer than this are the same


@dataclass(frozen=True)
class Today:
    """The best split of a budget, as far as the attempts so far can tell.

    Fields:
        cases: the projects.
        budget: whole units of effort that were split.
        effort_unit: what one is called.
        values: for each project the expected value of its next 0, 1, ... `budget` units.
        units: what each project gets.
        value: expected value of the split.
        price: what the last unit that was given out adds, the shadow price of effort; `None` where
            no unit adds anything.
    """

    cases: tuple[Case, ...]
    budget: int
    effort_unit: str
    values: tuple[Floats, ...] = field(repr=False, compare=False)
    units: tuple[int, ...]
    value: float
    price: float | None

    @cached_property
    def others(self) -> Floats:
        """What all the other projects make of 0, 1, ... `budget` units: one row a project."""
        return best_of_others(self.values)

    def rest(self, at: int) -> Floats:
        """What the others make of the budget less the 0, 1, ... units that project `at` gets."""
        return self.others[at][::-1]

    def units_if(self, at: int, values: Floats) -> int:
        """Units that project `at` would get if its units were worth `values`, the others' as now.

        Of equal splits, the one that gives it least.
        """
        return first_best(self.rest(at) + values)

    def loss_if(self, at: int, values: Floats) -> float:
        """What it costs to give project `at` what looks best by `values`, if `self.values` hold."""
        total = self.rest(at) + self.values[at]
        return rise(float(total.max()), float(total[self.units_if(at, values)]))

    def loss_of(self, units: Sequence[int]) -> float:
        """How much less than today's best split another one is worth."""
        given = zip(self.values, units, strict=True)
        return rise(self.value, sum(float(value[unit]) for value, unit in given))

    def in_effort(self, value: float) -> float | None:
        """A value as effort: units of the shadow price; `None` where no unit adds anything."""
        if self.price is None:
            return 0.0 if value == 0 else None
        return value / self.price

    def place(self, key: str) -> int:
        """Where the project called `key` stands.

        Raises:
            PlanError: no project has this key; names the nearest.
        """
        return place_of([case.state for case in self.cases], key)


def today_of(cases: Sequence[Case], *, budget: float, effort_unit: str = "person-day") -> Today:
    """Split a budget, and keep what the answers need beside it.

    Args:
        cases: the projects that compete.
        budget: effort to split, rounded down to whole units.
        effort_unit: what one unit is called.

    Raises:
        PlanError: as for `plan_projects`.
    """
    states = [case.state for case in cases]
    check_keys(states)
    units = whole_units(budget, effort_unit)
    values = tuple(state.values(units) for state in states)
    found = allocate(values, units)
    price = _price(values, sum(found.units), found.value)
    return Today(tuple(cases), units, effort_unit, values, found.units, found.value, price)


def rise(more: float, less: float) -> float:
    """`more - less`, and 0 where the two differ by rounding alone."""
    return 0.0 if abs(more - less) <= ROUNDING * abs(more) else more - less


def first_best(totals: Floats) -> int:
    """The first place whose total is no worse than any other."""
    most = totals.max()
    return int(np.argmax(totals >= most - TIE * abs(most)))


def place_of(states: Sequence[ProjectState], key: str) -> int:
    """Where the project called `key` stands.

    Raises:
        PlanError: no project has this key; names the nearest.
    """
    keys = [state.key for state in states]
    if key not in keys:
        raise PlanError(f'plan: no project has the key "{key}". {nearest(key, keys)}')
    return keys.index(key)


def _price(values: Sequence[Floats], used: int, value: float) -> float | None:
    """What would be lost if there were one unit less than is used."""
    if used == 0:
        return None
    lost = rise(value, allocate(values, used - 1).value)
    return lost if lost > 0 else None
