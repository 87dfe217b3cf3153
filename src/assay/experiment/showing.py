"""What an opened seal shows beyond scores: where a gain comes from, whether it may be a leak."""

from collections.abc import Iterator
from statistics import NormalDist
from typing import Any

import numpy as np

from assay.experiment.judging import Judge
from assay.predictive import AbstractPredictive, EnsemblePredictive, under_limit
from assay.score import randomised_pit
from assay.verdict import GroupTest, SeriesTest, cluster_t, date_averages, ewc

MOST_LEVELS = 8
"""A column with more values than this makes no segments."""

MOST_SEGMENTS = 18
"""Segments by columns that are shown, those of the columns with the fewest values first."""

LEAST_ROWS = 20
"""Rows of a segment below which its gain is noise."""

LEAST_DATES = 8
"""Dates of a segment of a series below which its interval cannot be told."""

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
BINS = 10
HARM = 0.025
"""Chance that a segment is called worse than the baseline and is not."""

FAR = 4.0
"""Standard errors between open and sealed skill from which on a leak is the likelier reason."""

Row = dict[str, Any]


def segments(judge: Judge, losses: np.ndarray) -> tuple[Row, ...]:
    """The improvement in each segment of the sealed rows.

    Segments are the values of columns that have few, thirds of the time, and thirds of the
    recorded target (or its classes), which say whether a gain comes from easy rows. Intervals
    are two standard errors wide on either side, by how the rows depend on each other; `None` where
    that cannot be told. They describe, and support no claim.

    Args:
        judge: of the sealed rows.
        losses: of one attempt on them.

    Returns:
        For each segment its column, value, rows, and the gain with its interval: a share of the
        baseline's loss for a relative claim, else in the metric's unit.
    """
    clip = (judge.claim.floor, judge.claim.cap)
    base, model = np.clip(judge.baseline_losses, *clip), np.clip(losses, *clip)
    found = []
    for column, value, rows in _parts(judge):
        if len(rows) < LEAST_ROWS:
            continue
        scale = float(base[rows].mean()) if judge.claim.improve_by is not None else 1.0
        if not scale > 0:
            continue
        gains = base[rows] - model[rows]
        gain, half = float(gains.mean()) / scale, 2 * _se(judge, gains, rows) / scale
        known = np.isfinite(half)
        ends = {"low": gain - half if known else None, "high": gain + half if known else None}
        found.append({"column": column, "value": value, "rows": len(rows), "gain": gain, **ends})
    return tuple(found)


def _se(judge: Judge, gains: np.ndarray, rows: np.ndarray) -> float:
    """Standard error of a segment's mean gain, by how its rows depend on each other."""
    if isinstance(judge.test, GroupTest):
        return cluster_t(gains, np.asarray(judge.test.groups)[rows], delta=0.0).se
    if isinstance(judge.test, SeriesTest):
        daily = date_averages(gains, np.asarray(judge.test.dates)[rows])
        return ewc(daily, delta=0.0).se if len(daily) >= LEAST_DATES else float("inf")
    return float(gains.std(ddof=1)) / len(gains) ** 0.5


def _parts(judge: Judge) -> Iterator[tuple[str, str, np.ndarray]]:
    """Column, value and places among the sealed rows of each segment."""
    roles, table = judge.task.roles, judge.task.asked.table
    hidden = {roles.target, roles.time, "row_id", *judge.task.flags}
    few = {name: table[name].n_unique() for name in table.columns if name not in hidden}
    named = [name for name, count in few.items() if 2 <= count <= MOST_LEVELS]
    named.sort(key=lambda name: few[name])
    room = np.cumsum([few[name] for name in named]) <= MOST_SEGMENTS
    for name in named[: int(room.sum())]:
        for value in table[name].unique().sort():
            same = table[name].eq_missing(value).to_numpy()
            yield name, _said(value), np.flatnonzero(same)
    if roles.time is not None:
        yield from _thirds(str(roles.time), table[str(roles.time)].rank("dense").to_numpy(), TIMES)
    y = judge.task.y[judge.task.sealing.sealed_rows]
    if judge.task.classes:
        for number, label in enumerate(judge.task.classes):
            yield roles.target, label, np.flatnonzero(y == number)
    elif len(np.unique(y)) > MOST_LEVELS:
        yield from _thirds(roles.target, y, SIZES)


def _said(value: object) -> str:
    if value is None:
        return "missing"
    return f"{value:g}" if isinstance(value, float) else str(value)


def harmed(judge: Judge, found: tuple[Row, ...]) -> list[str]:
    """The segment where an attempt is worst, if it is worse than the baseline there for certain.

    For certain among so many segments: the level is split over them (Bonferroni). Thirds of the
    target are left out: nobody knows beforehand which of them a row will be in.
    """
    asked = [each for each in found if each["column"] != judge.task.roles.target]
    asked = [each for each in asked if each["high"] is not None]
    if isinstance(judge.test, SeriesTest):
        return []  # a segment of a series has too few independent periods to be certain of
    errors = NormalDist().inv_cdf(1 - HARM / max(len(asked), 1)) / 2  # ends lie two away
    least = -1e-6 * float(np.abs(judge.baseline_losses[np.isfinite(judge.baseline_losses)]).mean())
    worse = [
        each for each in asked if each["gain"] + errors * (each["high"] - each["gain"]) < least
    ]
    if not worse:
        return []
    worst = min(worse, key=lambda each: each["gain"])
    relative = judge.claim.improve_by is not None
    loss = f"{-100 * worst['gain']:.0f} %" if relative else f"{-worst['gain']:.3g}"
    others = f", and in {len(worse) - 1} other segments" if len(worse) > 1 else ""
    return [
        f"It does worse than the baseline where `{worst['column']}` is {worst['value']} "
        f"({worst['rows']:,} rows, by {loss}){others}: a gain on average is none for everybody."
    ]


TIMES, SIZES = ("early", "middle", "late"), ("low", "middle", "high")


def _thirds(
    name: str, values: np.ndarray, words: tuple[str, str, str]
) -> Iterator[tuple[str, str, np.ndarray]]:
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    place = (values > low).astype(int) + (values > high)
    for third, word in enumerate(words):
        yield name, word, np.flatnonzero(place == third)


def reliability(judge: Judge, predictive: AbstractPredictive) -> tuple[Row, ...]:
    """What an attempt promised on the sealed rows, beside what came.

    For a target of 0 and 1 the mean probability and the share of ones, in tenths of the rows; for
    classes the same of the most probable class; else for some levels the share of rows that lie
    below the quantile of that level. Nothing for point forecasts, which promise nothing.

    Source: Murphy & Winkler (1977), Reliability of subjective probability forecasts; Czado,
    Gneiting & Held (2009) for counts.
    """
    rows = judge.task.sealing.sealed_rows
    y = judge.task.y[rows]
    if judge.task.classes:
        numbers = range(len(judge.task.classes))
        logs = [predictive.log_prob(np.full(len(y), float(number))) for number in numbers]
        chances = np.exp(np.column_stack(logs))
        return _of_chances(
            chances.max(axis=1), (chances.argmax(axis=1) == y).astype(float), "class"
        )
    if np.isin(y, (0.0, 1.0)).all():
        return _of_chances(predictive.mean(), y, "chance")
    base = predictive.underlying
    if isinstance(base, EnsemblePredictive) and base.values.shape[1] == 1:
        return ()
    limit = None if judge.task.limit is None else judge.task.limit[rows]
    shown = under_limit(predictive, limit)
    pit = randomised_pit(shown, y if limit is None else np.minimum(y, limit), seed=judge.task.seed)
    return tuple(
        {
            "kind": "level",
            "predicted": level,
            "observed": float(np.mean(pit <= level)),
            "count": len(rows),
        }
        for level in LEVELS
    )


def _of_chances(chance: np.ndarray, y: np.ndarray, kind: str) -> tuple[Row, ...]:
    parts = np.array_split(np.argsort(chance, kind="stable"), min(BINS, len(y)))
    return tuple(
        {
            "kind": kind,
            "predicted": float(chance[part].mean()),
            "observed": float(y[part].mean()),
            "count": len(part),
        }
        for part in parts
    )


def suspicions(
    judge: Judge, scores: list[Row], predictives: dict[str, AbstractPredictive]
) -> list[str]:
    """What looks like a leak: said once the seal is open, since it depends on sealed targets.

    Args:
        judge: of the sealed rows.
        scores: of each attempt, with its open skill.
        predictives: by the attempt's name.
    """
    found = []
    y = judge.task.y[judge.task.sealing.sealed_rows]
    is_telling = len(np.unique(y)) > len(y) / 2
    for score in scores:
        name, skill, open_skill = score["name"], score["skill"], score["open_skill"]
        if skill is None:
            continue
        hits = float(np.mean(predictives[name].quantile(0.5) == y)) if is_telling else 0.0
        if hits > 0.5:
            found.append(
                f"`{name}` predicts {100 * hits:.0f} % of the sealed targets to the last digit. "
                "Unless the target is computed from the features, it has seen them: find out "
                "before relying on it."
            )
        elif open_skill is not None and _is_far(skill - open_skill, score):
            found.append(
                f"`{name}` does far better on the sealed rows ({100 * skill:.0f} points of skill) "
                f"than out of fold on open ones ({100 * open_skill:.0f}): look for a leak before "
                "relying on it."
            )
    return found


def _is_far(gap: float, score: Row) -> bool:
    errors = [score["se"], score["open_se"]]
    if any(error is None or not np.isfinite(error) for error in errors):
        return False
    return gap > FAR * float(np.hypot(*errors)) and gap > 0.1
