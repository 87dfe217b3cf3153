"""What accuracy is worth: returns functions from skill to value.

Skill is 0 at the baseline and 1 where no loss is left. What a returns function says is multiplied
by the project's importance: in points, where each point is 0.01 of skill, or in the unit of the
values that somebody listed.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

import numpy as np

from assay.portfolio.kinds import Floats
from assay.record import Returns as StatedReturns

POINTS = 100.0  # in a skill of 1


class AbstractReturns(ABC):
    """What a skill is worth; never falls."""

    @abstractmethod
    def __call__(self, skill: Floats) -> Floats:
        """The worth of each skill, in the shape given."""

    @abstractmethod
    def words(self, importance: float, value_unit: str = "") -> str:
        """What accuracy is worth to a project, in words.

        Args:
            importance: of the project.
            value_unit: of every worth, such as "k€ a month"; may be empty.
        """

    @property
    def is_linear(self) -> bool:
        """Whether the expected worth is the worth of the expected skill."""
        return False

    @property
    def turns(self) -> tuple[float, ...]:
        """All skills above the baseline at which the worth bends or steps."""
        return ()


@final
@dataclass(frozen=True)
class LinearReturns(AbstractReturns):
    """Every point is worth the same."""

    def __call__(self, skill: Floats) -> Floats:
        return POINTS * skill

    def words(self, importance: float, value_unit: str = "") -> str:
        return f"A point (0.01 of skill) is worth {_said(importance, value_unit)}"

    @property
    def is_linear(self) -> bool:
        """It is."""
        return True


@final
@dataclass(frozen=True)
class ThresholdReturns(AbstractReturns):
    """Nothing is worth anything below `least`; from there on every point is worth the same."""

    least: float

    def __call__(self, skill: Floats) -> Floats:
        return np.where(skill >= self.least, POINTS * skill, 0.0)

    def words(self, importance: float, value_unit: str = "") -> str:
        each = _said(importance, value_unit)
        return f"From a skill of {self.least:g} on, a point (0.01) is worth {each}; below, nothing"

    @property
    def turns(self) -> tuple[float, ...]:
        """Where it begins to pay."""
        return (self.least,)


@final
@dataclass(frozen=True)
class ConcaveReturns(AbstractReturns):
    """The first points are worth most: 100 * skill ** exponent; nothing below the baseline."""

    exponent: float

    def __call__(self, skill: Floats) -> Floats:
        return POINTS * np.maximum(skill, 0.0) ** self.exponent

    def words(self, importance: float, value_unit: str = "") -> str:
        whole = _said(POINTS * importance, value_unit)
        return f"A skill s is worth s^{self.exponent:g} times {whole}: the first points most"


@final
@dataclass(frozen=True)
class ListedReturns(AbstractReturns):
    """Straight lines between the points that somebody listed, level beyond their ends."""

    skills: tuple[float, ...]
    values: tuple[float, ...]

    def __call__(self, skill: Floats) -> Floats:
        return np.interp(skill, self.skills, self.values)

    def words(self, importance: float, value_unit: str = "") -> str:
        worths = [_said(importance * value, value_unit) for value in self.values]
        first, last = self.skills[0], self.skills[-1]
        between = ", with bends between" if len(worths) > 2 else ""
        return f"A skill of {first:g} is worth {worths[0]}, of {last:g} {worths[-1]}{between}"

    @property
    def turns(self) -> tuple[float, ...]:
        """The points that were listed."""
        return self.skills


def _said(value: float, value_unit: str) -> str:
    return f"{value:g} {value_unit}".rstrip()


LINEAR = LinearReturns()
Stated: TypeAlias = StatedReturns | Literal["linear"]


def returns_of(stated: Stated) -> AbstractReturns:
    """The returns function that a project states in `assay.toml`."""
    if stated == "linear":
        return LINEAR
    if stated.threshold is not None:
        return ThresholdReturns(stated.threshold)
    if stated.concave is not None:
        return ConcaveReturns(stated.concave)
    skills, values = zip(*(stated.points or ()), strict=True)
    return ListedReturns(skills, values)
