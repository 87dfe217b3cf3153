"""How the best split changes with the importance of one project."""

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

from assay.errors import PlanError
from assay.portfolio.allocation import allocate
from assay.portfolio.answers.today import place_of
from assay.portfolio.planning import check_keys, whole_units
from assay.portfolio.project_state import ProjectState
from assay.portfolio.rules import NO_RULES, Rules, constraints_of

if TYPE_CHECKING:
    import polars as pl


def importance_sweep(
    states: Sequence[ProjectState],
    *,
    budget: float,
    key: str,
    factors: Sequence[float],
    rules: Rules = NO_RULES,
) -> "pl.DataFrame":
    """The best split for each of several importances of one project.

    Args:
        states: the projects that compete.
        budget: effort to split, rounded down to whole units.
        key: of the project whose importance varies.
        factors: by which its importance is multiplied, each above 0.
        rules: as for `plan_projects`.

    Returns:
        One row for each factor and project: `factor`, `project`, `units`, `value` (what those
        units add at that importance).

    Raises:
        PlanError: no project has this key, a factor is not above 0, or as for `plan_projects`.
    """
    import polars as pl

    check_keys(states)
    at, units = place_of(states, key), whole_units(budget, "unit")
    wrong = [factor for factor in factors if not (isfinite(factor) and factor > 0)]
    if wrong:
        raise PlanError(
            f'importance of "{key}": the factor is {wrong[0]}, must be above 0. '
            "Write 2 for twice as important."
        )
    values = [state.values(units) for state in states]
    constraints, keys = constraints_of(states, rules), [state.key for state in states]
    rows = []
    for factor in factors:
        scaled = [*values[:at], factor * values[at], *values[at + 1 :]]
        given = allocate(scaled, units, constraints=constraints, names=keys).units
        rows += [
            (float(factor), state.key, unit, float(value[unit]))
            for state, value, unit in zip(states, scaled, given, strict=True)
        ]
    kinds = {"factor": pl.Float64, "project": pl.String, "units": pl.Int64, "value": pl.Float64}
    return pl.DataFrame(rows, schema=kinds, orient="row")
