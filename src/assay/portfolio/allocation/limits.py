"""The least and most units of each project that all constraints together leave, or what clashes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.errors import PlanError
from assay.portfolio.allocation.constraints import Constraints
from assay.portfolio.kinds import Whole


@dataclass(frozen=True)
class Limits:
    """What each project may get.

    Fields:
        least: units that each project gets in any split that respects the constraints; this
            split itself respects them all.
        most: units beyond which no project can go.
    """

    least: Whole
    most: Whole


def limits_of(
    constraints: Constraints, covered: Whole, budget: int, names: Sequence[str]
) -> Limits:
    """The limits of each project under a budget.

    Args:
        constraints: checked already.
        covered: the most units that the values of each project cover.
        budget: units to split.
        names: of the projects, for messages.

    Raises:
        PlanError: no split respects the constraints; says which of them clash.
    """
    asked = np.maximum(
        _or_zero(constraints.least, covered), _or_zero(constraints.committed, covered)
    )
    wanted = [np.inf if units is None else units for units in constraints.most]
    most = np.minimum(covered, wanted or np.inf).astype(np.int64)
    _check_budget(asked, asked, budget, names)
    _check_order(asked, most, constraints, covered, names)
    least = _with_prerequisites(asked, most, constraints, names)
    _check_budget(asked, least, budget, names)
    _check_teams(least, constraints, names)
    _check_active(least, constraints, names)
    for team, capacity in constraints.capacity.items():
        most = np.where(_of(team, constraints), np.minimum(most, capacity), most)
    return Limits(least, np.minimum(most, budget))


def _or_zero(units: Sequence[int], like: Whole) -> Whole:
    return np.asarray(units, np.int64) if units else np.zeros_like(like)


def _of(team: object, constraints: Constraints) -> np.ndarray:
    return np.array([each == team for each in constraints.teams], bool)


def _check_order(
    asked: Whole, most: Whole, constraints: Constraints, covered: Whole, names: Sequence[str]
) -> None:
    for at in np.flatnonzero(asked > most)[:1]:
        told = constraints.most[at] if constraints.most else None
        ends = told is not None and told <= covered[at]
        accepted = f"`most` is {told}" if ends else f"its values cover {covered[at]}"
        raise PlanError(
            f"no split keeps all rules: {names[at]} must get at least {asked[at]} units, but "
            f"{accepted}. Lower its least or committed units, or raise the other."
        )


def _with_prerequisites(
    asked: Whole, most: Whole, constraints: Constraints, names: Sequence[str]
) -> Whole:
    """The least units, with what the prerequisites of projects that must be funded need."""
    least, grew = asked.copy(), True
    while grew:
        grew = False
        for each in constraints.waiting:
            if least[each.project] > 0 and least[each.needs] < each.units:
                if each.units > most[each.needs]:
                    raise PlanError(
                        f"no split keeps all rules: {names[each.project]} must be funded and "
                        f"needs {each.units} units of {names[each.needs]}, which can get at most "
                        f"{most[each.needs]}. Raise that limit, or release {names[each.project]}."
                    )
                least[each.needs], grew = each.units, True
    return least


def _check_budget(asked: Whole, least: Whole, budget: int, names: Sequence[str]) -> None:
    if least.sum() > budget:
        more = ", prerequisites included" if (least > asked).any() else ""
        raise PlanError(
            f"no split keeps all rules: the budget is {budget} units, but projects must get at "
            f"least {least.sum()}{more}: {_listed(least, names)}. Raise the budget, or lower a "
            "least or committed."
        )


def _check_teams(least: Whole, constraints: Constraints, names: Sequence[str]) -> None:
    for team, capacity in constraints.capacity.items():
        own = np.where(_of(team, constraints), least, 0)
        if own.sum() > capacity:
            raise PlanError(
                f'no split keeps all rules: team "{team}" has {capacity} units left, but its '
                f"projects must get at least {own.sum()}: {_listed(own, names)}. Give the team "
                "more, or lower a least or committed."
            )


def _check_active(least: Whole, constraints: Constraints, names: Sequence[str]) -> None:
    forced, allowed = int((least > 0).sum()), constraints.most_active
    if allowed is not None and forced > allowed:
        raise PlanError(
            f"no split keeps all rules: at most {allowed} may be active at once, but {forced} "
            f"must be: {_listed(least, names)}. Allow more, or release a project."
        )


def _listed(least: Whole, names: Sequence[str]) -> str:
    forced = np.flatnonzero(least)
    shown = ", ".join(f"{names[at]} {least[at]}" for at in forced[:8])
    return shown + (f" and {forced.size - 8} more" if forced.size > 8 else "")
