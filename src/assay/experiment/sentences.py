"""Verdicts and lessons in words that a product owner understands."""

from dataclasses import dataclass

from assay.record import RegistrationBody

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
    "base-rate": "the usual share",
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
    """One sentence: what was asked, what came out, for whom."""
    rows = f"{body.n_sealed:,} sealed rows"
    scope = f", for {body.population}" if body.population else ""
    metric, baseline = metric_words(body), baseline_words(body.baseline)
    least = amount(body, body.improve_by or body.improve_by_absolute or 0.0)
    if finding.name is None:
        return f"Inconclusive: no attempt could be scored on the {rows}."
    if outcome == "supported":
        return (
            f"Supported{scope}: `{finding.name}` lowers the {metric} by "
            f"{amount(body, finding.improvement)} against {baseline} "
            f"({between(body, finding)}), more than the {least} that was asked for, on {rows}; "
            f"look {finding.look} of {body.tries} planned."
        )
    seen = f"the best of {finding.tried}, `{finding.name}`," if finding.tried > 1 else (
        f"`{finding.name}`"
    )
    change = _change(body, finding)
    if outcome == "refuted":
        return (
            f"Refuted{scope}: nothing that was tried lowers the {metric} by {least} against "
            f"{baseline}; on {rows} {seen} {change} ({between(body, finding)})."
        )
    return (
        f"Inconclusive{scope}: on {rows} {seen} {change} against {baseline} "
        f"({between(body, finding)}); that neither shows nor rules out the {least} asked for."
    )


def lesson_sentence(body: RegistrationBody, finding: Finding, effort: float, unit: str) -> str:
    """The measured half of a lesson: expected and seen."""
    hoped = amount(body, body.expect)
    spent = f"{effort:g} {unit}{'' if effort == 1 else 's'}"
    if finding.improvement is None:
        return f"Expected {hoped} better; nothing could be scored, after {spent}."
    return (
        f"Expected {hoped} better than {baseline_words(body.baseline)}; `{finding.name}` "
        f"{_change(body, finding)} ({between(body, finding)}), after {spent} and "
        f"{finding.tried} attempt{'' if finding.tried == 1 else 's'}."
    )


def amount(body: RegistrationBody, value: float | None) -> str:
    """An improvement in the claim's unit: `12.3 %`, or a plain number for absolute claims."""
    if value is None:
        return "an unknown amount"
    if body.improve_by is None:
        return f"{value:.3g}"
    percent = 100 * value
    return f"{percent:.0f} %" if abs(percent - round(percent)) < 0.05 else f"{percent:.1f} %"


def between(body: RegistrationBody, finding: Finding) -> str:
    """The interval in words."""
    low, high = finding.low, finding.high
    level = f"{100 * (1 - body.alpha):g} % interval"
    if low is None or high is None or (low == -float("inf") and high == float("inf")):
        return f"no {level}: too few independent rows"
    low_text = "below -100 %" if low == -float("inf") else amount(body, low)
    return f"{level} {low_text} to {amount(body, high)}"


def metric_words(body: RegistrationBody) -> str:
    """The metric as a noun."""
    return _METRICS.get(body.metric, body.metric)


def baseline_words(name: str) -> str:
    """The baseline as a phrase."""
    return f"{_BASELINES[name]} ({name})" if name in _BASELINES else f"the baseline {name}"


def _change(body: RegistrationBody, finding: Finding) -> str:
    value = finding.improvement or 0.0
    metric = metric_words(body)
    if value >= 0:
        return f"lowered the {metric} by {amount(body, value)}"
    return f"raised the {metric} by {amount(body, -value)}"
