"""Penalised terms of a model: how their penalties are chosen, and what became of them."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy.optimize import nnls

from assay.fit import Optimum, PartRows, Prior, maximise
from assay.fit.expected import score_curvature
from assay.fit.likelihood import Likelihood
from assay.fit.smoothing import smooth
from assay.predictor import Design

MOST_NUISANCE = 4
# In scales. The last one moves a quantile by less than a thousandth of the scale.
_BLUNT = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)


@dataclass(frozen=True, eq=False)
class Found:
    """Where a fit ends.

    Fields:
        optimum: of the coefficients.
        prior: of the coefficients, with the penalties in it.
        notes: what became of the penalised terms, where it is worth a word.
    """

    optimum: Optimum
    prior: Prior
    notes: tuple[str, ...] = ()


def climb(
    designs: tuple[Design, ...],
    parts: tuple[PartRows, ...],
    prior: Prior,
    *,
    unit: np.ndarray,
    start: np.ndarray | None = None,
    rough: Prior | None = None,
) -> Found:
    """Maximise the log posterior; with penalised terms, first the marginal likelihood of these.

    Args:
        designs: one for each parameter of the family.
        parts: fitting rows.
        prior: of the coefficients that no penalty covers.
        unit: what counts as 1 for each coefficient.
        start: coefficients close to the optimum.
        rough: prior of a first optimum of some of the rows, as in `maximise`.
    """
    if any(part.family.has_kink for part in parts):
        return _past_kinks(designs, parts, prior, unit=unit, start=start, rough=rough)
    weights = penalty_weights(designs, unit)
    if not len(weights) and not _is_crowded(designs, parts, prior):
        return Found(maximise(parts, prior, start, rough=rough), prior)
    found = smooth(Likelihood(parts), prior, weights, nuisance_of(designs), start=start)
    names = [name for each in designs for name in each.penalty_names]
    gone = [name for name, is_gone in zip(names, found.is_gone, strict=True) if is_gone]
    return Found(found.optimum, found.prior, tuple(_said_of(name) for name in gone))


def _past_kinks(
    designs: tuple[Design, ...],
    parts: tuple[PartRows, ...],
    prior: Prior,
    *,
    unit: np.ndarray,
    start: np.ndarray | None,
    rough: Prior | None,
) -> Found:
    """Climb by peaks that are less and less blunt; at the end the slopes say how narrow they are.

    Source: Clark & Osborne (1986), Finite algorithms for Huber's M-estimator, for the continuation.
    """
    found = None
    for width in _BLUNT:
        blunt = tuple(replace(part, family=part.family.without_kink(width)) for part in parts)
        found = climb(designs, blunt, prior, unit=unit, start=start, rough=rough)
        if not found.optimum.is_settled:
            return found
        start = found.optimum.coefficients
    assert found is not None
    curvature = score_curvature(parts, found.optimum.coefficients) + np.diag(found.prior.sd**-2.0)
    return replace(found, optimum=replace(found.optimum, curvature=curvature))


def _is_crowded(designs: tuple[Design, ...], parts: tuple[PartRows, ...], prior: Prior) -> bool:
    """Whether columns could meet every row, so that no spread is left unless they are averaged."""
    widest = max(len(each.names) for each in designs)
    rows = sum(len(part.y) if part.weights is None else part.weights.sum() for part in parts)
    return bool(widest >= rows and nuisance_of(designs).any() and np.isfinite(prior.sd).all())


def _said_of(name: str) -> str:
    if name.startswith("group("):
        return f"{name}: no spread between groups beyond chance"
    if name.startswith("neural("):
        return f"{name}: nothing found that chance would not do"
    return f"{name}: no wiggle beyond chance"


def penalty_weights(designs: tuple[Design, ...], unit: np.ndarray) -> np.ndarray:
    """Weights of all coefficients in each penalty, (penalties, coefficients)."""
    edges = np.cumsum([0, *(len(each.names) for each in designs)])
    rows = []
    for design, low in zip(designs, edges, strict=False):
        for own in design.penalties:
            weights = np.zeros(edges[-1])
            weights[low : low + len(own)] = own
            rows.append(weights)
    return np.array(rows).reshape(len(rows), edges[-1]) / unit**2


def nuisance_of(designs: tuple[Design, ...]) -> np.ndarray:
    """Coefficients that are estimated with the penalties, such as the log of a standard deviation.

    Those of all parameters but the first that no penalty covers; where these are many, the
    intercepts among them, as each one costs passes over the rows.
    """
    free = [~each.is_penalised for each in designs]
    free[0] = np.zeros_like(free[0])
    if sum(map(np.sum, free)) <= MOST_NUISANCE:
        return np.concatenate(free)
    only = [np.arange(len(each.names)) < each.has_intercept for each in designs]
    return np.concatenate([own & mask for own, mask in zip(only, free, strict=True)])


def smooths(
    parameters: tuple[str, ...],
    designs: tuple[Design, ...],
    prior_sd: np.ndarray,
    covariance: np.ndarray,
) -> pl.DataFrame:
    """What each penalty has come to.

    Returns:
        Columns `parameter`, `term`, `lambda` (prior precision at weight 1), `sd` (the standard
        deviation between groups; null for splines), `columns`, `freedom` (effective degrees of
        freedom of the columns that the penalty covers).
    """
    rows, low = [], 0
    for parameter, design in zip(parameters, designs, strict=True):
        place = slice(low, low + len(design.names))
        low = place.stop
        precision = prior_sd[place] ** -2.0
        freedom = np.clip(1.0 - precision * np.diag(covariance)[place], 0.0, 1.0)
        lambdas = _lambdas(design, precision)
        for name, own, value in zip(design.penalty_names, design.penalties, lambdas, strict=True):
            covered = own > 0
            is_even = np.array_equal(covered, own == own.max())
            sd = float(value**-0.5) if is_even and value > 0 else None
            rows.append(
                (parameter, name, value, sd, int(covered.sum()), float(freedom[covered].sum()))
            )
    schema = {
        "parameter": pl.String,
        "term": pl.String,
        "lambda": pl.Float64,
        "sd": pl.Float64,
        "columns": pl.Int64,
        "freedom": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _lambdas(design: Design, precision: np.ndarray) -> np.ndarray:
    """The penalties that give these precisions; each equation weighs the same."""
    if not design.penalties:
        return np.zeros(0)
    covered = design.is_penalised
    weights = np.array(design.penalties)[:, covered].T
    size = weights.max(axis=0)
    shares = (weights / size) / precision[covered, None]
    scale = shares.max(axis=0)
    return nnls(shares / scale, np.ones(len(shares)))[0] / (scale * size)


def in_words(design: Design, prior_sd: np.ndarray, *, sampled: bool = False) -> str:
    """The priors of one parameter's coefficients.

    Args:
        design: of the parameter.
        prior_sd: of all its coefficients.
        sampled: whether the penalties were sampled rather than chosen, and so are told elsewhere.
    """
    first = int(design.has_intercept)
    said = _of_coefficients(design.names[first:], prior_sd[first:], ~design.is_penalised[first:])
    if first and np.isinf(prior_sd[0]):
        said.append("intercept flat, the data alone speak")
    elif first:
        said.append(f"intercept within {prior_sd[0]:.3g} (sd) of its starting value")
    if np.isinf(prior_sd).all():
        said = ["flat, the data alone speak"]
    if sampled:
        return ", ".join(said)
    for name, own, value in zip(
        design.penalty_names, design.penalties, _lambdas(design, prior_sd**-2.0), strict=True
    ):
        is_even = np.array_equal(own > 0, own == own.max())
        told = f"~ Normal(0, {value**-0.5:.3g})" if is_even else f"penalised by {value:.3g}"
        said.append(f"{name} {told} as the marginal likelihood has it")
    return ", ".join(said)


def _of_coefficients(names: tuple[str, ...], sd: np.ndarray, free: np.ndarray) -> list[str]:
    """One phrase for each prior sd; with names where there are several."""
    sizes = sorted({float(f"{each:.3g}") for each in sd[free]})
    said = []
    for size in sizes:
        alike = free & (np.isclose(sd, size, rtol=0.01) | (np.isinf(sd) & np.isinf(size)))
        own = [name for name, is_alike in zip(names, alike, strict=True) if is_alike]
        which = "standardised coefficients" if len(sizes) == 1 else ", ".join(own)
        said.append(f"{which} flat" if np.isinf(size) else f"{which} ~ Normal(0, {size:.3g})")
    return said
