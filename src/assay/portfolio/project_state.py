"""One project as planning sees it: its curve, what that is worth, and what binds its effort."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from assay.errors import PlanError
from assay.portfolio.curves import AbstractCurve
from assay.portfolio.kinds import Floats
from assay.portfolio.point import Point
from assay.portfolio.returns import LINEAR, POINTS, AbstractReturns

BAND = 0.8
MOST_IMPORTANCE = 1e100  # sums of such values are finite still


@dataclass(frozen=True, kw_only=True)
class ProjectState:
    """One project as planning sees it.

    Fields:
        key: short name.
        question: what the project answers.
        importance: value of one point; a point is 0.01 of skill.
        curve: what effort brings.
        effort_spent: effort already spent, in the unit of the plan.
        skill_at_ceiling: skill of a perfect model, above 0; scales a learnt curve. It is 1 where
            the perfect loss is 0, and above 1 where a loss can fall below 0, as a log score can.
        returns: what a skill is worth, before it is multiplied by the importance.
        note: sentences to be put after the reason.
        unknown_before: attempts of unknown effort before others that are on the curve.
        team: whose effort it takes; `None` for nobody's in particular.
        needs: keys of projects that come first, each with the effort it must have had in all.
        least: least effort that it must have had in all.
        most: most effort that it may have had in all; `None` for no limit.
        committed: effort that is promised to it from now on.
        attempts: what was tried, in order, for pictures; the curve has learnt of it already.

    Raises:
        PlanError: a number is out of range.
    """

    key: str
    question: str
    importance: float
    curve: AbstractCurve
    effort_spent: float = 0.0
    skill_at_ceiling: float = 1.0
    returns: AbstractReturns = LINEAR
    note: str = ""
    unknown_before: int = 0
    team: str | None = None
    needs: Mapping[str, float] = field(default_factory=dict)
    least: float = 0.0
    most: float | None = None
    committed: float = 0.0
    attempts: tuple[Point, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.importance <= MOST_IMPORTANCE:  # refuses nan too
            accepted = f"finite, not negative and at most {MOST_IMPORTANCE:g}"
            raise self._refusal("importance", self.importance, accepted)
        if not (math.isfinite(self.effort_spent) and self.effort_spent >= 0):
            raise self._refusal("effort_spent", self.effort_spent, "finite and not negative")
        if not (math.isfinite(self.skill_at_ceiling) and self.skill_at_ceiling > 0):
            raise self._refusal("skill_at_ceiling", self.skill_at_ceiling, "finite and above 0")
        self._check_limits()

    def _check_limits(self) -> None:
        for name in ("least", "committed", "most"):
            found = getattr(self, name)
            if not (found is None or (math.isfinite(found) and found >= 0)):
                raise self._refusal(name, found, "finite and not negative")
        for name in ("least", "committed"):
            found = getattr(self, name)
            if self.most is not None and found > self.most:
                raise self._refusal(name, found, f"at most {self.most:g}, its `most`")
        for key, effort in self.needs.items():
            if not (math.isfinite(effort) and effort > 0):
                raise self._refusal(f"needs {key}", effort, "finite and above 0")

    def values(self, units: int) -> Floats:
        """Expected value that the next 0, 1, ... `units` units of effort add."""
        if self.returns.is_linear:
            in_one = self.curve.points_in_one(self.skill_at_ceiling)
            return self.importance * in_one * self.curve.gain(self.effort_spent, units)
        return self.curve.gain(self.effort_spent, units, self.worth, self.turns)

    def value(self, units: int) -> float:
        """Expected value that `units` more units add, without those on the way."""
        if self.returns.is_linear:
            return self.importance * self.points_added(units)
        efforts = [self.effort_spent, self.effort_spent + units]
        before, after = self.curve.expected(efforts, self.worth)
        return float(after - before)

    def points_added(self, units: int) -> float:
        """Points of skill that `units` more units are expected to add, whatever they are worth."""
        before, after = self.curve.mean([self.effort_spent, self.effort_spent + units])
        return self.curve.points_in_one(self.skill_at_ceiling) * float(after - before)

    def worth(self, height: Floats) -> Floats:
        """Value of heights of the curve: never falls, and need not start at 0."""
        in_one = self.curve.points_in_one(self.skill_at_ceiling) / POINTS
        return self.importance * self.returns(in_one * height)

    @property
    def turns(self) -> tuple[float, ...]:
        """Heights of the curve at which their value bends or steps."""
        in_one = self.curve.points_in_one(self.skill_at_ceiling) / POINTS
        return tuple(skill / in_one for skill in self.returns.turns)

    def band(self, units: int) -> tuple[float, float]:
        """Least and most value that `units` more units add, believed with 80 %."""
        return self.curve.gain_band(self.effort_spent, units, BAND, self.worth)

    def points_added_band(self, units: int) -> tuple[float, float]:
        """Least and most points of skill that `units` more units add, believed with 80 %."""
        in_one = self.curve.points_in_one(self.skill_at_ceiling)
        return self.curve.gain_band(self.effort_spent, units, BAND, lambda height: in_one * height)

    def points(self, efforts: Floats) -> Floats:
        """Expected points of skill above the baseline after these efforts in all."""
        in_one = self.curve.points_in_one(self.skill_at_ceiling)
        return self.curve.expected(efforts, lambda height: in_one * height)

    def points_band(self, efforts: Floats, level: float) -> tuple[Floats, Floats]:
        """Points of skill that the curve lies between after these efforts, with `level`.

        Taken from the rise since no effort, since a fitted history is a score and knows no band
        above its baseline.
        """
        in_one = self.curve.points_in_one(self.skill_at_ceiling)
        start = float(self.points(np.zeros(1))[0])
        ends = [
            self.curve.gain_band(0.0, float(effort), level, lambda height: in_one * height)
            for effort in efforts
        ]
        low, high = start + np.array(ends, float).reshape(-1, 2).T
        return low, high

    def _refusal(self, name: str, found: float, accepted: str) -> PlanError:
        return PlanError(
            f'project "{self.key}": `{name}` is {found}, must be {accepted}. '
            "Correct it, or leave the project out of the plan."
        )
