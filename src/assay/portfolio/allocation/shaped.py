"""Very many projects, each with one of the six shapes of an effort-accuracy curve."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assay.errors import PlanError, nearest
from assay.portfolio.allocation.marginal import MARGINALS, Marginal
from assay.portfolio.allocation.waterfill import check_column, columns_of, with_rest
from assay.portfolio.curves.shape import LONG_RUN, SHAPES
from assay.portfolio.kinds import Floats, Whole

CLOSE = 1e-13  # relative to the budget
STEPS = 200  # bisection alone takes some 60 from any sensible start
SAMPLE = 2048  # curves from which the price is first guessed
NONE = 1e-300  # in units of tau; some curves are infinitely steep at no effort at all


@dataclass(frozen=True)
class ShapedCurves:
    """Projects that are worth `height * h(effort; tau, q)`, with `h` one of the six shapes.

    Fields:
        shape: a name of `assay.portfolio.SHAPES` for each project, or one for all.
        height: value of the curve's height 1, not negative; one row, or one number.
        tau: time scale of the shape, above 0.
        q: exponent of the shape, above 0; at most 1 for "hill" and "janoschek", which are S-shaped
            above that. Shapes without an exponent ignore it.
        spent: effort already spent, not negative.

    Raises:
        PlanError: a shape is unknown, a number is out of range, or lengths differ.
    """

    shape: str | Sequence[str] | NDArray[np.str_]
    height: Floats | float
    tau: Floats | float
    q: Floats | float = 1.0
    spent: Floats | float = 0.0
    groups: "tuple[_Group, ...]" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        shape = np.asarray(self.shape)
        numbers = columns_of(
            height=self.height,
            tau=self.tau,
            q=self.q,
            spent=self.spent,
            shape=np.zeros(shape.shape),
        )
        size = numbers.pop("shape").size
        for name, column in numbers.items():
            object.__setattr__(self, name, column)
        object.__setattr__(self, "shape", np.broadcast_to(shape, (size,)))
        height, tau, q, spent = numbers.values()
        check_column("height", height, height >= 0, "not negative")
        check_column("tau", tau, tau > 0, "above 0")
        check_column("q", q, q > 0, "above 0")
        check_column("spent", spent, spent >= 0, "not negative")
        object.__setattr__(self, "groups", self._grouped(shape, size, numbers))

    @property
    def size(self) -> int:
        """How many curves there are."""
        return np.size(self.height)

    def value(self, effort: Floats) -> float:
        """Summed worth of more effort for each project."""
        return sum(group.value(effort[group.at]) for group in self.groups)

    def log_slope(self, effort: Floats) -> Floats:
        """Logarithm of the slope of each curve."""
        slopes = np.empty(self.size)
        for group in self.groups:
            slopes[group.at] = group.log_slope(effort[group.at])
        return slopes

    def spent_on(self, budget: float) -> tuple[Floats, float]:
        """The effort for each curve, and the logarithm of the price at which they spend it all."""
        groups = tuple(group for each in self.groups if (group := each.rising()).at.size)
        effort, give = np.zeros(self.size), np.zeros(self.size)
        if not groups:
            return effort, -np.inf
        log_price = _solve(groups, budget, _guess(groups, budget))
        for group in groups:
            effort[group.at], give[group.at] = group.demand(log_price)
        return with_rest(effort, give, budget), log_price

    @staticmethod
    def _grouped(
        shape: NDArray[np.str_], size: int, numbers: dict[str, Floats]
    ) -> "tuple[_Group, ...]":
        found = {name: np.flatnonzero(np.broadcast_to(shape == name, size)) for name in MARGINALS}
        if sum(at.size for at in found.values()) < size:
            known = np.isin(np.broadcast_to(shape, size), list(MARGINALS))
            at = int(np.flatnonzero(~known)[0])
            name = str(np.broadcast_to(shape, size)[at])
            raise PlanError(
                f"waterfill: the shape of project {at} is {name!r}, which is unknown. "
                + nearest(name, MARGINALS)
            )
        for name in ("hill", "janoschek"):
            q = numbers["q"][found[name]]
            if (q > 1).any():
                at = int(found[name][q > 1][0])
                raise PlanError(
                    f"waterfill: `q` of project {at} is {numbers['q'][at]}, must be at most 1: "
                    f"above, {name} is S-shaped. Split whole units with `allocate` instead."
                )
        return tuple(
            _Group(name, at, *(numbers[column][at] for column in ("height", "tau", "q", "spent")))
            for name, at in found.items()
            if at.size
        )


@dataclass(frozen=True)
class _Group:
    """The projects of one shape: which they are, and their numbers."""

    shape: str
    at: Whole
    height: Floats
    tau: Floats
    q: Floats
    spent: Floats
    steepness: Floats = field(init=False)  # logarithm of height / tau
    at_first: Floats = field(init=False)  # logarithm of the slope where nothing more is spent

    def __post_init__(self) -> None:
        with np.errstate(divide="ignore"):
            steepness = np.log(self.height / self.tau)
        if self.shape == "log":
            steepness -= np.log(np.log1p(LONG_RUN / self.tau))
        object.__setattr__(self, "steepness", steepness)
        object.__setattr__(self, "at_first", self.log_slope(np.zeros(self.at.size)))

    @property
    def marginal(self) -> Marginal:
        return MARGINALS[self.shape]

    def rising(self) -> "_Group":
        """Those that effort adds anything to."""
        return self if (self.height > 0).all() else self.take(self.height > 0)

    def take(self, kept: "NDArray[np.bool_] | slice") -> "_Group":
        numbers = (self.height, self.tau, self.q, self.spent)
        return _Group(self.shape, self.at[kept], *(column[kept] for column in numbers))

    def value(self, effort: Floats) -> float:
        rise = SHAPES[self.shape]
        gained = rise(self.spent + effort, self.tau, self.q) - rise(self.spent, self.tau, self.q)
        return float(self.height @ gained)

    def log_slope(self, effort: Floats) -> Floats:
        z = np.maximum((self.spent + effort) / self.tau, NONE)
        return self.steepness + self.marginal.log_slope(z, self.q)

    def demand(self, log_price: float) -> tuple[Floats, Floats]:
        """Effort at a price, and by how much it grows when the logarithm of the price falls."""
        effort, growth = np.zeros(self.at.size), np.zeros(self.at.size)
        funded = np.flatnonzero(self.at_first > log_price)
        tau, q = self.tau[funded], self.q[funded]
        z = np.maximum(self.marginal.at(log_price - self.steepness[funded], q), NONE)
        effort[funded] = np.maximum(tau * z - self.spent[funded], 0.0)
        growth[funded] = tau / self.marginal.fall(z, q)
        return effort, growth


def _guess(groups: Sequence[_Group], budget: float) -> float:
    """The price for a sample of the projects with its share of the budget."""
    size = sum(group.at.size for group in groups)
    step = max(1, size // SAMPLE)
    sample = [group.take(slice(None, None, step)) for group in groups]
    share = sum(group.at.size for group in sample) / size
    slopes = [group.log_slope(np.full(group.at.size, budget / size)) for group in sample]
    return _solve(sample, budget * share, float(np.median(np.concatenate(slopes))))


def _solve(groups: Sequence[_Group], budget: float, start: float) -> float:
    """The logarithm of the price at which the groups spend the budget: Newton's method, guarded."""
    low, high, now, stride = -np.inf, np.inf, start, 1.0
    for _ in range(STEPS):
        parts = [group.demand(now) for group in groups]
        total = float(sum(effort.sum() for effort, _ in parts))
        growth = float(sum(each.sum() for _, each in parts))
        if abs(total - budget) <= CLOSE * budget:
            break
        low, high = (now, high) if total > budget else (low, now)
        # In logarithms of both, where demand is nearest to a straight line.
        step = np.log(total / budget) * total / growth if total > 0 and growth > 0 else np.nan
        then = now + step
        if not low < then < high:
            if np.isinf(low) or np.isinf(high):
                then, stride = now + (stride if total > budget else -stride), 2.0 * stride
            else:
                then = (low + high) / 2.0
        if then in (now, low, high):
            break
        now = then
    return now
