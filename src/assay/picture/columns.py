"""The door of every chart: the columns that its table must have."""

import polars as pl

from assay.errors import DataError, nearest


def needed(table: pl.DataFrame, chart: str, *names: str) -> pl.DataFrame:
    """Check that a table can be drawn, and hand it back.

    Args:
        table: what is to be drawn.
        chart: name of the chart, for the message.
        names: columns that it draws.

    Raises:
        DataError: a column is missing, or there is no row.
    """
    for name in names:
        if name not in table.columns:
            raise DataError(
                f"{chart}: no column `{name}`, needed are {', '.join(names)}. "
                + nearest(name, table.columns)
            )
    if table.is_empty():
        raise DataError(
            f"{chart}: the table has 0 rows, at least 1 is needed. Leave the picture out instead."
        )
    return table
