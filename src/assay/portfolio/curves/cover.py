"""A law that covers a weighted cloud and is easily drawn from: many kernels, and one wide.

The kernels follow whatever form the cloud has; the wide one has the tails that they lack, so that
no draw can be far more probable under the truth than under this law.

Source: West (1993) for kernels around weighted draws; Hesterberg (1995) for the wide one.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import gammaln

from assay.portfolio.kinds import Floats, Whole

CENTRES = 48
NARROW = 0.7  # width of a kernel, in those of the cloud
WIDE = 1.5
SHARE_WIDE = 0.2
FREEDOM = 5.0  # degrees of it of the wide one, Student's t
ROUNDING = 1e-12  # variance that keeps a cloud of one point from being flat
SEED = 506


@dataclass(frozen=True)
class Noise:
    """Standard draws, one column each.

    Fields:
        normal: independent, one row a coordinate.
        wide: whether the draw is from the wide kernel.
        stretch: makes a normal draw one of Student's t.
    """

    normal: Floats
    wide: np.ndarray
    stretch: Floats

    def part(self, rows: int, start: int, count: int) -> "Noise":
        """Some of the draws, in so many coordinates."""
        kept = slice(start, start + count)
        return Noise(self.normal[:rows, kept], self.wide[kept], self.stretch[kept])


@lru_cache(maxsize=8)
def noise(rows: int, count: int, round_: int) -> Noise:
    """The draws of one round: the same in each process, others in each round."""
    rng = np.random.default_rng((SEED, round_))
    normal = rng.normal(size=(rows, count))
    return Noise(
        normal,
        rng.random(count) < SHARE_WIDE,
        rng.gamma(FREEDOM / 2.0, 2.0 / FREEDOM, count) ** -0.5,
    )


def draw_over(at: Floats, weights: Floats, drawn: Noise) -> tuple[Floats, Floats]:
    """Draw points from a law that covers a cloud.

    Args:
        at: points of the cloud, one column each.
        weights: of the points; they sum to 1.
        drawn: what makes the draws random, as many as are wanted.

    Returns:
        The points drawn, one column each, and the log density of the law at each.
    """
    rows = len(at)
    middle = np.sum(at * weights, axis=1, keepdims=True)
    apart = at - middle
    spread = np.einsum("in,jn->ij", apart * weights, apart)  # BLAS would wake its threads for it
    root = np.linalg.cholesky(spread + ROUNDING * np.eye(rows))
    centres = np.linalg.solve(root, apart[:, evenly(weights, CENTRES)])
    around = centres[:, np.arange(drawn.stretch.size) % CENTRES] + NARROW * drawn.normal
    points = np.where(drawn.wide, WIDE * drawn.stretch * drawn.normal, around)
    density = (1.0 - SHARE_WIDE) * _of_kernels(points, centres) + SHARE_WIDE * _of_wide(points)
    log_density = np.log(density) - np.log(np.diag(root)).sum()
    return middle + np.einsum("ij,jn->in", root, points), log_density


def evenly(weights: Floats, count: int) -> Whole:
    """Ascending places of `count` points, each as often as its weight says, to within one."""
    points = (np.arange(count) + 0.5) / count
    below = np.cumsum(weights)
    return np.searchsorted(below, points * below[-1]).clip(max=weights.size - 1)


def _of_kernels(points: Floats, centres: Floats) -> Floats:
    """Mean density of normal kernels; 0 where all are too far to be told from it."""
    ones = np.ones(points.shape[1])
    beside = np.vstack([2.0 * points, -np.sum(points**2, axis=0), -ones])
    against = np.vstack([centres, np.ones(CENTRES), np.sum(centres**2, axis=0)])
    exponents = np.einsum("ic,in->cn", against / (2.0 * NARROW**2), beside)
    np.exp(exponents, out=exponents)
    return exponents.mean(axis=0) / (np.sqrt(2.0 * np.pi) * NARROW) ** len(points)


def _of_wide(points: Floats) -> Floats:
    half, unit = (FREEDOM + len(points)) / 2.0, np.sqrt(FREEDOM) * WIDE
    peak = np.exp(gammaln(half) - gammaln(FREEDOM / 2.0)) / (np.sqrt(np.pi) * unit) ** len(points)
    return peak * (1.0 + np.sum((points / unit) ** 2, axis=0)) ** -half
