"""The generalised Poisson family: counts whose events bring about more of their kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.step import between_whole, step_quantile
from assay.family.support import COUNTS, Support
from assay.family.tail.chance import Chance, Rate
from assay.family.tail.generalized_poisson import (
    generalized_poisson_excess,
    generalized_poisson_log_mass,
    generalized_poisson_log_tails,
)


class GeneralizedPoissonDistribution(AbstractDistribution):
    """Counts with mean `rate` and variance rate / (1 - dispersion)².

    Fields:
        rate: mean count.
        dispersion: how many further events each event brings about on average, 0 to 1.
    """

    is_count: ClassVar[bool] = True
    rate: Rate
    dispersion: Chance

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = (y >= 0) & (y == jnp.floor(y)) & (y < jnp.inf)
        safe = jnp.where(inside, y, 0.0)
        value = generalized_poisson_log_mass(safe, self.rate, self.dispersion)
        return jnp.where(inside, value, -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return generalized_poisson_log_tails(y, self.rate, self.dispersion)

    def smooth_log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return between_whole(self.log_tails, y)

    def next_log_prob(
        self, k: Float[Array, "..."], log_prob: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        lam = self.dispersion.yes
        intensity = self.rate.value * self.dispersion.no + lam * k
        grown = k * jnp.log1p(lam / intensity) - lam
        return log_prob + (grown + jnp.log(intensity / (k + 1)))

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return step_quantile(self.log_tails, log_p, log_q, self.mean(), self.variance())

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        """Generation by generation: each event brings about a Poisson number of further ones.

        Source: Consul & Jain (1973); the total progeny of a branching process.
        """
        first, rest = jax.random.split(key)
        begun = jax.random.poisson(first, self.rate.value * self.dispersion.no, shape)

        def advance(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            key, latest, total = state
            now, later = jax.random.split(key)
            born = jax.random.poisson(now, self.dispersion.yes * latest, shape).astype(float)
            return later, born, total + born

        start = rest, begun.astype(float), begun.astype(float)
        return lax.while_loop(lambda state: jnp.any(state[1] > 0), advance, start)[2]

    def mean(self) -> Float[Array, "..."]:
        return jnp.broadcast_arrays(self.rate.value, self.dispersion.no)[0]

    def variance(self) -> Float[Array, "..."]:
        return self.rate.value / self.dispersion.no**2

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        return generalized_poisson_excess(limit, self.rate, self.dispersion)


@dataclass(frozen=True)
class GeneralizedPoisson(AbstractFamily):
    """Counts with `mean` and `dispersion`, from 0 (Poisson) towards 1; never below a Poisson's.

    With a negative dispersion the masses would end at a count that moves with the parameters, and
    would not add up to one: that half of the published family is left out.
    """

    name: ClassVar[str] = "generalized-poisson"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("mean", link.log, "mean count"),
        Parameter(
            "dispersion",
            link.logit,
            "events that one event brings about; the variance is mean / (1 - dispersion)²",
        ),
    )
    support: ClassVar[Support] = COUNTS

    def bind(
        self, parameters: Mapping[str, Array], columns: Columns
    ) -> GeneralizedPoissonDistribution:
        del columns
        dispersion = Chance.from_probability(parameters["dispersion"])
        return GeneralizedPoissonDistribution(Rate.from_value(parameters["mean"]), dispersion)

    def from_linked(
        self, linked: Mapping[str, Array], columns: Columns
    ) -> GeneralizedPoissonDistribution:
        del columns
        dispersion = Chance.from_logits(linked["dispersion"])
        return GeneralizedPoissonDistribution(Rate.from_log(linked["mean"]), dispersion)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        mean = float(max(np.mean(y), 0.5 / len(y)))
        spread = float(np.var(y))
        dispersion = 1 - np.sqrt(mean / spread) if spread > mean else 0.0
        return {"mean": mean, "dispersion": float(np.clip(dispersion, 0.05, 0.95))}
