"""Today's best split, and what every answer about it stands on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from assay.errors import PlanError, nearest
from assay.portfolio.allocation import allocate
from assay.portfolio.answers.bounds import Bounds, alone, bounds_of
from assay.portfolio.answers.case import Case
from assay.portfolio.answers.max_plus import TIE, best_of_others
from assay.portfolio.kinds import Floats
from assay.portfolio.planning import check_keys, whole_units
from assay.portfolio.project_state import ProjectState

ROUNDING = 1e-9  # relative; values nearer than this are the same


@dataclass(frozen=True)
class Today:
    """The best split of a budget, as far as the attempts so far can tell.

    It keeps what binds single projects: their least, their most, what is promised to them. Rules
    that tie projects together are left out; `left_out` says which.

    Fields:
        cases: the projects.
        budget: whole units of effort that were split.
        effort_unit: what one is called.
        value_unit: of every value; empty for importance times points.
        whole: for each project the expected value of its next 0, 1, ... `budget` units.
        values: for each project the expected value of 0, 1, ... `free` units above its least.
        bounds: the least and most units of each project.
        free: units of the budget that no project's least takes.
        units: what each project gets, its least included.
        value: expected value of the split.
        price: what the last unit that was given out adds, the shadow price of effort; `None` where
            no unit adds anything.
    """

    cases: tuple[Case, ...]
    budget: int
    effort_unit: str
    value_unit: str
    whole: tuple[Floats, ...] = field(repr=False, compare=False)
    values: tuple[Floats, ...] = field(repr=False, compare=False)
    bounds: Bounds
    free: int
    units: tuple[int, ...]
    value: float
    price: float | None

    @cached_property
    def others(self) -> Floats:
        """What all the other projects make of 0, 1, ... `free` units: one row a project."""
        return best_of_others(self.values)

    def rest(self, at: int) -> Floats:
        """What the others make of the free units less the 0, 1, ... that project `at` gets."""
        return self.others[at][::-1]

    def above(self, at: int, state: ProjectState) -> Floats:
        """What units above the least of project `at` add, if the project were as `state` says."""
        return self.bounds.above(at, state.values(self.budget), self.free)

    def loss_if(self, at: int, values: Floats) -> float:
        """What it costs to split by `values` of project `at`, if `self.values` hold.

        Of splits that look equal, the one that gives it least is taken.
        """
        rest = self.rest(at)
        total = rest + self.values[at]
        return rise(float(total.max()), float(total[first_best(rest + values)]))

    def split_by(self, believed: Sequence[Floats]) -> tuple[int, ...]:
        """Units above their least that projects get if those were worth what is believed."""
        return allocate(believed, self.free).units

    def loss_by(self, believed: Sequence[Floats]) -> float:
        """What it costs to split by values that are believed, if `self.values` hold."""
        given = zip(self.values, self.split_by(believed), strict=True)
        best = zip(self.values, self.units, self.bounds.least, strict=True)
        most = sum(float(value[unit - least]) for value, unit, least in best)
        return rise(most, sum(float(value[unit]) for value, unit in given))

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


def today_of(
    cases: Sequence[Case],
    *,
    budget: float,
    effort_unit: str = "person-day",
    value_unit: str = "",
) -> Today:
    """Split a budget, and keep what the answers need beside it.

    Args:
        cases: the projects that compete.
        budget: effort to split, rounded down to whole units.
        effort_unit: what one unit is called.
        value_unit: of every value; empty for importance times points.

    Raises:
        PlanError: as for `plan_projects`.
    """
    states = [case.state for case in cases]
    check_keys(states)
    units = whole_units(budget, effort_unit)
    whole = tuple(state.values(units) for state in states)
    keys = [state.key for state in states]
    found = allocate(whole, units, constraints=alone(states), names=keys)
    bounds = bounds_of(states)
    free = units - sum(bounds.least)
    values = tuple(bounds.above(at, value, free) for at, value in enumerate(whole))
    return Today(
        cases=tuple(cases),
        budget=units,
        effort_unit=effort_unit,
        value_unit=value_unit,
        whole=whole,
        values=values,
        bounds=bounds,
        free=free,
        units=found.units,
        value=found.value,
        price=_price(values, sum(found.units) - sum(bounds.least)),
    )


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


def _price(values: Sequence[Floats], used: int) -> float | None:
    """What would be lost if there were one unit less than is used above the leasts."""
    if used == 0:
        return None
    lost = rise(allocate(values, used).value, allocate(values, used - 1).value)
    return lost if lost > 0 else None
