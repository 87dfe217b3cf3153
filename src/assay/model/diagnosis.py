"""Why a fit has no optimum, or has one only because of its prior."""

import numpy as np

from assay.errors import FitError
from assay.fit import Optimum, Prior
from assay.fit.newton import MAX_ITERATIONS
from assay.model.prepared import Prepared
from assay.predictor import Design
from assay.predictor.matrix import Matrix, as_dense, shape_of

# Standardised coefficients under log and logit links are of order 1: what the rows leave open by
# more than a thousand times that, they say nothing about.
_NOTHING = 1e-6
_LITTLE = 1e-2
# A mean density as high as that of a spread this many log units below that of the target itself.
_EXACT = 6.0
# Log units that the rows would gain without the prior: three standard errors.
_OVERRULED = 4.5
_FLAT = 1e-12  # of a curvature: less is rounding
_MOST_CELLS = 2**24


def findings(
    ready: Prepared, optimum: Optimum, prior: Prior, *, labels: tuple[str, ...], unit: np.ndarray
) -> list[str]:
    """What the rows cannot tell, and which columns separate them, in sentences.

    Args:
        ready: the fitting rows.
        optimum: where the fit ended.
        prior: of the coefficients.
        labels: what each coefficient is, such as `mean: price`.
        unit: what counts as 1 for each coefficient.
    """
    return (
        _separation(ready, optimum)
        or _exact(ready, optimum)
        or _held_back(optimum, prior, labels)
        or _uninformed(optimum, prior, labels, unit)
    )


def refuse(found: list[str], optimum: Optimum, prior: Prior, *, where: str) -> None:
    """Refuse a fit that has no optimum.

    Raises:
        FitError: it stopped on the way, or settled where a flat likelihood leaves off to rise.
    """
    is_flat = bool(np.isinf(prior.sd).any())
    if not found or (optimum.is_settled and not is_flat):
        return
    remedy = (
        "Leave the columns out, bring rows that say more, or use `prior='weak'`."
        if is_flat
        else "Leave the columns out, or tighten `prior_sd`."
    )
    raise FitError(
        f"{where}: there is no optimum, the fit stopped after {optimum.iterations} of at most "
        f"{MAX_ITERATIONS} steps. {'. '.join(found)}. {remedy}"
    )


def _exact(ready: Prepared, optimum: Optimum) -> list[str]:
    """A density that rises without end, since nothing is left that it could spread over."""
    sharpness = optimum.log_likelihood / max(ready.rows, 1) + np.log(max(ready.spread, 1e-300))
    if optimum.is_settled or not sharpness > _EXACT:
        return []
    return [
        "The columns tell the target all but exactly, so no spread is left to learn; one of "
        "them may give it away"
    ]


def _held_back(optimum: Optimum, prior: Prior, labels: tuple[str, ...]) -> list[str]:
    """Coefficients that the prior keeps from where the rows clearly want them."""
    precision = prior.sd**-2.0
    pull = precision * (optimum.coefficients - prior.mean)
    unit = 1 / np.sqrt(np.maximum(np.diag(optimum.curvature), 1e-300))
    information = (optimum.curvature - np.diag(precision)) * np.outer(unit, unit)
    if not (optimum.is_settled and np.isfinite(information).all()):
        return []
    # Where the prior keeps the mode far from where the rows want it, they may not be concave there.
    size, direction = np.linalg.eigh(information)
    along = direction.T @ (unit * pull)
    further = unit * (direction @ (along / np.maximum(np.abs(size), _FLAT)))
    gain = 0.5 * float(pull @ further)
    if not gain > _OVERRULED:
        return []
    moved = np.abs(further) * np.sqrt(precision)
    which = [j for j in np.argsort(-moved)[:4] if moved[j] > 0.3 * moved.max()]
    names = ", ".join(f"`{labels[j]}`" for j in which)
    return [
        f"The prior holds {names} back by {np.sqrt(2 * gain):.1f} standard errors of what the rows "
        "say, as it does where columns nearly tell each other. Centre them, use `poly(x, 2)` for "
        "powers, or `prior='flat'`"
    ]


def _uninformed(
    optimum: Optimum, prior: Prior, labels: tuple[str, ...], unit: np.ndarray
) -> list[str]:
    """Directions about which the rows say nothing, or next to nothing."""
    precision = prior.sd**-2.0
    information = (optimum.curvature - np.diag(precision)) * np.outer(unit, unit)
    if not np.isfinite(information).all():
        return []
    size, direction = np.linalg.eigh(information)
    from_prior = direction.T**2 @ (precision * unit**2)
    flat = size < np.maximum(_NOTHING, _LITTLE * from_prior)
    if not flat.any():
        return []
    share = np.abs(direction[:, flat])
    which = np.flatnonzero((share >= 0.3 * share.max(axis=0)).any(axis=1))
    names = ", ".join(f"`{labels[j]}`" for j in which[:8]) + (" ..." if len(which) > 8 else "")
    alone = "" if np.all(from_prior[flat] == 0) else ", the prior alone decides"
    return [f"The likelihood is flat: the rows say nothing about {names}{alone}"]


def _separation(ready: Prepared, optimum: Optimum) -> list[str]:
    """Columns, or all of them together, that tell 0 from 1 without a mistake."""
    y = ready.y
    binary = len(ready.designs) == 1 and np.array_equal(np.unique(y), [0.0, 1.0])
    if not binary or np.prod(shape_of(ready.matrices[0])) > _MOST_CELLS:
        return []
    design, matrix = ready.designs[0], ready.matrices[0]
    alone = [
        said
        for j in range(int(design.has_intercept), len(design.names))
        if (said := _split(design, _column(matrix, j), j, y))
    ]
    if alone:
        return alone[:1]
    line = matrix @ optimum.coefficients + ready.offsets[0]
    low, high = line[y == 1].min(), line[y == 0].max()
    if low <= high:
        return []
    effect = np.abs(optimum.coefficients[int(design.has_intercept) :])
    names = design.names[int(design.has_intercept) :]
    order = np.argsort(-effect)[:5]
    which = ", ".join(f"`{names[j]}`" for j in order)
    return [f"Perfect separation: {which} together tell all {len(y)} rows apart"]


def _column(matrix: Matrix, j: int) -> np.ndarray:
    return as_dense(matrix[:, [j]])[:, 0]


def _split(design: Design, column: np.ndarray, j: int, y: np.ndarray) -> str:
    """How one column separates, in words; empty where it does not."""
    raw = j - int(design.has_intercept)
    values = column * design.scale[raw] + design.centre[raw]
    ones, zeros = values[y == 1], values[y == 0]
    for upper, lower, one in ((ones, zeros, 1), (zeros, ones, 0)):
        if upper.min() > lower.max():
            return (
                f"Perfect separation: `{design.names[j]}` is at least {upper.min():.6g} on all "
                f"{len(upper)} rows with {one}, and at most {lower.max():.6g} on all "
                f"{len(lower)} rows with {1 - one}"
            )
        if upper.min() == lower.max() > lower.min() or upper.max() > upper.min() == lower.max():
            edge = upper.min()
            above, below = int(np.sum(upper > edge)), int(np.sum(lower < edge))
            sides = [
                f"all {above} rows above {edge:.6g} have {one}" if above else "",
                f"all {below} rows below {edge:.6g} have {1 - one}" if below else "",
            ]
            return f"Separation: by `{design.names[j]}`, {' and '.join(filter(None, sides))}"
    return ""
