"""Values with more zeros than their family gives: some rows are 0 for a reason of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.errors import ConfigError
from assay.family import link
from assay.family.abstract import (
    AbstractDistribution,
    AbstractFamily,
    Columns,
    Known,
    Parameter,
    Part,
)
from assay.family.interval import log_add
from assay.family.step import reaches, step_quantile
from assay.family.support import Support
from assay.family.tail import log1mexp
from assay.family.tail.chance import Chance
from assay.family.wrapping import check_base, with_parameter

_NEAREST = -1e-300


class ZeroInflatedDistribution(AbstractDistribution):
    """0 with a chance of its own, else a value of `base`.

    Fields:
        base: the distribution of the other values.
        zero: the chance of a zero that is none of the base's.
        joins: whether the base has mass on 0 too; a density has none, whatever its height there.
    """

    base: AbstractDistribution
    zero: Chance
    joins: bool = eqx.field(static=True, default=True)

    @property
    def is_count(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """As the base."""
        return self.base.is_count

    @property
    def atom(self) -> float | None:
        """The value with mass of its own beside a density."""
        return None if self.is_count else 0.0

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        rest = self.zero.log_no + self.base.log_prob(y)
        at_zero = log_add(self.zero.log_yes, rest) if self.joins else self.zero.log_yes
        return jnp.where(y == 0, at_zero, rest)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return self._with_zero(self.base.log_tails(y), y >= 0)

    def log_edges(self, limit: Float[Array, "..."]) -> tuple[Array, Array]:
        return self._with_zero(self.base.log_edges(limit), limit > 0)

    def log_between(
        self, low: Float[Array, "..."], high: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        rest = self.zero.log_no + self.base.log_between(low, high)
        return jnp.where((low <= 0) & (high >= 0), log_add(self.zero.log_yes, rest), rest)

    def log_beyond(
        self, low: Float[Array, "..."], high: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        rest = self.zero.log_no + self.base.log_beyond(low, high)
        return jnp.where((low < 0) & (high >= 0), log_add(self.zero.log_yes, rest), rest)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        if self.is_count:
            # With nearly all the mass on 0 the levels of the base are too coarse to tell counts
            # apart, so the search is for the levels of all.
            return step_quantile(self.log_tails, log_p, log_q, *self.base.rough_moments())
        zero = jnp.zeros_like(self.zero.yes)
        (before, not_before), (up_to, after) = self.log_edges(zero), self.log_tails(zero)
        below = ~self._reached(before, not_before, log_p, log_q)
        above = ~reaches(up_to, after, log_p, log_q)
        found = self.base.tail_quantile(*self._levels_of_base(log_p, log_q, above))
        return jnp.where(above | ~below, found, 0.0)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        which, key = jax.random.split(key)
        zero = jax.random.bernoulli(which, self.zero.yes, shape)
        return jnp.where(zero, 0.0, draw(self.base, key, shape))

    def mean(self) -> Float[Array, "..."]:
        return self.zero.no * self.base.mean()

    def variance(self) -> Float[Array, "..."]:
        between = self.zero.yes * self.base.mean() ** 2
        return self.zero.no * (self.base.variance() + between)

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        zeros = self.zero.yes * jnp.maximum(-limit, 0.0)
        return self.zero.no * self.base.excess(limit) + zeros

    def landmarks(self) -> tuple[Float[Array, "..."], ...]:
        return self.base.landmarks()

    def rough_moments(self) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        return self.base.rough_moments()

    def _with_zero(self, tails: tuple[Array, Array], passed: Array) -> tuple[Array, Array]:
        """Tails of all, from those of the base and on which side of the point 0 lies."""
        below, above = (self.zero.log_no + tail for tail in tails)
        side = jnp.where(passed, below, above)
        more, less = log_add(self.zero.log_yes, side), jnp.where(passed, above, below)
        # The tail with the zeros by addition where it is the smaller, else from the other one.
        more = jnp.where(more < less, more, log1mexp(jnp.minimum(less, 0.0)))
        return jnp.where(passed, more, less), jnp.where(passed, less, more)

    def _reached(self, log_cdf: Array, log_sf: Array, log_p: Array, log_q: Array) -> Array:
        """Whether what lies before 0 reaches the level; never where nothing does."""
        return (log_cdf > -jnp.inf) & reaches(log_cdf, log_sf, log_p, log_q)

    def _levels_of_base(self, log_p: Array, log_q: Array, above: Array) -> tuple[Array, Array]:
        """Levels without the zeros: those above 0 less their share, those below as they are."""
        rest, zero = self.zero.log_no, self.zero.log_yes
        log_p, log_q, above = jnp.broadcast_arrays(log_p, log_q, above)
        less_p, less_q = _left(log_p, zero), _left(log_q, zero)
        p = jnp.where(above, less_p, log_p) - rest
        q = jnp.where(above, log_q, less_q) - rest
        return jnp.minimum(p, _NEAREST), jnp.minimum(q, _NEAREST)


def _left(log_level: Array, log_share: Array) -> Array:
    """Log of a level less a share of it; any level where nothing is left."""
    more = log_level > log_share
    gap = jnp.where(more, log_share - log_level, -1.0)
    return jnp.where(more, log_level + log1mexp(gap), log_level)


def draw(base: AbstractDistribution, key: Array, shape: tuple[int, ...]) -> Array:
    """Draws of `shape` from a distribution some of whose parameters its rows may share.

    Where they do, its own sampler would give these rows one draw in common; inversion does not.
    """
    batch = base.batch_shape
    if batch == shape[len(shape) - len(batch) :]:
        return base.sample(key, shape)
    return base.lower_quantile(jnp.minimum(-jax.random.exponential(key, shape), _NEAREST))


@dataclass(frozen=True)
class ZeroInflated(AbstractFamily):
    """Any family that can be 0, with zeros besides its own.

    The parameter `zero` is the probability that a value is 0 for a reason of its own, such as a
    shop that was shut; the family's own zeros come on top. A density gets a mass on 0.

    Fields:
        base: the family of the other values.

    Source: Lambert (1992), Zero-inflated Poisson regression, Technometrics 34(1).
    """

    base: AbstractFamily

    name: ClassVar[str] = "zero-inflated"
    is_wrapper: ClassVar[bool] = True

    def __post_init__(self) -> None:
        base = check_base("ZeroInflated", self.base)
        zero_parameter("ZeroInflated", base)
        if base.support.lower > 0 or base.support.upper < 0:
            raise ConfigError(
                f"ZeroInflated({base.describe()}): the family takes {base.support.name}, which "
                "does not come near 0. Zeros can be added where values can be close to them; put "
                "a limit on what is above 0 with `Hurdle`."
            )

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of the base, and `zero`."""
        return zero_parameter("ZeroInflated", self.base)

    @property
    def support(self) -> Support:  # pyright: ignore[reportIncompatibleVariableOverride]
        """That of the base, and 0."""
        return with_zero(self.base.support)

    @property
    def atom(self) -> float | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The zeros beside a density."""
        return None if self.base.support.whole else 0.0

    @classmethod
    def examples(cls) -> tuple[AbstractFamily, ...]:
        from assay.family.negative_binomial import NegativeBinomial
        from assay.family.normal import Normal
        from assay.family.weibull import Weibull

        return cls(NegativeBinomial()), cls(Weibull()), cls(Normal())

    def needs(self) -> tuple[str, ...]:
        return self.base.needs()

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> ZeroInflatedDistribution:
        zero = Chance.from_probability(parameters["zero"])
        return self._around(self.base.bind(parameters, columns), zero)

    def from_linked(
        self, linked: Mapping[str, Array], columns: Columns
    ) -> ZeroInflatedDistribution:
        zero = Chance.from_logits(linked["zero"])
        return self._around(self.base.from_linked(linked, columns), zero)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        share = float((np.sum(y == 0) + 0.5) / (len(y) + 1))
        # Of the zeros of a count some are its own: half of them, before anything is known.
        return start_without_zeros(self.base, y, columns) | {
            "zero": share / 2 if self.base.support.whole else share
        }

    def parts(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[Part, ...]:
        self.base.parts(y, columns)
        return (Part(np.arange(len(y)), self, Known.VALUE, y, dict(columns)),)

    def _around(self, base: AbstractDistribution, zero: Chance) -> ZeroInflatedDistribution:
        return ZeroInflatedDistribution(base, zero, base.is_count or self.base.atom == 0)


def zero_parameter(wrapper: str, base: AbstractFamily) -> tuple[Parameter, ...]:
    """The base's parameters and the probability of 0."""
    meaning = {"Hurdle": "probability of 0", "ZeroInflated": "probability of a zero of its own"}
    return with_parameter(wrapper, base, Parameter("zero", link.logit, meaning[wrapper]))


def with_zero(support: Support) -> Support:
    """A support and 0 besides."""
    if bool(support.contains(np.zeros(1))[0]):
        return support
    lower, upper = min(support.lower, 0.0), max(support.upper, 0.0)
    return replace(
        support,
        name=f"{support.name}, or 0",
        lower=lower,
        upper=upper,
        open_below=support.open_below and lower < 0,
        open_above=support.open_above and upper > 0,
    )


def start_without_zeros(
    base: AbstractFamily, y: np.ndarray, columns: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Where the base starts, by the values that are not 0; by all of them where all are."""
    rows = np.flatnonzero((y != 0) & base.support.contains(y))
    if len(rows) == 0 and base.support.contains(y).all():
        rows = np.arange(len(y))
    if len(rows) == 0:
        return base.start(
            np.array([inner_value(base.support)]), {n: c[:1] for n, c in columns.items()}
        )
    return base.start(y[rows], {name: column[rows] for name, column in columns.items()})


def inner_value(support: Support) -> float:
    """Some value of a support that is not 0, for rows that show none."""
    tried = [1.0, 0.5, -1.0, support.lower + 1, support.upper - 1]
    tried.append((max(support.lower, -1e300) + min(support.upper, 1e300)) / 2)
    inside = support.contains(np.asarray(tried))
    return float(tried[int(np.argmax(inside))])
