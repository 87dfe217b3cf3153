"""Permutations that respect how rows hang together."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from assay.adapter import time_axis
from assay.experiment.explanation.altered import within
from assay.experiment.task import SealedTask

ROWS = "among rows"
IN_SERIES = "in time, within each series"
SERIES = "among whole series"
DATES = "among whole dates"
GROUPS = "among whole groups"


@dataclass(frozen=True, eq=False)
class Shuffling:
    """How values of some columns are dealt out anew.

    Fields:
        how: in words.
        labels: whose values move as one, or within which they stay, (rows,).
    """

    how: str
    labels: np.ndarray

    def source(self, random: np.random.Generator) -> np.ndarray:
        """The place that each row's values come from, (rows,)."""
        if self.how in (ROWS, IN_SERIES):
            return within(self.labels, random)
        _, first, number = np.unique(self.labels, return_index=True, return_inverse=True)
        return random.permutation(first)[number]


def shuffling(task: SealedTask, columns: tuple[str, ...]) -> Shuffling:
    """How columns are permuted among the sealed rows.

    What is the same in all rows of a series, a date or a group moves as a whole, so that a
    patient keeps one age and a day one weather. In time, everything else moves within its series,
    so that each shop keeps its own prices. Other rows exchange their values freely.

    Args:
        task: problem and split.
        columns: altered together.
    """
    rows, roles = task.sealing.sealed_rows, task.roles
    table = task.frame.table.select(columns)[rows]
    if roles.time is not None:
        series, times = (each[rows] for each in time_axis(task.frame, roles))
        if len(np.unique(series)) > 1 and _is_constant(table, series):
            return Shuffling(SERIES, series)
        if _is_constant(table, times):
            return Shuffling(DATES, times)
        return Shuffling(IN_SERIES, series)
    if roles.group is not None:
        groups = task.sealing.units[rows]
        if _is_constant(table, groups):
            return Shuffling(GROUPS, groups)
    return Shuffling(ROWS, np.zeros(len(rows), dtype=int))


def _is_constant(table: pl.DataFrame, labels: np.ndarray) -> bool:
    """Whether all rows of one label have the same values."""
    marked = table.with_columns(pl.Series("\0label", labels))
    return marked.n_unique() == len(np.unique(labels))
