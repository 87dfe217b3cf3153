"""The rule of a family with zeros of their own: that of the base, and a decision before it."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array

from assay.series.law.rule import AbstractRule, Extra, Rows


@dataclass(frozen=True)
class ZerosRule(AbstractRule):
    """Zeros beside a family that takes 0 and above or less of it; a parameter of it is driven.

    `extra` is that of the base and, last, the logit of the share of zeros.

    Fields:
        base: of the other values.
        has_zero: whether the base has mass on 0.
        joins: whether zeros of the base count as well; else its values are those above 0.
    """

    base: AbstractRule
    has_zero: bool
    joins: bool

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.base.names, "zero")

    @property
    def filler(self) -> float:
        return self.base.filler

    def log_prob(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        positive = y > 0
        rest = self._log_rest(extra)
        other = rest + self.base.log_prob(eta, extra[:-1], jnp.where(positive, y, self.filler))
        other = other - self._beyond_zero(eta, extra)[0]
        zero = jax.nn.log_sigmoid(extra[-1])
        if self.has_zero and self.joins:
            zero = jnp.logaddexp(zero, rest + self.base.log_prob(eta, extra[:-1], 0.0 * eta))
        return jnp.where(positive, other, zero)

    def score(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        positive = y > 0
        other = self.base.score(eta, extra[:-1], jnp.where(positive, y, self.filler))
        other = other - self._beyond_zero(eta, extra)[1]
        return jnp.where(positive, other, self._at_zero(eta, extra)[0])

    def reach(self, eta: Rows, extra: Extra, limit: Rows) -> tuple[Rows, Rows]:
        some = limit > 0
        log_reach, score = self.base.reach(eta, extra[:-1], jnp.where(some, limit, self.filler))
        log_all, shift = self._beyond_zero(eta, extra)
        log_reach = log_reach + self._log_rest(extra) - log_all
        return jnp.where(some, log_reach, 0.0), jnp.where(some, score - shift, 0.0)

    def fall(self, eta: Rows, extra: Extra, limit: Rows) -> tuple[Rows, Rows]:
        if self.has_zero:
            return super().fall(eta, extra, limit)
        some = limit > 0
        log_fall, slope = self.base.fall(eta, extra[:-1], jnp.where(some, limit, self.filler))
        rest = self._log_rest(extra) + log_fall
        log_fall = jnp.logaddexp(jax.nn.log_sigmoid(extra[-1]), rest)
        slope = slope * jnp.exp(rest - log_fall)
        return jnp.where(some, log_fall, -jnp.inf), jnp.where(some, slope, 0.0)

    def information(self, eta: Rows, extra: Extra) -> Rows:
        """By what a value of the base tells, less what its zeros would tell."""
        whole = self.base.information(eta, extra[:-1])
        rest = jax.nn.sigmoid(-extra[-1])
        if not self.has_zero:
            return rest * whole
        at_zero = self.base.score(eta, extra[:-1], 0.0 * eta)
        own = jnp.exp(self.base.log_prob(eta, extra[:-1], 0.0 * eta))
        if self.joins:
            _, kept = self._at_zero(eta, extra)
            return rest * (whole - own * at_zero**2 * (1.0 - kept))
        log_above, mean = self._beyond_zero(eta, extra)
        above = (whole - own * at_zero**2) * jnp.exp(-log_above) - mean**2
        # What a count above 0 tells vanishes with its mean, but never for rounding.
        return rest * jnp.maximum(above, 1e-3 * whole)

    def _log_rest(self, extra: Extra) -> Array:
        return jax.nn.log_sigmoid(-extra[-1])

    def _at_zero(self, eta: Array, extra: Extra) -> tuple[Array, Array]:
        """Score of a zero, and the probability that it is one of the base's."""
        if not (self.has_zero and self.joins):
            return jnp.zeros_like(eta), jnp.zeros_like(eta)
        zeros = 0.0 * eta
        kept = jax.nn.sigmoid(self.base.log_prob(eta, extra[:-1], zeros) - extra[-1])
        return kept * self.base.score(eta, extra[:-1], zeros), kept

    def _beyond_zero(self, eta: Array, extra: Extra) -> tuple[Array, Array]:
        """Log probability that a value of the base is above 0, where it must be; its slope."""
        if not self.has_zero or self.joins:
            return jnp.zeros_like(eta), jnp.zeros_like(eta)
        return self.base.reach(eta, extra[:-1], jnp.ones_like(eta))
