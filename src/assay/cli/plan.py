"""`assay plan`: how a budget is best split."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.budgets import read_budgets
from assay.cli.drawing import check_picture, draw
from assay.cli.options import AsJson, Budget, LedgerFile, PortfolioPath
from assay.cli.plan_table import show_budgets, show_plan
from assay.cli.teach import command
from assay.cli.terminal import answer, aside, working
from assay.cli.workspace import open_ledger, portfolio_at

if TYPE_CHECKING:
    from assay.ledger import History
    from assay.portfolio import Plan
    from assay.record import Portfolio

Picture = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Draw the plan (of the first budget): .svg, .png or .html.",
        show_default="none",
    ),
]


def add(app: typer.Typer) -> None:
    """Announce `assay plan`."""

    @command(
        app,
        "plan",
        purpose="Split a budget of effort over the projects, and say why.",
        more="Curves come from the attempts in the ledger; where there are none, from the belief "
        "or the known curve in assay.toml. It works without a ledger too.",
        example=(
            "assay plan examples/grocery --budget 100,300",
            "assay plan . --picture plan.svg",
        ),
        writes="nothing but the picture.",
    )
    def plan(
        path: PortfolioPath,
        budget: Budget = None,
        picture: Picture = None,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        if picture is not None:
            check_picture(picture)
        portfolio = portfolio_at(path)
        budgets = read_budgets(budget)
        from assay.compute.progress import waiting

        many = "learning the curves; a thousand attempts take about 15 seconds"
        with _history(portfolio, ledger) as history, working(), waiting(many):
            plans = make_plans(portfolio, history, budgets)
            if picture is not None:
                draw(plans[0].picture(), picture)
        if as_json:
            answer(_as_dict(plans))
        else:
            _show(plans)
        if picture is not None:
            aside(f"picture: {picture}")


def make_plans(
    portfolio: "Portfolio", history: "History | None", budgets: Sequence[float]
) -> list["Plan"]:
    """One plan for each budget; the curves are learnt once.

    Args:
        portfolio: whose projects compete.
        history: what was tried, up to date; `None` where nothing was.
        budgets: what is to be split; none for what the portfolio's budget leaves.

    Raises:
        PlanError: there is no project, or no budget.
    """
    from assay.portfolio import plan_from, plan_projects, project_states

    if not budgets:
        return [plan_from(history, portfolio)]
    states = project_states(history, portfolio)
    unit = portfolio.settings.effort_unit
    return [plan_projects(states, budget=budget, effort_unit=unit) for budget in budgets]


@contextmanager
def _history(portfolio: "Portfolio", said: Path | None) -> Iterator["History | None"]:
    """Of the ledger that was named or, if it is there, of the portfolio's."""
    if said is None and not portfolio.ledger.exists():
        yield None
        return
    from assay.ledger import History

    with open_ledger(said or portfolio.ledger) as opened:
        yield History(opened).refresh()


def _as_dict(plans: list["Plan"]) -> dict[str, object]:
    units = {
        line.key: [plan.lines[at].units for plan in plans] for at, line in enumerate(plans[0].lines)
    }
    return {
        "budgets": [plan.budget for plan in plans],
        "units_by_budget": units,
        "plans": [plan.as_dict() for plan in plans],
    }


def _show(plans: list["Plan"]) -> None:
    for place, plan in enumerate(plans):
        if place:
            typer.echo()
        show_plan(plan)
    if len(plans) > 1:
        typer.echo()
        show_budgets(plans)
