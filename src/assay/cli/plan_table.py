"""A plan on the terminal: what each project gets, and under it why."""

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from assay.cli.terminal import console, pairs, table

if TYPE_CHECKING:
    from rich.table import Table

    from assay.portfolio import Plan, PlanLine

HEAD_WIDTH = 12  # of a heading, so that the table fits 80 columns


def show_plan(plan: "Plan") -> None:
    """One plan: its sentence, its table, its reasons, its certificate."""
    out = console()
    out.print(plan.headline(), style="bold")
    out.print()
    out.print(_lines(plan))
    out.print()
    out.print(pairs([(line.key, line.reason) for line in plan.lines]))
    out.print()
    for words in (*plan.notes, certificate(plan)):
        out.print(words, style="dim")


def certificate(plan: "Plan") -> str:
    """How sure it is that no other split is worth more."""
    if plan.certificate <= 1 + 1e-9:
        return "No split of this budget is worth more, for these curves."
    most = 100 * (plan.certificate - 1)
    return f"No split of this budget is worth over {most:.2g} % more, for these curves."


def show_budgets(plans: Sequence["Plan"]) -> None:
    """Units that each project gets, a column for each budget."""
    names = [f"{plan.budget:,}" for plan in plans]
    shown = table("project", *names, right=tuple(names), wraps=("project",))
    for rows in zip(*(plan.lines for plan in plans), strict=True):
        shown.add_row(rows[0].key, *(f"{line.units:,}" for line in rows))
    brings = f"worth, {plans[0].value_unit}" if plans[0].value_unit else "worth"
    shown.add_row(brings, *(_figure(plan.value) for plan in plans), style="dim")
    out = console()
    out.print(f"{plans[0].effort_unit.capitalize()}s by budget", style="bold")
    out.print()
    out.print(shown)


def head(name: str, plan: "Plan") -> str:
    """Heading of a column of values: its name, and below it their unit, where they have one."""
    return "\n".join((name, *wrap(plan.value_unit, HEAD_WIDTH)))


def _lines(plan: "Plan") -> "Table":
    unit = f"{plan.effort_unit}s"
    numbers = (unit, head("worth", plan), "80 % between", "the last adds", "one more")
    shown = table("project", *numbers, right=numbers, wraps=("project",))
    for line in plan.lines:
        shown.add_row(line.key, *_cells(line))
    total = sum(line.units for line in plan.lines)
    shown.add_row("together", f"{total:,}", _figure(plan.value), "", "", "", style="dim")
    return shown


def _cells(line: "PlanLine") -> tuple[str, ...]:
    last = "–" if line.price_of_last_unit is None else _figure(line.price_of_last_unit)
    between = f"{_figure(line.low)} to {_figure(line.high)}" if line.low < line.high else "–"
    return (
        f"{line.units:,}",
        _figure(line.expected_gain),
        between,
        last,
        _figure(line.next_unit_gain),
    )


def _figure(value: float) -> str:
    from assay.portfolio.reason import figure

    return figure(value)
