"""A whole portfolio, from the first registration to the last verdict; stopped, it goes on."""

from collections.abc import Iterator
from dataclasses import dataclass

from assay.errors import AssayError, UnderpoweredError
from assay.experiment.answer import Answer
from assay.experiment.experiment import Experiment
from assay.experiment.spending import refuse_beyond_budget
from assay.experiment.workspace import Workspace
from assay.record import AttemptPlan, PortfolioSettings, Project

_STEPS = ("registered", "answer", "broke", "skipped")
_ENDS = ("idea", "refused", "failed")


@dataclass(frozen=True)
class Event:
    """Something that happened, for progress.

    Fields:
        project: its key.
        kind: `project`, `idea`, `registered`, `refused`, `attempt`, `answer`, `broke`, `verdict`,
            `skipped` or `failed`.
        text: one sentence.
        done: steps done so far.
        total: steps in all.
    """

    project: str
    kind: str
    text: str
    done: int
    total: int


def run(workspace: Workspace, *, only: str | None = None) -> Iterator[Event]:
    """Register every project with data and make its planned attempts.

    What is recorded already is not done again, so that a run can be stopped at any moment. An
    error in one project's data is reported and does not stop the others.

    Args:
        workspace: the portfolio.
        only: one project's key.

    Yields:
        An event before and after each step.
    """
    projects = [workspace.project(only)] if only else list(workspace.portfolio.projects)
    total = sum(map(_steps, projects))
    before = 0
    workspace.record_projects()
    for project in projects:
        done = before
        for kind, text in _project(workspace, project):
            done = before + _steps(project) if kind in _ENDS else done + (kind in _STEPS)
            yield Event(project.key, kind, text, done, total)
        before += _steps(project)


def _steps(project: Project) -> int:
    """The registration, and each attempt."""
    return 1 + len(project.attempts)


def _project(workspace: Workspace, project: Project) -> Iterator[tuple[str, str]]:
    """What happens to one project; its own errors end it, and it alone."""
    if project.data is None:
        yield "idea", "no data yet: planned by its belief or curve"
        return
    yield "project", "reading and profiling the data"
    try:
        experiment = workspace.register(project.key)
        body = experiment.registration
        yield "registered", f"{body.n_open:,} open rows, {body.n_sealed:,} sealed"
        for plan in project.attempts:
            yield from _attempt(experiment, plan, workspace.portfolio.settings)
    except UnderpoweredError as refusal:
        yield "refused", str(refusal)
    except AssayError as error:
        yield "failed", str(error)
    except Exception as error:  # whatever somebody's data or model raises must not stop the others
        yield "failed", f"{type(error).__name__}: {error}"


def _attempt(
    experiment: Experiment, plan: AttemptPlan, settings: PortfolioSettings
) -> Iterator[tuple[str, str]]:
    """One planned attempt, and the closing where the plan says so.

    Raises:
        AssayError: it could not be made; what was planned after it must not close without it.
    """
    made = experiment.resume(plan.name)
    if made is not None:
        yield "skipped", f"{plan.name}: made before ({made.text}){_edited(experiment, plan)}"
    elif not experiment.is_open:
        yield "skipped", f"{plan.name}: not tried, the seal is open"
        return
    else:
        yield "attempt", f"{plan.name}: fitting"
        made = _made(experiment, plan, settings)
        yield ("broke" if made.text == "broke" else "answer"), f"{plan.name}: {made.text}"
    if plan.close and experiment.is_open:
        experiment.close()
    verdict = experiment.verdict
    if verdict is not None and (made.supported or plan.close):
        yield "verdict", verdict.sentence


def _edited(experiment: Experiment, plan: AttemptPlan) -> str:
    """That its effort is another in assay.toml by now; empty where it is not."""
    recorded = next(body.effort for body in experiment.attempts if body.name == plan.name)
    if recorded == plan.effort:
        return ""
    was, now = (
        "no effort" if effort is None else f"effort {effort:g}"
        for effort in (recorded, plan.effort)
    )
    return f"; recorded with {was}, which stays, though assay.toml now says {now}"


def _made(experiment: Experiment, plan: AttemptPlan, settings: PortfolioSettings) -> Answer:
    try:
        refuse_beyond_budget(plan.effort, settings)
        return experiment.attempt_planned(plan)
    except AssayError as error:
        raise type(error)(f"{plan.name}: {error}") from error
