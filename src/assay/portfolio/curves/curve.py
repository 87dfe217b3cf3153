"""A project's effort-accuracy curve with its uncertainty.

`Curve` is learnt from attempts, failed ones included; `KnownCurve` is taken as given. Whoever plans
needs only what `AbstractCurve` promises.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from assay.errors import ConfigError, PlanError
from assay.portfolio.curves.evidence import NEGLIGIBLE, log_likelihood_of, weigh
from assay.portfolio.curves.observation import Belief, Observation
from assay.portfolio.curves.prior import Atoms, prior_atoms
from assay.portfolio.curves.resample import effective_size, normalised, resample_locally
from assay.portfolio.curves.smooth import at_all, mean_worth, worth_at_all
from assay.portfolio.curves.stages import NO_STAGES, Stages
from assay.portfolio.kinds import Floats

if TYPE_CHECKING:
    from assay.portfolio.curves.history import HistoryCurve

LEAST_ATOMS = 100.0  # effective atoms below which the posterior is resampled
REMEMBERED = 128  # curves, some 300 kB each: projects without news are not learnt anew

Worth: TypeAlias = Callable[[Floats], Floats]
"""What heights of a curve are worth; never falls."""


class AbstractCurve(ABC):
    """What effort, in the portfolio's unit, brings: all that planning asks of a curve."""

    stages: Stages = NO_STAGES  # of work; none, unless a curve knows some

    @abstractmethod
    def mean(self, x: ArrayLike) -> Floats:
        """Expected height of the curve at the efforts `x`."""

    @abstractmethod
    def band(self, x: ArrayLike, level: float = 0.8) -> tuple[Floats, Floats]:
        """Lowest and highest height of the curve at the efforts `x`, believed with `level`."""

    @abstractmethod
    def expected(self, x: ArrayLike, worth: Worth, turns: Sequence[float] | None = None) -> Floats:
        """Expected worth of the curve's height at the efforts `x`.

        Args:
            x: efforts, not negative, any shape.
            worth: what a height is worth.
            turns: heights at which the worth bends or steps, if these are all there are: very many
                efforts then cost little more than few. `None` where that is not known.
        """

    @abstractmethod
    def gain_band(
        self, x0: float, effort: float, level: float = 0.8, worth: Worth | None = None
    ) -> tuple[float, float]:
        """Lowest and highest rise from effort `x0` to `x0 + effort`, believed with `level`.

        Args:
            x0: effort already spent.
            effort: still to come.
            level: probability that the rise lies between the two.
            worth: what a height is worth, where the rise of that is asked.
        """

    @abstractmethod
    def probability_dead(self) -> float:
        """Probability that no effort brings anything."""

    @abstractmethod
    def points_in_one(self, skill_at_ceiling: float) -> float:
        """Points of skill in one unit of the curve's height; a point is 0.01 of skill."""

    def gain(
        self,
        x0: float,
        units: int,
        worth: Worth | None = None,
        turns: Sequence[float] | None = None,
    ) -> Floats:
        """Expected rise above the height at `x0` after 0, 1, ... `units` more units of effort.

        Args:
            x0: effort already spent.
            units: whole units still to come.
            worth: what a height is worth, where the rise of that is asked.
            turns: as for `expected`.

        Returns:
            `units + 1` values, the first one 0, none below the one before it.
        """
        x = x0 + np.arange(units + 1.0)
        height = self.mean(x) if worth is None else self.expected(x, worth, turns)
        return np.maximum.accumulate(height - height[0])  # rounding may dent a flat curve

    def gain_of_next(self, x0: float) -> float:
        """Expected rise that one unit of effort after `x0` brings, not negative."""
        return float(self.gain(x0, 1)[1])


@dataclass(frozen=True)
class KnownCurve(AbstractCurve):
    """A returns curve that somebody knows: `a * log(1 + b * x)` points after effort `x`.

    Fields:
        a: points that effort brings each time 1 + b x grows e-fold, not negative.
        b: inverse of the effort at which returns begin to fall, above 0.
        family: only "log" so far.
        stages: of work; `x` is then the effort that counts.

    Raises:
        ConfigError: a number out of range or an unknown family.
    """

    a: float
    b: float
    family: str = "log"
    stages: Stages = NO_STAGES

    def __post_init__(self) -> None:
        if self.family != "log":
            raise self._refusal("family", self.family, '"log"')
        if not (math.isfinite(self.a) and self.a >= 0):
            raise self._refusal("a", self.a, "finite and not negative")
        if not (math.isfinite(self.b) and self.b > 0):
            raise self._refusal("b", self.b, "finite and above 0")

    def mean(self, x: ArrayLike) -> Floats:
        """Points after the efforts `x`."""
        return self.a * np.log1p(self.b * self.stages.effective(x))

    def band(self, x: ArrayLike, level: float = 0.8) -> tuple[Floats, Floats]:
        """The curve itself, twice: what is known has no band."""
        height = self.mean(x)
        return height, height

    def expected(self, x: ArrayLike, worth: Worth, turns: Sequence[float] | None = None) -> Floats:
        """Worth of the points after the efforts `x`."""
        return worth(self.mean(x))

    def gain_band(
        self, x0: float, effort: float, level: float = 0.8, worth: Worth | None = None
    ) -> tuple[float, float]:
        """The rise itself, twice."""
        ends = self.mean(np.array([x0, x0 + effort]))
        low, high = ends if worth is None else worth(ends)
        return float(high - low), float(high - low)

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
        stages: of work; the atoms are curves of the effort that counts.
    """

    atoms: Atoms = field(repr=False, compare=False)
    weights: Floats = field(repr=False, compare=False)
    effective_atoms: float
    effort_per_person_day: float = 1.0
    stages: Stages = NO_STAGES

    @classmethod
    def prior(
        cls,
        belief: Belief | None = None,
        *,
        effort_per_person_day: float = 1.0,
        stages: Stages = NO_STAGES,
    ) -> "Curve":
        """The curve of a project before its first attempt: `learn` from none.

        Args:
            belief: what its team expects, if anything.
            effort_per_person_day: units of effort in one person-day.
            stages: of work, with their start-ups.
        """
        rate = effort_per_person_day
        return cls.learn((), belief, effort_per_person_day=rate, stages=stages)

    @classmethod
    def fit(
        cls,
        effort: ArrayLike,
        score: ArrayLike,
        *,
        se: ArrayLike | None = None,
        direction: Literal["max", "min"] | None = None,
        ceiling: float | None = None,
        baseline: float | None = None,
        best: bool = False,
    ) -> "HistoryCurve":
        """Fit any history of scores against effort, and say what to expect further on.

        A learner's error against training rows, a leaderboard's best score against days: a history
        is one of six smooth shapes, or none; plus a misfit that hangs together and grows with the
        logarithm of effort; plus noise. How much of each is learnt from the scores, so the band
        ahead holds what no simple curve would have foreseen.

        Args:
            effort: of each score, in any unit: not negative, in rising order; repeats are fine. Two
                different ones at least.
            score: one for each effort, in any unit.
            se: standard error of the scores, above 0: one number, or one for each (where 0 says
                that a score is exact to rounding). They are taken to be right to a factor of
                about 2. Without them the noise is learnt too.
            direction: "max" where more is better, "min" where less is. Without it the side on which
                the ceiling lies tells, or else what the scores speak for.
            ceiling: the best value that a score can have, where known: 0 for an error rate, 1 for
                an accuracy. It need not be reachable.
            baseline: score at no effort, where known; taken as exact.
            best: whether to foretell the best score so far, as on a leaderboard, whose entries
                fall short of the best at times. `score` may then hold all entries, or the best so
                far. Otherwise the typical score is foretold.

        Returns:
            A curve in the unit of the scores: `mean`, `band`, `gain`, `gain_band`,
            `probability_dead`, `picture`.

        Raises:
            DataError: a number is missing, out of range or above the ceiling, or efforts fall.

        Example:
            >>> rows, error = [50, 100, 200, 400, 800], [0.31, 0.26, 0.21, 0.18, 0.155]
            >>> curve = Curve.fit(rows, error, se=0.01, ceiling=0)
            >>> low, high = curve.band(3200)
            >>> bool(low < curve.mean(3200) < 0.14 < high)
            True

        Source: Domhan, Springenberg & Hutter (2015) for weighing shapes; Kennedy & O'Hagan (2001)
            for the misfit.
        """
        from assay.portfolio.curves.history import fit_history  # it needs this module

        return fit_history(
            effort,
            score,
            se=se,
            direction=direction,
            ceiling=ceiling,
            baseline=baseline,
            best=best,
        )

    @classmethod
    def learn(
        cls,
        observations: Iterable[Observation],
        belief: Belief | None = None,
        *,
        effort_per_person_day: float = 1.0,
        stages: Stages = NO_STAGES,
    ) -> "Curve":
        """Learn a curve from attempts.

        Args:
            observations: what the attempts showed, in any order; failures belong here too.
            belief: what the team expected before the first attempt.
            effort_per_person_day: units of effort in one person-day.
            stages: of work, with their start-ups; all efforts are those spent.

        Raises:
            PlanError: `effort_per_person_day` is not above 0.
            ConfigError: start-ups take all the effort that `belief` speaks of.
        """
        if not (math.isfinite(effort_per_person_day) and effort_per_person_day > 0):
            raise PlanError(
                f"curve: `effort_per_person_day` is {effort_per_person_day}, must be finite and "
                "above 0. Say how many units of effort one person-day is."
            )
        seen, believed = stages.seen(observations), stages.believed(belief)
        learnt = _learnt(seen, believed, float(effort_per_person_day))
        return replace(learnt, stages=stages) if stages else learnt

    def mean(self, x: ArrayLike) -> Floats:
        """Expected headroom at the efforts `x`: exact for a few, for many right to 1e-10."""
        days = self.days(x)
        return at_all(self._mean_on, np.atleast_1d(days).ravel()).reshape(days.shape)

    def band(self, x: ArrayLike, level: float = 0.8) -> tuple[Floats, Floats]:
        """Headroom at the efforts `x` that the curve lies between with probability `level`."""
        shape = np.shape(x)
        ends = [
            self._quantiles(self._headroom_at(effort), level)
            for effort in np.asarray(x, float).ravel()
        ]
        low, high = np.array(ends, float).reshape(-1, 2).T
        return low.reshape(shape), high.reshape(shape)

    def expected(self, x: ArrayLike, worth: Worth, turns: Sequence[float] | None = None) -> Floats:
        """Expected worth of the headroom at the efforts `x`: of each atom's, not of the mean."""
        days = self.days(x)
        flat = np.atleast_1d(days).ravel()
        return worth_at_all(self.atoms, self.weights, worth, turns, flat).reshape(days.shape)

    def gain_band(
        self, x0: float, effort: float, level: float = 0.8, worth: Worth | None = None
    ) -> tuple[float, float]:
        """Lowest and highest rise from effort `x0` to `x0 + effort`, believed with `level`."""
        ends = (self._headroom_at(x0), self._headroom_at(x0 + effort))
        low, high = ends if worth is None else map(worth, ends)
        return self._quantiles(high - low, level)

    def probability_dead(self) -> float:
        """Probability that no effort brings anything."""
        return float(self.weights[self.atoms.dead].sum())

    def points_in_one(self, skill_at_ceiling: float) -> float:
        """Points between baseline and ceiling."""
        return 100.0 * skill_at_ceiling

    def _mean_on(self, days: Floats) -> Floats:
        live = self.atoms.take(~self.atoms.dead)
        weights = self.weights[~self.atoms.dead]
        return mean_worth(live, weights, lambda height: height, days)

    def _headroom_at(self, effort: float) -> Floats:
        return self.atoms.headroom(np.atleast_1d(self.days(effort)))[:, 0]

    def days(self, x: ArrayLike) -> Floats:
        """Person-days that count."""
        return self.stages.effective(x) / self.effort_per_person_day

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


@lru_cache(maxsize=REMEMBERED)
def _learnt(
    observations: tuple[Observation, ...], belief: Belief | None, effort_per_person_day: float
) -> Curve:
    atoms = prior_atoms()
    weighed = weigh(atoms, observations, belief, effort_per_person_day)
    if effective_size(weighed) < LEAST_ATOMS:
        likelihood = log_likelihood_of(observations, belief, effort_per_person_day)
        atoms, weighed = resample_locally(atoms, weighed, likelihood)
    kept = weighed >= weighed.max() + np.log(NEGLIGIBLE)
    weights = normalised(weighed[kept])
    return Curve(atoms.take(kept), weights, effective_size(weighed), effort_per_person_day)
