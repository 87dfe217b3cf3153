"""The Logistic family: any real number, tails heavier than the Normal's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.spread import spread
from assay.family.support import REAL, Support
from assay.family.tail.logistic import log_expit


class LogisticDistribution(AbstractDistribution):
    """Logistic with mean `location` and `scale`, both in the target's unit."""

    is_count: ClassVar[bool] = False
    location: Float[Array, "..."]
    scale: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        log_cdf, log_sf = self.log_tails(y)
        return log_cdf + log_sf - jnp.log(self.scale)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        z = (y - self.location) / self.scale
        return log_expit(z), log_expit(-z)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self.location + self.scale * (log_p - log_q)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return self.location + self.scale * jax.random.logistic(key, shape)

    def mean(self) -> Float[Array, "..."]:
        return jnp.broadcast_arrays(self.location, self.scale)[0]

    def variance(self) -> Float[Array, "..."]:
        return (jnp.broadcast_arrays(self.location, self.scale)[1] * jnp.pi) ** 2 / 3

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """The integral of the upper tail, scale · log(1 + exp(-z))."""
        return -self.scale * log_expit((limit - self.location) / self.scale)


@dataclass(frozen=True)
class Logistic(AbstractFamily):
    """Any real number, with `mean` and `scale`; the standard deviation is 1.814 scales."""

    name: ClassVar[str] = "logistic"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("mean", link.identity, "mean, in the target's unit"),
        Parameter("scale", link.log, "scale, sd · √3 / π, in the target's unit"),
    )
    support: ClassVar[Support] = REAL

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> LogisticDistribution:
        del columns
        return LogisticDistribution(
            jnp.asarray(parameters["mean"]), jnp.asarray(parameters["scale"])
        )

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        return {"mean": float(np.median(y)), "scale": spread(y) * float(np.sqrt(3)) / np.pi}
