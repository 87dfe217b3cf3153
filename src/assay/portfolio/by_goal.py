"""Plans that find their budget: the least that reaches a target, or all that is worth a price."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import numpy as np

from assay.errors import PlanError
from assay.portfolio.allocation import Constraints, allocate, budget_at_price, least_budget
from assay.portfolio.kinds import Floats
from assay.portfolio.planning import MOST_UNITS, POINTS, Plan, check_keys, plan_projects
from assay.portfolio.project_state import ProjectState
from assay.portfolio.reason import ROUNDING, amount, figure, worth
from assay.portfolio.rules import NO_RULES, Rules, constraints_of

FIRST_LOOK = 256  # units; a budget is searched for in steps four times as large
FURTHER = 4


def plan_for_target(
    states: Sequence[ProjectState],
    target: float,
    *,
    effort_unit: str,
    value_unit: str = "",
    rules: Rules = NO_RULES,
) -> Plan:
    """The least budget whose best split is expected to add a value, and that split.

    Args:
        states: the projects that compete; their keys differ.
        target: value to be added from now on, above 0.
        effort_unit: as for `plan_projects`.
        value_unit: as for `plan_projects`.
        rules: as for `plan_projects`.

    Returns:
        A plan whose first note says how its budget came about.

    Raises:
        PlanError: the target is not above 0, 20,000 units do not reach it, or the projects or
            rules are refused as by `plan_projects`.
    """
    check_keys(states)
    if not 0 < target < inf:  # refuses nan too
        raise PlanError(
            f"plan: `target` is {target}, must be a value above 0. State what the plan is to add."
        )
    constraints = constraints_of(states, rules)
    names = [state.key for state in states]
    values = _values_that_reach(states, target, constraints, (effort_unit, value_unit))
    budget = least_budget(values, target, constraints=constraints, names=names).budget
    plan = plan_projects(
        states, budget=budget, effort_unit=effort_unit, value_unit=value_unit, rules=rules
    )
    least = amount(budget, effort_unit)
    are = "is the least budget" if budget == 1 else "are the least budget"
    note = f"{least} {are} worth {worth(target, value_unit)} or more from now on."
    return replace(plan, notes=(note, *plan.notes))


def plan_at_price(
    states: Sequence[ProjectState],
    price: float,
    *,
    effort_unit: str,
    value_unit: str = "",
    rules: Rules = NO_RULES,
) -> Plan:
    """The budget up to which effort is worth its price, and its best split.

    No other budget leaves more once each of its units is paid for; of several, it is the largest.

    Args:
        states: the projects that compete; their keys differ.
        price: of one unit of effort, in the unit of the values; above 0.
        effort_unit: as for `plan_projects`.
        value_unit: as for `plan_projects`.
        rules: as for `plan_projects`.

    Returns:
        A plan whose first note says how its budget came about.

    Raises:
        PlanError: the price is not above 0, more than 20,000 units are worth it, or the projects
            or rules are refused as by `plan_projects`.
    """
    check_keys(states)
    if not 0 < price < inf:  # refuses nan too
        raise PlanError(
            f"plan: `price` is {price}, must be a value above 0. "
            f"State what one {effort_unit} costs, in {value_unit or POINTS}."
        )
    constraints = constraints_of(states, rules)
    names = [state.key for state in states]
    asked = _asked_of(constraints)
    values = [
        _values_that_pay(state, price, least) for state, least in zip(states, asked, strict=True)
    ]
    budget = budget_at_price(values, price, constraints=constraints, names=names).budget
    each = worth(price, value_unit)
    if budget >= MOST_UNITS:
        raise PlanError(
            f"plan: at a price of {each} for each {effort_unit} all {MOST_UNITS:,} that a plan "
            "can split, or more, are worth it. State a higher price, or effort in larger units."
        )
    plan = plan_projects(
        states, budget=budget, effort_unit=effort_unit, value_unit=value_unit, rules=rules
    )
    return replace(plan, notes=(_of_price(plan, each, price), *plan.notes))


def _of_price(plan: Plan, each: str, price: float) -> str:
    unit = plan.effort_unit
    if not plan.budget:
        return f"No {unit} is worth {each}."
    left = worth(plan.value - price * plan.budget, plan.value_unit)
    spent = amount(plan.budget, unit)
    return (
        f"At {each} for each {unit}, no other budget leaves more once it is paid for: "
        f"{spent} leave {left}."
    )


def _asked_of(constraints: Constraints) -> list[int]:
    """For each project the most units that any rule asks it to have."""
    asked = [max(pair) for pair in zip(constraints.least, constraints.committed, strict=True)]
    for each in constraints.waiting:
        asked[each.needs] = max(asked[each.needs], each.units)
    return asked


def _values_that_pay(state: ProjectState, price: float, asked: int) -> Floats:
    """The value of a project's next units, as far as any of them could be worth its price.

    Units beyond some number cannot pay if even all value that is left, paid for as if it came
    there, leaves less than the best number before.
    """
    most, reach = state.value(MOST_UNITS), min(max(FIRST_LOOK, FURTHER * asked), MOST_UNITS)
    while True:
        values = state.values(reach)
        best = float((values - price * np.arange(reach + 1))[asked:].max(initial=-inf))
        if reach == MOST_UNITS or most * (1 + ROUNDING) - price * reach < best:
            return values
        reach = min(FURTHER * reach, MOST_UNITS)


def _values_that_reach(
    states: Sequence[ProjectState],
    target: float,
    constraints: Constraints,
    units: tuple[str, str],
) -> list[Floats]:
    """The value of as many units as reach a target: few, as the search takes their square."""
    names = [state.key for state in states]
    asked = sum(_asked_of(constraints))
    reach = min(max(FIRST_LOOK, FURTHER * asked), MOST_UNITS)
    while True:
        values = [state.values(reach) for state in states]
        value = allocate(values, reach, constraints=constraints, names=names).value
        if value >= target:
            return values
        if reach == MOST_UNITS:
            effort_unit, value_unit = units
            raise PlanError(
                f"plan: `target` is {worth(target, value_unit)}, but the best use of "
                f"{MOST_UNITS:,} {effort_unit}s adds {worth(value, value_unit)} "
                f"({figure(100 * value / target)} % of it). Lower the target, or relax a rule."
            )
        reach = min(FURTHER * reach, MOST_UNITS)
