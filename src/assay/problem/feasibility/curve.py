"""From the scores on parts of a pilot to the score with all the rows that there will be."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from assay.problem.feasibility.learners import Floats, Kernel, predict

SHARES = (1 / 6, 1 / 3, 2 / 3)
"""Parts of the pilot that learners are trained on, besides the whole."""

LEAST_ROWS = 4
"""Rows (or groups) that a learner is trained on at least."""

FOLDS = 10
ATOMS = 20_000
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9

LEAST_SD = 0.005
"""A score is never known better than this: thousands of atoms must share the weight."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """The score of learners that were trained on `rows` rows, chosen on those rows alone.

    Fields:
        rows: how many rows they learnt from.
        score: R², or the skill of the Brier score, on rows that they had not seen.
        sd: standard deviation of that score: over random parts of the pilot, or for the whole
            pilot from the spread of its rows' losses.
    """

    rows: int
    score: float
    sd: float


@dataclass(frozen=True, eq=False)
class Pilot:
    """What learners are trained on.

    Fields:
        kernels: how alike any two rows are.
        y: the target.
        groups: number of the group of each row, 0 upwards; a number for each row where they are
            independent.
        is_grouped: whether rows share groups.
        is_share: whether the target is 0 or 1.
    """

    kernels: tuple[Kernel, ...]
    y: Floats
    groups: NDArray[np.intp]
    is_grouped: bool
    is_share: bool

    def folds(
        self, rows: NDArray[np.intp], count: int, random: np.random.Generator
    ) -> tuple[NDArray[np.intp], ...]:
        """Positions in `rows`, dealt out to folds so that no group is in two of them."""
        known, place = np.unique(self.groups[rows], return_inverse=True)
        turn = random.permutation(len(known)) % min(count, len(known))
        return tuple(np.flatnonzero(turn[place] == each) for each in range(turn.max() + 1))

    def losses(
        self, train: NDArray[np.intp], test: NDArray[np.intp], random: np.random.Generator
    ) -> Floats:
        """Squared errors on `test` of the learner that is chosen and fitted on `train`."""
        folds = self.folds(train, FOLDS, random) if self.is_grouped else None
        told = predict(self.kernels, self.y, train, test, folds=folds, is_share=self.is_share)
        return (self.y[test] - told) ** 2


def measured(pilot: Pilot, random: np.random.Generator, *, parts: int = 16) -> tuple[Point, ...]:
    """Scores after learning from a sixth, a third, two thirds and all of the pilot.

    Args:
        pilot: at least 12 rows, or 12 groups.
        random: draws the parts.
        parts: random parts of each size.

    Returns:
        Points in order of size; sizes too small to train on are left out.
    """
    count = int(pilot.groups.max()) + 1
    sizes = [round(share * count) for share in SHARES]
    points = [_of_parts(pilot, size, random, parts) for size in sizes if size >= LEAST_ROWS]
    return (*points, _of_all(pilot, random))


def _of_parts(pilot: Pilot, size: int, random: np.random.Generator, parts: int) -> Point:
    """The score of learners trained on random parts of `size` rows (or groups)."""
    count, spread = int(pilot.groups.max()) + 1, float(pilot.y.var())
    scores, rows = [], []
    for _ in range(parts):
        is_train = np.isin(pilot.groups, random.permutation(count)[:size])
        train, test = np.flatnonzero(is_train), np.flatnonzero(~is_train)
        scores.append(1.0 - float(pilot.losses(train, test, random).mean()) / spread)
        rows.append(len(train))
    return Point(
        rows=round(float(np.mean(rows))),
        score=float(np.mean(scores)),
        sd=float(np.std(scores, ddof=1)),
    )


def _of_all(pilot: Pilot, random: np.random.Generator) -> Point:
    """The score of all rows, each predicted from the nine tenths that do not hold it."""
    every = np.arange(len(pilot.y))
    losses = np.empty(len(every))
    for test in pilot.folds(every, FOLDS, random):
        losses[test] = pilot.losses(np.setdiff1d(every, test), test, random)
    away = (pilot.y - pilot.y.mean()) ** 2
    left = float(losses.mean() / away.mean())
    # The error of a ratio of two means; rows of one group count as one.
    parts = np.bincount(pilot.groups, losses - left * away)
    sd = float(np.sqrt((parts**2).sum() * len(parts) / (len(parts) - 1)) / away.sum())
    return Point(rows=len(every), score=1.0 - left, sd=sd)


@dataclass(frozen=True, eq=False)
class Rising:
    """Curves `c - a m^-b` that the measured scores allow, each with its weight.

    Fields:
        at: rows of the pilot.
        here: score of each curve there.
        top: score of each that endless rows would reach.
        power: how fast each rises.
        weight: of each; they sum to 1.
    """

    at: int
    here: Floats
    top: Floats
    power: Floats
    weight: Floats

    def scores(self, rows: float) -> Floats:
        """The score of each curve at a number of rows."""
        return self.top - (self.top - self.here) * (rows / self.at) ** -self.power

    def quantile(self, share: float, rows: float) -> float:
        """The score at `rows` that curves with a weight of `share` stay below."""
        scores = self.scores(rows)
        order = np.argsort(scores, kind="stable")
        total = np.cumsum(self.weight[order])
        return float(scores[order][np.searchsorted(total, share * total[-1])])


def rising(points: Sequence[Point]) -> Rising:
    """Weigh the prior's curves by how well they explain what was measured.

    Scores count as normal around their curve. Each has the error that was measured for it, and all
    share another as large as that of the whole pilot's score: they come from the same rows, whose
    luck no number of parts averages out.

    Args:
        points: what was measured, the whole pilot last.

    Returns:
        The prior's atoms with their weights.

    Source: Domhan, Springenberg & Hutter (2015), Speeding up automatic hyperparameter optimization
    of deep neural networks by extrapolation of learning curves (power laws among others).
    """
    here, top, power = _atoms()
    at = points[-1].rows
    bare = Rising(at, here, top, power, np.full(ATOMS, 1.0 / ATOMS))
    sd = np.maximum([point.sd for point in points], LEAST_SD)
    covariance = np.diag(sd**2) + sd[-1] ** 2
    away = np.stack([bare.scores(point.rows) - point.score for point in points])
    log_weight = -0.5 * np.einsum("pa,pa->a", away, np.linalg.solve(covariance, away))
    weight = np.exp(log_weight - log_weight.max())
    return Rising(at, here, top, power, weight / weight.sum())


@cache
def _atoms() -> tuple[Floats, Floats, Floats]:
    """The prior, relative to the size of the pilot, so that it means the same for any size.

    The score at the pilot is anything from -.2 to 1; of what is missing to 1, endless rows bring a
    share of law Beta(1, 2): a third on average, often little; the power is near 1/2, that of
    a law of averages, and rarely outside .2 to 1.3.
    """
    random = np.random.default_rng(4)
    here = random.uniform(-0.2, 1.0, ATOMS)
    top = here + (1.0 - here) * random.beta(1.0, 2.0, ATOMS)
    return here, top, np.exp(random.normal(np.log(0.5), 0.5, ATOMS))
