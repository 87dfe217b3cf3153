"""The marginal likelihood of penalties and nuisance parameters, by Laplace's approximation.

The coefficients b of smooth terms and their companions are integrated out; what is left are the
penalties lambda and a few nuisance coefficients theta, such as the log of a standard deviation. At
b's mode, with H minus the second derivative of the log posterior in b,

    L(lambda, theta) = log posterior + 0.5 log |prior precision| - 0.5 log |H|   (+ a constant).

To maximise over theta jointly with b instead would take the scatter that b has fitted for scatter
that is not there: a variance would be divided by the rows rather than by the degrees of freedom.

Source: Patterson & Thompson (1971) for the idea in linear models (REML); Cox & Reid (1987) for
    theta; Wood (2011), Fast stable restricted maximum likelihood, for smooth terms.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.linalg import LinAlgError, cho_factor, cho_solve

Sums = tuple[float, np.ndarray, np.ndarray]
MOST_STEPS = 60
_SETTLED = 1e-13  # as for any fit
MOST_DAMPING = 1e12
_SMALL_MOVE = 1e-3  # of a posterior sd: third derivatives by central differences


@dataclass(frozen=True, eq=False)
class _Place:
    """The log posterior, its gradient and minus its Hessian at some coefficients."""

    at: np.ndarray
    value: float
    log_likelihood: float
    gradient: np.ndarray
    curvature: np.ndarray


@dataclass(frozen=True, eq=False)
class Point:
    """The mode of b for given penalties and nuisance coefficients.

    Fields:
        log_lambda: of each penalty.
        at: all coefficients, b at its mode.
        precision: of the prior of each coefficient.
        log_posterior: there, up to a constant.
        log_likelihood: there.
        gradient: of the log posterior.
        curvature: minus the Hessian of the log-likelihood alone.
        covariance: of b, the inverse of H.
        log_marginal: L.
        decrement: what one more step in b would gain; inf where H is not positive definite.
        evaluations: of the likelihood.
    """

    log_lambda: Float[np.ndarray, " penalties"]
    at: Float[np.ndarray, " c"]
    precision: Float[np.ndarray, " c"]
    log_posterior: float
    log_likelihood: float
    gradient: Float[np.ndarray, " c"]
    curvature: Float[np.ndarray, "c c"]
    covariance: Float[np.ndarray, "b b"]
    log_marginal: float
    decrement: float
    evaluations: int

    @property
    def is_settled(self) -> bool:
        """Whether b stands at its mode."""
        settled = _is_settled(self.decrement, self.log_posterior)
        return settled and bool(np.isfinite(self.log_marginal))


@dataclass(frozen=True, eq=False)
class Marginal:
    """L as a function of penalties and nuisance coefficients.

    Fields:
        likelihood: value, gradient and minus the Hessian of the log-likelihood at coefficients.
        mean: of the prior.
        fixed: prior precision of the coefficients that no penalty covers, 0 where flat.
        weights: of the coefficients in each penalty.
        nuisance: which coefficients are theta.
    """

    likelihood: Callable[[np.ndarray], Sums]
    mean: Float[np.ndarray, " c"]
    fixed: Float[np.ndarray, " c"]
    weights: Float[np.ndarray, "penalties c"]
    nuisance: np.ndarray

    @cached_property
    def covered(self) -> np.ndarray:
        """Which coefficients a penalty covers."""
        return self.weights.sum(axis=0) > 0

    @cached_property
    def integrated(self) -> np.ndarray:
        """Which coefficients are b."""
        return ~self.nuisance

    def precision(self, log_lambda: np.ndarray) -> Float[np.ndarray, " c"]:
        """Prior precision of all coefficients."""
        return np.where(self.covered, np.exp(log_lambda) @ self.weights, self.fixed)

    def solve(self, log_lambda: np.ndarray, start: np.ndarray) -> Point:
        """Climb to b's mode by damped Newton, theta staying where `start` has it."""
        precision, free = self.precision(log_lambda), self.integrated
        here, damping, count = self._place(start, precision), 0.0, 1
        step, gain = _newton_step(here, free, damping)
        while not _is_settled(gain, here.value) and count < MOST_STEPS and damping < MOST_DAMPING:
            moved = here.at.copy()
            moved[free] += step
            there, count = self._place(moved, precision), count + 1
            # Rounding moves the value by this much; without the slack the last step is refused.
            if there.value >= here.value - 1e-13 * (1.0 + abs(here.value)):
                here, damping = there, (0.0 if damping < 1e-6 else damping / 10)
            else:
                damping = max(damping * 10, 1e-3)
            step, gain = _newton_step(here, free, damping)
        return self._point(log_lambda, precision, here, gain, count)

    def gradient(self, point: Point) -> Float[np.ndarray, " outer"]:
        """Derivatives of L in each log lambda, then in each theta; exact, with b following."""
        free, away = self.integrated, (point.at - self.mean)[self.integrated]
        scaled = np.exp(point.log_lambda)[:, None] * self.weights[:, free]
        prior = point.precision[free]
        shared = np.divide(scaled, prior, out=np.zeros_like(scaled), where=self.covered[free])
        own = 0.5 * np.sum(shared - scaled * (away**2 + np.diag(point.covariance)), axis=1)
        moves = [-point.covariance @ (each * away) for each in scaled]
        bent = [self._bend(point, self._along(move)) for move in moves]
        return np.concatenate([own - 0.5 * np.array(bent), self.nuisance_gradient(point)])

    def nuisance_gradient(self, point: Point) -> Float[np.ndarray, " theta"]:
        """Derivatives of L in theta alone."""
        places = np.flatnonzero(self.nuisance)
        found = [
            point.gradient[k] - 0.5 * self._bend(point, self._along(follow, int(k)))
            for k, follow in zip(places, self.following(point).T, strict=True)
        ]
        return np.array(found)

    def following(self, point: Point) -> Float[np.ndarray, "b theta"]:
        """How b's mode moves with theta."""
        crossed = point.curvature[np.ix_(self.integrated, self.nuisance)]
        return -point.covariance @ crossed

    def _along(self, move: np.ndarray, k: int | None = None) -> np.ndarray:
        """A direction of all coefficients from one of b, and a unit of theta where one is named."""
        whole = np.zeros(len(self.mean))
        whole[self.integrated] = move
        if k is not None:
            whole[k] = 1.0
        return whole

    def _bend(self, point: Point, along: np.ndarray) -> float:
        """Derivative of log |H| along a direction, the prior's part left out."""
        sizes = np.sqrt(np.diag(point.covariance))
        widest = np.max(np.abs(along[self.integrated]) / sizes, initial=0.0)
        widest = max(widest, float(np.max(np.abs(along[self.nuisance]), initial=0.0)))
        if widest < 1e-9:  # a coefficient that no longer moves bends nothing
            return 0.0
        h = _SMALL_MOVE / widest
        both = np.ix_(self.integrated, self.integrated)
        ahead, behind = (self.likelihood(point.at + s * along)[2][both] for s in (h, -h))
        return float(np.sum(point.covariance * (ahead - behind))) / (2 * h)

    def _place(self, at: np.ndarray, precision: np.ndarray) -> _Place:
        """The log posterior somewhere; -inf where a derivative is not finite."""
        value, slope, curvature = self.likelihood(at)
        away = at - self.mean
        posterior = value - 0.5 * float(np.sum(precision * away**2))
        usable = (
            np.isfinite(posterior) and np.isfinite(slope).all() and np.isfinite(curvature).all()
        )
        return _Place(
            at=at,
            value=posterior if usable else -np.inf,
            log_likelihood=value,
            gradient=slope - precision * away,
            curvature=curvature + np.diag(precision),
        )

    def _point(
        self, log_lambda: np.ndarray, precision: np.ndarray, here: _Place, gain: float, count: int
    ) -> Point:
        free = self.integrated
        covariance, log_size = _inverse(here.curvature[np.ix_(free, free)])
        proper = precision[free & (precision > 0)]
        flat = int(free.sum()) - len(proper)
        constant = 0.5 * (float(np.sum(np.log(proper))) + flat * np.log(2 * np.pi))
        return Point(
            log_lambda=log_lambda,
            at=here.at,
            precision=precision,
            log_posterior=here.value,
            log_likelihood=here.log_likelihood,
            gradient=here.gradient,
            curvature=here.curvature - np.diag(precision),
            covariance=covariance,
            log_marginal=here.value + constant - 0.5 * log_size,
            decrement=gain,
            evaluations=count,
        )


def _is_settled(gain: float, value: float) -> bool:
    return gain < _SETTLED + 1e-14 * abs(value)


def _inverse(curvature: np.ndarray) -> tuple[np.ndarray, float]:
    """Inverse and log determinant; NaN where it is not positive definite."""
    if not np.isfinite(curvature).all():
        return np.full_like(curvature, np.nan), np.nan
    try:
        lower = np.linalg.cholesky(curvature)
    except LinAlgError:
        return np.full_like(curvature, np.nan), np.nan
    inverse = cho_solve((lower, True), np.eye(len(lower)))
    return inverse, 2 * float(np.sum(np.log(np.diag(lower))))


def _newton_step(here: _Place, free: np.ndarray, damping: float) -> tuple[np.ndarray, float]:
    """Newton's step in b, damped until the curvature is positive definite.

    Returns:
        The step, and what an undamped one would gain; inf where there is none.
    """
    gradient, curvature = here.gradient[free], here.curvature[np.ix_(free, free)]
    size = np.abs(np.diag(curvature)) + 1e-8
    while np.isfinite(here.value) and damping < MOST_DAMPING:
        try:
            step = cho_solve(cho_factor(curvature + damping * np.diag(size)), gradient)
        except LinAlgError:
            damping = max(damping * 10, 1e-3)
            continue
        return step, 0.5 * float(gradient @ step) if damping == 0 else np.inf
    return np.zeros_like(gradient), np.inf
