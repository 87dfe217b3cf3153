"""The Bernoulli family: yes or no."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.step import reaches
from assay.family.support import BINARY, Support


class BernoulliDistribution(AbstractDistribution):
    """1 with the probability whose log-odds are `logits`, else 0.

    Log-odds, not the probability, are kept: 1 - p is exact for p close to 1.
    """

    is_count: ClassVar[bool] = True
    logits: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = (y == 0) | (y == 1)
        log_no, log_yes = jax.nn.log_sigmoid(-self.logits), jax.nn.log_sigmoid(self.logits)
        return jnp.where(inside, jnp.where(y == 1, log_yes, log_no), -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        log_no, log_yes = jax.nn.log_sigmoid(-self.logits), jax.nn.log_sigmoid(self.logits)
        log_cdf = jnp.where(y < 0, -jnp.inf, jnp.where(y < 1, log_no, 0.0))
        log_sf = jnp.where(y < 0, 0.0, jnp.where(y < 1, log_yes, -jnp.inf))
        return log_cdf, log_sf

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        log_no, log_yes = self.log_tails(jnp.zeros_like(self.logits))
        return jnp.where(reaches(log_no, log_yes, log_p, log_q), 0.0, 1.0)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        leading = shape[: len(shape) - self.logits.ndim]
        return dist.BernoulliLogits(self.logits).sample(key, leading).astype(float)

    def mean(self) -> Float[Array, "..."]:
        return jax.nn.sigmoid(self.logits)

    def variance(self) -> Float[Array, "..."]:
        return jax.nn.sigmoid(self.logits) * jax.nn.sigmoid(-self.logits)

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        chance = self.mean()
        return chance * jnp.maximum(1 - limit, 0) + (1 - chance) * jnp.maximum(-limit, 0)


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
        return BernoulliDistribution(link.logit.inverse(jnp.asarray(parameters["probability"])))

    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> BernoulliDistribution:
        del columns
        return BernoulliDistribution(linked["probability"])

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        return {"probability": float((np.sum(y) + 0.5) / (len(y) + 1))}
