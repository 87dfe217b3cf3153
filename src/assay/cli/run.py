"""`assay run`: a whole portfolio, from registration to the plan."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.budgets import one_budget
from assay.cli.guard import BAD_INPUT, DOES_NOT_HOLD
from assay.cli.options import AsJson, Budget, LedgerFile, PortfolioPath
from assay.cli.plan_table import show_plan
from assay.cli.progress import followed
from assay.cli.report import refuse_other_than_page, write_report
from assay.cli.standing import Standing, standing
from assay.cli.standing_table import show_standing
from assay.cli.teach import command
from assay.cli.terminal import answer, aside, working
from assay.cli.workspace import open_workspace
from assay.errors import ConfigError, PlanError

if TYPE_CHECKING:
    from assay.experiment import Workspace
    from assay.portfolio import Plan
    from assay.record import Portfolio

Only = Annotated[
    str | None,
    typer.Option(
        "--only", metavar="KEY", help="Run this project alone.", show_default="all projects"
    ),
]
Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write the page too.", show_default="no page"),
]
Check = Annotated[
    bool,
    typer.Option(
        "--check", help="Exit with 1 unless every project with attempts ends as `supported`."
    ),
]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run came to: each project, and the plan or why there is none."""

    portfolio: "Portfolio"
    standings: tuple[Standing, ...]
    plan: "Plan | None"
    no_plan: str
    report: Path | None


def add(app: typer.Typer) -> None:
    """Announce `assay run`."""

    @command(
        app,
        "run",
        purpose="Run a portfolio: register, attempt, close, plan.",
        more="Each project is registered and its attempts are made in the order of assay.toml. "
        "Stopped and run again, it goes on where it was: what is recorded is not done again. A "
        "question that its rows cannot answer is refused, and said so, while the others go on.",
        example=(
            "assay run examples/first",
            "assay run . --report report.html --json > run.json",
        ),
        writes="registrations, attempts, answers, verdicts and lessons in the ledger.",
    )
    def run(
        path: PortfolioPath,
        only: Only = None,
        report: Report = None,
        budget: Budget = None,
        check: Check = False,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        wanted = one_budget(budget)
        with open_workspace(path, ledger, must_exist=False) as workspace, working():
            _refuse_early(workspace, only, report)
            standings = _run(workspace, only)
            plan, no_plan = _plan(workspace, wanted)
            page = write_report(workspace, report, wanted) if report is not None else None
        outcome = Outcome(
            portfolio=workspace.portfolio,
            standings=standings,
            plan=plan,
            no_plan=no_plan,
            report=page,
        )
        answer(_as_dict(outcome)) if as_json else _show(outcome)
        if any(each.outcome == "failed" for each in standings):
            raise typer.Exit(BAD_INPUT)
        if check and not all(each.holds for each in standings):
            raise typer.Exit(DOES_NOT_HOLD)


def _refuse_early(workspace: "Workspace", only: str | None, report: Path | None) -> None:
    """What would be refused at the end is refused before hours of work."""
    if only is not None:
        workspace.project(only)
    if report is not None:
        refuse_other_than_page(report)
    if report is not None and not report.absolute().parent.is_dir():
        raise ConfigError(
            f"{report}: no folder {report.absolute().parent}. Make it, or name another page."
        )


def _run(workspace: "Workspace", only: str | None) -> tuple[Standing, ...]:
    from assay.experiment import run

    stopped = {
        event.project: (event.kind, event.text)
        for event in followed(run(workspace, only=only))
        if event.kind in ("refused", "failed")
    }
    history = workspace.history.refresh()
    projects = [workspace.project(only)] if only else workspace.portfolio.projects
    return tuple(
        standing(project, history, stopped=stopped.get(project.key)) for project in projects
    )


def _plan(workspace: "Workspace", budget: float | None) -> tuple["Plan | None", str]:
    """The plan, or why there is none: a run that went well does not fail over its plan."""
    from assay.portfolio import plan_from

    try:
        history = workspace.history.refresh()
        return plan_from(history, workspace.portfolio, budget=budget), ""
    except PlanError as error:
        return None, str(error)


def _as_dict(outcome: Outcome) -> dict[str, Any]:
    projects = [
        asdict(each) | {"effort": each.effort, "holds": each.holds} for each in outcome.standings
    ]
    return {
        "portfolio": outcome.portfolio.settings.name,
        "effort_unit": outcome.portfolio.settings.effort_unit,
        "projects": projects,
        "plan": None if outcome.plan is None else outcome.plan.as_dict(),
        "no_plan": outcome.no_plan or None,
        "report": outcome.report,
    }


def _show(outcome: Outcome) -> None:
    for each in outcome.standings:
        show_standing(each, outcome.portfolio.settings.effort_unit)
        typer.echo()
    if outcome.plan is not None:
        show_plan(outcome.plan)
    else:
        aside(f"no plan: {outcome.no_plan}")
    if outcome.report is not None:
        typer.echo(f"\nreport: {outcome.report}")
