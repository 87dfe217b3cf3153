"""Predictives known at some quantile levels only, as many forecasting tools write them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from assay.errors import PredictionsError
from assay.predictive.abstract import AbstractPredictive, Rows, proper_level
from assay.predictive.ensemble import EnsemblePredictive


@dataclass(frozen=True, repr=False)
class QuantilePredictive(AbstractPredictive):
    """Quantiles at a few levels, straight lines between them, nothing beyond the outermost.

    Fields:
        levels: ascending, each strictly between 0 and 1.
        values: non-decreasing along the second axis, (rows, levels).
        is_count: whether the target is a count.
    """

    levels: Float[np.ndarray, " levels"]
    values: Float[np.ndarray, "rows levels"]
    is_count: bool = False

    @property
    def rows(self) -> int:
        return len(self.values)

    def mean(self) -> Rows:
        """Mean of the law that the lines describe."""
        return self._dense().mean(axis=1)

    def quantile(self, level: float) -> Rows:
        position = np.interp(proper_level(level), self.levels, np.arange(len(self.levels)))
        low = int(np.floor(position))
        high = min(low + 1, len(self.levels) - 1)
        return self.values[:, low] + (position - low) * (self.values[:, high] - self.values[:, low])

    def cdf(self, y: Rows) -> Rows:
        return (self._dense() <= np.asarray(y)[:, None]).mean(axis=1)

    def log_prob(self, y: Rows) -> Rows:
        raise PredictionsError(
            "Quantile columns have no density, so they cannot be judged by the log score. "
            "Use the metric `crps` or `pinball`, or predict a distribution."
        )

    def log_reach(self, limit: Rows) -> Rows:
        with np.errstate(divide="ignore"):
            return np.log((self._dense() >= np.asarray(limit)[:, None]).mean(axis=1))

    def excess(self, limit: Rows) -> Rows:
        return np.maximum(self._dense() - np.asarray(limit)[:, None], 0.0).mean(axis=1)

    def sample(self, seed: int, count: int) -> Float[np.ndarray, "samples rows"]:
        dense = self._dense()
        which = np.random.default_rng(seed).integers(dense.shape[1], size=(count, self.rows))
        return dense[np.arange(self.rows), which]

    def crps(self, y: Rows, limit: Rows | None = None) -> Rows:
        """Twice the mean pinball loss over 99 evenly spaced levels of the lines.

        Source: Gneiting & Ranjan (2011), Comparing density forecasts, equation (14).
        """
        return EnsemblePredictive(self._dense(), self.is_count).crps(y, limit)

    def take(self, rows: np.ndarray) -> "QuantilePredictive":
        return QuantilePredictive(self.levels, self.values[rows], self.is_count)

    def _dense(self) -> Float[np.ndarray, "rows levels"]:
        return np.stack([self.quantile((k + 0.5) / 99) for k in range(99)], axis=1)
