"""What would change a project's part of the plan: the smallest step in importance or evidence."""

from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from math import log

import numpy as np

from assay.ledger import Tell
from assay.ledger.telling import silent
from assay.portfolio.answers.frontier import least_factor
from assay.portfolio.answers.imagined import possible
from assay.portfolio.answers.today import Today, first_best
from assay.portfolio.planning import Plan
from assay.portfolio.reason import amount

SCORES = np.linspace(-0.2, 1.0, 121)  # headroom, 0.01 apart
MODEST = Decimal(100)  # factors beyond it, or below its inverse, are told by their power of ten
TIE = 1e-9  # relative; nearer than this, two splits count as worth the same
BELOW = (
    "Expected is the mean of all outcomes, some of which fall far below the baseline; a score as "
    "low as that says that there may be little to gain."
)
STEP = 1  # units of effort of the attempt that is imagined


def with_changes(plan: Plan, today: Today, tell: Tell = silent) -> Plan:
    """The plan, each line with what would change it.

    Args:
        plan: of the same projects and budget as `today`.
        today: the best split, with the projects' attempts.
        tell: is told how many lines are done.
    """
    lines = []
    for at, line in enumerate(plan.lines):
        tell("projects", at, len(plan.lines))
        lines.append(replace(line, what_would_change=what_would_change(today, at)))
    return replace(plan, lines=tuple(lines))


def what_would_change(today: Today, at: int) -> str:
    """The smallest changes that would move at least one unit to or from a project, in words.

    Args:
        today: the best split.
        at: place of the project.
    """
    if today.budget == 0:
        return "There is nothing to split."
    said = [_by_importance(today, at), _by_attempt(today, at)]
    return " ".join(filter(None, said)) or "No importance and no outcome would change its part."


def _by_importance(today: Today, at: int) -> str:
    """The nearer of two factors: the one that brings a unit, the one that takes a unit away."""
    rest, values = today.rest(at), today.values[at]
    given = today.units[at] - today.bounds.least[at]
    more, less = least_factor(rest, values, given + 1), least_factor(rest, values, given)
    factors = [
        (abs(log(factor)), factor, words)
        for factor, words in ((more, "bring it more"), (less, "take some away"))
        if factor is not None and factor > 0
    ]
    if not factors:
        return ""
    _, factor, words = min(factors)
    return f"Importance times {_factor(factor)} would {words}."


def _by_attempt(today: Today, at: int) -> str:
    """The outcome nearest to what is expected of one more attempt that would move a unit."""
    units = today.bounds.units(at, today.free)
    curves = possible(today.cases[at], today.values[at], units)
    if curves is None:
        return ""
    rest, given, least = today.rest(at), today.units[at], today.bounds.least[at]
    after = curves.values_after(STEP, SCORES)
    units = np.array([least + first_best(rest + row) for row in after])
    expected = float(np.mean(curves.outcomes(STEP, 256, 0)))
    moved = np.flatnonzero(units != given)
    if not moved.size:
        return "No outcome of one more attempt would change its part."
    nearest = int(moved[np.argmin(np.abs(SCORES[moved] - expected))])
    moves = f"would move it from {given:,} to {int(units[nearest]):,}."
    attempt = f"attempt of {amount(STEP, today.effort_unit)}"
    skill = today.cases[at].state.skill_at_ceiling
    outcome, hoped = f"{skill * SCORES[nearest]:.2f}", f"{skill * expected:.2f}"
    below = f" {BELOW}" if expected < 0 else ""
    if outcome == hoped:
        return f"One more {attempt} that scores as expected, a skill of {hoped}, {moves}{below}"
    return f"One more {attempt} with a skill of {outcome} ({hoped} is expected) {moves}{below}"


def _factor(factor: float) -> str:
    """Enough digits to tell it from 1, rounded away from 1 so that the sentence stays true.

    At the factor itself both splits are worth the same, so what is told lies beyond it.
    """
    away = ROUND_FLOOR if factor < 1 else ROUND_CEILING
    beyond = Decimal(factor * (1.0 - TIE if factor < 1 else 1.0 + TIE))
    digits = 2
    while digits < 6 and f"{factor:.{digits}f}" == f"{1:.{digits}f}":
        digits += 1
    rounded = beyond.quantize(Decimal(1).scaleb(-digits), rounding=away)
    if 1 / MODEST <= rounded <= MODEST:
        return f"{rounded:f}"
    return f"{Context(prec=2, rounding=away).create_decimal(beyond):.1e}"
