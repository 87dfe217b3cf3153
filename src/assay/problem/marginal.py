"""Families fitted to a target alone, so that they can be ranked."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from assay.problem.law import Law
from assay.problem.sample import Sample


@dataclass(frozen=True, eq=False)
class Fitted:
    """A law at its most likely parameters.

    Fields:
        law: the family.
        theta: its parameters.
        log_likelihood: of the recorded rows; comparable across families of counts and of measures.
        bic: Bayesian information criterion, lower is better.
    """

    law: Law
    theta: np.ndarray
    log_likelihood: float
    bic: float

    def mass_below(self, limit: float) -> float:
        """Probability below `limit`; the limit itself not counted where it has mass."""
        above = self.law.log_sf(self.theta, np.array([limit]))
        return float(-np.expm1(above[0]))

    def mass_above(self, limit: float) -> float:
        """Probability above `limit`, of a law of measures."""
        return float(np.exp(self.law.log_sf(self.theta, np.array([limit]))[0]))

    @property
    def mean(self) -> float:
        """Mean of the law; inf where float64 cannot hold it."""
        with np.errstate(over="ignore"):
            return self.law.mean(self.theta)


def fit(law: Law, sample: Sample) -> Fitted | None:
    """The most likely parameters, with hidden rows as bounds.

    Args:
        law: the family.
        sample: values that are all in its support, and not all equal.

    Returns:
        None where no parameters give the sample a chance, as where a law above 0 meets a target
        hidden below 0.

    Source: Schwarz (1978), Estimating the dimension of a model, Annals of Statistics 6(2).
    """
    start = law.start(sample)
    if not np.isfinite(log_likelihood(law, start, sample)):
        return None
    found = minimize(
        lambda theta: -log_likelihood(law, theta, sample),
        start,
        method="Nelder-Mead",
        options={"xatol": 1e-4, "fatol": 1e-6 * sample.rows, "maxiter": 300},
    )
    total = _scored(law, found.x, sample)
    bic = -2.0 * total + len(found.x) * np.log(sample.rows)
    return Fitted(law, found.x, total, float(bic))


def log_likelihood(law: Law, theta: np.ndarray, sample: Sample) -> float:
    """Log density of what is seen plus log probability of the bounds; -inf where impossible."""
    if not (np.abs(theta) < 700.0).all() and law.name != "normal":
        return -np.inf  # beyond what exp holds: no fit lives there
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        total = (
            sample.seen.total(law.log_prob(theta, sample.seen.values))
            + sample.least.total(law.log_sf(theta, sample.least.values))
            + sample.most.total(law.log_cdf(theta, sample.most.values))
        )
    return total if np.isfinite(total) else -np.inf


def _scored(law: Law, theta: np.ndarray, sample: Sample) -> float:
    """The log likelihood, with a measure's density turned into mass where counts compete.

    A density at whole numbers and a mass on them are different things: what a continuous law says
    about a recorded 5 is the probability from 4.5 to 5.5.
    """
    total = log_likelihood(law, theta, sample)
    if law.is_count or not sample.is_whole:
        return total
    y = sample.seen.values
    dense = law.log_prob(theta, y)
    return total + sample.seen.total(_log_mass(law, theta, y, dense) - dense)


def _log_mass(law: Law, theta: np.ndarray, y: np.ndarray, dense: np.ndarray) -> np.ndarray:
    is_high = law.log_sf(theta, y) < law.log_cdf(theta, y)
    # The difference is taken in the smaller tail, where both terms are exact.
    outer = np.where(is_high, law.log_sf(theta, y - 0.5), law.log_cdf(theta, y + 0.5))
    inner = np.where(is_high, law.log_sf(theta, y + 0.5), law.log_cdf(theta, y - 0.5))
    with np.errstate(divide="ignore", invalid="ignore"):
        mass = outer + np.log1p(-np.exp(inner - outer))
    return np.where(np.isfinite(mass), mass, dense)
