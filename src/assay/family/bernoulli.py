"""The Bernoulli family: yes or no."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.step import CLOSE, reaches
from assay.family.support import BINARY, Support
from assay.family.tail.chance import Chance


class BernoulliDistribution(AbstractDistribution):
    """1 with this chance, else 0.

    Both probabilities are kept with their logarithms: 1 - p is exact for p close to 1.
    """

    is_count: ClassVar[bool] = True
    chance: Chance

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = (y == 0) | (y == 1)
        value = jnp.where(y == 1, self.chance.log_yes, self.chance.log_no)
        return jnp.where(inside, value, -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        log_cdf = jnp.where(y < 0, -jnp.inf, jnp.where(y < 1, self.chance.log_no, 0.0))
        log_sf = jnp.where(y < 0, 0.0, jnp.where(y < 1, self.chance.log_yes, -jnp.inf))
        return log_cdf, log_sf

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        none = reaches(self.chance.log_no, self.chance.log_yes, log_p, log_q, slack=CLOSE)
        return jnp.where(none, 0.0, 1.0)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return jax.random.bernoulli(key, self.chance.yes, shape).astype(float)

    def mean(self) -> Float[Array, "..."]:
        return self.chance.yes

    def variance(self) -> Float[Array, "..."]:
        return self.chance.yes * self.chance.no

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        yes, no = jnp.maximum(1 - limit, 0), jnp.maximum(-limit, 0)
        return self.chance.yes * yes + self.chance.no * no


@dataclass(frozen=True)
class Bernoulli(AbstractFamily):
    """Yes (1) or no (0), with the `probability` of yes."""

    name: ClassVar[str] = "bernoulli"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("probability", link.logit, "probability of 1"),
    )
    support: ClassVar[Support] = BINARY

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> BernoulliDistribution:
        del columns
        return BernoulliDistribution(Chance.from_probability(parameters["probability"]))

    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> BernoulliDistribution:
        del columns
        return BernoulliDistribution(Chance.from_logits(linked["probability"]))

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        return {"probability": float((np.sum(y) + 0.5) / (len(y) + 1))}
