"""Damped Newton for models whose parameters are linear in their coefficients.

Each row's log-likelihood depends on a handful of linked parameters only, so exact second
derivatives cost one small Hessian a row and a few matrix products, whatever the family.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float
from scipy.linalg import cho_factor, cho_solve

from assay.family import AbstractFamily, Known
from assay.fit.row_terms import row_terms
from assay.predictor.matrix import Matrix, shape_of, weighted_gram

MAX_ITERATIONS = 100
MAX_DAMPING = 1e12
TOLERANCE = 1e-13
THINNED = 8192


@dataclass(frozen=True)
class PartRows:
    """Rows that say the same kind of thing about their target.

    Fields:
        family: recipe of the value.
        known: what these rows say about it.
        designs: one matrix (rows, coefficients) for each parameter of the family.
        y: values, or the limits behind which they hide, (rows,).
        offsets: what each parameter has before its coefficients, (parameters, rows) or
            (parameters, 1).
        columns: what else the family reads of these rows, each (rows,).
    """

    family: AbstractFamily
    known: Known
    designs: tuple[Matrix, ...]
    y: np.ndarray
    offsets: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)))
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Prior:
    """Independent Normal priors.

    Fields:
        mean: of each coefficient.
        sd: of each coefficient, inf for a flat prior.
    """

    mean: Float[np.ndarray, " coefficients"]
    sd: Float[np.ndarray, " coefficients"]


@dataclass(frozen=True)
class Optimum:
    """Where Newton stands.

    Fields:
        coefficients: all parameters in a row.
        log_posterior: up to a constant.
        log_likelihood: without the prior.
        gradient: of the log posterior.
        curvature: minus its Hessian.
        step: Newton's next step.
        decrement: what it would gain, in log units; inf where the curvature is not positive
            definite.
        iterations: evaluations of the log posterior so far.
    """

    coefficients: Float[np.ndarray, " coefficients"]
    log_posterior: float
    log_likelihood: float
    gradient: Float[np.ndarray, " coefficients"]
    curvature: Float[np.ndarray, "coefficients coefficients"]
    step: Float[np.ndarray, " coefficients"]
    decrement: float
    iterations: int

    @property
    def is_finite(self) -> bool:
        """Whether a next step can be taken from here."""
        derivatives = np.concatenate([self.gradient, self.curvature.ravel()])
        return bool(np.isfinite(self.log_posterior) and np.isfinite(derivatives).all())

    @property
    def is_settled(self) -> bool:
        """Whether one more step would gain nothing but rounding error."""
        return self.decrement < TOLERANCE + 1e-14 * abs(self.log_posterior)


def maximise(
    parts: tuple[PartRows, ...],
    prior: Prior,
    start: Float[np.ndarray, " coefficients"] | None = None,
) -> Optimum:
    """Maximise the log posterior.

    Args:
        parts: all rows, grouped by what they say.
        prior: of the coefficients.
        start: a point close to the optimum, where one is known; by default the prior's mean,
            and for many rows first an optimum of some of them.

    Returns:
        The last accepted point; it is the optimum if `is_settled`.

    Source: Levenberg (1944) and Marquardt (1963) for the damping; Boyd & Vandenberghe (2004),
        Convex Optimization, section 9.5, for the decrement as stopping rule.
    """
    if start is None:
        start = prior.mean
        every = sum(len(part.y) for part in parts) // THINNED
        if every >= 4:
            # A thinned fit ends close to the full one and costs next to nothing.
            thinned = tuple(_thinned(part, every) for part in parts)
            start = maximise(thinned, prior).coefficients
    here, damping = _evaluate(parts, prior, start, iterations=1), 0.0
    while not here.is_settled and here.iterations < MAX_ITERATIONS and damping < MAX_DAMPING:
        step = here.step if damping == 0 else _step(here.curvature, here.gradient, damping)[0]
        there = _evaluate(parts, prior, here.coefficients + step, here.iterations + 1)
        # Rounding alone moves the value by this much; without the slack the last step is refused.
        slack = 1e-13 * (1.0 + abs(here.log_posterior))
        if there.is_finite and there.log_posterior >= here.log_posterior - slack:
            here, damping = there, (0.0 if damping < 1e-6 else damping / 10)
        else:
            here = replace(here, iterations=there.iterations)
            damping = max(damping * 10, 1e-3)
    return here


def _thinned(part: PartRows, every: int) -> PartRows:
    """Evenly spaced rows; the same share of every part, or their balance would be lost."""
    return replace(
        part,
        designs=tuple(each[::every] for each in part.designs),
        y=part.y[::every],
        offsets=part.offsets if part.offsets.shape[1] == 1 else part.offsets[:, ::every],
        columns={name: each[::every] for name, each in part.columns.items()},
    )


# A step too long overflows; what is not finite is refused by `maximise`, without a warning.
@np.errstate(over="ignore", invalid="ignore")
def _evaluate(
    parts: tuple[PartRows, ...], prior: Prior, at: np.ndarray, iterations: int
) -> Optimum:
    terms = [_part_terms(part, at) for part in parts]
    fit, gradient, curvature = (sum(each) for each in zip(*terms, strict=True))
    away, precision = at - prior.mean, prior.sd**-2.0
    gradient, curvature = gradient - precision * away, curvature + np.diag(precision)
    value = float(fit - 0.5 * np.sum(precision * away**2))
    step, is_uphill = _step(curvature, gradient, 0.0)
    gain = 0.5 * float(gradient @ step) if is_uphill else np.inf
    return Optimum(at, value, float(fit), gradient, curvature, step, gain, iterations)


def _part_terms(part: PartRows, at: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Log-likelihood of one part, its gradient and minus its Hessian in the coefficients."""
    edges = np.cumsum([shape_of(design)[1] for design in part.designs])[:-1]
    blocks = np.split(at, edges)
    linked = np.stack([design @ own for design, own in zip(part.designs, blocks, strict=True)])
    linked = linked + part.offsets
    value, first, second = row_terms(part.family, part.known, linked, part.y, part.columns)
    gradient = [design.T @ slope for design, slope in zip(part.designs, first, strict=True)]
    curvature = np.zeros((len(at), len(at)))
    starts = [0, *edges]
    for k, left in enumerate(part.designs):
        for m, right in enumerate(part.designs[: k + 1]):
            block = -weighted_gram(left, second[k, m], right)
            rows = slice(starts[k], starts[k] + shape_of(left)[1])
            columns = slice(starts[m], starts[m] + shape_of(right)[1])
            curvature[rows, columns], curvature[columns, rows] = block, block.T
    return float(np.sum(value)), np.concatenate(gradient), curvature


def _step(curvature: np.ndarray, gradient: np.ndarray, damping: float) -> tuple[np.ndarray, bool]:
    """Newton's step, uphill even where the log posterior is not concave.

    Returns:
        The step, NaN where nothing can be solved, and whether the curvature is positive definite.

    Source: Dauphin et al. (2014), Identifying and attacking the saddle point problem: directions
        of negative curvature count by their size.
    """
    if not (np.isfinite(curvature).all() and np.isfinite(gradient).all()):
        return np.full_like(gradient, np.nan), False
    damped = curvature + damping * np.diag(np.abs(np.diag(curvature)) + 1e-8)
    try:
        return cho_solve(cho_factor(damped), gradient), True
    except np.linalg.LinAlgError:
        size, direction = np.linalg.eigh(damped)
        steps = (direction.T @ gradient) / np.maximum(np.abs(size), 1e-8 * np.abs(size).max())
        return direction @ steps, False
