"""The courses of a panel, and how alike rows are some steps apart."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Lagged:
    """Autocorrelation at one lag, and the pairs of rows it rests on.

    Fields:
        correlation: NaN where no two rows are that far apart or nothing varies.
        pairs: rows of which another lies that many steps later in the same series.
    """

    correlation: float
    pairs: int


@dataclass(frozen=True, eq=False)
class Track:
    """Values of several series over steps in time.

    Fields:
        series: number of the series of each row, ascending.
        position: step of each row, ascending within a series.
        y: value of each row.
    """

    series: np.ndarray
    position: np.ndarray
    y: np.ndarray

    def lagged(self, lag: int) -> Lagged:
        """How alike rows `lag` steps apart are, each about the mean of its series."""
        earlier, later = self._pairs(lag)
        counts = np.bincount(self.series)
        means = np.bincount(self.series, self.y) / np.maximum(counts, 1)
        centred = self.y - means[self.series]
        variance = float((centred**2).mean()) if len(centred) else 0.0
        # Below this the variance of equal values is rounding error.
        if not len(earlier) or variance <= 1e-24 * float((self.y**2).max()):
            return Lagged(float("nan"), len(earlier))
        covariance = float((centred[earlier] * centred[later]).mean())
        return Lagged(float(np.clip(covariance / variance, -1.0, 1.0)), len(earlier))

    def differenced(self) -> "Track":
        """Steps from each row to the next, where the next is one step later."""
        earlier, later = self._pairs(1)
        return Track(self.series[later], self.position[later], self.y[later] - self.y[earlier])

    def _pairs(self, lag: int) -> tuple[np.ndarray, np.ndarray]:
        if not len(self.series):
            return np.zeros(0, dtype=int), np.zeros(0, dtype=int)
        # Series lie so far apart on one line that no lag leads from one into the next.
        key = self.series * (int(self.position.max()) + lag + 1) + self.position
        later = np.minimum(np.searchsorted(key, key + lag), len(key) - 1)
        earlier = np.flatnonzero(key[later] == key + lag)
        return earlier, later[earlier]
