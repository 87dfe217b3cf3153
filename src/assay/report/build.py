"""From a portfolio and its ledger to what the report says."""

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from assay.errors import PlanError
from assay.experiment import Workspace
from assay.ledger import verdict_of
from assay.portfolio import Plan, plan_from, project_states
from assay.record import Project
from assay.report.build_plan import plan_content
from assay.report.build_project import project_content
from assay.report.content import Default, LedgerContent, ReportContent
from assay.verdict import benjamini_hochberg


def build_report(workspace: Workspace, *, budget: float | None = None) -> ReportContent:
    """Everything that the page shows; reads the ledger, adds nothing to it.

    Args:
        workspace: the portfolio.
        budget: effort to split; by default what the portfolio's budget leaves.

    Raises:
        AssayError: data or ledger cannot be read.
    """
    portfolio, history = workspace.portfolio, workspace.history.refresh()
    plan, plan_refusal = _plan(workspace, budget)
    states = {state.key: state for state in project_states(history, portfolio)}
    confirmed = _confirmed(workspace)
    return ReportContent(
        title=portfolio.settings.name,
        made_at=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        software=_software(),
        effort_unit=portfolio.settings.effort_unit,
        plan=plan_content(plan) if plan is not None else None,
        plan_refusal=plan_refusal,
        projects=tuple(
            project_content(
                workspace,
                project,
                states[project.key],
                plan,
                confirmed=project.key in confirmed,
            )
            for project in portfolio.projects
        ),
        ledger=LedgerContent(
            name=workspace.ledger.path.name, head=workspace.ledger.head(), records=history.last
        ),
        defaults=_defaults(portfolio.projects),
    )


def _plan(workspace: Workspace, budget: float | None) -> tuple[Plan | None, str]:
    try:
        return plan_from(workspace.history, workspace.portfolio, budget=budget), ""
    except PlanError as error:
        return None, str(error)


def _confirmed(workspace: Workspace) -> set[str]:
    """Supported projects that survive when all projects of the portfolio are judged together.

    Projects whose seal is closed count with p = 1.
    """
    history = workspace.history
    keys = [project.key for project in workspace.portfolio.projects if project.data is not None]
    p_values = []
    for key in keys:
        records = [
            history.verdicts[each.hash]
            for each in history.experiments(key)
            if each.hash in history.verdicts
        ]
        p_values.append(min((verdict_of(record).p_value for record in records), default=1.0))
    survives = benjamini_hochberg(p_values) if keys else []
    return {key for key, kept in zip(keys, survives, strict=True) if kept}


def _software() -> str:
    try:
        return f"Assay {version('assay-ml')}"
    except PackageNotFoundError:
        return "Assay"


def _defaults(projects: tuple[Project, ...]) -> tuple[Default, ...]:
    """Settings that nobody wrote down, once each."""
    lines: dict[str, list[str]] = {}
    for project in projects:
        for line in project.said_defaults():
            lines.setdefault(line, []).append(project.key)
    said = []
    for line, keys in lines.items():
        key, _, rest = line.partition(" = ")
        value, _, meaning = rest.partition(" (")
        named = f"{key} ({', '.join(keys)})" if len(keys) < len(projects) else key
        said.append(Default(key=named, value=value, meaning=meaning.rstrip(")")))
    return tuple(said)
