"""The ordered logistic family: levels in an order, such as ratings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.categorical import LOG_ODDS, check_number, numbers_below
from assay.family.step import CLOSE, reaches
from assay.family.support import Support
from assay.family.tail import log1mexpexp
from assay.family.tail.chance import Rate
from assay.family.tail.logistic import log_expit


class OrderedLogisticDistribution(AbstractDistribution):
    """Levels 0, 1, ... of a hidden logistic value, cut at thresholds of which the first is 0.

    Mean, variance and excess are those of the level's number.

    Fields:
        location: of the hidden value, in units of its scale.
        gaps: from each threshold to the next, the lowest first.
    """

    is_count: ClassVar[bool] = True
    location: Float[Array, "..."]
    gaps: tuple[Rate, ...]

    @property
    def levels(self) -> int:
        """How many there are."""
        return len(self.gaps) + 2

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        """F(b) - F(a) = F(b) F(-a) (1 - e^(a - b)): nothing cancels, however small the gap."""
        inside = (y >= 0) & (y < self.levels) & (y == jnp.floor(y))
        up_to, from_it = self._log_cdf(y), self._log_sf(y - 1)
        inner = (y > 0) & (y < self.levels - 1)
        log_gap = sum((jnp.where(y == j, gap.log, 0.0) for j, gap in self._gaps()), 0.0)
        width = jnp.where(inner, log1mexpexp(jnp.where(inner, log_gap, 0.0)), 0.0)
        return jnp.where(inside, up_to + from_it + width, -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        log_cdf = jnp.where(y < 0, -jnp.inf, self._log_cdf(y))
        return log_cdf, jnp.where(y >= self.levels - 1, -jnp.inf, self._log_sf(y))

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        tails = (self.log_tails(jnp.asarray(float(at))) for at in range(self.levels - 1))
        found = (reaches(*both, log_p, log_q, slack=CLOSE) for both in tails)
        return sum((jnp.where(each, 0.0, 1.0) for each in found), jnp.zeros(()))

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        hidden = self.location + jax.random.logistic(key, shape)
        return sum(
            (jnp.where(hidden > self._threshold(jnp.asarray(float(level))), 1.0, 0.0))
            for level in range(self.levels - 1)
        ) * jnp.ones(shape)

    def mean(self) -> Float[Array, "..."]:
        return self.excess(jnp.zeros(()))

    def variance(self) -> Float[Array, "..."]:
        square = sum((2 * j + 1) * share for j, share in enumerate(self._reaching()))
        return square - self.mean() ** 2

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """The integral of the upper tail: step by step up to the last level."""
        parts = (
            jnp.clip(j + 1 - limit, 0.0, 1.0) * share for j, share in enumerate(self._reaching())
        )
        return sum(parts, jnp.maximum(-limit, 0.0))

    def _reaching(self) -> list[Array]:
        """P(Y > j) for each level but the last."""
        levels = range(self.levels - 1)
        return [jnp.exp(self._log_sf(jnp.asarray(float(j)))) for j in levels]

    def _gaps(self) -> "list[tuple[int, Rate]]":
        """With each gap the level between its thresholds."""
        return list(enumerate(self.gaps, start=1))

    def _threshold(self, y: Array) -> Array:
        """The threshold above level floor(y), for levels that have one."""
        nothing = jnp.zeros(())
        return sum((jnp.where(y >= j, gap.value, 0.0) for j, gap in self._gaps()), nothing)

    def _log_cdf(self, y: Array) -> Array:
        """Log P(Y <= y), 0 from the last level on."""
        ends = y < self.levels - 1
        return jnp.where(ends, log_expit(self._threshold(y) - self.location), 0.0)

    def _log_sf(self, y: Array) -> Array:
        """Log P(Y > y), 0 below level 0."""
        return jnp.where(y >= 0, log_expit(self.location - self._threshold(y)), 0.0)


@dataclass(frozen=True)
class OrderedLogistic(AbstractFamily):
    """Levels in an order, with the `location` of a hidden value and the gaps between thresholds.

    The first threshold is 0: a level of its own for both it and the location could not be told.

    Fields:
        levels: how many there are; the target holds 0 to levels - 1.
    """

    levels: int = 5

    name: ClassVar[str] = "ordered-logistic"

    def __post_init__(self) -> None:
        check_number("OrderedLogistic", "levels", self.levels)

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The location, and a gap for each level between the first and the last."""
        location = Parameter("location", LOG_ODDS, "log-odds of any level above the first")
        gaps = (
            Parameter(f"gap_{j}", link.log, f"from threshold {j - 1} to threshold {j}, in log-odds")
            for j in range(2, self.levels)
        )
        return (location, *gaps)

    @property
    def support(self) -> Support:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The numbers of the levels."""
        return numbers_below(self.levels)

    def bind(
        self, parameters: Mapping[str, Array], columns: Columns
    ) -> OrderedLogisticDistribution:
        del columns
        gaps = tuple(Rate.from_value(parameters[each.name]) for each in self.parameters[1:])
        return OrderedLogisticDistribution(jnp.asarray(parameters["location"]), gaps)

    def from_linked(
        self, linked: Mapping[str, Array], columns: Columns
    ) -> OrderedLogisticDistribution:
        del columns
        gaps = tuple(Rate.from_log(linked[each.name]) for each in self.parameters[1:])
        return OrderedLogisticDistribution(jnp.asarray(linked["location"]), gaps)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        counts = np.bincount(np.asarray(y).astype(int), minlength=self.levels) + 0.5
        up_to = np.cumsum(counts)[:-1]
        thresholds = np.log(up_to / (counts.sum() - up_to))
        gaps = {f"gap_{j + 2}": float(gap) for j, gap in enumerate(np.diff(thresholds))}
        return {"location": float(-thresholds[0]), **gaps}
