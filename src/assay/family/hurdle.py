"""Zeros from a first decision and, where it falls the other way, values above 0."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from assay.errors import ConfigError
from assay.family.abstract import (
    AbstractDistribution,
    AbstractFamily,
    Columns,
    Known,
    Parameter,
    Part,
)
from assay.family.support import Support
from assay.family.tail.chance import Chance
from assay.family.within import TruncatedDistribution
from assay.family.wrapping import check_base
from assay.family.zero_inflated import (
    ZeroInflatedDistribution,
    start_without_zeros,
    with_zero,
    zero_parameter,
)


@dataclass(frozen=True)
class Hurdle(AbstractFamily):
    """0 with probability `zero`, else a value of any family given that it is above 0.

    Unlike under `ZeroInflated` all zeros come from one source, and `zero` is the share of them.

    Fields:
        base: the family of the values above 0; its parameters describe it without the hurdle.

    Source: Mullahy (1986), Specification and testing of some modified count data models, Journal
        of Econometrics 33(3).
    """

    base: AbstractFamily

    name: ClassVar[str] = "hurdle"
    is_wrapper: ClassVar[bool] = True

    def __post_init__(self) -> None:
        base = check_base("Hurdle", self.base)
        zero_parameter("Hurdle", base)
        if base.atom is not None:
            raise ConfigError(
                f"Hurdle({base.describe()}): the family has a mass on {base.atom:g} already. Give "
                "the hurdle a family without one, such as `Gamma()`."
            )
        if not base.support.upper > 0:
            raise ConfigError(
                f"Hurdle({base.describe()}): the family takes {base.support.name}, none of it "
                "above 0. A hurdle stands before values above 0."
            )

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of the base, and `zero`."""
        return zero_parameter("Hurdle", self.base)

    @property
    def support(self) -> Support:  # pyright: ignore[reportIncompatibleVariableOverride]
        """0, and what of the base's support lies above it."""
        inside = self.base.support
        if inside.lower < 0:
            inside = replace(inside, name="0 and above", lower=0.0, open_below=False)
        return with_zero(inside)

    @property
    def atom(self) -> float | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The zeros beside a density."""
        return None if self.base.support.whole else 0.0

    @classmethod
    def examples(cls) -> tuple[AbstractFamily, ...]:
        from assay.family.normal import Normal
        from assay.family.poisson import Poisson
        from assay.family.weibull import Weibull

        return cls(Weibull()), cls(Poisson()), cls(Normal())

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
        return start_without_zeros(self.base, y, columns) | {"zero": share}

    def parts(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[Part, ...]:
        self.base.parts(y, columns)
        return (Part(np.arange(len(y)), self, Known.VALUE, y, dict(columns)),)

    def _around(self, base: AbstractDistribution, zero: Chance) -> ZeroInflatedDistribution:
        """What is above 0 has no zeros left, so that adding them is all there is to do."""
        least = 1.0 if base.is_count else 0.0
        if base.is_count or self.base.support.lower < 0:
            base = TruncatedDistribution(base, jnp.asarray(least), None)
        return ZeroInflatedDistribution(base, zero, joins=False)
