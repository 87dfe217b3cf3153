"""What in a project's attempts does not fit together, so that its curve may mislead."""

from collections.abc import Sequence

from assay.errors import PlanError
from assay.ledger import History, attempt_of, registration_of
from assay.portfolio.curves import KnownCurve
from assay.portfolio.point import Point
from assay.portfolio.project_state import ProjectState
from assay.portfolio.reason import figure
from assay.record import Project, ProjectBody

SURELY = 3.0  # standard errors above the ceiling; one score in a thousand gets there by chance


def check_units(body: ProjectBody, history: History | None) -> None:
    """Refuse attempts whose efforts were recorded in a unit of another size.

    A unit that was only renamed is as large as before, and passes.

    Args:
        body: the project as it is planned.
        history: the ledger's, up to date; `None` where there is none yet.

    Raises:
        PlanError: names both units.
    """
    recorded = history.units.get(body.key, {}) if history is not None else {}
    for unit, per_day in recorded.items():
        if unit != body.effort_unit and per_day != body.effort_per_person_day:
            raise PlanError(
                f'project "{body.key}": attempts were recorded in {unit}s, '
                f"{per_day:g} to a person-day, and effort_unit is now "
                f'"{body.effort_unit}", {body.effort_per_person_day:g} to a person-day. Write '
                f'effort_unit = "{unit}" under [portfolio] again, or begin another ledger.'
            )


def check_one_unit(bodies: Sequence[ProjectBody]) -> None:
    """Refuse projects whose efforts are in units of different sizes.

    Raises:
        PlanError: names two projects and their units.
    """
    for body in bodies[1:]:
        if body.effort_per_person_day != bodies[0].effort_per_person_day:
            raise PlanError(
                f'project "{bodies[0].key}" is recorded in {bodies[0].effort_unit}s and project '
                f'"{body.key}" in {body.effort_unit}s, needs one unit for all. Plan from an '
                "assay.toml, whose effort_unit holds for all its projects."
            )


def edited_efforts(history: History | None, project: Project) -> str:
    """That efforts in assay.toml are not those recorded, in a sentence; empty where they are.

    Args:
        history: the ledger's, up to date; `None` where there is none yet.
        project: as `assay.toml` says it now.
    """
    planned = {plan.name: plan.effort for plan in project.attempts}
    made = history.made_for(project.key) if history is not None else []
    recorded = {body.name: body.effort for body in map(attempt_of, made)}
    edited = [
        f'"{name}" with {_effort(recorded[name])} (assay.toml now says {_effort(effort)})'
        for name, effort in planned.items()
        if name in recorded and recorded[name] != effort
    ]
    if not edited:
        return ""
    return f"Recorded, and so counted: {', '.join(edited)}."


def _effort(effort: float | None) -> str:
    return "no effort" if effort is None else f"effort {effort:g}"


def above_ceiling(points: Sequence[Point]) -> str:
    """That an attempt scored more than its ceiling allows, in a sentence; empty where none did."""
    over = [
        point
        for point in points
        if point.score is not None and point.score - SURELY * (point.se or 0.0) > 1.0
    ]
    if not over:
        return ""
    best = max(over, key=lambda point: point.score or 0.0)
    return (
        f'Attempt "{best.name}" gained {best.score:.2f} times what `ceiling` leaves to be gained, '
        "so the curve ends too low: lower `ceiling`."
    )


def beyond_perfect(state: ProjectState, units: int) -> str:
    """That a known curve promises more than a perfect model has; empty where it does not."""
    if not isinstance(state.curve, KnownCurve):
        return ""  # a learnt one ends at the ceiling
    reached, perfect = state.curve.mean(state.effort_spent + units), 100.0 * state.skill_at_ceiling
    if not reached > perfect * (1.0 + 1e-9):
        return ""
    return (
        f"Its curve reaches {figure(float(reached))} points, and a perfect model has "
        f"{figure(perfect)}: lower `a` or `b`."
    )


def several_metrics(history: History | None, key: str) -> str:
    """That attempts were scored by several metrics, in a sentence; empty where by one."""
    asked = history.experiments(key) if history is not None else []
    metrics = dict.fromkeys(registration_of(each).metric for each in asked)
    if len(metrics) < 2:
        return ""
    return (
        f"Its attempts were scored by {' and '.join(metrics)}, each against its own baseline: the "
        "curve takes a share of what one can gain for the same share of what another can."
    )
