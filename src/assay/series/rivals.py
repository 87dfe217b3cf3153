"""Simple forecasts to compare with: last season's values, Croston's method and its kin.

Each is a table of samples for every step ahead: its point forecast plus errors that it made before,
cut at 0, and rounded where values are counts.

Sources: Croston (1972); Syntetos & Boylan (2005), The accuracy of intermittent demand estimates;
Teunter, Syntetos & Babai (2011), Intermittent demand: linking forecasting to inventory
obsolescence.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from assay.series.kinds import Floats

SAMPLES = 200
ALPHA = 0.1  # how fast Croston's method and its kin follow
LEVELS = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98)

Rival = Callable[[Floats, int, int], tuple[Floats, Floats]]


def seasonal_naive(y: Floats, horizon: int, season: int) -> tuple[Floats, Floats]:
    """The value of a season ago, with the errors of that rule in the past.

    Args:
        y: (steps, series), NaN where nothing is known.
        horizon: steps ahead.
        season: steps after which the course returns; 1 for the last value.

    Returns:
        Points (horizon, series), and errors (errors, series) with NaN where there are fewer.
    """
    filled = _filled(y, season)
    last = filled[-season:]
    points = last[np.arange(horizon) % season]
    errors = y[season:] - filled[:-season] if len(y) > season else y[:0]
    return points, errors


def croston_sba(y: Floats, horizon: int, season: int) -> tuple[Floats, Floats]:
    """Mean size of a sale over the mean wait for one, with Syntetos and Boylan's correction."""
    del season
    rates = _croston(y, 1.0 - ALPHA / 2)
    return np.repeat(rates[-1:], horizon, axis=0), y - rates[:-1]


def tsb(y: Floats, horizon: int, season: int) -> tuple[Floats, Floats]:
    """Mean size of a sale times its chance, which falls on every day without one."""
    del season
    sold = y > 0
    size, chance = _first_size(y), np.nan_to_num(np.nanmean(sold, axis=0))
    rates = [size * chance]
    for now, hit, known in zip(y, sold, ~np.isnan(y), strict=True):
        size = np.where(hit, size + ALPHA * (np.nan_to_num(now) - size), size)
        chance = np.where(known, chance + ALPHA * (hit - chance), chance)
        rates.append(size * chance)
    rates = np.stack(rates)
    return np.repeat(rates[-1:], horizon, axis=0), y - rates[:-1]


RIVALS: Mapping[str, Rival] = {
    "seasonal-naive": seasonal_naive,
    "croston-sba": croston_sba,
    "tsb": tsb,
}


def samples_of(
    rival: Any, y: Floats, horizon: int, season: int, *, is_count: bool, seed: int
) -> Floats:
    """Samples of a simple rule or of a model of statsforecast, (horizon, series, samples).

    Args:
        rival: a function such as `tsb`, or a model with statsforecast's `forecast`.
        y: the past, (steps, series), NaN where nothing is known.
        horizon: steps ahead.
        season: steps after which the course returns.
        is_count: whether samples are rounded to whole numbers.
        seed: of the errors that are drawn.
    """
    if hasattr(rival, "forecast"):
        drawn = np.stack([_library(rival, own, horizon) for own in y.T], axis=1)
    else:
        points, errors = rival(y, horizon, season)
        stream = np.random.default_rng([seed, 3])
        drawn = np.empty((*points.shape, SAMPLES))
        for k in range(points.shape[1]):
            own = errors[:, k][~np.isnan(errors[:, k])]
            own = own if own.size else np.zeros(1)
            drawn[:, k] = points[:, k, None] + stream.choice(own, (horizon, SAMPLES))
    drawn = np.maximum(np.nan_to_num(drawn), 0.0)
    return np.round(drawn) if is_count else drawn


def _library(model: Any, y: Floats, horizon: int) -> Floats:
    """Quantiles of a model of statsforecast, read as evenly spread samples."""
    known = np.flatnonzero(~np.isnan(y))
    course = _filled(y[known[0] :, None], 1)[:, 0] if known.size else np.zeros(2)
    found = model.new().forecast(y=course, h=horizon, level=list(LEVELS))
    names = [f"lo-{level}" for level in reversed(LEVELS)] + [f"hi-{level}" for level in LEVELS]
    ends = [0.5 - level / 200 for level in reversed(LEVELS)] + [0.5 + lev / 200 for lev in LEVELS]
    table = np.column_stack([np.asarray(found[name], dtype=float) for name in names])
    at = (np.arange(SAMPLES) + 0.5) / SAMPLES
    return np.stack([np.interp(at, ends, row) for row in table])


def _filled(y: Floats, season: int) -> Floats:
    """Missing values as those of a season before, or 0 where there are none."""
    filled = y.copy()
    for at in range(len(y)):
        before = filled[at - season] if at >= season else np.zeros(y.shape[1])
        filled[at] = np.where(np.isnan(y[at]), before, y[at])
    short = season - len(filled)
    return np.concatenate([np.zeros((short, y.shape[1])), filled]) if short > 0 else filled


def _croston(y: Floats, correction: float) -> Floats:
    """Rates before each step and after the last, (steps + 1, series)."""
    size, wait, since = _first_size(y), _first_wait(y), np.ones(y.shape[1])
    rates = [correction * size / wait]
    for now in y:
        hit = now > 0
        size = np.where(hit, size + ALPHA * (np.nan_to_num(now) - size), size)
        wait = np.where(hit, wait + ALPHA * (since - wait), wait)
        since = np.where(hit, 1.0, since + ~np.isnan(now))
        rates.append(correction * size / wait)
    return np.stack(rates)


def _first_size(y: Floats) -> Floats:
    sold = np.where(y > 0, y, 0.0)
    return sold.sum(axis=0) / np.maximum((y > 0).sum(axis=0), 1)


def _first_wait(y: Floats) -> Floats:
    known = (~np.isnan(y)).sum(axis=0)
    return np.maximum(known, 1.0) / np.maximum((y > 0).sum(axis=0), 1)
