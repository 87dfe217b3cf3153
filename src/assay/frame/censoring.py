"""Limits and flags: which recorded values are only bounds of the target."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from assay.errors import DataError
from assay.frame.roles import Roles
from assay.frame.rows import at_row, first, shown
from assay.frame.table import Frame

_SIDES = (("censored_above", np.inf), ("censored_below", -np.inf))


@dataclass(frozen=True, eq=False)
class Hidden:
    """Which rows hide the target, and behind which value.

    Fields:
        above: the target is known only to be at least `least`.
        below: the target is known only to be at most `most`.
        least: for each row the limit, or the recorded value where a flag is raised; inf where
            nothing is hidden.
        most: likewise from below; -inf where nothing is hidden.
    """

    above: np.ndarray
    below: np.ndarray
    least: np.ndarray
    most: np.ndarray

    @property
    def any(self) -> np.ndarray:
        """Whether the target of each row is hidden on either side."""
        return self.above | self.below


def hidden_rows(frame: Frame, roles: Roles) -> Hidden:
    """Which rows hide their target: it reached its limit, or its flag is raised.

    Args:
        frame: a table with the target and the columns of censoring.
        roles: names them.

    Returns:
        Arrays in the order of the rows. A row without a recorded target hides nothing.
    """
    y = frame.numbers(roles.target)
    least = _bound(frame, roles.censored_above, y, nothing=np.inf)
    if roles.censored_flag is not None:
        raised = (frame.numbers(roles.censored_flag) == 1) & ~np.isnan(y)
        least = np.where(raised, np.fmin(least, y), least)
    most = _bound(frame, roles.censored_below, y, nothing=-np.inf)
    return Hidden(above=y >= least, below=y <= most, least=least, most=most)


def check_censoring(frame: Frame, roles: Roles) -> Frame:
    """Check the columns of censoring, and write "nothing hidden" as an infinite limit.

    Returns:
        The table with numeric limits as float64: inf (above) or -inf (below) where the limit is
        missing.

    Raises:
        DataError: text, a missing flag, a limit that cannot be, or a target hidden in all rows.
    """
    y = frame.numbers(roles.target)
    for role, nothing in _SIDES:
        name = getattr(roles, role)
        if name is not None:
            frame = _checked(frame, name, role, nothing, y)
    if roles.censored_flag is not None:
        _check_flag(frame, roles.censored_flag, str(roles.censored_above))
    _refuse_all_hidden(frame, roles)
    return frame


def _bound(frame: Frame, name: str | None, y: np.ndarray, *, nothing: float) -> np.ndarray:
    if name is None:
        return np.full(frame.rows, nothing)
    values = frame.numbers(name)
    if frame.column(name).dtype == pl.Boolean:
        return np.where((values == 1) & ~np.isnan(y), y, nothing)
    return np.where(np.isnan(values), nothing, values)


def _checked(frame: Frame, name: str, role: str, nothing: float, y: np.ndarray) -> Frame:
    column = frame.column(name)
    where = f"{frame.source}: `{role}` column `{name}`"
    if column.dtype == pl.Boolean:
        _refuse_missing_flags(column, where)
        return frame
    if not (column.dtype.is_numeric() or column.dtype == pl.Null):
        row = first(column.is_not_null()) or 0
        raise DataError(
            f"{where} is {column.dtype}, {at_row(row)} is {shown(column[row])}. A limit holds "
            "numbers in the target's unit, a flag true or false: convert it to one of them."
        )
    limits = frame.numbers(name)
    _refuse_impossible(limits, where, nothing, y)
    if role == "censored_above":
        _refuse_zero_one(limits, where, y)
    filled = pl.Series(name, np.where(np.isnan(limits), nothing, limits))
    return frame.having(frame.table.with_columns(filled))


def _check_flag(frame: Frame, name: str, above: str) -> None:
    """A flag beside a limit may be missing, where the limit alone is known.

    Raises:
        DataError: it holds anything but true and false, or 1 and 0; or the limit holds flags.
    """
    values = frame.numbers(name)
    wrong = first(~np.isnan(values) & (values != 0) & (values != 1))
    if wrong is not None:
        raise DataError(
            f"{frame.source}: `censored_flag` column `{name}` is {values[wrong]:g} in "
            f"{at_row(wrong)}. A flag is true or false, or 1 or 0; limits are `censored_above`."
        )
    if frame.column(above).dtype == pl.Boolean:
        raise DataError(
            f"{frame.source}: `censored_above` column `{above}` holds flags, and so does "
            f"`censored_flag` column `{name}`. Beside a flag stands a column of limits."
        )


def _refuse_missing_flags(column: pl.Series, where: str) -> None:
    row = first(column.is_null())
    if row is not None:
        raise DataError(
            f"{where} is missing in {at_row(row)} ({column.null_count()} in all). A flag is true "
            "or false in each row: write false where nothing was hidden."
        )


def _refuse_impossible(limits: np.ndarray, where: str, nothing: float, y: np.ndarray) -> None:
    wrong_end = first(limits == -nothing)
    if wrong_end is not None:
        raise DataError(
            f"{where} is {limits[wrong_end]} in {at_row(wrong_end)}, which hides everything. A "
            "limit is a number in the target's unit; leave it empty where nothing was hidden."
        )
    negative = first((limits < 0) & np.isfinite(limits))
    if negative is not None and np.nanmin(y) >= 0:
        raise DataError(
            f"{where} is {limits[negative]:g} in {at_row(negative)}, though the target is never "
            "below 0. A limit is 0 or more: correct it, or leave it empty where nothing was hidden."
        )


def _refuse_zero_one(limits: np.ndarray, where: str, y: np.ndarray) -> None:
    known = np.unique(limits[~np.isnan(limits)])
    if set(known) == {0.0, 1.0} and np.nanmax(y) > 1:
        raise DataError(
            f"{where} holds only 0 and 1, though the target reaches {np.nanmax(y):g}: it looks "
            "like a flag, and numbers are read as limits. Make it true or false, in Polars with "
            "`pl.col(...) == 1`."
        )


def _refuse_all_hidden(frame: Frame, roles: Roles) -> None:
    known = ~np.isnan(frame.numbers(roles.target))
    if (hidden_rows(frame, roles).any | ~known).all():
        columns = " and ".join(f"`{getattr(roles, r)}`" for r, _ in _SIDES if getattr(roles, r))
        raise DataError(
            f"{frame.source}: target `{roles.target}` is hidden in all {int(known.sum())} rows "
            f"where it is recorded, by {columns}. At least one row must show the target itself: "
            "check the limit or flag (true means hidden)."
        )
