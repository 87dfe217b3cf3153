"""From the ledger to the plan: each project's curve and what was spent on it."""

from collections.abc import Sequence
from pathlib import Path

from assay.errors import PlanError
from assay.ledger import History, Ledger, registration_of
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
from assay.portfolio.planning import Plan, plan_projects
from assay.portfolio.point import Point, points_of, skill_at_ceiling, too_steep, unknown_before
from assay.portfolio.project_state import ProjectState
from assay.portfolio.returns import returns_of
from assay.portfolio.rules import NO_RULES, Rules
from assay.portfolio.side_by_side import side_by_side
from assay.record import Portfolio, ProjectBody, load_portfolio, project_body, starts_of


def plan(
    source: Ledger | Portfolio | str | Path,
    *,
    budget: float | None = None,
    portfolio: Portfolio | None = None,
) -> Plan:
    """Split a budget over the projects of a ledger or of an `assay.toml`.

    Args:
        source: a ledger; or a portfolio (or the path of one), whose ledger is read if it exists.
        budget: effort to split from now on; by default what the portfolio's budget leaves after
            the effort that is recorded.
        portfolio: the `assay.toml` that goes with a ledger; by default what the ledger recorded.

    Raises:
        PlanError: no project, or no budget.
    """
    if isinstance(source, str | Path):
        source = load_portfolio(source)
    if isinstance(source, Ledger):
        return plan_from(History(source).refresh(), portfolio, budget=budget)
    if not source.ledger.exists():
        return plan_from(None, source, budget=budget)
    with Ledger(source.ledger, create=False) as ledger:
        return plan_from(History(ledger).refresh(), source, budget=budget)


def plan_from(
    history: History | None, portfolio: Portfolio | None, *, budget: float | None = None
) -> Plan:
    """As `plan`, from a history that is up to date, a portfolio, or both.

    Raises:
        PlanError: no project, or no budget.
    """
    states = project_states(history, portfolio)
    left = budget_left(states, portfolio) if budget is None else budget
    unit = next((body.effort_unit for body in bodies_of(history, portfolio)), "person-day")
    return plan_projects(states, budget=left, effort_unit=unit, rules=rules_of(portfolio))


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
    tried = [(body, points_of(history, body.key)) for body in bodies_of(history, portfolio)]
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
    # A known curve learns nothing from attempts, so no unknown effort bends it.
    unknown = 0 if body.curve is not None else unknown_before(points)
    notes = (contradicted, _note(history, last), too_steep(unknown))
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
