"""Answers to a plan on the terminal: each a heading, a table, and what it means in a sentence."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from assay.cli.plan_table import head
from assay.cli.terminal import console, pairs, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from assay.portfolio import Plan
    from assay.portfolio.answers import Credit, Crossing, DataPlan, Next, NextAttempt

    Shown = tuple[str, RenderableType, tuple[str, ...]]

MOST_ATTEMPTS = 15  # rows; --json has them all


def show_answers(answers: Mapping[str, Any], plan: "Plan", without: str) -> None:
    """Every answer, and what would change each line where that was asked.

    Args:
        answers: by name, as `answers_of` gives them.
        plan: what they are about.
        without: what they leave out of account; empty where that is nothing.
    """
    shown = [_SHOWN[name](found, plan) for name, found in answers.items()]
    if any(line.what_would_change for line in plan.lines):
        changes = pairs([(line.key, line.what_would_change) for line in plan.lines])
        shown.append(("What would change it", changes, ()))
    out = console()
    if without:
        out.print()
        out.print(without, style="dim")
    for heading, rows, sentences in shown:
        out.print()
        out.print(heading, style="bold")
        out.print()
        out.print(rows)
        for sentence in sentences:
            out.print()
            out.print(sentence, style="dim")


def _information(found: Mapping[str, Any], plan: "Plan") -> "Shown":
    worth, hiding = found["worth"], found["hiding"]
    unit = f"{plan.effort_unit}s"
    brings = head("worth", plan)
    rows = table("project", "attempt", "", brings, unit, right=(brings, unit), wraps=("attempt",))
    told = [each for each in worth.attempts if each.value > 0][:MOST_ATTEMPTS]
    for each in told:
        rows.add_row(each.project, each.attempt, each.kind, *_both(each.value, each.effort))
    for each in worth.failures:
        what = f"its {_count(each.failures, 'failure')} together"
        rows.add_row(each.project, what, "", *_both(each.value, each.effort), style="dim")
    all_of_it = _both(worth.everything, worth.everything_effort)
    rows.add_row("together", _count(len(worth.attempts), "attempt"), "", *all_of_it)
    others = len(worth.attempts) - len(told)
    same = f"Not shown: {_count(others, 'attempt')} worth less, or nothing, to this plan."
    hidden = "No attempt failed, so no failure could be hidden."
    if hiding.failures:
        hidden = (
            f"If the {_count(hiding.failures, 'failure')} had not been recorded, the plan would "
            f"send {_count(hiding.moved, plan.effort_unit)} elsewhere and bring "
            f"{_worth(hiding.value, plan)} less{_of_effort(hiding.effort, plan)}; with the effort "
            f"of the failures hidden too, {_worth(hiding.value_unspent, plan)} less"
            f"{_of_effort(hiding.effort_unspent, plan)}."
        )
    return "What attempts are worth to this plan", rows, ((same,) if others else ()) + (hidden,)


def _next(found: "Next", plan: "Plan") -> "Shown":
    from rich.console import Group

    step = f"{plan.effort_unit}s"
    names = (step, head("outcome", plan), "±", "net", "changes", "gets")
    rows = table("project", *names, right=names, wraps=("project",))
    for key, _ in found.verdicts:
        here = [each for each in found.attempts if each.project == key]
        for each in sorted(here, key=lambda each: -each.net)[:1]:
            rows.add_row(key, f"{each.step:,}", *_of_attempt(each))
    best = found.best
    first = (
        "No attempt is clearly worth more for its outcome than for what the plan expects of it: "
        "follow the plan."
        if best is None
        else f"Next: {_count(best.step, plan.effort_unit)} on {best.project}."
    )
    words = (
        "Outcome: of knowing it, if that cost nothing. Net: of spending the effort there first and "
        "planning the rest anew. Of each project the step with the best net is shown."
    )
    verdicts = pairs(list(found.verdicts))
    return "What one more attempt may be worth", Group(rows, "", verdicts), (first, words)


def _of_attempt(each: "NextAttempt") -> tuple[str, ...]:
    span = f"{each.fewest:,}" if each.fewest == each.most else f"{each.fewest:,}–{each.most:,}"
    figures = (_figure(each.information), _figure(each.se), _figure(each.net))
    return (*figures, f"{each.changes:.0%}", span)


def _frontier(found: "tuple[Crossing, ...]", plan: "Plan") -> "Shown":
    names = ("from", "more", "gets", "budget", "importance ×")
    rows = table("project", "stage", *names, right=names, wraps=("project",))
    for each in found:
        budget = f"over {each.searched:,}" if each.budget is None else f"{each.budget:,}"
        factor = "none" if each.importance is None else f"{each.importance:.2f}"
        figures = (f"{each.begins:,g}", f"{each.units:,}", f"{each.given:,}", budget, factor)
        rows.add_row(each.project, each.stage, *figures)
    words = (
        "Budget: the least whose best split takes the project to the stage. Importance: the factor "
        f"from which on {_count(plan.budget, plan.effort_unit)} do; below 1 they do so today."
    )
    return "Where stages of work begin to pay", rows, (words,)


def _importance(found: Mapping[str, Any], plan: "Plan") -> "Shown":
    split, factors = found["split"], found["factors"]
    names = [f"× {factor:g}" for factor in factors]
    rows = table("project", *names, right=tuple(names), wraps=("project",))
    per_factor = len(split) // len(factors)
    for at in range(per_factor):
        units = [f"{row['units']:,}" for row in split[at::per_factor]]
        rows.add_row(split[at]["project"], *units)
    return f"{plan.effort_unit.capitalize()}s by importance of {found['project']}", rows, ()


def _credit(found: "Credit", plan: "Plan") -> "Shown":
    unit = f"{plan.effort_unit}s"
    names = ("attempts", "failed", head("share", plan), "±", unit, "missed", "by failures")
    rows = table("author", *names, right=names, wraps=("author",))
    for each in found.authors:
        figures = [_figure(each.share), _figure(each.share_se), _effort(each.share_effort)]
        lone = [_figure(each.missed), _figure(each.of_failures)]
        rows.add_row(each.author, f"{each.attempts:,}", f"{each.failures:,}", *figures, *lone)
    rows.add_row("together", "", "", _figure(found.total), "", _effort(found.total_effort), "", "")
    how = "all" if found.is_exact else "drawn"
    orders = _count(found.orders, "order")
    words = (
        f"Share: of what all attempts are worth to this plan, over {orders} of the authors "
        f"({how}). Missed: what the plan would lose without an author's attempts; by "
        "failures: without the failed ones alone."
    )
    return "Whose attempts this plan rests on", rows, (words,)


def _data(found: "DataPlan", plan: "Plan") -> "Shown":
    unit = f"{plan.effort_unit}s"
    names = (unit, "before", "labelling", "rows", head("worth", plan), "first adds")
    rows = table("project", *names, right=names, wraps=("project",))
    for each in found.projects:
        counts = [f"{n:,}" for n in (each.units, each.units_before, each.labelling, each.rows)]
        first = _figure(each.first_unit) if each.is_known else "unknown"
        rows.add_row(each.project, *counts, _figure(each.value), first)
    without = [each.project for each in found.projects if not each.is_known]
    words = (
        f"With labelling the budget is worth {_worth(found.value, plan)}, without it "
        f"{_worth(found.before, plan)}. What models and rows bring is taken to add up.",
    )
    if without:
        where = ", ".join(without)
        words += (f"No learning curve is known of {where}: labelling counts nothing there.",)
    return "Where labelling further rows competes", rows, words


_SHOWN: dict[str, Callable[[Any, "Plan"], "Shown"]] = {
    "information": _information,
    "next": _next,
    "frontier": _frontier,
    "importance": _importance,
    "credit": _credit,
    "data": _data,
}


def _both(value: float, effort: float | None) -> Iterable[str]:
    return _figure(value), _effort(effort)


def _effort(effort: float | None) -> str:
    return "–" if effort is None else _figure(effort)


def _of_effort(effort: float | None, plan: "Plan") -> str:
    return "" if effort is None else f" ({_figure(effort)} {plan.effort_unit}s)"


def _count(count: int, name: str) -> str:
    return f"{count:,} {name}" + ("" if count == 1 else "s")


def _worth(value: float, plan: "Plan") -> str:
    from assay.portfolio.reason import worth

    return worth(value, plan.value_unit)


def _figure(value: float) -> str:
    from assay.portfolio.reason import figure

    return figure(value)
