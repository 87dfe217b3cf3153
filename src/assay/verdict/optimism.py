"""What the best of several scores on the same rows flatters itself by."""

import math
from functools import lru_cache

from scipy.integrate import quad
from scipy.special import log_ndtr

CORRELATION = 0.8
"""Correlation of the scores of a team's models on the same rows."""


@lru_cache(maxsize=1024)
def optimism(tries: int) -> float:
    """Expected surplus of the best of `tries` open scores over its true value.

    E max of that many standard Normals times sqrt(1 - correlation); added in quadrature to the
    standard error that a curve is told.

    Args:
        tries: models scored on the same rows, 1 or more.

    Returns:
        In standard errors; 0 for a single one.
    """
    if tries < 2:
        return 0.0

    def density(z: float) -> float:
        log_phi = -0.5 * z * z - 0.5 * math.log(2 * math.pi)
        return z * tries * math.exp(log_phi + (tries - 1) * float(log_ndtr(z)))

    return float(quad(density, -8, 12)[0]) * math.sqrt(1 - CORRELATION)
