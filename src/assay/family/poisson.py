"""The Poisson family: counts of independent events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.step import step_quantile
from assay.family.support import COUNTS, Support
from assay.family.tail import log_gamma_tails
from assay.family.tail.chance import Rate
from assay.family.tail.poisson import poisson_log_mass, poisson_log_tails


class PoissonDistribution(AbstractDistribution):
    """Counts whose variance is their mean, `rate`."""

    is_count: ClassVar[bool] = True
    rate: Rate

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = (y >= 0) & (y == jnp.floor(y)) & (y < jnp.inf)
        return jnp.where(inside, poisson_log_mass(jnp.where(inside, y, 0.0), self.rate), -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return poisson_log_tails(y, self.rate)

    def smooth_log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        above, up_to = log_gamma_tails(y + 1, self.rate.value)
        return up_to, above

    def next_log_prob(
        self, k: Float[Array, "..."], log_prob: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return log_prob + (self.rate.log - jnp.log(k + 1))

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return step_quantile(self.log_tails, log_p, log_q, self.mean(), self.variance())

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return jax.random.poisson(key, self.rate.value, shape).astype(float)

    def mean(self) -> Float[Array, "..."]:
        return self.rate.value

    def variance(self) -> Float[Array, "..."]:
        return self.rate.value

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """By k·P(Y = k) = mean·P(Y = k - 1)."""
        whole = jnp.ceil(limit)
        moment, reach = (self.log_tails(whole - back)[1] for back in (2, 1))
        return self.rate.value * jnp.exp(moment) - limit * jnp.exp(reach)


@dataclass(frozen=True)
class Poisson(AbstractFamily):
    """Counts of independent events, with their `mean`; the variance is the same."""

    name: ClassVar[str] = "poisson"
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("mean", link.log, "mean count"),)
    support: ClassVar[Support] = COUNTS

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> PoissonDistribution:
        del columns
        return PoissonDistribution(Rate.from_value(parameters["mean"]))

    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> PoissonDistribution:
        del columns
        return PoissonDistribution(Rate.from_log(linked["mean"]))

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        return {"mean": float(max(np.mean(y), 0.5 / len(y)))}
