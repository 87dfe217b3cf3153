"""One project's card in the report."""

import math

import numpy as np
import polars as pl

from assay.errors import AssayError, UnderpoweredError
from assay.experiment import Workspace
from assay.experiment.sentences import amount, metric_words
from assay.ledger import Record, attempt_of, registration_of, verdict_of
from assay.picture import effort_accuracy, gains, svg
from assay.portfolio import AbstractCurve, Plan, Point, ProjectState, points_of
from assay.record import LessonBody, Project, VerdictBody
from assay.report.build_problem import problem_content
from assay.report.content import (
    AttemptRow,
    Choice,
    LessonContent,
    Picture,
    ProjectContent,
    RegistrationContent,
    ScoreRow,
    Status,
)

CURVE_POINTS = 80


def project_content(
    workspace: Workspace,
    project: Project,
    state: ProjectState,
    plan: Plan | None,
    *,
    confirmed: bool,
) -> ProjectContent:
    """Everything that is known of one project."""
    history = workspace.history
    registered = history.experiments(project.key)
    last = registered[-1] if registered else None
    record = history.verdicts.get(last.hash) if last is not None else None
    verdict = verdict_of(record) if record is not None else None
    refusal = "" if last is not None else _refusal(workspace, project)
    points = points_of(history, project.key)
    planned = next((line.units for line in plan.lines if line.key == project.key), 0) if plan else 0
    unit = workspace.portfolio.settings.effort_unit
    return ProjectContent(
        key=project.key,
        title=project.question or project.key,
        hypothesis=project.hypothesis,
        source=project.source,
        status=_status(project, last, verdict, refusal),
        verdict=_headline(project, last, verdict, refusal, len(points)),
        importance=f"{project.importance:g} for each point (0.01 of skill)",
        is_simulated=project.simulated,
        is_confirmed=confirmed,
        conditions=verdict.conditions if verdict else (),
        refusal=refusal,
        problem=problem_content(workspace.problem(project.key)) if project.data else None,
        registration=_registration(last) if last is not None else None,
        attempts=_attempts(workspace, registered, unit),
        scores=_scores(last, verdict) if last is not None and verdict is not None else (),
        sealed_picture=_sealed_picture(last, verdict) if last is not None and verdict else None,
        curve=_curve(state, points, planned, unit),
        curve_sentence=_curve_sentence(state, unit),
        lesson=_lesson(workspace, last),
    )


def _refusal(workspace: Workspace, project: Project) -> str:
    """Why the project cannot be registered; nothing is recorded by asking."""
    if project.data is None:
        return ""
    try:
        workspace.check(project.key)
    except UnderpoweredError as error:
        return str(error)
    except AssayError as error:
        return str(error)
    return ""


def _status(
    project: Project, last: Record | None, verdict: VerdictBody | None, refusal: str
) -> Status:
    if verdict is not None:
        statuses: dict[str, Status] = {
            "supported": "verdict supported",
            "refuted": "verdict refuted",
            "inconclusive": "verdict inconclusive",
        }
        return statuses[verdict.outcome]
    if refusal:
        return "refused"
    return "idea" if project.data is None else "open"


def _headline(
    project: Project, last: Record | None, verdict: VerdictBody | None, refusal: str, tried: int
) -> str:
    if verdict is not None:
        return verdict.sentence
    if refusal:
        return "Refused before any model was tried: the sealed rows cannot carry a verdict."
    if project.data is None:
        return "An idea: no data and no attempt yet. It is planned by what its team believes."
    if last is None:
        return "Not registered yet."
    return f"Open: {tried} attempt{'' if tried == 1 else 's'} so far; the seal shows no score."


def _registration(record: Record) -> RegistrationContent:
    body = registration_of(record)
    outcomes = (
        ("supported", body.if_supported),
        ("refuted", body.if_refuted),
        ("inconclusive", body.if_inconclusive),
    )
    unit = {"series": " dates", "groups": " rows"}.get(body.test, "")
    return RegistrationContent(
        metric=f"{metric_words(body)}, capped at {body.cap:.4g} a row" if body.cap else body.metric,
        baseline=body.baseline,
        improve_by="at least " + amount(body, body.improve_by or body.improve_by_absolute),
        expect=amount(body, body.expect),
        alpha=f"{100 * body.alpha:g} %",
        tries=str(body.tries),
        open_rows=f"{body.n_open:,}",
        sealed_rows=f"{body.n_sealed:,}",
        rows_needed="unknown" if body.rows_needed is None else f"{body.rows_needed:,}{unit}",
        who=body.author or record.author,
        when=record.at[:10],
        outcomes=tuple(Choice(name=name, reason=text) for name, text in outcomes if text),
    )


def _attempts(workspace: Workspace, registered: list[Record], unit: str) -> tuple[AttemptRow, ...]:
    rows = []
    for registration in registered:
        for record in workspace.history.attempts[registration.hash]:
            body = attempt_of(record)
            answer = workspace.history.answers.get(record.hash)
            skill = (
                ""
                if body.open_skill is None
                else f"{100 * body.open_skill:.1f} ± {100 * (body.open_se or 0):.1f} points"
            )
            rows.append(
                AttemptRow(
                    name=body.name,
                    stage=body.stage,
                    effort="" if body.effort is None else f"{body.effort:g}",
                    open_skill=skill,
                    look="" if body.look is None else f"{body.look}",
                    answer=answer.answer if answer else "",
                    broke=body.broke or "",
                )
            )
    del unit
    return tuple(rows)


def _scores(record: Record, verdict: VerdictBody) -> tuple[ScoreRow, ...]:
    body = registration_of(record)
    rows = [ScoreRow(name=f"{body.baseline} (baseline)", loss=f"{verdict.baseline_loss:.4g}")]
    bar = body.improve_by if body.improve_by is not None else body.improve_by_absolute or 0.0
    for score in verdict.scores:
        if score["loss"] is None:
            rows.append(ScoreRow(name=str(score["name"]), loss="", reading="broke"))
            continue
        low, high = float(score["low"]), float(score["high"])
        reading = "above the bar" if low > bar else "below the bar" if high < bar else "cannot tell"
        ends = (
            "none: too few independent rows"
            if math.isinf(low) and math.isinf(high)
            else f"{amount(body, max(low, -1.0))} to {amount(body, high)}"
        )
        rows.append(
            ScoreRow(
                name=str(score["name"]),
                loss=f"{score['loss']:.4g}",
                gain=amount(body, float(score["gain"])),
                interval=ends,
                reading=reading,
            )
        )
    return tuple(rows)


def _sealed_picture(record: Record, verdict: VerdictBody) -> Picture | None:
    body = registration_of(record)
    scored = [
        score
        for score in verdict.scores
        if score["loss"] is not None and math.isfinite(score["low"]) and math.isfinite(score["high"])
    ]
    if not scored:
        return None
    scale = 100.0 if body.improve_by is not None else 1.0
    table = pl.DataFrame(
        {
            "name": [str(score["name"]) for score in scored],
            **{
                end: [scale * float(score[end]) for score in scored]
                for end in ("gain", "low", "high")
            },
        }
    )
    least = scale * (body.improve_by if body.improve_by is not None else body.improve_by_absolute or 0)
    axis = "improvement on the sealed rows" + (" (%)" if body.improve_by is not None else "")
    return Picture(
        title="What the sealed rows showed",
        svg=svg(gains(table, bar=least, axis=axis)),
        caption=f"Intervals at {100 * (1 - body.alpha):g} %; the bar is the least worth having.",
    )


def _curve(
    state: ProjectState, points: tuple[Point, ...], planned: int, unit: str
) -> Picture | None:
    spent = state.effort_spent
    most = max(2.0 * (spent + planned), 20.0)
    efforts = np.linspace(0.0, most, CURVE_POINTS)
    scale = _headroom_scale(state.curve, most)
    low, high = state.curve.band(efforts)
    table = pl.DataFrame(
        {
            "effort": efforts,
            "mean": np.asarray(state.curve.mean(efforts)) / scale,
            "low": np.asarray(low) / scale,
            "high": np.asarray(high) / scale,
        }
    )
    attempts = pl.DataFrame(
        {
            "effort": [point.effort for point in points],
            "score": [point.score for point in points],
            "se": [point.se for point in points],
            "name": [point.name for point in points],
            "kind": [point.kind for point in points],
        },
        schema={"effort": pl.Float64, "score": pl.Float64, "se": pl.Float64, "name": pl.String, "kind": pl.String},
    )
    chart = effort_accuracy(
        table, attempts, unit=unit, planned=spent + planned if planned else None
    )
    return Picture(
        title="Effort and accuracy",
        svg=svg(chart),
        caption="Line: what is expected; band: 80 % of what is believed; 0 % is the baseline, "
        "100 % a perfect model.",
    )


def _headroom_scale(curve: AbstractCurve, most: float) -> float:
    """Known curves count points, so they are drawn against their own height."""
    whole = curve.points_in_one(1.0)
    return 1.0 if whole > 1 else max(float(np.max(curve.mean(np.array([most])))), 1e-9)


def _curve_sentence(state: ProjectState, unit: str) -> str:
    spent = state.effort_spent
    now = float(np.asarray(state.curve.mean(np.array([spent])))[0])
    gain = state.importance * float(state.curve.gain(spent, 1)[1]) * state.curve.points_in_one(
        state.skill_at_ceiling
    )
    dead = state.curve.probability_dead()
    doubt = f" The chance that nothing can be gained is {100 * dead:.0f} %." if dead > 0.05 else ""
    plural = "" if spent == 1 else "s"
    if state.curve.points_in_one(1.0) <= 1:
        where = f"Its curve is taken as known: {now:.3g} points after {spent:g} {unit}{plural}."
    else:
        where = f"After {spent:g} {unit}{plural} at {100 * now:.0f} % of what is possible."
    return f"{where} The next {unit} is expected to add {gain:.2g}.{doubt}"


def _lesson(workspace: Workspace, last: Record | None) -> LessonContent | None:
    if last is None:
        return None
    about = [
        record
        for record in workspace.history.lessons
        if isinstance(record.body, LessonBody) and record.body.experiment == last.hash
    ]
    measured = [str(record.body.measured) for record in about if record.body.measured]  # type: ignore[union-attr]
    words = [record for record in about if record.body.words]  # type: ignore[union-attr]
    if not about:
        return None
    return LessonContent(
        measured=" ".join(measured),
        words=" ".join(str(record.body.words) for record in words),  # type: ignore[union-attr]
        author=words[-1].author if words else "",
    )


