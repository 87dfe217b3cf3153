"""A history of scores against effort, checked and turned so that more is better."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from assay.errors import DataError
from assay.portfolio.kinds import Floats

Direction = Literal["max", "min"]

ROUNDING = 1e-3  # of the spread: a printed score is exact to no more than about this
EXACT = 2e-3  # of the unit: how exactly a best score so far is known
STILL = 0.1  # of its level: the scale of a history that never moved
FINEST = 1e-3  # of the last effort: no effort below this share is told apart on a log scale
ALIKE = 1e-9  # of the last effort: closer ones are one effort
MOST_ROWS = 300
LEAST, LARGEST = 1e-50, 1e50  # their fourth powers are still numbers


@dataclass(frozen=True, eq=False)
class Past:
    """What was seen, in order of effort. Scores are turned so that more is better.

    Fields:
        effort: of each score, not falling.
        score: turned scores.
        noise: standard deviation of each score, up to a factor that is learnt.
        ceiling: turned score that nothing exceeds; infinite where unknown.
        unit: headroom above the start, or the spread where no ceiling is known; scales the prior.
        sign: 1 where more was better all along, else -1.
        has_se: whether standard errors were given.
        is_best: whether the best score so far is foretold, and `score` holds it.
        reach: headroom between baseline and ceiling where both are known.
    """

    effort: Floats
    score: Floats
    noise: Floats
    ceiling: float
    unit: float
    sign: float
    has_se: bool
    is_best: bool
    reach: float | None

    @property
    def finest(self) -> float:
        """Effort below which a log scale is nearly straight."""
        return max(float(self.effort[self.effort > 0.0][0]), FINEST * float(self.effort[-1]))

    def log_effort(self, x: Floats) -> Floats:
        """Efforts on a scale that is logarithmic from `finest` on, 0 at the last one seen."""
        return np.log((x + self.finest) / (self.effort[-1] + self.finest))


def past_of(
    effort: ArrayLike,
    score: ArrayLike,
    *,
    se: ArrayLike | None,
    direction: Direction | None,
    ceiling: float | None,
    baseline: float | None,
    best: bool,
) -> Past:
    """Check a history and turn it.

    Args:
        effort: not negative, in any unit, not falling; may repeat.
        score: one for each effort.
        se: standard errors of the scores: one above 0 for all, or a column with one for each, in
            which 0 says that a score is exact to rounding.
        direction: "max" where more is better, "min" where less is; the side of the ceiling tells
            where it is left out.
        ceiling: the best value that a score can have.
        baseline: score at no effort, taken as exact.
        best: whether the best score so far is to be foretold.

    Raises:
        DataError: anything above does not hold, with the row.
    """
    x, y = _column("effort", effort), _column("score", score)
    errors = None if se is None else _errors(se, x, y)
    _check(x, y, direction)
    ceiling, baseline = _limit("ceiling", ceiling), _limit("baseline", baseline)
    if direction is None:
        direction = "max" if ceiling is None or y.mean() <= ceiling else "min"
    sign = 1.0 if direction == "max" else -1.0
    _check_limits(y, sign, ceiling, baseline)
    top = math.inf if ceiling is None else sign * ceiling
    turned, start = sign * y, None if baseline is None else sign * baseline
    if best:
        x, turned = _best_so_far(x, turned, start)
        errors = None
    elif x.size > MOST_ROWS:
        x, turned, errors = _pooled(x, turned, errors)
    unit = _unit(turned, errors, top, start)
    noise = _noise(turned, errors, unit, best)
    if start is not None and not best:
        x, turned = np.append(0.0, x), np.append(start, turned)
        noise = np.append(ROUNDING * unit, noise)
    reach = None if start is None or math.isinf(top) else top - start
    return Past(x, turned, noise, top, unit, sign, errors is not None, best, reach)


def _column(name: str, values: ArrayLike) -> Floats:
    try:
        column = np.asarray(values, float)
    except (TypeError, ValueError):
        found, advice = f"`{name}` holds {values!r:.60}", "Leave out or fill what is none"
        raise _refusal(found, "one number a row", advice) from None
    if column.ndim != 1:
        found = f"`{name}` has shape {column.shape}"
        raise _refusal(found, "one number a row", "Pass a list or a column")
    wrong = np.flatnonzero(~(np.abs(column) < LARGEST))
    if wrong.size:
        found = f"`{name}` in row {wrong[0]} is {column[wrong[0]]}"
        raise _refusal(found, "a finite number in each row", "Drop rows without one")
    return np.where(np.abs(column) < LEAST, 0.0, column)


def _errors(se: ArrayLike, x: Floats, y: Floats) -> Floats:
    given = _column("se", np.full(y.size, se) if np.ndim(se) == 0 else se)
    if given.size != y.size:
        found = f"{given.size} standard errors for {y.size} scores"
        raise _refusal(found, "one for each, or one for all", "Pass columns of one table")
    wrong = np.flatnonzero((given < 0.0) | ((given == 0.0) & (np.ndim(se) == 0)))
    if wrong.size:
        raise _refusal(
            f"`se` in row {wrong[0]} is {given[wrong[0]]:g}",
            "above 0 (in a column, 0 says that a score is exact to rounding)",
            "Leave `se` out where it is unknown: it is then learnt",
        )
    return given


def _limit(name: str, value: float | None) -> float | None:
    if value is None:
        return None
    try:
        limit = float(value)
    except (TypeError, ValueError):
        limit = math.nan
    if not math.isfinite(limit):
        advice = f"Leave out `{name}` where it is unknown"
        raise _refusal(f"`{name}` is {value!r:.60}", "a finite number", advice)
    return limit


def _check(x: Floats, y: Floats, direction: str | None) -> None:
    if direction not in (None, "max", "min"):
        advice = 'Write "min" for an error or a loss'
        raise _refusal(f"`direction` is {direction!r}", '"max" or "min"', advice)
    if x.size != y.size:
        found = f"{x.size} efforts and {y.size} scores"
        raise _refusal(found, "one score for each effort", "Pass columns of one table")
    if (x < 0.0).any():
        at = np.flatnonzero(x < 0.0)[0]
        advice = "Count effort from the start of the history"
        raise _refusal(f"`effort` in row {at} is {x[at]:g}", "not negative", advice)
    falling = np.flatnonzero(np.diff(x) < 0.0)
    if falling.size:
        at = falling[0] + 1
        found = f"`effort` in row {at} is {x[at]:g}, after {x[at - 1]:g}"
        raise _refusal(found, "in rising order; repeats are fine", "Sort the rows by effort")
    if x.size < 2 or x[-1] - x[0] <= ALIKE * x[-1]:
        efforts = np.unique(x).size
        found = f"{x.size} scores at {efforts} different efforts"
        raise _refusal(found, "2 different efforts at least", "Wait for more scores")


def _check_limits(y: Floats, sign: float, ceiling: float | None, baseline: float | None) -> None:
    if ceiling is None:
        return
    beyond = np.flatnonzero(sign * y > sign * ceiling)
    if beyond.size:
        side = "below" if sign > 0 else "above"
        raise _refusal(
            f"`score` in row {beyond[0]} is {y[beyond[0]]:g}, `ceiling` is {ceiling}",
            f"not {side} any score",
            'Correct it, or the direction ("min" where less is better)',
        )
    if baseline is not None and sign * baseline >= sign * ceiling:
        found = f"`baseline` is {baseline}, `ceiling` is {ceiling}"
        raise _refusal(found, "a baseline worse than the ceiling", "Correct one of them")


def _best_so_far(x: Floats, y: Floats, start: float | None) -> tuple[Floats, Floats]:
    """The best score so far, once for each effort."""
    if start is not None:
        x, y = np.append(0.0, x), np.append(start, y)
    last = np.append(np.diff(x) > 0.0, True)
    x, y = x[last], np.maximum.accumulate(y)[last]
    kept = np.unique(np.linspace(0, x.size - 1, min(x.size, MOST_ROWS)).round().astype(int))
    return x[kept], y[kept]


def _pooled(x: Floats, y: Floats, se: Floats | None) -> tuple[Floats, Floats, Floats | None]:
    """Neighbouring rows by their means, where there are too many for one matrix."""
    start = np.unique(np.linspace(0, x.size, MOST_ROWS + 1).astype(int))[:-1]
    count = np.diff(np.append(start, x.size))
    x, y = (np.add.reduceat(column, start) / count for column in (x, y))
    return x, y, None if se is None else np.sqrt(np.add.reduceat(se**2, start)) / count


def _unit(y: Floats, se: Floats | None, top: float, start: float | None) -> float:
    spread = float(np.ptp(y))
    foot = float(y[0]) if start is None else min(start, float(y[0]))
    head = spread if math.isinf(top) else max(top - foot, spread)
    still = 0.0 if se is None else float(se.max())
    return max(head or still or STILL * float(np.abs(y).max()) or STILL, LEAST)


def _noise(y: Floats, se: Floats | None, unit: float, best: bool) -> Floats:
    if best:
        return np.full(y.size, EXACT * unit)
    spread = max(float(np.ptp(y)), ROUNDING * unit)
    return np.full(y.size, spread) if se is None else np.hypot(se, ROUNDING * spread)


def _refusal(found: str, accepted: str, advice: str) -> DataError:
    return DataError(f"curve of a history: {found}, must be {accepted}. {advice}.")
