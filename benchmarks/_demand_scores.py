"""How good forecasts of many series are: losses, coverage and where the truth fell in them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CENTRAL = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
FINE = tuple((np.arange(25) + 0.5) / 25)  # the mean of their losses is half the CRPS
LEVELS = tuple(sorted({*CENTRAL, *(round(float(level), 4) for level in FINE)}))


@dataclass(frozen=True)
class Scores:
    """What one model scored on one data set.

    Fields:
        wql: weighted quantile loss, 2 x pinball over the sum of the truth, mean over `CENTRAL`.
        crps: over the mean of the truth.
        bias: sum of the means over the sum of the truth, minus 1.
        coverage: share of values in the interval of 90 %, ends included.
        pit: share of randomised PIT values inside (0.05, 0.95); nan without draws.
        lowest: smallest quantile of any level.
    """

    wql: float
    crps: float
    bias: float
    coverage: float
    pit: float
    lowest: float


def pinball(truth: Floats, quantiles: Floats, levels: tuple[float, ...]) -> Floats:
    """Mean loss of each level; quantiles are (levels, values)."""
    tau = np.asarray(levels)[:, None]
    gap = truth - quantiles
    return np.maximum(tau * gap, (tau - 1.0) * gap).mean(axis=1)


def scores_of(truth: Floats, quantiles: Floats, mean: Floats, pit: Floats | None = None) -> Scores:
    """Scores of values, (values,), given quantiles of all `LEVELS`, (levels, values)."""
    at = {level: k for k, level in enumerate(LEVELS)}
    central = quantiles[[at[level] for level in CENTRAL]]
    fine = [round(float(level), 4) for level in FINE]
    size = float(np.abs(truth).mean())
    inside = (central[0] <= truth) & (truth <= central[-1])
    return Scores(
        wql=2.0 * float(pinball(truth, central, CENTRAL).mean()) / size,
        crps=2.0 * float(pinball(truth, quantiles[[at[x] for x in fine]], FINE).mean()) / size,
        bias=float(mean.mean() / truth.mean() - 1.0),
        coverage=float(inside.mean()),
        pit=np.nan if pit is None else float(((pit > 0.05) & (pit < 0.95)).mean()),
        lowest=float(quantiles.min()),
    )


def quantiles_of(draws: Floats, *, whole: bool) -> Floats:
    """Quantiles of all `LEVELS` over the last axis, levels first; of counts values drawn."""
    method = "inverted_cdf" if whole else "linear"
    return np.quantile(draws, LEVELS, axis=-1, method=method)


def pit_of(truth: Floats, draws: Floats, rng: np.random.Generator) -> Floats:
    """Where the truth fell among draws, (..., paths); between ties at random."""
    below = (draws < truth[..., None]).mean(axis=-1)
    up_to = (draws <= truth[..., None]).mean(axis=-1)
    return below + rng.random(below.shape) * (up_to - below)
