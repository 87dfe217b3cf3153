"""What the fitting rows held: the range of a measure, the values of a factor."""

from dataclasses import dataclass

import numpy as np
import polars as pl

MOST_LEVELS = 1000
FEW_LEVELS = 12
ENOUGH_ROWS = 65_536  # from here on the median of evenly spaced rows is typical enough


@dataclass(frozen=True)
class Seen:
    """One column on the fitting rows.

    Fields:
        low: least number; nan where the column holds no numbers.
        high: greatest number.
        typical: median number; nan where the column holds no numbers.
        levels: its values, the most frequent first: all of a text column up to 1,000, those of a
            column of numbers only where they are at most 12.
    """

    low: float
    high: float
    typical: float
    levels: tuple[str | float | bool, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether the column held numbers."""
        return bool(np.isfinite(self.typical))


def seen_of(column: pl.Series) -> Seen:
    """Range and values of a column without missing values."""
    filled = column.drop_nulls()
    if not column.dtype.is_numeric():
        plain = filled if column.dtype == pl.Boolean else filled.cast(pl.String)
        return Seen(np.nan, np.nan, np.nan, _levels(plain))
    values = filled.cast(pl.Float64).to_numpy()
    # The first rows settle nearly every column of measurements, and counting all takes long.
    few = filled.head(64 * FEW_LEVELS).n_unique() <= FEW_LEVELS >= filled.n_unique()
    return Seen(
        low=float(values.min()),
        high=float(values.max()),
        typical=float(np.median(values[:: max(1, len(values) // ENOUGH_ROWS)])),
        levels=_levels(filled) if few else (),
    )


def _levels(column: pl.Series) -> tuple[str | float | bool, ...]:
    """Values by how often they occur, then in order, so that ties do not depend on luck."""
    name = column.name or "value"
    counts = column.alias(name).value_counts().sort(["count", name], descending=[True, False])
    return tuple(counts[name].head(MOST_LEVELS).to_list())
