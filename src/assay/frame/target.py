"""The target: finite numbers or classes, some of them known."""

from dataclasses import replace

import numpy as np
import polars as pl

from assay.errors import DataError
from assay.frame.rows import at_row, first, shown
from assay.frame.table import Frame

_GREATEST = 1e70  # its fourth power is still finite, which the test of skewness needs
MOST_CLASSES = 100


def check_target(frame: Frame, name: str) -> Frame:
    """Refuse a target that is neither numbers nor classes, infinite, or never known.

    Returns:
        The frame, with the classes of a target that is text: its labels in the whole table, in
        alphabetical order. Labels are no secret; which row has which is.

    Raises:
        DataError: names the column and the first row that is wrong.
    """
    column = frame.column(name)
    where = f"{frame.source}: target `{name}`"
    if column.dtype == pl.String:
        classes = _classes(column, where)
        if classes:
            return replace(frame, classes={**frame.classes, name: classes})
    values = frame.numbers(name)
    infinite = first(np.isinf(values))
    if infinite is not None:
        raise DataError(
            f"{where} is {values[infinite]} in {at_row(infinite)}, finite numbers are needed. "
            "Leave the value empty if it is missing; a hidden value goes with `censored_above`."
        )
    huge = first(np.abs(values) > _GREATEST)
    if huge is not None:
        raise DataError(
            f"{where} is {values[huge]:g} in {at_row(huge)}, numbers up to {_GREATEST:g} are "
            "needed. Correct it, or count in a larger unit."
        )
    if np.isnan(values).all():
        raise DataError(
            f"{where} is missing in all {frame.rows} rows, at least one value is needed. Check "
            "that this is the right column."
        )
    return frame


def _classes(column: pl.Series, where: str) -> tuple[str, ...]:
    """The labels of a target of text; none where it is numbers with a slip among them."""
    known = column.drop_nulls()
    labels = known.unique().sort()
    if labels.cast(pl.Float64, strict=False).null_count() < len(labels):
        return ()  # the general message names the slip
    row = first(column.is_not_null())
    if row is None:
        raise DataError(
            f"{where} is missing in all {len(column)} rows, at least one value is needed. Check "
            "that this is the right column."
        )
    if len(labels) == 1:
        raise DataError(
            f"{where} is {shown(labels[0])} in every row, a target of classes needs two labels or "
            "more. Check that this is the right column."
        )
    if len(labels) > min(MOST_CLASSES, max(2, len(known) // 2)):
        raise DataError(
            f"{where} holds text in {at_row(row)}: {shown(column[row])}, with {len(labels)} "
            f"different labels in {len(known)} rows. Classes are at most {MOST_CLASSES}, each seen "
            "twice or more on average: join rare ones, or name a column of numbers."
        )
    return tuple(labels)
