"""A target without its covariates, small enough to fit several families in a blink."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assay.problem.facts import Facts

# Beyond this many distinct values neighbours are merged; a fit of two parameters does not notice.
_MOST_VALUES = 4096
_MOST_LIMITS = 512


@dataclass(frozen=True, eq=False)
class Weighted:
    """Distinct values, ascending, and how many rows have each."""

    values: np.ndarray
    counts: np.ndarray

    def total(self, of_each: np.ndarray) -> float:
        """Sum over rows of something known for each value."""
        return float(np.dot(self.counts, of_each)) if len(self.values) else 0.0


@dataclass(frozen=True, eq=False)
class Sample:
    """Recorded targets and bounds of hidden ones.

    Fields:
        seen: targets that are known.
        least: bounds of targets known only to be at least this.
        most: bounds of targets known only to be at most this.
        is_whole: whether all targets are whole numbers.
    """

    seen: Weighted
    least: Weighted
    most: Weighted
    is_whole: bool

    @property
    def rows(self) -> int:
        """Rows that say anything."""
        return int(self.seen.counts.sum() + self.least.counts.sum() + self.most.counts.sum())

    @property
    def mean(self) -> float:
        """Mean with every hidden target at its bound."""
        return self._total(lambda x: x) / self.rows

    @property
    def deviation(self) -> float:
        """Standard deviation with every hidden target at its bound."""
        mean = self.mean
        return float(np.sqrt(self._total(lambda x: (x - mean) ** 2) / self.rows))

    def _total(self, of_each: Callable[[np.ndarray], np.ndarray]) -> float:
        return sum(part.total(of_each(part.values)) for part in (self.seen, self.least, self.most))


def sample(facts: Facts) -> Sample:
    """The target of a table as values and bounds, in no order."""
    hidden = facts.hidden
    below = hidden.below & ~hidden.above
    return Sample(
        seen=_weighted(facts.y[facts.known & ~hidden.any], _MOST_VALUES),
        least=_weighted(hidden.least[hidden.above], _MOST_LIMITS),
        most=_weighted(hidden.most[below], _MOST_LIMITS),
        is_whole=facts.is_whole,
    )


def _weighted(x: np.ndarray, most: int) -> Weighted:
    values, counts = np.unique(x, return_counts=True)
    if len(values) <= most:
        return Weighted(values, counts.astype(float))
    starts = np.linspace(0, len(values), most + 1).astype(int)[:-1]
    merged = np.add.reduceat(counts, starts).astype(float)
    return Weighted(np.add.reduceat(values * counts, starts) / merged, merged)
