"""The gap between what a model shows on rows it knows, on open rows left out, on sealed ones."""

from dataclasses import dataclass

import numpy as np

from assay.experiment.gate.candidate import Candidate, Means
from assay.experiment.gate.part import Part, judged, percent, untold
from assay.experiment.open_score import folds_of
from assay.verdict import optimism

FAR = 3.0
"""Standard errors between open and sealed skill that chance alone hardly makes."""

LEAST_GAP = 0.05
"""Skill; a smaller gap than this is no reason to stop, however certain."""

LEAST_SLOPE = 0.8
"""Where less than this of what a model foretells comes true, shrinking it would help."""

CERTAIN = 2.326
"""Standard errors below 1 from which on the slope is so for certain: a one-sided 99 % bound."""


@dataclass(frozen=True)
class Slope:
    """How much of what was foretold came: 1 if all, less if the predictions are too extreme."""

    value: float
    se: float


def gap(candidate: Candidate) -> Part:
    """Compare the skill on rows it learnt from, on open rows left out, and on sealed rows.

    A model that overfits makes predictions that are too extreme, so what comes is nearer to the
    average than what it foretold: the slope of the one on the other lies below 1. A model that
    saw what it should not does better on sealed rows than out of fold.

    Source: Copas (1983), Regression, prediction and shrinkage; Steyerberg (2019), Clinical
    prediction models, on the calibration slope.
    """
    sealed = next(row for row in candidate.verdict.scores if row["name"] == candidate.attempt.name)
    slope = shrinkage(candidate)
    figures = {
        "skill_on_rows_it_learnt_from": _fitted_skill(candidate),
        "skill_out_of_fold": candidate.attempt.open_skill,
        "skill_on_sealed_rows": sealed["skill"],
        "slope": slope.value,
        "slope_se": slope.se,
    }
    broken = [*_extreme(slope), *_apart(candidate, sealed)]
    remedy = (
        "Take out columns that carry nothing, or regularise: fewer or shallower trees, a stronger "
        "penalty, earlier stopping. Then register a new question on new rows."
    )
    if candidate.attempt.open_skill is None and not broken:
        return untold(
            "gap",
            "Nothing is known of it on open rows, so sealed rows have nothing to be compared with.",
            "Offer the model instead of a file, so that it is scored out of fold on open rows.",
            figures,
        )
    return judged("gap", broken, fine=_fine(figures), remedy=remedy, figures=figures)


def shrinkage(candidate: Candidate) -> Slope:
    """The slope of what came on what was foretold, over the sealed rows.

    In a panel each series is centred on its own mean first: levels that differ between series are
    no feat. Classes are taken together.
    """
    foretold = _centred(candidate, candidate.foretold)
    came = _centred(candidate, candidate.recorded)
    spread = float((foretold**2).sum(axis=1).mean())
    if not spread > 0:
        return Slope(float("nan"), float("inf"))
    slope = float((foretold * came).sum(axis=1).mean()) / spread
    influence = (foretold * (came - slope * foretold)).sum(axis=1) / spread
    return Slope(slope, candidate.judge.se(influence))


def _centred(candidate: Candidate, values: Means) -> Means:
    series = candidate.task.roles.series
    if not series:
        return values - values.mean(axis=0)
    keys = candidate.task.asked.table.select(series).to_struct("key").rank("dense").to_numpy() - 1
    place = keys.astype(int)
    sums = np.column_stack([np.bincount(place, column) for column in values.T])
    return values - (sums / np.bincount(place)[:, None])[place]


def _extreme(slope: Slope) -> list[str]:
    most = slope.value + CERTAIN * slope.se
    if not (slope.value < LEAST_SLOPE and most < 1):
        return []
    return [
        f"It is overfitted: only {percent(slope.value)} of what it foretells beyond the average "
        f"came true on the sealed rows (at most {percent(most)}), so "
        "its predictions are too extreme."
    ]


def _apart(candidate: Candidate, sealed: dict[str, float | None]) -> list[str]:
    """Whether open and sealed skill lie further apart than chance and several tries explain."""
    attempt = candidate.attempt
    if attempt.open_skill is None or sealed["skill"] is None:
        return []
    errors = [attempt.open_se, sealed["se"]]
    if any(error is None or not np.isfinite(error) for error in errors):
        return []
    # The best of several models on the same open rows flatters itself.
    open_se = float(attempt.open_se or 0.0) * np.hypot(1.0, optimism(max(1, attempt.look or 1)))
    away = attempt.open_skill - float(sealed["skill"])
    if abs(away) <= max(LEAST_GAP, FAR * float(np.hypot(open_se, float(sealed["se"] or 0.0)))):
        return []
    if away > 0:
        return [
            f"Its skill fell from {percent(attempt.open_skill)} out of fold on open rows to "
            f"{percent(float(sealed['skill']))} on sealed ones, by more than chance explains."
        ]
    return [
        f"Its skill rose from {percent(attempt.open_skill)} out of fold on open rows to "
        f"{percent(float(sealed['skill']))} on sealed ones, by more than chance explains: look "
        "for a leak."
    ]


def _fitted_skill(candidate: Candidate) -> float | None:
    """Skill on the very rows that it learnt from; `None` where it cannot be had."""
    if candidate.model is None:
        return None
    task = candidate.task
    rows, base = task.baseline_open_losses
    # In time those alone that are scored out of fold too: the first dates have no past.
    tested = task.open_rows[np.unique(np.concatenate([fold.test for fold in folds_of(task)]))]
    known = np.isin(rows, tested)
    rows, base = rows[known], base[known]
    losses = task.losses(task.predict(candidate.fitted, rows), rows)
    clip = (candidate.judge.claim.floor, candidate.judge.claim.cap)
    reference = float(np.clip(base, *clip).mean())
    if not reference > 0 or np.isnan(losses).any():
        return None
    return 1 - float(np.clip(losses, *clip).mean()) / reference


def _fine(figures: dict[str, float | None]) -> str:
    known = figures["skill_on_rows_it_learnt_from"]
    learnt = "" if known is None else f"{percent(known)} on rows it learnt from, "
    return (
        f"Its skill is {learnt}{percent(figures['skill_out_of_fold'] or 0.0)} out of fold on open "
        f"rows, {percent(figures['skill_on_sealed_rows'] or 0.0)} on sealed ones; "
        f"{percent(figures['slope'] or 0.0)} of what it foretells beyond the average came true."
    )
