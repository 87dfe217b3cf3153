"""The target: numbers, finite, some of them known."""

import numpy as np
import polars as pl

from assay.errors import DataError
from assay.frame.rows import at_row, first, shown
from assay.frame.table import Frame, is_number

_GREATEST = 1e70  # its fourth power is still finite, which the test of skewness needs
_TWO_CLASSES = (
    "A target of two classes is true/false or 0/1: write which one counts as 1, in Polars with "
    "`pl.col(...) == ...`"
)


def check_target(frame: Frame, name: str) -> None:
    """Refuse a target that is no number, infinite, or never known.

    Raises:
        DataError: names the column and the first row that is wrong.
    """
    column = frame.column(name)
    where = f"{frame.source}: target `{name}`"
    if not is_number(column.dtype):
        _refuse_classes(column, where)
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


def _refuse_classes(column: pl.Series, where: str) -> None:
    if column.dtype != pl.String:
        return
    known = column.drop_nulls()
    labels = known.unique(maintain_order=True)
    if labels.cast(pl.Float64, strict=False).null_count() < len(labels):
        return  # numbers with a slip among them: the general message names the slip
    if len(labels) == 2:
        row = first(column.is_not_null()) or 0
        raise DataError(
            f"{where} holds the labels {shown(labels[0])} and {shown(labels[1])} (first in "
            f"{at_row(row)}), numbers are needed. {_TWO_CLASSES}."
        )
    row = first(column.is_not_null())
    if row is not None:
        raise DataError(
            f"{where} holds text in {at_row(row)}: {shown(column[row])}, with {len(labels)} "
            f"different labels; numbers are needed. {_TWO_CLASSES}."
        )
