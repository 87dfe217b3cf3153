"""Targets hidden beyond a limit, such as demand above stock, for any family."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from assay.errors import ConfigError, DataError
from assay.family.abstract import (
    AbstractDistribution,
    AbstractFamily,
    Columns,
    Known,
    Parameter,
    Part,
)
from assay.family.support import Support

# Beyond these levels nothing is left that a variance would notice.
_FAR = 1e-12
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2


class CensoredDistribution(AbstractDistribution):
    """What is seen of a target that hides at or beyond its limits: min(max(Y, below), above).

    A row at its upper limit contributes log P(Y >= above), one at its lower limit
    log P(Y <= below), any other its log density. A flag says that the value itself is but a bound,
    and not where the limit of another value would be: it enters `log_prob` alone.

    Fields:
        base: the distribution of the target that nobody hid.
        above: the most that could be seen, in the target's unit; inf where nothing was hidden.
        below: the least that could be seen; -inf where nothing was hidden.
        at_least: flag, whether the target is known only to be at least the value.
        at_most: flag, whether it is known only to be at most the value.

    Source: Klein & Moeschberger (2003), Survival Analysis, 2nd ed., section 3.5.
    """

    base: AbstractDistribution
    above: Float[Array, "..."]
    below: Float[Array, "..."]
    at_least: Bool[Array, "..."] | bool = False
    at_most: Bool[Array, "..."] | bool = False

    @property
    def is_count(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """As the base."""
        return self.base.is_count

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        capped, floored = y >= self.above, y <= self.below
        # Every branch gets an argument that is safe for it: a NaN gradient in an unused branch
        # would spoil the sum.
        inside = self.base.log_prob(y)
        upper = self.base.log_reach(jnp.where(capped, self.above, y))
        lower = self.base.log_cdf(jnp.where(floored, self.below, y))
        reached, sunk = capped | self.at_least, floored | self.at_most
        return jnp.where(reached, upper, jnp.where(sunk, lower, inside))

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        log_cdf, log_sf = self.base.log_tails(y)
        over, under = y >= self.above, y < self.below
        log_cdf = jnp.where(over, 0.0, jnp.where(under, -jnp.inf, log_cdf))
        return log_cdf, jnp.where(over, -jnp.inf, jnp.where(under, 0.0, log_sf))

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
        """Variance of what is seen, from E(Y - low)² = 2 ∫ P(Y > x) (x - low) dx by parts."""
        low = jnp.maximum(self.below, self.base.quantile(jnp.asarray(_FAR)))
        high = jnp.maximum(jnp.minimum(self.above, self.base.quantile(jnp.asarray(1 - _FAR))), low)
        nodes = jnp.asarray(_NODES).reshape(-1, *(1,) * jnp.ndim(low))
        excess = self.base.excess(low + (high - low) * nodes)
        beyond, mean = self.base.excess(high), self.base.excess(low) - self.base.excess(high)
        area = jnp.tensordot(jnp.asarray(_WEIGHTS), excess, axes=1) - beyond
        return 2 * (high - low) * area - mean**2

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """E max(seen - limit, 0)."""
        upper, least = jnp.isfinite(self.above), jnp.maximum(limit, self.below)
        beyond = jnp.where(upper, self.base.excess(jnp.where(upper, self.above, 0.0)), 0.0)
        above = jnp.where(least >= self.above, 0.0, self.base.excess(least) - beyond)
        return above + jnp.maximum(jnp.minimum(self.below, self.above) - limit, 0.0)

    def _seen(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return jnp.clip(y, self.below, self.above)


@dataclass(frozen=True)
class Censored(AbstractFamily):
    """Any family whose target is hidden at or beyond a limit.

    A numeric column is a limit: the target is known only to be at least (`above`) or at most
    (`below`) the limit where it reached it. A boolean column is a flag: where it is true the
    recorded target is itself only a bound.

    Fields:
        base: the family of the target that nobody hid.
        above: column of upper limits or flags, or None.
        below: column of lower limits or flags, or None.
    """

    base: AbstractFamily
    above: str | None = None
    below: str | None = None

    name: ClassVar[str] = "censored"
    is_wrapper: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.above is None and self.below is None:
            raise ConfigError(
                f"Censored({self.base.name}): names no column of limits or flags. "
                'Write `above="stock"`, `below="detection_limit"` or both.'
            )
        if isinstance(self.base, Censored):
            raise ConfigError(
                "Censored: the family is censored already. Name both limits at once: "
                '`Censored(Normal(), above="most", below="least")`.'
            )

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The parameters of the base family."""
        return self.base.parameters

    @property
    def support(self) -> Support:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The support of the base family."""
        return self.base.support

    @property
    def underlying(self) -> AbstractFamily:
        return self.base.underlying

    def needs(self) -> tuple[str, ...]:
        return (*self.base.needs(), *(column for column in (self.above, self.below) if column))

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> CensoredDistribution:
        return self._around(self.base.bind(parameters, columns), columns)

    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> CensoredDistribution:
        return self._around(self.base.from_linked(linked, columns), columns)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        return self.base.start(y, columns)

    def parts(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[Part, ...]:
        upper = _limits(columns.get(self.above or ""), y, absent=np.inf)
        lower = _limits(columns.get(self.below or ""), y, absent=-np.inf)
        reached, sunk = y >= upper, y <= lower
        if np.any(reached & sunk):
            row = int(np.flatnonzero(reached & sunk)[0])
            raise DataError(
                f"Row {row} is hidden above {upper[row]:g} and below {lower[row]:g} at once. The "
                f"lower limit (`{self.below}`) must lie below the upper one (`{self.above}`)."
            )
        groups = (
            (~reached & ~sunk, Known.VALUE, y),
            (reached, Known.AT_LEAST, upper),
            (sunk, Known.AT_MOST, lower),
        )
        return tuple(
            Part(
                np.flatnonzero(rows),
                self.base,
                known,
                value[rows],
                {name: columns[name][rows] for name in self.base.needs()},
            )
            for rows, known, value in groups
            if rows.any()
        )

    def _around(self, base: AbstractDistribution, columns: Columns) -> CensoredDistribution:
        above, at_least = _bound(self.above, columns, absent=jnp.inf)
        below, at_most = _bound(self.below, columns, absent=-jnp.inf)
        return CensoredDistribution(base, above, below, at_least, at_most)


def _bound(name: str | None, columns: Columns, *, absent: float) -> tuple[Array, Array]:
    """Limit and flag of each row; a column holds one of them."""
    if name is None:
        return jnp.asarray(absent), jnp.asarray(False)
    column = jnp.asarray(columns[name])
    if column.dtype == bool:
        return jnp.asarray(absent), column
    return jnp.where(jnp.isnan(column), absent, column), jnp.asarray(False)


def _limits(column: np.ndarray | None, y: np.ndarray, *, absent: float) -> np.ndarray:
    """Limit of each row; a flag makes the recorded value its own limit."""
    if column is None:
        return np.full(len(y), absent)
    if column.dtype == bool:
        return np.where(column, y, absent)
    return np.where(np.isnan(column), absent, column)
