"""Which rows are to be scored: labelled, from after the verdict, and not watched before."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import bdtrc

from assay.errors import DataError
from assay.experiment.sealing import row_names, units_of
from assay.experiment.task import SealedTask
from assay.experiment.watch.grid import missing_series, refuse_off_grid
from assay.experiment.watch.joining import joined, judged
from assay.experiment.watch.scored import Scored
from assay.frame import Frame, conform, read
from assay.frame.rows import first

CHANCE, SELDOM = 3.0, 0.001
"""New rows may have all values of registered ones this many times as often as these have those of
each other; they are refused where so many would be this improbable."""

OFTEN = 0.01
"""Share of registered rows with all values of another one, from which on rows need a number."""

NUMBER = "number of the row"


ONCE_LABELLED = (
    "A watch compares predictions with what came: give the rows once their targets are known."
)


@dataclass(frozen=True, eq=False)
class NewRows:
    """The given rows, and which of them are to be scored.

    Fields:
        frame: all of them, in the form of the registered table; sorted, where there is time.
        names: salted name of each, by which it is known again.
        units: case or group of each; `None` where it is too late to count.
        later: places of those neither registered nor watched, with or without a target, ascending.
        fresh: places of those to be scored, in the order in which they count.
        notes: what was left out and why, one sentence each.
        has_numbers: whether they came with a column `row_id`.
    """

    frame: Frame
    names: list[bytes]
    units: list[str | None]
    later: np.ndarray
    fresh: np.ndarray
    notes: tuple[str, ...]
    has_numbers: bool


def new_rows(data: object, task: SealedTask, past: Scored, *, salt: str) -> NewRows:
    """Read rows that came since, and sort out which may be scored.

    Args:
        data: whatever `assay.frame.read` takes.
        task: the registered problem.
        past: what was watched before.
        salt: of the ledger.

    Raises:
        DataError: the table differs in form from the registered one; no row has a target; rows are
            registered ones, or cannot be told apart.
    """
    given = read(data)
    has_numbers = "row_id" in given.columns
    if task.roles.target not in given.columns:
        raise DataError(
            f"{given.source}: no column `{task.roles.target}`, so these rows have no labels. "
            f"{ONCE_LABELLED}"
        )
    frame = conform(given, task.frame, task.roles)
    has_target = ~np.isnan(frame.numbers(task.roles.target))
    _refuse_unlabelled(frame, task, has_target)
    _refuse_registered(frame, task, past, has_numbers=has_numbers)
    names, again = _recognised(frame, task, past, salt=salt, has_numbers=has_numbers)
    _refuse_renumbered(frame, task, past, again)
    again |= ~has_target & _seen_labelled(frame, task, past, has_numbers=has_numbers)
    units, learnt, copied = _units(frame, task, past, again)
    told: tuple[tuple[np.ndarray, str], ...] = (
        (again, "were watched before and are skipped"),
        (
            again & has_target & ~_has_values(frame, task, past),
            f"of them have another `{task.roles.target}` now than then, and the first stands",
        ),
        (
            ~has_target & ~again & ~learnt & ~copied,
            f"have no `{task.roles.target}` yet: give them again once they do",
        ),
        (learnt, f"are of a `{task.roles.group}` that the model has learnt from, and are left out"),
        (copied, "are near-copies of rows known before, and are left out"),
    )
    later = ~again & ~learnt & ~copied
    late = later & has_target & np.array([unit is None for unit in units])
    told = (*told, (late, _late_words(task)))
    return NewRows(
        frame=frame,
        names=names,
        units=units,
        later=np.flatnonzero(later),
        fresh=_in_order(np.flatnonzero(later & has_target), names, frame, task),
        notes=(
            *(f"{mask.sum():,} rows {words}." for mask, words in told if mask.any()),
            *missing_series(frame, task, later & has_target),
        ),
        has_numbers=has_numbers,
    )


def _refuse_unlabelled(frame: Frame, task: SealedTask, has_target: np.ndarray) -> None:
    if not has_target.any():
        raise DataError(
            f"{frame.source}: target `{task.roles.target}` is missing in all {frame.rows:,} rows. "
            f"{ONCE_LABELLED}"
        )


def _recognised(
    frame: Frame, task: SealedTask, past: Scored, *, salt: str, has_numbers: bool
) -> tuple[list[bytes], np.ndarray]:
    """The name of each row, and which of them were watched before.

    In time a row is known by its key and time. Elsewhere it is known by its number beside its
    values, or, where rows have none, by all values with the target: two cases may well have the
    same features. A row that was watched without a number is known again when it has one.
    """
    every, identity = np.arange(frame.rows), task.sealing.identity
    known = set(past.names)
    if task.roles.time is not None:
        names = row_names(frame, identity, every, salt=salt)
        return names, np.array([name in known for name in names])
    names = by_values = row_names(frame, _values(task), every, salt=salt)
    if has_numbers:
        table = frame.table.with_columns(pl.col("row_id").alias(NUMBER))
        names = row_names(frame.having(table), (*identity, NUMBER), every, salt=salt)
    pairs = zip(names, by_values, strict=True)
    return names, np.array([one in known or other in known for one, other in pairs])


def _seen_labelled(
    frame: Frame, task: SealedTask, past: Scored, *, has_numbers: bool
) -> np.ndarray:
    """Which rows have all values but the target of one that was watched, where no number decides.

    Without its target such a row has nothing else to be known by, and its label is there already.
    """
    if task.roles.time is not None or (has_numbers and past.has_numbers):
        return np.zeros(frame.rows, dtype=bool)
    return _shares_values(frame.table, past.rows, task.sealing.identity)


def _values(task: SealedTask) -> tuple[str, ...]:
    return (*task.sealing.identity, task.roles.target)


def _has_values(frame: Frame, task: SealedTask, past: Scored) -> np.ndarray:
    """Which rows have all values of a row that was watched, its target included."""
    return _shares_values(frame.table, past.rows, _values(task))


def _refuse_registered(frame: Frame, task: SealedTask, past: Scored, *, has_numbers: bool) -> None:
    """Refuse rows from before the verdict, and rows that nothing tells apart.

    Raises:
        DataError: says how many and which.
    """
    if task.roles.time is not None:
        refuse_off_grid(frame, task, past, task.roles.time)
        return
    # What lies in a vault has no target here: then all other values decide.
    values = task.sealing.identity if task.is_locked else _values(task)
    registered = task.frame.table[judged(task)]
    often = float(_has_twin(registered, values).mean())
    _refuse_unnumbered(frame, past, often, has_numbers=has_numbers)
    is_known = _shares_values(frame.table, registered, values)
    is_known &= ~_shares_values(frame.table, past.rows, values)
    if _beyond_chance(is_known, often):
        row = first(is_known)
        raise DataError(
            f"{frame.source}: {is_known.sum():,} of {frame.rows:,} rows were open or sealed at "
            f"registration (the first has row_id {frame.column('row_id')[row or 0]}). A watch "
            "needs rows that came since the verdict: leave these out."
        )


def _refuse_renumbered(frame: Frame, task: SealedTask, past: Scored, again: np.ndarray) -> None:
    """Refuse rows that were watched before under other numbers.

    Raises:
        DataError: says how many and which.
    """
    if task.roles.time is not None or not past.count:
        return
    registered = task.frame.table[judged(task)]
    same = _has_values(frame, task, past) & ~again
    often = float(_has_twin(registered, _values(task)).mean()) * past.count / registered.height
    if _beyond_chance(same, often):
        row = first(same)
        raise DataError(
            f"{frame.source}: {same.sum():,} of {frame.rows:,} rows have all values of rows "
            f"watched before, and other numbers (the first has row_id "
            f"{frame.column('row_id')[row or 0]}). Give each row the number that it had, or leave "
            "these out."
        )


def _beyond_chance(found: np.ndarray, often: float) -> bool:
    """Whether more rows were found than those that chance explains."""
    chance = min(1.0, CHANCE * often)
    return bool(found.any()) and bdtrc(int(found.sum()) - 1, found.size, chance) < SELDOM


def _refuse_unnumbered(frame: Frame, past: Scored, often: float, *, has_numbers: bool) -> None:
    """Refuse rows without a number where others have one, or where values do not tell them apart.

    Raises:
        DataError: says why a number is needed.
    """
    if has_numbers:
        return
    add = "Add a column `row_id`: a whole number for each row, the same whenever that row is given."
    if past.has_numbers:
        raise DataError(
            f"{frame.source}: no column `row_id`, and the rows watched before had one, by which "
            f"they are known again. {add}"
        )
    if often >= OFTEN:
        raise DataError(
            f"{frame.source}: no column `row_id`, and in the registered table {100 * often:.0f} % "
            f"of rows share all values with another one, so values do not tell rows apart. {add}"
        )


def _has_twin(table: pl.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """Which rows have all these values in common with another row of the table."""
    if not columns:
        return np.zeros(table.height, dtype=bool)
    return table.select(pl.len().over(columns) > 1).to_series().to_numpy()


def _shares_values(
    table: pl.DataFrame, other: pl.DataFrame, identity: tuple[str, ...]
) -> np.ndarray:
    """Which rows have all values of a row of the other table; none where there are no values."""
    if not identity:
        return np.zeros(table.height, dtype=bool)
    keys = other.select(identity).unique().with_columns(there=pl.lit(True))
    found = table.join(keys, on=identity, how="left", nulls_equal=True, maintain_order="left")
    return found["there"].fill_null(False).to_numpy()


def _units(
    frame: Frame, task: SealedTask, past: Scored, again: np.ndarray
) -> tuple[list[str | None], np.ndarray, np.ndarray]:
    """The case or group of each row; which are of a group that was open; which are known cases.

    A group counts once, with the rows of the batch in which it first comes: were it counted again
    as it grows, evidence would be taken back and given anew by gains that were seen.
    """
    nothing = np.zeros(frame.rows, dtype=bool)
    if task.roles.time is not None:
        times = frame.column(task.roles.time)
        last = past.table["time"].max() if past.count else None
        late = nothing if last is None else (times <= last).to_numpy()
        return [None if each else "" for each in late.tolist()], nothing, nothing
    rest = np.flatnonzero(~again)
    every = joined(task, past.rows, frame.take(rest))
    cases, _ = units_of(every.frame, task.roles, task.project.seal)
    own = np.full(frame.rows, -1)
    own[rest] = cases[every.later]
    learnt = np.isin(own, cases[every.known[task.sealing.open_rows]])
    if task.roles.group is not None:
        groups = frame.column(task.roles.group).cast(pl.String).to_list()
        counted = set(past.table["unit"].drop_nulls())
        return [None if each in counted else each for each in groups], learnt, nothing
    copied = learnt | np.isin(own, cases[np.concatenate([every.known[judged(task)], every.past])])
    # A case is of one batch: a later copy of it is left out.
    return [f"{past.count}-{case}" for case in own.tolist()], nothing, copied


def _late_words(task: SealedTask) -> str:
    what = f"`{task.roles.group}`" if task.roles.time is None else f"`{task.roles.time}`"
    return (
        f"are of a {what} that was counted in an earlier batch, so they are scored but count for "
        "nothing: give all rows of one at once"
    )


def _in_order(rows: np.ndarray, names: list[bytes], frame: Frame, task: SealedTask) -> np.ndarray:
    """Time orders a series; elsewhere the salted names fix an order that nobody chose."""
    if task.roles.time is not None:
        times = frame.column(task.roles.time).gather(rows)
        return rows[times.arg_sort().to_numpy()]
    return np.array(sorted(rows.tolist(), key=names.__getitem__), dtype=np.int64)
