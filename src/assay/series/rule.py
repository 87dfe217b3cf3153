"""How an observation moves the parameter that drives a family: its scaled score.

The score is the derivative of the log likelihood of what was seen: of the value itself, or of
"at least this much" where a limit hid it. Divided by the Fisher information of an unhidden value
it is the step that Newton would take from that observation alone, in units of the linked parameter.

Source: Creal, Koopman & Lucas (2013), Generalized autoregressive score models; Harvey (2013),
Dynamic models for volatility and heavy tails.
"""

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from assay.errors import ConfigError, nearest
from assay.family import AbstractFamily

Rows = Float[Array, "..."]
Extra = tuple[Array, ...]


class AbstractRule(abc.ABC):
    """A family as a filter sees it; hashable, so that it may be static in a compiled function.

    `eta` is the driven parameter before its link, `extra` the others before theirs, in the order
    of the family.
    """

    @property
    @abc.abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the other parameters."""

    @abc.abstractmethod
    def log_prob(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        """Log density or mass of values that nobody hid."""

    @abc.abstractmethod
    def score(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        """Derivative of `log_prob` in `eta`."""

    @abc.abstractmethod
    def reach(self, eta: Rows, extra: Extra, limit: Rows) -> tuple[Rows, Rows]:
        """Log P(Y >= limit), and its derivative in `eta`."""

    @abc.abstractmethod
    def information(self, eta: Rows, extra: Extra) -> Rows:
        """Expected square of the score of an unhidden value."""


@dataclass(frozen=True)
class FamilyRule(AbstractRule):
    """The rule of any family, by differentiating its exact likelihood.

    Fields:
        family: of the value that nobody hid.
        driven: the parameter that the filter drives.
    """

    family: AbstractFamily
    driven: str

    def __post_init__(self) -> None:
        known = [each.name for each in self.family.parameters]
        if self.driven not in known:
            raise ConfigError(
                f"family `{self.family.name}` has no parameter `{self.driven}`. "
                f"{nearest(self.driven, known)}"
            )
        if (self.family.name, self.driven) not in INFORMATION:
            able = sorted(f"{driven} of {name}" for name, driven in INFORMATION)
            raise ConfigError(
                f"ScoreDriven: no Fisher information is known for `{self.driven}` of family "
                f"`{self.family.name}`. It drives {', '.join(able)}."
            )

    @property
    def names(self) -> tuple[str, ...]:
        every = (each.name for each in self.family.parameters)
        return tuple(name for name in every if name != self.driven)

    def log_prob(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        return self._bound(eta, extra).log_prob(y)

    def score(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        return _slope(lambda at: self.log_prob(at, extra, y), eta)[1]

    def reach(self, eta: Rows, extra: Extra, limit: Rows) -> tuple[Rows, Rows]:
        return _slope(lambda at: self._bound(at, extra).log_reach(limit), eta)

    def information(self, eta: Rows, extra: Extra) -> Rows:
        linked = dict(zip(self.names, extra, strict=True))
        return INFORMATION[self.family.name, self.driven](eta, linked)

    def _bound(self, eta: Rows, extra: Extra):
        linked = dict(zip(self.names, extra, strict=True)) | {self.driven: eta}
        return self.family.from_linked(linked, {})


def _slope(of: Callable[[Rows], Rows], at: Rows) -> tuple[Rows, Rows]:
    """Value and derivative of a function that treats each row by itself."""
    return jax.jvp(of, (at,), (jnp.ones_like(at),))


Linked = Mapping[str, Array]


def _poisson(eta: Rows, linked: Linked) -> Rows:
    del linked
    return jnp.exp(eta)


def _negative_binomial(eta: Rows, linked: Linked) -> Rows:
    return 1.0 / (jnp.exp(-eta) + jnp.exp(-linked["size"]))


def _gamma(eta: Rows, linked: Linked) -> Rows:
    return jnp.exp(-2.0 * linked["cv"]) + jnp.zeros_like(eta)


def _exponential(eta: Rows, linked: Linked) -> Rows:
    del linked
    return jnp.ones_like(eta)


def _log_normal(eta: Rows, linked: Linked) -> Rows:
    return jnp.exp(-2.0 * linked["sigma"]) + jnp.zeros_like(eta)


def _weibull(eta: Rows, linked: Linked) -> Rows:
    return jnp.exp(2.0 * linked["shape"]) + jnp.zeros_like(eta)


def _log_logistic(eta: Rows, linked: Linked) -> Rows:
    return jnp.exp(2.0 * linked["shape"]) / 3.0 + jnp.zeros_like(eta)


def _tweedie(eta: Rows, linked: Linked) -> Rows:
    power = 1.0 + jax.nn.sigmoid(linked["power"])
    return jnp.exp((2.0 - power) * eta - linked["dispersion"])


def _normal(eta: Rows, linked: Linked) -> Rows:
    return jnp.exp(-2.0 * linked["sd"]) + jnp.zeros_like(eta)


def _student_t(eta: Rows, linked: Linked) -> Rows:
    df = jnp.exp(linked["df"])
    return (df + 1.0) / (df + 3.0) * jnp.exp(-2.0 * linked["scale"]) + jnp.zeros_like(eta)


def _bernoulli(eta: Rows, linked: Linked) -> Rows:
    del linked
    chance = jax.nn.sigmoid(eta)
    return chance * (1.0 - chance)


INFORMATION: dict[tuple[str, str], Callable[[Rows, Linked], Rows]] = {
    ("poisson", "mean"): _poisson,
    ("negative-binomial", "mean"): _negative_binomial,
    ("gamma", "mean"): _gamma,
    ("exponential", "mean"): _exponential,
    ("log-normal", "median"): _log_normal,
    ("weibull", "scale"): _weibull,
    ("log-logistic", "median"): _log_logistic,
    ("tweedie", "mean"): _tweedie,
    ("normal", "mean"): _normal,
    ("student-t", "location"): _student_t,
    ("bernoulli", "probability"): _bernoulli,
}
