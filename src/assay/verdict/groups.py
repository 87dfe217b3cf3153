"""The verdict for grouped rows: Student's t on group sums, gated at forty groups.

Rows of one group (a patient, a shop, an outbreak) rise and fall together, so the groups are
counted, not the rows. The test is asymptotic in the number of groups.

Source: Liang & Zeger (1986), Longitudinal Data Analysis Using Generalized Linear Models,
Biometrika 73(1); `G - 1` degrees of freedom.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from assay.verdict.checks import checked_between, checked_labels, checked_values

LEAST_GROUPS = 40
"""Fewest groups that pass the gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupResult:
    """What the cluster-robust t test saw.

    Fields:
        mean: mean gain over rows.
        se: cluster-robust standard error of the mean; `inf` for a single group.
        dof: degrees of freedom, one less than the groups.
        n: rows.
        groups: groups.
        p_support: p-value for "mean gain <= delta"; 1.0 where the gate failed.
        p_refute: p-value for "mean gain >= delta"; 1.0 where the gate failed.
        passed_gate: whether there were at least 40 groups and their sums vary.
    """

    mean: float
    se: float
    dof: int
    n: int
    groups: int
    p_support: float
    p_refute: float
    passed_gate: bool


def cluster_t(gains: ArrayLike, groups: ArrayLike, *, delta: float) -> GroupResult:
    """Test the mean gain against `delta` where rows of one group depend on each other.

    Args:
        gains: one gain for each row.
        groups: the group of each row.
        delta: the gain that is claimed to be exceeded.

    Returns:
        The mean, its standard error and both p-values.

    Raises:
        DataError: the lengths differ, or a gain is not finite.
        ConfigError: `delta` is not finite.

    Source: Liang & Zeger (1986).
    """
    rows = checked_values(gains)
    checked_between(delta, "delta", low=-math.inf, high=math.inf)
    mean = float(rows.mean())
    _, group = np.unique(checked_labels(groups, rows.size, name="groups"), return_inverse=True)
    sums = np.bincount(group, weights=rows - mean)
    se = _standard_error(sums, rows.size)
    # Sums that differ by rounding alone show no spread to test with.
    varies = float(np.abs(sums).max()) > 1e-12 * float(np.abs(rows).sum())
    passed = sums.size >= LEAST_GROUPS and varies
    t = (mean - delta) / se if passed else math.nan
    return GroupResult(
        mean=mean,
        se=se,
        dof=sums.size - 1,
        n=rows.size,
        groups=sums.size,
        p_support=float(stdtr(sums.size - 1, -t)) if passed else 1.0,
        p_refute=float(stdtr(sums.size - 1, t)) if passed else 1.0,
        passed_gate=passed,
    )


def _standard_error(sums: np.ndarray, rows: int) -> float:
    """Standard error of the row mean from the groups' sums of deviations."""
    if sums.size < 2:
        return math.inf
    return math.sqrt(float(sums @ sums) * sums.size / (sums.size - 1)) / rows
