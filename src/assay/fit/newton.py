"""Damped Newton for models whose parameters are linear in their coefficients.

Each row's log-likelihood depends on a handful of linked parameters only, so exact second
derivatives cost one small Hessian a row and a few matrix products, whatever the family.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.linalg import cho_factor, cho_solve, eigh

from assay.fit.likelihood import Likelihood
from assay.fit.rows import PartRows, thinned

MAX_ITERATIONS = 100
FIRST_DAMPING, MAX_DAMPING = 0.1, 1e12
TOLERANCE = 1e-13
THINNED = 8192
SMALL = 4 * THINNED
_THINNED_BY = 16
DROWNED = 1e-6
_CLOSE = 0.5  # log units that a step gains; from here on it leaves little
_DOUBTS = 2.0  # standard errors by which some of the rows may be wrong about all
_ALIKE = 2.0  # times their share of the curvature that they may have, in any direction


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
            definite. Where some of the rows stand for all, what it may still leave.
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
    *,
    rough: Prior | None = None,
    enough: float = 0.0,
) -> Optimum:
    """Maximise the log posterior.

    Args:
        parts: all rows, grouped by what they say.
        prior: of the coefficients.
        start: a point close to the optimum, where one is known; by default the prior's mean,
            and for many rows first an optimum of some of them.
        rough: prior of that first optimum, default `prior`; under a flat one some of the rows may
            have none where all have one.
        enough: log units; a step that gains less is the last. A start for other rows than these
            need not be an optimum to the last digit.

    Returns:
        The last accepted point; it is the optimum if `is_settled`, and then its coefficients are
        one step further than where its derivatives were taken.

    Source: Levenberg (1944) and Marquardt (1963) for the damping; Boyd & Vandenberghe (2004),
        Convex Optimization, section 9.5, for the decrement as stopping rule and its squares.
    """
    likelihood, few = Likelihood(parts), _few_of(parts)
    if start is None and few is not None:
        here = _begun(likelihood, prior, few, rough or prior)
    else:
        here = _evaluate(likelihood, prior, prior.mean if start is None else start)

    def is_done(here: Optimum) -> bool:
        return here.is_settled or here.decrement < enough

    def ahead(here: Optimum) -> Optimum:
        return here if few is None or is_done(here) else _foreseen(here, prior, few)

    here, damping, was_refused = ahead(here), 0.0, False
    while not is_done(here) and here.iterations < MAX_ITERATIONS and damping < MAX_DAMPING:
        step = here.step if damping == 0 else _step(here.curvature, here.gradient, damping)[0]
        there = _evaluate(likelihood, prior, here.coefficients + step, here.iterations + 1)
        if there.is_finite and _is_higher(there, here):
            # A step that was too long a moment ago still is: back to it by halves.
            damping = 0.0 if damping < 1e-6 else damping / (2 if was_refused else 10)
            here, was_refused = ahead(there), False
        else:
            here = replace(here, iterations=there.iterations)
            damping, was_refused = max(damping * 10, FIRST_DAMPING), True
    if not is_done(here):
        return here
    return _polished(likelihood, prior, here, is_long=few is not None or enough > 0)


def _is_higher(there: Optimum, here: Optimum) -> bool:
    """Whether a step went uphill; where rounding drowns the gain, the gradient tells."""
    slack = 1e-13 * (1.0 + abs(here.log_posterior))
    is_closer = there.decrement < here.decrement < DROWNED
    return is_closer or there.log_posterior >= here.log_posterior - slack


def _foreseen(here: Optimum, prior: Prior, few: "_Few") -> Optimum:
    """The point after the next step, where some of the rows can tell that nothing is left there.

    Close to the optimum a step leaves what the log-likelihood is not quadratic in, a sum over all
    rows that some of them tell well enough. Over many rows to look at all once more, only to see
    that nothing is left, is a good part of the fit. How well they tell it two halves of them show,
    which agree where no rare row has a part in it.

    Source: control variates, as in Owen (2013), Monte Carlo theory, methods and examples, 8.9.
    """
    if not here.decrement < _CLOSE:
        return here
    at = here.coefficients + here.step
    one, other = (_beyond_quadratic(half, here.coefficients, here.step) for half in few.halves)
    if not _is_seen(few.every * (one.before + other.before), here.curvature):
        return here
    curvature = here.curvature + few.every * (one.bent + other.bent)
    rest, doubt = (few.every * each for each in (one.slope + other.slope, one.slope - other.slope))
    (step, is_uphill), (unsure, _) = (_step(curvature, each, 0.0) for each in (rest, doubt))
    if not is_uphill:
        return here
    gain = here.decrement + few.every * (one.value + other.value)
    log_posterior = here.log_posterior + gain
    ahead = Optimum(
        coefficients=at,
        log_posterior=log_posterior,
        log_likelihood=log_posterior - _log_density(prior, at),
        gradient=rest,
        curvature=curvature,
        step=step,
        decrement=_DOUBTS**2 * 0.5 * float(doubt @ unsure),
        iterations=here.iterations,
    )
    return ahead if ahead.is_settled else here


class _Beyond(NamedTuple):
    """By how much a step changes some rows' log-likelihood beyond its quadratic approximation.

    Fields:
        value: of the log-likelihood.
        slope: of its gradient.
        before: minus the Hessian before the step.
        bent: by how much the step changes it.
    """

    value: float
    slope: Float[np.ndarray, " c"]
    before: Float[np.ndarray, "c c"]
    bent: Float[np.ndarray, "c c"]


def _beyond_quadratic(likelihood: Likelihood, at: np.ndarray, step: np.ndarray) -> _Beyond:
    value, slope, bend = likelihood(at)
    moved_value, moved_slope, moved_bend = likelihood(at + step)
    expected = slope @ step - 0.5 * step @ bend @ step
    return _Beyond(
        moved_value - value - float(expected),
        moved_slope - slope + bend @ step,
        bend,
        moved_bend - bend,
    )


def _is_seen(some: np.ndarray, all_rows: np.ndarray) -> bool:
    """Whether some of the rows have about their share of the curvature in every direction."""
    try:
        shares = eigh(some, all_rows, eigvals_only=True)
    except np.linalg.LinAlgError:
        return False
    return bool(shares[0] > 1 / _ALIKE and shares[-1] < _ALIKE)


def _polished(likelihood: Likelihood, prior: Prior, here: Optimum, *, is_long: bool) -> Optimum:
    """The optimum to the last digits.

    The decrement is a square: at its tolerance half of the digits are still to come, and the step
    that brings them is known already. The curvature moves with it by less than a table of many
    rows could show, so only few rows are asked again.
    """
    if not is_long:
        there = _evaluate(likelihood, prior, here.coefficients + here.step, here.iterations + 1)
        here = there if there.is_settled else here
    return replace(here, coefficients=here.coefficients + here.step)


@dataclass(frozen=True)
class _Few:
    """Some rows that stand for all.

    Fields:
        parts: one row in `every`.
        every: how many rows each of them stands for.
        halves: the log-likelihoods of two halves of them.
    """

    parts: tuple[PartRows, ...]
    every: int
    halves: tuple[Likelihood, Likelihood]


def _few_of(parts: tuple[PartRows, ...]) -> _Few | None:
    """Some of the rows, where these are so many that some are enough to come close."""
    every = min(_THINNED_BY, sum(len(part.y) for part in parts) // THINNED)
    if every < SMALL // THINNED:
        return None
    some = tuple(thinned(part, every) for part in parts)
    first = tuple(part.cut(slice(0, (len(part.y) + 1) // 2)) for part in some)
    second = tuple(part.cut(slice((len(part.y) + 1) // 2, None)) for part in some)
    shown = tuple(part for part in second if len(part.y))
    return _Few(some, every, (Likelihood(first), Likelihood(shown))) if shown else None


def _begun(likelihood: Likelihood, prior: Prior, few: _Few, rough: Prior) -> Optimum:
    """Near the optimum of all rows, by that of some, which costs next to nothing.

    One step on is taken with the slope of all rows and the curvature of some, which is off by about
    one percent: to look for the curvature of all is worth it from there on.
    """
    found = maximise(few.parts, rough, enough=_CLOSE)
    if not found.decrement < _CLOSE:
        return _evaluate(likelihood, prior, prior.mean)
    at, precision = found.coefficients, prior.sd**-2.0
    curvature = few.every * (found.curvature - np.diag(rough.sd**-2.0)) + np.diag(precision)
    fit, slope = likelihood.slope(at)
    step, _ = _step(curvature, slope - precision * (at - prior.mean), 0.0)
    there = _evaluate(likelihood, prior, at + step, iterations=2)
    # What some of the rows cannot see, as a rare level of a factor, may have sent it far off.
    is_higher = there.log_posterior >= fit + _log_density(prior, at)
    return there if there.is_finite and is_higher else _evaluate(likelihood, prior, at, 3)


def _evaluate(likelihood: Likelihood, prior: Prior, at: np.ndarray, iterations: int = 1) -> Optimum:
    fit, gradient, curvature = likelihood(at)
    precision = prior.sd**-2.0
    gradient, curvature = gradient - precision * (at - prior.mean), curvature + np.diag(precision)
    step, is_uphill = _step(curvature, gradient, 0.0)
    gain = 0.5 * float(gradient @ step) if is_uphill else np.inf
    value = fit + _log_density(prior, at)
    return Optimum(at, value, fit, gradient, curvature, step, gain, iterations)


def _log_density(prior: Prior, at: np.ndarray) -> float:
    """Of the prior, up to a constant."""
    return -0.5 * float(np.sum(((at - prior.mean) / prior.sd) ** 2))


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
