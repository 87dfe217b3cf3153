"""Values of which each comes from one of several families, nobody recorded from which."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.errors import ConfigError
from assay.family.abstract import (
    AbstractDistribution,
    AbstractFamily,
    Columns,
    Known,
    Parameter,
    Part,
)
from assay.family.interval import log_total
from assay.family.link import Link, identity
from assay.family.solve import solve_quantile, with_slope
from assay.family.step import step_quantile
from assay.family.support import Support
from assay.family.tail import log1mexp
from assay.family.wrapping import all_needs, check_base
from assay.family.zero_inflated import draw, inner_value

_LLOYD_STEPS = 20
_MARKS = (1e-6, 0.07, 0.5, 0.93, 1 - 1e-6)  # levels of a component
_LOG_ODDS = Link("identity", identity.forward, identity.inverse)


class MixtureDistribution(AbstractDistribution):
    """A value of the i-th component with a probability proportional to exp(odds[i]).

    Fields:
        components: the distributions, all of counts or all of densities.
        odds: log-odds of each against the first, whose own are 0.
    """

    components: tuple[AbstractDistribution, ...]
    odds: tuple[Float[Array, "..."], ...]

    @property
    def is_count(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """As the components."""
        return self.components[0].is_count

    def log_shares(self) -> Float[Array, "components ..."]:
        """Log probability of each component."""
        odds = jnp.stack(jnp.broadcast_arrays(*self.odds))
        return jax.nn.log_softmax(odds, axis=0)

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        return self._mixed([each.log_prob(y) for each in self.components])

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return self._both([each.log_tails(y) for each in self.components])

    def smooth_log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return self._both([each.smooth_log_tails(y) for each in self.components])

    def log_edges(self, limit: Float[Array, "..."]) -> tuple[Array, Array]:
        return self._both([each.log_edges(limit) for each in self.components])

    def log_between(
        self, low: Float[Array, "..."], high: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self._mixed([each.log_between(low, high) for each in self.components])

    def log_beyond(
        self, low: Float[Array, "..."], high: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self._mixed([each.log_beyond(low, high) for each in self.components])

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        if self.is_count:
            return step_quantile(self.log_tails, log_p, log_q, self.mean(), self.variance())
        still = jax.lax.stop_gradient(self)
        levels = jax.lax.stop_gradient((jnp.asarray(log_p), jnp.asarray(log_q)))
        # Between the components' quantiles of this level lies that of the mixture.
        each = [one.tail_quantile(*levels) for one in still.components]
        low, high = reduce(jnp.minimum, each), reduce(jnp.maximum, each)
        found = solve_quantile(still.log_tails, still.log_prob, *levels, low, high)
        return with_slope(self.log_tails, self.log_prob, log_p, log_q, found)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        first, *keys = jax.random.split(key, len(self.components) + 1)
        shares = jnp.moveaxis(self.log_shares(), 0, -1)
        which = jax.random.categorical(first, shares, shape=shape)
        draws = [draw(each, one, shape) for each, one in zip(self.components, keys, strict=True)]
        return jnp.select([which == i for i in range(len(draws))], draws)

    def mean(self) -> Float[Array, "..."]:
        return self._averaged([each.mean() for each in self.components])

    def variance(self) -> Float[Array, "..."]:
        mean = self.mean()
        return self._averaged(
            [each.variance() + (each.mean() - mean) ** 2 for each in self.components]
        )

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        return self._averaged([each.excess(limit) for each in self.components])

    def landmarks(self) -> tuple[Float[Array, "..."], ...]:
        # One component may be far narrower than the distance to the next.
        marks = (one.quantile(jnp.asarray(level)) for one in self.components for level in _MARKS)
        return tuple(marks)

    def _mixed(self, logs: list[Array]) -> Array:
        shares = self.log_shares()
        weighted = [share + each for share, each in zip(shares, logs, strict=True)]
        return log_total(jnp.stack(jnp.broadcast_arrays(*weighted)))

    def _both(self, tails: list[tuple[Array, Array]]) -> tuple[Array, Array]:
        """Both tails, the one next to 0 from the other."""
        below, above = (self._mixed([pair[side] for pair in tails]) for side in (0, 1))
        lower = below < above
        other = log1mexp(jnp.minimum(jnp.where(lower, below, above), 0.0))
        return jnp.where(lower, below, other), jnp.where(lower, other, above)

    def _averaged(self, values: list[Array]) -> Array:
        shares = jnp.exp(self.log_shares())
        # A component without a share counts for nothing even where its moment is infinite.
        terms = [
            jnp.where(share > 0, share * value, 0.0)
            for share, value in zip(shares, values, strict=True)
        ]
        return reduce(jnp.add, terms)


@dataclass(frozen=True, init=False)
class Mixture(AbstractFamily):
    """Any families of one kind, all of counts or all of densities, side by side.

    The parameters of the i-th family get the suffix `_i`, as in `mean_1`; `share_2`, `share_3`, ...
    are the log-odds of coming from that family rather than from the first. Which family is called
    first is a matter of where the fit starts: at low values.

    Fields:
        components: two families or more.

    Source: McLachlan & Peel (2000), Finite Mixture Models.
    """

    components: tuple[AbstractFamily, ...]

    name: ClassVar[str] = "mixture"
    is_wrapper: ClassVar[bool] = True

    def __init__(self, *components: AbstractFamily) -> None:
        """Put families side by side: ``Mixture(Normal(), Normal())``.

        Args:
            components: two families or more, in any mix of one kind.

        Raises:
            ConfigError: fewer than two, counts beside densities, or a family that gives a single
                value mass beside a density.
        """
        object.__setattr__(self, "components", components)
        if len(components) < 2:
            raise ConfigError(
                f"Mixture: got {len(components)} families, needs two or more, such as "
                "`Mixture(Normal(), Normal())`."
            )
        for each in components:
            check_base("Mixture", each)
        _check_kinds(components)

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of all families with their suffix, and the log-odds of all but the first."""
        own = [
            Parameter(f"{each.name}_{i}", each.link, f"{each.meaning} (family {i})")
            for i, family in enumerate(self.components, 1)
            for each in family.parameters
        ]
        odds = [
            Parameter(f"share_{i}", _LOG_ODDS, f"log-odds of family {i} against the first")
            for i in range(2, len(self.components) + 1)
        ]
        return (*own, *odds)

    @property
    def support(self) -> Support:  # pyright: ignore[reportIncompatibleVariableOverride]
        """From the least to the greatest value of any family."""
        each = [family.support for family in self.components]
        lower, upper = min(one.lower for one in each), max(one.upper for one in each)
        closed_below = any(one.lower == lower and not one.open_below for one in each)
        closed_above = any(one.upper == upper and not one.open_above for one in each)
        return Support(
            " or ".join(dict.fromkeys(one.name for one in each)),
            lower=lower,
            upper=upper,
            open_below=not closed_below,
            open_above=not closed_above,
            whole=each[0].whole,
        )

    @classmethod
    def examples(cls) -> tuple[AbstractFamily, ...]:
        from assay.family.normal import Normal
        from assay.family.poisson import Poisson
        from assay.family.weibull import Weibull

        return (
            cls(Normal(), Normal()),
            cls(Weibull(), Normal()),
            cls(Poisson(), Poisson()),
        )

    def needs(self) -> tuple[str, ...]:
        return all_needs(self.components)

    def without_kink(self, width: float) -> "Mixture":
        return Mixture(*(each.without_kink(width) for each in self.components))

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> MixtureDistribution:
        own = (each.bind(self._of(i, parameters), columns) for i, each in self._numbered())
        return self._side_by_side(tuple(own), parameters)

    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> MixtureDistribution:
        own = (each.from_linked(self._of(i, linked), columns) for i, each in self._numbered())
        return self._side_by_side(tuple(own), linked)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        groups = _split(y, len(self.components))
        found: dict[str, float] = {}
        for (i, family), rows in zip(self._numbered(), groups, strict=True):
            mine = rows[family.support.contains(y[rows])]
            mine = mine if len(mine) else np.flatnonzero(family.support.contains(y))
            values = y[mine] if len(mine) else np.array([inner_value(family.support)])
            kept = mine if len(mine) else np.zeros(1, dtype=int)
            own = family.start(values, {name: column[kept] for name, column in columns.items()})
            found |= {f"{name}_{i}": value for name, value in own.items()}
        first = max(len(groups[0]), 0.5)
        shares = {
            f"share_{i}": float(np.log(max(len(rows), 0.5) / first))
            for i, rows in enumerate(groups[1:], 2)
        }
        return found | shares

    def parts(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[Part, ...]:
        return (Part(np.arange(len(y)), self, Known.VALUE, y, dict(columns)),)

    def _numbered(self) -> list[tuple[int, AbstractFamily]]:
        return list(enumerate(self.components, 1))

    def _of(self, i: int, values: Mapping[str, Array]) -> dict[str, Array]:
        names = [each.name for each in self.components[i - 1].parameters]
        return {name: values[f"{name}_{i}"] for name in names}

    def _side_by_side(
        self, own: tuple[AbstractDistribution, ...], values: Mapping[str, Array]
    ) -> MixtureDistribution:
        odds = [jnp.asarray(values[f"share_{i}"]) for i in range(2, len(own) + 1)]
        return MixtureDistribution(own, (jnp.zeros_like(odds[0]), *odds))


def _check_kinds(components: tuple[AbstractFamily, ...]) -> None:
    """Refuse masses beside densities: their logs cannot be compared."""
    counts = {each.support.whole for each in components}
    if len(counts) > 1:
        listed = ", ".join(f"`{each.describe()}` ({each.support.name})" for each in components)
        raise ConfigError(
            f"Mixture: {listed} are counts beside densities. All families must be of one kind; "
            "zeros beside a density are `ZeroInflated(...)`."
        )
    for each in components:
        if each.atom is not None:
            raise ConfigError(
                f"Mixture: `{each.describe()}` gives {each.atom:g} a mass of its own beside a "
                "density. Mix densities and put the zeros outside: `ZeroInflated(Mixture(...))`."
            )


def _split(y: np.ndarray, count: int) -> list[np.ndarray]:
    """Rows in groups of near values, low ones first: quantiles, then Lloyd's steps.

    Source: Lloyd (1982), Least squares quantization in PCM, in one dimension.
    """
    order = np.argsort(y, kind="stable")
    values = y[order]
    edges = np.linspace(0, len(y), count + 1).round().astype(int)
    for _ in range(_LLOYD_STEPS):
        groups = [values[low:high] for low, high in pairwise(edges)]
        if any(len(each) == 0 for each in groups):
            break
        centres = np.array([each.mean() for each in groups])
        inner = np.searchsorted(values, (centres[:-1] + centres[1:]) / 2)
        moved = np.concatenate([[0], inner, [len(y)]])
        if np.any(np.diff(moved) == 0) or np.array_equal(moved, edges):
            break
        edges = moved
    return [order[low:high] for low, high in pairwise(edges)]
