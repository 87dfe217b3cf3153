"""What every family and every distribution can do.

A family is a recipe: named parameters, their links, the columns it needs. Binding a recipe to
arrays gives a distribution, an immutable JAX module that broadcasts over its parameters.
"""

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.compute import configure
from assay.family.link import Link
from assay.family.support import Support

configure()  # tails do not survive float32, whoever binds a family first

Columns = Mapping[str, Array]


@dataclass(frozen=True)
class Parameter:
    """One named parameter of a family.

    Fields:
        name: what a user calls it, such as `mean`.
        link: from the sum of predictors (any real number) to the parameter.
        meaning: one phrase with the unit.
    """

    name: str
    link: Link
    meaning: str


class AbstractDistribution(eqx.Module):
    """A family bound to arrays; every method broadcasts over parameters and argument.

    `log_cdf(y)` is log P(Y <= y) and `log_sf(y)` is log P(Y > y), each right in its own tail.

    Fields:
        is_count: whether all mass lies on whole numbers.
    """

    is_count: ClassVar[bool]

    @abc.abstractmethod
    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log density, or log mass for counts, at `y`."""

    @abc.abstractmethod
    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        """Log P(Y <= y) and log P(Y > y), in one pass."""

    @abc.abstractmethod
    def quantile(self, level: Float[Array, "..."]) -> Float[Array, "..."]:
        """Least value whose cdf reaches `level`, 0 < level < 1."""

    @abc.abstractmethod
    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        """Draws of `shape`, which must end in the shape of the parameters."""

    @abc.abstractmethod
    def mean(self) -> Float[Array, "..."]:
        """Expectation, in the target's unit."""

    @abc.abstractmethod
    def variance(self) -> Float[Array, "..."]:
        """Variance, in the target's unit squared."""

    @abc.abstractmethod
    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """E max(Y - limit, 0), the part of the mean above a finite `limit`."""

    def log_cdf(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log P(Y <= y)."""
        return self.log_tails(y)[0]

    def log_sf(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log P(Y > y)."""
        return self.log_tails(y)[1]

    def smooth_log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        """As `log_tails`; counts may give a smooth curve that meets it at whole numbers."""
        return self.log_tails(y)

    def next_log_prob(
        self, k: Float[Array, "..."], log_prob: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        """Log mass at k + 1 given that at `k`; counts may give a cheaper step than `log_prob`."""
        del log_prob
        return self.log_prob(k + 1)

    def log_reach(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log P(Y >= limit); a count keeps the mass that sits on the limit itself."""
        return self.log_sf(jnp.ceil(limit) - 1.0 if self.is_count else limit)


class Known(Enum):
    """What a row says about its target."""

    VALUE = "it is y"
    AT_LEAST = "it is y or more"
    AT_MOST = "it is y or less"


@dataclass(frozen=True)
class Part:
    """Rows that say the same kind of thing, such as the rows that a limit hid.

    Fields:
        rows: indices into the table.
        family: the recipe of the value itself.
        known: what these rows say about it.
        y: the value, or the limit behind which it hides.
    """

    rows: np.ndarray
    family: "AbstractFamily"
    known: Known
    y: np.ndarray


def log_likelihood(
    distribution: AbstractDistribution, known: Known, y: Float[Array, "..."]
) -> Float[Array, "..."]:
    """What each row contributes to the log-likelihood, given what it says about its target."""
    if known is Known.AT_LEAST:
        return distribution.log_reach(y)
    return distribution.log_cdf(y) if known is Known.AT_MOST else distribution.log_prob(y)


class AbstractFamily(abc.ABC):
    """A recipe for a likelihood: hashable, holds no data."""

    name: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    support: ClassVar[Support]

    @abc.abstractmethod
    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> AbstractDistribution:
        """The distribution with these natural parameters, given the table's columns."""

    @abc.abstractmethod
    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> AbstractDistribution:
        """The distribution with parameters given before their links, any real numbers."""

    @abc.abstractmethod
    def start(self, y: np.ndarray) -> dict[str, float]:
        """Natural parameters to start a fit from, by moments of the recorded values."""

    def needs(self) -> tuple[str, ...]:
        """Columns, besides those of the predictors, that the likelihood reads."""
        return ()

    def parts(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[Part, ...]:
        """Rows grouped by the likelihood that they contribute."""
        del columns
        return (Part(np.arange(len(y)), self, Known.VALUE, y),)


def through_links(
    parameters: tuple[Parameter, ...], linked: Mapping[str, Array]
) -> dict[str, Array]:
    """Natural parameters from what the predictors add up to."""
    return {each.name: each.link.forward(linked[each.name]) for each in parameters}
