"""Features as other libraries take them: numbers for most, tables for those that name columns."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import polars as pl

from assay.errors import PredictionsError
from assay.frame import Frame
from assay.frame.table import is_number

MOST_LEVELS = 20


@dataclass(frozen=True, eq=False)
class Encoding:
    """How columns become numbers, learnt from the rows that a model is fitted on.

    Numbers stay as they are, with NaN where one is missing; true and false are 1 and 0; times
    are days since 1970. Text with at most `MOST_LEVELS` labels has a column of 0 and 1 for each,
    all 0 for one that is missing or new; text with more is the place of its label in alphabetical
    order, -1 for one that is missing or new.

    Fields:
        columns: in order.
        levels: labels of each text column, in alphabetical order.
    """

    columns: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, frame: Frame, columns: tuple[str, ...]) -> "Encoding":
        """Learn the labels of text columns.

        Raises:
            PredictionsError: a column is neither numbers, text nor times.
        """
        levels = {}
        for name in columns:
            column = frame.column(name)
            if column.dtype == pl.String:
                levels[name] = tuple(column.drop_nulls().unique().sort())
            elif not (is_number(column.dtype) or column.dtype.is_temporal()):
                raise PredictionsError(
                    f"{frame.source}: feature `{name}` is {column.dtype}, which has no encoding. "
                    "Turn it into numbers, or name other `features`."
                )
        return cls(columns, levels)

    def matrix(self, frame: Frame) -> np.ndarray:
        """The columns as numbers, (rows, numbers)."""
        return np.hstack([self._block(frame.column(name)) for name in self.columns])

    def _block(self, column: pl.Series) -> np.ndarray:
        levels = self.levels.get(column.name)
        if levels is None:
            return _as_number(column)[:, None]
        place = {label: number for number, label in enumerate(levels)}
        codes = column.replace_strict(place, default=-1, return_dtype=pl.Int64)
        codes = codes.fill_null(-1).to_numpy()
        if len(levels) > MOST_LEVELS:
            return codes[:, None].astype(float)
        return (codes[:, None] == np.arange(len(levels))).astype(float)


def as_table(frame: Frame, columns: tuple[str, ...], *, categories: bool = False) -> Any:
    """The columns as a pandas table, as they are.

    Args:
        frame: the rows.
        columns: in order.
        categories: whether text is given as pandas' categories, as boosted trees want it.

    Raises:
        PredictionsError: pandas is not installed.
    """
    try:
        import_module("pandas")
        table = frame.table.select(pl.col(name) for name in columns)
        # With holes in it a column of true and false would become one of Python objects.
        holed = [each.name for each in table if each.dtype == pl.Boolean and each.null_count()]
        found = table.with_columns(pl.col(holed).cast(pl.Float64)).to_pandas()
    except ImportError as error:
        raise PredictionsError(
            "A model that was fitted on named columns, or a pipeline, gets a pandas table, and "
            f"that needs pandas and PyArrow ({error}). Run `pip install 'assay-ml[pandas]'`."
        ) from error
    text = [name for name in columns if categories and frame.column(name).dtype == pl.String]
    return found.astype(dict.fromkeys(text, "category"))


def text_among(frame: Frame, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Which of the columns hold text."""
    return tuple(name for name in columns if frame.column(name).dtype == pl.String)


def _as_number(column: pl.Series) -> np.ndarray:
    if column.dtype == pl.Date:
        column = column.cast(pl.Int32)
    elif column.dtype.is_temporal():
        column = column.cast(pl.Int64).cast(pl.Float64) / 86_400e6  # moments are in microseconds
    return column.cast(pl.Float64).to_numpy()
