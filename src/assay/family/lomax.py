"""The Lomax family: values from 0 on with a power law in the tail."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.exponential import hazard_at, safe_mean
from assay.family.support import NOT_NEGATIVE, Support
from assay.family.tail import log1mexpexp
from assay.family.tail.log_quotient import log1p_quotient, log_log1p_quotient

_FLATTEST, _STEEPEST = 1.2, 20.0
_HUGEST = 1e300


class LomaxDistribution(AbstractDistribution):
    """Lomax with P(Y > y) = (1 + y / scale)^-tail, `scale` in the target's unit."""

    is_count: ClassVar[bool] = False
    scale: Float[Array, "..."]
    tail: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = y >= 0
        growth = log1p_quotient(jnp.where(inside, y, 0.0), self.scale)
        density = jnp.log(self.tail) - jnp.log(self.scale) - (self.tail + 1) * growth
        return jnp.where(inside, density, -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        inside = y > 0
        safe = jnp.where(inside, y, self.scale)
        log_sf = -self.tail * log1p_quotient(safe, self.scale)
        log_cdf = log1mexpexp(jnp.log(self.tail) + log_log1p_quotient(safe, self.scale))
        return jnp.where(inside, log_cdf, -jnp.inf), jnp.where(inside, log_sf, 0.0)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self._at(hazard_at(log_p, log_q))

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return self._at(jax.random.exponential(key, shape))

    def mean(self) -> Float[Array, "..."]:
        return jnp.where(self.tail > 1, self.scale / _above(self.tail, 1), jnp.inf)

    def variance(self) -> Float[Array, "..."]:
        ratio = self.tail / _above(self.tail, 2)
        return jnp.where(self.tail > 2, self.mean() ** 2 * ratio, jnp.inf)

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """Above a limit a Lomax variable is one again, with a larger scale.

        Source: Lomax (1954), Business failures, JASA 49, 847-852.
        """
        growth = log1p_quotient(jnp.maximum(limit, 0.0), self.scale)
        finite = self.scale / _above(self.tail, 1)
        reached = finite * jnp.exp((1 - self.tail) * growth) - jnp.minimum(limit, 0.0)
        return jnp.where(self.tail > 1, reached, jnp.inf)

    def _at(self, hazard: Float[Array, "..."]) -> Float[Array, "..."]:
        """The point with this cumulative hazard, in two halves so that only it can overflow."""
        half = jnp.exp(hazard / self.tail / 2)
        return (self.scale * half) * (2 * jnp.sinh(hazard / self.tail / 2))


def _above(tail: Array, least: float) -> Array:
    """How far the tail's power is above `least`; 1 where it is not."""
    return jnp.where(tail > least, tail - least, 1.0)


@dataclass(frozen=True)
class Lomax(AbstractFamily):
    """Values from 0 on with a power law in the tail, with `scale` and the tail's power, `tail`.

    Losses, sizes, gaps. The mean is infinite from `tail` 1 down, the variance from 2 down; with a
    large `tail` and a `scale` as many times the mean, it is Exponential.
    """

    name: ClassVar[str] = "lomax"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("scale", link.log, "where the power law begins, in the target's unit"),
        Parameter("tail", link.log, "power of the upper tail; moments below it exist"),
    )
    support: ClassVar[Support] = NOT_NEGATIVE

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> LomaxDistribution:
        del columns
        return LomaxDistribution(jnp.asarray(parameters["scale"]), jnp.asarray(parameters["tail"]))

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        """By quartiles: the ratio of the upper one to the median tells the tail's power."""
        del columns
        size = safe_mean(y)
        tail = _tail_from_quartiles(y / size)
        median = float(np.median(y / size))
        scale = median / float(np.expm1(np.log(2) / tail)) if median > 0 else 1.0
        return {"scale": min(scale, _HUGEST / size) * size, "tail": tail}


def _tail_from_quartiles(y: np.ndarray) -> float:
    """Upper quartile over median is 2^r + 1, where r = 1 / tail: solved for the tail."""
    median, upper = np.quantile(y, [0.5, 0.75])
    ratio = upper / median if median > 0 else 2.0
    steepest = 2 ** (1 / _STEEPEST) + 1
    flattest = 2 ** (1 / _FLATTEST) + 1
    return float(np.log(2) / np.log(np.clip(ratio, steepest, flattest) - 1))
