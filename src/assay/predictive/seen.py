"""Both sides of a hidden target: what it is, and what is recorded of it under a limit."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from assay.predictive.abstract import AbstractPredictive, Rows


@dataclass(frozen=True, repr=False)
class Hidden(AbstractPredictive):
    """A predictive that knows the limits of each row; it answers for the underlying value.

    Fields:
        base: predictive of the underlying value.
        limit: the most that could be recorded, inf where nothing was hidden, (rows,).
        least: the least that could be, -inf where nothing was hidden; None for all rows.
    """

    base: AbstractPredictive
    limit: Rows
    least: Rows | None = None

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
        return Observed(self.base.underlying, self.limit, self.least)

    def mean(self) -> Rows:
        return self.base.mean()

    def quantile(self, level: float) -> Rows:
        return self.base.quantile(level)

    def cdf(self, y: Rows) -> Rows:
        return self.base.cdf(y)

    def log_cdf(self, y: Rows) -> Rows:
        return self.base.log_cdf(y)

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
        return Hidden(self.base.take(rows), self.limit[rows], _some(self.least, rows))


@dataclass(frozen=True, repr=False)
class Observed(AbstractPredictive):
    """The predictive of min(max(Y, least), limit), which is what limits let through.

    Its mean is nan where that of Y is infinite.

    Fields:
        base: predictive of the underlying value.
        limit: inf where nothing was hidden, (rows,).
        least: -inf where nothing was hidden, (rows,); None for all rows.
    """

    base: AbstractPredictive
    limit: Rows
    least: Rows | None = None

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
        lost, low = self._beyond(self.limit), self._low
        if self.least is None:
            return self.base.mean() - lost
        # max(Y, least) is least + max(Y - least, 0).
        raised = np.where(np.isfinite(low), low + self._beyond(low), self.base.mean())
        return raised - lost

    def quantile(self, level: float) -> Rows:
        return self._clip(self.base.quantile(level))

    def cdf(self, y: Rows) -> Rows:
        return np.where(y >= self.limit, 1.0, np.where(y < self._low, 0.0, self.base.cdf(y)))

    def log_cdf(self, y: Rows) -> Rows:
        inside = np.where(y < self._low, -np.inf, self.base.log_cdf(y))
        return np.where(y >= self.limit, 0.0, inside)

    def log_prob(self, y: Rows) -> Rows:
        """Log density between the limits, log of all the mass beyond on each of them."""
        reached, sunk = y >= self.limit, y <= self._low
        at = np.where(np.isfinite(self.limit), self.limit, y)
        inside = np.where(reached, self.base.log_reach(at), self.base.log_prob(y))
        if self.least is None:
            return inside
        at = np.where(np.isfinite(self._low), self._low, y)
        return np.where(sunk & ~reached, self.base.log_cdf(at), inside)

    def log_reach(self, limit: Rows) -> Rows:
        inside = np.where(limit <= self._low, 0.0, self.base.log_reach(limit))
        return np.where(limit > self.limit, -np.inf, inside)

    def excess(self, limit: Rows) -> Rows:
        inside = np.maximum(self.base.excess(limit) - self._beyond(self.limit), 0.0)
        if self.least is not None:
            inside = np.where(limit <= self._low, self.mean() - limit, inside)
        return np.where(limit >= self.limit, 0.0, inside)

    def sample(self, seed: int, count: int) -> Float[np.ndarray, "samples rows"]:
        return self._clip(self.base.sample(seed, count))

    def crps(self, y: Rows, limit: Rows | None = None) -> Rows:
        cut = self.limit if limit is None else np.minimum(limit, self.limit)
        # A value recorded beyond its limit says no more than one recorded on it.
        at = np.minimum(np.maximum(y, self._low), cut)
        # On a lower limit between two counts a record stands for the count below it.
        at = np.floor(at) if self.is_count and self.least is not None else at
        whole = self.base.crps(at, cut)
        if self.least is None:
            return whole
        # Up to `least` there is nothing to tell apart, but the integral is that of the base.
        low = np.minimum(self._low, cut)
        end = np.where(np.isfinite(low), low, at)
        return whole - np.where(np.isfinite(low), self.base.crps(np.minimum(at, end), end), 0.0)

    def take(self, rows: np.ndarray) -> "Observed":
        return Observed(self.base.take(rows), self.limit[rows], _some(self.least, rows))

    @property
    def _low(self) -> Rows:
        return np.full(self.rows, -np.inf) if self.least is None else self.least

    def _clip(self, y: np.ndarray) -> np.ndarray:
        return np.minimum(np.maximum(y, self._low), self.limit)

    def _beyond(self, limit: Rows) -> Rows:
        """E max(Y - limit, 0), and 0 where there is no limit."""
        finite = np.isfinite(limit)
        return np.where(finite, self.base.excess(np.where(finite, limit, 0.0)), 0.0)


def _some(limit: Rows | None, rows: np.ndarray) -> Rows | None:
    return None if limit is None else limit[rows]


def under_limit(predictive: AbstractPredictive, limit: Rows | None) -> AbstractPredictive:
    """The predictive of what is recorded under `limit`, whatever upper limit it knew of before."""
    if limit is None:
        return predictive
    least = predictive.least if isinstance(predictive, Hidden | Observed) else None
    return Observed(predictive.underlying, limit, least)
