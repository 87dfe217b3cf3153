"""The registered rows with those that came since, as one problem whose sealed rows are the new."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from assay.experiment.task import SealedTask
from assay.frame import Frame


@dataclass(frozen=True, eq=False)
class Joined:
    """One table of all rows, and where those of each part stand in it.

    Fields:
        frame: all rows, sorted where there is time.
        known: places of the registered rows, in their own order; -1 for rows without a target that
            were neither open nor sealed, such as days to come, which may come again with theirs.
        past: places of the rows watched before.
        later: places of the rows given now.
    """

    frame: Frame
    known: np.ndarray
    past: np.ndarray
    later: np.ndarray


def judged(task: SealedTask) -> np.ndarray:
    """The registered rows that were open, sealed or in the gap between, ascending."""
    sealing = task.sealing
    return np.sort(np.concatenate([sealing.open_rows, sealing.gap_rows, sealing.sealed_rows]))


def joined(task: SealedTask, past: pl.DataFrame, later: Frame) -> Joined:
    """Put rows that came since behind the registered ones.

    Args:
        task: the registered problem.
        past: rows watched before, in the form of its table.
        later: rows given now, likewise.
    """
    rows, roles = judged(task), task.roles
    known = task.frame.table[rows]
    added = pl.concat([past, later.table])
    first = int(known["row_id"].cast(pl.Int64).max()) + 1  # type: ignore[arg-type]
    numbers = pl.Series("row_id", np.arange(first, first + added.height))
    table = pl.concat([known, added.with_columns(numbers)])
    at = np.arange(table.height)
    if roles.time is not None:
        order = table.select(pl.arg_sort_by([*roles.series, roles.time])).to_series().to_numpy()
        table, at = table[order], np.argsort(order)
    kept, before, now = np.split(at, [known.height, known.height + past.height])
    place = np.full(task.frame.rows, -1)
    place[rows] = kept
    return Joined(replace(task.frame, table=table, source=later.source), place, before, now)


def watch_task(task: SealedTask, rows: Joined, fresh: np.ndarray) -> SealedTask:
    """The problem in which the new rows are the sealed ones.

    Models and the baseline learn from the rows that were open at registration, and from no others.
    Forecast origins go on from the last registered time, one horizon apart, whatever the batches.

    Args:
        task: the registered problem.
        rows: of both, as `joined` returned them.
        fresh: places of the rows to be scored, in the order in which they count.
    """
    sealing = replace(
        task.sealing,
        open_rows=rows.known[task.sealing.open_rows],
        gap_rows=rows.known[task.sealing.gap_rows],
        units=np.arange(rows.frame.rows),
        copies=0,
        sealed_rows=fresh,
        fingerprints=[],
    )
    first, time = None, task.roles.time
    if time is not None:
        first = task.frame.column(time).gather(judged(task)).n_unique()
    return replace(task, frame=rows.frame, sealing=sealing, first=first, vault=None)
