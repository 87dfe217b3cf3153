"""Seasons as a few states: what of each state counts on each day."""

from dataclasses import dataclass

import numpy as np

from assay.errors import ConfigError
from assay.series.kinds import Floats, Whole

SLOTS = 31  # up to here a whole period has one free value a slot, above it harmonics
HARMONICS = 6  # pairs of a sine and a cosine for a long or fractional period


@dataclass(frozen=True)
class Seasons:
    """Which seasons a series has.

    A season of m slots that sum to zero has m - 1 states; a long or fractional one is a sum of
    harmonics with two states each.

    Fields:
        periods: steps after which each season returns, above 1; such as (7, 365.25).

    Raises:
        ConfigError: a period is not a finite number of at least 2, or is named twice.
    """

    periods: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for period in self.periods:
            if not (isinstance(period, int | float) and 2 <= period < np.inf):
                raise ConfigError(
                    f"season: found {period!r}, must be a number of steps of at least 2, such as "
                    "7 for a week of days or 365.25 for a year."
                )
        if len(set(self.periods)) < len(self.periods):
            raise ConfigError(f"season: {self.periods} names a period twice. Name each once.")

    @property
    def owners(self) -> Whole:
        """For each state the index of its period."""
        sizes = [_states(period) for period in self.periods]
        return np.repeat(np.arange(len(sizes)), sizes)

    def basis(self, steps: Whole) -> Floats:
        """What of each state counts at each step, (steps, states).

        Args:
            steps: numbers of the steps, counted from any fixed one.
        """
        blocks = [_columns(period, np.asarray(steps)) for period in self.periods]
        return np.concatenate([np.zeros((len(steps), 0)), *blocks], axis=1)

    def pushes(self, steps: Whole) -> Floats:
        """How far each state moves so that its season moves by 1 at that step, (steps, states)."""
        blocks = [_columns(period, np.asarray(steps)) for period in self.periods]
        moved = [block / np.sum(block**2, axis=1, keepdims=True) for block in blocks]
        return np.concatenate([np.zeros((len(steps), 0)), *moved], axis=1)

    @property
    def shares(self) -> Floats:
        """What of a step's information is about each state, on average, (states,)."""
        return self._typical[0]

    @property
    def paces(self) -> Floats:
        """What each state forgets of its start while its season moves by 1, on average."""
        return self._typical[1]

    @property
    def _typical(self) -> Floats:
        each = [np.tile(_typical(period), (_states(period), 1)) for period in self.periods]
        return np.concatenate([np.zeros((0, 2)), *each]).T


def _typical(period: float) -> tuple[float, float]:
    """Means over a round of a state's squared basis, and of that times its push."""
    if _is_slotted(period):
        return 1.0 / period, 1.0 / (period - 1.0)
    return 0.5, 0.5 / _pairs(period)


def _is_slotted(period: float) -> bool:
    return float(period).is_integer() and period <= SLOTS


def _states(period: float) -> int:
    return int(period) - 1 if _is_slotted(period) else 2 * _pairs(period)


def _pairs(period: float) -> int:
    """Harmonics above half the steps of a period repeat those below."""
    return int(min(HARMONICS, np.ceil(period / 2) - 1))


def _columns(period: float, steps: Whole) -> Floats:
    if _is_slotted(period):
        return _contrasts(int(period))[steps % int(period)]
    angle = 2 * np.pi * np.multiply.outer(steps / period, np.arange(1, _pairs(period) + 1))
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=1)


def _contrasts(slots: int) -> Floats:
    """Orthonormal columns that sum to zero, (slots, slots - 1); Helmert's."""
    j = np.arange(1, slots)
    raw = np.triu(np.ones((slots, slots - 1))) - np.eye(slots, slots - 1, -1) * j
    return raw / np.sqrt(j * (j + 1.0))
