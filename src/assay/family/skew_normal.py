"""The skew-normal family: any real number, one side longer than the other."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.spread import spread
from assay.family.support import REAL, Support
from assay.family.tail.skew_normal import (
    skew_normal_excess,
    skew_normal_log_density,
    skew_normal_log_tails,
    skew_normal_quantile,
)

_MEAN_FACTOR = float(np.sqrt(2 / np.pi))
# At shape 0 the score of the shape is a multiple of that of the location: start beside it.
_LEAST_SHAPE, _MOST_SKEW = 0.5, 0.9


class SkewNormalDistribution(AbstractDistribution):
    """Skew-normal with `location`, `scale` and `shape`, which is 0 for the Normal."""

    is_count: ClassVar[bool] = False
    location: Float[Array, "..."]
    scale: Float[Array, "..."]
    shape: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return skew_normal_log_density(self._z(y), self.shape) - jnp.log(self.scale)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return skew_normal_log_tails(self._z(y), self.shape)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self.location + self.scale * skew_normal_quantile(self.shape, log_p, log_q)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        """Source: Henze (1986), A probabilistic representation of the skew-normal distribution."""
        one, two = jax.random.normal(key, (2, *shape))
        z = self._delta * jnp.abs(one) + two / jnp.sqrt(1 + self.shape**2)
        return self.location + self.scale * z

    def mean(self) -> Float[Array, "..."]:
        return self.location + self.scale * _MEAN_FACTOR * self._delta

    def variance(self) -> Float[Array, "..."]:
        variance = self.scale**2 * (1 - (_MEAN_FACTOR * self._delta) ** 2)
        return jnp.broadcast_arrays(variance, self.location)[0]

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """Upper partial moment, by parts or by quadrature where that would cancel."""
        return self.scale * skew_normal_excess(self._z(limit), self.shape)

    @property
    def _delta(self) -> Float[Array, "..."]:
        return self.shape / jnp.sqrt(1 + self.shape**2)

    def _z(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return (y - self.location) / self.scale


@dataclass(frozen=True)
class SkewNormal(AbstractFamily):
    """Any real number, with `location`, `scale` and `shape` (0: Normal; above 0: longer upwards).

    As the shape grows it becomes the upper half of a Normal that starts at the location. Near 0 the
    data say little about the shape: it moves the likelihood as the location does, to first order.

    Source: Azzalini (1985), A class of distributions which includes the normal ones.
    """

    name: ClassVar[str] = "skew-normal"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("location", link.identity, "location, in the target's unit"),
        Parameter("scale", link.log, "scale, in the target's unit"),
        Parameter("shape", replace(link.identity, has_unit=False), "shape; 0 is the Normal"),
    )
    support: ClassVar[Support] = REAL

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> SkewNormalDistribution:
        del columns
        return SkewNormalDistribution(
            *(jnp.asarray(parameters[each.name]) for each in self.parameters)
        )

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        """By the first three moments, with a skewness that the family can have."""
        del columns
        sd, middle = spread(y), float(np.mean(y / 2) * 2)
        skew = float(np.clip(np.mean(((y - middle) / sd) ** 3), -_MOST_SKEW, _MOST_SKEW))
        part = abs(skew) ** (2 / 3)
        delta = float(np.sqrt(np.pi / 2 * part / (part + ((4 - np.pi) / 2) ** (2 / 3))))
        least = _LEAST_SHAPE / float(np.sqrt(1 + _LEAST_SHAPE**2))
        delta = float(np.copysign(max(delta, least), skew))
        scale = sd / float(np.sqrt(1 - (_MEAN_FACTOR * delta) ** 2))
        location = middle - scale * _MEAN_FACTOR * delta
        return {"location": location, "scale": scale, "shape": delta / float(np.sqrt(1 - delta**2))}
