"""The Gamma family: positive values whose errors grow with the mean."""

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
from assay.family.support import POSITIVE, Support
from assay.family.tail.gamma_ratio import (
    gamma_quantile_ratio,
    log_gamma_density_ratio,
    log_gamma_tails_ratio,
)
from assay.family.tail.log_quotient import log_quotient, times_exp


class GammaDistribution(AbstractDistribution):
    """Gamma with mean `location` in the target's unit and coefficient of variation `cv`."""

    is_count: ClassVar[bool] = False
    location: Float[Array, "..."]
    cv: Float[Array, "..."]

    @property
    def shape(self) -> Float[Array, "..."]:
        """Shape parameter, 1 / cv²."""
        return self.cv**-2

    @property
    def rate(self) -> Float[Array, "..."]:
        """Rate, per unit of the target."""
        return self.shape / self.location

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = y > 0
        safe = jnp.where(inside, y, self.location)
        return jnp.where(inside, self._log_kernel(safe) - jnp.log(safe), -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        inside = y > 0
        ratio = log_quotient(jnp.where(inside, y, self.location), self.location)
        log_cdf, log_sf = log_gamma_tails_ratio(self.shape, ratio)
        return jnp.where(inside, log_cdf, -jnp.inf), jnp.where(inside, log_sf, 0.0)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return times_exp(self.location, gamma_quantile_ratio(self.shape, log_p, log_q))

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        batch = jnp.broadcast_shapes(self.location.shape, self.cv.shape)
        return dist.Gamma(self.shape, self.rate).sample(key, shape[: len(shape) - len(batch)])

    def mean(self) -> Float[Array, "..."]:
        return jnp.broadcast_arrays(self.location, self.cv)[0]

    def variance(self) -> Float[Array, "..."]:
        return (self.location * self.cv) ** 2

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """Source: Klugman, Panjer & Willmot (2012), Loss Models, appendix A; DLMF 8.8.6."""
        safe = jnp.where(limit > 0, limit, self.location)
        edge = self.cv**2 * jnp.exp(self._log_kernel(safe))
        above = (self.location - safe) * jnp.exp(self.log_sf(safe)) + self.location * edge
        return jnp.where(limit > 0, above, self.location - limit)

    def _log_kernel(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log density of log y, for y > 0."""
        return log_gamma_density_ratio(self.shape, log_quotient(y, self.location))


@dataclass(frozen=True)
class Gamma(AbstractFamily):
    """Positive values, with `mean` and `cv` (standard deviation over mean)."""

    name: ClassVar[str] = "gamma"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("mean", link.log, "mean, in the target's unit"),
        Parameter("cv", link.log, "coefficient of variation, sd / mean"),
    )
    support: ClassVar[Support] = POSITIVE

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> GammaDistribution:
        del columns
        return GammaDistribution(jnp.asarray(parameters["mean"]), jnp.asarray(parameters["cv"]))

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        size = float(np.max(y))  # squares of the largest floats would overflow
        mean, sd = float(np.mean(y / size)), float(np.std(y / size))
        return {"mean": mean * size, "cv": max(sd / mean, 1e-3)}
