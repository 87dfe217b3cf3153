"""The Exponential family: waiting times that do not age."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.support import NOT_NEGATIVE, Support
from assay.family.tail import log1mexp, log1mexpexp
from assay.family.tail.log_quotient import log_quotient


class ExponentialDistribution(AbstractDistribution):
    """Exponential with mean `location`, in the target's unit."""

    is_count: ClassVar[bool] = False
    location: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = y >= 0
        safe = jnp.where(inside, y, 0.0)
        return jnp.where(inside, -safe / self.location - jnp.log(self.location), -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        inside = y > 0
        safe = jnp.where(inside, y, self.location)
        log_cdf = log1mexpexp(log_quotient(safe, self.location))
        return jnp.where(inside, log_cdf, -jnp.inf), jnp.where(inside, -safe / self.location, 0.0)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self.location * hazard_at(log_p, log_q)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return self.location * jax.random.exponential(key, shape)

    def mean(self) -> Float[Array, "..."]:
        return self.location

    def variance(self) -> Float[Array, "..."]:
        return self.location**2

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        reached = self.location * jnp.exp(-jnp.maximum(limit, 0.0) / self.location)
        return reached - jnp.minimum(limit, 0.0)


def hazard_at(log_p: Float[Array, "..."], log_q: Float[Array, "..."]) -> Float[Array, "..."]:
    """Quantile of the Exponential with mean 1, minus the log of the upper tail.

    Args:
        log_p: log of the lower tail; used where it is the smaller one.
        log_q: log of the upper tail.
    """
    lower = log_p < log_q
    below = log1mexp(jnp.where(lower, log_p, -1.0))
    return -jnp.where(lower, below, jnp.where(lower, -1.0, log_q))


@dataclass(frozen=True)
class Exponential(AbstractFamily):
    """Waiting times whose hazard does not change, with their `mean`."""

    name: ClassVar[str] = "exponential"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("mean", link.log, "mean, in the target's unit"),
    )
    support: ClassVar[Support] = NOT_NEGATIVE

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> ExponentialDistribution:
        del columns
        return ExponentialDistribution(jnp.asarray(parameters["mean"]))

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        return {"mean": safe_mean(y)}


def safe_mean(y: np.ndarray) -> float:
    """Mean of values from 0 on; 1 where all are 0. Values near the largest float do not overflow.

    Args:
        y: recorded values, (rows,).
    """
    size = float(np.max(y))
    return float(np.mean(y / size)) * size if size > 0 else 1.0
