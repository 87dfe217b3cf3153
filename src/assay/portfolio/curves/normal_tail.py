"""The logarithm of the normal distribution function, for very many values at once.

A thousand attempts weighed on every atom ask for it some hundred million times.
"""

from functools import lru_cache

import numpy as np
from scipy.special import log_ndtr

from assay.portfolio.kinds import Floats

LEAST, MOST = (
    -40.0,
    9.0,
)  # below, an asymptotic series is good to 2e-11; above, the logarithm is under 1e-18
STEPS = 256  # in one unit; a cubic between two neighbours is then off by less than 1e-12
_HALF_LOG_2_PI = 0.5 * np.log(2.0 * np.pi)


def log_normal_cdf(z: Floats) -> Floats:
    """Log Phi(z), nowhere off by more than 2e-11.

    Args:
        z: any shape, finite; below 1e15.

    Source: Abramowitz & Stegun (1964), 26.2.12 for the tail; cubic Hermite interpolation between.
    """
    z, shape = np.atleast_1d(z), np.shape(z)
    at = z - LEAST
    at *= STEPS
    cell = at.astype(np.intp)
    at -= cell
    rows = _cubics().take(cell, axis=0, mode="clip")  # the last row is 0, and for all beyond
    found = rows[..., 3] * at
    for power in (2, 1):
        found += rows[..., power]
        found *= at
    found += rows[..., 0]
    far = z < LEAST
    if far.any():
        found[far] = _tail(z[far])
    return found.reshape(shape)


def _tail(z: Floats) -> Floats:
    square = 1.0 / (z * z)
    series = -square * (1.0 - 3.0 * square * (1.0 - 5.0 * square))
    return -0.5 * z * z - np.log(-z) - _HALF_LOG_2_PI + np.log1p(series)


@lru_cache(maxsize=1)
def _cubics() -> Floats:
    """One row a cell: coefficients of its cubic, the constant first, in shares of a cell."""
    knots = LEAST + np.arange(int((MOST - LEAST) * STEPS) + 1) / STEPS
    value = log_ndtr(knots)
    slope = np.exp(-0.5 * knots**2 - _HALF_LOG_2_PI - value) / STEPS
    rise = np.diff(value)
    left, right = slope[:-1], slope[1:]
    cubics = (value[:-1], left, 3.0 * rise - 2.0 * left - right, left + right - 2.0 * rise)
    return np.append(np.stack(cubics, axis=1), np.zeros((1, 4)), axis=0)
