"""How sure the mean of a number for each sealed row is, by how these rows depend on each other."""

import math
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from scipy.special import stdtrit

from assay.experiment.judging import Judge
from assay.verdict import GroupTest, IndependentTest, SeriesTest, cluster_t, date_averages, ewc

LEAST_DATES = 8
"""Dates below which nothing is known of how a series depends on its past."""


@dataclass(frozen=True)
class Estimate:
    """A mean over sealed rows with its standard error.

    Fields:
        mean: in the unit of what was averaged.
        se: standard error; `None` where too few rows are independent of each other to tell.
        dof: degrees of freedom of Student's t; 0 where there is no standard error.
    """

    mean: float
    se: float | None
    dof: int

    def half(self, level: float) -> float | None:
        """Half the width of the interval that misses the mean with chance `level`.

        Args:
            level: strictly between 0 and 1.
        """
        if self.se is None:
            return None
        return self.se * float(stdtrit(self.dof, 1 - level / 2))

    def is_positive(self, level: float) -> bool | None:
        """Whether the two-sided interval lies above 0; `None` where there is none."""
        half = self.half(level)
        return None if half is None else self.mean - half > 0

    def ends(self, name: str, level: float) -> dict[str, float | None]:
        """Both ends of the interval that misses with chance `level`, under `name`'s own names."""
        half = self.half(level)
        return {
            f"{name}_low": None if half is None else self.mean - half,
            f"{name}_high": None if half is None else self.mean + half,
        }

    def over(self, scale: float) -> "Estimate":
        """The same in another unit, that of `scale` times it."""
        return Estimate(self.mean / scale, None if self.se is None else self.se / scale, self.dof)


def estimate(judge: Judge, values: np.ndarray, at: np.ndarray | None = None) -> Estimate:
    """The mean of one number for each sealed row.

    Args:
        judge: of the sealed rows; its test says how they depend on each other.
        values: finite numbers, (rows,).
        at: places of these rows among the sealed ones; by default all.

    Source: Liang & Zeger (1986) for groups; Lazarus, Lewis, Stock & Watson (2018) for series.
    """
    at = np.arange(len(values)) if at is None else at
    mean = float(values.mean())
    if not np.ptp(values) > 1e-12 * float(np.abs(values).max()):
        # Nothing varies, as where a model does not read a column at all.
        return Estimate(mean, 0.0 if len(values) > 1 else None, max(len(values) - 1, 0))
    se, dof = _error(judge, values, at)
    known = math.isfinite(se) and se > 0 and dof > 0
    return Estimate(mean, se if known else None, dof if known else 0)


def _error(judge: Judge, values: np.ndarray, at: np.ndarray) -> tuple[float, int]:
    test = judge.test
    if isinstance(test, SeriesTest):
        daily = date_averages(values, np.asarray(test.dates)[at])
        if len(daily) < LEAST_DATES:
            return math.inf, 0
        series = ewc(daily, delta=0.0)
        return series.se, series.dof
    cases = test.cases if isinstance(test, IndependentTest) else None
    labels = test.groups if isinstance(test, GroupTest) else cases
    if labels is not None:
        groups = cluster_t(values, np.asarray(labels)[at], delta=0.0)
        return groups.se, groups.dof
    return float(values.std(ddof=1)) / math.sqrt(len(values)), len(values) - 1


def stream(seed: int, purpose: str, *key: str | int) -> np.random.Generator:
    """A stream of random numbers that depends on what it is for, and on nothing drawn before."""
    words = [crc32(str(each).encode()) for each in (purpose, *key)]
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(words)))
