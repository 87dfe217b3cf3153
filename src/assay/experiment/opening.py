"""Opening the seal: everything that was measured, at once and for good."""

import math
from statistics import NormalDist
from typing import Any

import numpy as np

from assay.experiment.judging import Judge, stored
from assay.experiment.segments import harm_sentence, segments
from assay.experiment.sentences import (
    Finding,
    attempt_sentence,
    lesson_sentence,
    replication,
    verdict_sentence,
)
from assay.experiment.showing import reliability, suspicions
from assay.ledger import History, Ledger, Record, attempt_of, registration_of
from assay.predictive import AbstractPredictive
from assay.record import AmendmentBody, LessonBody, ProjectBody, VerdictBody
from assay.verdict import project_p_value


def verdict_body(
    registration: Record, judge: Judge, ledger: Ledger, history: History, *, look: int | None
) -> tuple[VerdictBody, LessonBody]:
    """The verdict of an experiment and the measured half of its lesson.

    Args:
        registration: of the experiment.
        judge: of its sealed rows.
        ledger: holds the predictions.
        history: up to date.
        look: number of the look that was supported, `None` when the team closes without one.
    """
    body = registration_of(history.registrations[registration.hash])
    attempts = history.attempts[registration.hash]
    predicted = {
        attempt_of(each).name: stored(ledger.read_file(sha), judge.task)
        for each in attempts
        if (sha := attempt_of(each).predictions) is not None
    }
    scores = [_score(attempt, judge, predicted, body.alpha) for attempt in attempts]
    judged = [score for score in scores if score["loss"] is not None]
    refuted = bool(judged) and look is None and all(score["refuted"] for score in judged)
    outcome = "supported" if look is not None else "refuted" if refuted else "inconclusive"
    finding = _finding(judged, look)
    looked = [attempt for attempt in attempts if attempt_of(attempt).look is not None]
    p_values = [
        score["p"]
        for score, attempt in zip(scores, attempts, strict=True)
        if attempt_of(attempt).look is not None
    ]
    levels = [float(attempt_of(attempt).level or 0.0) for attempt in looked]
    declined = [f"`{each['name']}`: {each['gate']}" for each in judged if each["gate"]]
    shown = _shown(judge, finding, predicted)
    verdict = VerdictBody(
        experiment=registration.hash,
        outcome=outcome,
        sentence=verdict_sentence(outcome, body, finding),
        conditions=(
            judge.test.condition,
            *declined,
            *replication(body, finding),
            *harm_sentence(judge, shown.get("segments", ())),
            *suspicions(judge, scores, predicted),
            *_attested(attempts),
            *_amended(registration, history),
        ),
        scores=tuple(scores),
        baseline_loss=float(np.mean(_clipped(judge, judge.baseline_losses))),
        interval=_interval(finding),
        at_look=look,
        p_value=project_p_value(p_values, levels=levels, alpha=body.alpha),
        **shown,
    )
    project = history.projects.get(body.project)
    known = project.body if project is not None else None
    unit = known.effort_unit if isinstance(known, ProjectBody) else "person-day"
    effort = sum(attempt_of(attempt).effort or 0.0 for attempt in attempts)
    measured = lesson_sentence(body, finding, effort, unit, len(attempts))
    return verdict, LessonBody(
        experiment=registration.hash,
        project=body.project,
        measured=measured,
        findings=tuple(
            attempt_sentence(body, attempt_of(each), score)
            for each, score in zip(attempts, scores, strict=True)
        ),
    )


def _shown(
    judge: Judge, finding: Finding, predicted: dict[str, AbstractPredictive]
) -> dict[str, Any]:
    """Segments and reliability of the attempt that the verdict speaks of."""
    if finding.name is None:
        return {}
    predictive = predicted[finding.name]
    return {
        "segments": segments(judge, judge.losses(predictive)),
        "reliability": reliability(judge, predictive),
    }


def _amended(registration: Record, history: History) -> list[str]:
    """What was changed after registration, with what was seen by then."""
    return [
        f"Amended on {each.at[:10]} by {each.author} ({', '.join(each.body.changes)}): "
        f"{each.body.reason.rstrip('.')}. Seen by then: {each.body.seen}"
        for each in history.amendments.get(registration.hash, [])
        if isinstance(each.body, AmendmentBody)
    ]


def _score(
    attempt: Record, judge: Judge, predicted: dict[str, AbstractPredictive], alpha: float
) -> dict[str, Any]:
    """Everything about one attempt on the sealed rows; `None` where it could not predict."""
    body = attempt_of(attempt)
    nothing = dict.fromkeys(("loss", "gain", "skill", "se", "low", "high", "p"))
    plain = {"name": body.name, "stage": body.stage, "effort": body.effort, "look": body.look}
    plain |= {"open_skill": body.open_skill, "open_se": body.open_se}
    if body.predictions is None:
        return {**plain, **nothing, "refuted": False, "gate": None, "broke": body.broke}
    losses = judge.losses(predicted[body.name])
    gains = judge.claim.gains(judge.baseline_losses, losses)
    gate = judge.test.gate(gains)
    low, high = judge.improvement_interval(losses, alpha)
    loss = float(np.mean(_clipped(judge, losses)))
    base = float(np.mean(_clipped(judge, judge.baseline_losses)))
    relative = judge.claim.improve_by is not None
    skill = 1 - loss / base if base > 0 else 0.0
    half = (high - low) / 2 / (1.0 if relative else base) if math.isfinite(high - low) else None
    return {
        **plain,
        "loss": loss,
        "gain": skill if relative else base - loss,
        "skill": skill,
        "se": None if half is None else half / NormalDist().inv_cdf(1 - alpha / 2),
        "low": low,
        "high": high,
        "p": judge.test.p_value(gains),
        "refuted": judge.test.refutes(gains, alpha),
        "gate": None if gate.passed else gate.reason,
        "broke": None,
    }


def _clipped(judge: Judge, losses: np.ndarray) -> np.ndarray:
    return np.clip(losses, judge.claim.floor, judge.claim.cap)


def _finding(judged: list[dict[str, Any]], look: int | None) -> Finding:
    """The attempt that a verdict speaks of: the supported one, else the best."""
    if not judged:
        return Finding(None, None, None, None, None, 0)
    supported = [score for score in judged if look is not None and score["look"] == look]
    best = (supported or [min(judged, key=lambda score: score["loss"])])[0]
    return Finding(best["name"], best["gain"], best["low"], best["high"], look, len(judged))


def _attested(attempts: list[Record]) -> list[str]:
    names = [attempt_of(each).name for each in attempts if attempt_of(each).attested]
    if not names:
        return []
    return [
        f"Rests on the author's word that the forecasts of {', '.join(names)} looked at nothing "
        "later than each origin."
    ]


def _interval(finding: Finding) -> tuple[float, float] | None:
    return None if finding.low is None or finding.high is None else (finding.low, finding.high)
