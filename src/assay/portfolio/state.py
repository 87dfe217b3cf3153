"""From the ledger to what planning sees: each project's curve and the effort spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assay.errors import PlanError
from assay.ledger import History, Ledger, Record, attempt_of, registration_of, verdict_of
from assay.portfolio.curve import AbstractCurve, Curve, KnownCurve
from assay.portfolio.observation import Belief, Observation
from assay.portfolio.plan import Plan, ProjectState, plan_projects
from assay.record import Portfolio, ProjectBody, load_portfolio, project_body
from assay.verdict import optimism

LEAST_SE = 0.005
"""Headroom; gains that are all equal would otherwise claim a score without error."""


@dataclass(frozen=True)
class Point:
    """One attempt as its curve sees it.

    Fields:
        name: of the attempt.
        effort: of the project up to and including it; `None` where an effort is unknown.
        score: headroom, 0 = baseline, 1 = ceiling; `None` where nothing was scored.
        se: standard error of the score, optimism included.
        bound: best headroom before an attempt that broke.
    """

    name: str
    effort: float | None
    score: float | None = None
    se: float | None = None
    bound: float | None = None

    @property
    def kind(self) -> str:
        """`scored`, `not beaten` (scored below an earlier one) or `broke`."""
        if self.score is None:
            return "broke"
        return "not beaten" if self.bound is not None and self.score <= self.bound else "scored"


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
        history = History(source).refresh()
        return plan_from(history, portfolio, budget=budget)
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
    spent = sum(state.effort_spent for state in states)
    if budget is None:
        whole = portfolio.settings.budget if portfolio is not None else None
        if whole is None:
            raise PlanError(
                "plan: no budget is known. Say how much effort there is to split: `--budget 100`, "
                "or `budget = 100` under [portfolio]."
            )
        budget = max(0.0, whole - spent)
    bodies = _bodies(history, portfolio)
    unit = next((body.effort_unit for body in bodies), "person-day")
    return plan_projects(states, budget=budget, effort_unit=unit)


def project_states(
    history: History | None, portfolio: Portfolio | None = None
) -> tuple[ProjectState, ...]:
    """Every project with its curve.

    Args:
        history: the ledger's, up to date; `None` where there is none yet.
        portfolio: its projects replace those that the ledger recorded.
    """
    return tuple(_state(body, history) for body in _bodies(history, portfolio))


def points_of(history: History | None, key: str) -> tuple[Point, ...]:
    """All attempts of a project in order, with the effort summed so far."""
    points: list[Point] = []
    effort = 0.0
    for registration in history.experiments(key) if history is not None else []:
        shown = _sealed_scores(history, registration)
        for place, attempt in enumerate(history.attempts[registration.hash], start=1):
            own = attempt_of(attempt).effort
            effort += own or 0.0
            best = max([0.0, *(point.score for point in points if point.score is not None)])
            known = None if own is None else effort
            points.append(_point(attempt, registration, shown, known, best, place))
    return tuple(points)


def skill_at_ceiling(history: History | None, key: str) -> float:
    """Skill of a perfect model against the latest registered baseline; 1 before registration."""
    registered = history.experiments(key) if history is not None else []
    if not registered:
        return 1.0
    body = registration_of(registered[-1])
    if body.ceiling is None or not body.baseline_open_loss > 0:
        return 1.0
    return float(np.clip(1 - body.ceiling / body.baseline_open_loss, 0.01, 1.0))


def curve_of(body: ProjectBody, points: Sequence[Point]) -> AbstractCurve:
    """A known curve as given, else what belief and attempts say."""
    if body.curve is not None:
        return KnownCurve(body.curve.a, body.curve.b, body.curve.family)
    stated = body.belief
    belief = Belief(stated.share, stated.effort, stated.give_or_take) if stated else None
    seen = [observed for point in points if (observed := _observation(point)) is not None]
    per_day = body.effort_per_person_day
    if not seen:
        return Curve.prior(belief, effort_per_person_day=per_day)
    return Curve.fit(seen, belief, effort_per_person_day=per_day)


def _state(body: ProjectBody, history: History | None) -> ProjectState:
    points = points_of(history, body.key)
    efforts = [point.effort for point in points if point.effort is not None]
    return ProjectState(
        key=body.key,
        question=body.question or body.key,
        importance=body.importance,
        curve=curve_of(body, points),
        effort_spent=max(efforts, default=0.0),
        skill_at_ceiling=skill_at_ceiling(history, body.key),
    )


def _bodies(history: History | None, portfolio: Portfolio | None) -> list[ProjectBody]:
    if portfolio is not None:
        return [project_body(project, portfolio.settings) for project in portfolio.projects]
    found = [record.body for record in history.projects.values()] if history is not None else []
    return [body for body in found if isinstance(body, ProjectBody)]


def _sealed_scores(history: History | None, registration: Record) -> dict[str, dict[str, float]]:
    """Scores on the sealed rows by attempt, once the seal is open."""
    record = history.verdicts.get(registration.hash) if history is not None else None
    if record is None:
        return {}
    return {str(score["name"]): score for score in verdict_of(record).scores}


def _point(
    attempt: Record,
    registration: Record,
    sealed: dict[str, dict[str, float]],
    effort: float | None,
    best: float,
    place: int,
) -> Point:
    """The sealed skill where the seal is open, else the open one, else the bit that it broke."""
    body, terms = attempt_of(attempt), registration_of(registration)
    whole = 1.0
    if terms.ceiling is not None and terms.baseline_open_loss > 0:
        whole = float(np.clip(1 - terms.ceiling / terms.baseline_open_loss, 0.01, 1.0))
    if body.broke is not None:
        return Point(body.name, effort, bound=best)
    shown = sealed.get(body.name)
    if shown is not None and shown.get("skill") is not None:
        se = shown.get("se") or body.open_se or LEAST_SE
        return Point(body.name, effort, shown["skill"] / whole, max(se / whole, LEAST_SE), best)
    if body.open_skill is None or body.open_se is None or not np.isfinite(body.open_se):
        return Point(body.name, effort, bound=None)
    se = body.open_se * float(np.hypot(1.0, optimism(place)))
    return Point(body.name, effort, body.open_skill / whole, max(se / whole, LEAST_SE), best)


def _observation(point: Point) -> Observation | None:
    """What the curve learns; nothing from unknown effort or from a file without open scores."""
    if point.effort is None:
        return None
    if point.score is not None:
        return Observation(point.effort, score=point.score, se=point.se)
    return None if point.bound is None else Observation(point.effort, bound=point.bound)
