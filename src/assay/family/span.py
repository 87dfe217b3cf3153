"""The interval that a bounded target lives in, and how far a value is from both its ends."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from assay.errors import ConfigError
from assay.family.support import Support

_TINY = float(np.finfo(float).tiny)  # what is smaller counts as 0 on an accelerator


@dataclass(frozen=True)
class Span:
    """From `lower` to `upper`, both in the target's unit and neither of them reached.

    Near an end the distance to it is exact as a difference of floats, while 1 - (share of the way)
    would be rounding alone.
    """

    lower: float
    upper: float

    @property
    def width(self) -> float:
        """Length, in the target's unit."""
        return self.upper - self.lower

    @property
    def support(self) -> Support:
        """The open interval."""
        name = f"strictly between {self.lower:g} and {self.upper:g}"
        return Support(name, self.lower, self.upper, open_below=True, open_above=True)

    def distances(self, y: Float[Array, "..."]) -> tuple[Bool[Array, "..."], Array, Array]:
        """Whether each value lies inside, and its distances from both ends, or else half-way's."""
        inside = (y > self.lower) & (y < self.upper)
        half = self.width / 2
        left, right = y - self.lower, self.upper - y
        return inside, jnp.where(inside, left, half), jnp.where(inside, right, half)

    def within(self, share: Float[Array, "..."], rest: Float[Array, "..."]) -> Float[Array, "..."]:
        """The value at a share of the way from `lower`, given what is left to `upper` as well."""
        from_lower = self.lower + self.width * share
        y = jnp.where(share < 0.5, from_lower, self.upper - self.width * rest)
        return jnp.clip(y, *self._ends)

    def by_odds(self, odds: Float[Array, "..."]) -> Float[Array, "..."]:
        """The value whose share of the way has these log-odds."""
        return self.within(jax.nn.sigmoid(odds), jax.nn.sigmoid(-odds))

    def odds(self, y: np.ndarray) -> np.ndarray:
        """Log-odds of the share of the way of recorded values, which must lie inside."""
        return np.log(y - self.lower) - np.log(self.upper - y)

    @property
    def _ends(self) -> tuple[float, float]:
        """The outermost floats inside."""
        low = float(np.nextafter(self.lower, self.upper))
        high = float(np.nextafter(self.upper, self.lower))
        return (low if self.lower else _TINY), (high if self.upper else -_TINY)


def checked_span(name: str, lower: float, upper: float) -> Span:
    """The interval between two settings of a family.

    Raises:
        ConfigError: they are not finite, or not in order; names the family.
    """
    if not (np.isfinite(lower) and np.isfinite(upper) and lower < upper):
        raise ConfigError(
            f"{name}: the target cannot lie between lower={lower!r} and upper={upper!r}. Give two "
            f"finite numbers, the smaller one first, such as `{name}(lower=0, upper=100)`."
        )
    return Span(float(lower), float(upper))
