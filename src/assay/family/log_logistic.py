"""The log-logistic family: lifetimes whose odds of being over grow as a power of age."""

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
from assay.family.tail.beta_odds import log_beta_tails_odds
from assay.family.tail.log_gamma_steps import log_gamma_bend, log_gamma_rise
from assay.family.tail.log_quotient import log_quotient, times_exp
from assay.family.tail.logistic import log_expit


class LogLogisticDistribution(AbstractDistribution):
    """Log-logistic with `median` in the target's unit; Y <= y has odds (y / median)^shape."""

    is_count: ClassVar[bool] = False
    median: Float[Array, "..."]
    shape: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = y > 0
        safe = jnp.where(inside, y, self.median)
        odds = self._log_odds(safe)
        density = log_expit(odds) + log_expit(-odds) + jnp.log(self.shape) - jnp.log(safe)
        return jnp.where(inside, density, -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        inside = y > 0
        odds = self._log_odds(jnp.where(inside, y, self.median))
        log_cdf, log_sf = log_expit(odds), log_expit(-odds)
        return jnp.where(inside, log_cdf, -jnp.inf), jnp.where(inside, log_sf, 0.0)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return times_exp(self.median, (log_p - log_q) / self.shape)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return times_exp(self.median, jax.random.logistic(key, shape) / self.shape)

    def mean(self) -> Float[Array, "..."]:
        exists = self.shape > 1
        share = 1 / jnp.where(exists, self.shape, 2.0)
        one = jnp.ones_like(share)
        rise = log_gamma_rise(one, share) + log_gamma_rise(one, -share)
        return jnp.where(exists, times_exp(self.median, rise), jnp.inf)

    def variance(self) -> Float[Array, "..."]:
        exists = self.shape > 2
        share = 1 / jnp.where(exists, self.shape, 3.0)
        one = jnp.ones_like(share)
        bend = log_gamma_bend(one, share) + log_gamma_bend(one, -share)
        return jnp.where(exists, self.mean() ** 2 * jnp.expm1(bend), jnp.inf)

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """The integral of the upper tail, an incomplete beta function; inf where the mean is.

        Source: DLMF 8.17.1, with t the lower tail.
        """
        exists, inside = self.shape > 1, limit > 0
        share = 1 / jnp.where(exists, self.shape, 2.0)
        odds = self._log_odds(jnp.where(inside, limit, self.median))
        above = log_beta_tails_odds(share, 1 - share, odds)[1]
        mean = self.mean()
        finite = jnp.where(exists, mean, 1.0)
        found = jnp.where(inside, times_exp(finite, above), finite - limit)
        return jnp.where(exists, found, jnp.inf)

    def _log_odds(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log-odds of Y <= y, for y > 0."""
        return self.shape * log_quotient(y, self.median)


@dataclass(frozen=True)
class LogLogistic(AbstractFamily):
    """Lifetimes with heavy tails, with their `median` and `shape` (the larger, the narrower).

    The logarithm is logistic. The mean is infinite from `shape` 1 down, the variance from 2 down.
    """

    name: ClassVar[str] = "log-logistic"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("median", link.log, "median, in the target's unit"),
        Parameter("shape", link.log, "shape; both tails fall as this power of y"),
    )
    support: ClassVar[Support] = POSITIVE

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> LogLogisticDistribution:
        del columns
        median, shape = jnp.asarray(parameters["median"]), jnp.asarray(parameters["shape"])
        return LogLogisticDistribution(median, shape)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        logs = np.log(y)
        shape = float(np.pi / np.sqrt(3) / max(spread(logs), 1e-2))
        return {"median": float(np.exp(np.median(logs))), "shape": shape}
