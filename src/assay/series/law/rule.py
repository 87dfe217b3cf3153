"""How an observation moves the parameter that drives a family: its scaled score.

The score is the derivative of the log likelihood of what was seen: of the value itself, or of
"at least this much" where a limit hid it. Divided by the Fisher information of an unhidden value
it is the step that Newton would take from that observation alone, in units of the linked parameter.

Source: Creal, Koopman & Lucas (2013), Generalized autoregressive score models; Harvey (2013),
Dynamic models for volatility and heavy tails.
"""

import abc
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from assay.family import AbstractFamily
from assay.family.tail import log1mexp
from assay.family.zero_inflated import inner_value
from assay.series.law.information import information_of

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

    @property
    @abc.abstractmethod
    def filler(self) -> float:
        """A value that can be, for rows without one: so that nothing done to them is infinite."""

    @abc.abstractmethod
    def log_prob(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        """Log density or mass of values that nobody hid."""

    @abc.abstractmethod
    def score(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        """Derivative of `log_prob` in `eta`."""

    @abc.abstractmethod
    def reach(self, eta: Rows, extra: Extra, limit: Rows) -> tuple[Rows, Rows]:
        """Log P(Y >= limit), and its derivative in `eta`."""

    def fall(self, eta: Rows, extra: Extra, limit: Rows) -> tuple[Rows, Rows]:
        """Log P(Y < limit), and its derivative in `eta`.

        By default from the tail above; a rule of values that may be rounded gives it where it is
        the smaller tail as well.
        """
        log_reach, score = self.reach(eta, extra, limit)
        some = log_reach < 0
        log_fall = log1mexp(jnp.where(some, log_reach, -1.0))
        slope = -score * jnp.exp(log_reach - log_fall)
        return jnp.where(some, log_fall, -jnp.inf), jnp.where(some, slope, 0.0)

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
        information_of(self.family, self.driven)  # or says why there is none

    @property
    def names(self) -> tuple[str, ...]:
        every = (each.name for each in self.family.parameters)
        return tuple(name for name in every if name != self.driven)

    @property
    def filler(self) -> float:
        return inner_value(self.family.support)

    def log_prob(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        return self._bound(eta, extra).log_prob(y)

    def score(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        return _slope(lambda at: self.log_prob(at, extra, y), eta)[1]

    def reach(self, eta: Rows, extra: Extra, limit: Rows) -> tuple[Rows, Rows]:
        return _slope(lambda at: self._bound(at, extra).log_reach(limit), eta)

    def fall(self, eta: Rows, extra: Extra, limit: Rows) -> tuple[Rows, Rows]:
        return _slope(lambda at: self._bound(at, extra).log_edges(limit)[0], eta)

    def information(self, eta: Rows, extra: Extra) -> Rows:
        linked = dict(zip(self.names, extra, strict=True))
        return information_of(self.family, self.driven)(eta, linked)

    def _bound(self, eta: Rows, extra: Extra):
        linked = dict(zip(self.names, extra, strict=True)) | {self.driven: eta}
        return self.family.from_linked(linked, {})


def _slope(of: Callable[[Rows], Rows], at: Rows) -> tuple[Rows, Rows]:
    """Value and derivative of a function that treats each row by itself."""
    return jax.jvp(of, (at,), (jnp.ones_like(at),))
