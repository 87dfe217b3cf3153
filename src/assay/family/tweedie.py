"""The Tweedie family: 0 at times, else any positive amount, as for rainfall or claims."""

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
from assay.family.tail import log1mexp
from assay.family.tail.log_quotient import log_quotient
from assay.family.tail.tweedie import tweedie_log_density
from assay.family.tail.tweedie_quantile import tweedie_quantile
from assay.family.tail.tweedie_tails import tweedie_log_tails


def _power(linked: Array) -> Array:
    return 1 + jax.nn.sigmoid(linked)


def _linked_power(power: Array) -> Array:
    return jnp.log(power - 1) - jnp.log(2 - power)


_BETWEEN_1_AND_2 = link.Link("logit of power - 1", _power, _linked_power)


class TweedieDistribution(AbstractDistribution):
    """A Poisson number of events, each with a Gamma size; their sum, which is 0 without any.

    Fields:
        location: mean, in the target's unit.
        dispersion: the variance is dispersion x mean^power.
        w: 2 - power; with it and `q` a power near 1 or 2 keeps its digits.
        q: power - 1.
    """

    is_count: ClassVar[bool] = False
    location: Float[Array, "..."]
    dispersion: Float[Array, "..."]
    w: Float[Array, "..."]
    q: Float[Array, "..."]

    @property
    def strength(self) -> Float[Array, "..."]:
        """One over the squared coefficient of variation."""
        return self.location**self.w / self.dispersion

    @property
    def log_zero(self) -> Float[Array, "..."]:
        """Log P(Y = 0), minus the expected number of events."""
        return -self.strength / self.w

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log density above 0, log mass at 0."""
        positive = y > 0
        safe = jnp.where(positive, y, self.location)
        density = tweedie_log_density(self.strength, self._r(safe), self.w, self.q)
        at_zero = jnp.where(y == 0, self.log_zero, -jnp.inf)
        return jnp.where(positive, density - jnp.log(safe), at_zero)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        positive = y > 0
        safe = jnp.where(positive, y, self.location)
        below, above = tweedie_log_tails(self.strength, self._r(safe), self.w, self.q)
        below = jnp.where(positive, below, jnp.where(y == 0, self.log_zero, -jnp.inf))
        return below, jnp.where(positive, above, jnp.where(y == 0, log1mexp(self.log_zero), 0.0))

    def log_edges(self, limit: Float[Array, "..."]) -> tuple[Array, Array]:
        """Log P(Y < limit) and log P(Y >= limit): at 0 all the mass is at the limit or above."""
        positive = limit > 0
        below, above = self.log_tails(jnp.where(positive, limit, self.location))
        return jnp.where(positive, below, -jnp.inf), jnp.where(positive, above, 0.0)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        log_zero = self.log_zero
        some = jnp.where(log_p < log_q, log_p > log_zero, log_q < log1mexp(log_zero))
        # Half of what is not 0, where the level does not lie there.
        half = log1mexp(log_zero) - np.log(2.0)
        safe_p, safe_q = jnp.where(some, log_p, log1mexp(half)), jnp.where(some, log_q, half)
        r = tweedie_quantile(self.strength, self.w, self.q, safe_p, safe_q)
        return jnp.where(some, self.location * jnp.exp(r), 0.0)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        number, size = jax.random.split(key)
        events = jax.random.poisson(number, -self.log_zero, shape).astype(float)
        shapes = jnp.maximum(events, 1.0) * self.w / self.q
        scale = self.location * self.q / self.strength
        return jnp.where(events > 0, scale * jax.random.gamma(size, shapes, shape), 0.0)

    def mean(self) -> Float[Array, "..."]:
        return jnp.broadcast_arrays(self.location, self.dispersion, self.w)[0]

    def variance(self) -> Float[Array, "..."]:
        return self.location**2 / self.strength

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """By E[(Y - mean); Y > limit] = dispersion x mean^power x the slope of P(Y > limit).

        Source: Jorgensen (1997), The Theory of Dispersion Models, on exponential families.
        """
        safe = jnp.where(limit > 0, limit, self.location)
        ones = jnp.ones_like(safe * self.strength)
        strength, r, w, q = (ones * each for each in (self.strength, self._r(safe), self.w, self.q))

        def log_above(strength: Array, r: Array) -> Array:
            return tweedie_log_tails(strength, r, w, q)[1]

        log_sf, slope = jax.jvp(log_above, (strength, r), (w * strength, -ones))
        above = jnp.exp(log_sf) * (self.location - safe + self.location * slope / strength)
        return jnp.where(limit > 0, above, self.location - limit)

    def _r(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return log_quotient(y, self.location)


@dataclass(frozen=True)
class Tweedie(AbstractFamily):
    """0 or any positive amount, with `mean`, `dispersion` and `power` between 1 and 2."""

    name: ClassVar[str] = "tweedie"
    atom: ClassVar[float | None] = 0.0
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("mean", link.log, "mean, in the target's unit"),
        Parameter("dispersion", link.log, "dispersion; the variance is dispersion x mean^power"),
        Parameter("power", _BETWEEN_1_AND_2, "power: towards 1 many events, towards 2 few zeros"),
    )
    support: ClassVar[Support] = NOT_NEGATIVE

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> TweedieDistribution:
        del columns
        mean, dispersion, power = (jnp.asarray(parameters[each.name]) for each in self.parameters)
        return TweedieDistribution(mean, dispersion, 2 - power, power - 1)

    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> TweedieDistribution:
        del columns
        mean, dispersion = jnp.exp(linked["mean"]), jnp.exp(linked["dispersion"])
        power = linked["power"]
        return TweedieDistribution(mean, dispersion, jax.nn.sigmoid(-power), jax.nn.sigmoid(power))

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        """By moments, with the power that gives 0 its share."""
        del columns
        mean = float(np.mean(y))
        if not mean > 0:
            return {"mean": 0.5 / len(y), "dispersion": 1.0, "power": 1.5}
        spread = float(np.clip(np.var(y / mean), 1e-4, 1e4))
        zeros = float(np.clip(np.mean(y == 0), 0.5 / (len(y) + 1), 1 - 0.5 / (len(y) + 1)))
        power = float(np.clip(2 + 1 / (spread * np.log(zeros)), 1.1, 1.9))
        return {"mean": mean, "dispersion": spread * mean ** (2 - power), "power": power}
