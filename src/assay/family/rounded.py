"""Continuous quantities recorded to a grid, such as lengths to the centimetre."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.errors import ConfigError, DataError
from assay.family.abstract import (
    AbstractDistribution,
    AbstractFamily,
    Columns,
    Known,
    Parameter,
    Part,
)
from assay.family.limit import check_limit, named
from assay.family.moments import lattice_excess, lattice_moments
from assay.family.support import Support
from assay.family.wrapping import all_needs, check_base
from assay.frame.rows import at_row

# Multiples of a grid such as 0.1 are written with rounding; this share of a step is forgiven.
_SLACK = 1e-6
_REACHED = 1e-10  # by so little may a log tail miss its level, for the rounding of the base's
_ULPS = 8 * float(np.finfo(float).eps)


class RoundedDistribution(AbstractDistribution):
    """The multiple of `grid` nearest to a value.

    `log_prob` is the log probability of the interval that is recorded as `y`, half a step to
    either side; what of it lies off the base's support adds nothing.

    Fields:
        base: the distribution of the value itself.
        grid: from one possible record to the next, in the target's unit.

    Source: Heitjan (1989), Inference from grouped continuous data, Statistical Science 4(2).
    """

    is_count: ClassVar[bool] = False
    base: AbstractDistribution
    grid: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return self.base.log_between(y - self.grid / 2, y + self.grid / 2)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return self.base.log_edges(self._down(y) + self.grid / 2)

    def log_edges(self, limit: Float[Array, "..."]) -> tuple[Array, Array]:
        return self.base.log_edges(self._up(limit) - self.grid / 2)

    def log_between(
        self, low: Float[Array, "..."], high: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        half = self.grid / 2
        return self.base.log_between(self._up(low) - half, self._down(high) + half)

    def log_beyond(
        self, low: Float[Array, "..."], high: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        half = self.grid / 2
        return self.base.log_between(self._down(low) + half, self._down(high) + half)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        value = self.base.tail_quantile(log_p, log_q)
        # A value on an edge but for rounding belongs below, if up to there the level is reached.
        below = jnp.ceil(value / self.grid - 0.5 - _SLACK) * self.grid
        log_cdf, log_sf = self.log_tails(below)
        lower = log_p < log_q
        miss = jnp.where(lower, log_p - log_cdf, log_sf - log_q)
        return jnp.where(miss > _REACHED, below + self.grid, below)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return jnp.round(self.base.sample(key, shape) / self.grid) * self.grid

    def mean(self) -> Float[Array, "..."]:
        return self._moments()[0]

    def variance(self) -> Float[Array, "..."]:
        return self._moments()[1]

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        limit = jnp.broadcast_to(limit, jnp.broadcast_shapes(jnp.shape(limit), self.batch_shape))
        return lattice_excess(self.log_tails, self.tail_quantile, self.grid, limit)

    def _moments(self) -> tuple[Array, Array]:
        return lattice_moments(self.log_tails, self.tail_quantile, self.grid, self.batch_shape)

    def _down(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return jnp.floor(y / self.grid + _SLACK) * self.grid

    def _up(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return jnp.ceil(y / self.grid - _SLACK) * self.grid


@dataclass(frozen=True)
class Rounded(AbstractFamily):
    """Any continuous family whose values are recorded as the nearest multiple of a grid.

    Fields:
        base: the family of the value itself.
        grid: from one possible record to the next, in the target's unit: a number, or the name of
            a column with one for each row.
    """

    base: AbstractFamily
    grid: float | str = 1.0

    name: ClassVar[str] = "rounded"
    is_wrapper: ClassVar[bool] = True

    def __post_init__(self) -> None:
        base = check_base("Rounded", self.base)
        if base.support.whole:
            raise ConfigError(
                f"Rounded({base.describe()}): the family is one of counts, which are whole "
                "already. Rounding is for continuous families, such as `Gamma()`."
            )
        if self.grid is None:
            raise ConfigError("Rounded: `grid` is None, must be a number above 0 or a column.")
        check_limit("Rounded", "grid", self.grid)
        if not isinstance(self.grid, str) and not self.grid > 0:
            raise ConfigError(
                f"Rounded: `grid` is {self.grid:g}, must be above 0: the step from one possible "
                "record to the next, in the target's unit."
            )

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The parameters of the base family."""
        return self.base.parameters

    @property
    def support(self) -> Support:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Records whose interval meets the base's support: 0, too, for a positive quantity."""
        inside = self.base.support
        if isinstance(self.grid, str):
            lower = 0.0 if inside.lower == 0 else -np.inf
            return Support(f"{inside.name}, rounded", lower=lower)
        return Support(
            f"{inside.name}, rounded to multiples of {self.grid:g}",
            lower=-_farthest(-inside.lower, self.grid),
            upper=_farthest(inside.upper, self.grid),
        )

    @property
    def underlying(self) -> AbstractFamily:
        return self.base.underlying

    @classmethod
    def examples(cls) -> tuple[AbstractFamily, ...]:
        from assay.family.normal import Normal
        from assay.family.truncated import Truncated
        from assay.family.weibull import Weibull

        return (
            cls(Normal()),
            cls(Weibull(), grid=0.5),
            cls(Truncated(Normal(), below=0.0), grid=0.1),
        )

    def needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*all_needs([self.base]), *named(self.grid))))

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> RoundedDistribution:
        return self._around(self.base.bind(parameters, columns), columns)

    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> RoundedDistribution:
        return self._around(self.base.from_linked(linked, columns), columns)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        # Off the base's support, as 0 for a positive quantity: half-way to the cell's inner edge.
        inside, half = self.base.support, self._widths(columns, len(y)) / 2
        low = np.maximum(y - half, inside.lower)
        high = np.minimum(y + half, inside.upper)
        return self.base.start(np.where(inside.contains(y), y, (low + high) / 2), columns)

    def parts(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[Part, ...]:
        width, inside = self._widths(columns, len(y)), self.base.support
        where = f"column `{self.grid}`" if isinstance(self.grid, str) else "`grid`"
        for row in np.flatnonzero(~(width > 0) | np.isinf(width))[:1]:
            raise DataError(
                f"Rounded: {at_row(row)}: {where} is {width[row]:g}, must be above 0: the step "
                "from one possible record to the next. Fill it in."
            )
        steps = y / width
        for row in np.flatnonzero(np.abs(steps - np.round(steps)) > _SLACK + _ULPS * np.abs(steps))[
            :1
        ]:
            raise DataError(
                f"Rounded: {at_row(row)}: the target is {y[row]:g}, which is no multiple of "
                f"{width[row]:g} ({where}), so it was not recorded to that grid. Correct the grid."
            )
        off = (y + width / 2 <= inside.lower) | (y - width / 2 >= inside.upper)
        for row in np.flatnonzero(off)[:1]:
            raise DataError(
                f"Rounded: {at_row(row)}: the target is {y[row]:g} give or take "
                f"{width[row] / 2:g}, but family `{self.base.name}` takes {inside.name}."
            )
        return (Part(np.arange(len(y)), self, Known.VALUE, y, dict(columns)),)

    def _widths(self, columns: Mapping[str, np.ndarray], rows: int) -> np.ndarray:
        if isinstance(self.grid, str):
            return np.asarray(columns[self.grid], dtype=float)
        return np.full(rows, float(self.grid))

    def _around(self, base: AbstractDistribution, columns: Columns) -> RoundedDistribution:
        grid = columns[self.grid] if isinstance(self.grid, str) else float(self.grid)
        return RoundedDistribution(base, jnp.asarray(grid, dtype=float))


def _farthest(edge: float, grid: float) -> float:
    """The last multiple of the grid whose interval begins before the edge of a support."""
    if np.isinf(edge):
        return edge
    return float((np.ceil(edge / grid + 0.5 - _SLACK) - 1) * grid)
