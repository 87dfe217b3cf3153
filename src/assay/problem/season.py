"""Season: whether the course repeats."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from assay.problem.calendar import Steps
from assay.problem.facts import Facts
from assay.problem.property import Property, evidence
from assay.problem.track import Track
from assay.problem.words import p_value

# What repeats in calendars; a step without a name is tried with all of them.
_NATURAL = {
    "minute": (60, 1440),
    "15 minutes": (96, 672),
    "30 minutes": (48, 336),
    "hour": (24, 168),
    "day": (7, 365),
    "working day": (5, 260),
    "week": (52,),
    "month": (12,),
    "quarter": (4,),
}
_ANY = (4, 7, 12, 24, 52, 168, 365)
_FEWEST_PAIRS = 10
_LEAST_CONTRAST = 0.05


@dataclass(frozen=True)
class Beat:
    """Evidence for one length of season.

    Fields:
        lag: length of the season, in steps.
        correlation: rank autocorrelation one season apart, of levels or of steps from row to row.
        halfway: rank autocorrelation half a season apart.
        pairs: pairs of rows one season apart.
        statistic: difference of both in standard errors.
        p_value: chance of so large a difference without a season, both comparisons counted.
    """

    lag: int
    correlation: float
    halfway: float
    pairs: int
    statistic: float
    p_value: float

    @property
    def contrast(self) -> float:
        """How much more alike rows are one season apart than half of one."""
        return self.correlation - self.halfway


def season(facts: Facts, found: Steps) -> Property:
    """Whether rows one season apart are more alike than rows half a season apart."""
    stated = facts.roles.season
    beats = [b for lag in candidates(found, stated) if (b := beat(facts, found, lag)) is not None]
    best = strongest(beats) if stated is None else next(iter(beats), None)
    if best is None:
        return Property(
            name="season",
            finding=f"stated as {stated} steps" if stated else "none seen",
            evidence=evidence(stated=stated, span_steps=int(found.position.max()), **_all(beats)),
            meaning="Two full seasons are needed to see one."
            if not beats
            else "At the lengths that calendars offer, rows are no more alike than halfway.",
        )
    clear = best.p_value * len(beats) < 0.01 and best.contrast >= _LEAST_CONTRAST
    return Property(
        name="season",
        finding=f"{'stated as ' if stated else ''}{best.lag} steps: rank correlation "
        f"{best.correlation:.2f} one season apart, {best.halfway:.2f} half a season apart",
        evidence=evidence(
            stated=stated,
            lag=best.lag,
            rank_correlation=best.correlation,
            halfway=best.halfway,
            pairs=best.pairs,
            statistic=best.statistic,
            p_value=min(1.0, best.p_value * len(beats)),
            **_all(beats),
        ),
        meaning=f"The course repeats ({p_value(best.p_value)}, {best.pairs:,} pairs taken as "
        f"independent): state season={best.lag} and let a predictor use it."
        if clear
        else f"No sign of the stated season ({p_value(best.p_value)}): a seasonal predictor may "
        "not pay.",
    )


def candidates(found: Steps, stated: int | None) -> tuple[int, ...]:
    """Lengths worth testing: those that fit twice into the span of the data."""
    lags = (stated,) if stated else _NATURAL.get(found.name, _ANY)
    span = int(found.position.max()) + 1
    return tuple(lag for lag in lags if span >= 2 * lag)


def beat(facts: Facts, found: Steps, lag: int) -> Beat | None:
    """Compare rows one season apart with rows half a season apart.

    Ranks are compared, so that a few wholesale orders do not drown a shop that closes on Saturdays.
    A slow drift makes near rows more alike than far ones and cannot pass for a season, but it can
    bury one: so the steps from row to row are compared too, and the clearer of both counts.

    Returns:
        None where fewer than ten pairs are one season apart or nothing varies.
    """
    known = facts.known
    levels = Track(facts.series[known], found.position[known], facts.ranks)
    # Steps of pure noise are unlike their neighbours: half a season of 3 would look like a season.
    tracks = [levels, levels.differenced()] if lag >= 4 else [levels]
    beats = [each for track in tracks if (each := _compare(track, lag)) is not None]
    if not beats:
        return None
    best = min(beats, key=lambda each: each.p_value)
    return replace(best, p_value=min(1.0, best.p_value * len(beats)))


def _compare(track: Track, lag: int) -> Beat | None:
    whole, first, *halves = (track.lagged(gap) for gap in (lag, 1, lag // 2, (lag + 1) // 2))
    halfway = float(np.mean([half.correlation for half in halves]))
    if whole.pairs < _FEWEST_PAIRS or not np.isfinite(whole.correlation + halfway):
        return None
    # Bartlett (1946): far autocorrelations of an AR(1) vary by (1 + r^2) / (1 - r^2) times 1 / n.
    r = min(abs(first.correlation), 0.99) if np.isfinite(first.correlation) else 0.0
    error = np.sqrt(1.5 / whole.pairs * (1.0 + r**2) / (1.0 - r**2))
    statistic = float((whole.correlation - halfway) / error)
    p = float(stats.norm.sf(statistic))
    return Beat(lag, whole.correlation, halfway, whole.pairs, statistic, p)


def strongest(beats: list[Beat]) -> Beat | None:
    """The clearest season; of nearly equal ones the shortest, since 24 also repeats after 168."""
    clear = [b for b in beats if b.p_value * len(beats) < 0.01 and b.contrast >= _LEAST_CONTRAST]
    if not clear:
        return None
    most = max(b.contrast for b in clear)
    return next(b for b in clear if b.contrast >= 0.8 * most)


def _all(beats: list[Beat]) -> dict[str, float]:
    return {f"rank_correlation_{b.lag}": b.correlation for b in beats}
