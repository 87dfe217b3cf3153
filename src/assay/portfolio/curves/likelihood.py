"""How probable an attempt's score is, given a curve it may fall short of.

An attempt at effort x scores y = f(x) - D + e: its project's curve, less a shortfall D that is at
times large (nine in ten times exponential with mean kappa, else with mean 5 kappa), plus the
noise e ~ Normal(0, se) of scoring. A failed attempt is just a large shortfall.
"""

import numpy as np

from assay.portfolio.curves.normal_tail import log_normal_cdf
from assay.portfolio.kinds import Floats

MIXTURE = ((0.9, 1.0), (0.1, 5.0))  # probability of a kind of shortfall, its mean in kappas


def log_density(shortfall: Floats, kappa: Floats, se: Floats) -> Floats:
    """Log density of scores that lie `shortfall` below the curve.

    Args:
        shortfall: curve less score, headroom; negative where the score lies above.
        kappa: typical shortfall, headroom, above 0; broadcasts.
        se: standard error of the score, headroom, above 0; broadcasts.

    Source: the exponentially modified normal, Grushka (1972).
    """
    kinds = [np.log(p / (k * kappa)) + _tilted(shortfall, k * kappa, se) for p, k in MIXTURE]
    return _log_add(*kinds)


def log_not_above(excess: Floats, kappa: Floats, se: Floats) -> Floats:
    """Log probability that an attempt scores no more than a bound `excess` below the curve.

    Args:
        excess: curve less bound, headroom; a bound above the curve is negative.
        kappa: typical shortfall, headroom, above 0; broadcasts.
        se: standard error that the score would have had, above 0; broadcasts.
    """
    # A sum of positive terms, where 1 - [...] would cancel for a bound far below the curve.
    kinds = [np.log(p) + _tilted(excess, k * kappa, se) for p, k in MIXTURE]
    return np.minimum(_log_add(log_normal_cdf(-excess / se), _log_add(*kinds)), 0.0)


def _tilted(r: Floats, mean: Floats, se: Floats) -> Floats:
    """l^2 se^2 / 2 - l r + log Phi((r - l se^2) / se), with l = 1 / mean."""
    scaled, apart = se / mean, r / se
    return scaled * (scaled / 2.0 - apart) + log_normal_cdf(apart - scaled)


def _log_add(one: Floats, other: Floats) -> Floats:
    """Log of exp(one) + exp(other), finite terms; NumPy's own is not vectorised, and slower."""
    apart = np.abs(one - other)
    return np.maximum(one, other) + np.log1p(np.exp(-apart))
