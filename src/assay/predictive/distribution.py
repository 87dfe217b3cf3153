"""The predictive of a fitted model: a family, mixed over draws of its coefficients."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from assay.compute.progress import waiting
from assay.errors import PredictionsError
from assay.family import AbstractDistribution, AbstractFamily, Known
from assay.family.step import step_quantile
from assay.predictive.abstract import AbstractPredictive, Rows, proper_level
from assay.predictive.crps import crps_of_counts, crps_of_density, crps_of_large_counts
from assay.predictive.mixture import mixture_quantile

Linked = tuple[np.ndarray, ...]
Columns = Mapping[str, np.ndarray]
_CELLS = 2**21
_CRPS_CELLS = 2**14
# A sum over this many counts costs as much as the integral that stands in for it beyond.
_LARGE_COUNT = 4096


@dataclass(frozen=True, repr=False)
class DistributionPredictive(AbstractPredictive):
    """An equal mixture of one family's distributions, one for each posterior draw.

    Fields:
        family: recipe of the value that nobody hid.
        linked: for each parameter its value before the link, (draws, rows) or (draws, 1) where
            all rows share it.
        rows_: number of rows.
        columns: what else the family reads of these rows, each (rows,).
    """

    family: AbstractFamily
    linked: Linked
    rows_: int
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def bind(
        cls, family: AbstractFamily, parameters: Mapping[str, np.ndarray]
    ) -> "DistributionPredictive":
        """Without parameter uncertainty: one set of natural parameters for each row."""
        linked = tuple(
            np.atleast_1d(np.asarray(each.link.inverse(jnp.asarray(parameters[each.name]))))[None]
            for each in family.parameters
        )
        rows = max(each.shape[1] for each in linked)
        return cls(family, linked, rows)

    @property
    def rows(self) -> int:
        return self.rows_

    @property
    def is_count(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether the family is one of counts."""
        first = tuple(each[:1, :1] for each in self.linked)
        return _bind(self.family, first, self._rows_of(np.arange(min(self.rows, 1)))).is_count

    def mean(self) -> Rows:
        return self._blocks("mean")

    def quantile(self, level: float) -> Rows:
        return self._blocks("quantile", np.full(self.rows, proper_level(level)))

    def cdf(self, y: Rows) -> Rows:
        return self._blocks("cdf", y)

    def log_cdf(self, y: Rows) -> Rows:
        return self._blocks("log_cdf", y)

    def log_prob(self, y: Rows) -> Rows:
        return self._blocks("log_prob", y)

    def log_reach(self, limit: Rows) -> Rows:
        return self._blocks("log_reach", limit)

    def excess(self, limit: Rows) -> Rows:
        return self._blocks("excess", limit)

    def log_likelihood(self, known: Known, y: Rows, upper: Rows | None = None) -> Rows:
        """Log probability of what each row says about its target; `upper` ends an interval."""
        if known is Known.BETWEEN:
            return self._blocks("log_between", y, y if upper is None else upper)
        return self._blocks(_SAYS[known], y)

    def crps(self, y: Rows, limit: Rows | None = None) -> Rows:
        y, cut = self._for_each_row("crps", y), _no_limit(self.rows) if limit is None else limit
        if not self.is_count:
            return self._blocks("crps", y, cut)
        # Blocks of rows of like size: a sum over counts runs as long as its largest row.
        reach = self.mean() + 8 * np.sqrt(self._blocks("variance"))
        reach = np.minimum(cut, np.maximum(y, reach))
        order = np.argsort(reach, kind="stable")
        split = int(np.searchsorted(reach[order], _LARGE_COUNT))
        scores = np.empty(self.rows)
        for question, rows in (("crps", order[:split]), ("crps of large", order[split:])):
            scores[rows] = self.take(rows)._blocks(question, y[rows], cut[rows])
        return scores

    def sample(self, seed: int, count: int) -> Float[np.ndarray, "samples rows"]:
        which_key, key = jax.random.split(jax.random.key(seed))
        draws = self.linked[0].shape[0]
        which = np.asarray(jax.random.randint(which_key, (count, self.rows), 0, draws))
        columns = np.arange(self.rows)
        picked = tuple(
            np.broadcast_to(each, (draws, self.rows))[which, columns] for each in self.linked
        )
        return np.asarray(_sample(self.family, picked, self._rows_of(columns), key))

    def take(self, rows: np.ndarray) -> "DistributionPredictive":
        index = np.arange(self.rows)[rows]
        linked = tuple(each if each.shape[1] == 1 else each[:, index] for each in self.linked)
        return replace(self, linked=linked, rows_=len(index), columns=self._rows_of(index))

    def _rows_of(self, index: np.ndarray) -> dict[str, np.ndarray]:
        return {name: column[index] for name, column in self.columns.items()}

    def _blocks(self, question: str, *arguments: Rows) -> Rows:
        """Ask block by block, so that memory stays bounded and shapes are few."""
        if self.rows == 0:
            return np.empty(0)
        arguments = tuple(self._for_each_row(question, each) for each in arguments)
        draws = self.linked[0].shape[0]
        cells = _CRPS_CELLS if question.startswith("crps") else _CELLS // 8
        size = min(_padded(self.rows), max(64, cells // draws))
        with waiting("predicting (the first time its functions compile)"):
            answers = [
                self._ask(question, np.arange(low, min(low + size, self.rows)), size, arguments)
                for low in range(0, self.rows, size)
            ]
        return np.concatenate(answers)

    def _for_each_row(self, question: str, values: Rows) -> Rows:
        found = np.asarray(values)
        if found.dtype.kind not in "biuf" or found.shape not in ((), (self.rows,)):
            raise PredictionsError(
                f"{question}: got values of shape {found.shape} and type {found.dtype}, needs one "
                f"number, or one for each of the {self.rows} rows."
            )
        return np.broadcast_to(found.astype(float), (self.rows,))

    def _ask(
        self, question: str, index: np.ndarray, size: int, arguments: tuple[Rows, ...]
    ) -> Rows:
        padded = np.concatenate([index, np.full(size - len(index), index[0])])
        linked = tuple(each if each.shape[1] == 1 else each[:, padded] for each in self.linked)
        values = [jnp.asarray(np.asarray(each, dtype=float)[padded]) for each in arguments]
        answer = np.asarray(
            _QUESTIONS[question](self.family, linked, self._rows_of(padded), *values)
        )
        return np.broadcast_to(answer, padded.shape)[: len(index)]


def _no_limit(rows: int) -> Rows:
    return np.full(rows, np.inf)


def _padded(rows: int) -> int:
    return max(64, 2 ** int(np.ceil(np.log2(rows))))


def _bind(
    family: AbstractFamily, linked: tuple[Array | np.ndarray, ...], columns: Columns
) -> AbstractDistribution:
    names = (parameter.name for parameter in family.parameters)
    known = {name: jnp.asarray(column) for name, column in columns.items()}
    return family.from_linked(dict(zip(names, map(jnp.asarray, linked), strict=True)), known)


def _mixed(logs: Array) -> Array:
    return logsumexp(logs, axis=0) - jnp.log(logs.shape[0])


@partial(jax.jit, static_argnums=0)
def _mean(family: AbstractFamily, linked: Linked, columns: Columns) -> Array:
    return jnp.mean(_bind(family, linked, columns).mean(), axis=0)


@partial(jax.jit, static_argnums=0)
def _variance(family: AbstractFamily, linked: Linked, columns: Columns) -> Array:
    distribution = _bind(family, linked, columns)
    return _mixed_moments(distribution.mean(), distribution.variance())[1]


def _mixed_moments(means: Array, variances: Array) -> tuple[Array, Array]:
    """Mean and variance of the mixture from those of each draw."""
    within = jnp.mean(variances, axis=0)
    return jnp.mean(means, axis=0), within + jnp.var(means, axis=0)


@partial(jax.jit, static_argnums=0)
def _cdf(family: AbstractFamily, linked: Linked, columns: Columns, y: Array) -> Array:
    return jnp.exp(_mixed(_bind(family, linked, columns).log_cdf(y)))


@partial(jax.jit, static_argnums=0)
def _sample(family: AbstractFamily, picked: Linked, columns: Columns, key: Array) -> Array:
    return _bind(family, picked, columns).sample(key, picked[0].shape)


@partial(jax.jit, static_argnums=0)
def _log_cdf(family: AbstractFamily, linked: Linked, columns: Columns, y: Array) -> Array:
    return _mixed(_bind(family, linked, columns).log_cdf(y))


@partial(jax.jit, static_argnums=0)
def _log_between(
    family: AbstractFamily, linked: Linked, columns: Columns, low: Array, high: Array
) -> Array:
    return _mixed(_bind(family, linked, columns).log_between(low, high))


@partial(jax.jit, static_argnums=0)
def _log_prob(family: AbstractFamily, linked: Linked, columns: Columns, y: Array) -> Array:
    return _mixed(_bind(family, linked, columns).log_prob(y))


@partial(jax.jit, static_argnums=0)
def _log_reach(family: AbstractFamily, linked: Linked, columns: Columns, limit: Array) -> Array:
    return _mixed(_bind(family, linked, columns).log_reach(limit))


@partial(jax.jit, static_argnums=0)
def _excess(family: AbstractFamily, linked: Linked, columns: Columns, limit: Array) -> Array:
    return jnp.mean(_bind(family, linked, columns).excess(limit), axis=0)


@partial(jax.jit, static_argnums=0)
def _quantile(family: AbstractFamily, linked: Linked, columns: Columns, level: Array) -> Array:
    distribution = _bind(family, linked, columns)

    def log_tails(x: Array) -> tuple[Array, Array]:
        below, above = distribution.log_tails(x)
        return _mixed(below), _mixed(above)

    if distribution.is_count:
        return step_quantile(
            log_tails,
            jnp.log(level),
            jnp.log1p(-level),
            *_mixed_moments(*distribution.rough_moments()),
        )
    each = distribution.quantile(level)
    each = jnp.broadcast_to(each, (each.shape[0], level.shape[0]))
    if each.shape[0] == 1:
        return each[0]
    found = mixture_quantile(log_tails, lambda x: _mixed(distribution.log_prob(x)), level, each)
    if family.atom is None:
        return found
    # Where the cdf takes a step there is no slope to follow: the level lies within it or not.
    at = jnp.full_like(level, family.atom)
    below, up_to = _mixed(distribution.log_edges(at)[0]), log_tails(at)[0]
    return jnp.where((below < jnp.log(level)) & (jnp.log(level) <= up_to), at, found)


@partial(jax.jit, static_argnums=0)
def _crps(
    family: AbstractFamily, linked: Linked, columns: Columns, y: Array, limit: Array
) -> Array:
    distribution = _bind(family, linked, columns)
    if distribution.is_count:
        return crps_of_counts(distribution, y, limit)
    return crps_of_density(distribution, y, limit, is_positive=family.support.lower >= 0)


@partial(jax.jit, static_argnums=0)
def _crps_of_large(
    family: AbstractFamily, linked: Linked, columns: Columns, y: Array, limit: Array
) -> Array:
    return crps_of_large_counts(_bind(family, linked, columns), y, limit)


_SAYS = {Known.VALUE: "log_prob", Known.AT_LEAST: "log_reach", Known.AT_MOST: "log_cdf"}
_QUESTIONS = {
    "log_cdf": _log_cdf,
    "log_between": _log_between,
    "mean": _mean,
    "cdf": _cdf,
    "log_prob": _log_prob,
    "log_reach": _log_reach,
    "excess": _excess,
    "quantile": _quantile,
    "crps": _crps,
    "crps of large": _crps_of_large,
    "variance": _variance,
}
