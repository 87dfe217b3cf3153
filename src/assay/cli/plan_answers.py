"""What else `assay plan` is asked: options as typed, and the answers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assay.cli.progress import telling
from assay.errors import ConfigError, PlanError

if TYPE_CHECKING:
    from assay.ledger import Tell
    from assay.portfolio import Plan
    from assay.portfolio.answers import Case, Crossing, DataPlan, Information, Today
    from assay.record import Portfolio

ANSWERS_DRAWN = ("information", "credit")
Factors = tuple[str, tuple[float, ...]]
"""Key of a project, and factors on its importance."""


@dataclass(frozen=True)
class Asked:
    """Which answers are wanted beside the plan.

    Fields:
        why: what would change each line.
        information: what past attempts are worth.
        next: which attempt to make next.
        frontier: where stages of work begin to pay.
        importance: importances of one project to split for.
        credit: whose attempts the plan rests on.
        data: where labelling competes.
    """

    why: bool = False
    information: bool = False
    next: bool = False
    frontier: bool = False
    importance: Factors | None = None
    credit: bool = False
    data: bool = False

    def and_to_draw(self, kind: str) -> "Asked":
        """The same, and what a picture of this kind is drawn from."""
        return replace(self, **{kind: True}) if kind in ANSWERS_DRAWN else self

    def anything(self) -> bool:
        """Whether there is any question at all."""
        return self != Asked()


def read_factors(text: str) -> Factors:
    """A project and factors as typed: `pricing=0.5,2,8`.

    Raises:
        ConfigError: no key before `=`, or a factor that is no number above 0.
    """
    key, _, said = text.partition("=")
    try:
        factors = tuple(float(part) for part in said.split(","))
    except ValueError:
        factors = ()
    if not key or not factors or not all(0 < factor < math.inf for factor in factors):
        raise ConfigError(
            f"--importance is {text!r}, must be a project and numbers above 0. Write "
            "demand=0.5,2,8 for half, twice and eight times the importance of demand."
        )
    return key, factors


def answers_of(
    asked: Asked, portfolio: "Portfolio", cases: Sequence["Case"], plan: "Plan"
) -> tuple["Plan", dict[str, Any]]:
    """The plan, its lines with what would change them if that was asked, and the answers by name.

    Args:
        asked: which are wanted.
        portfolio: whose projects compete.
        cases: these projects, with their curves and attempts.
        plan: what the answers are about.

    Raises:
        PlanError: there is nothing that could be answered, such as credit without attempts.
    """
    if not asked.anything():
        return plan, {}
    from assay.portfolio.answers import today_of, with_changes

    with telling() as tell:
        today = today_of(
            cases,
            budget=plan.budget,
            effort_unit=plan.effort_unit,
            value_unit=plan.value_unit,
        )
        answers = {
            name: find(asked, portfolio, today, tell)
            for name, find in _FINDERS.items()
            if getattr(asked, name)
        }
        return (with_changes(plan, today, tell) if asked.why else plan), answers


def caution(asked: Asked, portfolio: "Portfolio", cases: Sequence["Case"]) -> str:
    """What the answers leave out of account, in a sentence; empty where that is nothing."""
    from assay.portfolio import rules_of
    from assay.portfolio.answers import left_out

    # What moves with importance is planned anew, under all rules.
    if replace(asked, importance=None) == Asked():
        return ""
    rules = left_out([case.state for case in cases], rules_of(portfolio))
    keep = "keep" if asked.importance is not None else "keeps"
    also = " and the split by importance" if asked.importance is not None else ""
    without = f"These answers describe the best split without {rules}"
    return f"{without}; the plan{also} {keep} them." if rules else ""


def _information(
    asked: Asked, portfolio: "Portfolio", today: "Today", tell: "Tell"
) -> dict[str, Any]:
    from assay.portfolio.answers import cost_of_hiding, information

    if not any(case.tried for case in today.cases):
        raise PlanError(
            "information: no attempt is recorded, so nothing was found out yet. Record attempts "
            "with `assay attempt` or `assay run`, or import them."
        )
    found: Information = information(today, tell)
    return {"worth": found, "hiding": cost_of_hiding(today)}


def _next(asked: Asked, portfolio: "Portfolio", today: "Today", tell: "Tell") -> Any:
    from assay.portfolio.answers import next_attempts

    return next_attempts(today, tell=tell)


def _frontier(
    asked: Asked, portfolio: "Portfolio", today: "Today", tell: "Tell"
) -> "tuple[Crossing, ...]":
    from assay.portfolio.answers import frontier
    from assay.record import starts_of

    said = {
        project.key: project.curve.stages if project.curve is not None else project.stages
        for project in portfolio.projects
    }
    stages = {
        key: {str(name): start.begins for name, start in starts_of(each).items()}
        for key, each in said.items()
        if each
    }
    if not stages:
        raise PlanError(
            "frontier: no project says where its stages of work begin. Write for example "
            "curve = { a = 10, b = 1, stages = { deep = 40, research = 90 } }."
        )
    return frontier(today, stages, tell=tell)


def _importance(
    asked: Asked, portfolio: "Portfolio", today: "Today", tell: "Tell"
) -> dict[str, Any] | None:
    if asked.importance is None:
        return None
    from assay.portfolio import rules_of
    from assay.portfolio.answers import importance_sweep

    key, factors = asked.importance
    states = [case.state for case in today.cases]
    rules = rules_of(portfolio)
    table = importance_sweep(states, budget=today.budget, key=key, factors=factors, rules=rules)
    return {"project": key, "factors": list(factors), "split": table.to_dicts()}


def _credit(asked: Asked, portfolio: "Portfolio", today: "Today", tell: "Tell") -> Any:
    from assay.portfolio.answers import credit

    return credit(today, tell=tell)


def _data(asked: Asked, portfolio: "Portfolio", today: "Today", tell: "Tell") -> "DataPlan":
    from assay.portfolio.answers import Labelling, with_more_data

    known = {
        project.key: Labelling(
            rows=project.labelling.rows,
            rows_per_unit=project.labelling.per_unit,
            skills=tuple(
                (rows, skill, project.labelling.give_or_take)
                for rows, skill in project.labelling.skill.items()
            ),
        )
        for project in portfolio.projects
        if project.labelling is not None
    }
    return with_more_data(today, known)


_FINDERS: dict[str, Callable[[Asked, "Portfolio", "Today", "Tell"], Any]] = {
    "information": _information,
    "next": _next,
    "frontier": _frontier,
    "importance": _importance,
    "credit": _credit,
    "data": _data,
}
