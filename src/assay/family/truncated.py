"""Values that are recorded only within limits, for any family: the others enter no table."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from assay.errors import ConfigError, DataError
from assay.family.abstract import (
    AbstractDistribution,
    AbstractFamily,
    Columns,
    Known,
    Parameter,
    Part,
)
from assay.family.limit import (
    Limit,
    bound_limit,
    check_limit,
    check_order,
    named,
    named_limit,
    row_limits,
)
from assay.family.support import Support
from assay.family.within import TruncatedDistribution
from assay.family.wrapping import check_base
from assay.frame.rows import at_row

__all__ = ["Truncated", "TruncatedDistribution"]


@dataclass(frozen=True)
class Truncated(AbstractFamily):
    """Any family whose values are recorded only where they lie within limits.

    Unlike a censored value one beyond a limit leaves no row behind. Both limits are included, so
    a count that shows only where it is above 0 is `Truncated(NegativeBinomial(), below=1)`.

    Fields:
        base: the family without limits.
        above: the greatest value that can be recorded: a number, a column, or None.
        below: the least one likewise.

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions, 10.1.
    """

    base: AbstractFamily
    above: Limit = None
    below: Limit = None

    name: ClassVar[str] = "truncated"
    is_wrapper: ClassVar[bool] = True

    def __post_init__(self) -> None:
        base = check_base("Truncated", self.base)
        if self.above is None and self.below is None:
            raise ConfigError(
                f"Truncated({base.name}): names no limit. Write `above=10`, `below=1` or the "
                "names of columns that hold the limits."
            )
        for name, limit in (("above", self.above), ("below", self.below)):
            check_limit(f"Truncated({base.name})", name, limit)
        check_order(f"Truncated({base.name})", self.below, self.above, equal=base.support.whole)
        least, most = self._numbers()
        if _empty(base.support, np.asarray(least), np.asarray(most)):
            raise ConfigError(
                f"Truncated({base.name}): no value lies from {least:g} to {most:g}, since the "
                f"family takes {base.support.name}. Move the limits."
            )

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The parameters of the base family: they describe values without limits."""
        return self.base.parameters

    @property
    def support(self) -> Support:  # pyright: ignore[reportIncompatibleVariableOverride]
        """What of the base's support lies within limits that are numbers."""
        least, most = self._numbers()
        inside, name = self.base.support, self.base.support.name
        if least > inside.lower:
            inside, name = replace(inside, lower=least, open_below=False), f"{name}, from {least:g}"
        if most < inside.upper:
            inside, name = replace(inside, upper=most, open_above=False), f"{name}, up to {most:g}"
        return replace(inside, name=name)

    @property
    def atom(self) -> float | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """As the base."""
        return self.base.atom

    @classmethod
    def examples(cls) -> tuple[AbstractFamily, ...]:
        from assay.family.normal import Normal
        from assay.family.poisson import Poisson
        from assay.family.weibull import Weibull

        return (
            cls(Normal(), below=0.0),
            cls(Weibull(), below=0.5, above=4.0),
            cls(Poisson(), below=2, above=30),
        )

    def needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.base.needs(), *named(self.above, self.below))))

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> TruncatedDistribution:
        return self._around(self.base.bind(parameters, columns), columns)

    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> TruncatedDistribution:
        return self._around(self.base.from_linked(linked, columns), columns)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        return self.base.start(y, columns)

    def parts(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[Part, ...]:
        self.base.parts(y, columns)
        least = row_limits(self.below, columns, len(y), absent=-np.inf)
        most = row_limits(self.above, columns, len(y), absent=np.inf)
        names = f"{named_limit('below', self.below)} and {named_limit('above', self.above)}"
        for row in np.flatnonzero(_empty(self.base.support, least, most))[:1]:
            raise DataError(
                f"Truncated: {at_row(row)}: no value that `{self.base.name}` takes lies from "
                f"{least[row]:g} to {most[row]:g} ({names}). Correct the limits of this row."
            )
        for row in np.flatnonzero((y < least) | (y > most))[:1]:
            raise DataError(
                f"Truncated: {at_row(row)}: the target is {y[row]:g}, but only values from "
                f"{least[row]:g} to {most[row]:g} can be recorded ({names}). Correct the row; if "
                "values beyond a limit are recorded as the limit, use `Censored`."
            )
        return (Part(np.arange(len(y)), self, Known.VALUE, y, dict(columns)),)

    def _around(self, base: AbstractDistribution, columns: Columns) -> TruncatedDistribution:
        below = bound_limit(self.below, columns, absent=-jnp.inf)
        above = bound_limit(self.above, columns, absent=jnp.inf)
        if base.is_count:
            below = None if below is None else jnp.ceil(below)
            above = None if above is None else jnp.floor(above)
        return TruncatedDistribution(base, below, above, self.base.atom)

    def _numbers(self) -> tuple[float, float]:
        """The limits that are the same for all rows, or infinity."""
        least, most = (
            absent if limit is None or isinstance(limit, str) else float(limit)
            for limit, absent in ((self.below, -np.inf), (self.above, np.inf))
        )
        return least, most


def _empty(support: Support, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Whether no value of a support lies from `least` to `most`."""
    low, high = np.maximum(least, support.lower), np.minimum(most, support.upper)
    if support.whole:
        return np.ceil(low) > np.floor(high)
    off = (support.open_below & (most <= support.lower)) | (
        support.open_above & (least >= support.upper)
    )
    return off | (low >= high)
