"""The best mix of two uses of effort, at every budget: a convolution that takes the maximum."""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from assay.portfolio.kinds import Floats, Whole

ROWS_AT_ONCE = 64  # keeps the sums of one block within the processor's cache
DENT = 1e-12  # relative; by as much may rounding bend a concave curve upwards
TIE = 1e-12  # relative; sums of the same values in another order differ by less


def best_mix(one: Floats, other: Floats) -> tuple[Floats, Whole]:
    """What the first 0, 1, 2, ... units are worth, each spent on the better of two uses.

    Args:
        one: value of its first 0, 1, 2, ... units; starts at 0, never falls.
        other: likewise, of the same length.

    Returns:
        The value at each budget, `max over j of one[b - j] + other[j]`, and the units `j` that the
        other use then takes: of equal mixes, the fewest.

    Source: Bellman & Karush (1961), On a new functional transform in analysis: the maximum
    transform; for concave values the best next unit is always right (Fox, 1966).
    """
    return _merged(one, other) if _concave(one) and _concave(other) else _searched(one, other)


def best_of_others(values: Sequence[Floats]) -> Floats:
    """For each use, what 0, 1, 2, ... units are worth if it gets none of them.

    Args:
        values: of each use, as for `best_mix`, all of one length.

    Returns:
        One row a use. A row and its use's own values hold the whole question of how much that use
        should get: whatever is learnt about it alone, nothing else needs to be searched anew.
    """
    none = np.zeros(values[0].size)
    before = list(accumulate(values[:-1], _best, initial=none))
    after = list(accumulate(values[:0:-1], _best, initial=none))[::-1]
    return np.stack([_best(one, other) for one, other in zip(before, after, strict=True)])


def _best(one: Floats, other: Floats) -> Floats:
    return best_mix(one, other)[0]


def _concave(values: Floats) -> bool:
    return bool((np.diff(values, 2) <= DENT * values[-1]).all())


def _merged(one: Floats, other: Floats) -> tuple[Floats, Whole]:
    """Units in order of what they add; those of `one` first where both add as much."""
    rises = np.concatenate([np.diff(one), np.diff(other)])
    # A dent left by rounding must not put a later unit of a use before an earlier one.
    size = one.size - 1
    keys = np.concatenate([_falling(rises[:size]), _falling(rises[size:])])
    order = np.argsort(-keys, kind="stable")[:size]
    value = np.concatenate([[0.0], np.cumsum(rises[order])])
    is_other = (order >= size) & (keys[order] > 0)
    return value, np.concatenate([[0], np.cumsum(is_other)])


def _falling(rises: Floats) -> Floats:
    return np.minimum.accumulate(rises) if rises.size else rises


def _searched(one: Floats, other: Floats) -> tuple[Floats, Whole]:
    size = one.size
    # before[b, j] is one[b - j]; budgets below 0 are worth minus infinity.
    padded = np.concatenate([np.full(size - 1, -np.inf), one])
    before = np.lib.stride_tricks.sliding_window_view(padded, size)[:, ::-1]
    value, units = np.empty(size), np.empty(size, np.int64)
    for start in range(0, size, ROWS_AT_ONCE):
        rows, reach = slice(start, start + ROWS_AT_ONCE), min(size, start + ROWS_AT_ONCE)
        total = before[rows, :reach] + other[:reach]
        value[rows] = total.max(axis=1)
        units[rows] = (total >= value[rows, None] * (1.0 - TIE)).argmax(axis=1)
    return value, units
