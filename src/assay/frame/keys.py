"""Time and keys: one row for each series and time, in order, under a number of its own."""

from typing import Any

import numpy as np
import polars as pl

from assay.errors import ConfigError, DataError
from assay.frame.moments import ACCEPTED, parse_months, parse_times, refuse_text
from assay.frame.roles import Roles
from assay.frame.rows import at_row, first, shown
from assay.frame.table import Frame

ROW_ID = "row_id"


def check_keys(frame: Frame, roles: Roles) -> Frame:
    """Check time and keys, sort by series and time, and number the rows.

    Returns:
        The table in order, with an integer column `row_id`.

    Raises:
        ConfigError: a role that only means something together with `time`.
        DataError: a key or time that is missing, twice there, or of the wrong kind.
    """
    _refuse_timeless(frame, roles)
    for name in (*roles.series, *([roles.group] if roles.group else [])):
        _check_key(frame, name)
    if roles.time is not None:
        frame = _with_time(frame, roles.time)
        _refuse_duplicates(frame, roles)
        frame = frame.having(frame.table.sort([*roles.series, roles.time]))
    return _numbered(frame)


def _refuse_timeless(frame: Frame, roles: Roles) -> None:
    if roles.time is not None:
        return
    for role in ("series", "season", "horizon"):
        value = getattr(roles, role)
        if value:
            said = ", ".join(value) if isinstance(value, tuple) else value
            raise ConfigError(
                f"{frame.source}: `{role}` is {said}, but no `time` column is named, and order in "
                f"time is what it rests on. Name the column as `time`"
                + (", or use `group` for rows that belong together." if role == "series" else ".")
            )


def _check_key(frame: Frame, name: str) -> None:
    column = frame.column(name)
    where = f"{frame.source}: key column `{name}`"
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        raise DataError(
            f"{where} is {column.dtype}, a key is text, a whole number, a day or true/false. "
            "Convert it to text."
        )
    row = first(column.is_null())
    if row is not None:
        raise DataError(
            f"{where} is missing in {at_row(row)} ({column.null_count()} in all), each row needs "
            "its key. Fill it in, or leave the row out."
        )


def _with_time(frame: Frame, name: str) -> Frame:
    column = parse_months(parse_times(frame.column(name)))
    where = f"{frame.source}: time column `{name}`"
    missing = first(column.is_null())
    if missing is not None:
        raise DataError(
            f"{where} is missing in {at_row(missing)} ({column.null_count()} in all), each row "
            "needs its time. Fill it in, or leave the row out."
        )
    refuse_text(column, where)
    if not (column.dtype.is_numeric() or column.dtype in (pl.Date, pl.Datetime)):
        raise DataError(
            f"{where} is {column.dtype}, {at_row(0)} is {shown(column[0])}. Times are days, "
            f"moments or numbers: convert it. {ACCEPTED}."
        )
    if column.dtype.is_float():
        _refuse_infinite(column, where)
    return frame.having(frame.table.with_columns(_as_days(column).alias(name)))


def _as_days(column: pl.Series) -> pl.Series:
    """Local moments that are all midnight as days: pandas has no type for a day."""
    dtype = column.dtype
    if not isinstance(dtype, pl.Datetime) or dtype.time_zone is not None:
        return column
    days = column.dt.date()
    return days if (days.cast(dtype) == column).all() else column


def _refuse_infinite(column: pl.Series, where: str) -> None:
    row = first(column.is_infinite())
    if row is not None:
        raise DataError(
            f"{where} is {column[row]} in {at_row(row)}, finite numbers are needed. Correct it."
        )


def _refuse_duplicates(frame: Frame, roles: Roles) -> None:
    keys = frame.table.select([*roles.series, str(roles.time)])
    row = first(keys.is_duplicated())
    if row is None:
        return
    key = keys.row(row, named=True)
    again = first(_equal_rows(keys, key) & (np.arange(keys.height) > row)) or 0
    said = ", ".join(f"{name} = {shown(value)}" for name, value in key.items())
    where = f"{frame.source}: {at_row(row)} and {at_row(again)} have the same"
    if roles.series:
        raise DataError(
            f"{where} key, {said}. One row for each series and time is accepted: add the "
            "column that tells them apart to `series`, or add the rows up."
        )
    raise DataError(
        f"{where} time, {said}, and no `series` is named. In one series each time stands once: "
        f"{_proposal(frame, roles)}"
    )


def _equal_rows(keys: pl.DataFrame, key: dict[str, Any]) -> np.ndarray:
    equal = [np.asarray(keys[name] == value) for name, value in key.items()]
    return np.logical_and.reduce(equal)


def _proposal(frame: Frame, roles: Roles) -> str:
    """The first column that makes the times unique, as an argument ready to be copied."""
    used = {name for _, name in roles.named} | {ROW_ID}
    for column in frame.table:
        is_key = column.dtype == pl.String or column.dtype.is_integer()
        if column.name in used or not is_key or column.n_unique() == frame.rows:
            continue
        if not frame.table.select(column.name, str(roles.time)).is_duplicated().any():
            return f'name the column that tells them apart, such as series=["{column.name}"].'
    return "name the columns that tell them apart as `series`, or leave `time` out."


def _numbered(frame: Frame) -> Frame:
    if ROW_ID in frame.columns:
        return _with_own_numbers(frame)
    numbers = pl.Series(ROW_ID, np.arange(frame.rows, dtype=np.int64))
    return frame.having(frame.table.with_columns(numbers))


def _with_own_numbers(frame: Frame) -> Frame:
    column = frame.column(ROW_ID)
    where = f"{frame.source}: column `{ROW_ID}`"
    remedy = "The name is kept for whole numbers, one for each row: correct or rename the column."
    if not column.dtype.is_integer():
        raise DataError(f"{where} is {column.dtype}, {at_row(0)} is {shown(column[0])}. {remedy}")
    missing = first(column.is_null())
    if missing is not None:
        raise DataError(f"{where} is missing in {at_row(missing)}. {remedy}")
    again = first(column.is_duplicated())
    if again is not None:
        pair = first(np.asarray(column == column[again]) & (np.arange(frame.rows) > again))
        raise DataError(
            f"{where} is {column[again]} in {at_row(again)} and {at_row(pair or 0)}. {remedy}"
        )
    return frame.having(frame.table.with_columns(column.cast(pl.Int64)))
