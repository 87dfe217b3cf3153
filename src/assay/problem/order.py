"""Order in time: steps, gaps, and how much each row repeats the one before."""

import numpy as np
from scipy import stats

from assay.problem.calendar import Steps
from assay.problem.facts import Facts
from assay.problem.property import Property, evidence
from assay.problem.track import Lagged, Track
from assay.problem.words import number, p_value, plural


def order(facts: Facts, found: Steps) -> Property:
    """How regular the rows are in time, and how far neighbours resemble each other."""
    times = facts.frame.column(str(facts.roles.time))
    count = int(facts.series.max()) + 1
    known = facts.known
    lag = Track(facts.series[known], found.position[known], facts.recorded).lagged(1)
    z = lag.correlation * np.sqrt(lag.pairs)
    p = float(2.0 * stats.norm.sf(abs(z))) if lag.pairs else 1.0
    effective = _effective(len(facts.values), lag.correlation)
    return Property(
        name="order",
        finding=f"{_regularity(found, count)}; lag-1 autocorrelation "
        + (f"{lag.correlation:.2f}" if np.isfinite(lag.correlation) else "not defined"),
        evidence=evidence(
            series=count,
            span_steps=int(found.position.max()),
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
    step = found.name if found.name[0].isalpha() else f"step of {found.name}"
    gaps = f"{plural(found.gaps, 'step')} missing" if found.gaps else "no gaps"
    return f"{keys}one row a {step}, {gaps}"


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
