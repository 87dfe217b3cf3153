"""What binds a plan beside its budget: teams, projects that come first, limits of effort."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from assay.errors import PlanError
from assay.portfolio.allocation import Constraints, Prerequisite
from assay.portfolio.project_state import ProjectState


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What holds for all projects together.

    Fields:
        teams: effort that each team has in all, what its projects spent included.
        active: the most projects that may get effort from one plan; `None` for no limit.

    Raises:
        PlanError: a number is out of range.
    """

    teams: Mapping[str, float] = field(default_factory=dict)
    active: int | None = None

    def __post_init__(self) -> None:
        for team, effort in self.teams.items():
            if not 0 <= effort < math.inf:  # refuses nan too
                raise PlanError(
                    f'rules: team "{team}" has {effort}, must be finite and not negative. '
                    "State the effort that it has in all."
                )
        if self.active is not None and not (self.active >= 1 and self.active == int(self.active)):
            raise PlanError(
                f"rules: `active` is {self.active}, must be a whole number from 1 on. "
                "Leave it out for no limit."
            )


NO_RULES = Rules()


def constraints_of(states: Sequence[ProjectState], rules: Rules) -> Constraints:
    """The rules in whole units from now on: a limit is rounded down, what must be given up.

    Args:
        states: the projects that compete; all keys that are needed are among them.
        rules: of the portfolio.
    """
    place = {state.key: at for at, state in enumerate(states)}
    spent = dict.fromkeys(rules.teams, 0.0)
    for state in states:
        if state.team in spent:
            spent[state.team] += state.effort_spent
    waits = [
        (state, key, units)
        for state in states
        for key, effort in state.needs.items()
        if (units := _up(effort - states[place[key]].effort_spent))  # else it has had enough
    ]
    return Constraints(
        least=[_up(state.least - state.effort_spent) for state in states],
        most=[
            None if state.most is None else _down(state.most - state.effort_spent)
            for state in states
        ],
        committed=[_up(state.committed) for state in states],
        teams=[state.team for state in states],
        capacity={
            team: _down(effort - spent[team])
            for team, effort in rules.teams.items()
            if any(state.team == team for state in states)
        },
        prerequisites=[
            Prerequisite(
                project=place[state.key],
                needs=place[key],
                units=units,
            )
            for state, key, units in waits
        ],
        most_active=rules.active,
    )


def idle_teams(states: Sequence[ProjectState], rules: Rules) -> str:
    """That teams do no project's work, in a sentence; empty where all do."""
    idle = [team for team in rules.teams if all(state.team != team for state in states)]
    if not idle:
        return ""
    if len(idle) == 1:
        return f"Team {idle[0]} does no project's work, so its effort limits nothing."
    return f"Teams {', '.join(idle)} do no project's work, so their effort limits nothing."


def is_bound(constraints: Constraints) -> bool:
    """Whether anything but the budget limits a split."""
    limits = (constraints.least, constraints.committed)
    given = any(np.any(np.asarray(each) > 0) for each in limits if len(each))
    return given or constraints.is_coupled or any(each is not None for each in constraints.most)


def owed(
    constraints: Constraints, states: Sequence[ProjectState], units: Sequence[int], at: int
) -> str:
    """That project `at` gets no more than it must, in a sentence; empty where it gets more.

    Args:
        constraints: of the split.
        states: the projects.
        units: what each gets.
        at: which project.
    """
    least, promised = constraints.least[at], constraints.committed[at]
    if not units[at] or units[at] > max(least, promised):
        return ""
    if promised >= least:
        return "It gets what is promised to it."
    return f"It gets its least, {states[at].least:g} in all."


def held_back(
    constraints: Constraints, states: Sequence[ProjectState], units: Sequence[int], at: int
) -> str:
    """The rule that keeps project `at` from one unit more, in words; empty where none does.

    Args:
        constraints: of the split.
        states: the projects.
        units: what each gets.
        at: which project.
    """
    state = states[at]
    if state.importance == 0:
        return "its importance is 0, so nothing that it brings would count"
    if constraints.most and constraints.most[at] == units[at]:
        return f"it has all that it may, {state.most:g} in all"
    team = constraints.teams[at] if constraints.teams else None
    if team is not None and team in constraints.capacity:
        used = sum(u for u, of in zip(units, constraints.teams, strict=True) if of == team)
        if used >= constraints.capacity[team]:
            return f"its team, {team}, has no effort left"
    if units[at]:
        return ""
    for each in constraints.waiting:
        if each.project == at and units[each.needs] < each.units:
            return f"it waits for {states[each.needs].key}, which gets too little for that"
    active = sum(unit > 0 for unit in units)
    if constraints.most_active is not None and active >= constraints.most_active:
        return f"{active} others are worked on, and no more may be at once"
    return ""


def _up(effort: float) -> int:
    return max(0, math.ceil(effort - 1e-9))


def _down(effort: float) -> int:
    return max(0, math.floor(effort + 1e-9))
