"""From which budget, or which importance on, a project is worth a further stage of work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from assay.ledger import Tell
from assay.ledger.telling import silent
from assay.portfolio.answers.max_plus import best_mix, best_of_others
from assay.portfolio.answers.today import Today, first_best, rise
from assay.portfolio.kinds import Floats
from assay.portfolio.planning import MOST_UNITS

FURTHER = 4  # times today's budget: how far the budget is searched
STEPS = 60  # of the bisection; more than the 53 bits of a factor
WIDEST = 1e12  # factor of importance beyond which rounding would decide


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """Where a project crosses into a stage of work.

    Fields:
        project: its key.
        stage: name of the stage.
        begins: effort at which it begins, counted from the project's first day.
        units: further units that it takes to get there; 0 where the project is there.
        given: units that the project gets today.
        budget: least budget whose best split takes the project there; `None` if none up to
            `searched` does.
        searched: largest budget that was looked at.
        importance: factor on the project's importance from which on today's budget takes it
            there; 1 or less where it does so today, `None` where no importance does.
    """

    project: str
    stage: str
    begins: float
    units: int
    given: int
    budget: int | None
    searched: int
    importance: float | None


def frontier(
    today: Today,
    stages: Mapping[str, Mapping[str, float]],
    *,
    most: int | None = None,
    tell: Tell = silent,
) -> tuple[Crossing, ...]:
    """Where each project crosses into each of its stages.

    Args:
        today: the best split.
        stages: for the key of a project, the effort at which each of its stages begins.
        most: largest budget to look at; default four times today's.
        tell: is told how many projects are done.

    Returns:
        One crossing for each stage, in the order of the projects and of their stages.

    Raises:
        PlanError: a key is of no project.
    """
    asked = {today.place(key): begins for key, begins in stages.items()}
    searched = min(FURTHER * today.budget, MOST_UNITS) if most is None else most
    bounds, promised = today.bounds, sum(today.bounds.least)
    free = max(0, searched - promised)
    values = [
        bounds.above(at, case.state.values(max(searched, promised)), free)
        for at, case in enumerate(today.cases)
    ]
    others = best_of_others(values)
    found: list[Crossing] = []
    for done, (at, begins) in enumerate(sorted(asked.items())):
        tell("projects", done, len(asked))
        given = bounds.least[at] + best_mix(others[at], values[at])[1]
        found += [_crossing(today, at, name, effort, given) for name, effort in begins.items()]
    return tuple(found)


def least_budget(values: Sequence[Floats], at: int, units: int) -> int | None:
    """The least budget whose best split gives one project at least so many units.

    With start-up costs a larger budget may give it fewer again: only the least is told.

    Args:
        values: for each project the value of its next 0, 1, 2, ... units, all of one length;
            the largest budget that is looked at is the last of these.
        at: which project.
        units: that it is to get.

    Returns:
        The budget; `None` where none that was looked at gives it so much.
    """
    return _first(best_mix(best_of_others(values)[at], values[at])[1], units)


def least_factor(rest: Floats, values: Floats, units: int) -> float | None:
    """The factor on a project's importance above which the best split gives it so many units.

    Of `factor * values + rest` the best place never moves back as the factor grows, whatever the
    shape of the values, since these never fall (Topkis, 1978). So bisection finds the factor.

    Args:
        rest: what all others make of the budget if the project gets 0, 1, 2, ... units.
        values: what those units are worth to the project, never falling.
        units: that it is to get.

    Returns:
        The factor, where both splits are worth the same; 0 where it gets as many at any factor
        above 0, `None` where no factor does.
    """
    if units <= 0:
        return 0.0
    if units >= values.size or not rise(float(values[-1]), float(values[units - 1])) > 0:
        return None
    low, high = 1.0 / WIDEST, WIDEST
    if _reaches(rest, values, units, low):
        return 0.0
    if not _reaches(rest, values, units, high):
        return None
    for _ in range(STEPS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if _reaches(rest, values, units, middle) else (middle, high)
    return _where_equal(rest, values, units, high)


def _crossing(today: Today, at: int, stage: str, begins: float, given: np.ndarray) -> Crossing:
    state, least = today.cases[at].state, today.bounds.least[at]
    units = max(0, ceil(begins - state.effort_spent))
    promised = sum(today.bounds.least)
    budget = _first(given, units)
    return Crossing(
        project=state.key,
        stage=stage,
        begins=float(begins),
        units=units,
        given=today.units[at],
        budget=None if budget is None else promised + budget,
        searched=promised + given.size - 1,
        importance=least_factor(today.rest(at), today.values[at], units - least),
    )


def _first(given: np.ndarray, units: int) -> int | None:
    reached = np.flatnonzero(given >= units)
    return int(reached[0]) if reached.size else None


def _reaches(rest: Floats, values: Floats, units: int, factor: float) -> bool:
    return first_best(factor * values + rest) >= units


def _where_equal(rest: Floats, values: Floats, units: int, near: float) -> float:
    """The exact factor at which the best place below `units` is as good as the best from there."""
    total = near * values + rest
    below, above = int(np.argmax(total[:units])), units + int(np.argmax(total[units:]))
    return float((rest[below] - rest[above]) / (values[above] - values[below]))
