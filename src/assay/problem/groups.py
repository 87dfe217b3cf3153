"""Groups: rows that belong together and may not be split."""

import numpy as np
from scipy import stats

from assay.problem.facts import Facts, codes
from assay.problem.property import Property, evidence
from assay.problem.words import p_value, percent, plural


def groups(facts: Facts) -> Property:
    """How many groups there are, how large, and how much of the spread lies between them.

    Source: Donner (1986), A review of inference procedures for the intraclass correlation
    coefficient in the one-way random effects model, International Statistical Review 54(1).
    """
    keys = (facts.roles.group,) if facts.roles.group else facts.roles.series
    numbers = codes(facts.frame.table, keys)
    sizes = np.bincount(numbers)
    share, statistic, p = between(facts.recorded, numbers[facts.known])
    return Property(
        name="groups",
        finding=f"{plural(len(sizes), 'group')} by {', '.join(f'`{key}`' for key in keys)}, "
        f"{sizes.min():,} to {plural(int(sizes.max()), 'row')} each",
        evidence=evidence(
            groups=len(sizes),
            smallest=int(sizes.min()),
            largest=int(sizes.max()),
            median_rows=float(np.median(sizes)),
            share_between=share,
            statistic=statistic,
            p_value=p,
        ),
        meaning=_meaning(share, p, bool(facts.roles.group)),
    )


def between(y: np.ndarray, group: np.ndarray) -> tuple[float | None, float | None, float | None]:
    """Share of the variance between groups (intraclass correlation), with its F test.

    Args:
        y: values.
        group: number of the group of each value.

    Returns:
        The share (0 or more), the F statistic and its p value; None where groups cannot be
        compared: one group, one row in each, or nothing varies inside them.
    """
    first = np.lexsort((y, group))
    y, group = y[first], group[first]  # so that the order of the rows changes no last digit
    counts = np.bincount(group)
    counts = counts[counts > 0]
    k, n = len(counts), len(y)
    if k < 2 or n <= k:
        return None, None, None
    means = (np.bincount(group, y) / np.maximum(np.bincount(group), 1))[group]
    within = float(((y - means) ** 2).sum()) / (n - k)
    among = float(((means - y.mean()) ** 2).sum()) / (k - 1)
    if within <= 0.0:
        return None, None, None
    usual = (n - (counts.astype(float) ** 2).sum() / n) / (k - 1)
    share = max(0.0, (among - within) / (among + (usual - 1.0) * within))
    return share, among / within, float(stats.f.sf(among / within, k - 1, n - k))


def _meaning(share: float | None, p: float | None, is_stated: bool) -> str:
    if share is None or p is None:
        return "Groups cannot be compared: there is one of them, or one row in each."
    told = f"{percent(share)} of the spread lies between groups ({p_value(p)})"
    if not is_stated:
        return f"{told}: a predictor should know the key."
    return f"{told}: rows of a group are not independent, so they are sealed together."
