"""Further pictures of the plan, for whoever wants to look behind it."""

from collections.abc import Sequence

from assay.picture import svg
from assay.picture.lifecycle import heading, lifecycles
from assay.portfolio import Plan
from assay.portfolio.answers import Case, information, today_of
from assay.portfolio.pictures import LINES, is_searched_apart, lives
from assay.report.content import Picture

MOST_ATTEMPTS = 40  # each is forgotten once and its curve learnt anew, some 20 ms

CURVES_CAPTION = (
    "The thick line is what the plan adds to a project, a ring stands at the effort spent so far, "
    "a band holds the accuracy in 8 of 10 cases, and over a shaded start-up no accuracy moves. An "
    "attempt may fall short of its curve."
)


def curve_pictures(plan: Plan) -> tuple[Picture, ...]:
    """The curves of those who get most, from their first unit on, with attempts and stages.

    Args:
        plan: the split.
    """
    drawn, _ = lives(plan)
    unit = plan.effort_unit
    return tuple(
        Picture(
            title=life.project,
            svg=svg(lifecycles([life], unit=unit, is_titled=False)),
            caption=heading(life, unit),
        )
        for life in drawn
    )


def further_pictures(plan: Plan, cases: Sequence[Case]) -> tuple[Picture, ...]:
    """The split by budget, what one unit more adds, what accuracy and attempts are worth.

    What a reader could not learn from is left out: returns that are linear for all, and attempts
    that nobody made or that are too many to be forgotten one by one.

    Args:
        plan: the split.
        cases: its projects with their attempts.
    """
    unit, apart = plan.effort_unit, is_searched_apart(plan)
    found = [
        Picture(
            title="If the budget were smaller or larger",
            svg=svg(plan.picture("budgets", is_titled=False)),
            caption=f"Each band is one project; numbers are {unit}s at the largest budget."
            f"{' Each step is one budget: rules may make it jump.' if apart else ''}",
        ),
        Picture(
            title=f"What one {unit} more would add",
            svg=svg(plan.picture("marginal", is_titled=False)),
            caption="A dot stands where the plan stops, the dashed line is what its last "
            f"{unit} adds: beyond a dot a {unit} is worth more elsewhere.{_of_all(plan)}",
        ),
    ]
    if any(not state.returns.is_linear for state in plan.states):
        worth = svg(plan.picture("returns", is_titled=False))
        caption = "A ring is what is expected of a project today, a dot what the plan makes of it."
        found.append(Picture(title="What accuracy is worth", svg=worth, caption=caption))
    return (*found, *_information(plan, cases))


def _information(plan: Plan, cases: Sequence[Case]) -> tuple[Picture, ...]:
    telling = sum(each.tells for case in cases for each in case.tried)
    if not 0 < telling <= MOST_ATTEMPTS:
        return ()
    today = today_of(
        cases,
        budget=plan.budget,
        effort_unit=plan.effort_unit,
        value_unit=plan.value_unit,
    )
    found = information(today)
    caption = (
        "What the plan would lose if one of them alone were forgotten; these values do not add up. "
        f"{found.headline()}."
    )
    title = "What attempts are worth to this plan"
    return (Picture(title=title, svg=svg(found.picture(is_titled=False)), caption=caption),)


def _of_all(plan: Plan) -> str:
    left_out = len(plan.lines) - LINES
    return f" Drawn are the {LINES} that get most." if left_out > 0 else ""
