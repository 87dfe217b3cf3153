"""How smooth a curve is and how far groups are pooled: penalties by marginal likelihood."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from assay.fit.marginal import Marginal, Point, Sums
from assay.fit.newton import Optimum, Prior

EDGE = np.log(1e8)
MOST_SWEEPS = 30
MOST_POLISHING = 60
_NEAR = 0.05  # gain of a sweep, in log units, from which polishing is faster
_TOLERANCE = 1e-3  # slope in units of the standard error of a log lambda
_STEEP = 0.02
_GONE = 0.01
_LONGEST = 3.0
_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class Smoothing:
    """Penalties at the optimum of their marginal likelihood.

    Fields:
        optimum: coefficients there. The curvature counts what the data say of nuisance
            coefficients once the others are integrated out, and takes the penalties as known.
        prior: of all coefficients, with the penalties in it.
        lambdas: one for each penalty.
        log_marginal: log marginal likelihood, by Laplace's approximation.
        freedom: effective degrees of freedom of each coefficient, 0 to 1.
        is_gone: whether a penalty has left nothing of what it covers.
    """

    optimum: Optimum
    prior: Prior
    lambdas: Float[np.ndarray, " penalties"]
    log_marginal: float
    freedom: Float[np.ndarray, " coefficients"]
    is_gone: np.ndarray


def smooth(
    likelihood: Callable[[np.ndarray], Sums],
    prior: Prior,
    weights: Float[np.ndarray, "penalties coefficients"],
    nuisance: np.ndarray,
    *,
    start: Float[np.ndarray, " coefficients"] | None = None,
) -> Smoothing:
    """Choose penalties, and nuisance coefficients with them, by marginal likelihood.

    Args:
        likelihood: value, gradient and minus the Hessian of the log-likelihood at coefficients.
        prior: of the coefficients that no penalty covers, and where all of them start.
        weights: of the coefficients in each penalty: prior precisions are lambda @ weights.
        nuisance: which coefficients are estimated with the penalties rather than integrated out,
            such as the log of a standard deviation.
        start: coefficients close to the optimum, where some are known.

    Returns:
        The optimum; it has converged if `optimum.is_settled`.

    Source: Wood & Fasiolo (2017), A generalized Fellner-Schall method, for the sweeps, which
        neglect how H moves with b; quasi-Newton steps with the exact slope end at the optimum
        itself (Byrd, Lu, Nocedal & Zhu 1995).
    """
    fixed = prior.sd**-2.0
    marginal = Marginal(likelihood, prior.mean, fixed, weights, nuisance)
    edges = _edges(weights)
    begun = marginal.solve(np.zeros(len(weights)), prior.mean if start is None else start)
    point, evaluations = _sweep(marginal, begun, edges)
    point, slope, more = _polish(marginal, point, edges)
    return _result(marginal, point, slope, evaluations + more)


def _edges(weights: np.ndarray) -> list[tuple[float, float]]:
    """Between which a log lambda is sought: from no penalty on any column to no column at all."""
    seen = [each[each > 0] for each in weights]
    return [(-EDGE - np.log(each.max()), EDGE - np.log(each.min())) for each in seen]


def _sweep(marginal: Marginal, point: Point, edges: list[tuple[float, float]]) -> tuple[Point, int]:
    """Fellner-Schall for the penalties and Newton for theta, as long as they gain much."""
    count = point.evaluations
    for _ in range(MOST_SWEEPS):
        if not np.isfinite(point.log_marginal):
            break
        move, turn = _fellner_schall(marginal, point), _nuisance_step(marginal, point)
        better = None
        for share in (1.0, 0.25, 0.05):
            target = np.clip(point.log_lambda + share * move, *np.transpose(edges))
            start = point.at.copy()
            start[marginal.nuisance] += share * turn
            if marginal.nuisance.any():  # b follows theta, or the next climb starts off the ridge
                start[marginal.integrated] += marginal.following(point) @ (share * turn)
            tried = marginal.solve(target, start)
            count += tried.evaluations
            if tried.is_settled and tried.log_marginal > point.log_marginal:
                better = tried
                break
        if better is None:
            break
        gain, point = better.log_marginal - point.log_marginal, better
        if gain < _NEAR:
            break
    return point, count


def _fellner_schall(marginal: Marginal, point: Point) -> np.ndarray:
    """Step of each log lambda."""
    free = marginal.integrated
    weights, away = marginal.weights[:, free], (point.at - marginal.mean)[free]
    inverse = np.divide(
        1.0, point.precision[free], out=np.zeros(free.sum()), where=marginal.covered[free]
    )
    wanted = weights @ (inverse - np.diag(point.covariance))
    found = weights @ away**2
    ratio = np.maximum(wanted, 1e-300) / np.maximum(found, 1e-300)
    return np.clip(np.log(ratio), -_LONGEST, _LONGEST)


def _nuisance_step(marginal: Marginal, point: Point) -> np.ndarray:
    """Newton's step in theta, no longer than a place far off can be trusted."""
    theta = marginal.nuisance
    if not theta.any():
        return np.zeros(0)
    curvature = _own_curvature(marginal, point)
    step = np.linalg.solve(curvature, marginal.nuisance_gradient(point))
    known = marginal.fixed[theta]
    # A weak prior's sd says what is far; without one the sd of what the rows say.
    far = np.where(known > 0, known, np.diag(curvature) / 100) ** -0.5
    return np.clip(step, -_SHARE * far, _SHARE * far)


def _own_curvature(marginal: Marginal, point: Point) -> np.ndarray:
    """Minus the Hessian in theta with b following, made positive definite."""
    theta = marginal.nuisance
    plain = point.curvature[np.ix_(theta, theta)] + np.diag(point.precision[theta])
    follow = marginal.following(point)
    return _positive(plain + point.curvature[np.ix_(theta, ~theta)] @ follow, np.diag(plain))


def _positive(matrix: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Directions of too little curvature get a small share of what the diagonal has."""
    value, direction = np.linalg.eigh((matrix + matrix.T) / 2)
    least = 0.05 * max(float(np.min(np.abs(size))), 1e-8)
    return (direction * np.maximum(value, least)) @ direction.T


@dataclass(frozen=True, eq=False)
class _Tried:
    """A point of the quasi-Newton search, with L's slope there in units of standard errors."""

    point: Point
    at: np.ndarray
    slope: np.ndarray


def _polish(
    marginal: Marginal, begun: Point, edges: list[tuple[float, float]]
) -> tuple[Point, np.ndarray, int]:
    """Quasi-Newton steps with exact slopes, in units of rough standard errors.

    Returns:
        The best point, its slope in those units (0 where an edge holds it), and evaluations.
    """
    if not begun.is_settled:
        return begun, np.full(1, np.inf), 0
    penalties, theta = len(edges), marginal.nuisance
    units = _units(marginal, begun)
    origin = np.concatenate([begun.log_lambda, begun.at[theta]])
    unbounded = [(-np.inf, np.inf)] * int(theta.sum())
    bounds = (np.array([*edges, *unbounded]) - origin[:, None]) / units[:, None]
    tried: list[_Tried] = []

    def loss(scaled: np.ndarray) -> tuple[float, np.ndarray]:
        outer = origin + units * scaled
        start = max(tried, key=_height).point.at.copy() if tried else begun.at.copy()
        start[theta] = outer[penalties:]
        point = marginal.solve(outer[:penalties], start)
        if not point.is_settled:
            return 1e6 + float(np.sum(scaled**2)), 2 * scaled
        tried.append(_Tried(point, scaled.copy(), units * marginal.gradient(point)))
        return begun.log_marginal - point.log_marginal, -tried[-1].slope

    options = {"maxiter": MOST_POLISHING, "gtol": _TOLERANCE, "ftol": 1e-10}
    start = np.zeros(len(origin))
    minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    best = max(tried, key=_height)
    low, high = bounds.T
    held = ((best.at <= low) & (best.slope < 0)) | ((best.at >= high) & (best.slope > 0))
    count = sum(each.point.evaluations for each in tried)
    return best.point, np.where(held, 0.0, best.slope), count


def _height(tried: _Tried) -> float:
    return tried.point.log_marginal


def _units(marginal: Marginal, point: Point) -> np.ndarray:
    """Rough standard errors of each log lambda and theta."""
    freedom = np.maximum(marginal.weights > 0, 0) @ freedom_of(marginal, point)
    penalties = np.sqrt(2.0 / np.maximum(freedom, 0.1))
    if not marginal.nuisance.any():
        return penalties
    return np.concatenate([penalties, np.diag(_own_curvature(marginal, point)) ** -0.5])


def freedom_of(marginal: Marginal, point: Point) -> Float[np.ndarray, " coefficients"]:
    """Effective degrees of freedom of each coefficient: how much of it the data decide."""
    found, free = np.ones(len(point.at)), marginal.integrated
    found[free] = 1.0 - point.precision[free] * np.diag(point.covariance)
    return np.clip(found, 0.0, 1.0)


def _result(marginal: Marginal, point: Point, slope: np.ndarray, evaluations: int) -> Smoothing:
    freedom = freedom_of(marginal, point)
    left = np.array([freedom[weights > 0].sum() for weights in marginal.weights])
    # Half the squared slope, in standard errors, is what one more step would gain.
    steep = float(np.max(np.abs(slope), initial=0.0))
    decrement = point.decrement if steep < _STEEP else max(0.5 * steep**2, point.decrement)
    optimum = Optimum(
        coefficients=point.at,
        log_posterior=point.log_posterior,
        log_likelihood=point.log_likelihood,
        gradient=point.gradient,
        curvature=_joint_curvature(marginal, point),
        step=np.zeros_like(point.at),
        decrement=decrement,
        iterations=evaluations,
    )
    with np.errstate(divide="ignore"):
        sd = point.precision**-0.5
    return Smoothing(
        optimum=optimum,
        prior=Prior(marginal.mean, sd),
        lambdas=np.exp(point.log_lambda),
        log_marginal=point.log_marginal,
        freedom=freedom,
        is_gone=left < _GONE,
    )


def _joint_curvature(marginal: Marginal, point: Point) -> np.ndarray:
    """Minus a Hessian of all coefficients whose inverse is what is known of them.

    b given theta as the log posterior has it, theta as L has it.
    """
    whole = point.curvature + np.diag(point.precision)
    theta = marginal.nuisance
    if not (theta.any() and point.is_settled):
        return whole
    plain = _own_curvature(marginal, point)
    slopes = []
    for k, size in zip(np.flatnonzero(theta), np.diag(plain) ** -0.5, strict=True):
        ahead, behind = (
            marginal.nuisance_gradient(_moved(marginal, point, int(k), share * size))
            for share in (0.05, -0.05)
        )
        slopes.append((behind - ahead) / (0.1 * size))
    own = _positive(np.array(slopes), np.diag(plain))
    follow = marginal.following(point)
    crossed = whole[np.ix_(theta, ~theta)]
    whole[np.ix_(theta, theta)] = own - crossed @ follow
    return whole


def _moved(marginal: Marginal, point: Point, k: int, by: float) -> Point:
    start = point.at.copy()
    start[k] += by
    return marginal.solve(point.log_lambda, start)
