"""One interface for the three kinds of verdict, by how the rows depend on each other."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from assay.verdict.checks import checked_between, checked_bounds, checked_values
from assay.verdict.groups import LEAST_GROUPS, GroupResult, cluster_t
from assay.verdict.series import (
    LEAST_EFFECTIVE_ROWS,
    SeriesResult,
    date_averages,
    ewc,
    season_averages,
)
from assay.verdict.star import (
    floored_sd,
    star_interval,
    star_p_value,
    star_refutes,
    star_supports,
)


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the rows suffice for an answer at all.

    Fields:
        passed: False makes the verdict inconclusive, whatever the gains.
        reason: one sentence with what was seen and what is needed.
    """

    passed: bool
    reason: str


class AbstractTest(ABC):
    """A test of "the mean gain exceeds delta" on sealed rows.

    Fields:
        exact: whether the error rate holds at any number of rows, or only as they grow.
    """

    exact: ClassVar[bool]

    @property
    @abstractmethod
    def condition(self) -> str:
        """What the verdict rests on, as a sentence to be printed beside it."""

    @abstractmethod
    def gate(self, gains: ArrayLike) -> Gate:
        """Whether these rows suffice for an answer.

        Args:
            gains: one gain for each sealed row, in the sealed order.
        """

    @abstractmethod
    def supports(self, gains: ArrayLike, level: float) -> bool:
        """Whether "mean gain <= delta" is rejected; False where the gate fails.

        Args:
            gains: one gain for each sealed row, in the sealed order.
            level: greatest chance of a false yes, strictly between 0 and 1.
        """

    @abstractmethod
    def refutes(self, gains: ArrayLike, level: float) -> bool:
        """Whether "mean gain >= delta" is rejected; False where the gate fails.

        Args:
            gains: one gain for each sealed row, in the sealed order.
            level: greatest chance of a false yes, strictly between 0 and 1.
        """

    @abstractmethod
    def interval(self, gains: ArrayLike, level: float) -> tuple[float, float]:
        """An interval of the mean gain; the whole line where the gate fails.

        Args:
            gains: one gain for each sealed row, in the sealed order.
            level: greatest chance that the interval misses the mean; half for each end.
        """

    @abstractmethod
    def p_value(self, gains: ArrayLike) -> float:
        """The p-value for "mean gain <= delta"; 1.0 where the gate fails.

        Args:
            gains: one gain for each sealed row, in the sealed order.
        """


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IndependentTest(AbstractTest):
    """The exact test for independent rows: the STaR bet on bounded gains.

    Fields:
        delta: gain that must be exceeded, strictly between the bounds.
        lower: least possible gain.
        upper: greatest possible gain.
        sd0: standard deviation of the gains on open rows; floored at a hundredth of the range.
        cases: the case of each sealed row, where rows are near-copies of each other: their gains
            are averaged, since together they tell no more than one. `None` where each is its own.
    """

    exact: ClassVar[bool] = True

    delta: float
    lower: float
    upper: float
    sd0: float
    cases: ArrayLike | None = None

    def __post_init__(self) -> None:
        """Check what was registered."""
        floored_sd(self.sd0, lower=self.lower, upper=self.upper)
        checked_between(self.delta, "delta", low=self.lower, high=self.upper)

    @property
    def condition(self) -> str:
        """What the verdict rests on."""
        return (
            "Exact at any number of rows, provided that the rows are independent and every gain "
            f"lies in [{self.lower:g}, {self.upper:g}], which the cap on the loss ensures; the "
            "claim is about the capped loss. Drift after the sealed rows is not covered."
            + (" Near-copies of a row count as one." if self.cases is not None else "")
        )

    @property
    def _sd(self) -> float:
        return floored_sd(self.sd0, lower=self.lower, upper=self.upper)

    def gate(self, gains: ArrayLike) -> Gate:
        """Always passed: the bet is exact with a single row."""
        rows = self._checked(gains).size
        return Gate(True, f"{rows} independent rows; the bet is exact with any number.")

    def supports(self, gains: ArrayLike, level: float) -> bool:
        """Whether "mean gain <= delta" is rejected."""
        checked = self._checked(gains)
        return star_supports(checked, delta=self.delta, lower=self.lower, level=level, sd0=self._sd)

    def refutes(self, gains: ArrayLike, level: float) -> bool:
        """Whether "mean gain >= delta" is rejected."""
        checked = self._checked(gains)
        return star_refutes(checked, delta=self.delta, upper=self.upper, level=level, sd0=self._sd)

    def interval(self, gains: ArrayLike, level: float) -> tuple[float, float]:
        """The interval that `star_interval` gives."""
        checked = self._checked(gains)
        return star_interval(checked, lower=self.lower, upper=self.upper, level=level, sd0=self._sd)

    def p_value(self, gains: ArrayLike) -> float:
        """The p-value that `star_p_value` gives."""
        checked = self._checked(gains)
        return star_p_value(checked, delta=self.delta, lower=self.lower, sd0=self._sd)

    def _checked(self, gains: ArrayLike) -> np.ndarray:
        """One gain for each case, in the order of their first rows.

        Both bounds are checked for either answer: a gain out of bounds voids the claim.
        """
        rows = checked_bounds(gains, lower=self.lower, upper=self.upper)
        if self.cases is None:
            return rows
        _, first, place = np.unique(self.cases, return_index=True, return_inverse=True)
        mean = np.bincount(place, rows) / np.bincount(place)
        return np.clip(mean[np.argsort(first)], self.lower, self.upper)


class _StudentTest(AbstractTest, ABC):
    """What the two asymptotic tests share: Student's t behind a gate."""

    exact: ClassVar[bool] = False
    __slots__ = ()

    @abstractmethod
    def result(self, gains: ArrayLike) -> SeriesResult | GroupResult:
        """The mean gain, its standard error and both p-values.

        Args:
            gains: one gain for each sealed row, in the sealed order.
        """

    @final
    def supports(self, gains: ArrayLike, level: float) -> bool:
        """Whether "mean gain <= delta" is rejected; False where the gate fails."""
        checked_between(level, "level", low=0.0, high=1.0)
        result = self.result(gains)
        return result.passed_gate and result.p_support <= level

    @final
    def refutes(self, gains: ArrayLike, level: float) -> bool:
        """Whether "mean gain >= delta" is rejected; False where the gate fails."""
        checked_between(level, "level", low=0.0, high=1.0)
        result = self.result(gains)
        return result.passed_gate and result.p_refute <= level

    @final
    def interval(self, gains: ArrayLike, level: float) -> tuple[float, float]:
        """Student's interval; the whole line where the gate fails."""
        checked_between(level, "level", low=0.0, high=1.0)
        result = self.result(gains)
        if not result.passed_gate:
            return -math.inf, math.inf
        half = -float(stdtrit(result.dof, level / 2)) * result.se
        return result.mean - half, result.mean + half

    @final
    def p_value(self, gains: ArrayLike) -> float:
        """The p-value for "mean gain <= delta"; 1.0 where the gate fails."""
        return self.result(gains).p_support


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesTest(_StudentTest):
    """The asymptotic test for rows in time: adaptive EWC on averages over series and seasons.

    Fields:
        delta: gain that must be exceeded.
        dates: the date of each sealed row; rows of one date are averaged.
        season: dates in a season, averaged too; `None` where none is registered. Dates are
            counted, so a date that is missing shifts the seasons after it.
        weights: registered weight of each sealed row; equal by default.
    """

    delta: float
    dates: ArrayLike
    season: int | None = None
    weights: ArrayLike | None = None

    @property
    def condition(self) -> str:
        """What the verdict rests on, with what the season left out."""
        dropped = np.unique(np.asarray(self.dates)).size % (self.season or 1)
        left_out = f" The first {dropped} dates form no whole season and were left out."
        return (
            "Asymptotic: the error rate holds as the periods grow in number. A slow drift hidden "
            "under noise is its known weak spot: a test at .05 then errs in up to .09 of cases. "
            "Drift after the sealed rows is not covered." + (left_out if dropped else "")
        )

    def result(self, gains: ArrayLike) -> SeriesResult:
        """What the adaptive EWC test sees in the averages."""
        by_date = date_averages(gains, self.dates, weights=self.weights)
        # Less than one season is one period, which the gate declines; it is no error to close then.
        season = min(self.season or 1, by_date.size)
        return ewc(season_averages(by_date, season), delta=self.delta)

    def gate(self, gains: ArrayLike) -> Gate:
        """Passed from 16 effective rows on."""
        result = self.result(gains)
        seen = f"{result.n} periods are worth {result.n_eff:.1f} independent ones"
        need = f"{LEAST_EFFECTIVE_ROWS} are needed"
        if result.passed_gate:
            return Gate(True, f"{seen}; {need}.")
        if result.n_eff >= LEAST_EFFECTIVE_ROWS:
            return Gate(False, "The gains do not vary, so there is no spread to test with.")
        return Gate(False, f"Too few independent periods: {seen}; {need}.")


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupTest(_StudentTest):
    """The asymptotic test for grouped rows: cluster-robust Student's t.

    Fields:
        delta: gain that must be exceeded.
        groups: the group of each sealed row.
    """

    delta: float
    groups: ArrayLike

    @property
    def condition(self) -> str:
        """What the verdict rests on."""
        return (
            "Asymptotic: the error rate holds as the groups grow in number, whatever binds the "
            "rows within one, provided that the groups are independent of each other. Drift after "
            "the sealed rows is not covered."
        )

    def result(self, gains: ArrayLike) -> GroupResult:
        """What the cluster-robust test sees."""
        return cluster_t(checked_values(gains), self.groups, delta=self.delta)

    def gate(self, gains: ArrayLike) -> Gate:
        """Passed from 40 groups on."""
        result = self.result(gains)
        seen = f"{result.groups} independent groups were sealed; {LEAST_GROUPS} are needed"
        if result.passed_gate:
            return Gate(True, f"{seen}.")
        if result.groups >= LEAST_GROUPS:
            return Gate(False, "The gains do not vary, so there is no spread to test with.")
        return Gate(False, f"Too few groups: {seen}.")
