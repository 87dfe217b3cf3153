"""Fitting rows, grouped by what they say about their target."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from assay.family import AbstractFamily, Known
from assay.predictor.matrix import Matrix, rows_of, shape_of


@dataclass(frozen=True)
class PartRows:
    """Rows that say the same kind of thing about their target.

    Fields:
        family: recipe of the value.
        known: what these rows say about it.
        designs: one matrix (rows, coefficients) for each parameter of the family.
        y: values, or the limits behind which they hide, (rows,).
        offsets: what each parameter has before its coefficients, (parameters, rows) or
            (parameters, 1).
        columns: what else the family reads of these rows, each (rows,).
        weights: how often each row counts, (rows,); `None` where each counts once.
    """

    family: AbstractFamily
    known: Known
    designs: tuple[Matrix, ...]
    y: np.ndarray
    offsets: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)))
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    weights: np.ndarray | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Coefficients of each parameter."""
        return tuple(shape_of(design)[1] for design in self.designs)

    def cut(self, rows: slice | np.ndarray) -> "PartRows":
        """Some of the rows, as views where the matrices are dense."""
        return replace(
            self,
            designs=tuple(each[rows] for each in self.designs),
            y=self.y[rows],
            offsets=self.offsets if self.offsets.shape[1] == 1 else self.offsets[:, rows],
            columns={name: each[rows] for name, each in self.columns.items()},
            weights=None if self.weights is None else self.weights[rows],
        )

    def blocks(self, size: int) -> "Iterator[PartRows]":
        """All rows in order, at most `size` at a time."""
        if len(self.y) <= size:
            return iter((self,))
        return (self.cut(slice(low, low + size)) for low in range(0, len(self.y), size))


def thinned(part: PartRows, every: int) -> PartRows:
    """One row at random of each `every` in order; two halves behind one another are both spread.

    The same share of every part, or their balance would be lost; a part of fewer rows than `every`
    keeps one, which then stands for too many. Chance decides which row it is: where units have
    equally many rows, evenly spaced ones could all fall on the same day of theirs.
    """
    strata = np.arange(0, len(part.y), every)
    chosen = strata + np.random.default_rng(every).integers(0, every, len(strata))
    chosen = np.minimum(chosen, len(part.y) - 1)
    rows = np.concatenate([chosen[0::2], chosen[1::2]])
    # What lies far apart in memory is brought together once, not in every pass.
    designs = tuple(rows_of(each, rows) for each in part.designs)
    return replace(replace(part, designs=()).cut(rows), designs=designs)
