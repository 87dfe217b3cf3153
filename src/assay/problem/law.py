"""The families of this release as plain laws of two numbers, to compare on a target alone.

These are for ranking only: no gradients, no covariates. Models are fitted by the rooms `family` and
`fit`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from assay.problem.sample import Sample

Numbers = np.ndarray
Theta = np.ndarray  # two unconstrained numbers


@dataclass(frozen=True)
class Law:
    """One family without covariates.

    Fields:
        name: of the family, as registered.
        start: a first guess of the two parameters.
        log_prob: log density, or log mass of a count.
        log_sf: log P(Y >= limit).
        log_cdf: log P(Y <= limit).
        mean: of the law.
        is_count: whether mass lies on whole numbers.
    """

    name: str
    start: Callable[[Sample], Theta]
    log_prob: Callable[[Theta, Numbers], Numbers]
    log_sf: Callable[[Theta, Numbers], Numbers]
    log_cdf: Callable[[Theta, Numbers], Numbers]
    mean: Callable[[Theta], float]
    is_count: bool = False


def _normal_start(sample: Sample) -> Theta:
    return np.array([sample.mean, np.log(sample.deviation)])


def _normal_log_prob(theta: Theta, y: Numbers) -> Numbers:
    z = (y - theta[0]) / np.exp(theta[1])
    return -0.5 * z**2 - theta[1] - 0.5 * np.log(2.0 * np.pi)


def _normal_log_sf(theta: Theta, limit: Numbers) -> Numbers:
    return special.log_ndtr((theta[0] - limit) / np.exp(theta[1]))


def _normal_log_cdf(theta: Theta, limit: Numbers) -> Numbers:
    return special.log_ndtr((limit - theta[0]) / np.exp(theta[1]))


NORMAL = Law(
    "normal",
    _normal_start,
    _normal_log_prob,
    _normal_log_sf,
    _normal_log_cdf,
    lambda theta: float(theta[0]),
)


def _log(y: Numbers) -> Numbers:
    return np.log(y, out=np.full(np.shape(y), -np.inf), where=y > 0)


def _log_normal_start(sample: Sample) -> Theta:
    # Method of moments: var = mean^2 * (exp(sigma^2) - 1).
    variance = np.log1p((sample.deviation / sample.mean) ** 2)
    return np.array([np.log(sample.mean) - variance / 2.0, 0.5 * np.log(variance)])


def _log_normal_log_prob(theta: Theta, y: Numbers) -> Numbers:
    return _normal_log_prob(theta, _log(y)) - _log(y)


LOG_NORMAL = Law(
    "log-normal",
    _log_normal_start,
    _log_normal_log_prob,
    lambda theta, limit: _normal_log_sf(theta, _log(limit)),
    lambda theta, limit: _normal_log_cdf(theta, _log(limit)),
    lambda theta: float(np.exp(theta[0] + np.exp(2.0 * theta[1]) / 2.0)),
)


def _gamma_start(sample: Sample) -> Theta:
    return np.array([np.log(sample.mean), 2.0 * np.log(sample.mean / sample.deviation)])


def _gamma_parameters(theta: Theta, y: Numbers) -> tuple[float, Numbers]:
    shape = float(np.exp(theta[1]))
    return shape, np.maximum(y, 0.0) * shape / np.exp(theta[0])


def _gamma_log_prob(theta: Theta, y: Numbers) -> Numbers:
    shape, x = _gamma_parameters(theta, y)
    return (shape - 1.0) * _log(x) - x - special.gammaln(shape) + theta[1] - theta[0]


def _gamma_log_sf(theta: Theta, limit: Numbers) -> Numbers:
    shape, x = _gamma_parameters(theta, limit)
    # Where the tail is below what float64 holds: its first term, DLMF 8.11.2.
    far = (shape - 1.0) * _log(x) - x - special.gammaln(shape)
    return _log_or(special.gammaincc(shape, x), far)


def _gamma_log_cdf(theta: Theta, limit: Numbers) -> Numbers:
    shape, x = _gamma_parameters(theta, limit)
    far = shape * _log(x) - x - special.gammaln(shape + 1.0)  # DLMF 8.7.1, first term
    return _log_or(special.gammainc(shape, x), far)


GAMMA = Law(
    "gamma",
    _gamma_start,
    _gamma_log_prob,
    _gamma_log_sf,
    _gamma_log_cdf,
    lambda theta: float(np.exp(theta[0])),
)


def _count_start(sample: Sample) -> Theta:
    # var = mean + mean^2 / size; near a Poisson law any large size will do.
    excess = max(sample.deviation**2 - sample.mean, 0.01 * sample.mean)
    return np.array([np.log(sample.mean), np.log(sample.mean**2 / excess)])


def _count_parameters(theta: Theta) -> tuple[float, float, float]:
    size, mean = float(np.exp(theta[1])), float(np.exp(theta[0]))
    return size, mean / (size + mean), size / (size + mean)


def _count_log_prob(theta: Theta, y: Numbers) -> Numbers:
    size, hit, miss = _count_parameters(theta)
    ways = -special.betaln(size, y + 1.0) - np.log(size + y)
    return ways + size * np.log(miss) + special.xlogy(y, hit)


def _count_log_sf(theta: Theta, limit: Numbers) -> Numbers:
    size, hit, _ = _count_parameters(theta)
    first = np.ceil(np.maximum(limit, 0.0))
    tail = np.where(first > 0, special.betainc(np.maximum(first, 1.0), size, hit), 1.0)
    return _log_or(tail, _count_log_prob(theta, first))


def _count_log_cdf(theta: Theta, limit: Numbers) -> Numbers:
    size, _, miss = _count_parameters(theta)
    last = np.floor(limit)
    head = np.where(last >= 0, special.betainc(size, np.maximum(last, 0.0) + 1.0, miss), 0.0)
    far = np.where(last >= 0, _count_log_prob(theta, np.maximum(last, 0.0)), -np.inf)
    return _log_or(head, far)


NEGATIVE_BINOMIAL = Law(
    "negative-binomial",
    _count_start,
    _count_log_prob,
    _count_log_sf,
    _count_log_cdf,
    lambda theta: float(np.exp(theta[0])),
    is_count=True,
)

LAWS = (NORMAL, LOG_NORMAL, GAMMA, NEGATIVE_BINOMIAL)


def _log_or(probability: Numbers, far: Numbers) -> Numbers:
    is_held = probability > 1e-290
    return np.where(is_held, np.log(np.where(is_held, probability, 1.0)), far)
