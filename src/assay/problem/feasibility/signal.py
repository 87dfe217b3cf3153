"""Whether the features of a pilot tell anything of its target."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assay.problem.feasibility.learners import Floats, Folds, Kernel, errors

PERMUTATIONS = 99

LEVEL = 0.05
"""A pilot shows a signal where its p value is at most this."""


def signal_p_value(
    of: Sequence[Kernel],
    y: Floats,
    *,
    groups: NDArray[np.intp] | None = None,
    folds: Folds | None = None,
    is_share: bool = False,
    random: np.random.Generator,
) -> float:
    """How often labels dealt out anew are predicted as well as the true ones.

    The best of all learners is taken for the true target and for each permutation alike, so the
    search costs nothing in honesty.

    Args:
        of: kernels between all rows.
        y: the target, shape `(row,)`.
        groups: number of the group of each row, 0 upwards; whole groups are then dealt out.
        folds: rows that are left out together; one row at a time where None.
        is_share: whether the target is 0 or 1.
        random: deals out the labels.

    Returns:
        `(1 + permutations that do as well) / 100`: under no signal at most .05 in one pilot of
        twenty. With groups of unequal size this holds nearly, not exactly.

    Source: Phipson & Smyth (2010), Permutation p-values should never be zero.
    """
    dealt = [y[_shuffled(len(y), groups, random)] for _ in range(PERMUTATIONS)]
    targets = np.stack([y, *dealt], axis=1)
    least = errors(of, targets, folds=folds, is_share=is_share).min(axis=(0, 1))
    # Ties, as a 0/1 target has them, count as doing as well.
    as_well = int((least[1:] <= least[0] * (1.0 + 1e-12)).sum())
    return (1 + as_well) / (1 + PERMUTATIONS)


def _shuffled(
    rows: int, groups: NDArray[np.intp] | None, random: np.random.Generator
) -> NDArray[np.intp]:
    """Whose label each row gets: any row's, or those of whole groups laid end to end.

    Rows of one group are alike, so that dealing out single rows would make any feature of a group
    look like a signal.
    """
    if groups is None:
        return random.permutation(rows)
    count = int(groups.max()) + 1
    place = np.argsort(groups, kind="stable")
    source = np.lexsort((random.random(rows), random.permutation(count)[groups]))
    out = np.empty(rows, dtype=np.intp)
    out[place] = source
    return out
