"""Which coordinate of a series' parameters is what."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from assay.series.filter.recursion import Gains

MOST_LEVEL, MOST_TREND, MOST_SEASON = 0.5, 0.1, 0.3  # gains beyond these follow noise


class Parts(NamedTuple):
    """The parameters of many series.

    Fields:
        level: at the start.
        gains: how fast states follow.
        extra: the family's other parameters, before their links.
        season: seasonal states at the start.
        effects: of features.
    """

    level: Float[Array, " series"]
    gains: Gains
    extra: tuple[Float[Array, " series"], ...]
    season: Float[Array, "states series"]
    effects: Float[Array, "features series"]


@dataclass(frozen=True)
class Layout:
    """How a column of numbers is read as the parameters of one series; hashable.

    Fields:
        extra: names of the family's other parameters.
        owners: for each seasonal state the index of its season.
        effects: names of the columns of features.
        has_trend: whether the level has a slope.
        has_level: whether it follows what is seen, or stays as it began.
    """

    extra: tuple[str, ...]
    owners: tuple[int, ...] = ()
    effects: tuple[str, ...] = ()
    has_trend: bool = False
    has_level: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """What each coordinate is, in order."""
        trend = ("gain of trend",) if self.has_trend else ()
        gains = tuple(f"gain of season {k + 1}" for k in range(self.moving))
        starts = tuple(f"season {k + 1}" for k in range(len(self.owners)))
        head = ("level", "pull", "gain of level", "lasting")
        return (*head, *trend, *gains, *self.extra, *starts, *self.effects)

    @property
    def size(self) -> int:
        """How many coordinates there are."""
        return len(self.names)

    @property
    def first_extra(self) -> int:
        """Where the family's other parameters begin."""
        return 4 + int(self.has_trend) + self.moving

    @property
    def first_season(self) -> int:
        """Where the states of seasons begin; effects follow them."""
        return self.size - len(self.effects) - len(self.owners)

    @property
    def moving(self) -> int:
        """How many seasons follow what is seen."""
        return max(self.owners, default=-1) + 1

    def read(self, theta: Float[Array, "coordinates series"]) -> Parts:
        """The parameters that these coordinates are."""
        rows = iter(theta)
        level, pull = next(rows), jax.nn.sigmoid(next(rows))
        gain = MOST_LEVEL * jax.nn.sigmoid(next(rows)) * self.has_level
        rest = gain * jax.nn.sigmoid(next(rows))
        slope = MOST_TREND * jax.nn.sigmoid(next(rows)) if self.has_trend else 0.0 * level
        moving = [MOST_SEASON * jax.nn.sigmoid(next(rows)) for _ in range(self.moving)]
        extra = tuple(next(rows) for _ in self.extra)
        states, first = len(self.owners), self.first_season
        season = theta[first : first + states]
        follow = [moving[owner] for owner in self.owners]
        gains = Gains(
            gain,
            slope,
            rest,
            jnp.stack(follow) if follow else season,
            pull,
        )
        return Parts(level, gains, extra, season, theta[first + states :])
