"""Split effort that need not come in whole units over very many projects with concave curves.

At the optimum all funded projects add equally much with their last bit of effort, the price, and no
other project would add more with its first: effort is poured in like water over a floor.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from assay.errors import PlanError
from assay.portfolio.kinds import Floats


class ConcaveCurves(Protocol):
    """Many curves of what effort is worth, whose slopes fall."""

    @property
    def size(self) -> int:
        """How many curves there are."""
        ...

    def spent_on(self, budget: float) -> tuple[Floats, float]:
        """The effort for each curve that spends the budget, and the logarithm of the price."""
        ...

    def log_slope(self, effort: Floats) -> Floats:
        """Logarithm of what a little more effort adds for each bit, minus infinity for nothing."""
        ...


@dataclass(frozen=True)
class Filling:
    """How effort is split, and how nearly that is optimal.

    Fields:
        effort: for each project.
        price: what a little more budget would add for each bit of it; 0 where no curve rises.
        residual: the largest relative difference between the slope of a funded curve and the price,
            or by which the slope of an unfunded one is above the price; 0 at an exact optimum.
    """

    effort: Floats
    price: float
    residual: float


def waterfill(curves: ConcaveCurves, budget: float) -> Filling:
    """Split a budget of effort over concave curves so that the summed value is greatest.

    Args:
        curves: `LogCurves` or `ShapedCurves`.
        budget: effort to split, not negative; any part of a unit.

    Returns:
        The best split. It spends the whole budget, unless no curve rises.

    Raises:
        PlanError: the budget is negative or not a finite number, or there is no curve.

    Source: Boyd & Vandenberghe (2004), Convex Optimization, example 5.2, for the conditions
        (Karush, Kuhn and Tucker) that `residual` measures.
    """
    if not 0 <= budget < np.inf:  # refuses nan too
        raise PlanError(
            f"waterfill: `budget` is {budget}, must be finite and not negative. "
            "State the effort that is to be split."
        )
    if curves.size == 0:
        raise PlanError("waterfill: found no curve, needs at least one. Add a project.")
    if budget == 0:
        effort = np.zeros(curves.size)
        return Filling(effort, float(np.exp(curves.log_slope(effort).max())), 0.0)
    effort, log_price = curves.spent_on(float(budget))
    if log_price == -np.inf:
        return Filling(effort, 0.0, 0.0)
    above = curves.log_slope(effort)
    above -= log_price
    off = np.where(effort > 0, np.abs(above), np.maximum(above, 0.0))
    return Filling(effort, float(np.exp(log_price)), float(np.expm1(off.max())))


def columns_of(**columns: object) -> dict[str, Floats]:
    """Columns of one length; a single number stands for a whole column.

    Raises:
        PlanError: lengths differ, or a column is no row of finite numbers.
    """
    arrays = {name: np.asarray(column, float) for name, column in columns.items()}
    sizes = {array.size for array in arrays.values() if array.ndim == 1}
    if len(sizes) > 1 or any(array.ndim > 1 for array in arrays.values()):
        shapes = ", ".join(f"`{name}` {array.shape}" for name, array in arrays.items())
        raise PlanError(
            f"waterfill: columns have shapes {shapes}, must be rows of one length. "
            "Give one number for each project."
        )
    size = sizes.pop() if sizes else 1
    for name, array in arrays.items():
        check_column(name, array, np.isfinite(array), "finite")
    return {name: np.broadcast_to(array, (size,)) for name, array in arrays.items()}


def check_column(name: str, column: Floats, holds: np.ndarray, accepted: str) -> None:
    """Refuse a column by its first entry that is out of range."""
    if not holds.all():
        at = int(np.flatnonzero(~np.atleast_1d(holds))[0])
        raise PlanError(
            f"waterfill: `{name}` of project {at} is {np.atleast_1d(column)[at]}, must be "
            f"{accepted}. Correct it, or leave the project out."
        )


def with_rest(effort: Floats, give: Floats, budget: float) -> Floats:
    """The effort after rounding has been made up for, where it changes the price least."""
    total = give.sum()
    if total > 0:
        effort = np.maximum(effort + give * ((budget - effort.sum()) / total), 0.0)
    return effort


@dataclass(frozen=True)
class LogCurves:
    """Projects that are worth `a * log(1 + b * effort)`.

    Fields:
        a: what effort adds each time 1 + b x grows e-fold, not negative; one row.
        b: inverse of the effort at which returns begin to fall, above 0; one row, or one number.
        spent: effort already spent, not negative; one row, or one number.

    Raises:
        PlanError: a number is out of range, or lengths differ.
    """

    a: Floats
    b: Floats
    spent: Floats | float = 0.0

    def __post_init__(self) -> None:
        for name, column in columns_of(a=self.a, b=self.b, spent=self.spent).items():
            object.__setattr__(self, name, column)
        check_column("a", self.a, self.a >= 0, "not negative")
        check_column("b", self.b, self.b > 0, "above 0")
        check_column("spent", np.asarray(self.spent), np.asarray(self.spent) >= 0, "not negative")

    @property
    def size(self) -> int:
        """How many curves there are."""
        return self.a.size

    def value(self, effort: Floats) -> float:
        """Summed worth of more effort for each project."""
        return float(self.a @ np.log1p(effort / self._floor()))

    def log_slope(self, effort: Floats) -> Floats:
        """Logarithm of the slope of each curve."""
        with np.errstate(divide="ignore"):
            return np.log(self.a / (self._floor() + effort))

    def spent_on(self, budget: float) -> tuple[Floats, float]:
        """The effort for each curve and the logarithm of the price, in closed form."""
        # The slope a / (floor + x) is the price 1/level where x = a * level - floor. The level at
        # which all curves spend the budget is not too low; whoever would then spend less than
        # nothing would do so at any lower one. So curves only ever drop out.
        floor = self._floor()
        a, low, level = self.a, floor, np.inf
        kept = a > 0
        if not kept.any():
            return np.zeros(self.size), -np.inf
        while np.isinf(level) or not kept.all():
            a, low = a[kept], low[kept]
            level = float((budget + low.sum()) / a.sum())
            kept = a * level > low
        effort = np.maximum(self.a * level - floor, 0.0)
        return with_rest(effort, np.where(effort > 0, self.a, 0.0), budget), -float(np.log(level))

    def _floor(self) -> Floats:
        return 1.0 / self.b + self.spent
