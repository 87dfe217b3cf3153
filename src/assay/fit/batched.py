"""Newton for many small models at once: one for each group of rows, all of one shape.

Rows of all groups lie behind one another, so each row's terms come from the same compiled function
as in a single fit, in full blocks, whatever the sizes of the groups. Every group has its own
damping; one that has settled takes no further part.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Int

from assay.compute import on_all_cores
from assay.fit.newton import (
    DROWNED,
    FIRST_DAMPING,
    MAX_DAMPING,
    MAX_ITERATIONS,
    TOLERANCE,
    Optimum,
    Prior,
)
from assay.fit.row_terms import BLOCK, row_terms
from assay.fit.rows import PartRows
from assay.predictor.matrix import as_dense


@dataclass(frozen=True)
class GroupedRows:
    """Rows of all groups that say the same kind of thing, group behind group.

    Fields:
        rows: as for a single fit.
        low: where each group's rows begin, ascending.
        high: where they end; a group may have none here.
    """

    rows: PartRows
    low: Int[np.ndarray, " groups"]
    high: Int[np.ndarray, " groups"]


@dataclass(frozen=True)
class Optima:
    """Where Newton stands in each group; as `Optimum`, with an axis of groups in front."""

    coefficients: Float[np.ndarray, "groups c"]
    log_posterior: Float[np.ndarray, " groups"]
    log_likelihood: Float[np.ndarray, " groups"]
    gradient: Float[np.ndarray, "groups c"]
    curvature: Float[np.ndarray, "groups c c"]
    step: Float[np.ndarray, "groups c"]
    decrement: Float[np.ndarray, " groups"]
    iterations: Int[np.ndarray, " groups"]

    @property
    def is_settled(self) -> Bool[np.ndarray, " groups"]:
        """Whether one more step would gain nothing but rounding error."""
        return self.decrement < TOLERANCE + 1e-14 * np.abs(self.log_posterior)

    @property
    def is_finite(self) -> Bool[np.ndarray, " groups"]:
        """Whether a next step can be taken from here."""
        bent = np.isfinite(self.curvature).all(axis=(1, 2))
        return bent & np.isfinite(self.gradient).all(axis=1) & np.isfinite(self.log_posterior)

    def of(self, group: int) -> Optimum:
        """One group's optimum."""
        return Optimum(
            coefficients=self.coefficients[group],
            log_posterior=float(self.log_posterior[group]),
            log_likelihood=float(self.log_likelihood[group]),
            gradient=self.gradient[group],
            curvature=self.curvature[group],
            step=self.step[group],
            decrement=float(self.decrement[group]),
            iterations=int(self.iterations[group]),
        )

    def put(self, groups: np.ndarray, others: "Optima") -> None:
        """Write what was found for some groups in its place."""
        for name in vars(self):
            getattr(self, name)[groups] = getattr(others, name)

    def take(self, groups: np.ndarray) -> "Optima":
        """Some of the groups."""
        return Optima(**{name: each[groups] for name, each in vars(self).items()})


def maximise_groups(parts: tuple[GroupedRows, ...], prior: Prior) -> Optima:
    """Maximise the log posterior of each group.

    Args:
        parts: all rows, by what they say and then by group.
        prior: with arrays (groups, coefficients); its mean is where each group starts.

    Returns:
        The last accepted point of each group; the optimum of those that `is_settled`.
    """
    here = _evaluate(parts, prior, np.arange(len(prior.mean)), prior.mean, 1)
    damping, was_refused = np.zeros(len(prior.mean)), np.zeros(len(prior.mean), dtype=bool)
    while True:
        open_ = ~here.is_settled & (here.iterations < MAX_ITERATIONS) & (damping < MAX_DAMPING)
        groups = np.flatnonzero(open_)
        if not len(groups):
            break
        now = here.take(groups)
        step = np.where(
            damping[groups, None] == 0,
            now.step,
            steps(now.curvature, now.gradient, damping[groups])[0],
        )
        there = _evaluate(parts, prior, groups, now.coefficients + step, now.iterations + 1)
        slack = 1e-13 * (1.0 + np.abs(now.log_posterior))
        is_closer = (there.decrement < now.decrement) & (now.decrement < DROWNED)
        is_higher = there.log_posterior >= now.log_posterior - slack
        better = there.is_finite & (is_closer | is_higher)
        here.put(groups[better], there.take(better))
        here.iterations[groups] = there.iterations
        before = damping[groups]
        less = np.where(before < 1e-6, 0.0, before / np.where(was_refused[groups], 2, 10))
        damping[groups] = np.where(better, less, np.maximum(before * 10, FIRST_DAMPING))
        was_refused[groups] = ~better
    # To the last digits, as in `maximise`.
    groups = np.flatnonzero(here.is_settled)
    now = here.take(groups)
    last = _evaluate(parts, prior, groups, now.coefficients + now.step, now.iterations + 1)
    here.put(groups[last.is_settled], last.take(last.is_settled))
    here.coefficients[groups] += here.step[groups]
    return here


@np.errstate(invalid="ignore", over="ignore")
def steps(
    curvature: Float[np.ndarray, "groups c c"],
    gradient: Float[np.ndarray, "groups c"],
    damping: Float[np.ndarray, " groups"],
) -> tuple[Float[np.ndarray, "groups c"], Bool[np.ndarray, " groups"]]:
    """Newton's step of each group, uphill even where its log posterior is not concave.

    Returns:
        The steps, NaN where nothing can be solved, and where the curvature is positive definite.
    """
    size = curvature.shape[1]
    scale = np.abs(np.diagonal(curvature, axis1=1, axis2=2)) + 1e-8
    damped = curvature + (damping[:, None] * scale)[:, :, None] * np.eye(size)
    found, is_definite = _solved(damped, gradient)
    finite = np.isfinite(damped).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
    bent = np.flatnonzero(finite & ~is_definite)
    if len(bent):
        lengths, along = np.linalg.eigh(damped[bent])
        longest = np.abs(lengths).max(axis=1, keepdims=True)
        parts = np.einsum("gij,gi->gj", along, gradient[bent])
        parts /= np.maximum(np.abs(lengths), 1e-8 * longest)
        found[bent] = np.einsum("gij,gj->gi", along, parts)
    found[~finite] = np.nan
    return found, is_definite & finite


@np.errstate(all="ignore")  # what is not positive definite comes out as NaN and is told so
def _solved(matrix: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solutions by Cholesky's factors of all matrices at once, and which matrices have them."""
    factor, is_definite = cholesky(matrix)
    size = matrix.shape[1]
    found = right.copy()
    for j in range(size):
        found[:, j] -= np.einsum("gk,gk->g", factor[:, j, :j], found[:, :j])
        found[:, j] /= factor[:, j, j]
    for j in reversed(range(size)):
        found[:, j] -= np.einsum("gk,gk->g", factor[:, j + 1 :, j], found[:, j + 1 :])
        found[:, j] /= factor[:, j, j]
    return found, is_definite


@np.errstate(all="ignore")
def cholesky(
    matrix: Float[np.ndarray, "groups c c"],
) -> tuple[Float[np.ndarray, "groups c c"], Bool[np.ndarray, " groups"]]:
    """Lower triangular factors of all matrices, and which of them are positive definite."""
    factor = np.zeros_like(matrix)
    for j in range(matrix.shape[1]):
        left = matrix[:, j:, j] - np.einsum("gik,gk->gi", factor[:, j:, :j], factor[:, j, :j])
        factor[:, j:, j] = left / np.sqrt(left[:, :1])
    return factor, np.all(np.diagonal(factor, axis1=1, axis2=2) > 0, axis=1)


def _evaluate(
    parts: tuple[GroupedRows, ...],
    prior: Prior,
    groups: np.ndarray,
    at: np.ndarray,
    iterations: int | np.ndarray,
) -> Optima:
    value, gradient, curvature = log_likelihoods(parts, groups, at)
    fit = value.copy()
    away, precision = at - prior.mean[groups], prior.sd[groups] ** -2.0
    value -= 0.5 * np.sum(precision * away**2, axis=1)
    gradient -= precision * away
    curvature += precision[:, :, None] * np.eye(at.shape[1])
    step, is_definite = steps(curvature, gradient, np.zeros(len(groups)))
    gain = np.where(is_definite, 0.5 * np.einsum("gi,gi->g", gradient, step), np.inf)
    counts = np.broadcast_to(iterations, len(groups)).copy()
    return Optima(at.copy(), value, fit, gradient, curvature, step, gain, counts)


def log_likelihoods(
    parts: tuple[GroupedRows, ...], groups: np.ndarray, at: Float[np.ndarray, "groups c"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-likelihood of each group, its gradient and minus its Hessian.

    Args:
        parts: all rows.
        groups: which groups are asked for, ascending.
        at: their coefficients.
    """
    size = at.shape[1]
    sums = np.zeros((len(groups), 1 + size + size * (size + 1) // 2))
    work = [(part, places) for part in parts for places in _batches(part, groups)]
    # One batch of each part first, alone: threads that meet a new shape would compile it twice.
    is_first = [k == 0 or work[k][0] is not work[k - 1][0] for k in range(len(work))]
    first = [each for each, now in zip(work, is_first, strict=True) if now]
    rest = [each for each, now in zip(work, is_first, strict=True) if not now]
    one = partial(_batch_sums, groups=groups, at=at)
    for (_, places), found in zip(
        [*first, *rest], [*map(one, first), *on_all_cores(one, rest)], strict=True
    ):
        sums[places] += found
    lower = np.tril_indices(size)
    curvature = np.empty((len(groups), size, size))
    curvature[:, lower[0], lower[1]] = curvature[:, lower[1], lower[0]] = -sums[:, 1 + size :]
    return sums[:, 0].copy(), sums[:, 1 : 1 + size].copy(), curvature


def _batches(part: GroupedRows, groups: np.ndarray) -> Iterator[np.ndarray]:
    """Places in `groups` of those that have rows, at most a block of rows at a time."""
    counts = part.high[groups] - part.low[groups]
    filled = np.flatnonzero(counts)
    reach, low = np.cumsum(counts[filled]), 0
    while low < len(filled):
        before = reach[low - 1] if low else 0
        high = max(int(np.searchsorted(reach, before + BLOCK, side="right")), low + 1)
        yield filled[low:high]
        low = high


@np.errstate(over="ignore", invalid="ignore")  # a step too long is refused, without a warning
def _batch_sums(
    batch: tuple[GroupedRows, np.ndarray], *, groups: np.ndarray, at: np.ndarray
) -> np.ndarray:
    """Value, gradient and lower triangle of the Hessian of each group of a batch, in a row."""
    part, places = batch
    low, high = part.low[groups[places]], part.high[groups[places]]
    counts, rows = high - low, _rows_of(part.rows, low, high)
    own = np.repeat(at[places], counts, axis=0).T
    cells = np.concatenate([as_dense(design).T for design in rows.designs])
    parameter = np.repeat(np.arange(len(rows.designs)), rows.sizes)
    edges = np.cumsum([0, *rows.sizes])
    linked = np.stack(
        [np.einsum("jr,jr->r", cells[a:b], own[a:b]) for a, b in itertools.pairwise(edges)]
    )
    linked = list(linked + rows.offsets)
    terms = row_terms(rows.family, rows.known, linked, rows.y, rows.columns)
    if rows.weights is not None:
        terms = tuple(each * rows.weights for each in terms)
    value, first, second = terms
    left, right = np.tril_indices(len(cells))
    made = np.empty((1 + len(cells) + len(left), len(rows.y)))
    made[0] = value
    made[1 : 1 + len(cells)] = cells * first[parameter]
    for k, (i, j) in enumerate(zip(left, right, strict=True), start=1 + len(cells)):
        np.multiply(cells[i], cells[j], out=made[k])
        made[k] *= second[parameter[i], parameter[j]]
    return np.add.reduceat(made, np.cumsum([0, *counts[:-1]]), axis=1).T


def _rows_of(rows: PartRows, low: np.ndarray, high: np.ndarray) -> PartRows:
    """Rows from each `low` to its `high`, as views where they lie behind one another."""
    if np.array_equal(low[1:], high[:-1]):
        return rows.cut(slice(int(low[0]), int(high[-1])))
    counts = high - low
    shift = np.repeat(low - np.cumsum([0, *counts[:-1]]), counts)
    return rows.cut(np.arange(len(shift)) + shift)
