"""The Gumbel family: the greatest of many values, any real number."""

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
from assay.family.support import REAL, Support
from assay.family.tail import log1mexpexp
from assay.family.tail.gumbel import gumbel_excess, gumbel_quantile

_EULER = float(np.euler_gamma)
_LOWEST = -709.0  # the log probability of less does not fit into a float


class GumbelDistribution(AbstractDistribution):
    """Gumbel of maxima with mode `location` and `scale`, both in the target's unit."""

    is_count: ClassVar[bool] = False
    location: Float[Array, "..."]
    scale: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        _, held, below = self._held(y)
        inside = -held - jnp.exp(-held) - jnp.log(self.scale)
        return jnp.where(below, -jnp.inf, inside)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        z, held, below = self._held(y)
        return jnp.where(below, -jnp.inf, -jnp.exp(-held)), log1mexpexp(-z)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self.location + self.scale * gumbel_quantile(log_p, log_q)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return self.location + self.scale * jax.random.gumbel(key, shape)

    def mean(self) -> Float[Array, "..."]:
        return self.location + _EULER * self.scale

    def variance(self) -> Float[Array, "..."]:
        return (jnp.broadcast_arrays(self.location, self.scale)[1] * jnp.pi) ** 2 / 6

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        return self.scale * gumbel_excess((limit - self.location) / self.scale)

    def _held(self, y: Float[Array, "..."]) -> tuple[Array, Array, Array]:
        """Scales from the mode, the same where exp(-z) fits into a float, and where it does not."""
        z = (y - self.location) / self.scale
        below = z < _LOWEST
        return z, jnp.where(below, 0.0, z), below


@dataclass(frozen=True)
class Gumbel(AbstractFamily):
    """The greatest of many values, with `location` (the mode) and `scale`.

    The upper tail is exponential, the lower one much shorter. Yearly maxima are the usual case;
    for minima model the negative of the target.

    Source: Coles (2001), An Introduction to Statistical Modeling of Extreme Values, section 3.1.
    """

    name: ClassVar[str] = "gumbel"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("location", link.identity, "mode, in the target's unit"),
        Parameter("scale", link.log, "scale, sd · √6 / π, in the target's unit"),
    )
    support: ClassVar[Support] = REAL

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> GumbelDistribution:
        del columns
        return GumbelDistribution(
            jnp.asarray(parameters["location"]), jnp.asarray(parameters["scale"])
        )

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        scale = spread(y) * float(np.sqrt(6)) / np.pi
        return {"location": float(np.median(y)) - 0.37 * scale, "scale": scale}
