"""Where each drawn curve's scores stray to: the wander at any effort, given the rows seen."""

from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from assay.portfolio.curves.wander import Wander, covariance
from assay.portfolio.curves.weighing import DRAWS, Draws
from assay.portfolio.kinds import Floats

SEED = 508


def strayed(draws: Draws, wander: Wander, at: Floats) -> Floats:
    """A wander for each draw at the log efforts `at`: one row a draw, right at each effort alone.

    Args:
        draws: curves that a history speaks for.
        wander: directions of its rows.
        at: log efforts, 0 at the last one seen.
    """
    mean, variance = _moments(draws, wander, at)
    return mean + np.sqrt(variance) * normals()[0]


def strayed_twice(draws: Draws, wander: Wander, at: Floats) -> Floats:
    """The same at two log efforts, with the covariance that they have."""
    mean, variance = _moments(draws, wander, at)
    shared = wander.towards(at)
    between = covariance(at[:1], at[1:])[0, 0] - _known(draws, wander, shared[:1] * shared[1:])
    both = (draws.strengths**2 * between[:, 0])[draws.group]
    first = np.sqrt(variance[:, 0])
    slope = np.divide(both, variance[:, 0], out=np.zeros_like(both), where=first > 0.0)
    rest = np.sqrt(np.maximum(variance[:, 1] - slope * both, 0.0))
    one, other, _ = (column[:, 0] for column in normals())
    return mean + np.stack([first * one, slope * first * one + rest * other], axis=1)


@lru_cache(maxsize=1)
def normals() -> tuple[Floats, Floats, Floats]:
    """Three columns of the same evenly spread normal values, one a draw, shuffled apart."""
    rng = np.random.default_rng(SEED)
    even: Floats = ndtri((np.arange(DRAWS) + 0.5) / DRAWS)
    one, two, three = (even[rng.permutation(DRAWS)][:, None] for _ in range(3))
    return one, two, three


def _moments(draws: Draws, wander: Wander, at: Floats) -> tuple[Floats, Floats]:
    """Mean and variance given the rows: one row a draw."""
    shared = wander.towards(at)
    mean = draws.strengths[draws.group, None] ** 2 * (shared @ draws.pull).T
    left = np.maximum(np.abs(at) - _known(draws, wander, shared**2), 0.0)
    return mean, (draws.strengths[:, None] ** 2 * left)[draws.group]


def _known(draws: Draws, wander: Wander, products: Floats) -> Floats:
    """What the rows tell of (co)variances of a wander of strength 1: one row a pair."""
    strength = draws.strengths[:, None] ** 2
    variance = draws.factors[:, None] ** 2 + strength * wander.spread
    return (strength / variance) @ products.T
