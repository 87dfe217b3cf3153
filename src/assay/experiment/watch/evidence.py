"""What all rows since a release say about its verdict."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from assay.experiment.task import SealedTask
from assay.experiment.watch.scored import Scored
from assay.verdict import (
    AbstractWatch,
    Claim,
    Course,
    GroupWatch,
    IndependentWatch,
    SeriesWatch,
)

WHO = ("baseline", "model")

LARGEST = 700.0
"""Logarithm up to which evidence is written as a number; e to the 710 has none."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What all rows since a release say.

    Fields:
        scored: the rows.
        claim: what the verdict says is exceeded.
        test: of the rows that count.
        before: greatest evidence recorded before, which is never taken back.
    """

    scored: Scored
    claim: Claim
    test: AbstractWatch
    before: float

    @cached_property
    def course(self) -> Course:
        """The evidence after each unit."""
        return self.test.course(self.scored.gains(self.claim)[self.scored.counts])

    @cached_property
    def places(self) -> np.ndarray:
        """The unit of each row, from 0; -1 where it is unfinished, or the row does not count."""
        found = np.full(self.scored.count, -1)
        found[self.scored.counts] = self.test.places()
        return found

    @property
    def greatest(self) -> float:
        """The greatest evidence so far, as a number."""
        return max(self.before, math.exp(min(self.course.greatest, LARGEST)))

    @property
    def improvement(self) -> float:
        """The mean gain so far in the claim's unit."""
        return self._improvement(np.ones(self.scored.count, dtype=bool))

    @property
    def lately(self) -> float:
        """The mean gain since the unit from which on a drift is likeliest."""
        start = int((self.places == self.course.began).argmax())
        return self._improvement(np.arange(self.scored.count) >= start)

    @property
    def began(self) -> str:
        """When that was: a time, or the number of the unit since the release."""
        unit = self.course.began
        times = self.scored.table["time"].filter(pl.Series(self.places == unit))
        return f"{self.test.unit[:-1]} {unit + 1:,}" if times.dtype == pl.Null else str(times.min())

    def _improvement(self, rows: np.ndarray) -> float:
        base, model = (float(self.scored.losses(who)[rows].mean()) for who in WHO)
        return _improvement(base, model, relative=self.claim.improve_by is not None)

    def table(self) -> pl.DataFrame:
        """After each unit, when that was, the evidence, and the mean gain so far."""
        course, place = self.course, self.places
        counted = place >= 0
        place, units = place[counted], course.units
        sums = {
            who: np.cumsum(np.bincount(place, self.scored.losses(who)[counted], minlength=units))
            for who in WHO
        }
        rows = np.cumsum(np.bincount(place, minlength=units))
        relative = self.claim.improve_by is not None
        gain = [
            _improvement(base, model, relative=relative)
            for base, model in zip(sums["baseline"] / rows, sums["model"] / rows, strict=True)
        ]
        time = self.scored.table["time"].filter(pl.Series(counted))
        if time.dtype == pl.Null:
            at = pl.Series(np.arange(1, units + 1))
        else:
            times = pl.DataFrame({"place": place, "time": time})
            at = times.group_by("place").agg(pl.col("time").max()).sort("place")["time"]
        return pl.DataFrame(
            {"at": at, "evidence": np.exp(np.minimum(course.logs, LARGEST)), "gain": gain}
        )


def _improvement(base: float, model: float, *, relative: bool) -> float:
    if not relative:
        return base - model
    return 1.0 - model / base if base > 0 else 0.0


def test_of(
    claim: Claim, task: SealedTask, every: Scored, sealed: np.ndarray | None
) -> AbstractWatch:
    """The watch that fits how rows depend on each other.

    Args:
        claim: what the verdict says is exceeded.
        task: the registered problem.
        every: all rows since the release.
        sealed: gain of the released attempt on each sealed row; not needed for independent rows.
    """
    counted = every.table.filter(pl.Series(every.counts))
    units, rows = counted["unit"].to_numpy(), task.sealing.sealed_rows
    if sealed is None:
        return IndependentWatch(
            delta=claim.delta, lower=claim.lower, upper=claim.upper, cases=units
        )
    if task.sealing.test == "groups":
        own = task.sealing.units[rows]
        return GroupWatch(delta=claim.delta, groups=units, sealed=sealed, sealed_groups=own)
    return SeriesWatch(
        delta=claim.delta,
        dates=_ranks(counted["time"]),
        season=task.roles.season,
        sealed=sealed,
        sealed_dates=_ranks(task.frame.column(str(task.roles.time)).gather(rows)),
    )


def _ranks(times: pl.Series) -> np.ndarray:
    return times.rank("dense").to_numpy()
