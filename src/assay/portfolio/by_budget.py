"""How the best split changes with the budget."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assay.portfolio.allocation import Allocation, allocate_each
from assay.portfolio.kinds import Floats
from assay.portfolio.planning import check_keys, whole_units
from assay.portfolio.project_state import ProjectState
from assay.portfolio.rules import NO_RULES, Rules, constraints_of

if TYPE_CHECKING:
    import polars as pl


def sweep(
    states: Sequence[ProjectState], budgets: Sequence[float], *, rules: Rules = NO_RULES
) -> "pl.DataFrame":
    """The best split for each of several budgets.

    Args:
        states: the projects that compete.
        budgets: efforts to split, each rounded down to whole units.
        rules: as for `plan_projects`.

    Returns:
        One row for each budget and project: `budget`, `project`, `units`, `value` (what those
        units add).

    Raises:
        PlanError: as for `plan_projects`.
    """
    import polars as pl

    check_keys(states)
    whole = [whole_units(budget, "unit") for budget in budgets]
    values = [state.values(max(whole, default=0)) for state in states]
    keys = [state.key for state in states]
    found = allocate_each(values, whole, constraints=constraints_of(states, rules), names=keys)
    splits = zip(whole, found, strict=True)
    rows = [row for units, found in splits for row in _swept(states, values, units, found)]
    kinds = {"budget": pl.Int64, "project": pl.String, "units": pl.Int64, "value": pl.Float64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def _swept(
    states: Sequence[ProjectState], values: Sequence[Floats], budget: int, found: Allocation
) -> list[tuple[int, str, int, float]]:
    return [
        (budget, state.key, given, float(value[given]))
        for state, value, given in zip(states, values, found.units, strict=True)
    ]
