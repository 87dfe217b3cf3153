"""The STaR bet: an exact verdict for independent rows whose gains are bounded.

Each sealed row is bet on in turn, against the opposite of the claim. While the claim is false the
wealth is a nonnegative martingale that starts at 1, so it ever reaches `1 / level` with a chance
of at most `level` (Ville). The stake aims anew, row by row, at the wealth still missing.

Source: Voracek & Orabona (2025), STaR-Bets: Sequential Target-Recalculating Bets for Tighter
Confidence Intervals.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from assay.verdict.checks import FloatArray, checked_between, checked_bounds, checked_not_negative

LADDER_TOP = 0.05
"""Greatest level that `star_p_value` tries."""

LADDER_RUNGS = 24
"""Levels that `star_p_value` tries, each a quarter of the one before; the last is 7e-16."""

HALVINGS = 26
"""Bisections of `star_interval`: an end is found to 1.5e-8 of the range, always outwards."""


def floored_sd(sd0: float, *, lower: float, upper: float) -> float:
    """The guess of the gains' spread, but at least a hundredth of their range.

    A hundred open rows can have gains that are all zero; a guess of zero would stake everything.

    Args:
        sd0: standard deviation of the gains on open rows, 0 or more.
        lower: least possible gain.
        upper: greatest possible gain.

    Returns:
        The larger of `sd0` and `(upper - lower) / 100`.

    Raises:
        ConfigError: `sd0` is negative or not finite, or the bounds do not form a range.
    """
    checked_between(upper - lower, "upper - lower", low=0.0, high=math.inf)
    return max(checked_not_negative(sd0, "sd0"), (upper - lower) / 100)


def star_supports(
    gains: ArrayLike, *, delta: float, lower: float, level: float, sd0: float, c: float = 0.95
) -> bool:
    """Whether the sealed rows show that the mean gain exceeds `delta`.

    Args:
        gains: baseline loss minus model loss, in the row order that was fixed when the rows
            were sealed; another order is another bet.
        delta: the gain that must be exceeded, above `lower`.
        lower: least possible gain; exactness rests on it.
        level: greatest chance of a false yes, strictly between 0 and 1.
        sd0: standard deviation of the gains on open rows, above 0 (see `floored_sd`).
        c: greatest share of the wealth that one row may cost.

    Returns:
        True if "mean gain <= delta" is rejected at `level`, at any number of rows.

    Raises:
        DataError: a gain is missing or below `lower`.
        ConfigError: `delta`, `level`, `sd0` or `c` is out of range.

    Source: Voracek & Orabona (2025); the stake is capped at `c / (delta - lower)`.
    """
    checked = checked_bounds(gains, lower=lower)
    _check_bet(delta=delta, lower=lower, sd0=sd0, c=c)
    checked_between(level, "level", low=0.0, high=1.0)
    return _Bet(checked, delta, sd0).wins(level, c / (delta - lower))


def star_refutes(
    gains: ArrayLike, *, delta: float, upper: float, level: float, sd0: float, c: float = 0.95
) -> bool:
    """Whether the sealed rows show that the mean gain falls short of `delta`.

    Args:
        gains: baseline loss minus model loss, in the sealed row order.
        delta: the gain that must be missed, below `upper`.
        upper: greatest possible gain; exactness rests on it.
        level: greatest chance of a false yes, strictly between 0 and 1.
        sd0: standard deviation of the gains on open rows, above 0.
        c: greatest share of the wealth that one row may cost.

    Returns:
        True if "mean gain >= delta" is rejected at `level`.

    Raises:
        DataError: a gain is missing or above `upper`.
        ConfigError: `delta`, `level`, `sd0` or `c` is out of range.
    """
    checked = checked_bounds(gains, upper=upper)
    checked_between(delta, "delta", low=-math.inf, high=upper)
    return star_supports(-checked, delta=-delta, lower=-upper, level=level, sd0=sd0, c=c)


def star_p_value(gains: ArrayLike, *, delta: float, lower: float, sd0: float) -> float:
    """A p-value for "mean gain <= delta", valid at any number of rows.

    The bet is made at the levels `a_j = .05 * 4**(1 - j)`, counted from j = 1; the chance that
    any level up to `a_j` rejects falsely is at most their sum, which is 4/3 of `a_j`.

    Args:
        gains: baseline loss minus model loss, in the sealed row order.
        delta: the gain that must be exceeded.
        lower: least possible gain.
        sd0: standard deviation of the gains on open rows, above 0.

    Returns:
        4/3 of the least level that rejects, 1.0 if none does; never below 9e-16.

    Raises:
        DataError: a gain is missing or below `lower`.
        ConfigError: `delta` or `sd0` is out of range.
    """
    checked = checked_bounds(gains, lower=lower)
    _check_bet(delta=delta, lower=lower, sd0=sd0, c=0.95)
    bet = _Bet(checked, delta, sd0)
    levels = [LADDER_TOP * 4.0**-rung for rung in range(LADDER_RUNGS)]
    # All rungs are tried: a stake that aims lower can miss where one that aims higher hits.
    rejecting = [level for level in levels if bet.wins(level, 0.95 / (delta - lower))]
    return 4 / 3 * min(rejecting) if rejecting else 1.0


def star_interval(
    gains: ArrayLike, *, lower: float, upper: float, level: float, sd0: float
) -> tuple[float, float]:
    """An interval that holds the mean gain with a chance of at least `1 - level`.

    Each end spends half of `level`: `low` is the greatest gain that `star_supports` shows to be
    exceeded at `level / 2`, `high` mirrors it. For ends that agree with one-sided verdicts at
    level `a`, pass `2 * a`.

    Args:
        gains: baseline loss minus model loss, in the sealed row order.
        lower: least possible gain.
        upper: greatest possible gain.
        level: greatest chance that the interval misses the mean, strictly between 0 and 1.
        sd0: standard deviation of the gains on open rows, floored here at a hundredth of the range.

    Returns:
        `(low, high)` within `[lower, upper]`, each end rounded outwards.

    Raises:
        DataError: a gain is missing or out of bounds.
        ConfigError: `level`, `sd0` or the bounds are out of range.
    """
    checked = checked_bounds(gains, lower=lower, upper=upper)
    checked_between(level, "level", low=0.0, high=1.0)
    spread = floored_sd(sd0, lower=lower, upper=upper)
    low = _low_end(checked, lower=lower, upper=upper, level=level / 2, sd0=spread)
    high = -_low_end(-checked, lower=-upper, upper=-lower, level=level / 2, sd0=spread)
    return low, high


class _Bet:
    """The rows of one bet: the gains beyond `delta` and the stakes, as plain Python floats."""

    def __init__(self, gains: FloatArray, delta: float, sd0: float) -> None:
        beyond = gains - delta
        self.beyond: list[float] = beyond.tolist()
        self.stakes: list[float] = _stakes(beyond, sd0).tolist()

    def wins(self, level: float, most: float) -> bool:
        """Whether the wealth reaches `1 / level` if no stake exceeds `most`."""
        goal, wealth = math.log(1 / level), 0.0  # logarithms
        sqrt, log1p = math.sqrt, math.log1p
        for beyond, stake in zip(self.beyond, self.stakes, strict=True):
            staked = stake * sqrt(goal - wealth)
            wealth += log1p((staked if staked < most else most) * beyond)
            if wealth >= goal:
                return True
        return False


def _stakes(beyond: FloatArray, sd0: float) -> FloatArray:
    """Each row's stake for one unit of missing log wealth; it sees earlier rows only."""
    rows = beyond.size
    count = np.arange(1, rows + 1)
    deviations = (beyond - np.cumsum(beyond) / count) ** 2
    variance = np.cumsum(np.concatenate([[sd0**2], deviations[:-1]])) / count
    return np.sqrt(2.0 / ((rows - count + 1) * variance))


def _check_bet(*, delta: float, lower: float, sd0: float, c: float) -> None:
    checked_between(delta, "delta", low=lower, high=math.inf)
    checked_between(sd0, "sd0", low=0.0, high=math.inf)
    checked_between(c, "c", low=0.0, high=1.0)


def _low_end(gains: FloatArray, *, lower: float, upper: float, level: float, sd0: float) -> float:
    """The greatest `delta` shown to be exceeded, found by bisection from below."""
    # Bisection is exact, because whatever wins against `delta` wins against a smaller one too.
    # (1) Stakes do not depend on delta. At equal wealth the smaller delta never fares worse: a
    # gain counts for more, and the greatest loss of a capped stake is the share c for both.
    # (2) More wealth never ends in less: where the next wealth falls as wealth w rises, the row
    # wins u = sx / (1 + sx) > 2 (goal - w), hence log(1 + sx) > u > goal - w, and the bet is won.
    shown, open_end = lower, upper
    for _ in range(HALVINGS):
        middle = (shown + open_end) / 2
        if _Bet(gains, middle, sd0).wins(level, 0.95 / (middle - lower)):
            shown = middle
        else:
            open_end = middle
    return shown
