"""The group predictor: one effect for each key, pooled as far as the data ask for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from assay.errors import ConfigError, DataError
from assay.frame import Frame
from assay.frame.rows import at_row, first
from assay.predictor.abstract import AbstractPredictor, AbstractPrepared
from assay.predictor.matrix import Matrix, as_dense, is_mostly_zero, side_by_side

OTHER = "(any other)"
_BETWEEN = " : "


@dataclass(frozen=True)
class PreparedGroup(AbstractPrepared):
    """Keys with their levels fixed, the outer ones first.

    Each depth has one column for each of its levels and one for any level not seen: no row fills
    that one, so that its coefficient keeps the spread between groups.

    Fields:
        keys: columns of the table.
        levels: of each depth, in order.
    """

    keys: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    has_intercept: bool = True
    prior_sd: float = 1.0
    is_standardised: bool = True

    @property
    def depths(self) -> tuple[str, ...]:
        """What stands at each depth: `region`, `region:store`."""
        return tuple(":".join(self.keys[: depth + 1]) for depth in range(len(self.keys)))

    @cached_property
    def names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """`group(store)[north]`, ..., `group(store)[(any other)]`."""
        return tuple(
            f"group({depth})[{level}]"
            for depth, levels in zip(self.depths, self.levels, strict=True)
            for level in (*levels, OTHER)
        )

    @property
    def penalties(self) -> tuple[np.ndarray, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """One for each depth, even over its levels."""
        depth = np.repeat(np.arange(len(self.levels)), [len(each) + 1 for each in self.levels])
        return tuple((depth == each).astype(float) for each in range(len(self.levels)))

    @property
    def penalty_names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """`group(region)`, `group(region:store)`."""
        return tuple(f"group({depth})" for depth in self.depths)

    def reads(self) -> tuple[str, ...]:
        return self.keys

    def columns(self, frame: Frame) -> Matrix:
        check_keys(frame, self.keys)
        blocks = [
            self._block(frame, depth, levels) for depth, levels in enumerate(self.levels, start=1)
        ]
        return side_by_side(blocks, frame.rows)

    def restricted(self, depth: int) -> slice:
        """Where the columns of one depth stand."""
        edges = np.cumsum([0, *(len(each) + 1 for each in self.levels)])
        return slice(int(edges[depth]), int(edges[depth + 1]))

    def state(self) -> dict[str, Any]:
        return {"keys": list(self.keys), "levels": [list(each) for each in self.levels]}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> "PreparedGroup":
        return cls(tuple(state["keys"]), tuple(tuple(each) for each in state["levels"]))

    def _block(self, frame: Frame, depth: int, levels: tuple[str, ...]) -> Matrix:
        known = pl.Series("level", levels, dtype=pl.String)
        place = pl.DataFrame({"level": known, "place": np.arange(len(levels))})
        found = pl.DataFrame({"level": labels(frame, self.keys[:depth])}).join(
            place, on="level", how="left", maintain_order="left"
        )
        at = found["place"].fill_null(len(levels)).to_numpy()
        shape = (frame.rows, len(levels) + 1)
        block = sp.csr_array((np.ones(frame.rows), (np.arange(frame.rows), at)), shape=shape)
        return block if is_mostly_zero(block) else as_dense(block)


@dataclass(frozen=True, init=False)
class Group(AbstractPredictor):
    """One effect for each value of a key, drawn to the others' mean: ``Group("store")``.

    Effects are Normal around 0 with one standard deviation, which the data choose by marginal
    likelihood: groups with few rows borrow from the rest, groups with many keep their own. A key
    that the fitting rows did not have is predicted with that spread. ``Group("region", "store")``
    nests: an effect for each region, and one for each store within it, each with its own spread.

    Fields:
        keys: columns of text, whole numbers or truth values; the outer ones first.

    Source: Robinson (1991), That BLUP is a good thing: the estimation of random effects.
    """

    keys: tuple[str, ...]

    def __init__(self, *keys: str) -> None:
        object.__setattr__(self, "keys", keys)
        if not keys or not all(isinstance(key, str) for key in keys) or len({*keys}) < len(keys):
            raise ConfigError(
                f"Group: the keys are {keys!r}, must be one or more different columns by name, "
                "such as `Group('region', 'store')`."
            )

    def prepare(self, frame: Frame) -> tuple[PreparedGroup, Matrix]:
        check_keys(frame, self.keys)
        found = [labels(frame, self.keys[: depth + 1]) for depth in range(len(self.keys))]
        levels = tuple(tuple(each.unique().sort().to_list()) for each in found)
        for key, outer, own in zip(self.keys, ((), *levels), levels, strict=False):
            if len(own) <= max(len(outer), 1):
                inside = " within the key before it" if outer else ""
                raise DataError(
                    f"{frame.source}: key `{key}` has one value{inside} on all {frame.rows} "
                    "fitting rows, so groups cannot be compared. Leave it out."
                )
        prepared = PreparedGroup(self.keys, levels)
        return prepared, prepared.columns(frame)

    def describe(self) -> str:
        return f"group({', '.join(map(repr, self.keys))})"


def labels(frame: Frame, keys: tuple[str, ...]) -> pl.Series:
    """The key of each row as text, the outer parts first."""
    text = [frame.column(key).cast(pl.String) for key in keys]
    return pl.select(pl.concat_str(text, separator=_BETWEEN)).to_series()


def check_keys(frame: Frame, keys: tuple[str, ...]) -> None:
    """Refuse keys that are missing or measures.

    Raises:
        DataError: names the column and the row.
    """
    for key in keys:
        column = frame.column(key)
        row = first(column.is_null())
        if row is not None:
            raise DataError(
                f"{frame.source}: key `{key}` is missing in {at_row(row)} ({column.null_count()} "
                "rows in all), each row needs its group. Fill it in, or leave these rows out."
            )
        if column.dtype.is_nested() or column.dtype.is_float():
            raise DataError(
                f"{frame.source}: key `{key}` is {column.dtype}, a key is text, a whole number, a "
                "day or true/false. Turn it into text, or use `Spline` for a measure."
            )
