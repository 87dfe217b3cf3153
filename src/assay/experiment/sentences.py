"""Verdicts and lessons in words that a product owner understands."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.record import AttemptBody, RegistrationBody

_METRICS = {
    "log": "log score",
    "crps": "forecast error (CRPS)",
    "pinball": "quantile loss",
    "brier": "squared error of the probability (Brier)",
    "0-1": "share of wrong answers",
    "absolute": "absolute error",
    "squared": "squared error",
}
_BASELINES = {
    "climatology": "what was usual so far",
    "base-rate": "always saying the usual share",
    "naive": "repeating the last value",
    "seasonal-naive": "repeating the last season",
}


@dataclass(frozen=True)
class Finding:
    """What the opened seal shows of the attempt that a verdict speaks about.

    Fields:
        name: of the attempt, `None` where no attempt could predict.
        improvement: in the claim's unit.
        low: lower end of its interval.
        high: upper end.
        look: number of the look that was supported, `None` if none was.
        tried: attempts that predicted.
    """

    name: str | None
    improvement: float | None
    low: float | None
    high: float | None
    look: int | None
    tried: int


def verdict_sentence(outcome: str, body: RegistrationBody, finding: Finding) -> str:
    """What was asked and what came out, in two sentences: first the answer, then its reach."""
    rows = f"{body.n_sealed:,} sealed rows"
    if finding.name is None:
        return f"Inconclusive: no attempt could be scored on the {rows}."
    metric, baseline = metric_words(body), baseline_words(body.baseline)
    least = amount(body, body.improve_by or body.improve_by_absolute or 0.0)
    reach = f" It speaks for {body.population}." if body.population else ""
    if outcome == "supported":
        return (
            f"Supported: `{finding.name}` lowers the {metric} by "
            f"{amount(body, finding.improvement)} against {baseline}, more than the {least} asked "
            f"for ({between(body, finding)}). It was look {finding.look} of {body.tries} planned, "
            f"on {rows}.{reach}"
        )
    best = f"the best of {finding.tried}, `{finding.name}`,"
    seen = best if finding.tried > 1 else f"`{finding.name}`"
    saw = f"on {rows} {seen} {_change(body, finding)}"
    if outcome == "refuted":
        return (
            f"Refuted: nothing that was tried lowers the {metric} by {least} against {baseline}; "
            f"{saw} ({between(body, finding)}).{reach}"
        )
    return (
        f"Inconclusive: {saw} against {baseline} ({between(body, finding)}). That neither shows "
        f"nor rules out the {least} asked for.{reach}"
    )


def lesson_sentence(
    body: RegistrationBody, finding: Finding, effort: float, unit: str, made: int
) -> str:
    """The measured half of a lesson: expected and seen, after so many attempts."""
    hoped = amount(body, body.expect)
    spent = f"{effort:g} {unit}{'' if effort == 1 else 's'}"
    if finding.improvement is None:
        return f"Expected {hoped} better; nothing could be scored, after {spent}."
    return (
        f"Expected {hoped} better than {baseline_words(body.baseline)}; `{finding.name}` "
        f"{_change(body, finding)} ({between(body, finding)}), after {spent} and "
        f"{made} attempt{'' if made == 1 else 's'}."
    )


def attempt_sentence(body: RegistrationBody, attempt: AttemptBody, score: Mapping[str, Any]) -> str:
    """What was believed and expected of one attempt, and what was seen."""
    believed = f' Believed: "{attempt.belief_about}".' if attempt.belief_about else ""
    if attempt.expect is not None:
        hoped = f" Expected {amount(body, attempt.expect)}"
    else:
        hoped = f" Hoped for {amount(body, body.expect)}"
    if score["gain"] is None:
        return f"`{attempt.name}`:{believed}{hoped}; broke: {attempt.broke}"
    seen = Finding(attempt.name, score["gain"], score["low"], score["high"], attempt.look, 1)
    saw = f"saw {amount(body, score['gain'])} ({between(body, seen)})"
    return f"`{attempt.name}`:{believed}{hoped}, {saw}."


def replication(body: RegistrationBody, finding: Finding) -> list[str]:
    """How what was claimed elsewhere compares with what was seen."""
    if body.experiment != "replication" or finding.low is None or finding.high is None:
        return []
    claimed, low, high = float(body.claimed or 0.0), finding.low, finding.high
    said = f"The {amount(body, claimed)} claimed by {body.claim_source}"
    if claimed > high:
        return [
            f"{said} lies above the interval seen here: whatever holds is smaller than claimed."
        ]
    if claimed < low:
        return [f"{said} lies below the interval seen here: the gain is larger than claimed."]
    return [f"{said} lies within the interval seen here."]


def amount(body: RegistrationBody, value: float | None) -> str:
    """An improvement in the claim's unit: `12.3 %`, or a plain number for absolute claims."""
    if value is None:
        return "an unknown amount"
    if body.improve_by is None:
        return f"{value:.3g}"
    return f"{100 * value:.0f} %" if _is_whole(value) else f"{100 * value:.1f} %"


def between(body: RegistrationBody, finding: Finding) -> str:
    """The interval in words."""
    low, high = finding.low, finding.high
    level = f"{100 * (1 - body.alpha):g} % interval"
    if (finding.improvement or 0.0) < 0:  # the sentence says how much it raised the loss
        level += " of the improvement"
    if low is None or high is None or (math.isinf(low) and math.isinf(high)):
        return f"no {level}: too few independent rows"
    return f"{level} {interval(body, low, high)}"


def interval(body: RegistrationBody, low: float, high: float) -> str:
    """Both ends in the claim's unit, with as many decimals each: `21.6 % to 25.0 %`."""
    if math.isinf(low) or math.isinf(high):
        return f"at most {amount(body, high)}" if math.isinf(low) else f"from {amount(body, low)}"
    if body.improve_by is None:
        return f"{low:.3g} to {high:.3g}"
    decimals = 0 if _is_whole(low) and _is_whole(high) else 1
    return f"{100 * low:.{decimals}f} % to {100 * high:.{decimals}f} %"


def _is_whole(share: float) -> bool:
    return abs(100 * share - round(100 * share)) < 0.05


def metric_words(body: RegistrationBody) -> str:
    """The metric as a noun."""
    return _METRICS.get(body.metric, body.metric)


def baseline_words(name: str) -> str:
    """The baseline as a phrase; a model's recipe stands in full at its registration."""
    return _BASELINES.get(name, f"the baseline {name.partition('(')[0]}")


def _change(body: RegistrationBody, finding: Finding) -> str:
    value = finding.improvement or 0.0
    metric = metric_words(body)
    if value >= 0:
        return f"lowered the {metric} by {amount(body, value)}"
    return f"raised the {metric} by {amount(body, -value)}"
