"""The generalised beta family of the second kind: positive values, four shapes of tail."""

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
from assay.family.tail.beta_odds import log_beta_density_odds, log_beta_tails_odds
from assay.family.tail.beta_quantile import beta_quantile_odds
from assay.family.tail.log_gamma_steps import log_gamma_bend, log_gamma_rise
from assay.family.tail.log_quotient import log_quotient, times_exp


class GB2Distribution(AbstractDistribution):
    """Generalised beta of the second kind: (Y / scale)^power is the odds of a Beta(p, q) variable.

    Fields:
        scale: in the target's unit.
        power: the larger, the narrower; below y the tail falls as y^(power p), above as
            y^(-power q).
        p, q: shapes of the lower and the upper tail.
    """

    is_count: ClassVar[bool] = False
    scale: Float[Array, "..."]
    power: Float[Array, "..."]
    p: Float[Array, "..."]
    q: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = y > 0
        safe = jnp.where(inside, y, self.scale)
        kernel = log_beta_density_odds(self.p, self.q, self._log_odds(safe))
        return jnp.where(inside, kernel + jnp.log(self.power) - jnp.log(safe), -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        inside = y > 0
        odds = self._log_odds(jnp.where(inside, y, self.scale))
        log_cdf, log_sf = log_beta_tails_odds(self.p, self.q, odds)
        return jnp.where(inside, log_cdf, -jnp.inf), jnp.where(inside, log_sf, 0.0)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return times_exp(self.scale, beta_quantile_odds(self.p, self.q, log_p, log_q) / self.power)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        one, two = jax.random.split(key)
        # Logs of gamma variables: a small shape would underflow.
        above = jax.random.loggamma(one, jnp.broadcast_to(self.p, shape))
        below = jax.random.loggamma(two, jnp.broadcast_to(self.q, shape))
        return times_exp(self.scale, (above - below) / self.power)

    def mean(self) -> Float[Array, "..."]:
        """Source: McDonald (1984), Econometrica 52(3), table I."""
        exists, step = self._step(1)
        q = jnp.where(exists, self.q, 1.0)
        rise = log_gamma_rise(self.p, step) + log_gamma_rise(q, -step)
        return jnp.where(exists, times_exp(self.scale, rise), jnp.inf)

    def variance(self) -> Float[Array, "..."]:
        exists, step = self._step(2)
        q = jnp.where(exists, self.q, 1.0)
        bend = log_gamma_bend(self.p, step) + log_gamma_bend(q, -step)
        return jnp.where(exists, self.mean() ** 2 * jnp.expm1(bend), jnp.inf)

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """E max(Y - limit, 0): Y times its density is again a density of the same kind.

        Source: McDonald (1984), Econometrica 52(3), table I.
        """
        (exists, step), inside = self._step(1), limit > 0
        q = jnp.where(exists, self.q, 1.0)
        odds = self._log_odds(jnp.where(inside, limit, self.scale))
        weighted = log_beta_tails_odds(self.p + step, q - step, odds)[1]
        reached = log_beta_tails_odds(self.p, q, odds)[1]
        mean = jnp.where(exists, self.mean(), 1.0)
        above = times_exp(mean, weighted) - times_exp(jnp.where(inside, limit, 0.0), reached)
        found = jnp.where(inside, jnp.maximum(above, 0.0), mean - limit)
        return jnp.where(exists, found, jnp.inf)

    def _log_odds(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log-odds of the beta variable at y > 0; neither it nor its complement is formed."""
        return self.power * log_quotient(y, self.scale)

    def _step(self, order: int) -> tuple[Array, Array]:
        """Whether the moment of this order is finite, and 1 / power (safe where it is not)."""
        exists = self.power * self.q > order
        return exists, 1 / jnp.where(exists, self.power, 2.0 * order)


@dataclass(frozen=True)
class GB2(AbstractFamily):
    """Positive values with freely shaped tails, with `scale`, `power`, `p` and `q`.

    Half the families of the positive half line are special cases: log-logistic (p = q = 1), Burr
    (p = 1), Dagum (q = 1), Lomax (power = p = 1), beta prime (power = 1); as q grows and `scale`
    with its power-th root, generalised Gamma, and with it Gamma and Weibull; as both grow and
    `power` falls, log-normal. The mean is infinite unless power · q > 1, the variance unless it
    is above 2. On few rows the four are hardly told apart: fix some, or give them priors.

    Source: McDonald (1984), Some Generalized Functions for the Size Distribution of Income,
        Econometrica 52(3).
    """

    name: ClassVar[str] = "gb2"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("scale", link.log, "scale, in the target's unit"),
        Parameter("power", link.log, "power; the larger, the narrower"),
        Parameter("p", link.log, "shape of the lower tail, which falls as y^(power p)"),
        Parameter("q", link.log, "shape of the upper tail, which falls as y^(-power q)"),
    )
    support: ClassVar[Support] = POSITIVE

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> GB2Distribution:
        del columns
        names = (each.name for each in self.parameters)
        return GB2Distribution(*(jnp.asarray(parameters[name]) for name in names))

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        """The log-logistic with the same median and spread of the logarithm."""
        del columns
        logs = np.log(y)
        power = float(np.pi / np.sqrt(3) / max(spread(logs), 1e-2))
        return {"scale": float(np.exp(np.median(logs))), "power": power, "p": 1.0, "q": 1.0}
