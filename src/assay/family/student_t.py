"""The Student t family: any real number, with outliers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.spread import robust_spread
from assay.family.support import REAL, Support
from assay.family.tail.student_t import (
    student_t_log_density,
    student_t_log_tails,
)
from assay.family.tail.student_t_quantile import student_t_excess, student_t_quantile

_START_DF = 5.0


class StudentTDistribution(AbstractDistribution):
    """Student's t around `location`, widened by `scale`, with `df` degrees of freedom."""

    is_count: ClassVar[bool] = False
    location: Float[Array, "..."]
    scale: Float[Array, "..."]
    df: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return student_t_log_density(self._t(y), self.df) - jnp.log(self.scale)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return student_t_log_tails(self._t(y), self.df)

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self.location + self.scale * student_t_quantile(self.df, log_p, log_q)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return self.location + self.scale * jax.random.t(key, self.df, shape)

    def mean(self) -> Float[Array, "..."]:
        """The location; nan where there is no mean, at df <= 1."""
        location, _, df = self._parts()
        return jnp.where(df > 1, location, jnp.nan)

    def variance(self) -> Float[Array, "..."]:
        """Infinite for 1 < df <= 2, nan where there is no mean."""
        _, scale, df = self._parts()
        finite = df > 2
        inflation = df / jnp.where(finite, df - 2, 1.0)
        beyond = jnp.where(df > 1, jnp.inf, jnp.nan)
        return jnp.where(finite, scale**2 * inflation, beyond)

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """Infinite where df is at most 1."""
        return self.scale * student_t_excess(self._t(limit), self.df)

    def _t(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return (y - self.location) / self.scale

    def _parts(self) -> list[Array]:
        return jnp.broadcast_arrays(self.location, self.scale, self.df)


@dataclass(frozen=True)
class StudentT(AbstractFamily):
    """Any real number, with `location`, `scale` and `df` (the smaller, the heavier the tails).

    For large `df` it is the Normal family with sd `scale`. All values and derivatives stay exact
    on the way there, but the likelihood then hardly changes with `df`.

    Source: Lange, Little & Taylor (1989), Robust statistical modeling using the t distribution.
    """

    name: ClassVar[str] = "student-t"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("location", link.identity, "median, in the target's unit"),
        Parameter("scale", link.log, "scale, in the target's unit"),
        Parameter("df", link.log, "degrees of freedom; moments from this order on are infinite"),
    )
    support: ClassVar[Support] = REAL

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> StudentTDistribution:
        del columns
        return StudentTDistribution(
            *(jnp.asarray(parameters[each.name]) for each in self.parameters)
        )

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        return {"location": float(np.median(y)), "scale": robust_spread(y), "df": _START_DF}
