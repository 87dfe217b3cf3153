"""What a panel's groups need before one batch can fit them, and the batch itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np

from assay.family import AbstractFamily, Known, Part
from assay.fit import FitResult, Prior, judge
from assay.fit.batched import GroupedRows, Optima, cholesky, maximise_groups
from assay.fit.rows import PartRows
from assay.frame import Frame
from assay.model.batch import Batch
from assay.model.prior import INTERCEPT_PRIOR_SD
from assay.model.weights import repeated
from assay.predictor import Design
from assay.predictor.matrix import as_dense, from_columns, ones, rows_of, side_by_side

# Where a group comes near to what a single fit would refuse or remark on, it goes there.
_NEARLY_COLLINEAR = 1e-10
_NEARLY_NOTHING = 1e-2


@dataclass(frozen=True, eq=False)
class GroupedTable:
    """Rows of all groups, group behind group.

    Fields:
        frame: the table.
        y: target.
        columns: what the family reads besides.
        weights: how often each row counts, or `None`.
        edges: where each group begins, and the end.
    """

    frame: Frame
    y: np.ndarray
    columns: Mapping[str, np.ndarray]
    weights: np.ndarray | None
    edges: np.ndarray

    @cached_property
    def counts(self) -> np.ndarray:
        """Rows of each group."""
        return np.diff(self.edges)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sum over each group's rows; 0 where it has none."""
        found, filled = np.zeros(len(self.counts)), self.counts > 0
        found[filled] = np.add.reduceat(values.astype(float), self.edges[:-1][filled])
        return found

    def means(self, values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """Mean over each group's rows, 0 where it has none."""
        if weights is None:
            return self.sums(values) / np.maximum(self.counts, 1)
        weight = self.sums(weights)
        return self.sums(weights * values) / np.where(weight == 0, 1.0, weight)

    def on_rows(self, values: np.ndarray) -> np.ndarray:
        """Each group's value on each of its rows."""
        return np.repeat(values, self.counts)


@dataclass(frozen=True, eq=False)
class _Standard:
    """One parameter's columns, standardised group by group.

    Fields:
        matrix: (rows, coefficients).
        centre: (groups, columns).
        scale: likewise.
        is_told: whether each group's rows can tell its coefficients apart.
    """

    matrix: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    is_told: np.ndarray


def fit_batch(
    family: AbstractFamily,
    table: GroupedTable,
    designs: tuple[Design, ...],
    parts: tuple[Part, ...],
    *,
    is_flat: bool,
    source: str,
) -> Batch:
    """Fit all groups that a single fit would take without a remark.

    Args:
        family: recipe of the likelihood.
        table: rows of all groups.
        designs: prepared on all rows; centres and scales are each group's own.
        parts: the rows by what they say.
        is_flat: whether there is no prior.
        source: what messages call the table.
    """
    standards = [_standard(table, each) for each in designs]
    hidden = _counted(table, [part.rows for part in parts if part.known is not Known.VALUE])
    seen = _counted(table, [np.arange(len(table.y))])
    fits = (hidden < seen) & np.all([each.is_told for each in standards], axis=0)
    if not family.support.whole:
        fits &= _varies(table)
    groups = np.flatnonzero(fits)
    offsets = np.stack(np.broadcast_arrays(*(each.offset(table.frame) for each in designs)))
    prior, unit = _priors(family, designs, table, parts, groups, offsets)
    if is_flat:
        prior = Prior(prior.mean, np.full_like(prior.sd, np.inf))
    grouped = tuple(_grouped(table, part, standards, offsets, groups) for part in parts)
    optima = maximise_groups(grouped, prior)
    good = np.flatnonzero(optima.is_settled & _is_informed(optima, prior, unit))
    results: list[FitResult | None] = [None] * len(table.counts)
    for place in good:
        group = int(groups[place])
        rows, away = int(seen[group]), int(hidden[group])
        results[group] = judge(optima.of(int(place)), rows=rows, hidden=away, where=source)
    spread = {
        name: _scattered(values[good], groups[good], len(results))
        for name, values in {
            "mode": optima.coefficients,
            "curvature": optima.curvature,
            "prior_mean": prior.mean,
            "prior_sd": prior.sd,
        }.items()
    }
    return Batch(
        designs=designs,
        centres=tuple(each.centre for each in standards),
        scales=tuple(each.scale for each in standards),
        results=tuple(results),
        **spread,
    )


def _scattered(values: np.ndarray, groups: np.ndarray, total_groups: int) -> np.ndarray:
    found = np.full((total_groups, *values.shape[1:]), np.nan)
    found[groups] = values
    return found


def _counted(table: GroupedTable, rows: list[np.ndarray]) -> np.ndarray:
    """How many of these rows each group saw; whole weights count rows."""
    mask = np.zeros(len(table.y))
    for each in rows:
        mask[each] = 1.0
    if table.weights is None:
        return table.sums(mask)
    odd = table.sums(table.weights != np.floor(table.weights)) > 0
    return np.where(odd, table.sums(mask), table.sums(mask * table.weights))


def _varies(table: GroupedTable) -> np.ndarray:
    found, filled = np.zeros(len(table.counts), dtype=bool), table.counts > 0
    at = table.edges[:-1][filled]
    found[filled] = np.minimum.reduceat(table.y, at) < np.maximum.reduceat(table.y, at)
    return found


def _standard(table: GroupedTable, design: Design) -> _Standard:
    """The design's columns with each group's own centres and scales, as its own fit has them."""
    blocks = [term.columns(table.frame) for term in design.terms]
    raw = as_dense(side_by_side(blocks, table.frame.rows))
    shift, columns = int(design.has_intercept), raw.shape[1]
    centre, scale = np.zeros((len(table.counts), columns)), np.ones((len(table.counts), columns))
    told = table.counts >= max(columns + shift, 1)
    for j in range(columns):
        mean = table.means(raw[:, j])
        spread = np.sqrt(table.means((raw[:, j] - table.on_rows(mean)) ** 2))
        told &= (spread > 1e-12 * (1.0 + np.abs(mean))) | (shift == 0)
        stays = table.sums((raw[:, j] != 0) & (raw[:, j] != 1)) == 0
        if table.weights is not None:
            mean = table.means(raw[:, j], table.weights)
        away = mean if shift else np.zeros_like(mean)
        size = np.sqrt(table.means((raw[:, j] - table.on_rows(away)) ** 2, table.weights))
        centre[:, j] = np.where(stays, 0.0, away)
        scale[:, j] = np.where(stays | (size == 0), 1.0, size)
    standard = [
        (raw[:, j] - table.on_rows(centre[:, j])) / table.on_rows(scale[:, j])
        for j in range(columns)
    ]
    first = [np.ones(len(raw))] * shift
    matrix = from_columns([*first, *standard], len(raw)) if columns else ones(len(raw))
    return _Standard(matrix, centre, scale, told & _are_independent(table, matrix))


def _are_independent(table: GroupedTable, matrix: np.ndarray) -> np.ndarray:
    """Whether no column is nearly a combination of those before it, group by group."""
    size = matrix.shape[1]
    if size < 2:
        return np.ones(len(table.counts), dtype=bool)
    gram = np.empty((len(table.counts), size, size))
    for i in range(size):
        for j in range(i + 1):
            gram[:, i, j] = gram[:, j, i] = table.sums(matrix[:, i] * matrix[:, j])
    length = np.sqrt(np.maximum(np.diagonal(gram, axis1=1, axis2=2), 1e-300))
    factor, is_definite = cholesky(gram / length[:, :, None] / length[:, None, :])
    left = np.diagonal(factor, axis1=1, axis2=2) ** 2
    return is_definite & (left > _NEARLY_COLLINEAR).all(axis=1)


def _grouped(
    table: GroupedTable,
    part: Part,
    standards: list[_Standard],
    offsets: np.ndarray,
    groups: np.ndarray,
) -> GroupedRows:
    order = np.argsort(part.rows, kind="stable")
    rows = part.rows[order]
    edges = np.searchsorted(rows, table.edges)
    return GroupedRows(
        rows=PartRows(
            family=part.family,
            known=part.known,
            designs=tuple(rows_of(each.matrix, rows) for each in standards),
            y=part.y[order],
            offsets=offsets if offsets.shape[1] == 1 else offsets[:, rows],
            columns={name: each[order] for name, each in part.columns.items()},
            weights=None if table.weights is None else table.weights[rows],
        ),
        low=edges[groups],
        high=edges[groups + 1],
    )


def _priors(
    family: AbstractFamily,
    designs: tuple[Design, ...],
    table: GroupedTable,
    parts: tuple[Part, ...],
    groups: np.ndarray,
    offsets: np.ndarray,
) -> tuple[Prior, np.ndarray]:
    """Weak priors of each group, as its own fit has them, and what counts as 1."""
    is_shown = np.zeros(len(table.y), dtype=bool)
    for part in parts:
        is_shown[part.rows] = part.known is Known.VALUE
    starts, spreads = [], np.empty(len(groups))
    for place, group in enumerate(groups):
        every = np.arange(int(table.edges[group]), int(table.edges[group + 1]))
        shown = every[is_shown[every]]
        rows = repeated(shown if len(shown) > 1 else every, table.weights)
        columns = {name: each[rows] for name, each in table.columns.items()}
        starts.append(family.start(table.y[rows], columns))
        spreads[place] = np.std(table.y[repeated(every, table.weights)])
    means, sds, units = [], [], []
    for parameter, each, offset in zip(family.parameters, designs, offsets, strict=True):
        known = table.means(np.broadcast_to(offset, len(table.y)))[groups]
        natural = jnp.asarray([start[parameter.name] for start in starts])
        centre = (np.asarray(parameter.link.inverse(natural)) - known)[:, None]
        size = len(each.names)
        zeros = np.zeros((len(groups), size - each.has_intercept))
        unit = np.maximum(spreads, 1e-9) if parameter.link.has_unit else np.ones(len(groups))
        width = [INTERCEPT_PRIOR_SD] if each.has_intercept else []
        means.append(np.concatenate([centre, zeros], axis=1) if each.has_intercept else zeros)
        sds.append(np.outer(unit, np.concatenate([width, each.prior_sd])))
        units.append(np.tile(unit[:, None], size))
    return (
        Prior(np.concatenate(means, axis=1), np.concatenate(sds, axis=1)),
        np.concatenate(units, axis=1),
    )


def _is_informed(optima: Optima, prior: Prior, unit: np.ndarray) -> np.ndarray:
    """Whether the rows say something about each coefficient of each group."""
    precision = (unit / prior.sd) ** 2
    size = optima.curvature.shape[1]
    scaled = optima.curvature * unit[:, :, None] * unit[:, None, :]
    information = scaled - precision[:, :, None] * np.eye(size)
    finite = np.asarray(np.all(np.isfinite(information), axis=(1, 2)))
    least = np.linalg.eigvalsh(np.where(finite[:, None, None], information, 0.0))[:, 0]
    return finite & (least > _NEARLY_NOTHING * np.maximum(precision.max(axis=1), 1e-2))
