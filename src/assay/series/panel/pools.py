"""Groups of series: columns that stay the same within each, read as text."""

from collections.abc import Sequence

import polars as pl

from assay.errors import DataError
from assay.frame import Frame
from assay.series.kinds import Whole

SERIES, LOW, HIGH = "__series", "__low", "__high"


def read_pools(
    rows: Frame, names: Sequence[str], keys: pl.DataFrame, series: Whole, *, is_needed: bool = True
) -> pl.DataFrame:
    """The groups of each series.

    Args:
        rows: of all series.
        names: columns whose values are groups: keys, or others.
        keys: of the series, one row each.
        series: number of the series of each row.
        is_needed: whether a column that is not there is refused; else its groups are not known.

    Returns:
        One column a name, one row a series, as text; empty where no row knows.

    Raises:
        DataError: a column is missing, or changes within a series; names the series and two values.
    """
    found = {}
    for name in names:
        if name in keys.columns:
            found[name] = _text(keys[name])
        elif is_needed or name in rows.table.columns:
            found[name] = _constant(rows, name, keys, series)
        else:
            found[name] = pl.Series(name, [None] * keys.height, pl.String)
    return pl.DataFrame(found, schema=dict.fromkeys(names, pl.String))


def _constant(rows: Frame, name: str, keys: pl.DataFrame, series: Whole) -> pl.Series:
    """The one value that each series has in a column.

    Raises:
        DataError: it has two.
    """
    column = rows.column(name)
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        raise DataError(
            f"{rows.source}: series cannot be pooled by `{name}`, which is {column.dtype}. "
            "Numbers, text, days and flags are accepted."
        )
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype.is_float():
        column = column.fill_nan(None)
    own = pl.col(name)
    held = pl.DataFrame({SERIES: pl.Series(series, dtype=pl.Int64), name: column})
    ends = held.group_by(SERIES).agg(own.min().alias(LOW), own.max().alias(HIGH))
    varied = ends.filter(pl.col(LOW) != pl.col(HIGH)).sort(SERIES)
    if varied.height:
        first, low, high = varied.row(0)
        key = keys.row(first, named=True)
        which = ", ".join(f"{k}={v!r}" for k, v in key.items()) or "the series"
        raise DataError(
            f"{rows.source}: `{name}` is {low!r} and {high!r} for {which}. Series are pooled by "
            "what stays the same within each; name another column in `pool`."
        )
    every = pl.DataFrame({SERIES: pl.Series(range(keys.height), dtype=pl.Int64)})
    return _text(every.join(ends, on=SERIES, how="left", maintain_order="left")[LOW]).alias(name)


def _text(column: pl.Series) -> pl.Series:
    """As text, in which 7 and 7.0 are alike: a gap in a column makes floats of its numbers."""
    if column.dtype.is_float() and (column.drop_nulls() % 1 == 0).all():
        column = column.cast(pl.Int64)
    return column.cast(pl.String)
