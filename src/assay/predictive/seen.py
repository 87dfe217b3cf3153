"""Both sides of a hidden target: what it is, and what is recorded of it under a limit."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from assay.predictive.abstract import AbstractPredictive, Rows


@dataclass(frozen=True)
class Hidden(AbstractPredictive):
    """A predictive that knows the limit of each row; it answers for the underlying value.

    Fields:
        base: predictive of the underlying value.
        limit: the most that could be recorded, inf where nothing was hidden, (rows,).
    """

    base: AbstractPredictive
    limit: Rows

    @property
    def is_count(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """As the underlying value."""
        return self.base.is_count

    @property
    def rows(self) -> int:
        return self.base.rows

    @property
    def underlying(self) -> AbstractPredictive:
        return self.base

    @property
    def observed(self) -> "Observed":
        return Observed(self.base.underlying, self.limit)

    def mean(self) -> Rows:
        return self.base.mean()

    def quantile(self, level: float) -> Rows:
        return self.base.quantile(level)

    def cdf(self, y: Rows) -> Rows:
        return self.base.cdf(y)

    def log_prob(self, y: Rows) -> Rows:
        return self.base.log_prob(y)

    def log_reach(self, limit: Rows) -> Rows:
        return self.base.log_reach(limit)

    def excess(self, limit: Rows) -> Rows:
        return self.base.excess(limit)

    def sample(self, seed: int, count: int) -> Float[np.ndarray, "samples rows"]:
        return self.base.sample(seed, count)

    def crps(self, y: Rows, limit: Rows | None = None) -> Rows:
        return self.base.crps(y, limit)

    def take(self, rows: np.ndarray) -> "Hidden":
        return Hidden(self.base.take(rows), self.limit[rows])


@dataclass(frozen=True)
class Observed(AbstractPredictive):
    """The predictive of min(Y, limit), which is what a limit lets through.

    Fields:
        base: predictive of the underlying value.
        limit: inf where nothing was hidden, (rows,).
    """

    base: AbstractPredictive
    limit: Rows

    @property
    def is_count(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """As the underlying value."""
        return self.base.is_count

    @property
    def rows(self) -> int:
        return self.base.rows

    @property
    def underlying(self) -> AbstractPredictive:
        return self.base

    def mean(self) -> Rows:
        finite = np.isfinite(self.limit)
        lost = self.base.excess(np.where(finite, self.limit, 0.0))
        return self.base.mean() - np.where(finite, lost, 0.0)

    def quantile(self, level: float) -> Rows:
        return np.minimum(self.base.quantile(level), self.limit)

    def cdf(self, y: Rows) -> Rows:
        return np.where(y >= self.limit, 1.0, self.base.cdf(y))

    def log_prob(self, y: Rows) -> Rows:
        """Log density below the limit, log of all the mass beyond on the limit."""
        reached = y >= self.limit
        safe = np.where(np.isfinite(self.limit), self.limit, y)
        return np.where(reached, self.base.log_reach(safe), self.base.log_prob(y))

    def log_reach(self, limit: Rows) -> Rows:
        return np.where(limit > self.limit, -np.inf, self.base.log_reach(limit))

    def excess(self, limit: Rows) -> Rows:
        finite = np.isfinite(self.limit)
        beyond = np.where(finite, self.base.excess(np.where(finite, self.limit, 0.0)), 0.0)
        return np.where(limit >= self.limit, 0.0, self.base.excess(limit) - beyond)

    def sample(self, seed: int, count: int) -> Float[np.ndarray, "samples rows"]:
        return np.minimum(self.base.sample(seed, count), self.limit)

    def crps(self, y: Rows, limit: Rows | None = None) -> Rows:
        cut = self.limit if limit is None else np.minimum(limit, self.limit)
        # A value recorded above its limit says no more than one recorded on it.
        return self.base.crps(np.minimum(y, cut), cut)

    def take(self, rows: np.ndarray) -> "Observed":
        return Observed(self.base.take(rows), self.limit[rows])


def under_limit(predictive: AbstractPredictive, limit: Rows | None) -> AbstractPredictive:
    """The predictive of what is recorded under `limit`, whatever the predictive knew of it."""
    return predictive if limit is None else Observed(predictive.underlying, limit)
