"""Predictives of a target that is one of several classes."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from assay.predictive.abstract import AbstractPredictive, Rows, proper_level


@dataclass(frozen=True, repr=False)
class ClassPredictive(AbstractPredictive):
    """A probability of each class for each row; classes are numbered 0, 1, ... in their order.

    Mean, quantiles and tails are those of the class's number.

    Fields:
        probabilities: each row adds up to 1, (rows, classes).
    """

    is_count: ClassVar[bool] = True  # pyright: ignore[reportIncompatibleVariableOverride]
    probabilities: Float[np.ndarray, "rows classes"]

    @property
    def rows(self) -> int:
        return len(self.probabilities)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return self.probabilities.shape[1]

    def mean(self) -> Rows:
        return self.probabilities @ self._numbers()

    def quantile(self, level: float) -> Rows:
        # The slack keeps sums that miss a level in the last digit from moving on to the next class.
        short = self._cumulated() < proper_level(level) - 1e-12
        return np.minimum(short.sum(axis=1), self.classes - 1).astype(float)

    def cdf(self, y: Rows) -> Rows:
        return self._mass(self._numbers() <= np.asarray(y)[:, None])

    def log_prob(self, y: Rows) -> Rows:
        with np.errstate(divide="ignore"):
            return np.log(self._mass(self._numbers() == np.asarray(y)[:, None]))

    def log_reach(self, limit: Rows) -> Rows:
        with np.errstate(divide="ignore"):
            return np.log(self._mass(self._numbers() >= np.asarray(limit)[:, None]))

    def excess(self, limit: Rows) -> Rows:
        above = np.maximum(self._numbers() - np.asarray(limit)[:, None], 0.0)
        return (self.probabilities * above).sum(axis=1)

    def sample(self, seed: int, count: int) -> Float[np.ndarray, "samples rows"]:
        chance = np.random.default_rng(seed).uniform(size=(count, self.rows, 1))
        drawn = (self._cumulated()[None] < chance).sum(axis=2)
        return np.minimum(drawn, self.classes - 1).astype(float)

    def crps(self, y: Rows, limit: Rows | None = None) -> Rows:
        """Ranked probability score of the class's number.

        Source: Epstein (1969), A scoring system for probability forecasts of ranked categories.
        """
        most = np.full(self.rows, np.inf) if limit is None else np.asarray(limit, dtype=float)
        steps = self._numbers()[:-1]
        apart = (self._cumulated()[:, :-1] - (np.asarray(y)[:, None] <= steps)) ** 2
        return (apart * np.clip(most[:, None] - steps, 0.0, 1.0)).sum(axis=1)

    def take(self, rows: np.ndarray) -> "ClassPredictive":
        return ClassPredictive(self.probabilities[rows])

    def _numbers(self) -> np.ndarray:
        return np.arange(float(self.classes))

    def _cumulated(self) -> np.ndarray:
        return np.cumsum(self.probabilities, axis=1)

    def _mass(self, chosen: np.ndarray) -> Rows:
        return np.minimum((self.probabilities * chosen).sum(axis=1), 1.0)
