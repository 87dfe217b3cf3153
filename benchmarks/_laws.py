"""How gains fall: laws of independent rows, and series with memory, both with known truth."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import signal, stats
from scipy.special import stdtr

Floats = np.ndarray
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Law:
    """Gains of independent rows with standard deviation 1.

    Fields:
        name: as it is printed.
        draw: takes a source of randomness, a shape and the mean; returns gains.
        below: how far a gain can fall below a mean of 0; infinite where nothing bounds it.
        is_fixed: whether the bound stays where it is when the mean moves.
    """

    name: str
    draw: Callable[[np.random.Generator, Shape, float], Floats]
    below: float
    is_fixed: bool = False

    def lower(self, effect: float = 0.0) -> float:
        """The least gain, with room for rounding.

        Args:
            effect: the mean.
        """
        return -self.below * (1 + 1e-9) + (0.0 if self.is_fixed else effect)


def _discordant(share: float, random: np.random.Generator, shape: Shape, effect: float) -> Floats:
    """Two classifiers of which one alone is right in some share of the rows."""
    chance = random.random(shape)
    lean = effect * share**0.5 / 2
    won, lost = chance < share / 2 + lean, chance > 1 - share / 2 + lean
    return (won.astype(float) - lost) / share**0.5


def _near_normal(random: np.random.Generator, shape: Shape, effect: float) -> Floats:
    return np.clip(random.normal(size=shape), -4.0, 4.0) + effect


def _student(random: np.random.Generator, shape: Shape, effect: float) -> Floats:
    return random.standard_t(3, size=shape) / 3**0.5 + effect


def _uncapped(random: np.random.Generator, shape: Shape, effect: float) -> Floats:
    law = stats.lognorm(1.0)
    return effect - (random.lognormal(size=shape) - law.mean()) / law.std()


def _disasters(random: np.random.Generator, shape: Shape, effect: float) -> Floats:
    return np.where(random.random(shape) < 0.005, -0.995, 0.005) / _DISASTER_SD + effect


def _clipped(
    sigma: float,
    cap: float,
    mean: float,
    sd: float,
    random: np.random.Generator,
    shape: Shape,
    effect: float,
) -> Floats:
    return effect - (np.minimum(random.lognormal(0.0, sigma, shape), cap) - mean) / sd


def _capped(name: str, sigma: float) -> Law:
    """Lognormal losses, capped 6 of their standard deviations above their mean.

    Mean and spread of what is left are known in closed form.
    """
    law = stats.lognorm(sigma)
    cap = float(law.mean() + 6 * law.std())
    reached, log_cap = float(law.sf(cap)), np.log(cap) / sigma
    mean = float(law.mean() * stats.norm.cdf(log_cap - sigma)) + cap * reached
    square = float(np.exp(2 * sigma**2) * stats.norm.cdf(log_cap - 2 * sigma)) + cap**2 * reached
    sd = (square - mean**2) ** 0.5
    return Law(name, partial(_clipped, sigma, cap, mean, sd), (cap - mean) / sd)


_DISASTER_SD = (0.005 * 0.995) ** 0.5

DISCORDANT = Law("0/1 loss, 20 % discordant", partial(_discordant, 0.2), 0.2**-0.5, is_fixed=True)
SPARSE = Law("0/1 loss, 2 % discordant", partial(_discordant, 0.02), 0.02**-0.5, is_fixed=True)
NEAR_NORMAL = Law("bounded, near normal", _near_normal, 4.0)
SKEWED = _capped("left-skewed, capped at 6 sd", 1.0)
MILDLY_SKEWED = _capped("mildly left-skewed, capped at 6 sd", 0.6)
UNCAPPED = Law("left-skewed lognormal, uncapped", _uncapped, np.inf)
STUDENT = Law("Student t3", _student, np.inf)
DISASTERS = Law("rare disasters (-1, p = .005)", _disasters, 0.995 / _DISASTER_SD)


def t_p_values(gains: Floats) -> Floats:
    """Student's t for "the mean gain is at most 0", without protection of any kind.

    Args:
        gains: one sample a line.

    Returns:
        A p-value for each line; 0 where a positive gain never varies.
    """
    rows = gains.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = gains.mean(axis=-1) / (gains.std(axis=-1, ddof=1) / rows**0.5)
    return np.nan_to_num(stdtr(rows - 1, -t), nan=1.0)


@dataclass(frozen=True)
class Process:
    """A series of gains of mean 0 with memory.

    Fields:
        name: as it is printed.
        moving: weights of the shocks, the newest first.
        past: weights of earlier values, the last one first.
        noise: standard deviation of white noise on top; where there is any, the series below it is
            scaled to a standard deviation of 1.
        season: dates that are averaged before the test.
    """

    name: str
    moving: tuple[float, ...] = (1.0,)
    past: tuple[float, ...] = ()
    noise: float = 0.0
    season: int | None = None

    @property
    def _scale(self) -> float:
        """Standard deviation of the filtered shocks, where noise is to be equally large."""
        shocks = np.zeros(BURN_IN)
        shocks[0] = 1.0
        return float(np.sqrt((self._filtered(shocks) ** 2).sum())) if self.noise else 1.0

    def _filtered(self, shocks: Floats) -> Floats:
        return signal.lfilter(self.moving, (1.0, *(-weight for weight in self.past)), shocks)

    def draw(self, random: np.random.Generator, times: int, dates: int) -> Floats:
        """Series from the stationary law.

        Args:
            random: source of shocks.
            times: number of series.
            dates: length of each.
        """
        shocks = random.normal(size=(times, BURN_IN + dates))
        series = self._filtered(shocks)[:, BURN_IN:] / self._scale
        return series + self.noise * random.normal(size=series.shape) if self.noise else series

    @property
    def long_run_variance(self) -> float:
        """What the variance of the mean tends to, times the number of dates."""
        gain = sum(self.moving) / (1 - sum(self.past)) / self._scale
        return gain**2 + self.noise**2


BURN_IN = 800
"""Shocks before the first date; after so many an AR of .97 has forgotten its start to 3e-11."""

WHITE = Process("white")
WEEKLY = (0.0,) * 6 + (0.6,)
AVERAGED = Process("weekly pattern AR(7) .6, averaged by week", past=WEEKLY, season=7)
NOT_AVERAGED = Process("weekly pattern AR(7) .6, NOT averaged", past=WEEKLY)
HIDDEN_DRIFT = Process("AR .9 plus equal white noise", past=(0.9,), noise=1.0)
AR_60 = Process("AR .6", past=(0.6,))
AR_90 = Process("AR .9", past=(0.9,))
AR_97 = Process("AR .97", past=(0.97,))
MA_7 = Process("MA(7)", moving=(1.0,) * 7)
MA_28 = Process("MA(28)", moving=(1.0,) * 28)
AR_2 = Process("AR(2) 1.2, -.4", past=(1.2, -0.4))
