"""The plan, which the report shows first."""

from assay.picture import svg
from assay.portfolio import Plan
from assay.report.content import Picture, PlanContent, PlanRow


def plan_content(plan: Plan) -> PlanContent:
    """A plan as the page shows it."""
    funded = [line for line in plan.lines if line.units]
    unit = plan.effort_unit
    if not funded:
        sentence = f"No project is expected to return anything for the {plan.budget:g} {unit}s."
    else:
        parts = ", ".join(
            f"{line.units} to {line.key}" for line in sorted(funded, key=lambda line: -line.units)
        )
        sentence = (
            f"The next {plan.budget:g} {unit}s are worth most as {parts}; together they are "
            f"expected to add {plan.value:.3g}."
        )
    notes = (*plan.notes, _certificate(plan))
    return PlanContent(
        budget=plan.budget,
        sentence=sentence,
        rows=tuple(
            PlanRow(
                key=line.key,
                title=line.question,
                units=line.units,
                expected_gain=f"{line.expected_gain:.3g}",
                band=f"{line.low:.3g} to {line.high:.3g}",
                last_unit="" if line.price_of_last_unit is None else f"{line.price_of_last_unit:.2g}",
                reason=line.reason,
            )
            for line in plan.lines
        ),
        certificate=" ".join(notes),
        picture=Picture(
            title="What effort is expected to add, and where the plan stops",
            svg=svg(plan.picture()),
            caption="Each line is one project; its dot is what the plan gives it.",
        )
        if plan.budget
        else None,
    )


def _certificate(plan: Plan) -> str:
    surplus = 100 * (plan.certificate - 1)
    if surplus < 0.01:
        return "No other split of whole units is expected to return more."
    return (
        "Best split of whole units, found by exact search; an independent bound confirms that no "
        f"split can return more than {surplus:.2g} % above it."
    )
