"""The negative binomial family: counts that vary more than a Poisson's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
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
)
from assay.family.step import step_quantile
from assay.family.support import COUNTS, Support
from assay.family.tail import log_beta_tails, negative_binomial_log_tails
from assay.family.tail.beta_integral import log_beta_kernel
from assay.family.tail.chance import Rate
from assay.family.tail.differences import digamma_gap_drop, shortfall


class NegativeBinomialDistribution(AbstractDistribution):
    """Counts with mean `rate` and `size`; the variance is mean + mean² / size."""

    is_count: ClassVar[bool] = True
    rate: Rate
    size: Float[Array, "..."]

    @property
    def location(self) -> Float[Array, "..."]:
        """Mean count."""
        return self.rate.value

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = (y >= 0) & (y == jnp.floor(y)) & (y < jnp.inf)
        k, _, size = jnp.broadcast_arrays(jnp.where(inside, y, 0.0), self.rate.value, self.size)
        value = _log_mass(jax.lax.stop_gradient(k), self.rate.broadcast(k.shape), size)
        return jnp.where(inside, value, -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return negative_binomial_log_tails(y, self.rate, self.size)

    def smooth_log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        reach = self.location + self.size
        low, high = self.size / reach, self.location / reach
        above, up_to = log_beta_tails(y + 1, self.size, high, low)
        return up_to, above

    def next_log_prob(
        self, k: Float[Array, "..."], log_prob: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        share = self.rate.log - jnp.log(self.location + self.size)
        return log_prob + (share + jnp.log((k + self.size) / (k + 1)))

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return step_quantile(self.log_tails, log_p, log_q, self.mean(), self.variance())

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
        reach = negative_binomial_log_tails(whole - 1, self.rate, self.size)[1]
        return self.location * jnp.exp(moment) - limit * jnp.exp(reach)


@jax.custom_jvp
def _log_mass(k: Array, rate: Rate, size: Array) -> Array:
    """Log P(Y = k) by deviance: differences of log Γ lose all digits at a large size.

    Source: Loader (2000), Fast and accurate computation of binomial probabilities.
    """
    mean, at = rate.value, jnp.maximum(k, 1.0)
    total, reach = at + size, mean + size
    away = size / reach * (mean - at)
    ratio = total / reach
    some = log_beta_kernel(at, size, away, mean / at * ratio, ratio) - jnp.log(at)
    return jnp.where(k == 0, -size * jnp.log1p(mean / size), some)


@_log_mass.defjvp
def _log_mass_jvp(
    primals: tuple[Array, Rate, Array], tangents: tuple[Array, Rate, Array]
) -> tuple[Array, Array]:
    (k, rate, size), (_, to_rate, to_size) = primals, tangents
    mean = rate.value
    # Written so that its derivative in the size is no difference where the size is large.
    by_log_mean = (k - mean) / (1 + mean / size)
    by_size = digamma_gap_drop(size, k) - shortfall((mean - k) / (size + k))
    return _log_mass(k, rate, size), by_log_mean * to_rate.log + by_size * to_size


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
        size = jnp.asarray(parameters["size"], dtype=float)
        return NegativeBinomialDistribution(Rate.from_value(parameters["mean"]), size)

    def from_linked(
        self, linked: Mapping[str, Array], columns: Columns
    ) -> NegativeBinomialDistribution:
        del columns
        size = jnp.exp(linked["size"])
        return NegativeBinomialDistribution(Rate.from_log(linked["mean"]), size)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        mean = float(max(np.mean(y), 0.5 / len(y)))
        surplus = float(np.var(y)) - mean
        size = mean**2 / surplus if surplus > 0 else 100.0
        return {"mean": mean, "size": float(np.clip(size, 0.05, 1000.0))}
