"""What is seen of a distribution through limits: all that lies beyond one piles up on it."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from assay.family.abstract import AbstractDistribution
from assay.family.rounded import RoundedDistribution
from assay.family.within import TruncatedDistribution


class CensoredDistribution(AbstractDistribution):
    """What is seen of a target that hides at or beyond its limits: min(max(Y, below), above).

    A row at its upper limit contributes log P(Y >= above), one at its lower limit
    log P(Y <= below), any other its log density. A flag says that the value itself is but a bound,
    an interval that the value lies in it, and neither where the limit of another value would be:
    they enter `log_prob` alone.

    Fields:
        base: the distribution of the target that nobody hid.
        above: the most that could be seen, in the target's unit; inf where nothing was hidden.
        below: the least that could be seen; -inf where nothing was hidden.
        at_least: flag, whether the target is known only to be at least the value.
        at_most: flag, whether it is known only to be at most the value.
        between: ends of the interval in which the target is known to lie, -inf and inf for one
            that is open; NaN where there is none; None where no row has one.
        atom: a value to which the base gives mass beside a density.

    Source: Klein & Moeschberger (2003), Survival Analysis, 2nd ed., section 3.5.
    """

    base: AbstractDistribution
    above: Float[Array, "..."]
    below: Float[Array, "..."]
    at_least: Bool[Array, "..."] | bool = False
    at_most: Bool[Array, "..."] | bool = False
    between: tuple[Float[Array, "..."], Float[Array, "..."]] | None = None
    atom: float | None = eqx.field(static=True, default=None)

    @property
    def is_count(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """As the base."""
        return self.base.is_count

    @property
    def grid(self) -> Array | None:
        """From one possible value to the next; None for a density or a count."""
        return self.base.grid if isinstance(self.base, RoundedDistribution) else None

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        capped, floored = y >= self.above, y <= self.below
        # Every branch gets an argument that is safe for it: a NaN gradient in an unused branch
        # would spoil the sum.
        inside = self.base.log_prob(y)
        upper = self.base.log_reach(jnp.where(capped, self.above, y))
        lower = self.base.log_cdf(jnp.where(floored, self.below, y))
        reached, sunk = capped | self.at_least, floored | self.at_most
        value = jnp.where(reached, upper, jnp.where(sunk, lower, inside))
        if self.between is None:
            return value
        low, high = self.between
        given = ~jnp.isnan(low)
        low, high = jnp.where(given, low, y), jnp.where(given, high, y)
        return jnp.where(given, self.base.log_between(low, high), value)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        log_cdf, log_sf = self.base.log_tails(y)
        over, under = y >= self.above, y < self.below
        log_cdf = jnp.where(over, 0.0, jnp.where(under, -jnp.inf, log_cdf))
        return log_cdf, jnp.where(over, -jnp.inf, jnp.where(under, 0.0, log_sf))

    def log_edges(self, limit: Float[Array, "..."]) -> tuple[Array, Array]:
        below, reach = self.base.log_edges(limit)
        over, under = limit > self.above, limit <= self.below
        below = jnp.where(over, 0.0, jnp.where(under, -jnp.inf, below))
        return below, jnp.where(over, -jnp.inf, jnp.where(under, 0.0, reach))

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self._seen(self.base.tail_quantile(log_p, log_q))

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return self._seen(self.base.sample(key, shape))

    def mean(self) -> Float[Array, "..."]:
        """Expectation of what is seen; E max(below - Y, 0) follows from the excess over it."""
        upper, lower = jnp.isfinite(self.above), jnp.isfinite(self.below)
        lost = jnp.where(upper, self.base.excess(jnp.where(upper, self.above, 0.0)), 0.0)
        floor = jnp.where(lower, self.below, 0.0)
        gained = jnp.where(lower, self.base.excess(floor) - self.base.mean() + floor, 0.0)
        return self.base.mean() - lost + gained

    def variance(self) -> Float[Array, "..."]:
        """Variance of what is seen: of what lies within the limits, and of the mass on them."""
        inside = TruncatedDistribution(self.base, self.below, self.above, self.atom, self.grid)
        mean, middle = self.mean(), inside.mean()
        within = self.base.log_between(self.below, self.above)
        total = jnp.exp(within) * (inside.variance() + (middle - mean) ** 2)
        for limit, log_mass in zip((self.below, self.above), self._hidden(), strict=True):
            finite = jnp.isfinite(limit)
            total += jnp.exp(log_mass) * jnp.where(finite, limit - mean, 0.0) ** 2
        return total

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """E max(seen - limit, 0)."""
        upper, least = jnp.isfinite(self.above), jnp.maximum(limit, self.below)
        beyond = jnp.where(upper, self.base.excess(jnp.where(upper, self.above, 0.0)), 0.0)
        above = jnp.where(least >= self.above, 0.0, self.base.excess(least) - beyond)
        return above + jnp.maximum(jnp.minimum(self.below, self.above) - limit, 0.0)

    def _seen(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return jnp.clip(y, self.below, self.above)

    def _hidden(self) -> tuple[Array, Array]:
        """Log probabilities below the lower limit and above the upper one."""
        low, high = jnp.isfinite(self.below), jnp.isfinite(self.above)
        beneath = self.base.log_edges(jnp.where(low, self.below, 0.0))[0]
        over = self.base.log_sf(jnp.where(high, self.above, 0.0))
        return jnp.where(low, beneath, -jnp.inf), jnp.where(high, over, -jnp.inf)
