"""The table that every other room works on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from assay.errors import DataError, nearest
from assay.frame.rows import at_row, first, shown


@dataclass(frozen=True, eq=False)
class Frame:
    """A table with at least one row and one column, and where it came from.

    Fields:
        table: the data; missing values are null, never NaN.
        source: what messages call the table, such as a path.
        classes: of columns whose text is read as numbers, the labels that 0, 1, ... stand for.
    """

    table: pl.DataFrame
    source: str
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.table.height

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(self.table.columns)

    def column(self, name: str) -> pl.Series:
        """One column.

        Raises:
            DataError: there is no such column; names those that are near.
        """
        if name not in self.table.columns:
            raise DataError(
                f"{self.source}: no column `{name}` among its {self.table.width} columns. "
                f"Name one that is there. {nearest(name, self.table.columns)}"
            )
        return self.table[name]

    def numbers(self, name: str) -> np.ndarray:
        """One column as float64, NaN where a value is missing, 0 and 1 for false and true.

        A column of classes gives their numbers.

        Raises:
            DataError: there is no such column, or it holds text, dates or other things.
        """
        column = self.column(name)
        if name in self.classes:
            numbers = {label: number for number, label in enumerate(self.classes[name])}
            column = column.replace_strict(numbers, default=None, return_dtype=pl.Float64)
        if not is_number(column.dtype):
            raise self._not_numbers(column)
        return column.cast(pl.Float64).to_numpy().copy()

    def having(self, table: pl.DataFrame) -> "Frame":
        """The same with another table: its source and classes stay."""
        return replace(self, table=table)

    def take(self, rows: np.ndarray | Sequence[int] | Sequence[bool]) -> "Frame":
        """Some of the rows, as a frame with the same source.

        Args:
            rows: a truth value for each row, or positions counted from 0 in the order wanted.

        Raises:
            DataError: a mask of another length, positions outside the table, or neither.
        """
        wanted = np.asarray(rows)
        if wanted.dtype == bool:
            return self.having(self._masked(wanted))
        if wanted.size == 0:
            return self.having(self.table.clear())
        if wanted.ndim != 1 or not np.issubdtype(wanted.dtype, np.integer):
            raise DataError(
                f"{self.source}: cannot take rows by {wanted.ndim}-dimensional {wanted.dtype}. "
                "Pass true or false for each row, or whole positions counted from 0."
            )
        outside = first((wanted < 0) | (wanted >= self.rows))
        if outside is not None:
            raise DataError(
                f"{self.source}: position {wanted[outside]} is asked for, positions are 0 to "
                f"{self.rows - 1}. Take only rows that are there."
            )
        return self.having(self.table[wanted])

    def _masked(self, mask: np.ndarray) -> pl.DataFrame:
        if mask.shape != (self.rows,):
            raise DataError(
                f"{self.source}: a mask of shape {mask.shape} for {self.rows} rows. "
                "Pass one truth value for each row."
            )
        return self.table.filter(pl.Series(mask))

    def _not_numbers(self, column: pl.Series) -> DataError:
        where = f"{self.source}: column `{column.name}`"
        if column.dtype != pl.String:
            row = first(column.is_not_null()) or 0
            return DataError(
                f"{where} is {column.dtype}, numbers are needed: {at_row(row)} is "
                f"{shown(column[row])}. Turn it into numbers before it comes here."
            )
        bad = first(column.is_not_null() & column.cast(pl.Float64, strict=False).is_null())
        if bad is None:
            return DataError(
                f"{where} holds numbers written as text, numbers are needed: {at_row(0)} is "
                f"{shown(column[0])}. Convert it, in Polars with `.cast(pl.Float64)`, in pandas "
                "with `.astype(float)`."
            )
        return DataError(
            f"{where} holds text, numbers are needed: {at_row(bad)} is {shown(column[bad])}. "
            "Correct that value, or leave it empty if it is missing."
        )


def is_number(dtype: pl.DataType) -> bool:
    """Whether a column of this type is read as numbers; true and false are 1 and 0."""
    return dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)
