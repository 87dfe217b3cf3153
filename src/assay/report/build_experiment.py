"""What was registered, tried and found, in the report."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from assay.experiment.facts import kind_words
from assay.experiment.sentences import amount, interval, metric_words
from assay.ledger import History, Record, attempt_of, registration_of
from assay.picture import gains, reliability, svg
from assay.record import AmendmentBody, RegistrationBody, VerdictBody
from assay.report.content import AttemptRow, Choice, Picture, RegistrationContent, ScoreRow

Score = Mapping[str, Any]


def registration_content(
    record: Record, history: History, sealed_dates: int | None
) -> RegistrationContent:
    """What was fixed before the first attempt.

    Args:
        record: the registration.
        history: of its ledger.
        sealed_dates: dates among the sealed rows, where they are what counts.
    """
    body = registration_of(record)
    outcomes = (
        ("If supported", body.if_supported),
        ("If refuted", body.if_refuted),
        ("If inconclusive", body.if_inconclusive),
    )
    dates = f" on {sealed_dates:,} dates" if sealed_dates else ""
    needed = "not known" if body.rows_needed is None else f"{body.rows_needed:,}"
    unit = " dates" if body.test == "series" and body.rows_needed is not None else ""
    return RegistrationContent(
        metric=metric_words(body) + (f", at most {body.cap:.4g} a row" if body.cap else ""),
        baseline=body.baseline,
        improve_by=f"at least {amount(body, _least(body))}",
        expect=amount(body, body.expect),
        alpha=f"{100 * body.alpha:g} %",
        tries=str(body.tries),
        open_rows=f"{body.n_open:,}",
        sealed_rows=f"{body.n_sealed:,}{dates}",
        rows_needed=f"{needed}{unit}",
        who=body.author or record.author,
        when=record.at[:10],
        outcomes=tuple(Choice(name=name, reason=text) for name, text in outcomes if text),
        kind=kind_words(body) or "",
        amendments=tuple(_amendments(record, history)),
    )


def _amendments(record: Record, history: History) -> Iterator[Choice]:
    for each in history.amendments.get(record.hash, []):
        if isinstance(each.body, AmendmentBody):
            what = ", ".join(
                f"{key}: {was} → {now}" for key, (was, now) in each.body.changes.items()
            )
            said = (
                f"{each.at[:10]}, {each.author}: {each.body.reason} Seen by then: {each.body.seen}"
            )
            yield Choice(name=what, reason=said)


def attempt_rows(history: History, key: str) -> tuple[AttemptRow, ...]:
    """All attempts of a project, imported ones too, in the order in which they were made."""
    return tuple(_attempt(history, record) for record in history.made_for(key))


def _attempt(history: History, record: Record) -> AttemptRow:
    body, answer = attempt_of(record), history.answers.get(record.hash)
    se = body.open_se
    sure = f" ± {100 * se:.1f}" if se is not None and math.isfinite(se) else ""
    return AttemptRow(
        name=body.name,
        stage=body.stage or "",
        effort="" if body.effort is None else f"{body.effort:g}",
        open_skill="" if body.open_skill is None else f"{100 * body.open_skill:.1f}{sure} points",
        look="" if body.look is None else str(body.look),
        answer=answer.answer if answer else "",
        broke=body.broke or "",
    )


def score_rows(record: Record, verdict: VerdictBody) -> tuple[ScoreRow, ...]:
    """What the opened seal showed of the baseline and of each attempt."""
    body = registration_of(record)
    loss = "" if verdict.baseline_loss is None else f"{verdict.baseline_loss:.4g}"
    first = ScoreRow(name=f"{body.baseline} (baseline)", loss=loss)
    return (first, *(_score(body, verdict, score) for score in verdict.scores))


def _score(body: RegistrationBody, verdict: VerdictBody, score: Score) -> ScoreRow:
    name = str(score["name"])
    if score["loss"] is None:
        return ScoreRow(name=name, loss="", reading="broke")
    ends = _ends(score)
    return ScoreRow(
        name=name,
        loss=f"{score['loss']:.4g}",
        gain=amount(body, score["gain"]),
        interval="none" if ends is None else interval(body, *ends),
        reading=_reading(body, verdict, score),
    )


def _reading(body: RegistrationBody, verdict: VerdictBody, score: Score) -> str:
    """What was recorded of the attempt, never more."""
    if verdict.at_look is not None and score["look"] == verdict.at_look:
        return "above the bar"
    if score["refuted"]:
        return "below the bar"
    if score["gate"]:
        gate = str(score["gate"])
        return f"cannot tell: {gate[0].lower()}{gate[1:]}"
    return "not shown" if score["look"] is not None else "cannot tell"


def sealed_picture(record: Record, verdict: VerdictBody) -> Picture | None:
    """Gains on the sealed rows with their intervals; `None` where nothing could be scored."""
    body = registration_of(record)
    scored = [score for score in verdict.scores if score["loss"] is not None]
    scored = [score for score in scored if math.isfinite(score["loss"])]
    if not scored:
        return None
    is_relative = body.improve_by is not None
    scale, unit = (100.0, " %") if is_relative else (1.0, "")
    ends = [_ends(score) or (None, None) for score in scored]
    table = pl.DataFrame(
        {
            "name": [str(score["name"]) for score in scored],
            "gain": [scale * score["gain"] for score in scored],
            "low": [None if low is None else scale * low for low, _ in ends],
            "high": [None if high is None else scale * high for _, high in ends],
        },
        schema_overrides={"low": pl.Float64, "high": pl.Float64},
    )
    axis = "improvement on the sealed rows" + (" (%)" if is_relative else "")
    return Picture(
        title="What the sealed rows showed",
        svg=svg(gains(table, bar=scale * _least(body), axis=axis, unit=unit)),
        caption=f"Intervals at {100 * (1 - body.alpha):g} %, each of one attempt by itself: the "
        "best of several flatters itself. The bar is the least improvement worth having.",
    )


def segments_picture(record: Record, verdict: VerdictBody) -> Picture | None:
    """Where the gain comes from; `None` where nothing parts the sealed rows."""
    body = registration_of(record)
    if not verdict.segments:
        return None
    is_relative = body.improve_by is not None
    scale, unit = (100.0, " %") if is_relative else (1.0, "")
    table = pl.DataFrame(
        {
            "name": [f"{row['column']}: {row['value']}" for row in verdict.segments],
            **{
                name: [None if row[name] is None else scale * row[name] for row in verdict.segments]
                for name in ("gain", "low", "high")
            },
        }
    )
    axis = "improvement in each segment" + (" (%)" if is_relative else "")
    return Picture(
        title="Where the gain comes from",
        svg=svg(gains(table, bar=0.0, axis=axis, unit=unit)),
        caption="The attempt that the verdict speaks of, with intervals of two standard errors. "
        "They describe; no claim was registered for a segment.",
    )


def reliability_picture(verdict: VerdictBody) -> Picture | None:
    """Whether that attempt's promises hold; `None` for point forecasts, which make none."""
    if not verdict.reliability:
        return None
    kind = str(verdict.reliability[0].get("kind", "level"))
    axis, below = RELIABILITY[kind]
    return Picture(
        title="What was promised, and what came",
        svg=svg(reliability(pl.DataFrame(list(verdict.reliability)), axis=axis)),
        caption=f"On the line, promises hold. {below}",
    )


RELIABILITY = {
    "chance": (
        "share that came true",
        "Each point is a tenth of the sealed rows, from the least probability up.",
    ),
    "class": (
        "share where the most probable class came",
        "Each point is a tenth of the sealed rows, by how sure the most probable class is.",
    ),
    "level": (
        "share of rows below the quantile",
        "Each point is a level: so many of the sealed rows should lie below it.",
    ),
}
"""What is shown upwards, and what a point is."""


def _least(body: RegistrationBody) -> float:
    return body.improve_by if body.improve_by is not None else body.improve_by_absolute or 0.0


def _ends(score: Score) -> tuple[float, float] | None:
    """The interval of an attempt's gain; `None` where the rows give none."""
    low, high = score["low"], score["high"]
    if low is None or high is None or not math.isfinite(high - low):
        return None
    return float(low), float(high)
