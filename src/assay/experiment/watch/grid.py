"""Whether new rows of a series go on where those known before end, without a date missing."""

import numpy as np
import polars as pl

from assay.errors import DataError
from assay.experiment.task import SealedTask
from assay.experiment.watch.joining import judged
from assay.experiment.watch.scored import Scored
from assay.frame import Frame
from assay.frame.rows import shown


def refuse_off_grid(frame: Frame, task: SealedTask, past: Scored, time: str) -> None:
    """Refuse rows from before the verdict, and dates that leave one out before them.

    A forecast counts dates. After one that is missing it would compare a Sunday with a Saturday,
    and the watch would take for a drift what is only a gap.

    Args:
        frame: the given rows, sorted.
        task: the registered problem.
        past: what was watched before.
        time: the column.

    Raises:
        DataError: says which date, and what is wrong with it.
    """
    _refuse_early(frame, task, time)
    registered = task.frame.column(time).gather(judged(task)).unique().sort()
    known = pl.concat([registered, past.rows[time].unique()]).unique().sort()
    has_target = ~np.isnan(frame.numbers(task.roles.target))
    labelled = frame.column(time).filter(pl.Series(has_target))
    dates = pl.concat([known, labelled]).unique().sort()
    usual = registered.diff().max()
    steps = dates.diff()
    wide = (steps > usual).fill_null(False) & (dates > registered.max())
    if wide.any():
        at = int(wide.arg_max() or 0)
        raise DataError(
            f"{frame.source}: after `{time}` {shown(dates[at - 1])} the next with a target is "
            f"{shown(dates[at])}, and registered ones lie at most {_told(usual)} apart. A missing "
            "one would shift all later forecasts: give it with its target, or wait until it has "
            "one."
        )


def missing_series(frame: Frame, task: SealedTask, counted: np.ndarray) -> tuple[str, ...]:
    """A sentence about sealed series that miss dates which others have; none where none does.

    Args:
        frame: the given rows.
        task: the registered problem.
        counted: rows that are scored.
    """
    keys, time = list(task.roles.series), task.roles.time
    if time is None or not keys or not counted.any():
        return ()
    rows = frame.table.filter(pl.Series(counted))
    sealed = task.frame.table[task.sealing.sealed_rows].select(keys).unique()
    there = rows.group_by(keys).agg(dates=pl.col(time).n_unique())
    found = sealed.join(there, on=keys, how="left").with_columns(pl.col("dates").fill_null(0))
    few = found.filter(pl.col("dates") < rows[time].n_unique()).sort(keys)
    if not few.height:
        return ()
    named = ", ".join("/".join(map(str, row)) for row in few.select(keys).head(3).iter_rows())
    more = f" and {few.height - 3} more" if few.height > 3 else ""
    return (
        f"{few.height} of {sealed.height} sealed series have no target on some of these dates "
        f"({named}{more}). Their dates count for less, and the verdict spoke of all series.",
    )


def _told(step: object) -> str:
    """A step of time as it is read."""
    days = getattr(step, "days", None)
    return f"{days} days" if days else str(step)


def _refuse_early(frame: Frame, task: SealedTask, time: str) -> None:
    end = task.frame.column(time).gather(judged(task)).max()
    early = frame.column(time) <= end
    if early.any():
        raise DataError(
            f"{frame.source}: {early.sum():,} of {frame.rows:,} rows are from before the verdict: "
            f"their `{time}` goes back to {shown(frame.column(time).min())}, and the registered "
            f"rows end at {shown(end)}. Give rows after that."
        )
