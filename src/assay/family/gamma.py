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
from assay.family.tail import gamma_quantile, gamma_quantile_upper, log_gamma_tails, stirling

_LOG_HALF = -float(np.log(2.0))
_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))


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
        log_cdf, log_sf = log_gamma_tails(self.shape, jnp.where(inside, y, 1.0) * self.rate)
        return jnp.where(inside, log_cdf, -jnp.inf), jnp.where(inside, log_sf, 0.0)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        log_p, log_q, shape = jnp.broadcast_arrays(log_p, log_q, self.shape)
        lower = log_p < log_q
        below = gamma_quantile(shape, log_p=jnp.where(lower, log_p, _LOG_HALF))
        above = gamma_quantile_upper(shape, log_q=jnp.where(lower, _LOG_HALF, log_q))
        return jnp.where(lower, below, above) / self.rate

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
        """Log density of log y > 0, by deviance: differences of log Γ lose digits at small cv.

        Source: Loader (2000), Fast and accurate computation of binomial probabilities.
        """
        deviance = stirling.excess((y - self.location) / self.location, y / self.location)
        norm = -jnp.log(self.cv) - _HALF_LOG_2PI - stirling.stirling_remainder(self.shape)
        return norm - self.shape * deviance


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
        mean = float(np.mean(y))
        return {"mean": mean, "cv": float(max(np.std(y) / mean, 1e-3))}
