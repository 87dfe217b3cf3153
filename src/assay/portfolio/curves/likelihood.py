"""How probable an attempt's score is, given a curve it may fall short of.

An attempt at effort x scores y = f(x) - D + e: its project's curve, less a shortfall D that is at
times large (nine in ten times exponential with mean kappa, else with mean 5 kappa), plus the
noise e ~ Normal(0, se) of scoring. A failed attempt is just a large shortfall.
"""

import numpy as np

from assay.portfolio.curves.normal_tail import log_normal_cdf
from assay.portfolio.kinds import Floats

MIXTURE = ((0.9, 1.0), (0.1, 5.0))  # probability of a kind of shortfall, its mean in kappas

_MOST_RISE = 5.0  # log of the usual kind over the large one, at most; where noise cuts off both


def log_density(shortfall: Floats, kappa: Floats, se: Floats) -> Floats:
    """Log density of scores that lie `shortfall` below the curve.

    Args:
        shortfall: curve less score, headroom; negative where the score lies above.
        kappa: typical shortfall, headroom, above 0; broadcasts.
        se: standard error of the score, headroom, above 0; broadcasts.

    Source: the exponentially modified normal, Grushka (1972).
    """
    usual, large = (np.log(p / (k * kappa)) for p, k in MIXTURE)
    return _of_kinds(shortfall, kappa, se, usual, large)


def log_peak(kappa: Floats, se: float) -> Floats:
    """What no log density of a score exceeds: neither noise nor shortfall is denser anywhere.

    Args:
        kappa: typical shortfall, headroom, above 0.
        se: standard error of the score, headroom, above 0.
    """
    densest = sum(p / k for p, k in MIXTURE) / kappa
    return np.log(np.minimum(densest, 1.0 / (np.sqrt(2.0 * np.pi) * se)))


def log_not_above(excess: Floats, kappa: Floats, se: Floats) -> Floats:
    """Log probability that an attempt scores no more than a bound `excess` below the curve.

    Args:
        excess: curve less bound, headroom; a bound above the curve is negative.
        kappa: typical shortfall, headroom, above 0; broadcasts.
        se: standard error that the score would have had, above 0; broadcasts.
    """
    # A sum of positive terms, where 1 - [...] would cancel for a bound far below the curve.
    usual, large = (np.log(p) for p, _ in MIXTURE)
    kinds = _of_kinds(excess, kappa, se, usual, large)
    return np.minimum(_log_add(log_normal_cdf(-excess / se), kinds), 0.0)


def _of_kinds(
    r: Floats, kappa: Floats, se: Floats, usual: Floats | float, large: Floats | float
) -> Floats:
    """Log of exp(usual + tilted) + exp(large + tilted), by the means of both kinds."""
    apart = r * (1.0 / se)
    found, rise = (
        _tilted(apart, se * (1.0 / (k * kappa)), offset)
        for (_, k), offset in zip(reversed(MIXTURE), (large, usual), strict=True)
    )
    rise -= found
    np.minimum(rise, _MOST_RISE, out=rise)  # rounding could exceed it, far from the curve
    np.exp(rise, out=rise)
    np.log1p(rise, out=rise)
    found += rise
    return found


def _tilted(apart: Floats, scaled: Floats, offset: Floats | float) -> Floats:
    """l^2 se^2 / 2 - l r + log Phi((r - l se^2) / se) + offset; scaled = l se, apart = r / se."""
    z = apart - scaled
    found = log_normal_cdf(z)
    z += 0.5 * scaled
    z *= scaled
    found -= z
    found += offset
    return found


def _log_add(one: Floats, other: Floats) -> Floats:
    """Log of exp(one) + exp(other), finite terms; NumPy's own is not vectorised, and slower."""
    apart = np.abs(one - other)
    return np.maximum(one, other) + np.log1p(np.exp(-apart))
