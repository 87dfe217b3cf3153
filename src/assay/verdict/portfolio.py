"""Which verdicts of a whole portfolio stand: the false discovery rate over projects.

Sources: Benjamini & Hochberg (1995), Controlling the False Discovery Rate, JRSS B 57(1);
Benjamini & Yekutieli (2001), The Control of the False Discovery Rate in Multiple Testing under
Dependency, Annals of Statistics 29(4).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.verdict.checks import checked_between, checked_probabilities

BoolArray = NDArray[np.bool_]
"""One yes or no for each project."""


def benjamini_hochberg(p_values: ArrayLike, q: float = 0.05) -> BoolArray:
    """Which projects are confirmed, at a false discovery rate of at most `q`.

    Args:
        p_values: one p-value for each project (see `project_p_value`); 1 where unopened.
        q: greatest expected share of false ones among the confirmed.

    Returns:
        True for each confirmed project, in the order given; exact for projects with sealed rows
        of their own.

    Raises:
        DataError: a p-value lies outside 0 to 1.
        ConfigError: `q` is not strictly between 0 and 1.

    Source: Benjamini & Hochberg (1995).
    """
    checked_between(q, "q", low=0.0, high=1.0)
    if np.size(p_values) == 0:
        return np.zeros(0, dtype=np.bool_)
    p = checked_probabilities(p_values)
    ranks = np.arange(1, p.size + 1)
    passing = np.flatnonzero(np.sort(p) <= q * ranks / p.size)
    # The last rank that passes confirms every smaller p, even one that missed its own bar.
    return p <= (q * (passing[-1] + 1) / p.size if passing.size else -1.0)


def benjamini_yekutieli(p_values: ArrayLike, q: float = 0.05) -> BoolArray:
    """Which projects are confirmed where some of them share sealed rows.

    Args:
        p_values: one p-value for each project; 1 where unopened.
        q: greatest expected share of false ones among the confirmed.

    Returns:
        True for each confirmed project; valid under any dependence between projects.

    Raises:
        DataError: a p-value lies outside 0 to 1.
        ConfigError: `q` is not strictly between 0 and 1.

    Source: Benjamini & Yekutieli (2001).
    """
    checked_between(q, "q", low=0.0, high=1.0)
    harmonic = float((1.0 / np.arange(1, max(np.size(p_values), 1) + 1)).sum())
    return benjamini_hochberg(p_values, q / harmonic)
