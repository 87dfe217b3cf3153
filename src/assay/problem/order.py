"""Order in time: steps, gaps, and how much each row repeats the one before."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from assay.problem.calendar import Steps
from assay.problem.facts import Facts
from assay.problem.property import Property, evidence
from assay.problem.words import number, p_value, plural


@dataclass(frozen=True)
class Lagged:
    """Autocorrelation at one lag, and the pairs of rows it rests on."""

    correlation: float
    pairs: int


def order(facts: Facts, found: Steps) -> Property:
    """How regular the rows are in time, and how far neighbours resemble each other."""
    times = facts.frame.column(str(facts.roles.time))
    count = int(facts.series.max()) + 1
    lag = autocorrelation(facts, found, 1)
    z = lag.correlation * np.sqrt(lag.pairs)
    p = float(2.0 * stats.norm.sf(abs(z))) if lag.pairs else 1.0
    effective = _effective(len(facts.values), lag.correlation)
    return Property(
        name="order",
        finding=f"{_regularity(found, count)}; lag-1 autocorrelation "
        + (f"{lag.correlation:.2f}" if np.isfinite(lag.correlation) else "not defined"),
        evidence=evidence(
            series=count,
            first=str(times.min()),
            last=str(times.max()),
            step=found.name,
            share_one_step_apart=found.share if found.is_regular else None,
            gaps=found.gaps,
            autocorrelation=lag.correlation,
            pairs=lag.pairs,
            p_value=p if np.isfinite(lag.correlation) else None,
            effective_rows=effective,
        ),
        meaning=_meaning(lag, p, effective),
    )


def autocorrelation(facts: Facts, found: Steps, lag: int) -> Lagged:
    """Correlation of rows `lag` steps apart in the same series, each about its series' mean.

    Returns:
        NaN where no two rows are that far apart or nothing varies.
    """
    series, y, key = _keyed(facts, found, lag)
    means = np.bincount(series, y) / np.maximum(np.bincount(series), 1)
    centred = y - means[series]
    later = np.searchsorted(key, key + lag)
    ok = later < len(key)
    ok[ok] = key[later[ok]] == key[ok] + lag
    pairs = int(ok.sum())
    variance = float((centred**2).mean())
    if not pairs or variance <= 1e-24 * max(1.0, float((y**2).max())):
        return Lagged(float("nan"), pairs)
    covariance = float((centred[ok] * centred[later[ok]]).mean())
    return Lagged(float(np.clip(covariance / variance, -1.0, 1.0)), pairs)


def _keyed(facts: Facts, found: Steps, lag: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    series, position = facts.series[facts.known], found.position[facts.known]
    # Far enough apart that a lag never leads from one series into the next.
    stride = int(found.position.max()) + lag + 1
    return series, facts.values, series * stride + position


def _effective(n: int, correlation: float) -> float | None:
    """Rows that independent data would need for the same precision of the mean (AR(1))."""
    if not np.isfinite(correlation):
        return None
    r = min(max(correlation, 0.0), 0.99)
    return n * (1.0 - r) / (1.0 + r)


def _regularity(found: Steps, count: int) -> str:
    keys = f"{plural(count, 'series')}, " if count > 1 else ""
    if not found.is_regular:
        return f"{keys}times at no regular distance (lags count rows)"
    gaps = f"{plural(found.gaps, 'step')} missing" if found.gaps else "no gaps"
    return f"{keys}one row a {found.name}, {gaps}"


def _meaning(lag: Lagged, p: float, effective: float | None) -> str:
    if effective is None:
        return "No two rows can be compared: order tells nothing yet."
    if p >= 0.01:
        return (
            f"Neighbours are no more alike than chance ({p_value(p)}, {lag.pairs:,} pairs): rows "
            "may still change slowly, so split by time."
        )
    if lag.correlation < 0:
        return (
            f"Neighbours differ more than chance ({p_value(p)}, {lag.pairs:,} pairs): a high row "
            "is followed by a low one, so split by time."
        )
    return (
        f"Neighbours are alike ({p_value(p)}, {lag.pairs:,} pairs taken as independent): split by "
        f"time, never at random; for a mean the rows are worth about {number(round(effective))} "
        "independent ones."
    )
