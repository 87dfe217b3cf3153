"""How the best split changes with the budget."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assay.portfolio.allocation import Allocation, allocate_each
from assay.portfolio.kinds import Floats
from assay.portfolio.planning import ProjectState, check_keys, whole_units

if TYPE_CHECKING:
    import polars as pl


def sweep(states: Sequence[ProjectState], budgets: Sequence[float]) -> "pl.DataFrame":
    """The best split for each of several budgets.

    Args:
        states: the projects that compete.
        budgets: efforts to split, each rounded down to whole units.

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
    splits = zip(whole, allocate_each(values, whole), strict=True)
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
