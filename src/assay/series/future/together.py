"""Shocks that all series share, such as a sunny day: learnt from the past, kept in paths.

A Gaussian copula for the noise of each step: each series' noise is put in the order of scores with
a part in common. That changes no series' own law, since its noise is as independent over paths and
steps as before; it only says which of its paths go with which of the others.

Intervals of a day's total are too narrow where series are drawn apart. What turns for all series at
once and lasts, such as a Christmas, is not in it.

Source: Clark et al. (2004), The Schaake shuffle, for order in place of new draws.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from assay.series.future.paths import stream_of
from assay.series.kinds import Floats, Whole
from assay.series.law.chance import chance_of
from assay.series.panel.arrange import Panel
from assay.series.past import Past, normal_scores, variance_of

RECENT = 120  # last steps that tell
SERIES = 1000  # that tell
LEAST_SERIES, LEAST_STEPS = 10, 20
MOST = 0.95


def common_share(past: Past, panel: Panel, *, seed: int) -> float:
    """Share of the variance of noise that all series have in common, 0 to 0.95.

    Steps' weighted means over series of the normal scores of what was seen vary by that share, and
    by the rest where series are few. Scores of hidden rows are left out. What of a value is
    drawn beside its noise, such as the Poisson draw of a count, stays each series' own; where the
    noise carries nothing there is nothing to share.

    Args:
        past: what was expected of each row.
        panel: the rows.
        seed: of the randomised scores.
    """
    stride = max(1, panel.series // SERIES)
    told = (panel.weight > 0) & ~panel.hidden & (panel.step > panel.end - RECENT)
    rows = np.flatnonzero(told & (past.series % stride == 0))
    if not rows.size:
        return 0.0
    # What a row adds to the spread of a total is what it counts.
    variance = past.ask(rows, variance_of)
    weight = np.where(np.isfinite(variance), np.sqrt(np.maximum(variance, 0.0)), 0.0)
    table = pl.DataFrame(
        {
            "step": panel.step[rows],
            "series": past.series[rows],
            "score": normal_scores(past, panel, rows, seed=seed),
            "weight": weight,
        }
    )
    # What a series' own scores are off on average is no shock.
    own = pl.col("score") - pl.col("score").mean().over("series")
    w = pl.col("weight")
    steps = (
        table.with_columns(score=own)
        .group_by("step")
        .agg(
            mean=(w * pl.col("score")).sum() / w.sum(),
            alone=(w**2).sum() / w.sum() ** 2,
            spread=(w * pl.col("score") ** 2).sum() / w.sum(),
            count=pl.len(),
        )
        .filter(pl.col("count") >= LEAST_SERIES)
    )
    if steps.height < LEAST_STEPS:
        return 0.0
    mean, alone, spread = (steps[name].to_numpy() for name in ("mean", "alone", "spread"))
    part = carried(past, rows, variance)
    if not (spread.mean() > 0 and part > 0):
        return 0.0
    # E mean^2 = spread (share + (1 - share) alone)
    share = float(np.sum(mean**2 / spread.mean() - alone) / np.sum(1.0 - alone))
    return float(np.clip(share / part**2, 0.0, MOST))


def carried(past: Past, rows: Whole, variance: Floats) -> float:
    """Mean root share of values' variance that the noise of their paths carries, 0 to 1.

    Args:
        past: what was expected of each row.
        rows: numbers of some.
        variance: of each of them.
    """
    apart = chance_of(past.family, past.driven).apart(past.eta[rows], past.extra(rows))
    some = np.isfinite(variance) & (variance > 0)
    if not some.any():
        return 0.0
    share = np.clip(1.0 - np.broadcast_to(apart, variance.shape)[some] / variance[some], 0.0, 1.0)
    return float(np.average(np.sqrt(share), weights=np.sqrt(variance[some])))


def put_together(noise: Floats, share: float, keys: Sequence[str], seed: int) -> Floats:
    """The same noise in another order of paths, so that series go up and down together.

    Args:
        noise: (steps, series, paths).
        share: of variance in common.
        keys: of the series: each has a stream of its own.
        seed: of all streams.
    """
    steps, _, paths = noise.shape
    common = np.sqrt(share) * stream_of(seed, "shocks", "").normal(size=(steps, paths))
    made = np.empty_like(noise)
    for at, key in enumerate(keys):
        own = stream_of(seed, "own shocks", key).normal(size=(steps, paths))
        order = np.argsort(common + np.sqrt(1.0 - share) * own, axis=1)
        np.put_along_axis(made[:, at], order, np.sort(noise[:, at], axis=1), axis=1)
    return made
