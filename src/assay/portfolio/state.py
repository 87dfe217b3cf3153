"""From the ledger to the plan: each project's curve and what was spent on it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict, Unpack

from assay.errors import PlanError
from assay.ledger import History, Ledger, registration_of
from assay.portfolio.by_goal import plan_at_price, plan_for_target
from assay.portfolio.curves import (
    AbstractCurve,
    Belief,
    Curve,
    KnownCurve,
    Observation,
    StageOfWork,
    Stages,
    contradiction,
)
from assay.portfolio.doubt import above_ceiling, check_one_unit, check_units, several_metrics
from assay.portfolio.planning import Plan, plan_projects
from assay.portfolio.point import Point, points_of, skill_at_ceiling, too_steep, unknown_before
from assay.portfolio.project_state import ProjectState
from assay.portfolio.reason import amount
from assay.portfolio.returns import returns_of
from assay.portfolio.rules import NO_RULES, Rules
from assay.portfolio.side_by_side import side_by_side
from assay.record import (
    Portfolio,
    PortfolioSettings,
    ProjectBody,
    load_portfolio,
    project_body,
    starts_of,
)


class Wanted(TypedDict, total=False):
    """What a plan is to meet; at most one is given."""

    budget: float | None
    target: float | None
    price: float | None


class _Named(TypedDict):
    effort_unit: str
    value_unit: str
    rules: Rules


def plan(
    source: Ledger | Portfolio | str | Path,
    *,
    budget: float | None = None,
    target: float | None = None,
    price: float | None = None,
    portfolio: Portfolio | None = None,
) -> Plan:
    """Split a budget over the projects of a ledger or of an `assay.toml`.

    At most one of `budget`, `target` and `price` is given.

    Args:
        source: a ledger; or a portfolio (or the path of one), whose ledger is read if it exists.
        budget: effort to split from now on; by default what the portfolio's budget leaves after
            the effort that is recorded.
        target: value that the plan is to add; the least budget for it is found.
        price: of one unit of effort; the budget up to which effort is worth it is found.
        portfolio: the `assay.toml` that goes with a ledger; by default what the ledger recorded.

    Raises:
        PlanError: no project, no budget, a budget and another goal, or efforts in units of
            different sizes.
    """
    asked: Wanted = {"budget": budget, "target": target, "price": price}
    if isinstance(source, str | Path):
        source = load_portfolio(source)
    if isinstance(source, Ledger):
        return plan_from(History(source).refresh(), portfolio, **asked)
    if not source.ledger.exists():
        return plan_from(None, source, **asked)
    with Ledger(source.ledger, create=False) as ledger:
        return plan_from(History(ledger).refresh(), source, **asked)


def plan_from(
    history: History | None, portfolio: Portfolio | None, **asked: Unpack[Wanted]
) -> Plan:
    """As `plan`, from a history that is up to date, a portfolio, or both.

    Raises:
        PlanError: as for `plan`.
    """
    bodies = bodies_of(history, portfolio)
    check_one_unit(bodies)
    unit = next((body.effort_unit for body in bodies), "")
    return plan_states(project_states(history, portfolio), portfolio, effort_unit=unit, **asked)


def plan_states(
    states: Sequence[ProjectState],
    portfolio: Portfolio | None,
    *,
    effort_unit: str = "",
    budget: float | None = None,
    target: float | None = None,
    price: float | None = None,
) -> Plan:
    """As `plan`, for projects whose curves are known.

    Args:
        states: the projects that compete.
        portfolio: whose rules, units and budget hold; `None` where there is none.
        effort_unit: what one unit of effort is called; by default as the portfolio says.
        budget: as for `plan`.
        target: as for `plan`.
        price: as for `plan`.

    Raises:
        PlanError: as for `plan`.
    """
    asked = {"budget": budget, "target": target, "price": price}
    given = [f"`{name}` = {value:g}" for name, value in asked.items() if value is not None]
    if len(given) > 1:
        raise PlanError(
            f"plan: found {' and '.join(given)}, takes one of them: a budget to split, or a target "
            "or a price that finds the budget. Leave the others out."
        )
    said = portfolio.settings if portfolio is not None else PortfolioSettings()
    named: _Named = {
        "effort_unit": effort_unit or said.effort_unit,
        "value_unit": said.value_unit,
        "rules": rules_of(portfolio),
    }
    if target is not None:
        return plan_for_target(states, target, **named)
    if price is not None:
        return plan_at_price(states, price, **named)
    left = budget_left(states, portfolio) if budget is None else budget
    made = plan_projects(states, budget=left, **named)
    if budget is None and not left:
        spent = amount(sum(state.effort_spent for state in states), made.effort_unit)
        whole = amount(said.budget or 0.0, made.effort_unit)
        note = (
            f"The budget of {whole} is used up: {spent} were spent. Name what there is from now "
            "on, or raise `budget` under [portfolio]."
        )
        return replace(made, notes=(note, *made.notes))
    return made


def rules_of(portfolio: Portfolio | None) -> Rules:
    """What the `[portfolio]` table says of teams and active projects; nothing without one."""
    if portfolio is None:
        return NO_RULES
    return Rules(teams=portfolio.settings.teams, active=portfolio.settings.active)


def budget_left(states: Sequence[ProjectState], portfolio: Portfolio | None) -> float:
    """What the portfolio's budget leaves after the effort spent, 0 where it is overspent.

    Raises:
        PlanError: no portfolio is known, or it states no budget.
    """
    whole = portfolio.settings.budget if portfolio is not None else None
    if whole is None:
        raise PlanError(
            "plan: no budget is known. Say how much effort there is to split: `--budget 100`, "
            "or `budget = 100` under [portfolio]."
        )
    return max(0.0, whole - sum(state.effort_spent for state in states))


def project_states(
    history: History | None, portfolio: Portfolio | None = None
) -> tuple[ProjectState, ...]:
    """Every project with its curve.

    Args:
        history: the ledger's, up to date; `None` where there is none yet.
        portfolio: its projects replace those that the ledger recorded.
    """
    bodies = bodies_of(history, portfolio)
    for body in bodies:
        check_units(body, history)
    tried = [(body, points_of(history, body.key)) for body in bodies]
    learnt = side_by_side(_learnt, tried)
    return tuple(
        _state(body, history, points, *found)
        for (body, points), found in zip(tried, learnt, strict=True)
    )


def curve_of(body: ProjectBody, points: Sequence[Point]) -> AbstractCurve:
    """A known curve as given, else what belief and attempts say."""
    if body.curve is not None:
        return KnownCurve(body.curve.a, body.curve.b, body.curve.family, _stages(body))
    stated = body.belief
    belief = Belief(stated.share, stated.effort, stated.give_or_take) if stated else None
    return Curve.learn(
        _observations(points),
        belief,
        effort_per_person_day=body.effort_per_person_day,
        stages=_stages(body),
    )


def _observations(points: Sequence[Point]) -> list[Observation]:
    seen = (point.observation for point in points)
    return [observed for observed in seen if observed is not None]


def _contradicted(body: ProjectBody, points: Sequence[Point]) -> str:
    """What to do where attempts contradict the shape of a learnt curve; empty where they do not."""
    if body.curve is not None:
        return ""
    rate, stages = body.effort_per_person_day, _stages(body)
    found = contradiction(_observations(points), effort_per_person_day=rate, stages=stages)
    return f"{found.evidence} {found.remedy}" if found is not None else ""


def _stages(body: ProjectBody) -> Stages:
    stated = body.stages or (body.curve.stages if body.curve is not None else None)
    starts = starts_of(stated).items()
    return Stages(tuple(StageOfWork(name, at.begins, at.start_up) for name, at in starts))


def _learnt(tried: tuple[ProjectBody, tuple[Point, ...]]) -> tuple[AbstractCurve, str]:
    """What a project's attempts say: its curve, and where they contradict it. It asks no ledger."""
    return curve_of(*tried), _contradicted(*tried)


def _state(
    body: ProjectBody,
    history: History | None,
    points: Sequence[Point],
    curve: AbstractCurve,
    contradicted: str,
) -> ProjectState:
    efforts = [point.effort for point in points if point.effort is not None]
    registered = history.experiments(body.key) if history is not None else []
    last = registered[-1].hash if registered else None
    # A known curve learns nothing from attempts, so nothing in them bends it.
    unknown = 0 if body.curve is not None else unknown_before(points)
    doubts = (above_ceiling(points), several_metrics(history, body.key), too_steep(unknown))
    notes = (contradicted, _note(history, last))
    if body.curve is None:
        notes = (*notes, *doubts)
    return ProjectState(
        key=body.key,
        question=body.question or body.key,
        importance=body.importance,
        curve=curve,
        effort_spent=max(efforts, default=0.0),
        skill_at_ceiling=_skill_at_ceiling(history, body.key),
        returns=returns_of(body.returns),
        note=" ".join(filter(None, notes)),
        unknown_before=unknown,
        team=body.team,
        needs=body.needs,
        least=body.least,
        most=body.most,
        committed=body.committed,
        attempts=tuple(points),
    )


def _note(history: History | None, last: str | None) -> str:
    """What whoever plans effort should know of the latest registration."""
    if history is None or last is None:
        return ""
    if history.withdrawal(last) is not None:
        return "Its verdict was withdrawn: ask the question again, on new rows."
    if last in history.verdicts:
        return "Its seal is open: a further claim needs new sealed rows."
    return ""


def _skill_at_ceiling(history: History | None, key: str) -> float:
    """Against the baseline that was registered last; 1 before any registration."""
    registered = history.experiments(key) if history is not None else []
    if not registered:
        return 1.0
    terms = registration_of(registered[-1])
    return skill_at_ceiling(terms.ceiling, terms.baseline_open_loss)


def bodies_of(history: History | None, portfolio: Portfolio | None) -> list[ProjectBody]:
    """The projects that a plan is about, in the order of `project_states`.

    Args:
        history: the ledger's, up to date; `None` where there is none yet.
        portfolio: its projects replace those that the ledger recorded.
    """
    if portfolio is not None:
        return [project_body(project, portfolio.settings) for project in portfolio.projects]
    found = [record.body for record in history.projects.values()] if history is not None else []
    return [body for body in found if isinstance(body, ProjectBody)]
