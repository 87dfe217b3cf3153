"""The log-normal family: positive values whose errors are relative."""

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
)
from assay.family.normal import standard_quantile
from assay.family.support import POSITIVE, Support
from assay.family.tail import log_ndtr


class LogNormalDistribution(AbstractDistribution):
    """Log-normal with `median` in the target's unit and `sigma`, the sd of the logarithm."""

    is_count: ClassVar[bool] = False
    median: Float[Array, "..."]
    sigma: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        safe = jnp.where(y > 0, y, 1.0)
        inside = dist.LogNormal(jnp.log(self.median), self.sigma).log_prob(safe)
        return jnp.where(y > 0, inside, -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        z, inside = self._z(y), y > 0
        below, above = jnp.where(inside, log_ndtr(z), -jnp.inf), jnp.where(inside, log_ndtr(-z), 0)
        return below, above

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self.median * jnp.exp(self.sigma * standard_quantile(log_p, log_q))

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        batch = jnp.broadcast_shapes(self.median.shape, self.sigma.shape)
        base = dist.LogNormal(jnp.log(self.median), self.sigma)
        return base.sample(key, shape[: len(shape) - len(batch)])

    def mean(self) -> Float[Array, "..."]:
        return self.median * jnp.exp(self.sigma**2 / 2)

    def variance(self) -> Float[Array, "..."]:
        return self.mean() ** 2 * jnp.expm1(self.sigma**2)

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """Source: Black & Scholes (1973), the undiscounted price of a call."""
        z = self._z(limit)
        above = self.mean() * jnp.exp(log_ndtr(self.sigma - z)) - limit * jnp.exp(log_ndtr(-z))
        return jnp.where(limit > 0, above, self.mean() - limit)

    def _z(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return (jnp.log(jnp.where(y > 0, y, 1.0)) - jnp.log(self.median)) / self.sigma


@dataclass(frozen=True)
class LogNormal(AbstractFamily):
    """Positive values, with their `median` and the sd of their logarithm, `sigma`."""

    name: ClassVar[str] = "log-normal"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("median", link.log, "median, in the target's unit"),
        Parameter("sigma", link.log, "standard deviation of the logarithm"),
    )
    support: ClassVar[Support] = POSITIVE

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> LogNormalDistribution:
        del columns
        median, sigma = jnp.asarray(parameters["median"]), jnp.asarray(parameters["sigma"])
        return LogNormalDistribution(median, sigma)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        logs = np.log(y)
        return {"median": float(np.exp(logs.mean())), "sigma": float(max(logs.std(), 1e-3))}
