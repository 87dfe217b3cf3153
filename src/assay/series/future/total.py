"""What all series of a forecast come to together, read off one pass over their futures."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from assay.series.future.forecast import Forecast, quantiles_of

ENDS = {"low": 0.05, "inner_low": 0.25, "inner_high": 0.75, "high": 0.95}


@dataclass(frozen=True, eq=False)
class Total:
    """Sums over all series, new ones too; intervals are those of sums of the same paths.

    Fields:
        mean: over all steps.
        low: end of its 90 % interval.
        high: the other one.
        steps: `time`, `mean`, `low`, `high` (90 %), `inner_low`, `inner_high` (50 %) of each step.
    """

    mean: float
    low: float
    high: float
    steps: pl.DataFrame


def total_of(forecast: Forecast) -> Total:
    """Sum up all series, for the whole horizon and for each step."""
    whole = forecast.together()
    values, mean = np.zeros((whole.horizon, whole.paths)), np.zeros(whole.horizon)
    for _, drawn in whole.draws():
        values += drawn.values.sum(axis=1)
        mean += drawn.mean.sum(axis=1)
    times = whole.future.grid.times(whole.future.steps)
    ends = quantiles_of(values, list(ENDS.values()), is_count=whole.is_count)
    levels = [ENDS["low"], ENDS["high"]]
    low, high = quantiles_of(values.sum(axis=0), levels, is_count=whole.is_count)
    steps = pl.DataFrame({"time": times, "mean": mean} | dict(zip(ENDS, ends, strict=True)))
    return Total(float(mean.sum()), float(low), float(high), steps)
