"""Draws of future values, each series from a stream of its own.

What does not depend on the path is drawn for all steps at once; the rest of a draw takes the
parameter that the path has reached.
"""

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import gamma as gamma_function

from assay.family import AbstractDistribution, AbstractFamily, Hurdle, Rounded, ZeroInflated
from assay.series.kinds import Floats
from assay.series.law.information import information_of
from assay.series.law.rules import followed

Extra = tuple[Floats, ...]
Stream = np.random.Generator


class AbstractChance(abc.ABC):
    """How values of a family are drawn, given its parameters before their links."""

    @abc.abstractmethod
    def noise(self, stream: Stream, extra: Extra, shape: tuple[int, int]) -> Floats:
        """One series' noise: the part of all draws that no path changes.

        Args:
            stream: of the series.
            extra: its parameters beside the driven one, (paths,) or numbers.
            shape: (steps, paths).
        """

    @abc.abstractmethod
    def value(self, streams: Sequence[Stream], noise: Floats, eta: Floats, extra: Extra) -> Floats:
        """Values of one step, (series, paths).

        Args:
            streams: one a series.
            noise: of this step.
            eta: the driven parameter before its link.
            extra: the others, likewise.
        """

    @abc.abstractmethod
    def mean(self, eta: Floats, extra: Extra) -> Floats:
        """Expected values, in the shape of `eta`."""

    def apart(self, eta: Floats, extra: Extra) -> Floats:
        """Variance that is left of a value once its noise is known, in the shape of `eta`."""
        del extra
        return np.zeros_like(eta)


@dataclass(frozen=True)
class Scaled(AbstractChance):
    """Families whose value is exp(eta) times noise of a fixed law, or eta plus it.

    Fields:
        law: name of the family.
    """

    law: str

    def noise(self, stream: Stream, extra: Extra, shape: tuple[int, int]) -> Floats:
        return _NOISE[self.law](stream, extra, shape)

    def value(self, streams: Sequence[Stream], noise: Floats, eta: Floats, extra: Extra) -> Floats:
        del streams, extra
        return eta + noise if self.law in _SHIFTED else np.exp(eta) * noise

    def mean(self, eta: Floats, extra: Extra) -> Floats:
        if self.law in _SHIFTED:
            return eta
        return np.exp(eta) * _MEAN.get(self.law, lambda extra: 1.0)(extra)


@dataclass(frozen=True)
class PoissonChance(AbstractChance):
    """Counts around a mean that noise may spread: Poisson, or negative binomial with a size.

    Fields:
        is_spread: whether the mean varies as a gamma with the size as its shape.
    """

    is_spread: bool

    def noise(self, stream: Stream, extra: Extra, shape: tuple[int, int]) -> Floats:
        if not self.is_spread:
            return np.ones(shape)
        size = np.exp(extra[0])
        return stream.standard_gamma(size, shape) / size

    def value(self, streams: Sequence[Stream], noise: Floats, eta: Floats, extra: Extra) -> Floats:
        del extra
        rate = np.minimum(noise * np.exp(eta), MOST_COUNT)
        drawn = np.empty(rate.shape)
        with ONE_AT_A_TIME:
            for at, own in enumerate(streams):
                drawn[at] = own.poisson(rate[at])
        return drawn

    def mean(self, eta: Floats, extra: Extra) -> Floats:
        del extra
        return np.exp(eta)

    def apart(self, eta: Floats, extra: Extra) -> Floats:
        return self.mean(eta, extra)


@dataclass(frozen=True)
class TweedieChance(AbstractChance):
    """A Poisson number of gamma sizes; `extra` is log dispersion and the logit of power - 1."""

    def noise(self, stream: Stream, extra: Extra, shape: tuple[int, int]) -> Floats:
        del stream, extra
        return np.ones(shape)

    def value(self, streams: Sequence[Stream], noise: Floats, eta: Floats, extra: Extra) -> Floats:
        del noise
        share = 1.0 / (1.0 + np.exp(-extra[1]))  # power - 1
        strength = np.exp((1.0 - share) * eta - extra[0])
        events = np.minimum(strength / (1.0 - share), MOST_COUNT)
        shape, scale = (1.0 - share) / share, np.exp(eta) * share / strength
        rows = []
        for own, rate, each, size in zip(streams, events, shape, scale, strict=True):
            number = own.poisson(rate)
            rows.append(np.where(number > 0, own.standard_gamma(each * number.clip(1)), 0.0) * size)
        return np.stack(rows)

    def mean(self, eta: Floats, extra: Extra) -> Floats:
        del extra
        return np.exp(eta)

    def apart(self, eta: Floats, extra: Extra) -> Floats:
        """All of it: dispersion times the mean to the power."""
        return np.exp(extra[0] + eta * (1.0 + 1.0 / (1.0 + np.exp(-extra[1]))))


@dataclass(frozen=True)
class CoinChance(AbstractChance):
    """Zeros and ones; eta is the logit of a one."""

    def noise(self, stream: Stream, extra: Extra, shape: tuple[int, int]) -> Floats:
        del extra
        return stream.logistic(size=shape)

    def value(self, streams: Sequence[Stream], noise: Floats, eta: Floats, extra: Extra) -> Floats:
        del streams, extra
        return (noise < eta) * 1.0

    def mean(self, eta: Floats, extra: Extra) -> Floats:
        del extra
        return 1.0 / (1.0 + np.exp(-eta))


@dataclass(frozen=True)
class ZerosChance(AbstractChance):
    """Zeros of their own beside values of another chance; `extra` ends with their logit.

    Fields:
        base: of the other values.
    """

    base: AbstractChance

    def noise(self, stream: Stream, extra: Extra, shape: tuple[int, int]) -> Floats:
        is_zero = stream.logistic(size=shape) < extra[-1]
        # The least noise there is, so that noise in order is values in order.
        return np.where(is_zero, -np.inf, self.base.noise(stream, extra[:-1], shape))

    def value(self, streams: Sequence[Stream], noise: Floats, eta: Floats, extra: Extra) -> Floats:
        is_zero = np.isneginf(noise)  # 1 is as good as any for what is not used
        other = self.base.value(streams, np.where(is_zero, 1.0, noise), eta, extra[:-1])
        return np.where(is_zero, 0.0, other)

    def mean(self, eta: Floats, extra: Extra) -> Floats:
        return self.base.mean(eta, extra[:-1]) / (1.0 + np.exp(extra[-1]))

    def apart(self, eta: Floats, extra: Extra) -> Floats:
        return self.base.apart(eta, extra[:-1]) / (1.0 + np.exp(extra[-1]))


@dataclass(frozen=True)
class FamilyChance(AbstractChance):
    """Any family, by its exact quantiles.

    Fields:
        family: of the values.
        driven: its parameter that the path moves.
    """

    family: AbstractFamily
    driven: str

    def noise(self, stream: Stream, extra: Extra, shape: tuple[int, int]) -> Floats:
        del extra
        return -np.maximum(stream.standard_exponential(shape), 1e-300)  # log of a level

    def value(self, streams: Sequence[Stream], noise: Floats, eta: Floats, extra: Extra) -> Floats:
        del streams
        return np.asarray(_quantile(self.family, self.driven, noise, eta, extra))

    def mean(self, eta: Floats, extra: Extra) -> Floats:
        return np.asarray(_mean(self.family, self.driven, eta, extra))


@dataclass(frozen=True)
class RoundedChance(AbstractChance):
    """Values of another chance, recorded as the nearest multiple of a grid.

    Fields:
        base: of the values themselves.
        whole: the family, for the mean of what is recorded.
    """

    base: AbstractChance
    whole: FamilyChance

    def noise(self, stream: Stream, extra: Extra, shape: tuple[int, int]) -> Floats:
        return self.base.noise(stream, extra, shape)

    def value(self, streams: Sequence[Stream], noise: Floats, eta: Floats, extra: Extra) -> Floats:
        grid = float(getattr(self.whole.family, "grid", 1.0))
        return np.round(self.base.value(streams, noise, eta, extra) / grid) * grid

    def mean(self, eta: Floats, extra: Extra) -> Floats:
        return self.whole.mean(eta, extra)

    def apart(self, eta: Floats, extra: Extra) -> Floats:
        return self.base.apart(eta, extra)


def _bound(family: AbstractFamily, driven: str, eta: Floats, extra: Extra) -> AbstractDistribution:
    at, *rest = jnp.broadcast_arrays(eta, *extra)
    others = [each.name for each in family.parameters if each.name != driven]
    return family.from_linked({driven: at, **dict(zip(others, rest, strict=True))}, {})


@partial(jax.jit, static_argnames=("family", "driven"))
def _quantile(
    family: AbstractFamily, driven: str, log_p: Floats, eta: Floats, extra: Extra
) -> jax.Array:
    return _bound(family, driven, eta, extra).lower_quantile(jnp.asarray(log_p))


@partial(jax.jit, static_argnames=("family", "driven"))
def _mean(family: AbstractFamily, driven: str, eta: Floats, extra: Extra) -> jax.Array:
    return _bound(family, driven, eta, extra).mean()


# Thousands of short draws each let go of Python's lock: threads that draw at once fight for it.
ONE_AT_A_TIME = Lock()
MOST_COUNT = 1e15  # NumPy draws counts as 64-bit whole numbers
_SHIFTED = ("normal", "student-t", "logistic", "laplace")
_NOISE = {
    "gamma": lambda stream, extra, shape: (
        stream.standard_gamma(np.exp(-2 * extra[0]), shape) * np.exp(2 * extra[0])
    ),
    "exponential": lambda stream, extra, shape: stream.standard_exponential(shape),
    "log-normal": lambda stream, extra, shape: stream.lognormal(0.0, np.exp(extra[0]), shape),
    "weibull": lambda stream, extra, shape: stream.weibull(np.exp(extra[0]), shape),
    "log-logistic": lambda stream, extra, shape: np.exp(
        stream.logistic(size=shape) * np.exp(-extra[0])
    ),
    "normal": lambda stream, extra, shape: stream.normal(0.0, np.exp(extra[0]), shape),
    "logistic": lambda stream, extra, shape: stream.logistic(0.0, np.exp(extra[0]), shape),
    "laplace": lambda stream, extra, shape: stream.laplace(0.0, np.exp(extra[0]), shape),
    "student-t": lambda stream, extra, shape: (
        np.exp(extra[0]) * stream.standard_t(np.exp(extra[1]), shape)
    ),
}
_MEAN = {
    "log-normal": lambda extra: np.exp(0.5 * np.exp(2 * extra[0])),
    "weibull": lambda extra: gamma_function(1.0 + np.exp(-extra[0])),
    "log-logistic": lambda extra: _log_logistic_mean(np.exp(-extra[0])),
}


def _log_logistic_mean(turn: Floats) -> Floats:
    """Over the median; infinite where the tail is heavier than 1 / y squared."""
    angle = np.pi * turn
    return np.where(turn < 1.0, angle / np.sin(np.where(turn < 1.0, angle, 1.0)), np.inf)


_OWN: dict[str, AbstractChance] = {
    "poisson": PoissonChance(is_spread=False),
    "negative-binomial": PoissonChance(is_spread=True),
    "tweedie": TweedieChance(),
    "bernoulli": CoinChance(),
    **{law: Scaled(law) for law in _NOISE},
}


def chance_of(family: AbstractFamily, driven: str) -> AbstractChance:
    """How values of a family are drawn while a path moves one of its parameters.

    Raises:
        ConfigError: no filter drives that parameter.
    """
    family = followed(family)
    information_of(family, driven)
    any_family = FamilyChance(family, driven)
    if isinstance(family, Hurdle | ZeroInflated) and driven != "zero":
        base = family.base
        below = base.support.lower < 0 or base.support.whole
        if isinstance(family, ZeroInflated) or not below:
            return ZerosChance(chance_of(base, driven))
        return any_family
    if isinstance(family, Rounded):
        return RoundedChance(chance_of(family.base, driven), any_family)
    return _OWN.get(family.name, any_family)
