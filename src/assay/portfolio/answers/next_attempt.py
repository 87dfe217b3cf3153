"""Which attempt to make next, and where to stop: attempts not yet made, by what they may show."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.errors import PlanError
from assay.ledger import Tell
from assay.ledger.telling import silent
from assay.portfolio.answers.imagined import Possible, possible
from assay.portfolio.answers.today import ROUNDING, Today, first_best
from assay.portfolio.kinds import Floats
from assay.portfolio.reason import amount, figure

STEPS = (1, 2, 5)
OUTCOMES = 64
SEED = 717
SURE = 2.0  # standard errors by which a value must exceed 0 to be told from it


@dataclass(frozen=True, kw_only=True)
class NextAttempt:
    """One more attempt on a project, before the rest of the budget is planned.

    Fields:
        project: its key.
        step: units of effort that it takes.
        units: what the project gets today.
        next_unit_gain: expected value of the project's next unit.
        information: expected value of knowing the outcome when the budget is planned, if it cost
            nothing; never negative.
        se: standard error of `information` from the outcomes drawn.
        effort: `information` as effort; `None` where no unit of effort adds anything.
        net: expected value of spending the step here first and planning the rest once its outcome
            is known, less that of today's plan; negative where the step is not worth its effort.
        net_se: standard error of `net`.
        changes: share of the outcomes that would change the plan.
        fewest: units that the project would get after the outcome worst for it.
        most: units that it would get after the best.
        outcomes: how many were drawn; 0 where the curve is known.
    """

    project: str
    step: int
    units: int
    next_unit_gain: float
    information: float
    se: float
    effort: float | None
    net: float
    net_se: float
    changes: float
    fewest: int
    most: int
    outcomes: int


@dataclass(frozen=True, kw_only=True)
class Next:
    """What one more attempt on each project may be worth.

    Fields:
        attempts: for each project and step.
        best: of greatest `net`, where that is clearly above 0; `None` where there is none.
        verdicts: for each project a sentence that says whether to go on.
    """

    attempts: tuple[NextAttempt, ...]
    best: NextAttempt | None
    verdicts: tuple[tuple[str, str], ...]


def next_attempts(
    today: Today,
    *,
    steps: Sequence[int] = STEPS,
    outcomes: int = OUTCOMES,
    seed: int = SEED,
    tell: Tell = silent,
) -> Next:
    """What one more attempt on each project is expected to be worth to the plan.

    The outcomes are drawn from what the project's curve foretells, the same random numbers for all
    projects. After each the curve is weighed anew and the budget split anew, exactly; what the
    split of today would bring under the same curve is taken off, so that no draw is negative and
    their mean estimates the value of the information.

    Args:
        today: the best split, with the projects' attempts.
        steps: units of effort that the attempt may take; those above what the project can get are
            left out.
        outcomes: how many are drawn.
        seed: of the outcomes.
        tell: is told how many projects are done.

    Raises:
        PlanError: `steps` has no number or one below 1, or `outcomes` is below 2.

    Source: Raiffa & Schlaifer (1961), preposterior analysis; Frazier, Powell & Dayanik (2009) for
        the value of one observation of many.
    """
    if not steps or min(steps) < 1:
        raise PlanError(f"next attempt: the steps are {list(steps)}, must be units from 1 on.")
    if outcomes < 2:
        raise PlanError(f"next attempt: `outcomes` is {outcomes}, must be 2 or more.")
    found, verdicts = [], []
    for at, case in enumerate(today.cases):
        tell("projects", at, len(today.cases))
        units = today.bounds.units(at, today.free)
        curves = possible(case, today.values[at], units)
        asked = sorted({step for step in steps if step <= units[-1]})
        here = [_of_step(today, at, curves, step, outcomes, seed) for step in asked]
        found += here
        verdicts.append((case.state.key, _verdict(here, today.effort_unit)))
    worth = [each for each in found if each.net > SURE * each.net_se and each.net > 0]
    best = max(worth, key=lambda each: each.net, default=None)
    return Next(attempts=tuple(found), best=best, verdicts=tuple(verdicts))


def _of_step(
    today: Today, at: int, curves: Possible | None, step: int, outcomes: int, seed: int
) -> NextAttempt:
    rest, values, least = today.rest(at), today.values[at], today.bounds.least[at]
    first_units = max(0, step - least)  # the least covers a part of the step, or all of it
    if curves is None:
        after = values[None, :]
    else:
        after = curves.values_after(step, curves.outcomes(step, outcomes, seed))
    worth = _of_knowing(rest, values, after, 0)
    first = _of_knowing(rest, values, after, first_units)
    total = rest + values
    forced = float(total[first_units:].max() - total.max())
    units = [least + first_best(rest + row) for row in after]
    information = float(worth.mean())
    return NextAttempt(
        project=today.cases[at].state.key,
        step=step,
        units=today.units[at],
        next_unit_gain=float(today.whole[at][1]),
        information=information,
        se=_standard_error(worth),
        effort=today.in_effort(information),
        net=forced + float(first.mean()),
        net_se=_standard_error(first),
        changes=float(np.mean(worth > 0)),
        fewest=min(units),
        most=max(units),
        outcomes=0 if curves is None else outcomes,
    )


def _of_knowing(rest: Floats, values: Floats, after: Floats, least: int) -> Floats:
    """What each outcome gains by another split, of those that give the project `least` or more."""
    planned = least + first_best((rest + values)[least:])
    totals = (rest + after)[:, least:]
    gained = totals.max(axis=1) - totals[:, planned - least]
    return np.where(gained > ROUNDING * np.abs(totals).max(axis=1), gained, 0.0)


def _standard_error(draws: Floats) -> float:
    return float(draws.std(ddof=1) / np.sqrt(draws.size)) if draws.size > 1 else 0.0


def _verdict(steps: Sequence[NextAttempt], unit: str) -> str:
    if not steps:
        return "There is no effort left for another attempt."
    if not steps[0].outcomes:
        return "Its curve is known: an attempt teaches nothing that would change the plan."
    if all(each.changes == 0 for each in steps):
        stop = "Go on as planned" if steps[0].units else "Stop"
        return f"{stop}: no outcome of one more attempt, of those drawn, would change the plan."
    best = max(steps, key=lambda each: each.net)
    if best.net <= 0:
        return (
            f"Wait: {amount(best.step, unit)} here first would cost the plan "
            f"{figure(-best.net)} more than the outcome is worth."
        )
    return (
        f"Go on: {amount(best.step, unit)} here first, and the plan anew after the outcome, are "
        f"worth {figure(best.net)}; it would then get {best.fewest:,} to {best.most:,}."
    )
