"""Predictives made of equally likely values: samples, empirical laws, points."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from assay.errors import PredictionsError
from assay.predictive.abstract import AbstractPredictive, Rows, proper_level

_CELLS = 2**20


@dataclass(frozen=True, repr=False)
class EnsemblePredictive(AbstractPredictive):
    """Equally likely values for each row; a single value is a point forecast.

    Fields:
        values: ascending along the second axis, (rows, values).
        is_count: whether the target is a count.
    """

    values: Float[np.ndarray, "rows values"]
    is_count: bool = False

    @classmethod
    def of(cls, values: np.ndarray, *, is_count: bool = False) -> "EnsemblePredictive":
        """Sort the values of each row."""
        return cls(np.sort(np.asarray(values, dtype=float), axis=1), is_count)

    @property
    def rows(self) -> int:
        return len(self.values)

    @property
    def is_point(self) -> bool:
        """Whether there is but one value for each row."""
        return self.values.shape[1] == 1

    def mean(self) -> Rows:
        return self.values.mean(axis=1)

    def quantile(self, level: float) -> Rows:
        level, count = proper_level(level), self.values.shape[1]
        # The slack keeps a level such as 0.3 of 10 values from rounding up to the fourth.
        index = int(np.clip(np.ceil(level * count - 1e-9) - 1, 0, count - 1))
        return self.values[:, index]

    def cdf(self, y: Rows) -> Rows:
        return (self.values <= np.asarray(y)[:, None]).mean(axis=1)

    def log_prob(self, y: Rows) -> Rows:
        raise PredictionsError(
            "A point forecast or an ensemble has no density, so it cannot be judged by the log "
            "score. Use the metric `crps`, or predict a distribution."
        )

    def log_reach(self, limit: Rows) -> Rows:
        with np.errstate(divide="ignore"):
            return np.log((self.values >= np.asarray(limit)[:, None]).mean(axis=1))

    def excess(self, limit: Rows) -> Rows:
        return np.maximum(self.values - np.asarray(limit)[:, None], 0.0).mean(axis=1)

    def sample(self, seed: int, count: int) -> Float[np.ndarray, "samples rows"]:
        which = np.random.default_rng(seed).integers(self.values.shape[1], size=(count, self.rows))
        return self.values[np.arange(self.rows), which]

    def crps(self, y: Rows, limit: Rows | None = None) -> Rows:
        """By the ordered form of E|X - y| - E|X - X'| / 2.

        Source: Jordan, Krüger & Lerch (2019), Evaluating probabilistic forecasts with
        scoringRules, section 3.2.
        """
        y, count = np.asarray(y, dtype=float), self.values.shape[1]
        most = np.full(self.rows, np.inf) if limit is None else np.asarray(limit, dtype=float)
        ranks = np.arange(1, count + 1) - 0.5
        scores = np.empty(self.rows)
        step = max(1, _CELLS // max(count, 1))
        for low in range(0, self.rows, step):  # so that memory stays bounded
            cut = slice(low, low + step)
            seen, at = np.minimum(self.values[cut], most[cut, None]), y[cut, None]
            terms = (seen - at) * (count * (at < seen) - ranks)
            scores[cut] = 2.0 * terms.sum(axis=1) / count**2
        return scores

    def take(self, rows: np.ndarray) -> "EnsemblePredictive":
        return EnsemblePredictive(self.values[rows], self.is_count)
