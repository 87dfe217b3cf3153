"""From the columns of a pilot to numbers on a common scale."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assay.errors import DataError
from assay.frame import Frame
from assay.frame.rows import at_row, first
from assay.frame.table import is_number
from assay.problem.feasibility.learners import Floats

MOST_LEVELS = 20
"""Levels of a text column that get an indicator of their own: the most frequent ones."""

CONSTANT = "the same in every row"

FARTHEST = 5.0
"""Standard deviations beyond which a number counts as that far: one row must not be all."""


@dataclass(frozen=True, eq=False)
class Features:
    """What learners see.

    Fields:
        x: numbers with mean 0, of a spread near 1, shape `(row, feature)`.
        used: columns that they come from.
        left_out: columns that are not used, each with the reason.
    """

    x: Floats
    used: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


def features(
    frame: Frame, target: str, rows: NDArray[np.intp], *, apart: Collection[str] = ()
) -> Features:
    """Turn columns into numbers: text into indicators, missing numbers into medians plus a flag.

    Args:
        frame: all rows with a known target: which columns can be used is seen on all of them.
        target: its name.
        rows: positions of the rows that are turned into numbers.
        apart: columns that play another part, such as the group; used for nothing and not named.

    Returns:
        The numbers, and which columns were left out: names of rows, columns that never change,
        days and moments, and the target itself in another unit.

    Raises:
        DataError: a value is infinite, or no column is left.
    """
    y = frame.numbers(target)
    found: dict[str, list[Floats]] = {}
    left_out: list[tuple[str, str]] = []
    for column in frame.table:
        if column.name in (target, "row_id", *apart):
            continue
        _refuse_infinite(frame, column)
        reason = _unusable(column, y)
        numbers = [] if reason else list(_numbers(column.gather(rows)))
        if numbers:
            found[column.name] = numbers
        else:
            left_out.append((column.name, reason or CONSTANT))
    columns = [column for part in found.values() for column in part]
    if not columns:
        named = "; ".join(f"`{name}`: {reason}" for name, reason in left_out)
        raise DataError(
            f"{frame.source}: no column is left to predict `{target}` from"
            f"{f' ({named})' if named else ', it is alone in the table'}. Numbers, true/false and "
            "text with few different values are accepted: add such a column."
        )
    return Features(np.stack(columns, axis=1), tuple(found), tuple(left_out))


def _refuse_infinite(frame: Frame, column: pl.Series) -> None:
    row = first(column.is_infinite().fill_null(False)) if column.dtype.is_float() else None
    if row is not None:
        raise DataError(
            f"{frame.source}: column `{column.name}` is {column[row]} in {at_row(row)} of the rows "
            "with a known target, finite numbers are needed. Leave the value empty if it is "
            "missing."
        )


def _unusable(column: pl.Series, y: Floats) -> str | None:
    """Why a column cannot be a feature."""
    known = column.drop_nulls()
    levels = known.n_unique()
    if len(known) == 0 or (levels == 1 and not column.null_count()):
        return CONSTANT
    if is_number(column.dtype):
        return _number_unusable(column, y, levels)
    if column.dtype != pl.String:
        return f"{column.dtype}, which is neither a number nor text"
    return "another text in each row" if levels == len(known) > 2 else None


def _number_unusable(column: pl.Series, y: Floats, levels: int) -> str | None:
    numbers = column.cast(pl.Float64).to_numpy()
    is_another_each = column.dtype.is_integer() and levels == len(column)
    # Half the rows may have gone for want of a target; true measurements do not lie so densely.
    if is_another_each and np.ptp(numbers) < 2 * levels:
        return "it numbers the rows"
    if not column.null_count() and _is_line(numbers, y):
        return "it is the target itself, at most in another unit"
    return None


def _is_line(one: Floats, other: Floats) -> bool:
    """Whether two columns lie on one line, but for rounding."""
    first_away, second_away = (_standard(each) for each in (one, other))
    if first_away is None or second_away is None:
        return False
    return abs(float(np.mean(first_away * second_away))) > 1.0 - 1e-9


def _standard(numbers: Floats) -> Floats | None:
    """With mean 0 and standard deviation 1; None where they do not differ beyond rounding."""
    greatest = float(np.abs(numbers).max())
    scaled = numbers / greatest if greatest else numbers  # so that its square is finite
    spread = float(scaled.std())
    return (scaled - scaled.mean()) / spread if spread > 1e-14 else None


def _numbers(column: pl.Series) -> Iterator[Floats]:
    if column.dtype == pl.String:
        yield from _indicators(column)
        return
    numbers = column.cast(pl.Float64).to_numpy().copy()
    missing = np.isnan(numbers)
    if missing.all():
        return
    if missing.any():
        yield _shifted(missing)
        numbers[missing] = np.median(numbers[~missing])
    away = _standard(numbers)
    if away is not None:
        cut = np.clip(away, -FARTHEST, FARTHEST)
        yield cut - cut.mean()


def _indicators(column: pl.Series) -> Iterator[Floats]:
    """One for each frequent level; the others share one, and so do missing texts."""
    counts = column.drop_nulls().value_counts(sort=True).sort("count", column.name, descending=True)
    frequent = counts[column.name][:MOST_LEVELS]
    for level in frequent:
        yield _shifted((column == level).fill_null(False).to_numpy())
    rest = column.is_not_null() & ~column.is_in(frequent.implode())
    for mask in (rest.to_numpy(), column.is_null().to_numpy()):
        if mask.any():
            yield _shifted(mask)


def _shifted(mask: np.ndarray) -> Floats:
    """An indicator with mean 0 and a spread of at most 1, so that a rare one weighs little."""
    return 2.0 * (mask - mask.mean())
