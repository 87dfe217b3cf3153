"""Nodes and weights of the rule of Gauss and Legendre, right to the last digit of float64.

NumPy's weights are off by 1e-13. Every tail that is a quadrature would carry that, and a second
derivative, in which nearly everything cancels, would be nothing else.
"""

from decimal import Decimal, localcontext
from functools import cache

import numpy as np
from jaxtyping import Float

_DIGITS = 40
_STEPS = 2  # each doubles the 15 digits that NumPy's nodes have


@cache
def gauss_legendre(
    count: int,
) -> tuple[Float[np.ndarray, " nodes"], Float[np.ndarray, " nodes"]]:
    """Compute the rule that integrates polynomials below degree 2 x `count` over [0, 1] exactly.

    Args:
        count: number of nodes.

    Returns:
        The nodes, rising, and their weights, which sum to 1; both read-only.

    Source: Golub & Welsch (1969), Calculation of Gauss quadrature rules, for the first nodes;
        Newton's steps and the weights in 40 digits.
    """
    starts, _ = np.polynomial.legendre.leggauss(count)
    with localcontext() as context:
        context.prec = _DIGITS
        rule = [_node(Decimal(float(start)), count) for start in starts]
    points, weights = (np.array([float(each) for each in row]) for row in zip(*rule, strict=True))
    points.flags.writeable = weights.flags.writeable = False
    return points, weights


def _node(at: Decimal, count: int) -> tuple[Decimal, Decimal]:
    """A root of Legendre's polynomial near `at`, and its weight, both moved to [0, 1]."""
    for _ in range(_STEPS):
        value, slope = _legendre(at, count)
        at -= value / slope
    slope = _legendre(at, count)[1]
    return (1 + at) / 2, 1 / ((1 - at * at) * slope * slope)


def _legendre(at: Decimal, count: int) -> tuple[Decimal, Decimal]:
    """Legendre's polynomial and its derivative, by Bonnet's recursion."""
    before, value = Decimal(1), at
    for k in range(2, count + 1):
        before, value = value, ((2 * k - 1) * at * value - (k - 1) * before) / k
    return value, count * (at * value - before) / (at * at - 1)
