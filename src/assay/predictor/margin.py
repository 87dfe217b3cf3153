"""Natural and cyclic cubic splines of one column, turned so that their penalty is diagonal.

A spline is told by its values at the knots; between them SciPy's `CubicSpline` runs. The integral
of the squared second derivative is a quadratic form S in these values. In the basis that
diagonalises S against the columns' own scatter, each column has its own weight: the straight line
has none, the columns that wiggle more have more.

Source: Demmler & Reinsch (1975), Oscillation matrices with spline smoothing; Wood (2017),
    Generalized Additive Models, 2nd ed., sections 5.3 (cubic splines) and 5.4 (this basis).
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline
from scipy.linalg import eigh

ENOUGH_VALUES = 4096
_RIDGE = 1e-6  # keeps a basis function whole that lies in a gap of the data


@dataclass(frozen=True)
class Margin:
    """The columns of one spline.

    Fields:
        knots: places between which cubics run; the last one of a cyclic spline is the first again.
        values: of each column at each knot, (knots, columns).
        weights: of each column in the penalty; 0 for a straight line, else 1 and more.
        is_cyclic: whether the ends meet.
    """

    knots: Float[np.ndarray, " knots"]
    values: Float[np.ndarray, "knots columns"]
    weights: Float[np.ndarray, " columns"]
    is_cyclic: bool

    def columns(self, x: Float[np.ndarray, " rows"]) -> Float[np.ndarray, "rows columns"]:
        """Columns at any values; beyond the knots straight on, or round again if cyclic."""
        return _evaluate(self.knots, self.values, x, self.is_cyclic)


def natural_margin(x: Float[np.ndarray, " rows"], count: int) -> Margin:
    """A spline that runs straight on beyond the data.

    Args:
        x: values of the fitting rows, at least `count` of them different.
        count: of knots, which stand at quantiles of the different values.

    Returns:
        `count - 1` columns with mean 0 on the fitting rows: the straight line with sd 1 first.
    """
    knots = np.quantile(np.unique(x), np.linspace(0, 1, count))
    line = (knots - x.mean()) / x.std()
    wiggles, weights = _diagonal_basis(knots, x, is_cyclic=False)
    values = np.column_stack([line, wiggles])
    return _centred(Margin(knots, values, np.concatenate([[0.0], weights]), False), x)


def cyclic_margin(x: Float[np.ndarray, " rows"], count: int, period: float) -> Margin:
    """A spline whose ends meet.

    Args:
        x: values of the fitting rows.
        count: of different knots, evenly spaced over one period from the least value.
        period: after which the curve repeats itself.

    Returns:
        `count - 1` columns with mean 0 on the fitting rows.
    """
    knots = x.min() + period * np.linspace(0, 1, count + 1)
    wiggles, weights = _diagonal_basis(knots, x, is_cyclic=True)
    return _centred(Margin(knots, wiggles, weights, True), x)


def _centred(margin: Margin, x: np.ndarray) -> Margin:
    """Mean 0 on the fitting rows, by moving the values at the knots: splines keep constants."""
    mean = margin.columns(x).mean(axis=0)
    return Margin(margin.knots, margin.values - mean, margin.weights, margin.is_cyclic)


def _diagonal_basis(
    knots: np.ndarray, x: np.ndarray, *, is_cyclic: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Values at the knots of the wiggly columns, and their weights, the smallest being 1."""
    cardinal = np.eye(len(knots) - is_cyclic)
    if is_cyclic:
        cardinal = np.vstack([cardinal, cardinal[:1]])
    span = knots[-1] - knots[0]
    unit = (knots - knots[0]) / span
    some = np.sort(x)[:: max(1, len(x) // ENOUGH_VALUES)]
    seen = _evaluate(unit, cardinal, (some - knots[0]) / span, is_cyclic)
    even = _evaluate(unit, cardinal, np.linspace(0, 1, 4 * len(knots)), is_cyclic)
    gram = seen.T @ seen / len(seen) + _RIDGE * even.T @ even / len(even)
    size, turned = eigh(_roughness(unit, cardinal, is_cyclic), gram)
    straight = 1 if is_cyclic else 2  # a constant, and a line where the ends are free
    return cardinal @ turned[:, straight:], size[straight:] / size[straight]


def _roughness(knots: np.ndarray, cardinal: np.ndarray, is_cyclic: bool) -> np.ndarray:
    """Integral of products of second derivatives, which are straight between knots."""
    bend = _spline(knots, cardinal, is_cyclic)(knots, 2)
    step = np.diff(knots)[:, None]
    left, right = bend[:-1], bend[1:]
    crossed = left.T @ (step * right)
    whole = left.T @ (step * left) + right.T @ (step * right)
    return (2 * whole + crossed + crossed.T) / 6


def _evaluate(knots: np.ndarray, values: np.ndarray, x: np.ndarray, is_cyclic: bool) -> np.ndarray:
    curve = _spline(knots, values, is_cyclic)
    low, high = knots[0], knots[-1]
    if is_cyclic:
        return np.asarray(curve(low + np.mod(x - low, high - low)))
    inside = np.clip(x, low, high)
    return np.asarray(curve(inside) + (x - inside)[:, None] * curve(inside, 1))


def _spline(knots: np.ndarray, values: np.ndarray, is_cyclic: bool) -> CubicSpline:
    # SciPy types the boundary condition as a fixed list of words.
    return CubicSpline(knots, values, bc_type=cast("str", "periodic" if is_cyclic else "natural"))
