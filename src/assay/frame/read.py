"""Whatever a user brings becomes a `Frame`."""

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from assay.errors import DataError
from assay.frame.convert import to_polars
from assay.frame.files import read_file
from assay.frame.loader import PREFIX, load
from assay.frame.table import Frame


def read(data: Any, *, source: str | None = None, root: str | PathLike[str] | None = None) -> Frame:
    """Read a table.

    Args:
        data: a path to a CSV or Parquet file, `python:file.py:function`, a table of pandas, Polars,
            PyArrow or any library that narwhals knows, or a `Frame`, which comes back as it is.
        source: what messages call the table; default the path, or the kind of table.
        root: folder that paths are relative to; default the working folder.

    Returns:
        The table with missing values as null, categories as text, moments in microseconds.

    Raises:
        DataError: not a table, or one without rows or columns.
    """
    if isinstance(data, Frame):
        return data if source is None else replace(data, source=source)
    folder = Path(root) if root is not None else Path()
    if isinstance(data, str) and data.startswith(PREFIX):
        name = source or data
        return _framed(to_polars(load(data, folder), name), name)
    if isinstance(data, str | PathLike):
        name = source or str(data)
        return _framed(read_file(folder / data, name), name)
    name = source or _default_name(data)
    return _framed(to_polars(data, name), name)


def _framed(table: pl.DataFrame, source: str) -> Frame:
    if table.width == 0 or table.height == 0:
        columns = ", ".join(f"`{name}`" for name in table.columns[:8]) or "none"
        raise DataError(
            f"{source}: empty table, {table.height} rows and {table.width} columns ({columns}). "
            "At least one row and one column are needed: check the query or file that made it."
        )
    return Frame(table.with_columns([_tidy(column) for column in table]), source)


def _tidy(column: pl.Series) -> pl.Series:
    """One form for each kind, so that a table means the same whatever library it came from."""
    if column.dtype.is_float():
        # Filling copies the column even where there is nothing to fill.
        return column.fill_nan(None) if _holds_nan(column) else column
    if isinstance(column.dtype, pl.Categorical | pl.Enum):
        return column.cast(pl.String)
    if column.dtype.is_decimal():
        return column.cast(pl.Float64)
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.cast_time_unit("us")
    return column


def _holds_nan(column: pl.Series) -> bool:
    filled = column.drop_nulls() if column.null_count() else column
    return bool(np.isnan(filled.to_numpy()).any())


def _default_name(data: object) -> str:
    library = type(data).__module__.partition(".")[0]
    return f"{library} table" if library not in ("builtins", "") else "data"
