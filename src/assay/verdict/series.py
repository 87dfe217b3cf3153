"""The verdict for time series: gains averaged over seasons, then the adaptive EWC test.

EWC is the equal-weighted cosine estimate of the long-run variance. How many cosines enter is
capped by the effective rows, and below 16 effective rows the gate declines to answer. The test is
asymptotic; its known weak spot is a slow drift hidden under noise.

Source: Lazarus, Lewis, Stock & Watson (2018), HAR Inference: Recommendations for Practice,
Journal of Business & Economic Statistics 36(4). The cap on the number of cosines is ours.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.fft import dct
from scipy.special import stdtr

from assay.errors import DataError
from assay.verdict.checks import (
    FloatArray,
    checked_between,
    checked_count,
    checked_labels,
    checked_values,
)

LEAST_COSINES = 4
"""Fewest cosines that may estimate the long-run variance."""

LEAST_EFFECTIVE_ROWS = 4 * LEAST_COSINES
"""Fewest effective rows that pass the gate."""

GREATEST_PERSISTENCE = 0.99
"""The lag-1 autocorrelation is taken to be at most this."""

ADVISED_SEASONS = 52
"""Sealed seasons to plan on: with fewer, the gate declines even some series without memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesResult:
    """What the adaptive EWC test saw.

    Fields:
        mean: mean gain.
        se: standard error of the mean under autocorrelation; `inf` where the gate failed.
        dof: cosines used, the degrees of freedom of Student's t; 0 where the gate failed.
        n: averages tested.
        n_eff: independent rows that would tell as much.
        persistence: lag-1 autocorrelation, corrected for small samples, 0 to .99.
        p_support: p-value for "mean gain <= delta"; 1.0 where the gate failed.
        p_refute: p-value for "mean gain >= delta"; 1.0 where the gate failed.
        passed_gate: whether at least 16 effective rows were seen and the gains vary.
    """

    mean: float
    se: float
    dof: int
    n: int
    n_eff: float
    persistence: float
    p_support: float
    p_refute: float
    passed_gate: bool


def ewc(gains: ArrayLike, *, delta: float) -> SeriesResult:
    """Test the long-run mean of a series of gains against `delta`.

    Args:
        gains: one gain for each period, in time order, averaged over series and seasons before.
        delta: the gain that is claimed to be exceeded.

    Returns:
        The mean, its standard error, the effective rows and both p-values.

    Raises:
        DataError: the gains are empty, not one-dimensional or not finite.
        ConfigError: `delta` is not finite.

    Source: Lazarus, Lewis, Stock & Watson (2018), capped by effective rows.
    """
    series = checked_values(gains)
    checked_between(delta, "delta", low=-math.inf, high=math.inf)
    rows, mean = series.size, float(series.mean())
    varies = _varies(series)
    centred = series - mean if varies else np.zeros(rows)
    persistence = _persistence(centred)
    squares = squared_cosines(centred)
    n_eff = _effective_rows(centred, persistence, squares)
    cosines = min(squares.size, math.floor(n_eff / 4))
    long_run = float(squares[:cosines].sum()) / max(cosines, 1)
    passed = cosines >= LEAST_COSINES and varies and long_run > 0
    se = math.sqrt(long_run / rows) if passed else math.inf
    # stdtr is the cdf, so each tail is asked for by its own sign: 1 - cdf would lose small p.
    t = (mean - delta) / se
    return SeriesResult(
        mean=mean,
        se=se,
        dof=cosines if passed else 0,
        n=rows,
        n_eff=n_eff,
        persistence=persistence,
        p_support=float(stdtr(cosines, -t)) if passed else 1.0,
        p_refute=float(stdtr(cosines, t)) if passed else 1.0,
        passed_gate=passed,
    )


def season_averages(values: ArrayLike, season: int) -> FloatArray:
    """Average a series over whole seasons, counted back from its end.

    Where the length is no multiple of the season, the first `len(values) % season` values are
    dropped: the incomplete season is the oldest, the one next to the open rows.

    Args:
        values: one value for each consecutive period, in time order, with no period left out.
        season: periods in a season, 1 or more (7 for daily data); 1 changes nothing.

    Returns:
        One average for each whole season, in time order.

    Raises:
        DataError: there is no whole season, or a value is not finite.
        ConfigError: `season` is not a whole number of at least 1.
    """
    series, length = checked_values(values, "values"), checked_count(season, "season")
    if series.size < length:
        raise DataError(
            f"`values` holds {series.size} periods, less than one season of {length}. "
            f"Seal at least {ADVISED_SEASONS} seasons or register a shorter one."
        )
    return series[series.size % length :].reshape(-1, length).mean(axis=1)


def date_averages(
    gains: ArrayLike, dates: ArrayLike, *, weights: ArrayLike | None = None
) -> FloatArray:
    """Average the gains of a panel over its series, date by date.

    Args:
        gains: one gain for each row of the panel.
        dates: the date of each row, anything NumPy can sort.
        weights: registered weight of each row, 0 or more; equal by default.

    Returns:
        One average for each date, in the order of the dates.

    Raises:
        DataError: the lengths differ, a gain or weight is not finite, a weight is negative, or a
            date weighs nothing.
    """
    rows = checked_values(gains)
    _, date = np.unique(checked_labels(dates, rows.size, name="dates"), return_inverse=True)
    weight = np.ones(rows.size) if weights is None else checked_values(weights, "weights")
    checked_labels(weight, rows.size, name="weights")
    total = np.bincount(date, weights=weight)
    if (weight < 0).any() or not (total > 0).all():
        raise DataError(
            f"`weights` run from {weight.min()}; each must be 0 or more and each date must weigh "
            "something. Register a weight above 0 for at least one row of every date."
        )
    return np.bincount(date, weights=weight * rows) / total


def series_rows_needed(persistence: float) -> int:
    """The number of averages at which the gate sees 16 effective rows.

    Args:
        persistence: lag-1 autocorrelation seen on open rows, between -1 and 1.

    Returns:
        The least `n` with `n (1 - r) / (1 + r) >= 16`, where `r` is the persistence that the
        test would report at that `n`. Half of all series with so many averages still fail the
        gate by chance, so plan on `ADVISED_SEASONS` or more.

    Raises:
        ConfigError: `persistence` is out of range.
    """
    seen = checked_between(persistence, "persistence", low=-1.0, high=1.0)
    most = math.ceil(LEAST_EFFECTIVE_ROWS * (1 + GREATEST_PERSISTENCE) / (1 - GREATEST_PERSISTENCE))
    rows = np.arange(LEAST_EFFECTIVE_ROWS, most + 1)
    r = np.clip(seen + (1 + 3 * seen) / rows, 0.0, GREATEST_PERSISTENCE)
    return int(rows[np.argmax(rows * (1 - r) / (1 + r) >= LEAST_EFFECTIVE_ROWS)])


def _varies(series: FloatArray) -> bool:
    """Whether the gains differ by more than rounding; equal gains show no spread to test with."""
    return bool(np.ptp(series) > 1e-12 * np.abs(series).max())


def _persistence(centred: FloatArray) -> float:
    """Lag-1 autocorrelation with its small-sample bias, `-(1 + 3r) / n`, taken out."""
    rows, energy = centred.size, float(centred @ centred)
    # Products are averaged over the rows - 1 there are; a sum over all rows would add -r / n to
    # the bias, and the gate would pass series that are too short.
    r = float(centred[1:] @ centred[:-1]) / (rows - 1) / (energy / rows) if energy > 0 else 0.0
    return min(max(r + (1 + 3 * r) / rows, 0.0), GREATEST_PERSISTENCE)


def squared_cosines(centred: FloatArray) -> FloatArray:
    """Squares of the first cosine weights; each estimates the long-run variance.

    Args:
        centred: one value for each period, in time order, with mean 0.

    Returns:
        At least 4 squares, of the slowest cosine first.
    """
    most = max(LEAST_COSINES, int(0.4 * centred.size ** (2 / 3)))
    # The orthonormal cosine transform has the factor sqrt(2 / n) for every weight but the first.
    cosines = np.asarray(dct(centred, type=2, norm="ortho"), dtype=np.float64)
    return cosines[1 : most + 1] ** 2


def _effective_rows(centred: FloatArray, persistence: float, squares: FloatArray) -> float:
    """Effective rows, the lesser of what lag 1 and what the long-run variance say."""
    rows = centred.size
    by_lag = rows * (1 - persistence) / (1 + persistence)
    long_run = float(squares.mean()) if squares.size else 0.0
    by_variance = float(centred @ centred) / long_run if long_run > 0 else by_lag
    return min(by_lag, by_variance)
