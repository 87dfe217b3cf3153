"""Tables in memory: pandas, Polars, PyArrow and all else that narwhals knows."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import narwhals as nw
import polars as pl

from assay.errors import DataError
from assay.frame.moments import refuse_mixed, zone_of
from assay.frame.rows import at_row, shown


def to_polars(data: Any, source: str) -> pl.DataFrame:
    """A table of another library as Polars.

    Args:
        data: an eager or lazy table that narwhals accepts. A named pandas index becomes a column.
        source: what messages call it.

    Raises:
        DataError: not a table, two columns of one name, or a column that mixes kinds of values.
    """
    if isinstance(data, pl.LazyFrame):
        data = data.collect()
    if isinstance(data, pl.DataFrame):
        _refuse_python_objects(data, source)
        return data
    _refuse_twice(data, source)
    try:
        wrapped = nw.from_native(_with_index(data))
    except TypeError as error:
        raise DataError(
            f"{source}: a table is needed, found {_kind(data)}. Accepted are pandas, Polars and "
            "PyArrow tables, a .csv or .parquet path, or `python:file.py:function`."
        ) from error
    eager = wrapped.collect() if isinstance(wrapped, nw.LazyFrame) else wrapped
    return _converted(eager, source)


def _converted(table: nw.DataFrame[Any], source: str) -> pl.DataFrame:
    for name in table.columns if table.implementation.is_pandas_like() else ():
        if table.schema[name] == nw.Object:
            column = table[name]
            known = zip(column.to_list(), column.is_null().to_list(), strict=True)
            _refuse_mixture(known, f"{source}: column `{name}`")
    try:
        return table.to_polars()
    except ImportError as error:
        raise DataError(
            f"{source}: turning this table into Polars needs PyArrow, which is not installed "
            f"({error}). Run `pip install pyarrow`, or pass a Polars table."
        ) from error


def _refuse_twice(data: Any, source: str) -> None:
    # PyArrow calls its names `column_names`, and the columns themselves `columns`.
    names = list(getattr(data, "column_names", getattr(data, "columns", ())))
    again = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if again is not None:
        raise DataError(
            f"{source}: two columns are called `{again}`, each name may stand once. Rename one."
        )


def _refuse_mixture(values: Iterable[tuple[object, bool]], where: str) -> None:
    """Refuse what a conversion would settle in silence, such as two zones in one column.

    Args:
        values: each value, and whether it is missing.
        where: source and column.
    """
    filled = [(row, value) for row, (value, missing) in enumerate(values) if not missing]
    times = [(row, zone_of(v)) for row, v in filled if isinstance(v, date)]
    refuse_mixed(times, where)
    kinds = [(row, value, _family(value)) for row, value in filled]
    other = next((item for item in kinds if item[2] != kinds[0][2]), None)
    if other is not None:
        raise DataError(
            f"{where} mixes {kinds[0][2]} and {other[2]}: {at_row(kinds[0][0])} is "
            f"{shown(kinds[0][1])}, {at_row(other[0])} is {shown(other[1])}. A column holds one "
            "kind of value: correct or convert it."
        )


def _family(value: object) -> str:
    if isinstance(value, bool):
        return "true and false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, date):
        return "times"
    return "numbers" if hasattr(value, "__float__") else type(value).__name__


def _refuse_python_objects(table: pl.DataFrame, source: str) -> None:
    for column in table:
        if column.dtype == pl.Object:
            where = f"{source}: column `{column.name}`"
            _refuse_mixture([(value, value is None) for value in column], where)
            raise DataError(
                f"{where} holds Python objects, typed values are needed: {at_row(0)} is "
                f"{shown(column[0])}. Convert the column to a Polars type."
            )


def _with_index(data: Any) -> Any:
    """Named index levels as columns: dates and keys live there as often as not."""
    levels = getattr(getattr(data, "index", None), "names", None)
    if levels is None or not hasattr(data, "reset_index"):
        return data
    named = [level for level in levels if level is not None and level not in data.columns]
    return data.reset_index(named) if named else data


def _kind(data: object) -> str:
    return "nothing" if data is None else f"{type(data).__module__}.{type(data).__qualname__}"
