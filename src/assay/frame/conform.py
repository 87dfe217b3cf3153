"""A later table in the form of an earlier one: what a model saw is what it must be given again."""

import numpy as np
import polars as pl

from assay.errors import DataError, nearest
from assay.frame.censoring import check_censoring
from assay.frame.keys import ROW_ID, check_keys
from assay.frame.moments import parse_months, parse_times
from assay.frame.roles import Roles
from assay.frame.rows import at_row, first, shown
from assay.frame.table import Frame


def conform(frame: Frame, known: Frame, roles: Roles) -> Frame:
    """Bring rows that came later into the form of a checked table, or say what differs.

    Args:
        frame: the later rows as they were read; a missing target is accepted.
        known: the checked table that they must be like: the same columns, each of its type; the
            same classes of the target.
        roles: what the columns mean.

    Returns:
        The later rows with the columns of `known` in their order and types, checked like them and
        sorted by series and time. `row_id` is the table's own, or else the place of the row in it,
        counted from 0.

    Raises:
        DataError: a column is missing, unknown or of another type; a target is of no known class;
            a key, time or limit is wrong. Rows are counted from 1, as they came.
    """
    _refuse_other_columns(frame, known)
    numbered = ROW_ID in frame.columns
    place = frame.column(ROW_ID) if numbered else pl.Series(ROW_ID, np.arange(frame.rows))
    names = [name for name in known.columns if name != ROW_ID]
    where = f"{frame.source}: column"
    columns = [
        _as_known(frame.column(name), known.column(name).dtype, f"{where} `{name}`")
        for name in names
    ]
    later = Frame(pl.DataFrame([*columns, place]), frame.source, known.classes)
    _refuse_other_target(later, known, roles.target)
    if roles.target not in known.classes:
        later = _with_limits(later, known, roles)
    later = check_keys(later, roles)
    return later.having(later.table.select(known.columns))


def _refuse_other_columns(frame: Frame, known: Frame) -> None:
    wanted, given = set(known.columns) - {ROW_ID}, set(frame.columns) - {ROW_ID}
    missing = [name for name in known.columns if name in wanted - given]
    extra = [name for name in frame.columns if name in given - wanted]
    if missing:
        raise DataError(
            f"{frame.source}: no column `{missing[0]}`"
            + (f" ({len(missing)} such columns)" if len(missing) > 1 else "")
            + f", which {_earlier(frame, known)} has. New rows need the same columns. "
            f"{nearest(missing[0], extra or frame.columns)}"
        )
    if extra:
        raise DataError(
            f"{frame.source}: column `{extra[0]}`"
            + (f" ({len(extra)} such columns)" if len(extra) > 1 else "")
            + f" is not among those of {_earlier(frame, known)}. New rows need the same columns: "
            "leave it out, or give it the name that it had."
        )


def _earlier(frame: Frame, known: Frame) -> str:
    """The earlier table by its name, where that tells the two apart."""
    return "the table that the model learnt from" if frame.source == known.source else known.source


def _as_known(column: pl.Series, dtype: pl.DataType, where: str) -> pl.Series:
    """A column in the type that it had, if nothing is lost on the way."""
    given = parse_months(parse_times(column)) if dtype.is_temporal() else column
    if given.dtype == dtype or given.null_count() == len(given):
        return given.cast(dtype)
    changed = given.cast(dtype, strict=False) if _is_alike(given.dtype, dtype) else None
    if changed is None:
        row = first(column.is_not_null()) or 0
    else:
        lost = changed.is_null() & given.is_not_null()
        if dtype != pl.String:  # text says what a number is, but not of which type
            lost |= (changed.cast(given.dtype, strict=False) != given).fill_null(False)
        row = first(lost)
        if row is None:
            return changed
    raise DataError(
        f"{where} is {column.dtype}, such as {shown(column[row])} in {at_row(row)}, and was "
        f"{dtype} in the table that the model learnt from. Bring it in that form."
    )


def _is_alike(given: pl.DataType, wanted: pl.DataType) -> bool:
    """Whether values of one type can mean what those of another did."""
    if wanted == pl.String:
        return given.is_integer()
    if isinstance(wanted, pl.Datetime) and isinstance(given, pl.Datetime):
        return wanted.time_zone == given.time_zone
    if wanted.is_temporal() or given.is_temporal():
        return {type(given), type(wanted)} == {pl.Date, pl.Datetime}
    return _is_numeric(given) and _is_numeric(wanted)


def _is_numeric(dtype: pl.DataType) -> bool:
    return dtype.is_numeric() or dtype == pl.Boolean


def _refuse_other_target(frame: Frame, known: Frame, name: str) -> None:
    where = f"{frame.source}: target `{name}`"
    classes = known.classes.get(name, ())
    if classes:
        column = frame.column(name)
        row = first(column.is_not_null() & ~column.is_in(list(classes)))
        if row is not None:
            raise DataError(
                f"{where} is {shown(column[row])} in {at_row(row)}, which is none of its classes. "
                f"{nearest(str(column[row]), classes)}"
            )
        return
    y, earlier = frame.numbers(name), known.numbers(name)
    row = first(np.isinf(y))
    if row is not None:
        raise DataError(
            f"{where} is {y[row]} in {at_row(row)}, finite numbers are needed. Leave the value "
            "empty if it is missing."
        )
    is_zero_one = np.isin(earlier[~np.isnan(earlier)], (0.0, 1.0)).all()
    row = first(~np.isnan(y) & ~np.isin(y, (0.0, 1.0)))
    if is_zero_one and row is not None:
        raise DataError(
            f"{where} is {y[row]:g} in {at_row(row)}, and was 0 or 1 in "
            f"{_earlier(frame, known)}. Correct "
            "it, or leave it empty if it is missing."
        )


def _with_limits(frame: Frame, known: Frame, roles: Roles) -> Frame:
    """Limits checked as those of the earlier rows were; a batch may be hidden from end to end."""
    names = [name for name in known.columns if name != ROW_ID]
    both = pl.concat([frame.table.select(names), known.table.select(names)])
    checked = check_censoring(frame.having(both), roles)
    return frame.having(checked.table.head(frame.rows).with_columns(frame.column(ROW_ID)))
