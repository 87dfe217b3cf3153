"""A project's effort-accuracy curve with its uncertainty.

`Curve` is learnt from attempts, failed ones included; `KnownCurve` is taken as given. Whoever plans
needs only what `AbstractCurve` promises.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from assay.errors import ConfigError, PlanError
from assay.portfolio.curves.evidence import log_likelihood_of
from assay.portfolio.curves.observation import Belief, Observation
from assay.portfolio.curves.prior import Atoms, prior_atoms
from assay.portfolio.curves.resample import effective_size, normalised, resample_locally
from assay.portfolio.kinds import Floats

LEAST_ATOMS = 100.0  # effective atoms below which the posterior is resampled
NEGLIGIBLE = 1e-10  # weights below this share of the largest move no figure that is shown
CHUNK = 64  # efforts at a time, so that 20,000 atoms stay within the processor's cache


class AbstractCurve(ABC):
    """What effort, in the portfolio's unit, brings: all that planning asks of a curve."""

    @abstractmethod
    def mean(self, x: ArrayLike) -> Floats:
        """Expected height of the curve at the efforts `x`."""

    @abstractmethod
    def band(self, x: ArrayLike, level: float = 0.8) -> tuple[Floats, Floats]:
        """Lowest and highest height of the curve at the efforts `x`, believed with `level`."""

    @abstractmethod
    def gain_band(self, x0: float, effort: float, level: float = 0.8) -> tuple[float, float]:
        """Lowest and highest rise from effort `x0` to `x0 + effort`, believed with `level`."""

    @abstractmethod
    def probability_dead(self) -> float:
        """Probability that no effort brings anything."""

    @abstractmethod
    def points_in_one(self, skill_at_ceiling: float) -> float:
        """Points of skill in one unit of the curve's height; a point is 0.01 of skill."""

    def gain(self, x0: float, units: int) -> Floats:
        """Expected rise above the height at `x0` after 0, 1, ... `units` more units of effort.

        Args:
            x0: effort already spent.
            units: whole units still to come.

        Returns:
            `units + 1` values, the first one 0, none below the one before it.
        """
        height = self.mean(x0 + np.arange(units + 1.0))
        return np.maximum.accumulate(height - height[0])  # rounding may dent a flat curve


@dataclass(frozen=True)
class KnownCurve(AbstractCurve):
    """A returns curve that somebody knows: `a * log(1 + b * x)` points after effort `x`.

    Fields:
        a: points that effort brings each time 1 + b x grows e-fold, not negative.
        b: inverse of the effort at which returns begin to fall, above 0.
        family: only "log" so far.

    Raises:
        ConfigError: a number out of range or an unknown family.
    """

    a: float
    b: float
    family: str = "log"

    def __post_init__(self) -> None:
        if self.family != "log":
            raise self._refusal("family", self.family, '"log"')
        if not (math.isfinite(self.a) and self.a >= 0):
            raise self._refusal("a", self.a, "finite and not negative")
        if not (math.isfinite(self.b) and self.b > 0):
            raise self._refusal("b", self.b, "finite and above 0")

    def mean(self, x: ArrayLike) -> Floats:
        """Points after the efforts `x`."""
        return self.a * np.log1p(self.b * np.asarray(x, float))

    def band(self, x: ArrayLike, level: float = 0.8) -> tuple[Floats, Floats]:
        """The curve itself, twice: what is known has no band."""
        height = self.mean(x)
        return height, height

    def gain_band(self, x0: float, effort: float, level: float = 0.8) -> tuple[float, float]:
        """The rise itself, twice."""
        rise = float(self.mean(x0 + effort) - self.mean(x0))
        return rise, rise

    def probability_dead(self) -> float:
        """1 for a curve that is flat, else 0."""
        return float(self.a == 0)

    def points_in_one(self, skill_at_ceiling: float) -> float:
        """1: a known curve is already in points."""
        return 1.0

    def _refusal(self, name: str, found: object, accepted: str) -> ConfigError:
        return ConfigError(
            f"curve: `{name}` is {found}, must be {accepted}. Write for example "
            'curve = { family = "log", a = 10, b = 0.5 }.'
        )


@dataclass(frozen=True)
class Curve(AbstractCurve):
    """A curve learnt from attempts: weighted atoms, each one possible curve. Headroom, 0 to 1.

    Fields:
        atoms: possible curves.
        weights: probability of each atom; they sum to 1.
        effective_atoms: how many equally weighted atoms would be as sharp.
        effort_per_person_day: units of effort in one person-day, in which the prior is stated.
    """

    atoms: Atoms = field(repr=False, compare=False)
    weights: Floats = field(repr=False, compare=False)
    effective_atoms: float
    effort_per_person_day: float = 1.0

    @classmethod
    def prior(cls, belief: Belief | None = None, *, effort_per_person_day: float = 1.0) -> "Curve":
        """The curve of a project before its first attempt.

        Args:
            belief: what its team expects, if anything.
            effort_per_person_day: units of effort in one person-day.
        """
        return cls.learn((), belief, effort_per_person_day=effort_per_person_day)

    @classmethod
    def learn(
        cls,
        observations: Iterable[Observation],
        belief: Belief | None = None,
        *,
        effort_per_person_day: float = 1.0,
    ) -> "Curve":
        """Learn a curve from attempts.

        Args:
            observations: what the attempts showed, in any order; failures belong here too.
            belief: what the team expected before the first attempt.
            effort_per_person_day: units of effort in one person-day.

        Raises:
            PlanError: `effort_per_person_day` is not above 0.
        """
        if not (math.isfinite(effort_per_person_day) and effort_per_person_day > 0):
            raise PlanError(
                f"curve: `effort_per_person_day` is {effort_per_person_day}, must be finite and "
                "above 0. Say how many units of effort one person-day is."
            )
        atoms = prior_atoms()
        likelihood = log_likelihood_of(tuple(observations), belief, effort_per_person_day)
        weighed = likelihood(atoms)
        if effective_size(weighed) < LEAST_ATOMS:
            atoms = resample_locally(atoms, likelihood)
            weighed = np.zeros(atoms.size)
        kept = weighed > weighed.max() + np.log(NEGLIGIBLE)
        weights = normalised(weighed[kept])
        return cls(atoms.take(kept), weights, effective_size(weighed), effort_per_person_day)

    def mean(self, x: ArrayLike) -> Floats:
        """Expected headroom at the efforts `x`."""
        days = np.asarray(x, float) / self.effort_per_person_day
        flat = np.atleast_1d(days).ravel()
        live = self.atoms.take(~self.atoms.dead)
        weights = self.weights[~self.atoms.dead]
        parts = [
            weights @ live.headroom(flat[at : at + CHUNK]) for at in range(0, flat.size, CHUNK)
        ]
        return np.concatenate(parts or [flat]).reshape(days.shape)

    def band(self, x: ArrayLike, level: float = 0.8) -> tuple[Floats, Floats]:
        """Headroom at the efforts `x` that the curve lies between with probability `level`."""
        shape = np.shape(x)
        ends = [
            self._quantiles(self._headroom_at(effort), level)
            for effort in np.asarray(x, float).ravel()
        ]
        low, high = np.array(ends, float).reshape(-1, 2).T
        return low.reshape(shape), high.reshape(shape)

    def gain_band(self, x0: float, effort: float, level: float = 0.8) -> tuple[float, float]:
        """Lowest and highest rise from effort `x0` to `x0 + effort`, believed with `level`."""
        return self._quantiles(self._headroom_at(x0 + effort) - self._headroom_at(x0), level)

    def probability_dead(self) -> float:
        """Probability that no effort brings anything."""
        return float(self.weights[self.atoms.dead].sum())

    def points_in_one(self, skill_at_ceiling: float) -> float:
        """Points between baseline and ceiling."""
        return 100.0 * skill_at_ceiling

    def _headroom_at(self, effort: float) -> Floats:
        return self.atoms.headroom(np.array([effort / self.effort_per_person_day]))[:, 0]

    def _quantiles(self, values: Floats, level: float) -> tuple[float, float]:
        if not 0 < level < 1:
            raise PlanError(
                f"curve: `level` of a band is {level}, must lie strictly between 0 and 1. "
                "Write 0.8 for a band that holds with 80 %."
            )
        order = np.argsort(values)
        below = np.cumsum(self.weights[order])
        at = np.searchsorted(below, [0.5 - level / 2, 0.5 + level / 2]).clip(max=values.size - 1)
        low, high = values[order[at]]
        return float(low), float(high)
