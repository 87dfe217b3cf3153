"""Stages of work along a project's effort, and what each takes before it brings anything.

A cluster must stand before a deep network learns, and rules for labels before data are worth more.
Such a start-up is paid in effort and moves no accuracy: the curve is flat over it, and runs on from
there as if those units had not been spent.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from assay.errors import ConfigError, PlanError
from assay.portfolio.curves.observation import Belief, Observation
from assay.portfolio.kinds import Floats


def efforts_of(x: ArrayLike) -> Floats:
    """Efforts as an array of any shape.

    Raises:
        PlanError: they are no numbers.
    """
    try:
        return np.asarray(x, float)
    except (TypeError, ValueError) as error:
        raise PlanError(
            f"curve: the effort is {x!r}, must be a number or an array of numbers. "
            "Write 30, or [10, 30]."
        ) from error


@dataclass(frozen=True)
class StageOfWork:
    """One kind of work, and where it starts.

    Fields:
        name: "baseline", "data", "features", "ml", "deep" or "research".
        begins: effort of the project at which it starts, not negative.
        start_up: effort from there on that brings nothing yet, not negative.

    Raises:
        ConfigError: a number is out of range.
    """

    name: str
    begins: float
    start_up: float = 0.0

    def __post_init__(self) -> None:
        for field, found in (("from", self.begins), ("start_up", self.start_up)):
            if not (math.isfinite(found) and found >= 0):
                raise ConfigError(
                    f"stages: `{field}` of {self.name} is {found}, must be finite and not negative."
                    " Write for example deep = { from = 40, start_up = 10 }."
                )

    @property
    def starts_to_pay(self) -> float:
        """Effort of the project at which the start-up is over."""
        return self.begins + self.start_up


@dataclass(frozen=True)
class Stages:
    """The stages of one project, in the order of their effort; none, unless somebody states them.

    Fields:
        stages: each begins after the one before it began, and not within its start-up; their
            names differ.

    Raises:
        ConfigError: they are not in order, two start-ups overlap, or a name stands there twice.
    """

    stages: tuple[StageOfWork, ...] = ()

    def __post_init__(self) -> None:
        for one, other in pairwise(self.stages):
            if not (other.begins > one.begins and other.begins >= one.starts_to_pay):
                raise ConfigError(
                    f"stages: {other.name} begins at {other.begins:g}, must begin after {one.name}"
                    f" at {one.begins:g} and when its start-up is over, at"
                    f" {one.starts_to_pay:g}. Put them in order of effort."
                )

        names = [stage.name for stage in self.stages]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ConfigError(f"stages: {twice[0]} stands there twice. Leave one out.")

    def __bool__(self) -> bool:
        return bool(self.stages)

    @property
    def begins(self) -> dict[str, float]:
        """Effort at which each stage begins, by its name."""
        return {stage.name: stage.begins for stage in self.stages}

    def at(self, x: float) -> str | None:
        """Name of the stage that the effort `x` lies in; `None` before the first one."""
        begun = [stage.name for stage in self.stages if stage.begins <= x]
        return begun[-1] if begun else None

    def effective(self, x: ArrayLike) -> Floats:
        """The effort that counts: what was spent, less all start-ups as far as they are paid.

        Args:
            x: effort of the project, not negative, any shape.

        Returns:
            Of the same shape; never falls with `x`, never exceeds it, flat over each start-up.
        """
        spent = efforts_of(x)
        begins = [*self.begins.values(), math.inf]
        counts = np.minimum(spent, begins[0])
        for stage, end in zip(self.stages, begins[1:], strict=True):
            counts = counts + (np.clip(spent, stage.starts_to_pay, end) - stage.starts_to_pay)
        return np.minimum(counts, spent)  # rounding may add a little

    def seen(self, observations: Iterable[Observation]) -> tuple[Observation, ...]:
        """The same attempts at the effort that counts, which is what a curve learns from."""
        if not self:
            return tuple(observations)
        return tuple(replace(o, effort=float(self.effective(o.effort))) for o in observations)

    def believed(self, belief: Belief | None) -> Belief | None:
        """The same belief at the effort that counts.

        Raises:
            ConfigError: start-ups take all the effort that the belief speaks of.
        """
        if belief is None or not self:
            return belief
        effort = float(self.effective(belief.effort))
        if not effort > 0:
            raise ConfigError(
                f"belief: `effort` is {belief.effort:g}, all of which goes into a start-up, so "
                "nothing can be expected of it. State a larger effort, or a smaller start-up."
            )
        return replace(belief, effort=effort)


NO_STAGES = Stages()
