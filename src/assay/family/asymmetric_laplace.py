"""The asymmetric Laplace family: any real number, exponential tails of two lengths."""

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
from assay.family.laplace import blunted
from assay.family.spread import spread
from assay.family.support import REAL, Support
from assay.family.tail import log1mexp, stirling
from assay.family.tail.logistic import log_expit


class AsymmetricLaplaceDistribution(AbstractDistribution):
    """Falls off exponentially: over scale · asymmetry below `location`, scale / asymmetry above.

    The log density has a kink at the location. Its slope there, in the value and in the location,
    is given as 0, which lies between the slopes on both sides.

    Fields:
        location: the mode, and the quantile of level asymmetry² / (1 + asymmetry²).
        scale: geometric mean of the mean distances above and below, in the target's unit.
        asymmetry: above 1 the lower tail is the longer one, below 1 the upper one.
        blunt: over how many scales the peak is rounded off, see `LaplaceDistribution`.
    """

    is_count: ClassVar[bool] = False
    location: Float[Array, "..."]
    scale: Float[Array, "..."]
    asymmetry: Float[Array, "..."]
    blunt: float = eqx.field(static=True, default=0.0)

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        z = (y - self.location) / self.scale
        log_below, log_above = self._log_sides()
        peak = 0.5 * (log_below + log_above) - jnp.log(self.scale)
        if self.blunt > 0:
            lean = (self.asymmetry - 1 / self.asymmetry) / 2
            return peak - (lean * z + (lean + 1 / self.asymmetry) * blunted(z, self.blunt))
        rate = jnp.where(z < 0, 1 / self.asymmetry, self.asymmetry)
        return peak - blunted(z, 0.0) * rate

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        z = (y - self.location) / self.scale
        log_below, log_above = self._log_sides()
        beyond = jnp.where(z < 0, log_below + z / self.asymmetry, log_above - z * self.asymmetry)
        rest = log1mexp(beyond)
        return jnp.where(z < 0, beyond, rest), jnp.where(z < 0, rest, beyond)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        log_below, log_above = self._log_sides()
        below = (log_p - log_below) * self.asymmetry
        above = (log_above - log_q) / self.asymmetry
        return self.location + self.scale * jnp.where(log_p < log_below, below, above)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        """Source: Kotz, Kozubowski & Podgórski (2001), as a difference of two exponentials."""
        up, down = jax.random.exponential(key, (2, *shape))
        return self.location + self.scale * (up / self.asymmetry - down * self.asymmetry)

    def mean(self) -> Float[Array, "..."]:
        return self.location + self.scale * (1 / self.asymmetry - self.asymmetry)

    def variance(self) -> Float[Array, "..."]:
        parts = (self.scale / self.asymmetry) ** 2 + (self.scale * self.asymmetry) ** 2
        return jnp.broadcast_arrays(parts, self.location)[0]

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """Above the location a multiple of the tail; below it a sum of positive parts.

        With t the distance below in lengths of the lower tail, E max(Y - limit, 0) over the scale
        is k(t - 1 + e^-t) + k P(above)(1 - e^-t) + P(above)/k, where k is the asymmetry.
        """
        z = (limit - self.location) / self.scale
        k, above = self.asymmetry, jnp.exp(self._log_sides()[1])
        up, t = jnp.where(z < 0, 0.0, z), jnp.where(z < 0, -z, 0.0) / k
        beyond = above * jnp.exp(-k * up) / k
        return self.scale * (beyond + k * (_lag(t) - above * jnp.expm1(-t)))

    def _log_sides(self) -> tuple[Array, Array]:
        """Log probability of the values below the location, and of those above it."""
        log_odds = 2 * jnp.log(self.asymmetry)
        return log_expit(log_odds), log_expit(-log_odds)


def _lag(t: Array) -> Array:
    """Compute t - 1 + e^-t for t >= 0 without cancellation near 0."""
    small = t < 0.3
    near = jnp.where(small, t, 0.1)
    series = stirling.excess(jnp.expm1(-near), jnp.exp(-near))
    return jnp.where(small, series, t + jnp.expm1(-t))


@dataclass(frozen=True)
class AsymmetricLaplace(AbstractFamily):
    """Any real number, with `location` (the mode), `scale` and `asymmetry`.

    The location is also the quantile of level τ = asymmetry² / (1 + asymmetry²). With the
    asymmetry held at √(τ / (1 - τ)) the likelihood is greatest where the check loss of quantile
    regression at τ is least, so a fit is a quantile regression, with the check loss's own scale
    equal to scale · asymmetry / (1 + asymmetry²). With a free asymmetry the level itself is
    estimated. At asymmetry 1 it is the Laplace family, and median regression.

    Source: Koenker & Machado (1999), Goodness of fit and related inference processes for quantile
        regression; Kotz, Kozubowski & Podgórski (2001), The Laplace Distribution, chapter 3.
    """

    name: ClassVar[str] = "asymmetric-laplace"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("location", link.identity, "mode, in the target's unit"),
        Parameter("scale", link.log, "scale, in the target's unit"),
        Parameter("asymmetry", link.log, "√(P(below location) / P(above location))"),
    )
    support: ClassVar[Support] = REAL

    def bind(
        self, parameters: Mapping[str, Array], columns: Columns
    ) -> AsymmetricLaplaceDistribution:
        del columns
        location, scale, asymmetry = (jnp.asarray(parameters[p.name]) for p in self.parameters)
        return AsymmetricLaplaceDistribution(location, scale, asymmetry)

    @property
    def has_kink(self) -> bool:
        return True

    def without_kink(self, width: float) -> AbstractFamily:
        return _Blunt(width)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        scale = spread(y) / float(np.sqrt(2))
        return {"location": float(np.median(y)), "scale": scale, "asymmetry": 1.0}


@dataclass(frozen=True)
class _Blunt(AsymmetricLaplace):
    """Asymmetric Laplace with a rounded peak, up to its normalising constant."""

    width: float = 0.0

    @property
    def has_kink(self) -> bool:
        return False

    def bind(
        self, parameters: Mapping[str, Array], columns: Columns
    ) -> AsymmetricLaplaceDistribution:
        return replace(super().bind(parameters, columns), blunt=self.width)
