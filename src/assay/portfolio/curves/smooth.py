"""The height of a curve at very many efforts, from its height at few.

Seen against the logarithm of effort, the mean of many curves is so smooth that a few dozen
Chebyshev nodes fix it to rounding. A thousand units of a budget then cost no more than those.

Source: Trefethen (2013), Approximation Theory and Approximation Practice, theorem 8.2.
"""

from collections.abc import Callable

import numpy as np
from numpy.polynomial.chebyshev import chebval, chebvander

from assay.portfolio.kinds import Floats

ACCURATE_TO = 1e-10  # headroom; what the theorem promises, a thousand times what is seen
STRIP = np.pi / 2  # imaginary part of log effort within which all shapes are analytic, below 2


def nodes_needed(lowest: float, highest: float) -> int:
    """How many nodes hold the error of a mean of curves below `ACCURATE_TO`.

    Args:
        lowest: least effort that is asked for, above 0.
        highest: most effort that is asked for, above `lowest`.
    """
    narrow = STRIP / (0.5 * np.log(highest / lowest))
    rate = np.log(narrow + np.hypot(1.0, narrow))
    return int(np.ceil(np.log(8.0 / (np.expm1(rate) * ACCURATE_TO)) / rate))


def at_all(height: Callable[[Floats], Floats], x: Floats) -> Floats:
    """The heights at the efforts `x`, right to `ACCURATE_TO`; exactly `height(x)` where `x` is few.

    Args:
        height: a mean of atoms' curves, as a function of efforts.
        x: efforts, not negative, one axis.
    """
    risen = x > 0.0
    if np.count_nonzero(risen) < 2 or x.max() == (lowest := x[risen].min()):
        return height(x)
    count = nodes_needed(lowest, x.max())
    if 2 * count > x.size:
        return height(x)
    ends = np.log([lowest, x.max()])
    middle, half = float(ends.mean()), 0.5 * float(np.ptp(ends))
    nodes = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    weights = height(np.exp(middle + half * nodes)) @ chebvander(nodes, count - 1) * 2.0 / count
    weights[0] *= 0.5
    found = np.zeros(x.size)  # no effort, no height
    found[risen] = chebval((np.log(x[risen]) - middle) / half, weights)
    return found
