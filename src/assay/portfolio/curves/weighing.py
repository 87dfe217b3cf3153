"""Which curves a history speaks for: exact sums over a grid, then draws from what they say.

Given a shape, the strength of the wander and the factor of the noise, a history is normal and
linear in its last level and its rise. Both are integrated in closed form, the rise over values
above 0 only, so that the probability of each point of the grid is exact, however sharp it is. A
history that never rises, the dead one, is a point of its own.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

from assay.portfolio.curves.grid import Shapes, shapes_between
from assay.portfolio.curves.past import Past
from assay.portfolio.curves.prior import SHARE_DEAD
from assay.portfolio.curves.wander import Wander
from assay.portfolio.kinds import Floats, Whole

DRAWS = 4000
SEED = 507
FLAT = 1e-12  # a shape that rises by less than this share of its height says nothing

# In units of the headroom: how far scores stray over the whole history, and how far they may rise
# beyond the first one in the long run.
LOG_STRENGTH = (np.log(0.2), 1.25)
STRENGTHS = np.geomspace(1e-3, 2.0, 14)
RISE = 1.0
LONG_RUN = 50.0  # last efforts; the shapes without an end are not followed further
VAGUE = 10.0  # headrooms: the last level may be anything

# Standard errors are off by a factor; noise that nobody measured is a share of the spread.
LOG_FACTOR, FACTORS = (0.0, 0.7), np.array([0.25, 0.5, 1.0, 2.0])
LOG_SHARE, SHARES = (np.log(0.05), 1.5), np.geomspace(3e-3, 0.5, 8)


@dataclass(frozen=True, eq=False)
class Draws:
    """Equally probable curves: `level + steepness * (h(x) - h(x_last))`, and what strays from them.

    Fields:
        shapes: shape of each.
        level: height at the last effort seen.
        steepness: what the shape's height is multiplied with; exactly 0 for a dead history.
        group: index of its strength and factor.
        strengths: of the wander, for one unit of log effort: one a group.
        factors: of the noise: one a group.
        pull: departure of the rows from each curve along the directions of the wander, over its
            variance: one column a draw.
        probability_dead: of a history that never rises.
        log_evidence: log probability of the scores.
    """

    shapes: Shapes
    level: Floats
    steepness: Floats
    group: Whole
    strengths: Floats
    factors: Floats
    pull: Floats
    probability_dead: float
    log_evidence: float


@dataclass(frozen=True, eq=False)
class _Sums:
    """Normal equations of level and rise: groups down, shapes across."""

    level: Floats  # precision of the level: one a group
    both: Floats
    rise: Floats
    to_level: Floats  # one a group
    to_rise: Floats
    squares: Floats  # of the scores, and the log variance: one a group

    @property
    def volume(self) -> Floats:
        """Determinant of the precision."""
        return self.level[:, None] * self.rise - self.both**2

    @property
    def mean_rise(self) -> Floats:
        return (self.level[:, None] * self.to_rise - self.both * self.to_level[:, None]) / (
            self.volume
        )

    @property
    def sd_rise(self) -> Floats:
        return np.sqrt(self.level[:, None] / self.volume)


@dataclass(frozen=True, eq=False)
class _Grid:
    """Every point that is weighed: shapes across, pairs of a strength and a factor down."""

    shapes: Shapes
    span: Floats  # what each shape rises over the history
    rise: Floats  # how far scores are expected to rise over the history: a half-normal's scale
    rows: Floats  # scores less the last one, ones, then a column a shape that ends at 0
    strengths: Floats
    factors: Floats
    variance: Floats  # along each direction: one row a pair
    log_prior: Floats  # of each pair
    vague: float


def weigh(past: Past, wander: Wander) -> Draws:
    """Learn a history: draws from the posterior, the same for the same input.

    Args:
        past: what was seen.
        wander: the directions of its rows.
    """
    grid = _grid(past, wander)
    sums = _sums(grid)
    live, dead = _log_evidence(sums, grid)
    table = np.concatenate([live.ravel(), dead])
    total = float(np.logaddexp.reduce(table))
    rng = np.random.default_rng(SEED)
    chosen = _systematic(np.exp(table - total), rng)
    is_dead = chosen >= live.size
    group = np.where(is_dead, chosen - live.size, chosen // grid.span.size)
    shape = np.where(is_dead, 0, chosen % grid.span.size)
    level, rise = _coefficients(sums, group, shape, is_dead, rng)
    away = grid.rows[:, [0]] - level * grid.rows[:, [1]] - rise * grid.rows[:, 2 + shape]
    return Draws(
        shapes=grid.shapes.take(shape),
        level=level + past.score[-1],
        steepness=rise / grid.span[shape],
        group=group,
        strengths=grid.strengths,
        factors=grid.factors,
        pull=away / grid.variance[group].T,
        probability_dead=float(np.exp(np.logaddexp.reduce(dead) - total)),
        log_evidence=total - wander.log_volume,
    )


def _grid(past: Past, wander: Wander) -> _Grid:
    width = -float(wander.at[0])
    strengths, factors, log_prior = _pairs(past, width)
    shapes, columns, span, share = _columns(past)
    level = np.ones(past.effort.size)
    return _Grid(
        shapes=shapes,
        span=span,
        # Over efforts that hardly differ, scores hardly rise.
        rise=RISE * past.unit * np.minimum(share, width),
        rows=wander.onto(np.column_stack([past.score - past.score[-1], level, columns])),
        strengths=strengths,
        factors=factors,
        variance=factors[:, None] ** 2 + np.multiply.outer(strengths**2, wander.spread),
        log_prior=log_prior,
        vague=VAGUE * past.unit,
    )


def _columns(past: Past) -> tuple[Shapes, Floats, Floats, Floats]:
    """Shapes that rise, one a column from -1 to 0; their rise, and its share of the long run's."""
    shapes = shapes_between(past.finest, float(past.effort[-1]))
    heights = shapes.height(past.effort)
    span = heights[:, -1] - heights[:, 0]
    far = shapes.height(LONG_RUN * past.effort[-1:])[:, 0] - heights[:, 0]
    rises = span > FLAT * heights[:, -1]
    columns = (heights[rises] - heights[rises, -1:]) / span[rises, None]
    return shapes.take(rises), columns.T, span[rises], (span / far.clip(min=span))[rises]


def _pairs(past: Past, width: float) -> tuple[Floats, Floats, Floats]:
    """All pairs of a strength and a factor, with their log prior probabilities."""
    if past.is_best:
        law, factors = LOG_FACTOR, np.ones(1)
    else:
        law, factors = (LOG_FACTOR, FACTORS) if past.has_se else (LOG_SHARE, SHARES)
    strengths, factors = (grid.ravel() for grid in np.meshgrid(STRENGTHS, factors))
    log_prior = _log_normal(strengths, LOG_STRENGTH) + _log_normal(factors, law)
    strengths = strengths * past.unit / np.sqrt(max(1.0, width))
    return strengths, factors, log_prior - np.logaddexp.reduce(log_prior)


def _log_normal(value: Floats, law: tuple[float, float]) -> Floats:
    return -0.5 * ((np.log(value) - law[0]) / law[1]) ** 2


def _sums(grid: _Grid) -> _Sums:
    y, one, columns = grid.rows[:, 0], grid.rows[:, 1], grid.rows[:, 2:]
    weight = 1.0 / grid.variance
    return _Sums(
        level=weight @ one**2 + grid.vague**-2,
        both=weight @ (one[:, None] * columns),
        rise=weight @ columns**2 + grid.rise**-2,
        to_level=weight @ (one * y),
        to_rise=weight @ (columns * y[:, None]),
        squares=weight @ y**2 + np.log(2.0 * np.pi * grid.variance).sum(axis=1),
    )


def _log_evidence(sums: _Sums, grid: _Grid) -> tuple[Floats, Floats]:
    """Log probability of the scores and a grid point: live by pair and shape, dead by pair."""
    alone = sums.to_level**2 / sums.level
    flat = -0.5 * (sums.squares - alone + np.log(sums.level)) - np.log(grid.vague) + grid.log_prior
    # What a rise explains beyond the level; its prior is the upper half of a normal.
    risen = sums.mean_rise / sums.sd_rise
    more = 0.5 * risen**2 + np.log(2.0 * sums.sd_rise / grid.rise) + log_ndtr(risen)
    live = flat[:, None] + more + grid.shapes.log_share + np.log1p(-SHARE_DEAD)
    return live, flat + np.log(SHARE_DEAD)


def _systematic(shares: Floats, rng: np.random.Generator) -> Whole:
    """Indices, each as often as its share says, to within one."""
    points = (np.arange(DRAWS) + rng.random()) / DRAWS
    return np.searchsorted(np.cumsum(shares), points).clip(max=shares.size - 1)


def _coefficients(
    sums: _Sums, group: Whole, shape: Whole, is_dead: np.ndarray, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """A level and a rise for each draw."""
    mean, sd = sums.mean_rise[group, shape], sums.sd_rise[group, shape]
    tail = np.log1p(-rng.random(DRAWS)) + log_ndtr(mean / sd)  # exact far below 0 too
    rise = np.where(is_dead, 0.0, np.maximum(mean - sd * ndtri_exp(tail), 0.0))
    level = (sums.to_level[group] - sums.both[group, shape] * rise) / sums.level[group]
    return level + rng.normal(size=DRAWS) / np.sqrt(sums.level[group]), rise
