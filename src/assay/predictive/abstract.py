"""What every predictive answers: one distribution for each row, whatever it came from."""

import abc

import numpy as np
from jaxtyping import Float

from assay.errors import ConfigError

Rows = Float[np.ndarray, " rows"]


def proper_level(level: float, asked: str = "quantile") -> float:
    """A level that one can ask for.

    Raises:
        ConfigError: it is no number strictly between 0 and 1.
    """
    if not (isinstance(level, int | float | np.floating | np.integer) and 0 < level < 1):
        raise ConfigError(
            f"{asked}: the level is {level!r}, must lie strictly between 0 and 1. "
            "Write 0.9 for ninety per cent."
        )
    return float(level)


class AbstractPredictive(abc.ABC):
    """A distribution for each row, on the right support; all values in the target's unit.

    Methods that depend on something a predictive does not have, such as the density of a point
    forecast, raise `PredictionsError`.
    """

    is_count: bool

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__} of {self.rows} rows: ask `mean()`, `quantile(0.9)`, "
            "`interval(0.9)`, `cdf(y)`, `log_prob(y)`, `sample(seed, count)`"
        )

    @property
    @abc.abstractmethod
    def rows(self) -> int:
        """Number of rows."""

    @abc.abstractmethod
    def mean(self) -> Rows:
        """Expectation of each row."""

    @abc.abstractmethod
    def quantile(self, level: float) -> Rows:
        """Least value whose cdf reaches `level`, 0 < level < 1.

        Raises:
            ConfigError: `level` does not lie strictly between 0 and 1.
        """

    @abc.abstractmethod
    def cdf(self, y: Rows) -> Rows:
        """P(Y <= y)."""

    def log_cdf(self, y: Rows) -> Rows:
        """Log P(Y <= y); -inf, too, where P is below the least float64."""
        with np.errstate(divide="ignore"):
            return np.log(self.cdf(y))

    @abc.abstractmethod
    def log_prob(self, y: Rows) -> Rows:
        """Log density, or log mass, at `y`."""

    @abc.abstractmethod
    def log_reach(self, limit: Rows) -> Rows:
        """Log P(Y >= limit)."""

    @abc.abstractmethod
    def excess(self, limit: Rows) -> Rows:
        """E max(Y - limit, 0) for finite limits."""

    @abc.abstractmethod
    def sample(self, seed: int, count: int) -> Float[np.ndarray, "samples rows"]:
        """Draws of each row."""

    @abc.abstractmethod
    def crps(self, y: Rows, limit: Rows | None = None) -> Rows:
        """Continuous ranked probability score of min(Y, limit) against a recorded `y <= limit`.

        Source: Matheson & Winkler (1976), Scoring rules for continuous probability distributions.
        """

    @abc.abstractmethod
    def take(self, rows: np.ndarray) -> "AbstractPredictive":
        """The same for some of the rows, by index."""

    @property
    def underlying(self) -> "AbstractPredictive":
        """The predictive of the value that nobody hid, such as demand."""
        return self

    @property
    def observed(self) -> "AbstractPredictive":
        """The predictive of what is recorded, such as sales under the recorded stock."""
        return self

    def interval(self, level: float = 0.9) -> tuple[Rows, Rows]:
        """Central interval that holds `level` of each row's mass.

        Raises:
            ConfigError: `level` does not lie strictly between 0 and 1.
        """
        level = proper_level(level, "interval")
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)
