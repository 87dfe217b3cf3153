"""A distribution given that its value lies within limits."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from assay.family.abstract import AbstractDistribution
from assay.family.interval import log_add
from assay.family.moments import beyond, lattice_excess, lattice_moments, level_moments
from assay.family.solve import distance_from_bound
from assay.family.step import step_quantile
from assay.family.tail import log1mexp

# With less mass within the limits, moments as differences of the base's lose too many digits.
_LOG_ENOUGH = float(np.log(0.01))
# Below this level what a limit cuts off can drown the level itself.
_LOG_SMALL = float(np.log(0.01))
_BEYOND_ROUNDING = -36.0


class TruncatedDistribution(AbstractDistribution):
    """A distribution given that its value lies within limits, both included.

    Fields:
        base: the distribution without limits.
        below: the least value, -inf where there is none; None where no row has one.
        above: the greatest value, inf where there is none; None where no row has one.
        atom: a value to which the base gives mass beside a density.
        step: from one possible value to the next, 1 for a count; None for a density.
    """

    base: AbstractDistribution
    below: Float[Array, "..."] | None
    above: Float[Array, "..."] | None
    atom: float | None = eqx.field(static=True, default=None)
    step: Float[Array, "..."] | float | None = None

    @property
    def is_count(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """As the base."""
        return self.base.is_count

    @property
    def _low(self) -> Array:
        return jnp.asarray(-jnp.inf) if self.below is None else self.below

    @property
    def _high(self) -> Array:
        return jnp.asarray(jnp.inf) if self.above is None else self.above

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = (y >= self._low) & (y <= self._high)
        value = self.base.log_prob(y) - self._window().mass
        return jnp.where(inside & (value < jnp.inf), value, -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return self._tails(None, y)

    def _tails(self, mass: Array | None, y: Array) -> tuple[Array, Array]:
        """Both log tails, given the log of the mass within the limits where it is known."""
        up_to, above = self._parts(mass, jnp.clip(y, self._low, self._high))
        # Only the smaller of them is right where the other is next to 0.
        lower, safe = up_to < above, jnp.minimum(up_to, above)
        other = log1mexp(safe)
        log_cdf, log_sf = jnp.where(lower, safe, other), jnp.where(lower, other, safe)
        under, over = y < self._low, y >= self._high
        log_cdf = jnp.where(under, -jnp.inf, jnp.where(over, 0.0, log_cdf))
        return log_cdf, jnp.where(under, 0.0, jnp.where(over, -jnp.inf, log_sf))

    def log_edges(self, limit: Float[Array, "..."]) -> tuple[Array, Array]:
        if self.is_count or self.atom is None:
            return super().log_edges(limit)
        # The atom is the only value with mass of its own.
        below, above = self.log_tails(limit)
        at_atom = (limit == self.atom) & (limit >= self._low) & (limit <= self._high)
        mass = self.log_prob(jnp.asarray(self.atom))
        reach = jnp.where(at_atom, log_add(above, mass), above)
        return jnp.where(at_atom, log1mexp(jnp.minimum(reach, 0.0)), below), reach

    def log_between(
        self, low: Float[Array, "..."], high: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        low, high = jnp.maximum(low, self._low), jnp.minimum(high, self._high)
        return jnp.minimum(self.base.log_between(low, high) - self._window().mass, 0.0)

    def log_beyond(
        self, low: Float[Array, "..."], high: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        high, start = jnp.minimum(high, self._high), jnp.maximum(low, self._low)
        if self.is_count:
            first = jnp.where(low < self._low, start, jnp.floor(start) + 1)
            value = self.base.log_between(first, high)
        elif not self._has_mass_points:
            value = self.base.log_between(start, high)
        else:
            closed = self.base.log_between(start, high)
            value = jnp.where(low < self._low, closed, self.base.log_beyond(start, high))
        return jnp.minimum(value - self._window().mass, 0.0)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        if self.is_count:
            tails = partial(self._tails, self._window().mass)  # not once in each step of the search
            return step_quantile(tails, log_p, log_q, *self.rough_moments())
        window = self._window()
        found = self._shifted_quantile(window, log_p, log_q)
        if self.step is None:
            found = self._near_limits(window, log_p, log_q, found)
        return jnp.clip(found, self._low, self._high)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        """By inversion, from levels that are uniform and known by their logarithm."""
        log_p = -jax.random.exponential(key, shape)
        return self.lower_quantile(jnp.minimum(log_p, -1e-300))

    def mean(self) -> Float[Array, "..."]:
        window, centre = self._window(), self._filled(self.base.mean())
        low, high = jnp.isfinite(self._low), jnp.isfinite(self._high)
        least, most = jnp.where(low, self._low, centre), jnp.where(high, self._high, centre)
        below, above = self.base.excess(jnp.stack(jnp.broadcast_arrays(least, most)))
        # Far below all the mass the difference is nothing but rounding.
        below = jnp.where(window.beneath > _BEYOND_ROUNDING, below - (centre - least), 0.0)
        gained = below + (centre - least) * jnp.exp(window.beneath)
        lost = above + (most - centre) * jnp.exp(window.over)
        shift = jnp.where(low, gained, 0.0) - jnp.where(high, lost, 0.0)
        value = centre + shift / jnp.exp(jnp.maximum(window.mass, _LOG_ENOUGH))
        simple = jnp.isfinite(value) & (window.mass > _LOG_ENOUGH)
        if self.is_count:
            whole = jnp.exp(jnp.log(centre) - window.mass)
            value, simple = jnp.where(self._cuts_zeros(), whole, value), simple | self._cuts_zeros()
        return _unless_hard(value, simple, lambda: self._moments(window)[0])

    def variance(self) -> Float[Array, "..."]:
        window = self._window()
        if not self.is_count or self.above is not None:
            return self._moments(window)[1]
        mean = self._filled(self.base.mean())
        square = jnp.exp(jnp.log(self.base.variance() + mean**2) - window.mass)
        value = square - jnp.exp(2 * (jnp.log(mean) - window.mass))
        return _unless_hard(value, self._cuts_zeros(), lambda: self._moments(window)[1])

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        window, start = self._window(), self._filled(jnp.maximum(limit, self._low))
        high = jnp.isfinite(self._high)
        most = jnp.where(high, self._high, start)
        part, rest = self.base.excess(jnp.stack(jnp.broadcast_arrays(start, most)))
        rest = jnp.where(high, rest + (most - start) * jnp.exp(window.over), 0.0)
        value = jnp.maximum(part - rest, 0.0) / jnp.exp(jnp.maximum(window.mass, _LOG_ENOUGH))
        simple = jnp.isfinite(value) & (window.mass > _LOG_ENOUGH)
        above = _unless_hard(value, simple, lambda: self._hard_excess(window, start))
        return jnp.where(start >= self._high, 0.0, above) + (start - limit)

    def _parts(self, mass: Array | None, y: Array) -> tuple[Array, Array]:
        """Log probabilities up to y and above it, each small one right."""
        low, high, between = self._low, self._high, self.base.log_between
        if self._has_mass_points:
            up_to, above = between(low, y), self.base.log_beyond(y, high)
            whole = between(low, high) if mass is None else mass
        else:  # all in one call, which compiles in a third of the time of three
            after = jnp.floor(y) + 1 if self.is_count else y
            y, after, low, high = (self._filled(each, y) for each in (y, after, low, high))
            ends = [(low, y), (after, high), *([(low, high)] if mass is None else [])]
            found = between(*(jnp.stack(each) for each in zip(*ends, strict=True)))
            up_to, above, whole = found[0], found[1], found[2] if mass is None else mass
        return jnp.minimum(up_to - whole, 0.0), jnp.minimum(above - whole, 0.0)

    def _window(self) -> "_Window":
        """Log probabilities of the base beneath the limits, within and over them."""
        nothing = jnp.asarray(-jnp.inf)
        if self.above is None:
            beneath, mass = _finite_or(self.base.log_edges, self._low, (-jnp.inf, 0.0))
            return _Window(beneath, mass, nothing)
        if self.below is None:
            mass, over = _finite_or(self.base.log_tails, self._high, (0.0, -jnp.inf))
            return _Window(nothing, mass, over)
        beneath = _finite_or(self.base.log_edges, self._low, (-jnp.inf, 0.0))[0]
        over = _finite_or(self.base.log_tails, self._high, (0.0, -jnp.inf))[1]
        return _Window(beneath, self.base.log_between(self.below, self.above), over)

    def _shifted_quantile(self, window: "_Window", log_p: Array, log_q: Array) -> Array:
        """The base's quantile at the levels that these are without limits."""
        log_p = log_add(window.beneath, log_p + window.mass)
        log_q = log_add(window.over, log_q + window.mass)
        least = -1e-300  # a level of 1 has no quantile
        found = self.base.tail_quantile(jnp.minimum(log_p, least), jnp.minimum(log_q, least))
        return jnp.clip(found, self._low, self._high)

    def _near_limits(self, window: "_Window", log_p: Array, log_q: Array, found: Array) -> Array:
        """Quantiles next to a limit, whose level drowns in what the limit cuts off."""
        upper = log_q < log_p
        limit, cut = (
            jnp.where(upper, self._high, self._low),
            jnp.where(upper, window.over, window.beneath),
        )
        level = jnp.where(upper, log_q, log_p)
        drowned = (level < _LOG_SMALL) & (level + window.mass < cut) & (level > -jnp.inf)
        drowned = jnp.broadcast_to(drowned & jnp.isfinite(limit), found.shape)
        sign, bound = jnp.where(upper, -1.0, 1.0), jnp.where(jnp.isfinite(limit), limit, 0.0)

        def within(distance: Array) -> Array:
            end = bound + sign * distance
            return self.base.log_between(jnp.where(upper, end, bound), jnp.where(upper, bound, end))

        def density(distance: Array) -> Array:
            return self.base.log_prob(bound + sign * distance)

        mass = jnp.where(drowned, level + window.mass, -1.0)
        distance = distance_from_bound(within, density, mass)
        return jnp.where(drowned & jnp.isfinite(distance), bound + sign * distance, found)

    def landmarks(self) -> tuple[Float[Array, "..."], ...]:
        return self.base.landmarks()

    def rough_moments(self) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        mean, variance = self.base.rough_moments()
        return jnp.clip(mean, self._low, self._high), variance

    def _cuts_zeros(self) -> Bool[Array, ""]:
        """Whether nothing but zeros of a count is cut off, in all rows."""
        return jnp.asarray(self.above is None) & jnp.all(self._low <= 1)

    def _moments(self, window: "_Window") -> tuple[Array, Array]:
        if self._lattice is not None:
            shape = self._filled(jnp.asarray(0.0)).shape
            return lattice_moments(self.log_tails, self._rough(window), self._lattice, shape)
        centre = self.base.mean() if self.atom is None else jnp.asarray(self.atom)
        centre = self._filled(jnp.where(jnp.isfinite(centre), centre, 0.0))
        at = jax.lax.stop_gradient(jnp.clip(centre, self._low, self._high))
        (log_cdf, log_sf), atom = self.log_tails(at), self.atom
        log_below = log_cdf if atom is None else self.log_edges(at)[0]
        return level_moments(self._rough(window), at, log_below, log_sf)

    def _hard_excess(self, window: "_Window", start: Array) -> Array:
        if self._lattice is not None:
            return lattice_excess(self.log_tails, self._rough(window), self._lattice, start)
        log_sf = self.log_tails(start)[1]
        return beyond(self._rough(window), log_sf, start, jnp.asarray(True))[0]

    def _rough(self, window: "_Window") -> Callable[[Array, Array], Array]:
        """Quantiles good enough to integrate over, without the loop for those next to a limit."""
        return partial(self._shifted_quantile, window)

    def _filled(self, value: Array, *others: Array) -> Array:
        """A value in the shape of all parameters and limits."""
        limits = (each.shape for each in (self._low, self._high, *others))
        shape = jnp.broadcast_shapes(jnp.shape(value), self.base.batch_shape, *limits)
        return jnp.broadcast_to(value, shape)

    @property
    def _has_mass_points(self) -> bool:
        """Whether single values beside those of a count have mass: an atom, or points of a grid."""
        return self.atom is not None or (self.step is not None and not self.is_count)

    @property
    def _lattice(self) -> Array | float | None:
        return 1.0 if self.is_count else self.step


class _Window(NamedTuple):
    """Log probabilities of what limits cut off and of what they leave.

    Fields:
        beneath: of what lies below the lower limit.
        mass: of what lies within.
        over: of what lies above the upper limit.
    """

    beneath: Array
    mass: Array
    over: Array


def _finite_or(
    log_tails: Callable[[Array], tuple[Array, Array]], at: Array, endless: tuple[float, float]
) -> tuple[Array, Array]:
    """Both log tails, or what they are at infinity: there gradients would be 0 * inf."""
    finite = jnp.isfinite(at)
    below, above = log_tails(jnp.where(finite, at, 0.0))
    return jnp.where(finite, below, endless[0]), jnp.where(finite, above, endless[1])


def _unless_hard(value: Array, simple: Array, hard: Callable[[], Array]) -> Array:
    """A closed form, or what takes a quadrature if any element needs it."""
    return jax.lax.cond(
        jnp.all(simple),
        lambda: value,
        lambda: jnp.broadcast_to(hard(), value.shape).astype(value.dtype),
    )
