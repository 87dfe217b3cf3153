"""The plan, which the report shows first."""

from collections.abc import Mapping, Sequence

from assay.picture import svg
from assay.portfolio import Plan, PlanLine, ProjectState
from assay.portfolio.answers import Case
from assay.report.build_plan_pictures import CURVES_CAPTION, curve_pictures, further_pictures
from assay.report.content import Picture, PlanContent, PlanRow

AGAIN = "Spend a part, record what came of it, and plan again."


def plan_content(
    plan: Plan, cautions: Mapping[str, str], cases: Sequence[Case] = ()
) -> PlanContent:
    """A plan as the page shows it: those who get most first.

    Args:
        plan: the split.
        cautions: a sentence to be put after a project's reason, by its key; may be empty.
        cases: its projects with their attempts; without them no attempt is valued.
    """
    ranked = sorted(plan.lines, key=lambda line: -line.units)
    states = {state.key: state for state in plan.states}
    caption = f"Each line is one project, each dot what the plan gives it. {_bars(plan)}".rstrip()
    return PlanContent(
        budget=plan.budget,
        sentence=_sentence(plan, [line for line in ranked if line.units]),
        value_unit=plan.value_unit,
        rows=tuple(_row(line, states[line.key], cautions.get(line.key, "")) for line in ranked),
        certificate=" ".join((*plan.notes, _certificate(plan), AGAIN)),
        picture=Picture(
            title="What effort is expected to add, and where the plan stops",
            svg=svg(plan.picture(is_titled=False)),
            caption=caption,
        )
        if plan.budget
        else None,
        curves=curve_pictures(plan) if plan.budget else (),
        curves_caption=CURVES_CAPTION,
        further=further_pictures(plan, cases) if plan.budget else (),
    )


def _sentence(plan: Plan, funded: list[PlanLine]) -> str:
    budget = f"{plan.budget:,} {plan.effort_unit}{'' if plan.budget == 1 else 's'}"
    if not funded:
        return f"No project is expected to return anything for {budget}."
    parts = [f"{line.units:,} to {line.key}" for line in funded]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return (
        f"The next {budget} {'is' if plan.budget == 1 else 'are'} worth most split as {listed}. "
        f"Together they are expected to return {_figure(plan.value)} "
        f"{plan.value_unit or '(points of skill × importance)'}."
    )


def _row(line: PlanLine, state: ProjectState, caution: str) -> PlanRow:
    """What a project gains in points and what that is worth; nothing where it gets nothing."""
    reason = " ".join(filter(None, [line.reason, caution]))
    asked = {"key": line.key, "title": line.question, "units": line.units, "reason": reason}
    if not line.units:
        return PlanRow(**asked, expected_gain="", band="", worth="", last_unit="")
    low, high = state.points_added_band(line.units)
    return PlanRow(
        **asked,
        expected_gain=f"+{line.points:.1f} points",
        band=_band(low, high) if low < high else "",
        worth=_figure(line.expected_gain),
        last_unit=_figure(line.price_of_last_unit or 0.0),
    )


def _figure(value: float) -> str:
    """As many digits as a reader uses, in columns that line up: 119, 51.4, 0.96."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.{1 if abs(value) >= 10 else 2}f}"


def _band(low: float, high: float) -> str:
    """Both ends alike, and no finer than a range deserves."""
    decimals = 0 if high >= 10 else 1
    return f"{low:.{decimals}f} to {high:,.{decimals}f}"


def _bars(plan: Plan) -> str:
    unsure = any(line.low < line.high for line in plan.lines)
    return "Its bar holds the gain in 8 of 10 cases." if unsure else ""


def _certificate(plan: Plan) -> str:
    surplus = 100 * (plan.certificate - 1)
    if surplus < 0.01:
        return "For these curves no other split of whole units is expected to return more."
    return (
        "Found by exact search: for these curves no other split of whole units is expected to "
        f"return more. A bound that does not rely on the search leaves at most {surplus:.2g} %."
    )
