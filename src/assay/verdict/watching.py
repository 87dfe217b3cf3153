"""The watch over a released verdict: what each kind of rows says against it so far.

For independent rows the chance of a false withdrawal is exact. For series and groups it holds as
they grow, and rests on simulation: they are held against a spread that the sealed rows, and for
series earlier periods, tell only roughly (`python benchmarks/watch.py`).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.verdict.checks import FloatArray, checked_labels, checked_values
from assay.verdict.drift import Course, bounded_evidence, standard_evidence
from assay.verdict.groups import LEAST_GROUPS
from assay.verdict.series import (
    LEAST_EFFECTIVE_ROWS,
    date_averages,
    season_averages,
)
from assay.verdict.spreads import group_spread, long_run_spread

NOTHING: FloatArray = np.zeros(0)


class AbstractWatch(ABC):
    """A test of "from any day on the mean gain is at least delta" that may be read at any time.

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
    release on; an unfinished one waits. A period with fewer rows than the sealed dates had counts
    for less, as its mean swings further.

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
            "rests on the spread and the persistence of gains on the sealed rows and in earlier "
            "periods; simulation bears it out. A slow swing that the sealed rows were too short to "
            "show can look like a drift."
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
        return standard_evidence((self.delta - periods) / spread * self._presence(periods.size))

    def _presence(self, periods: int) -> FloatArray:
        """The root of the share of the usual rows that each period has, at most 1.

        Where half of the series are missing, the mean of the others swings up to the root of 2
        times as far.
        """
        season = self.season or 1
        _, usual = np.unique(np.asarray(self.sealed_dates), return_counts=True)
        _, there = np.unique(np.asarray(self.dates), return_counts=True)
        whole = there[: periods * season].reshape(periods, season).mean(axis=1)
        return np.sqrt(np.minimum(1.0, whole / usual.mean()))

    def _periods(self, gains: ArrayLike) -> FloatArray:
        daily, season = date_averages(gains, self.dates), self.season or 1
        whole = daily[: daily.size - daily.size % season]
        return season_averages(whole, season) if whole.size else NOTHING


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupWatch(AbstractWatch):
    """The asymptotic watch over grouped rows: mean gains by group, the groups independent.

    The mean of a large group swings less than that of a small one, so each is held against the
    spread that the sealed groups lead to expect of its size.

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
            "provided that they are independent of each other and vary, between and within, as the "
            "sealed ones did; simulation bears it out."
        )

    def places(self) -> NDArray[np.intp]:
        """The group of each row."""
        return _by_first(self.groups)

    def course(self, gains: ArrayLike) -> Course:
        """The evidence after each group, in the order of their first rows."""
        rows = checked_values(gains)
        checked_labels(self.groups, rows.size, name="groups")
        _, own = np.unique(np.asarray(self.sealed_groups), return_inverse=True)
        seen = group_spread(self.sealed, own)
        if seen is None:
            return Course(
                NOTHING,
                reason=f"The {own.max() + 1} sealed groups do not tell how far groups differ: "
                f"{LEAST_GROUPS} are needed.",
            )
        size = np.bincount(self.places())
        means = np.bincount(self.places(), weights=rows) / size
        spread = seen.of_means(size)
        # The verdict is about the mean over rows, so a group counts by its rows. A size is known
        # before its gains, and so is the mean over the sizes up to it.
        swings = size * spread
        usual = np.cumsum(swings) / np.arange(1, size.size + 1)
        return standard_evidence((self.delta - means) / spread, swings / usual)


def _by_first(labels: ArrayLike) -> NDArray[np.intp]:
    """The labels as numbers, in the order in which they first appear."""
    _, first, place = np.unique(np.asarray(labels), return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[place]
