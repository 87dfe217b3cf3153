"""Limits that tell of demand: whoever filled a shelf may have known more of its day than the model.

A high limit then says that demand will be high, and days that reached theirs are not those whose
level the model puts too low. How far the driven parameter goes with the log of the limit over what
was expected is learnt from the scores of all rows whose limit is known, hidden or not: 0 where
limits know no more than the model.

Source: a score test's slope (Rao, 1948) at levels from which each row's own part is taken out, so
that a row is not asked about its own noise.
"""

from typing import NamedTuple

import numpy as np

from assay.series.kinds import Flags, Floats, Whole

WIDEST = 3.0  # of a log: limits so far off are no limits
LEAST_ROWS = 100


class Informed(NamedTuple):
    """What limits tell.

    Fields:
        slope: of the driven parameter along `known`.
        sd: of what is open of it.
        known: log of a row's limit over what was expected, less its mean over the rows of a series;
            0 where no limit is known; (rows,).
    """

    slope: float
    sd: float
    known: Floats

    @property
    def eta(self) -> Floats:
        """What is added to the driven parameter, (rows,)."""
        return self.slope * self.known


def uninformed(rows: int) -> Informed:
    """Limits say nothing."""
    return Informed(0.0, 0.0, np.zeros(rows))


def informed(
    was: Informed,
    log_limit: Floats,
    eta: Floats,
    score: Floats,
    bend: Floats,
    spread: Floats,
    series: Whole,
    tells: Flags,
) -> Informed:
    """Learn it anew.

    Args:
        was: what was taken before.
        log_limit: of each row; not finite where none is known.
        eta: log of what is expected, with what limits told before.
        score: of each row there.
        bend: its information.
        spread: variance of what is open of `eta`.
        series: number of the series of each row.
        tells: whether a row may.
    """
    use = tells & np.isfinite(log_limit) & (bend > 0)
    if use.sum() < LEAST_ROWS:
        return was
    own = np.clip(bend * spread, 0.0, 0.9)
    without = eta - was.eta - score * spread / (1.0 - own)
    known = np.where(use, np.clip(np.where(use, log_limit, 0.0) - without, -WIDEST, WIDEST), 0.0)
    count = series.max() + 1
    weight = np.where(use, bend, 0.0)
    total = np.bincount(series, weight, count)
    mean = np.bincount(series, weight * known, count) / np.maximum(total, 1e-9)
    known = np.where(use, known - mean[series], 0.0)
    told = np.sum(weight * known**2 * (1.0 - own))
    if told <= 0:
        return was
    slope = was.slope + float(np.sum(np.where(use, score * known, 0.0)) / told)
    return Informed(slope, float(told**-0.5), known)
