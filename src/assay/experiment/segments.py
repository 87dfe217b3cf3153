"""Segments of the sealed rows: where a gain comes from, and whom it harms."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy.special import stdtr

from assay.experiment.judging import LEAST_DATES, Judge
from assay.verdict import (
    GroupTest,
    SeriesTest,
    cluster_t,
    date_averages,
    ewc,
    season_averages,
)

MOST_LEVELS = 8
"""A column with more values than this makes no segments that are shown."""

MOST_KINDS = 1000
"""A column of text or keys with more values than this parts rows into nothing but rows."""

MOST_SEGMENTS = 18
"""Segments by columns that are shown, those of the columns with the fewest values first."""

LEAST_ROWS = 20
"""Rows of a segment below which its gain is noise."""

HARM = 0.025
"""Chance that any segment is called worse than the baseline and is not."""

OF_FEW = 0.8
"""Share of that chance for columns with few values: people think in those."""

TIMES, SIZES = ("early", "middle", "late"), ("low", "middle", "high")

Row = dict[str, Any]


def segments(judge: Judge, losses: np.ndarray, *, every: bool = False) -> tuple[Row, ...]:
    """The improvement in each segment of the sealed rows.

    Segments are the values of columns that have few, thirds of the time, and thirds of the
    recorded target (or its classes), which say whether a gain comes from easy rows. Intervals
    are two standard errors wide on either side, by how the rows depend on each other; `None` where
    that cannot be told. They describe, and support no claim.

    Args:
        judge: of the sealed rows.
        losses: of one attempt on them.
        every: also the values of columns that have many, as far as they have rows enough, and
            thirds of numbers: too many to read, and where harm may hide.

    Returns:
        For each segment its column, value, rows, and the gain with its interval: a share of the
        baseline's loss for a relative claim, else in the metric's unit. `p_harm` is the p-value of
        "the model is no worse there", `None` where it cannot be told; `of_few` says that the column
        has few values (or is time).
    """
    clip = (judge.claim.floor, judge.claim.cap)
    base, model = np.clip(judge.baseline_losses, *clip), np.clip(losses, *clip)
    found, few = [], _kinds(judge)
    for column, value, rows in _parts(judge, every=every):
        if len(rows) < LEAST_ROWS:
            continue
        scale = float(base[rows].mean()) if judge.claim.improve_by is not None else 1.0
        if not scale > 0:
            continue
        gains = base[rows] - model[rows]
        gain, half = float(gains.mean()) / scale, 2 * judge.se(gains, rows) / scale
        known = np.isfinite(half)
        ends = {"low": gain - half if known else None, "high": gain + half if known else None}
        said = {"column": column, "value": value, "rows": len(rows), "gain": gain}
        of_few = few.get(column, MOST_LEVELS) <= MOST_LEVELS
        found.append({**said, **ends, "p_harm": _p_harm(judge, gains, rows), "of_few": of_few})
    return tuple(found)


def harmed(judge: Judge, found: Sequence[Row]) -> list[Row]:
    """Segments in which the model is worse than the baseline for certain, the worst first.

    For certain among so many segments: the level is split over them (Bonferroni), most of it over
    those of columns with few values. Thirds of the target are left out: nobody knows beforehand
    which of them a row will be in.
    """
    asked = tested(judge, found)
    few = sum(each["of_few"] for each in asked)
    many = len(asked) - few
    whole = {True: HARM * (OF_FEW if many else 1), False: HARM * (1 - OF_FEW if few else 1)}
    shares = {True: whole[True] / max(few, 1), False: whole[False] / max(many, 1)}
    worse = [each for each in asked if each["p_harm"] <= shares[each["of_few"]]]
    return sorted(worse, key=lambda each: each["gain"])


def tested(judge: Judge, found: Sequence[Row]) -> list[Row]:
    """Segments that are known beforehand and have enough rows for a test."""
    target = judge.task.roles.target
    return [each for each in found if each["column"] != target and each["p_harm"] is not None]


def harm_sentence(judge: Judge, found: Sequence[Row]) -> list[str]:
    """The segment where an attempt is worst, if it is worse than the baseline there for certain."""
    worse = harmed(judge, found)
    if not worse:
        return []
    worst = worse[0]
    relative = judge.claim.improve_by is not None
    loss = f"{-100 * worst['gain']:.0f} %" if relative else f"{-worst['gain']:.3g}"
    others = f", and in {len(worse) - 1} other segments" if len(worse) > 1 else ""
    return [
        f"It does worse than the baseline where `{worst['column']}` is {worst['value']} "
        f"({worst['rows']:,} rows, by {loss}){others}: a gain on average is none for everybody."
    ]


def _p_harm(judge: Judge, gains: np.ndarray, rows: np.ndarray) -> float | None:
    """P-value of "mean gain >= 0" by how the rows depend; `None` behind the gates of verdicts."""
    if not np.ptp(gains) > 1e-9 * float(np.abs(gains).max(initial=0.0)):
        return None  # all alike, as where the model is the baseline
    if isinstance(judge.test, GroupTest):
        result = cluster_t(gains, np.asarray(judge.test.groups)[rows], delta=0.0)
        return result.p_refute if result.passed_gate else None
    if isinstance(judge.test, SeriesTest):
        daily = date_averages(gains, np.asarray(judge.test.dates)[rows])
        if len(daily) < LEAST_DATES:
            return None
        result = ewc(season_averages(daily, min(judge.test.season or 1, len(daily))), delta=0.0)
        return result.p_refute if result.passed_gate else None
    # Student's, not the exact bet of verdicts: a rare large gain that these rows do not show makes
    # it call harm too often, and that is the error that a gate can bear.
    return float(stdtr(len(gains) - 1, float(gains.mean()) / judge.se(gains, rows)))


def _parts(judge: Judge, *, every: bool) -> Iterator[tuple[str, str, np.ndarray]]:
    """Column, value and places among the sealed rows of each segment."""
    roles, table = judge.task.roles, judge.task.asked.table
    few = _kinds(judge)
    named = [name for name, count in few.items() if 2 <= count <= MOST_LEVELS]
    named.sort(key=lambda name: few[name])
    if not every:
        room = np.cumsum([few[name] for name in named]) <= MOST_SEGMENTS
        named = named[: int(room.sum())]
    for name in named:
        yield from _values(table[name])
    for name in set(few) - set(named) if every else ():
        if table[name].dtype.is_numeric() and few[name] > MOST_LEVELS:
            yield from _thirds(name, table[name].fill_null(float("nan")).to_numpy(), SIZES)
        elif MOST_LEVELS < few[name] <= MOST_KINDS:
            yield from _values(table[name])
    if roles.time is not None:
        yield from _thirds(str(roles.time), table[str(roles.time)].rank("dense").to_numpy(), TIMES)
    y = judge.task.y[judge.task.sealing.sealed_rows]
    if judge.task.classes:
        for number, label in enumerate(judge.task.classes):
            yield roles.target, label, np.flatnonzero(y == number)
    elif len(np.unique(y)) > MOST_LEVELS:
        yield from _thirds(roles.target, y, SIZES)


def _kinds(judge: Judge) -> dict[str, int]:
    """Number of values of each column that may part the sealed rows."""
    roles, table = judge.task.roles, judge.task.asked.table
    hidden = {roles.target, roles.time, "row_id", *judge.task.flags}
    return {name: table[name].n_unique() for name in table.columns if name not in hidden}


def _values(column: pl.Series) -> Iterator[tuple[str, str, np.ndarray]]:
    """The rows of each value, one segment each."""
    place = column.rank("dense").fill_null(0).to_numpy()
    for number in np.unique(place):
        rows = np.flatnonzero(place == number)
        yield column.name, _said(column[int(rows[0])]), rows


def _said(value: object) -> str:
    if value is None:
        return "missing"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _thirds(
    name: str, values: np.ndarray, words: tuple[str, str, str]
) -> Iterator[tuple[str, str, np.ndarray]]:
    low, high = np.nanquantile(values, [1 / 3, 2 / 3])
    place = (values > low).astype(int) + (values > high)
    for third, word in enumerate(words):
        yield name, word, np.flatnonzero((place == third) & ~np.isnan(values))
