"""From a portfolio and its ledger to what the report says."""

from datetime import UTC, datetime

from assay import __version__
from assay.errors import PlanError
from assay.experiment import Workspace
from assay.ledger import History, registration_of, verdict_of
from assay.portfolio import Plan, ProjectState, plan_states
from assay.portfolio.answers import cases_of
from assay.record import Project
from assay.report.build_plan import plan_content
from assay.report.build_project import Facts, project_content
from assay.report.content import Default, LedgerContent, ReportContent
from assay.verdict import benjamini_hochberg, benjamini_yekutieli


def build_report(
    workspace: Workspace, *, budget: float | None = None, has_ledger: bool = True
) -> ReportContent:
    """Everything that the page shows; reads the ledger, adds nothing to it.

    A project whose data cannot be read gets its place on the page, and why.

    Args:
        workspace: the portfolio.
        budget: effort to split; by default what the portfolio's budget leaves.
        has_ledger: whether the ledger stays after the page; else none is named.

    Raises:
        AssayError: the ledger cannot be read.
    """
    portfolio, history = workspace.portfolio, workspace.history.refresh()
    unit = portfolio.settings.effort_unit
    cases = cases_of(history, portfolio)
    states = {case.state.key: case.state for case in cases}
    plan, plan_refusal = _plan(workspace, tuple(states.values()), budget)
    facts = {project.key: Facts.of(workspace, project) for project in portfolio.projects}
    cautions = {key: each.caution for key, each in facts.items()}
    confirmed = confirmed_keys(history, [each.key for each in portfolio.projects if each.data])
    return ReportContent(
        title=portfolio.settings.name,
        made_at=datetime.now(UTC).strftime("%-d %B %Y, %H:%M UTC"),
        software=f"Assay {__version__}",
        effort_unit=unit,
        plan=plan_content(plan, cautions, cases) if plan is not None else None,
        plan_refusal=plan_refusal,
        projects=tuple(
            project_content(
                facts[key],
                state,
                plan,
                unit=unit,
                value_unit=portfolio.settings.value_unit,
                is_confirmed=key in confirmed,
            )
            for key, state in states.items()
        ),
        ledger=LedgerContent(
            name=workspace.ledger.path.name, head=workspace.ledger.head(), records=history.last
        )
        if has_ledger
        else None,
        defaults=_defaults(portfolio.projects),
    )


def confirmed_keys(history: History, keys: list[str]) -> set[str]:
    """Supported projects that survive when all questions of a portfolio are judged together.

    Every registered question counts, and every project with data that asked none yet; a question
    whose seal is closed counts with p = 1. A verdict that a watch withdrew counts with the p-value
    that its sealed rows gave, but is not among those confirmed.

    Args:
        history: the ledger's, up to date.
        keys: projects with data.

    Source: Benjamini & Hochberg (1995); Benjamini & Yekutieli (2001) where sealed rows are shared.
    """
    asked = [each for key in keys for each in history.experiments(key)]
    verdicts = [history.verdicts.get(each.hash) for each in asked]
    p_values = [1.0 if each is None else verdict_of(each).p_value for each in verdicts]
    silent = sum(not history.experiments(key) for key in keys)
    is_shared = any(registration_of(each).overlaps for each in asked)
    judge_all = benjamini_yekutieli if is_shared else benjamini_hochberg
    survives = judge_all([*p_values, *[1.0] * silent])
    return {
        each.key
        for each, verdict, kept in zip(asked, verdicts, survives, strict=False)
        if kept
        and verdict is not None
        and verdict_of(verdict).outcome == "supported"
        and history.withdrawn_by(each.hash) is None
    }


def _plan(
    workspace: Workspace, states: tuple[ProjectState, ...], budget: float | None
) -> tuple[Plan | None, str]:
    try:
        return plan_states(states, workspace.portfolio, budget=budget), ""
    except PlanError as error:
        return None, str(error)


def _defaults(projects: tuple[Project, ...]) -> tuple[Default, ...]:
    """Settings that nobody wrote down, once each."""
    lines: dict[str, list[str]] = {}
    for project in projects:
        for line in project.said_defaults():
            lines.setdefault(line, []).append(project.key)
    return tuple(_default(line, keys, len(projects)) for line, keys in lines.items())


def _default(line: str, keys: list[str], projects: int) -> Default:
    key, _, rest = line.partition(" = ")
    value, _, meaning = rest.partition(" (")
    meaning = meaning.removesuffix(")")
    return Default(
        key=key,
        value=value,
        meaning=meaning if len(keys) == projects else f"{meaning}: {', '.join(keys)}",
    )
