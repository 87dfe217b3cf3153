"""What a little more effort adds on each shape of curve, and the effort at which that is a price.

All in logarithms, for a curve of height 1 and time scale 1: `z` is effort over tau. Each inverse is
a closed form but that of Hill's curve, which Newton's method finds: its log marginal is concave and
falls in log effort, so that from the right every step lands on the right again.

Source: Corless et al. (1996), On the Lambert W function; Lawrence, Corless & Jeffrey (2012),
Algorithm 917, for the Wright omega function.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import wrightomega

from assay.portfolio.kinds import Floats

STEPS = 60  # of Newton's method; 5 to 7 are usual

LogMarginal = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True)
class Marginal:
    """The slope of one shape.

    Fields:
        log_slope: logarithm of the slope at `z`, above 0, for the exponent `q`.
        at: the `z` at which the logarithm of the slope is a number, for the exponent `q`; at most 0
            where the slope is nowhere as great.
        fall: by how much the logarithm of the slope falls for each unit of `z`, at `z`.
    """

    log_slope: LogMarginal
    at: LogMarginal
    fall: LogMarginal


def _hill_log_slope(z: Floats, q: Floats) -> Floats:
    w = q * np.log(z)
    return np.log(q) - (1.0 - q) / q * w - 2.0 * np.logaddexp(0.0, w)


def _hill_at(level: Floats, q: Floats) -> Floats:
    # In w = q log z the logarithm of the slope lies below both of its asymptotes; it cannot cross
    # the level to the right of where the first of them does.
    goal = level - np.log(q)
    lead = (1.0 - q) / q
    with np.errstate(divide="ignore", invalid="ignore"):
        by_lead = np.where(lead > 0, -goal / lead, np.inf)
    w = np.minimum(by_lead, -goal / (lead + 2.0))
    moving = np.arange(w.size)
    for _ in range(STEPS):
        now, slope = w[moving], lead[moving]
        risen = np.exp(-np.abs(now))
        softplus = np.maximum(now, 0.0) + np.log1p(risen)
        share = np.where(now >= 0, 1.0, risen) / (1.0 + risen)
        step = (goal[moving] + slope * now + 2.0 * softplus) / (slope + 2.0 * share)
        w[moving] = now - step
        moving = moving[np.abs(step) > 1e-9 * (1.0 + np.abs(now))]  # the error is its square
        if moving.size == 0:
            break
    return np.exp(np.minimum(w / q, 700.0))


def _janoschek_at(level: Floats, q: Floats) -> Floats:
    # With v = z^q: v + r log v = c, r = (1-q)/q.
    goal, lead = np.log(q) - level, (1.0 - q) / q
    with np.errstate(divide="ignore", invalid="ignore"):
        curved = lead * wrightomega(goal / lead - np.log(lead))
    v = np.where(lead > 0, curved, goal)
    return np.maximum(v, 0.0) ** (1.0 / q)


def _janoschek_log_slope(z: Floats, q: Floats) -> Floats:
    return np.log(q) - (1.0 - q) * np.log(z) - z**q


def _ilog_at(level: Floats, q: Floats) -> Floats:
    return np.expm1(2.0 * wrightomega((1.0 - level) / 2.0 - np.log(2.0)) - 1.0)


def _ilog_log_slope(z: Floats, q: Floats) -> Floats:
    risen = np.log1p(z)
    return -risen - 2.0 * np.log1p(risen)


def _power_at(level: Floats, q: Floats) -> Floats:
    return np.expm1(np.minimum((np.log(q) - level) / (q + 1.0), 700.0))


MARGINALS: dict[str, Marginal] = {
    "log": Marginal(
        log_slope=lambda z, q: -np.log1p(z),
        at=lambda level, q: np.expm1(-level),
        fall=lambda z, q: 1.0 / (1.0 + z),
    ),
    "power": Marginal(
        log_slope=lambda z, q: np.log(q) - (q + 1.0) * np.log1p(z),
        at=_power_at,
        fall=lambda z, q: (q + 1.0) / (1.0 + z),
    ),
    "exponential": Marginal(
        log_slope=lambda z, q: -z,
        at=lambda level, q: -level,
        fall=lambda z, q: np.ones_like(z),
    ),
    "hill": Marginal(
        log_slope=_hill_log_slope,
        at=_hill_at,
        fall=lambda z, q: ((1.0 - q) + 2.0 * q * (1.0 - 1.0 / (1.0 + z**q))) / z,
    ),
    "janoschek": Marginal(
        log_slope=_janoschek_log_slope,
        at=_janoschek_at,
        fall=lambda z, q: ((1.0 - q) + q * z**q) / z,
    ),
    "ilog": Marginal(
        log_slope=_ilog_log_slope,
        at=_ilog_at,
        fall=lambda z, q: (1.0 + 2.0 / (1.0 + np.log1p(z))) / (1.0 + z),
    ),
}
