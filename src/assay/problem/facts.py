"""The arrays that every property is read from."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy import stats

from assay.frame import Frame, Hidden, Roles, hidden_rows


@dataclass(frozen=True, eq=False)
class Facts:
    """A checked table with its target as an array.

    Fields:
        frame: the table, checked and in canonical order.
        roles: which column plays which part.
    """

    frame: Frame
    roles: Roles

    @cached_property
    def y(self) -> np.ndarray:
        """The target of every row, NaN where it is missing."""
        return self.frame.numbers(self.roles.target)

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels of a target of classes, whose numbers `y` holds; empty for one of numbers."""
        return self.frame.classes.get(self.roles.target, ())

    @cached_property
    def known(self) -> np.ndarray:
        """Whether the target of each row is recorded."""
        return ~np.isnan(self.y)

    @cached_property
    def recorded(self) -> np.ndarray:
        """The recorded targets, in the order of the rows."""
        return self.y[self.known]

    @cached_property
    def values(self) -> np.ndarray:
        """The recorded targets, ascending: a sum over them is the same in any order of the rows."""
        return np.sort(self.recorded)

    @cached_property
    def ranks(self) -> np.ndarray:
        """Ranks of the recorded targets, ties shared, in the order of the rows."""
        return stats.rankdata(self.recorded)

    @cached_property
    def hidden(self) -> Hidden:
        """Which rows hide their target."""
        return hidden_rows(self.frame, self.roles)

    @cached_property
    def hidden_at_zero(self) -> int:
        """Rows whose target is hidden at or below 0, so that it may be negative."""
        return int((self.hidden.below & (self.hidden.most <= 0)).sum())

    @cached_property
    def is_whole(self) -> bool:
        """Whether every recorded target is a whole number."""
        return bool((self.values == np.round(self.values)).all())

    @cached_property
    def is_binary(self) -> bool:
        """Whether every recorded target is 0 or 1."""
        return bool(np.isin(self.values, (0.0, 1.0)).all())

    @cached_property
    def series(self) -> np.ndarray:
        """A number for each row, counting up with each series; all 0 without keys."""
        return codes(self.frame.table, self.roles.series)


def codes(table: pl.DataFrame, keys: tuple[str, ...]) -> np.ndarray:
    """Number the distinct keys 0 upwards, in the order of their values."""
    if not keys:
        return np.zeros(table.height, dtype=np.int64)
    ranks = table.select(pl.struct(keys).rank("dense")).to_series().to_numpy()
    return ranks.astype(np.int64) - 1
