"""Probabilities and rates that carry their logarithms along, so that no derivative cancels."""

import math

import equinox as eqx
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from assay.family.tail.beta_odds import complements
from assay.family.tail.log_quotient import plain_log
from assay.family.tail.logistic import log_expit


class Chance(eqx.Module):
    """A probability and its complement, each with its own digits, derivatives included.

    A log mass is linear in the two logarithms, whichever of probability and log-odds a fit moves:
    through one coordinate alone the second derivative in the other would be a difference.

    Fields:
        yes: the probability.
        no: its complement.
        log_yes: its logarithm, finite where the probability underflows.
        log_no: likewise for the complement.
    """

    yes: Float[Array, "..."]
    no: Float[Array, "..."]
    log_yes: Float[Array, "..."]
    log_no: Float[Array, "..."]

    @classmethod
    def from_logits(cls, logits: ArrayLike) -> "Chance":
        """From log-odds, any real number."""
        logits = jnp.asarray(logits, dtype=float)
        yes, no = complements(logits)
        return cls(yes, no, log_expit(logits), log_expit(-logits))

    @classmethod
    def from_probability(cls, probability: ArrayLike) -> "Chance":
        """From a probability strictly between 0 and 1."""
        yes = jnp.asarray(probability, dtype=float)
        return cls(yes, 1 - yes, plain_log(yes), jnp.log1p(-yes))

    @property
    def logits(self) -> Float[Array, "..."]:
        """Log-odds."""
        return self.log_yes - self.log_no

    @property
    def shape(self) -> tuple[int, ...]:
        """Of each of its arrays."""
        return self.yes.shape

    def turned(self) -> "Chance":
        """The chance of the opposite."""
        return Chance(self.no, self.yes, self.log_no, self.log_yes)

    def where(self, condition: Array, other: "Chance") -> "Chance":
        """This one where the condition holds, else the other."""
        pairs = (
            (self.yes, other.yes),
            (self.no, other.no),
            (self.log_yes, other.log_yes),
            (self.log_no, other.log_no),
        )
        return Chance(*(jnp.where(condition, one, two) for one, two in pairs))

    def at_least(self, log_least: float) -> "Chance":
        """With both probabilities held at or above exp(log_least)."""
        least = math.exp(log_least)
        rare, sure = self.log_yes < log_least, self.log_no < log_least
        return Chance(
            jnp.where(rare, least, self.yes),
            jnp.where(sure, least, self.no),
            jnp.where(rare, log_least, self.log_yes),
            jnp.where(sure, log_least, self.log_no),
        )

    def broadcast(self, shape: tuple[int, ...]) -> "Chance":
        """With each of its arrays in this shape."""
        parts = self.yes, self.no, self.log_yes, self.log_no
        return Chance(*(jnp.broadcast_to(part, shape) for part in parts))


class Rate(eqx.Module):
    """A positive number and its logarithm, each with its own derivative.

    Fields:
        value: the number.
        log: its logarithm.
    """

    value: Float[Array, "..."]
    log: Float[Array, "..."]

    @classmethod
    def from_log(cls, log: ArrayLike) -> "Rate":
        """From its logarithm, any real number."""
        log = jnp.asarray(log, dtype=float)
        return cls(jnp.exp(log), log)

    @classmethod
    def from_value(cls, value: ArrayLike) -> "Rate":
        """From the number, above 0."""
        value = jnp.asarray(value, dtype=float)
        return cls(value, plain_log(value))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of each of its arrays."""
        return self.value.shape

    def broadcast(self, shape: tuple[int, ...]) -> "Rate":
        """With both of its arrays in this shape."""
        return Rate(jnp.broadcast_to(self.value, shape), jnp.broadcast_to(self.log, shape))
