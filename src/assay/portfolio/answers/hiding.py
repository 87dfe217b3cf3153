"""What it would cost this company if failures were not recorded."""

from dataclasses import dataclass, replace

from assay.portfolio.answers.case import Case
from assay.portfolio.answers.information import value_of
from assay.portfolio.answers.today import Today
from assay.portfolio.project_state import ProjectState


@dataclass(frozen=True, kw_only=True)
class Hiding:
    """How much less the plan would bring if nobody had recorded failures.

    Fields:
        failures: attempts that broke or did not beat the best before them.
        attempts: all attempts.
        value: loss if their outcome were not known, in the unit of the plan's values.
        effort: the same as effort; `None` where no unit of effort adds anything.
        value_unspent: loss if the effort that they took were hidden as well, as where nobody
            writes down that anything was tried: the curves then look steeper than they are.
        effort_unspent: the same as effort.
        moved: units that the first of these would send to another project.
    """

    failures: int
    attempts: int
    value: float
    effort: float | None
    value_unspent: float
    effort_unspent: float | None
    moved: int


def cost_of_hiding(today: Today) -> Hiding:
    """Plan with all attempts and with the successes alone, both valued by what all attempts say.

    V(best split) - V(the split that looks best when failures are hidden), V by the curves of all
    attempts. Never negative.

    Args:
        today: the best split, with the projects' attempts.
    """
    failed = {at: case.failures() for at, case in enumerate(today.cases) if case.failures()}
    value = value_of(today, failed)
    shown = [today.above(at, c.without(c.failures())) for at, c in enumerate(today.cases)]
    unspent = [today.above(at, _unspent(case)) for at, case in enumerate(today.cases)]
    value_unspent = today.loss_by(unspent) if failed else 0.0
    given = [
        least + unit for least, unit in zip(today.bounds.least, today.split_by(shown), strict=True)
    ]
    return Hiding(
        failures=sum(map(len, failed.values())),
        attempts=sum(len(case.tried) for case in today.cases),
        value=value,
        effort=today.in_effort(value),
        value_unspent=value_unspent,
        effort_unspent=today.in_effort(value_unspent),
        moved=sum(max(0, now - then) for now, then in zip(today.units, given, strict=True)),
    )


def _unspent(case: Case) -> ProjectState:
    """The project as it looks when failures and the effort that they took are hidden."""
    failed = frozenset(case.failures())
    if not failed:
        return case.state
    spent, hidden, shown = 0.0, 0.0, []
    for at, each in enumerate(case.tried):
        effort = each.point.effort
        own = 0.0 if effort is None else effort - spent
        spent += own
        hidden += own if at in failed else 0.0
        if at not in failed:
            known = None if effort is None else effort - hidden
            shown.append(replace(each.point, effort=known))
    effort_spent = max(0.0, case.state.effort_spent - hidden)
    return replace(case.state, curve=case.learn(shown), effort_spent=effort_spent)
