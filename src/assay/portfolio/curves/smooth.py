"""The height of a curve at very many efforts, and its worth, from those at few.

Seen against the logarithm of effort, the mean of many curves is so smooth that a few dozen
Chebyshev nodes fix it to rounding. A thousand units of a budget then cost no more than those. The
worth of a height may bend and step. Between two efforts that are near each other few curves pass
such a turn, though: those are computed at every effort, and all others are smooth there.

Source: Trefethen (2013), Approximation Theory and Approximation Practice, theorem 8.2.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.polynomial.chebyshev import chebval, chebvander

from assay.portfolio.curves.prior import Atoms
from assay.portfolio.kinds import Floats

ACCURATE_TO = 1e-10  # headroom; what the theorem promises, a thousand times what is seen
STRIP = np.pi / 2  # imaginary part of log effort within which all shapes are analytic, below 2
CHUNK = 64  # efforts at a time, so that 20,000 atoms stay within the processor's cache
ROUNDING = 1e-12  # relative
NEAR = 1.5  # factor between efforts within which few curves pass a turn; it costs least


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


def mean_worth(
    atoms: Atoms, weights: Floats, worth: Callable[[Floats], Floats], days: Floats
) -> Floats:
    """Expected worth of the atoms' heights at each of the efforts `days`, one axis."""
    parts = [
        weights @ worth(atoms.headroom(days[at : at + CHUNK])) for at in range(0, days.size, CHUNK)
    ]
    return np.concatenate(parts or [days])


def worth_at_all(
    atoms: Atoms,
    weights: Floats,
    worth: Callable[[Floats], Floats],
    turns: Sequence[float] | None,
    days: Floats,
) -> Floats:
    """As `mean_worth`, in less time where efforts are many.

    Args:
        atoms: possible curves.
        weights: probability of each.
        worth: of heights; never falls, and is analytic between its turns.
        turns: all heights above 0 at which it bends or steps; `None` where they are not known.
        days: efforts in person-days, not negative, one axis.
    """
    if turns is None:
        return mean_worth(atoms, weights, worth, days)
    found = np.full(days.size, float(worth(np.zeros(1))[0]) * weights.sum())  # at no effort
    risen = np.flatnonzero(days > 0.0)
    if not risen.size:
        return found
    cells = np.zeros(risen.size)
    if turns:
        cells = np.floor(np.log(days[risen] / days[risen].min()) / np.log(NEAR))
    for cell in np.unique(cells):
        at = risen[cells == cell]
        found[at] = _in_cell(atoms, weights, worth, turns, days[at])
    return found


def _in_cell(
    atoms: Atoms,
    weights: Floats,
    worth: Callable[[Floats], Floats],
    turns: Sequence[float],
    days: Floats,
) -> Floats:
    """As `mean_worth`, for efforts near each other and above 0."""
    if days.size <= 2 or not turns:
        return at_all(lambda x: mean_worth(atoms, weights, worth, x), days)
    low, high = atoms.headroom(np.array([days.min(), days.max()])).T
    least, most = worth(low), worth(high)
    # A rounding wider, since whoever states a turn may have divided by a scale.
    passes = np.any(
        [(low < turn * (1 + ROUNDING)) & (turn * (1 - ROUNDING) <= high) for turn in turns], axis=0
    )
    is_level = least == most  # it never falls
    found = np.full(days.size, weights[is_level] @ least[is_level])
    passes, smooth = passes & ~is_level, ~passes & ~is_level
    found += mean_worth(atoms.take(passes), weights[passes], worth, days)
    part, share = atoms.take(smooth), weights[smooth]
    return found + at_all(lambda x: mean_worth(part, share, worth, x), days)
