"""The Pareto family: a power law from a known least value on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.errors import ConfigError
from assay.family import link
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.exponential import hazard_at
from assay.family.support import Support
from assay.family.tail import log1mexpexp
from assay.family.tail.log_quotient import log_quotient, times_exp

_STEEPEST = 1e3


class ParetoDistribution(AbstractDistribution):
    """Pareto with P(Y > y) = (minimum / y)^tail, `minimum` in the target's unit."""

    is_count: ClassVar[bool] = False
    tail: Float[Array, "..."]
    minimum: float = eqx.field(static=True)

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = y >= self.minimum
        safe = jnp.where(inside, y, self.minimum)
        growth = log_quotient(safe, self.minimum)
        density = jnp.log(self.tail) - jnp.log(safe) - self.tail * growth
        return jnp.where(inside, density, -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        inside = y > self.minimum
        growth = log_quotient(jnp.where(inside, y, 2 * self.minimum), self.minimum)
        log_cdf = log1mexpexp(jnp.log(self.tail) + jnp.log(growth))
        return jnp.where(inside, log_cdf, -jnp.inf), jnp.where(inside, -self.tail * growth, 0.0)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self._at(hazard_at(log_p, log_q))

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return self._at(jax.random.exponential(key, shape))

    def mean(self) -> Float[Array, "..."]:
        finite = self.minimum * (self.tail / _above(self.tail, 1))
        return jnp.where(self.tail > 1, finite, jnp.inf)

    def variance(self) -> Float[Array, "..."]:
        ratio = self.tail / _above(self.tail, 2)
        finite = (self.minimum / _above(self.tail, 1)) ** 2 * ratio
        return jnp.where(self.tail > 2, finite, jnp.inf)

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """Source: Klugman, Panjer & Willmot (2012), Loss Models, appendix A.4.1.4."""
        least = jnp.maximum(limit, self.minimum)
        log_sf = -self.tail * log_quotient(least, self.minimum)
        above = least / _above(self.tail, 1) * jnp.exp(log_sf)
        return jnp.where(self.tail > 1, above + (least - limit), jnp.inf)

    def _at(self, hazard: Float[Array, "..."]) -> Float[Array, "..."]:
        return times_exp(jnp.asarray(self.minimum), hazard / self.tail)


def _above(tail: Array, least: float) -> Array:
    """How far the tail's power is above `least`; 1 where it is not."""
    return jnp.where(tail > least, tail - least, 1.0)


@dataclass(frozen=True)
class Pareto(AbstractFamily):
    """Values from a known `minimum` on that follow a power law, with the tail's power, `tail`.

    Incomes above a threshold, sizes of cities and files. The mean is infinite from `tail` 1 down,
    the variance from 2 down. `Lomax` is the family that starts at 0.

    Args:
        minimum: the least value that can be, above 0, in the target's unit.

    Raises:
        ConfigError: `minimum` is not a positive finite number.
    """

    name: ClassVar[str] = "pareto"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("tail", link.log, "power of the upper tail; moments below it exist"),
    )
    minimum: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.minimum < np.inf:  # written so that nan is refused too
            raise ConfigError(
                f"pareto: `minimum` is {self.minimum}, must be above 0 and finite. Give the least "
                "value that can be recorded; for values from 0 on take `lomax`."
            )

    @property
    def support(self) -> Support:  # pyright: ignore[reportIncompatibleVariableOverride]
        """From `minimum` on."""
        return Support(f"{self.minimum:g} or above", lower=float(self.minimum))

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> ParetoDistribution:
        del columns
        return ParetoDistribution(jnp.asarray(parameters["tail"]), float(self.minimum))

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        """By maximum likelihood: one over the mean of log(y / minimum)."""
        del columns
        growth = float(np.mean(np.log(np.maximum(y, self.minimum)) - np.log(self.minimum)))
        return {"tail": 1 / max(growth, 1 / _STEEPEST)}
