"""The Laplace family: any real number, a sharp peak and exponential tails."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.spread import spread
from assay.family.support import REAL, Support

_LOG_TWO = float(np.log(2.0))


class LaplaceDistribution(AbstractDistribution):
    """Laplace with mean `location` and `scale`, the mean absolute deviation, in the target's unit.

    The log density has a kink at the mean. Its slope there, in the value and in the mean, is given
    as 0, halfway between the slopes on both sides; with `blunt` above 0 the kink is rounded off
    over so many scales, for a fit on its way to the sharp one.
    """

    is_count: ClassVar[bool] = False
    location: Float[Array, "..."]
    scale: Float[Array, "..."]
    blunt: float = eqx.field(static=True, default=0.0)

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        z = (y - self.location) / self.scale
        return -blunted(z, self.blunt) - jnp.log(self.scale) - _LOG_TWO

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        z = (y - self.location) / self.scale
        # Written out: the tail that is taken at 0 needs its own slope there, whatever abs says.
        distance = jnp.where(z < 0, -z, z)
        small, large = -_LOG_TWO - distance, jnp.log1p(-0.5 * jnp.exp(-distance))
        return jnp.where(z < 0, small, large), jnp.where(z < 0, large, small)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        z = jnp.where(log_p < log_q, log_p + _LOG_TWO, -log_q - _LOG_TWO)
        return self.location + self.scale * z

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return self.location + self.scale * jax.random.laplace(key, shape)

    def mean(self) -> Float[Array, "..."]:
        return jnp.broadcast_arrays(self.location, self.scale)[0]

    def variance(self) -> Float[Array, "..."]:
        return 2 * jnp.broadcast_arrays(self.location, self.scale)[1] ** 2

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """Half the scale times exp(-z) above the mean; below it mirrored, by E(Y - limit)."""
        z = (limit - self.location) / self.scale
        distance = jnp.where(z < 0, -z, z)
        return self.scale * (0.5 * jnp.exp(-distance) + jnp.where(z < 0, distance, 0.0))


def blunted(z: Float[Array, "..."], width: float) -> Float[Array, "..."]:
    """The size of z, a parabola within about `width` of 0; its slope at the kink is given as 0."""
    if width > 0:
        return jnp.sqrt(z**2 + width**2)
    return jnp.where(z == 0, 0.0, jnp.abs(z))


@dataclass(frozen=True)
class Laplace(AbstractFamily):
    """Any real number, with `mean` (also the median) and `scale` (mean absolute deviation).

    Fitting it minimises absolute errors: median regression. The log density is a straight line on
    each side of the mean, so its second derivative in the mean is 0 wherever it exists; a fit
    climbs by peaks that are less and less blunt.
    """

    name: ClassVar[str] = "laplace"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("mean", link.identity, "mean and median, in the target's unit"),
        Parameter("scale", link.log, "mean absolute deviation, in the target's unit"),
    )
    support: ClassVar[Support] = REAL

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> LaplaceDistribution:
        del columns
        return LaplaceDistribution(
            jnp.asarray(parameters["mean"]), jnp.asarray(parameters["scale"])
        )

    @property
    def has_kink(self) -> bool:
        return True

    def without_kink(self, width: float) -> AbstractFamily:
        return _Blunt(width)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        return {"mean": float(np.median(y)), "scale": spread(y) / float(np.sqrt(2))}


@dataclass(frozen=True)
class _Blunt(Laplace):
    """Laplace with a rounded peak, up to its normalising constant."""

    width: float = 0.0

    @property
    def has_kink(self) -> bool:
        return False

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> LaplaceDistribution:
        return replace(super().bind(parameters, columns), blunt=self.width)
