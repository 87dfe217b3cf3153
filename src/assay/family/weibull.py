"""The Weibull family: lifetimes whose hazard rises or falls as a power of age."""

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
from assay.family.support import POSITIVE, Support
from assay.family.tail import log1mexpexp, log_gamma_tails
from assay.family.tail.gumbel import gumbel_quantile
from assay.family.tail.log_gamma_steps import log_gamma_bend, log_gamma_rise
from assay.family.tail.log_quotient import log_quotient, times_exp

_EULER = float(np.euler_gamma)


class WeibullDistribution(AbstractDistribution):
    """Weibull with P(Y > y) = exp(-(y / scale)^shape), `scale` in the target's unit."""

    is_count: ClassVar[bool] = False
    scale: Float[Array, "..."]
    shape: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = y > 0
        safe = jnp.where(inside, y, self.scale)
        log_hazard = self._log_hazard(safe)
        density = log_hazard - jnp.exp(log_hazard) + jnp.log(self.shape) - jnp.log(safe)
        return jnp.where(inside, density, -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        inside = y > 0
        log_hazard = self._log_hazard(jnp.where(inside, y, self.scale))
        log_cdf, log_sf = log1mexpexp(log_hazard), -jnp.exp(log_hazard)
        return jnp.where(inside, log_cdf, -jnp.inf), jnp.where(inside, log_sf, 0.0)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        # The log of the cumulative hazard is a Gumbel variable of minima.
        return times_exp(self.scale, -gumbel_quantile(log_q, log_p) / self.shape)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return times_exp(self.scale, -jax.random.gumbel(key, shape) / self.shape)

    def mean(self) -> Float[Array, "..."]:
        return times_exp(self.scale, log_gamma_rise(jnp.ones_like(self.shape), 1 / self.shape))

    def variance(self) -> Float[Array, "..."]:
        bend = log_gamma_bend(jnp.ones_like(self.shape), 1 / self.shape)
        return self.mean() ** 2 * jnp.expm1(bend)

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """Source: Klugman, Panjer & Willmot (2012), Loss Models, appendix A.3.2.3."""
        inside = limit > 0
        log_hazard = self._log_hazard(jnp.where(inside, limit, self.scale))
        above = log_gamma_tails(1 / self.shape, jnp.exp(log_hazard))[1]
        return jnp.where(inside, times_exp(self.mean(), above), self.mean() - limit)

    def _log_hazard(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log of the cumulative hazard up to y > 0."""
        return self.shape * log_quotient(y, self.scale)


@dataclass(frozen=True)
class Weibull(AbstractFamily):
    """Lifetimes, with their `scale` (63 % fall below it) and `shape` (above 1: wearing out).

    A predictor of `scale` is the accelerated failure time model: log(time) is the predictor plus
    an error over `shape`, so that a coefficient of 0.1 makes lifetimes about 10 % longer.
    """

    name: ClassVar[str] = "weibull"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("scale", link.log, "63rd percentile, in the target's unit"),
        Parameter("shape", link.log, "shape; the hazard rises above 1 and falls below"),
    )
    support: ClassVar[Support] = POSITIVE

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> WeibullDistribution:
        del columns
        return WeibullDistribution(
            jnp.asarray(parameters["scale"]), jnp.asarray(parameters["shape"])
        )

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        logs = np.log(y)
        shape = float(np.pi / np.sqrt(6) / max(spread(logs), 1e-2))
        return {"scale": float(np.exp(logs.mean() + _EULER / shape)), "shape": shape}
