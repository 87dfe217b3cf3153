"""What a model predicts as one column moves: accumulated local effects, or value by value."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl

from assay.compute.progress import tracked
from assay.experiment.explanation.altered import Alteration
from assay.experiment.explanation.certainty import stream
from assay.experiment.explanation.importance import Importance
from assay.experiment.explanation.subject import Subject
from assay.experiment.explanation.together import Together, is_ordered

MOST_COLUMNS = 6
"""Columns whose effect is shown, the most important ones."""

BINS = 20
PROCEDURE_BINS = 6
"""Of a model that is asked for all rows at once: each bin's edge costs a whole forecast."""

FEW = 12
"""Values up to which each is shown by itself; of more categories the most common ones."""

MOST_ROWS = 1_000
"""Sealed rows over which effects are averaged."""

SPREAD = (0.1, 0.9)
"""Between these shares of the rows lies the band around an effect."""


@dataclass(frozen=True, eq=False)
class Effect:
    """What is predicted at some values of a column.

    Fields:
        column: which, or a group of columns that move together.
        output: what is predicted.
        kind: `curve` along numbers or times, `levels` where each value stands for itself.
        at: the values: numbers, or text for times and levels.
        estimate: of the prediction at each value, averaged over the rows.
        low: the same for the tenth of the rows that it moves the least.
        high: for the tenth that it moves the most; low and high meet it where no other column
            changes the effect.
    """

    column: str
    output: str
    kind: str
    at: tuple[float | str, ...]
    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def as_record(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "column": self.column,
            "output": self.output,
            "kind": self.kind,
            "at": list(self.at),
            **{name: getattr(self, name).tolist() for name in ("estimate", "low", "high")},
        }


def effects(subject: Subject, found: Sequence[Importance], *, seed: int) -> tuple[Effect, ...]:
    """The effects of the most important columns on what is predicted.

    Numbers and times with many values get accumulated local effects, which never ask about rows
    that cannot be, such as a large house with few square metres. Other columns are set to each of
    their values in all rows. The band shows how far rows differ in their response, each about its
    own mean, as curves of single rows do.

    Args:
        subject: the model.
        found: importance of its columns, the greatest first.
        seed: of the rows that are asked where there are many.

    Source: Apley & Zhu (2020), Visualizing the effects of predictor variables in black box
        supervised learning models; Goldstein, Kapelner, Bleich & Pitkin (2015), Peeking inside the
        black box (curves of single rows); Friedman (2001), Greedy function approximation (values
        set in all rows).
    """
    useful = [
        each.group for each in found if each.kind == "values" and each.loss and each.loss.mean > 0
    ]
    shown: list[Effect] = []
    for group in tracked(useful[:MOST_COLUMNS], "following effects"):
        try:
            shown += _effect(subject, group, seed)
        except Exception:  # anybody's model, on rows that it never saw: then there is no picture
            continue
    return tuple(shown)


def _effect(subject: Subject, group: Together, seed: int) -> list[Effect]:
    table = subject.visible.table.select(group.columns)
    lead = table[group.columns[0]]
    if is_ordered(lead.dtype) and lead.drop_nulls().n_unique() > FEW and not group.is_one_hot:
        return _along(subject, group, lead, _places(subject, seed, lead.is_not_null().to_numpy()))
    return _by_value(subject, group, table, _places(subject, seed, np.ones(len(lead), dtype=bool)))


def _places(subject: Subject, seed: int, usable: np.ndarray) -> np.ndarray:
    at = np.flatnonzero(usable)
    if len(at) <= MOST_ROWS or not subject.stands_alone:
        return at
    return np.sort(stream(seed, "effect").choice(at, MOST_ROWS, replace=False))


def _along(subject: Subject, group: Together, lead: pl.Series, at: np.ndarray) -> list[Effect]:
    """Accumulated local effects between quantiles of the first column of a group."""
    values = lead.to_physical().cast(pl.Float64).to_numpy()
    edges = _edges(values, at, BINS if subject.stands_alone else PROCEDURE_BINS)
    bins = np.clip(np.searchsorted(values[edges], values[at], side="left"), 1, len(edges) - 1)
    sides = [np.zeros(len(values), dtype=int) for _ in range(2)]
    for side, source in zip((bins - 1, bins), sides, strict=True):
        source[at] = edges[side]
    left, right = _asked(subject, group, sides, at)
    local = _averages(right - left, bins, len(edges))
    path = np.cumsum(local, axis=0)
    counts = np.bincount(bins, minlength=len(edges))[1:, None]
    middle = (counts * (path[1:] + path[:-1]) / 2).sum(axis=0) / counts.sum()
    level = subject.reading(subject.predictive.take(at)).mean(axis=0)
    steps = [np.full(len(values), edge) for edge in edges]
    curves = np.stack(list(_asked(subject, group, steps, at)))
    shown = _shown(lead.gather(edges))
    return _as_effects(subject, group, "curve", shown, path - middle + level, curves)


def _by_value(
    subject: Subject, group: Together, table: pl.DataFrame, at: np.ndarray
) -> list[Effect]:
    """The mean prediction with the columns set to each of their values."""
    kinds = table.with_row_index("\0row").group_by(group.columns, maintain_order=True)
    common = kinds.agg(pl.len().alias("\0rows"), pl.col("\0row").first())
    common = common.sort("\0rows", descending=True, maintain_order=True).head(FEW)
    common = common.sort(group.columns, descending=group.is_one_hot, nulls_last=True)
    steps = [np.full(table.height, row) for row in common["\0row"]]
    curves = np.stack(list(_asked(subject, group, steps, at)))
    names = tuple(_level(group, row) for row in common.select(group.columns).iter_rows())
    return _as_effects(subject, group, "levels", names, curves.mean(axis=1), curves)


def _asked(
    subject: Subject, group: Together, sources: Sequence[np.ndarray], at: np.ndarray
) -> list[np.ndarray]:
    """What is read where the columns come from other rows, each (rows, outputs)."""
    asked = [Alteration(group.columns, source) for source in sources]
    return [subject.reading(answer) for answer in subject.answers(asked, at)]


def _as_effects(
    subject: Subject,
    group: Together,
    kind: str,
    at: tuple[float | str, ...],
    estimate: np.ndarray,
    curves: np.ndarray,
) -> list[Effect]:
    """One for each output; the band is that of single rows about their own mean.

    Args:
        subject: the model.
        group: columns that moved.
        kind: of effect.
        at: values.
        estimate: (values, outputs).
        curves: (values, rows, outputs).
    """
    centred = curves - curves.mean(axis=0)
    apart = centred - centred.mean(axis=1, keepdims=True)
    low, high = np.quantile(apart, SPREAD, axis=1)
    low, high = estimate + np.minimum(low, 0.0), estimate + np.maximum(high, 0.0)
    if subject.reading.is_chance:  # differences that add up do not know where chances end
        estimate, low, high = (np.clip(each, 0.0, 1.0) for each in (estimate, low, high))
    return [
        Effect(
            column=group.label,
            output=output,
            kind=kind,
            at=at,
            estimate=estimate[:, k],
            low=low[:, k],
            high=high[:, k],
        )
        for k, output in enumerate(subject.reading.labels)
    ]


def _edges(values: np.ndarray, at: np.ndarray, bins: int) -> np.ndarray:
    """Places of rows whose values part the others into bins of about equally many."""
    order = at[np.argsort(values[at], kind="stable")]
    chosen = order[np.linspace(0, len(order) - 1, bins + 1).round().astype(int)]
    return chosen[np.unique(values[chosen], return_index=True)[1]]


def _averages(values: np.ndarray, bins: np.ndarray, count: int) -> np.ndarray:
    """Mean of each bin, 0 for the first edge and for an empty bin, (bins, outputs)."""
    rows = np.maximum(np.bincount(bins, minlength=count), 1)
    sums = [np.bincount(bins, weights=each, minlength=count) for each in values.T]
    return np.column_stack(sums) / rows[:, None]


def _shown(values: pl.Series) -> tuple[float | str, ...]:
    if values.dtype.is_temporal():
        return tuple(_said(each) for each in values)
    return tuple(map(float, values))


def _level(group: Together, row: tuple[Any, ...]) -> str:
    if group.is_one_hot:
        return next((name for name, one in zip(group.columns, row, strict=True) if one), "none")
    return ", ".join(dict.fromkeys(map(_said, row)))


def _said(value: object) -> str:
    if value is None:
        return "missing"
    if isinstance(value, date | datetime):
        return value.isoformat()
    return f"{value:g}" if isinstance(value, float) else str(value)
