"""The shapes that a history is weighed on: a grid over time scales and exponents.

The shapes and the laws of their exponents are those of a project's curve. The time scale is any:
its logarithm is spread evenly from well below the first effort seen to well above the last one.
"""

from dataclasses import dataclass

import numpy as np

from assay.portfolio.curves.prior import BOUNDED_Q, LOG_Q_POWER, POWER, Q_LEAST, Q_MOST
from assay.portfolio.curves.shape import SHAPES
from assay.portfolio.kinds import Floats, Whole

SCALES = 24
EXPONENTS = 6
BELOW, ABOVE = 0.1, 30.0  # how far time scales reach below the first and above the last effort


@dataclass(frozen=True, eq=False)
class Shapes:
    """Many shapes at once, each from 0 at no effort upwards.

    Fields:
        family: index into `SHAPES`.
        tau: time scale, in the unit of effort.
        q: exponent; 1 where the family has none.
        log_share: logarithm of the prior probability; the shares sum to 1.
    """

    family: Whole
    tau: Floats
    q: Floats
    log_share: Floats

    def height(self, x: Floats) -> Floats:
        """Height at the efforts `x`: one row a shape."""
        rows = np.empty((self.family.size, x.size))
        for index, shape in enumerate(SHAPES.values()):
            of = self.family == index
            rows[of] = shape(x, self.tau[of, None], self.q[of, None])
        return rows

    def take(self, at: np.ndarray) -> "Shapes":
        """The shapes chosen by indices or by a mask."""
        return Shapes(self.family[at], self.tau[at], self.q[at], self.log_share[at])


def shapes_between(first: float, last: float) -> Shapes:
    """The grid of shapes for efforts from `first` to `last`, both above 0."""
    tau = np.geomspace(BELOW * first, ABOVE * last, SCALES)
    parts = [_of_family(index, tau) for index in range(len(SHAPES))]
    return Shapes(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _of_family(index: int, tau: Floats) -> tuple[Whole, Floats, Floats, Floats]:
    q = _exponents(index)
    tau, q = (column.ravel() for column in np.meshgrid(tau, q))
    share = -np.log(len(SHAPES) * tau.size)
    return np.full(tau.size, index), tau, q, np.full(tau.size, share)


def _exponents(index: int) -> Floats:
    """Exponents that are equally probable."""
    middle = (np.arange(EXPONENTS) + 0.5) / EXPONENTS
    if index == POWER:
        return np.exp(LOG_Q_POWER[0] + LOG_Q_POWER[1] * _normal_quantile(middle))
    if index in BOUNDED_Q:
        return Q_LEAST + (Q_MOST - Q_LEAST) * middle
    return np.ones(1)


def _normal_quantile(p: Floats) -> Floats:
    from scipy.special import ndtri

    return ndtri(p)
