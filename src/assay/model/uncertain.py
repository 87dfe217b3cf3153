"""The uncertainty of a fitted model's coefficients: by Laplace's approximation, or by NUTS."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.linalg import block_diag

from assay.fit import (
    Draws,
    FitResult,
    Nuts,
    PartRows,
    PenalisedPosterior,
    Prior,
    caution,
    draw,
    draw_count,
    penalised,
    posterior,
    sample_posterior,
)
from assay.fit.whitened import LogDensity
from assay.model.fitted import SPREAD_DEGREES, SPREAD_SCALE, FittedModel

PREDICTIVE_DRAWS = 256  # of those NUTS made, for predictives to mix over
CAREFUL = 0.95
_START = (-4.0, 3.0)  # a log spread outside says that the rows do not bound it on that side


def with_laplace(fitted: FittedModel, curvature: np.ndarray, *, seed: int) -> FittedModel:
    """The model with draws from a Normal around the mode; it says where that is too few rows.

    Args:
        fitted: at its mode.
        curvature: minus the Hessian of the log posterior there.
        seed: of the draws.
    """
    mode, result = fitted.mode, fitted.result
    draws = draw(mode, curvature, count=draw_count(result.rows, len(mode)), seed=seed)
    return replace(fitted, draws=draws, result=_noted(result, caution(*_evidence(fitted))))


def with_nuts(
    fitted: FittedModel,
    parts: tuple[PartRows, ...],
    prior: Prior,
    weights: np.ndarray,
    how: Nuts,
    *,
    seed: int,
    where: str,
) -> FittedModel:
    """The model with draws from its posterior, that of the spread of penalised terms included.

    Args:
        fitted: at its mode, with the covariance there: where the chains begin and how they scale.
        parts: fitting rows.
        prior: of the coefficients that no penalty covers.
        weights: of all coefficients in each penalty, (penalties, coefficients).
        how: how long to sample.
        seed: of the draws.
        where: start of error messages.

    Raises:
        FitError: the chains did not converge.
    """
    draws = (
        _of_penalised(fitted, parts, prior, weights, how, seed)
        if len(weights)
        else _sampled(posterior(parts, prior), fitted.mode, fitted.covariance, how, seed)
    )
    draws = replace(draws, names=(*fitted.labels(), *fitted.penalties()))
    every = draws.matrix.reshape(-1, draws.matrix.shape[-1])[:, : len(fitted.mode)]
    return replace(
        fitted,
        covariance=np.atleast_2d(np.cov(every, rowvar=False)),
        draws=draws.thinned(PREDICTIVE_DRAWS)[:, : len(fitted.mode)],
        result=_noted(fitted.result, draws.judge(where)),
        sampled=draws,
    )


def _sampled(
    density: LogDensity, start: Any, covariance: np.ndarray, how: Nuts, seed: int
) -> Draws:
    return sample_posterior(
        density,
        start,
        seed=seed,
        warmup=how.warmup,
        samples=how.samples,
        chains=how.chains,
        target_accept=how.target_accept,
        inverse_mass=covariance,
    )


def _of_penalised(
    fitted: FittedModel,
    parts: tuple[PartRows, ...],
    prior: Prior,
    weights: np.ndarray,
    how: Nuts,
    seed: int,
) -> Draws:
    density = penalised(parts, prior, weights, degrees=SPREAD_DEGREES, scale=SPREAD_SCALE)
    log_spread = np.clip(_log_spread(fitted.prior.sd, weights), *_START)
    unit = np.asarray(density.spread(jnp.asarray(log_spread)))
    covered = weights.sum(axis=0) > 0
    away = fitted.mode - np.where(covered, prior.mean, 0.0)
    moved = np.where(covered, unit**-2.0 - fitted.prior.sd**-2.0, 0.0)
    covariance = _inverse(_inverse(fitted.covariance) + np.diag(moved)) / np.outer(unit, unit)
    freedom = [np.sum(1 - np.clip(np.diag(covariance)[own > 0], 0, 1)) for own in weights]
    of_spread = 0.5 / np.maximum(freedom, 0.5)
    draws = _sampled(
        density,
        {"coefficients": away / unit, "log_spread": log_spread},
        np.asarray(block_diag(covariance, np.diag(of_spread))),
        # Where a spread may be 0 the posterior narrows, and long steps leave it.
        replace(how, target_accept=max(how.target_accept, CAREFUL)),
        seed,
    )
    plain = [own.max() for each in fitted.designs for own in each.penalties]
    return replace(draws, values=_back(density, draws, np.sqrt(plain / weights.max(axis=1))))


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """The inverse, positive definite whatever rounding has made of the matrix."""
    size, direction = np.linalg.eigh((matrix + matrix.T) / 2)
    return (direction / np.maximum(size, 1e-12 * size.max())) @ direction.T


def _back(density: PenalisedPosterior, draws: Draws, unit: np.ndarray) -> dict[str, np.ndarray]:
    """Coefficients and log spreads on the scale of the link, from what was sampled."""
    flat = jax.tree.map(lambda each: jnp.asarray(each.reshape(-1, each.shape[-1])), draws.values)
    found = np.asarray(jax.jit(jax.vmap(density.coefficients))(flat))
    lead = (draws.chains, draws.samples)
    return {
        "coefficients": found.reshape(*lead, -1),
        "log_spread": draws.values["log_spread"] + np.log(unit),
    }


def _log_spread(sd: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The spread that each penalty alone would need to be as tight as the prior sd; a start."""
    needed = [sd[own > 0] ** -2.0 / own[own > 0] for own in weights]
    return np.array([-0.5 * np.log(max(float(np.min(each)), 1e-300)) for each in needed])


def _noted(result: FitResult, note: str) -> FitResult:
    if not note:
        return result
    return replace(result, message=f"{result.message}. {note}", notes=(*result.notes, note))


def _evidence(fitted: FittedModel) -> tuple[float, float]:
    """Rows that show their target, and coefficients that the rows rather than penalties decide."""
    precision = fitted.prior.sd**-2.0
    covered = np.concatenate([each.is_penalised for each in fitted.designs])
    freedom = np.where(covered, 1 - precision * np.diag(fitted.covariance), 1.0)
    return fitted.result.rows - fitted.result.hidden, float(np.clip(freedom, 0, 1).sum())
