"""The Normal family: any real number, errors of one size."""

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
from assay.family.support import REAL, Support
from assay.family.tail import log_ndtr, log_ndtri


class NormalDistribution(AbstractDistribution):
    """Normal with `mean` and standard deviation `sd`, both in the target's unit."""

    is_count: ClassVar[bool] = False
    location: Float[Array, "..."]
    sd: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return jnp.asarray(dist.Normal(self.location, self.sd).log_prob(y))

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        z = (y - self.location) / self.sd
        return log_ndtr(z), log_ndtr(-z)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self.location + self.sd * standard_quantile(log_p, log_q)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        batch = jnp.broadcast_shapes(self.location.shape, self.sd.shape)
        return dist.Normal(self.location, self.sd).sample(key, shape[: len(shape) - len(batch)])

    def mean(self) -> Float[Array, "..."]:
        return jnp.broadcast_arrays(self.location, self.sd)[0]

    def variance(self) -> Float[Array, "..."]:
        return jnp.broadcast_arrays(self.location, self.sd)[1] ** 2

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """Source: Winkler, Roodman & Britney (1972), partial moments of the Normal."""
        z = (limit - self.location) / self.sd
        density = jnp.exp(-0.5 * z**2) / jnp.sqrt(2 * jnp.pi)
        return self.sd * (density - z * jnp.exp(log_ndtr(-z)))


def standard_quantile(
    log_p: Float[Array, "..."], log_q: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Quantile of the standard Normal from the logs of its tails, solved in the smaller one."""
    lower = log_p < log_q
    z = log_ndtri(jnp.where(lower, log_p, log_q))
    return jnp.where(lower, z, -z)


@dataclass(frozen=True)
class Normal(AbstractFamily):
    """Any real number, with `mean` and `sd` in the target's unit."""

    name: ClassVar[str] = "normal"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("mean", link.identity, "mean, in the target's unit"),
        Parameter("sd", link.log, "standard deviation, in the target's unit"),
    )
    support: ClassVar[Support] = REAL

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> NormalDistribution:
        del columns
        return NormalDistribution(jnp.asarray(parameters["mean"]), jnp.asarray(parameters["sd"]))

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        return {"mean": float(np.mean(y)), "sd": float(max(np.std(y), 1e-6 * (1 + np.ptp(y))))}
