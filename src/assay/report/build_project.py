"""One project's card in the report."""

from dataclasses import dataclass
from typing import Self

from assay.errors import AssayError, UnderpoweredError
from assay.experiment import Watched, Workspace
from assay.ledger import History, Record, registration_of, verdict_of, watch_of
from assay.portfolio import Plan, ProjectState, points_of
from assay.problem import Problem
from assay.record import LessonBody, Project, VerdictBody
from assay.report.build_curve import curve_picture, curve_sentence
from assay.report.build_experiment import (
    attempt_rows,
    registration_content,
    reliability_picture,
    score_rows,
    sealed_picture,
    segments_picture,
)
from assay.report.build_problem import problem_content
from assay.report.build_production import production_content, watched_of
from assay.report.content import LessonContent, ProjectContent, Status

HEADLINES: dict[Status, str] = {
    "refused": "Refused before any model was tried: it cannot be registered as it is written.",
    "unregistered": "Not registered yet: nothing was tried, and nothing is promised.",
}
UNDERPOWERED = (
    "Refused before any model was tried: so few sealed rows cannot carry a verdict, whatever the "
    "model."
)
IMPORTED: dict[Status, str] = {
    "idea": "An idea that was worked on elsewhere:",
    "unregistered": "Not registered yet, and nothing is promised:",
    "refused": "Refused: it cannot be registered as it is written. So far",
}
UNREADABLE = "Its data cannot be read as they stand."
VERDICTS: dict[str, Status] = {
    "supported": "verdict supported",
    "refuted": "verdict refuted",
    "inconclusive": "verdict inconclusive",
}
REMEDY = " Seal more,"  # where a refusal turns from what is missing to what may be done


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a project before anything is worded.

    Fields:
        project: as its owner wrote it.
        history: of the ledger, up to date.
        per_day: units of effort in a person-day.
        problem: its profile; `None` without data, or where they cannot be read.
        refusal: why it cannot be registered, or why its data cannot be read.
        is_underpowered: whether it is refused for want of sealed rows.
        sealed_dates: dates among the sealed rows of a registered series.
        watched: how its released verdict stands; `None` where nothing was released.
    """

    project: Project
    history: History
    per_day: float
    problem: Problem | None = None
    refusal: str = ""
    is_underpowered: bool = False
    sealed_dates: int | None = None
    watched: Watched | None = None

    @classmethod
    def of(cls, workspace: Workspace, project: Project) -> Self:
        """Read the data and ask whether they would do; nothing is recorded by asking."""
        plain = {
            "project": project,
            "history": workspace.history,
            "per_day": workspace.portfolio.settings.effort_per_person_day,
        }
        if project.data is None:
            return cls(**plain)
        try:
            problem = workspace.problem(project.key)
        except AssayError as error:
            return cls(**plain, refusal=str(error))
        if workspace.history.experiments(project.key):
            # Whatever the page shows of a registered target, it shows of open rows.
            problem = workspace.open_problem(project.key)
            return cls(
                **plain,
                problem=problem,
                sealed_dates=_sealed_dates(workspace, project),
                watched=watched_of(workspace, project.key),
            )
        error = _refusal(workspace, project.key)
        is_underpowered = isinstance(error, UnderpoweredError)
        said = "" if error is None else str(error)
        return cls(**plain, problem=problem, refusal=said, is_underpowered=is_underpowered)

    @property
    def registered(self) -> list[Record]:
        """Its registrations, in order."""
        return self.history.experiments(self.project.key)

    @property
    def last(self) -> Record | None:
        """Its latest registration."""
        return next(reversed(self.registered), None)

    @property
    def verdict(self) -> VerdictBody | None:
        """Of its latest registration, once the seal is open."""
        record = self.history.verdicts.get(self.last.hash) if self.last is not None else None
        return verdict_of(record) if record is not None else None

    @property
    def withdrawn_by(self) -> Record | None:
        """The watch that withdrew that verdict; `None` while it stands."""
        return self.history.withdrawn_by(self.last.hash) if self.last is not None else None

    @property
    def caution(self) -> str:
        """What the ledger does not know and whoever plans effort should."""
        if not self.refusal:
            return ""
        if self.problem is None:
            return "Its data cannot be read: see to them first."
        first = "more data come first" if self.is_underpowered else "see to that first"
        return f"Its question is refused as it stands: {first}."

    @property
    def status(self) -> Status:
        """Where it stands."""
        if self.withdrawn_by is not None:
            return "verdict withdrawn"
        if self.verdict is not None:
            return VERDICTS[self.verdict.outcome]
        if self.last is not None:
            return "open"
        if self.refusal:
            return "refused"
        return "idea" if self.project.data is None else "unregistered"


def project_content(
    facts: Facts,
    state: ProjectState,
    plan: Plan | None,
    *,
    unit: str,
    value_unit: str,
    is_confirmed: bool,
) -> ProjectContent:
    """Everything that is known of one project, in words and pictures.

    Args:
        facts: what is recorded and read.
        state: the project as planning sees it.
        plan: `None` where none could be made.
        unit: of effort.
        value_unit: of what accuracy is worth; may be empty.
        is_confirmed: whether its verdict survives beside all others.
    """
    project, last, verdict = facts.project, facts.last, facts.verdict
    points = points_of(facts.history, project.key)
    planned = {line.key: line.units for line in plan.lines} if plan is not None else {}
    units = planned.get(project.key, 0)
    refusal, remedy = _split_refusal(facts)
    opened = (last, verdict) if last is not None and verdict is not None else None
    return ProjectContent(
        key=project.key,
        title=project.question or project.key,
        hypothesis=project.hypothesis,
        source=project.source,
        status=facts.status,
        verdict=_headline(facts, len(points)),
        before=_before(facts),
        importance=state.returns.words(project.importance, value_unit),
        is_simulated=project.simulated,
        is_confirmed=is_confirmed,
        conditions=_conditions(verdict) if verdict is not None else (),
        refusal=refusal,
        remedy=remedy,
        problem=None
        if facts.problem is None
        else problem_content(facts.problem, is_open=bool(facts.registered)),
        registration=None
        if last is None
        else registration_content(last, facts.history, facts.sealed_dates),
        attempts=attempt_rows(facts.history, project.key),
        scores=score_rows(*opened) if opened else (),
        sealed_picture=sealed_picture(*opened) if opened else None,
        segments_picture=segments_picture(*opened) if opened else None,
        reliability_picture=reliability_picture(opened[1]) if opened else None,
        production=None if last is None else production_content(last, facts.history, facts.watched),
        curve=curve_picture(state, points, planned=units, unit=unit, per_day=facts.per_day),
        curve_sentence=curve_sentence(state, points, unit, value_unit),
        lesson=_lesson(facts),
    )


def _refusal(workspace: Workspace, key: str) -> AssayError | None:
    try:
        workspace.check(key)
    except AssayError as error:
        return error
    return None


def _sealed_dates(workspace: Workspace, project: Project) -> int | None:
    """Dates among the sealed rows, as long as the data split as they did at registration."""
    last = registration_of(workspace.history.experiments(project.key)[-1])
    if last.test != "series" or project.time is None:
        return None
    try:
        task = workspace.task(project.key)
    except AssayError:
        return None
    rows = task.sealing.sealed_rows
    dates = task.frame.column(project.time).gather(rows).n_unique()
    return dates if len(rows) == last.n_sealed else None


def _split_refusal(facts: Facts) -> tuple[str, str]:
    """What is missing, and what may be done; the card names the project already."""
    said = facts.refusal.removeprefix(f'project "{facts.project.key}": ')
    said = said.removeprefix("these sealed rows cannot carry a verdict. ")
    missing, _, remedy = said.partition(REMEDY)
    return missing, f"{REMEDY.strip()}{remedy}" if remedy else ""


def _headline(facts: Facts, tried: int) -> str:
    if facts.withdrawn_by is not None:
        day, said = facts.withdrawn_by.at[:10], watch_of(facts.withdrawn_by).sentence
        return f"Withdrawn on {day}: {said.removeprefix('Withdrawn: ')}"
    if facts.verdict is not None:
        return facts.verdict.sentence
    imported = len(facts.history.imported_into(facts.project.key))
    if facts.status == "open":
        return f"Open: {_attempts(tried - imported)} so far; the seal shows no score."
    if imported:
        return f"{IMPORTED[facts.status]} {_attempts(imported)} imported."
    if facts.status == "idea":
        return f"An idea: no data and no attempt yet. It is planned {_planned_by(facts.project)}."
    if facts.status == "refused" and facts.problem is None:
        return UNREADABLE
    return UNDERPOWERED if facts.is_underpowered else HEADLINES[facts.status]


def _before(facts: Facts) -> str:
    """The verdict that was withdrawn, told as what it was."""
    if facts.withdrawn_by is None or facts.verdict is None or facts.last is None:
        return ""
    day = facts.history.verdicts[facts.last.hash].at[:10]
    said = facts.verdict.sentence.removeprefix("Supported: ")
    return f"It was supported on {day}: {said}"


def _attempts(number: int) -> str:
    return f"{number} attempt{'' if number == 1 else 's'}"


def _planned_by(project: Project) -> str:
    if project.curve is not None:
        return "by a curve that is taken as known"
    if project.belief is not None:
        return "by what its team believes"
    return "like any project of which nothing is known"


def _conditions(verdict: VerdictBody) -> tuple[str, ...]:
    """What the verdict rests on; what held other attempts back stands beside their scores."""
    if verdict.outcome != "supported":
        return verdict.conditions
    gates = {
        f"`{score['name']}`: {score['gate']}"
        for score in verdict.scores
        if score["look"] != verdict.at_look
    }
    return tuple(condition for condition in verdict.conditions if condition not in gates)


def _lesson(facts: Facts) -> LessonContent | None:
    """The measured half, and all words that were added since."""
    last = facts.last.hash if facts.last is not None else None
    about = [
        (record, record.body)
        for record in facts.history.lessons
        if isinstance(record.body, LessonBody)
        and (record.body.experiment, record.body.project)
        in ((last, None), (last, facts.project.key), (None, facts.project.key))
    ]
    if not about:
        return None
    worded = [(record, body) for record, body in about if body.words]
    return LessonContent(
        measured=" ".join(body.measured for _, body in about if body.measured),
        findings=_findings(about),
        words=" ".join(_worded(body) for _, body in worded),
        author=worded[-1][0].author if worded else "",
    )


def _findings(about: list[tuple[Record, LessonBody]]) -> tuple[str, ...]:
    """Each attempt's; of a single one only where its author believed something."""
    found = tuple(line for _, body in about for line in body.findings)
    return found if len(found) > 1 or any("Believed:" in line for line in found) else ()


def _worded(body: LessonBody) -> str:
    """An author's words with what stands beside them."""
    said = {
        "": body.words or "",
        "About": f"`{body.attempt}`." if body.attempt else "",
        "Reason:": f"{body.reason}." if body.reason else "",
        "Assumed:": body.assumption,
        "Worth another try if:": body.reopen,
    }
    return " ".join(f"{name} {text}".strip() for name, text in said.items() if text)
