"""The negative binomial family: counts that vary more than a Poisson's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import (
    AbstractDistribution,
    AbstractFamily,
    Columns,
    Parameter,
    step_quantile,
    through_links,
)
from assay.family.support import COUNTS, Support
from assay.family.tail import negative_binomial_log_tails


class NegativeBinomialDistribution(AbstractDistribution):
    """Counts with mean `location` and `size`; the variance is mean + mean² / size."""

    is_count: ClassVar[bool] = True
    location: Float[Array, "..."]
    size: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = (y >= 0) & (y == jnp.floor(y))
        safe = jnp.where(inside, y, 0.0)
        value = dist.NegativeBinomial2(self.location, self.size).log_prob(safe)
        return jnp.where(inside, value, -jnp.inf)

    def log_cdf(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return negative_binomial_log_tails(jnp.floor(y), self.location, self.size)[0]

    def log_sf(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return negative_binomial_log_tails(jnp.floor(y), self.location, self.size)[1]

    def quantile(self, level: Float[Array, "..."]) -> Float[Array, "..."]:
        return step_quantile(self, level)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        batch = jnp.broadcast_shapes(self.location.shape, self.size.shape)
        base = dist.NegativeBinomial2(self.location, self.size)
        return base.sample(key, shape[: len(shape) - len(batch)]).astype(float)

    def mean(self) -> Float[Array, "..."]:
        return jnp.broadcast_arrays(self.location, self.size)[0]

    def variance(self) -> Float[Array, "..."]:
        return self.location + self.location**2 / self.size

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """By k·P(Y = k) = mean·P(Y' = k - 1), where Y' has size + 1 and the same odds."""
        whole = jnp.ceil(limit)
        heavier = self.location * (self.size + 1) / self.size
        moment = negative_binomial_log_tails(whole - 2, heavier, self.size + 1)[1]
        reach = negative_binomial_log_tails(whole - 1, self.location, self.size)[1]
        return self.location * jnp.exp(moment) - limit * jnp.exp(reach)


@dataclass(frozen=True)
class NegativeBinomial(AbstractFamily):
    """Counts, with `mean` and `size` (the smaller, the more they vary)."""

    name: ClassVar[str] = "negative-binomial"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("mean", link.log, "mean count"),
        Parameter("size", link.log, "size; the variance is mean + mean² / size"),
    )
    support: ClassVar[Support] = COUNTS

    def bind(
        self, parameters: Mapping[str, Array], columns: Columns
    ) -> NegativeBinomialDistribution:
        del columns
        mean, size = jnp.asarray(parameters["mean"]), jnp.asarray(parameters["size"])
        return NegativeBinomialDistribution(mean, size)

    def from_linked(
        self, linked: Mapping[str, Array], columns: Columns
    ) -> NegativeBinomialDistribution:
        return self.bind(through_links(self.parameters, linked), columns)

    def start(self, y: np.ndarray) -> dict[str, float]:
        mean = float(max(np.mean(y), 0.5 / len(y)))
        surplus = float(np.var(y)) - mean
        size = mean**2 / surplus if surplus > 0 else 100.0
        return {"mean": mean, "size": float(np.clip(size, 0.05, 1000.0))}
