"""The watch over a released verdict: what each kind of rows says against it so far.

For independent rows the chance of a false withdrawal is exact; for series and groups it holds as
they grow, and rests on the spread that was seen on the sealed rows.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, fdtri

from assay.verdict.checks import FloatArray, checked_between, checked_labels, checked_values
from assay.verdict.drift import Course, bounded_evidence, standard_evidence
from assay.verdict.groups import LEAST_GROUPS, cluster_t
from assay.verdict.series import (
    LEAST_EFFECTIVE_ROWS,
    date_averages,
    ewc,
    season_averages,
    squared_cosines,
)

UNLUCKY = 0.05
"""Chance with which a variance estimated from few values is as far too small as is allowed for."""

NOTHING: FloatArray = np.zeros(0)


class AbstractWatch(ABC):
    """A test of "the mean gain is still at least delta" that may be read at any time.

    Fields:
        exact: whether the chance of a false withdrawal holds at any number of rows.
        unit: what is counted, in the plural.
    """

    exact: ClassVar[bool]
    unit: ClassVar[str]

    @property
    @abstractmethod
    def condition(self) -> str:
        """What a withdrawal rests on, as a sentence to be printed beside it."""

    @abstractmethod
    @abstractmethod
    def places(self) -> NDArray[np.intp]:
        """The number of the unit that each row belongs to, from 0; -1 while a unit is unfinished.

        Returns:
            (rows,), units numbered in the order of their first rows, or in time.
        """

    @abstractmethod
    def course(self, gains: ArrayLike) -> Course:
        """The evidence after each unit.

        Args:
            gains: one gain for each row since release, in the order in which they were watched.
        """


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndependentWatch(AbstractWatch):
    """The exact watch over independent rows with bounded gains.

    Fields:
        delta: gain that the verdict says is exceeded.
        lower: least possible gain.
        upper: greatest possible gain.
        cases: the case of each row; near-copies share one, and their gains are averaged.
    """

    exact: ClassVar[bool] = True
    unit: ClassVar[str] = "rows"

    delta: float
    lower: float
    upper: float
    cases: ArrayLike

    @property
    def condition(self) -> str:
        """What a withdrawal rests on."""
        return (
            "Exact at any number of rows and whenever it is read, provided that the rows are "
            f"independent and every gain lies in [{self.lower:g}, {self.upper:g}], which the "
            "registered cap on the loss ensures."
        )

    def places(self) -> NDArray[np.intp]:
        """The case of each row."""
        return _by_first(self.cases)

    def course(self, gains: ArrayLike) -> Course:
        """The evidence after each case, in the order of their first rows."""
        rows = checked_values(gains)
        checked_labels(self.cases, rows.size, name="cases")
        means = np.bincount(self.places(), weights=rows) / np.bincount(self.places())
        # An average of equal numbers may differ from them in the last digit.
        return bounded_evidence(np.minimum(means, self.upper), delta=self.delta, upper=self.upper)


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesWatch(AbstractWatch):
    """The asymptotic watch over rows in time.

    Gains are averaged over the rows of a date, then over whole seasons, which are counted from the
    release on; an unfinished one waits.

    Fields:
        delta: gain that the verdict says is exceeded.
        dates: the date of each row since release.
        season: dates in a season; `None` where none is registered.
        sealed: gains of the sealed rows.
        sealed_dates: their dates.
    """

    exact: ClassVar[bool] = False
    unit: ClassVar[str] = "periods"

    delta: float
    dates: ArrayLike
    season: int | None = None
    sealed: ArrayLike
    sealed_dates: ArrayLike

    @property
    def condition(self) -> str:
        """What a withdrawal rests on."""
        return (
            "Asymptotic: the chance of a false withdrawal holds as the periods grow in number, and "
            "rests on the spread and the persistence of the gains on the sealed rows. A slow swing "
            "that the sealed rows were too short to show can look like a drift."
        )

    def places(self) -> NDArray[np.intp]:
        """The period of each row."""
        dates, date = np.unique(np.asarray(self.dates), return_inverse=True)
        season = self.season or 1
        return np.where(date < dates.size - dates.size % season, date // season, -1)

    def course(self, gains: ArrayLike) -> Course:
        """The evidence after each period."""
        daily = date_averages(self.sealed, self.sealed_dates)
        sealed = season_averages(daily, min(self.season or 1, daily.size))
        periods = self._periods(gains)
        if not periods.size:
            waiting = np.unique(np.asarray(self.dates)).size
            return Course(
                NOTHING, reason=f"Too early: {waiting} dates of a season of {self.season}."
            )
        spread = long_run_spread(sealed, periods)
        if spread is None:
            return Course(
                NOTHING,
                reason="The sealed rows do not tell how far the mean gain swings by itself: "
                f"{LEAST_EFFECTIVE_ROWS} independent periods are needed.",
            )
        return standard_evidence((self.delta - periods) / spread)

    def _periods(self, gains: ArrayLike) -> FloatArray:
        daily, season = date_averages(gains, self.dates), self.season or 1
        whole = daily[: daily.size - daily.size % season]
        return season_averages(whole, season) if whole.size else NOTHING


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupWatch(AbstractWatch):
    """The asymptotic watch over grouped rows: sums of gains by group, the groups independent.

    Fields:
        delta: gain that the verdict says is exceeded.
        groups: the group of each row since release.
        sealed: gains of the sealed rows.
        sealed_groups: their groups.
    """

    exact: ClassVar[bool] = False
    unit: ClassVar[str] = "groups"

    delta: float
    groups: ArrayLike
    sealed: ArrayLike
    sealed_groups: ArrayLike

    @property
    def condition(self) -> str:
        """What a withdrawal rests on."""
        return (
            "Asymptotic: the chance of a false withdrawal holds as the groups grow in number, "
            "provided that they are independent of each other and vary as the sealed ones did."
        )

    def places(self) -> NDArray[np.intp]:
        """The group of each row."""
        return _by_first(self.groups)

    def course(self, gains: ArrayLike) -> Course:
        """The evidence after each group, in the order of their first rows."""
        rows = checked_values(gains)
        checked_labels(self.groups, rows.size, name="groups")
        seen = cluster_t(self.sealed, self.sealed_groups, delta=self.delta)
        if not seen.passed_gate:
            return Course(
                NOTHING,
                reason=f"The {seen.groups} sealed groups do not tell how far groups differ: "
                f"{LEAST_GROUPS} are needed.",
            )
        # The standard error is of the mean over rows; the variance of one group's sum is wanted.
        variance = (seen.se * seen.n) ** 2 / seen.groups
        shortfalls = np.bincount(self.places(), weights=self.delta - rows)
        return standard_evidence(shortfalls / math.sqrt(_cautious(variance, seen.dof)))


def long_run_spread(sealed: ArrayLike, watched: ArrayLike) -> float | None:
    """How far the mean of the gains swings by itself: the root of their long-run variance.

    Cosines of the sealed periods, and of each stretch of watched ones that is as long, are squared
    and averaged. Every stretch has its own mean, and counts for no more than chance explains beside
    the sealed periods: the step at which a drift begins would else hide the drift. The estimate is
    raised to what it would be if it were too small by a chance of 5 %, and is never below the
    spread of single sealed periods.

    Args:
        sealed: gain of each sealed period, in time order.
        watched: gain of each period since release.

    Returns:
        A standard deviation in the unit of the gains; `None` where the sealed periods are too few
        to tell.

    Raises:
        DataError: a gain is missing.

    Source: Lazarus, Lewis, Stock & Watson (2018) for the cosines; the stretches, and their bound
    by Fisher's F, are ours.
    """
    first, later = checked_values(sealed), checked_values(watched)
    result = ewc(first, delta=0.0)
    if not result.passed_gate:
        return None
    whole = later.size // first.size
    parts = np.vstack([first, later[: whole * first.size].reshape(whole, first.size)])
    centred = parts - parts.mean(axis=1, keepdims=True)
    cosines = result.dof
    variances = np.array([squared_cosines(part)[:cosines].mean() for part in centred])
    most = variances[0] * float(fdtri(cosines, cosines, 1.0 - UNLUCKY))
    variance = max(float(np.minimum(variances, most).mean()), float(centred[0].var()))
    return math.sqrt(_cautious(variance, cosines * len(variances)))


def _cautious(variance: float, dof: int) -> float:
    """A variance, raised in case its estimate came out too small.

    Source: the upper bound from the chi-square distribution (Cochran 1934).
    """
    checked_between(variance, "variance", low=0.0, high=math.inf)
    return variance * dof / float(chdtri(dof, 1.0 - UNLUCKY))


def _by_first(labels: ArrayLike) -> NDArray[np.intp]:
    """The labels as numbers, in the order in which they first appear."""
    _, first, place = np.unique(np.asarray(labels), return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[place]
