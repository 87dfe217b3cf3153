"""Released models under watch, by simulation: gains since release, and the sealed ones before."""

from dataclasses import dataclass

import numpy as np
from _laws import Floats, Law, Process, t_p_values

from assay.verdict import (
    Course,
    GroupTest,
    GroupWatch,
    IndependentWatch,
    SeriesTest,
    SeriesWatch,
    season_averages,
)

ALPHA = 0.05
GOAL = -np.log(ALPHA)
LEVEL = 0.004
"""Of the look that was supported: the first of ten planned at alpha .05."""

LEAD = 5.0
"""Standard errors by which the sealed gains lie above the claim, so that most are supported."""


@dataclass(frozen=True)
class Bounded:
    """Independent gains with a bound above.

    Fields:
        law: of the gains.
        upper: the greatest gain.
        name: as it is printed.
        is_mirrored: turns losses and gains round, so that a few great gains make up for many small
            losses.
    """

    law: Law
    upper: float
    name: str
    is_mirrored: bool = False

    def draw(self, random: np.random.Generator, rows: int) -> Floats:
        """Gains with mean 0 and standard deviation 1, (rows,)."""
        gains = self.law.draw(random, (rows,), 0.0)
        return -gains if self.is_mirrored else gains

    def course(self, gains: Floats, *, lift: float = 0.0) -> Course:
        """The course of a watch over a verdict whose claim is a gain of 0.

        Args:
            gains: since the release.
            lift: by which the good ones among them lie above their law, and so their bound.
        """
        watch = IndependentWatch(
            delta=0.0, lower=-np.inf, upper=self.upper + lift, cases=np.arange(gains.size)
        )
        return watch.course(gains)


@dataclass(frozen=True)
class Series:
    """A series with so many sealed periods.

    Fields:
        process: of the gains; a whole season of them is a period.
        sealed: periods.
        is_heavy: whether gains are Student's t with 3 degrees of freedom instead.
    """

    process: Process
    sealed: int
    is_heavy: bool = False

    @property
    def name(self) -> str:
        """As it is printed."""
        return f"{'Student t3' if self.is_heavy else self.process.name}, {self.sealed} sealed"

    @property
    def season(self) -> int:
        """Dates in a period."""
        return self.process.season or 1

    @property
    def spread(self) -> float:
        """Root of the long-run variance of periods: what sums of them grow with."""
        long_run = 1.0 if self.is_heavy else self.process.long_run_variance
        return float((long_run / self.season) ** 0.5)

    def released(self, random: np.random.Generator, periods: int) -> tuple[Floats, Floats]:
        """Sealed gains that a look supported, and those of later periods, with mean 0."""
        dates = (self.sealed + periods) * self.season
        end = self.sealed * self.season
        while True:
            gains = (
                random.standard_t(3, dates) / 3**0.5
                if self.is_heavy
                else self.process.draw(random, 1, dates)[0]
            )
            sealed = gains[:end] + LEAD * self.spread / self.sealed**0.5
            test = SeriesTest(delta=0.0, dates=np.arange(end), season=self.process.season)
            if test.supports(sealed, LEVEL):
                return sealed, gains[end:]

    def course(self, sealed: Floats, gains: Floats) -> Course:
        """The course of a watch at the end of these gains."""
        watch = SeriesWatch(
            delta=0.0,
            dates=np.arange(gains.size),
            season=self.process.season,
            sealed=sealed,
            sealed_dates=np.arange(sealed.size),
        )
        return watch.course(gains)

    def found_at(self, sealed: Floats, gains: Floats, looks: int) -> tuple[int, int]:
        """Period at which the watch withdraws, and the naive repeated test; 0 where neither does.

        Args:
            sealed: gains of the sealed dates.
            gains: of the dates since.
            looks: evenly spaced over these.
        """
        periods = gains.size // self.season
        means = season_averages(gains, self.season)
        ends = np.unique(np.linspace(0, periods, looks + 1).astype(int)[1:])
        watched = naive = 0
        for end in ends.tolist():
            if not watched:
                course = self.course(sealed, gains[: end * self.season])
                watched = end if course.greatest >= GOAL else 0
            if not naive and end > 1:
                naive = end if t_p_values(-means[:end]) <= ALPHA else 0
        return watched, naive


@dataclass(frozen=True)
class Groups:
    """Groups of geometric sizes, as patients or shops are.

    Fields:
        sealed: groups.
        similar: correlation of rows of one group.
        mean_size: rows of a group on average.
        later: those of a watched group on average; 0 for the same.
        grows: whether watched groups grow from one row to twice that.
    """

    sealed: int
    similar: float
    mean_size: int
    later: int = 0
    grows: bool = False

    @property
    def name(self) -> str:
        """As it is printed."""
        seen = f"{self.sealed} sealed groups, correlation {self.similar}, size {self.mean_size}"
        return seen + self._then

    @property
    def _then(self) -> str:
        if self.grows:
            return f", then 1 to {2 * (self.later or self.mean_size)}"
        return f", then {self.later}" if self.later else ""

    def _sizes(self, random: np.random.Generator, groups: int) -> Floats:
        """Rows of each sealed group, then of each watched one."""
        later = self.later or self.mean_size
        first = random.geometric(1 / self.mean_size, self.sealed)
        if self.grows:
            return np.concatenate([first, np.linspace(1, 2 * later, groups).astype(int)])
        return np.concatenate([first, random.geometric(1 / later, groups)])

    def found_at(self, random: np.random.Generator, groups: int, looks: int) -> tuple[int, int]:
        """As `Series.found_at`, in groups, for gains with mean 0 since the release."""
        sealed, gains, of_sealed, group = self._released(random, groups)
        watch = GroupWatch(delta=0.0, groups=group, sealed=sealed, sealed_groups=of_sealed)
        course = watch.course(gains)
        found = np.flatnonzero(course.logs >= GOAL)
        ends = np.linspace(0, gains.size, looks + 1).astype(int)[1:]
        naive = [end for end in ends.tolist() if t_p_values(-gains[:end]) <= ALPHA]
        return (int(found[0]) + 1 if found.size else 0), (naive[0] if naive else 0)

    def _released(
        self, random: np.random.Generator, groups: int
    ) -> tuple[Floats, Floats, Floats, Floats]:
        variance = self.similar + (1 - self.similar) / self.mean_size
        lead = LEAD * (variance / self.sealed) ** 0.5
        while True:
            count = self.sealed + groups
            group = np.repeat(np.arange(count), self._sizes(random, groups))
            own = random.normal(size=group.size)
            shared = random.normal(size=count)[group]
            gains = self.similar**0.5 * shared + (1 - self.similar) ** 0.5 * own
            before = group < self.sealed
            if GroupTest(delta=0.0, groups=group[before]).supports(gains[before] + lead, LEVEL):
                return gains[before] + lead, gains[~before], group[before], group[~before]
