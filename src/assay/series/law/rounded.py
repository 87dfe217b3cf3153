"""The rule of values that are recorded as the nearest multiple of a grid."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array

from assay.series.law.rule import AbstractRule, Extra, Rows

_SLACK = 1e-6  # of a step: multiples of 0.1 are written with rounding


@dataclass(frozen=True)
class RoundedRule(AbstractRule):
    """A record says that the value lies half a step to either side of it.

    The information is that of the value itself: rounding takes some of it, much where the grid is
    wide, and steps are then shorter than Newton's.

    Fields:
        base: of the value itself.
        grid: the step.
    """

    base: AbstractRule
    grid: float

    @property
    def names(self) -> tuple[str, ...]:
        return self.base.names

    @property
    def filler(self) -> float:
        return self.grid

    def log_prob(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        return self._interval(eta, extra, y)[0]

    def score(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        return self._interval(eta, extra, y)[1]

    def reach(self, eta: Rows, extra: Extra, limit: Rows) -> tuple[Rows, Rows]:
        return self.base.reach(eta, extra, self._edge(limit))

    def fall(self, eta: Rows, extra: Extra, limit: Rows) -> tuple[Rows, Rows]:
        return self.base.fall(eta, extra, self._edge(limit))

    def information(self, eta: Rows, extra: Extra) -> Rows:
        return self.base.information(eta, extra)

    def _edge(self, limit: Array) -> Array:
        """The least value that is recorded at the limit or above."""
        return (jnp.ceil(limit / self.grid - _SLACK) - 0.5) * self.grid

    def _interval(self, eta: Array, extra: Extra, y: Array) -> tuple[Array, Array]:
        """Log probability of a record and its slope, by the difference of the smaller tails."""
        low, high = y - 0.5 * self.grid, y + 0.5 * self.grid
        above, below = (self.base.reach(eta, extra, at) for at in (low, high))
        up = [self.base.fall(eta, extra, at) for at in (high, low)]
        upper = above[0] < up[0][0]
        large, slope = (jnp.where(upper, *pair) for pair in zip(above, up[0], strict=True))
        less, less_slope = (jnp.where(upper, *pair) for pair in zip(below, up[1], strict=True))
        gap = jnp.minimum(less - large, -1e-15)
        share = jnp.exp(gap)
        left = -jnp.expm1(gap)
        return large + jnp.log(left), (slope - share * less_slope) / left
