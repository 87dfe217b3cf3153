"""What every family and every distribution can do.

A family is a recipe: named parameters, their links, the columns it needs. Binding a recipe to
arrays gives a distribution, an immutable JAX module that broadcasts over its parameters.
"""

import abc
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import Enum
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.compute import configure
from assay.family.interval import log_interval
from assay.family.link import Link
from assay.family.support import Support
from assay.family.tail import log1mexp

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
    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        """Least value with P(Y <= value) >= exp(log_p), that is P(Y > value) <= exp(log_q).

        Args:
            log_p: log of the lower tail, below 0.
            log_q: log of the upper tail, log(1 - exp(log_p)); both are given, so that each can be
                right where it is small.
        """

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

    def rough_moments(self) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        """About the mean and the variance, cheap: where a search for quantiles begins."""
        return self.mean(), self.variance()

    def quantile(self, level: Float[Array, "..."]) -> Float[Array, "..."]:
        """Least value whose cdf reaches `level`, 0 < level < 1."""
        level = jnp.asarray(level)
        return self.tail_quantile(jnp.log(level), jnp.log1p(-level))

    def lower_quantile(self, log_p: Float[Array, "..."]) -> Float[Array, "..."]:
        """Least value whose log cdf reaches `log_p`, for levels too close to 0 to be written."""
        return self.tail_quantile(jnp.asarray(log_p), log1mexp(log_p))

    def upper_quantile(self, log_q: Float[Array, "..."]) -> Float[Array, "..."]:
        """Least value whose log sf is at most `log_q`, for levels too close to 1 to be written."""
        return self.tail_quantile(log1mexp(log_q), jnp.asarray(log_q))

    def log_cdf(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log P(Y <= y)."""
        return self.log_tails(y)[0]

    def log_sf(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log P(Y > y)."""
        return self.log_tails(y)[1]

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of one answer for each set of parameters."""
        one = jnp.zeros(())
        return jax.eval_shape(lambda bound: bound.log_prob(one), self).shape

    def smooth_log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        """As `log_tails`; counts may give a smooth curve that meets it at whole numbers."""
        return self.log_tails(y)

    def landmarks(self) -> tuple[Float[Array, "..."], ...]:
        """Values between which the cdf is smooth on the scale of their distance, if any."""
        return ()

    def next_log_prob(
        self, k: Float[Array, "..."], log_prob: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        """Log mass at k + 1 given that at `k`; counts may give a cheaper step than `log_prob`."""
        del log_prob
        return self.log_prob(k + 1)

    def log_edges(self, limit: Float[Array, "..."]) -> tuple[Array, Array]:
        """Log P(Y < limit) and log P(Y >= limit): mass on the limit counts to the upper side.

        A distribution that is neither a count nor a plain density says its own.
        """
        return self.log_tails(jnp.ceil(limit) - 1.0 if self.is_count else limit)

    @property
    def has_plain_edges(self) -> bool:
        """Whether `log_edges` are the tails, at the whole number before for counts."""
        return type(self).log_edges is AbstractDistribution.log_edges

    def log_between(
        self, low: Float[Array, "..."], high: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        """Log P(low <= Y <= high), right however narrow or far out the interval is."""
        return log_interval(self, low, high)

    def log_beyond(
        self, low: Float[Array, "..."], high: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        """Log P(low < Y <= high): as `log_between`, without the mass on `low` itself."""
        return log_interval(self, low, high, open_below=True)

    def log_reach(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log P(Y >= limit)."""
        return self.log_edges(limit)[1]


class Known(Enum):
    """What a row says about its target."""

    VALUE = "it is y"
    AT_LEAST = "it is y or more"
    AT_MOST = "it is y or less"
    BETWEEN = "it lies from y to another value"


UPPER_END = "upper end"  # where a part keeps the other value; no column can be called so


@dataclass(frozen=True, eq=False)
class Part:
    """Rows that say the same kind of thing, such as the rows that a limit hid.

    Fields:
        rows: indices into the table.
        family: the recipe of the value itself.
        known: what these rows say about it.
        y: the value, or the limit behind which it hides.
        columns: what the family reads of these rows besides, such as numbers of trials; under
            `UPPER_END` the other end of an interval.
    """

    rows: np.ndarray
    family: "AbstractFamily"
    known: Known
    y: np.ndarray
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)


def log_likelihood(
    distribution: AbstractDistribution,
    known: Known,
    y: Float[Array, "..."],
    upper: Float[Array, "..."] | None = None,
) -> Float[Array, "..."]:
    """What each row contributes to the log-likelihood, given what it says about its target.

    Args:
        distribution: of the value that nobody hid.
        known: what the rows say.
        y: the value, the limit, or the lower end of the interval.
        upper: its upper end.
    """
    if known is Known.AT_LEAST:
        return distribution.log_reach(y)
    if known is Known.BETWEEN:
        return distribution.log_between(y, y if upper is None else upper)
    return distribution.log_cdf(y) if known is Known.AT_MOST else distribution.log_prob(y)


class AbstractFamily(abc.ABC):
    """A recipe for a likelihood: hashable, holds no data."""

    name: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    support: ClassVar[Support]
    is_wrapper: ClassVar[bool] = False
    # A value that has mass of its own beside a density, such as the 0 of a Tweedie.
    atom: ClassVar[float | None] = None

    @abc.abstractmethod
    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> AbstractDistribution:
        """The distribution with these natural parameters, given the table's columns."""

    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> AbstractDistribution:
        """The distribution with parameters given before their links, any real numbers."""
        return self.bind(through_links(self.parameters, linked), columns)

    @abc.abstractmethod
    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Natural parameters to start a fit from, by moments of the recorded values.

        Args:
            y: recorded values, (rows,).
            columns: what `needs` names, of the same rows.
        """

    @classmethod
    def examples(cls) -> "tuple[AbstractFamily, ...]":
        """Recipes of this kind that need no table: what tests and lists run through."""
        return (cls(),)

    @property
    def underlying(self) -> "AbstractFamily":
        """The family of the value itself, without what hides or rounds it on its way to us."""
        return self

    def needs(self) -> tuple[str, ...]:
        """Columns, besides those of the predictors, that the likelihood reads."""
        return ()

    def recorded(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """The target with those missing values filled that columns say something about.

        Args:
            y: targets, NaN where missing, (rows,).
            columns: what `needs` names, of the same rows.
        """
        del columns
        return y

    def remarks(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[str, ...]:
        """What a user should know about these rows, in sentences without a full stop."""
        del y, columns
        return ()

    def parts(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[Part, ...]:
        """Rows grouped by the likelihood that they contribute.

        Raises:
            DataError: a value that cannot be, given the columns; names the row.
        """
        return (Part(np.arange(len(y)), self, Known.VALUE, y, dict(columns)),)

    @property
    def has_kink(self) -> bool:
        """Whether a log density has a kink, where no second derivative tells how wide it is."""
        return any(each.has_kink for each in _inner(self))

    def without_kink(self, width: float) -> "AbstractFamily":
        """A recipe with its kinks rounded off over `width` scales, for a fit on its way."""
        changed = {}
        for each in fields(self) if is_dataclass(self) else ():
            value = getattr(self, each.name)
            if isinstance(value, AbstractFamily):
                changed[each.name] = value.without_kink(width)
        return replace(self, **changed) if changed else self  # pyright: ignore[reportArgumentType]

    def describe(self) -> str:
        """The recipe as text that `assay.registry.parse` reads: `truncated(gamma, below=2)`."""
        inside = ", ".join(_arguments(self))
        return f"{self.name}({inside})" if inside else self.name


def through_links(
    parameters: tuple[Parameter, ...], linked: Mapping[str, Array]
) -> dict[str, Array]:
    """Natural parameters from what the predictors add up to."""
    return {each.name: each.link.forward(linked[each.name]) for each in parameters}


def _inner(family: AbstractFamily) -> list[AbstractFamily]:
    """The families that a wrapper holds."""
    held = [getattr(family, each.name) for each in fields(family)] if is_dataclass(family) else []
    listed = [value if isinstance(value, tuple) else (value,) for value in held]
    return [one for value in listed for one in value if isinstance(one, AbstractFamily)]


def _arguments(family: AbstractFamily) -> list[str]:
    """The fields that say something, families first and without their names."""
    written = []
    for each in fields(family) if is_dataclass(family) else ():
        value = getattr(family, each.name)
        if isinstance(value, AbstractFamily):
            written.append(value.describe())
        elif isinstance(value, tuple) and value and isinstance(value[0], AbstractFamily):
            written += [one.describe() for one in value]
        elif value != each.default:
            written.append(f"{each.name}={value!r}")
    return written
