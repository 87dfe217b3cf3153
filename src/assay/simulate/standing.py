"""What a team knows of a project while it plays, and what it makes of its attempts."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from assay.portfolio import Curve, Observation
from assay.portfolio.kinds import Floats
from assay.simulate.companies import POINTS, effective

Attempts: TypeAlias = tuple[Observation, ...]
Heights: TypeAlias = Callable[[Floats], Floats]  # effort that counts → expected headroom


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One project as its team sees it before a round.

    Fields:
        importance: value of one point.
        start_up: effort that brings nothing before the rest counts.
        spent: units so far.
        attempts: in their order, at the effort spent up to each.
    """

    importance: float
    start_up: int = 0
    spent: int = 0
    attempts: Attempts = ()

    def gains(self, heights: Heights, units: int) -> Floats:
        """Expected value that the next 0, 1, ... `units` units add."""
        at = effective(self.spent + np.arange(units + 1.0), self.start_up)
        height = heights(at)
        return self.importance * POINTS * np.maximum.accumulate(height - height[0])

    @property
    def evidence(self) -> Attempts:
        """The attempts at the effort that counts, as a curve without a start-up sees them."""
        if not self.start_up:
            return self.attempts
        return tuple(
            Observation(float(effective(seen.effort, self.start_up)), seen.score, seen.se)
            for seen in self.attempts
        )


def everything(attempts: Attempts) -> Attempts:
    """All attempts with their scores."""
    return attempts


def failures_hidden(attempts: Attempts) -> Attempts:
    """Only the attempts that beat the best before them."""
    return tuple(seen for seen, best in _with_best(attempts) if seen.level > best)


def one_bit(attempts: Attempts) -> Attempts:
    """Of each failed attempt only that it did not beat the best before it."""
    return tuple(
        seen if seen.level > best else Observation(seen.effort, bound=best)
        for seen, best in _with_best(attempts)
    )


def best_so_far(attempts: Attempts) -> Attempts:
    """Each attempt with the best score up to it."""
    return tuple(
        Observation(seen.effort, max(seen.level, best), seen.noise)
        for seen, best in _with_best(attempts)
    )


@lru_cache(maxsize=64)  # rounds ask again for curves of projects that got nothing
def learnt(attempts: Attempts) -> Curve:
    """What the product itself believes after these attempts; all of the room learns here."""
    return Curve.learn(attempts)


def one_possible(curve: Curve, rng: np.random.Generator) -> Heights:
    """One curve drawn from what is believed."""
    below = np.cumsum(curve.weights)
    at = np.array([np.searchsorted(below, rng.random() * below[-1])])
    atom = curve.atoms.take(at)
    return lambda x: atom.headroom(x)[0]


def least_squares(attempts: Attempts) -> Heights:
    """The curve a log(b x) that comes nearest, with 0 at the first unit; it never falls.

    While no attempt lies beyond the first unit there is nothing to fit, and what is believed
    before any attempt stays.
    """
    x = np.log(np.maximum([1.0, *(seen.effort for seen in attempts)], 1.0))
    y = np.array([0.0, *(seen.level for seen in attempts)])
    apart = x - x.mean()
    if not apart.any():
        return mean_of(learnt(()))
    slope = max(float(apart @ y / (apart @ apart)), 0.0)
    return lambda at: slope * np.log(np.maximum(at, 1.0))


def mean_of(curve: Curve) -> Heights:
    """The expected curve."""

    def heights(x: ArrayLike) -> Floats:
        return curve.mean(x)

    return heights


def _with_best(attempts: Attempts) -> list[tuple[Observation, float]]:
    """Each attempt beside the best score before it; the baseline's is 0."""
    best = np.maximum.accumulate([0.0, *(seen.level for seen in attempts)])
    return list(zip(attempts, best.tolist(), strict=False))
