"""One look at independent rows: how often is a useless model supported, how many rows are enough?

Beside each figure stands the one of the design's simulation, in brackets with the difference in
points.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from _common import show_table
from _counting import CONFIDENCE, POINTS, Floats, Workers, beside, highest, is_far, lowest
from _laws import (
    DISASTERS,
    DISCORDANT,
    NEAR_NORMAL,
    SKEWED,
    SPARSE,
    STUDENT,
    UNCAPPED,
    Law,
    t_p_values,
)
from scipy import stats

from assay.verdict import level, rows_needed, star_supports

ONE_LOOK_SEED, MANY_LOOKS_SEED, POWER_SEED, PLANNED_SEED = 1101, 1102, 1105, 1106
LEVELS = (0.05, 0.0005)
LOOKS = np.arange(100, 2001, 100)


@dataclass(frozen=True)
class OneLook:
    """One line: a law, its rows, and what is known of t and the bet at both levels."""

    law: Law
    rows: int
    t: tuple[float | None, float | None]
    star: tuple[float | None, float | None] = (None, None)


ONE_LOOK = (
    OneLook(DISCORDANT, 200, (0.050, 0.0004), (0.045, 0.0004)),
    OneLook(SPARSE, 1000, (0.037, 0.0000), (0.036, 0.0002)),
    OneLook(NEAR_NORMAL, 1000, (0.051, 0.0006), (0.048, 0.0004)),
    OneLook(SKEWED, 200, (0.082, 0.0061), (0.024, 0.0000)),
    OneLook(UNCAPPED, 200, (0.093, None)),
    OneLook(STUDENT, 1000, (0.049, None)),
    OneLook(DISASTERS, 200, (0.36, 0.36), (0.000, 0.0000)),
    OneLook(DISASTERS, 1000, (0.12, 0.042), (0.043, 0.0000)),
)


@dataclass(frozen=True)
class Effect:
    """One line of the table of power.

    Fields:
        law: of the gains.
        effect: their mean beyond the claim, in standard deviations.
        level: of the test.
        power: known power of the bet with the rows at which t has .80.
        rows: known rows of the bet for .80, relative to t: least and greatest.
    """

    law: Law
    effect: float
    level: float
    power: float | None = None
    rows: tuple[float, float] | None = None


EFFECTS = (
    Effect(DISCORDANT, 0.1, 0.05, 0.73, (1.10, 1.10)),
    Effect(DISCORDANT, 0.1, 0.0025, 0.76, (1.08, 1.08)),
    Effect(DISCORDANT, 0.1, 0.00025, 0.78, (1.04, 1.04)),
    Effect(NEAR_NORMAL, 0.1, 0.05, None, (1.16, 1.16)),
    Effect(NEAR_NORMAL, 0.1, 0.0025, None, (1.06, 1.06)),
    Effect(NEAR_NORMAL, 0.1, 0.00025, None, (1.06, 1.06)),
    Effect(DISCORDANT, 0.2, 0.05, None, (1.25, 1.27)),
    Effect(NEAR_NORMAL, 0.2, 0.05, None, (1.25, 1.27)),
    *(
        Effect(SKEWED, effect, each, None, rows)
        for effect, rows in ((0.05, (1.09, 1.17)), (0.1, (1.34, 1.51)), (0.2, (1.8, 2.05)))
        for each in (0.05, 0.0025, 0.00025)
    ),
)

PLANNED = (DISCORDANT, NEAR_NORMAL, SKEWED)
PLANNED_EFFECT = 0.15
ALPHA = 0.05


def supported(gains: Floats, law: Law, at: float, effect: float = 0.0) -> Floats:
    """Whether the bet supports each line of gains; their spread is known."""
    bet = {"delta": 0.0, "lower": law.lower(effect), "level": at, "sd0": 1.0}
    return np.array([star_supports(line, **bet) for line in gains])


def one_look(case: OneLook, random: np.random.Generator, times: int) -> Floats:
    """How often t and the bet support a model at the boundary, at each level."""
    gains = case.law.draw(random, (times, case.rows), 0.0)
    p = t_p_values(gains)
    naive = [(p <= at).sum() for at in LEVELS]
    if np.isinf(case.law.below):
        return np.array([*naive, 0, 0])
    return np.array([*naive, *(supported(gains, case.law, at).sum() for at in LEVELS)])


def show_one_look(workers: Workers, times: int) -> list[str]:
    """Print the table of one look; hand back where the bet errs too often."""
    counts = workers.tally(one_look, ONE_LOOK, times, seed=ONE_LOOK_SEED, words="one look")
    rows, short = [], []
    for case, hits in zip(ONE_LOOK, counts, strict=True):
        naive = [beside(hits[at] / times, case.t[at], digits) for at, digits in ((0, 3), (1, 4))]
        bets = ["n/a", "n/a"]
        if case.star[0] is not None:
            bets = [
                beside(hits[2 + at] / times, case.star[at], digits)
                for at, digits in ((0, 3), (1, 4))
            ]
        rows.append((case.law.name, case.rows, *naive, *bets))
        short += [
            f"{case.law.name}, {case.rows} rows: {hits[2 + at]} of {times} bets are won falsely at "
            f"level {level}"
            for at, level in enumerate(LEVELS)
            if lowest(int(hits[2 + at]), times) > level
        ]
    show_table(
        f"1a, 1d. False support in one look, mean gain exactly at the claim; {times} times",
        ("gains", "rows", "t .05", "t .0005", "bet .05", "bet .0005"),
        rows,
    )
    return short


def many_looks(law: Law, random: np.random.Generator, times: int) -> Floats:
    """How often a test at each of twenty looks, and a bet watched row by row, ends in support."""
    gains = law.draw(random, (times, int(LOOKS[-1])), 0.0)
    mean = np.cumsum(gains, axis=1)[:, LOOKS - 1] / LOOKS
    square = np.cumsum(gains**2, axis=1)[:, LOOKS - 1] / LOOKS
    # Rounding must not give gains that never varied a spread; one that is lost makes t infinite.
    variance = np.maximum(square - mean**2, 0.0) * LOOKS / (LOOKS - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = mean / np.sqrt(variance / LOOKS)
    repeated = (t >= stats.t.isf(ALPHA, LOOKS - 1)).any(axis=1).sum()
    is_bounded = np.isfinite(law.below)
    return np.array([repeated, supported(gains, law, ALPHA).sum() if is_bounded else 0])


def show_many_looks(workers: Workers, times: int) -> list[str]:
    """Print what repeated looks at arriving rows do; hand back where the bet errs too often."""
    laws = (DISCORDANT, SPARSE, NEAR_NORMAL, SKEWED, UNCAPPED, STUDENT, DISASTERS)
    counts = workers.tally(many_looks, laws, times, seed=MANY_LOOKS_SEED, words="many looks")
    rows, short = [], []
    for law, (repeated, bets) in zip(laws, counts, strict=True):
        bet = f"{bets / times:.3f}" if np.isfinite(law.below) else "n/a"
        rows.append((law.name, f"{repeated / times:.3f}", bet))
        if lowest(int(bets), times) > ALPHA:
            short.append(f"{law.name}: {bets} of {times} bets watched row by row are won falsely")
        if highest(int(repeated), times) < 0.14:
            short.append(f"{law.name}: repeated t errs in {repeated / times:.3f} only, known .16")
    show_table(
        "1b. False support by the end of 20 looks at arriving rows, 100 to 2000, alpha .05; "
        f"{times} times",
        ("gains", "t at each look (known .16 to .67)", "bet watched row by row"),
        rows,
    )
    return short


@dataclass(frozen=True)
class Rows:
    """What one effect costs: rows of t and of the bet for a power of .80."""

    by_t: int
    by_bet: int
    power: float
    differ: float

    @property
    def ratio(self) -> float:
        """Rows of the bet relative to t."""
        return self.by_bet / self.by_t


def rows_for_power(job: tuple[int, Effect, int]) -> Rows:
    """Find both numbers of rows by bisection, on the same simulated rows."""
    at, case, times = job
    law, effect = case.law, case.effect
    formula = ((stats.norm.isf(case.level) + stats.norm.isf(0.2)) / effect) ** 2
    most = int(1.4 * (case.rows or (1.0, 1.3))[1] * formula)
    gains = law.draw(np.random.default_rng([POWER_SEED, at]), (times, most), effect)

    def by_t(rows: int) -> Floats:
        return t_p_values(gains[:, :rows]) <= case.level

    def by_bet(rows: int) -> Floats:
        return supported(gains[:, :rows], law, case.level, effect)

    rows_t, rows_bet = (_rows_at_80(test, int(formula / 2), most) for test in (by_t, by_bet))
    differ = np.mean(by_t(rows_t) != by_bet(rows_bet))
    return Rows(rows_t, rows_bet, float(by_bet(rows_t).mean()), float(differ))


def _rows_at_80(test: Callable[[int], Floats], low: int, high: int) -> int:
    """The number of rows at which a test has a power of .80, to half a per cent."""
    while high - low > max(1, low // 200):
        middle = (low + high) // 2
        if test(middle).mean() < 0.8:
            low = middle
        else:
            high = middle
    return (low + high) // 2


def show_power(workers: Workers, times: int) -> list[str]:
    """Print power and rows beside those known; hand back where they differ."""
    jobs = [(at, case, times) for at, case in enumerate(EFFECTS)]
    rows, short = [], []
    for case, found in zip(EFFECTS, workers.map(rows_for_power, jobs, "power"), strict=True):
        least, most = case.rows or (found.ratio, found.ratio)
        known = f"{least:g}" if least == most else f"{least:g} to {most:g}"
        away = float(np.log(found.ratio / np.clip(found.ratio, least, most)))
        room = _room(case, found, times)
        what = f"{case.law.name}, effect {case.effect:g} sd, level {case.level:g}"
        rows.append(
            (
                case.law.name,
                case.effect,
                f"{case.level:g}",
                found.by_t,
                beside(found.power, case.power),
                f"{found.ratio:.2f} ({known}, {100 * away:+.0f} %)",
                f"{100 * room:.0f} %",
            )
        )
        if case.power is not None and is_far(found.power, case.power, times):
            short.append(f"{what}: power {found.power:.3f}, known {case.power}")
        if abs(away) > room:
            short.append(f"{what}: rows x{found.ratio:.2f}, known {known}")
    show_table(
        f"1e. Power of the bet where t has .80, and rows for .80 relative to t; {times} times",
        ("gains", "effect", "level", "rows of t", "power", "rows of the bet", "may differ by"),
        rows,
    )
    return short


def _room(case: Effect, found: Rows, times: int) -> float:
    """Two points of power and what chance may add, as a share of the rows."""
    by_chance = stats.norm.ppf((1 + CONFIDENCE) / 2) * (found.differ / times) ** 0.5
    at_80 = stats.norm.isf(0.2)
    slope = stats.norm.pdf(at_80) * (stats.norm.isf(case.level) + at_80) / 2
    return float((POINTS + by_chance) / slope)


def planned(case: tuple[Law, int], random: np.random.Generator, times: int) -> Floats:
    """How often the first look supports with the rows that Assay plans."""
    law, tries = case
    gains = law.draw(random, (times, planned_rows(law, tries)), PLANNED_EFFECT)
    first = level(1, alpha=ALPHA, tries=tries)
    return np.array([supported(gains, law, first, PLANNED_EFFECT).sum()])


def planned_rows(law: Law, tries: int) -> int:
    """The rows that Assay plans for a power of .8."""
    loss = -law.lower(PLANNED_EFFECT)
    return rows_needed(
        alpha=ALPHA, tries=tries, sd_gain=1.0, excess=PLANNED_EFFECT, greatest_loss=loss
    )


def show_planned(workers: Workers, times: int) -> list[str]:
    """Print the power at the rows planned; hand back where it is not near .8."""
    cases = [(law, tries) for law in PLANNED for tries in (1, 10)]
    counts = workers.tally(planned, cases, times, seed=PLANNED_SEED, words="planned rows")
    rows, short = [], []
    for (law, tries), (hits,) in zip(cases, counts, strict=True):
        power, planned_for = hits / times, planned_rows(law, tries)
        rows.append((law.name, tries, planned_for, f"{power:.3f}"))
        if highest(int(hits), times) < 0.75 or lowest(int(hits), times) > 0.97:
            short.append(f"{law.name}, {tries} tries: {planned_for} rows have power {power:.3f}")
    show_table(
        f"Power of the first look with the rows that `rows_needed` plans for .8, at "
        f"{PLANNED_EFFECT:g} sd; {times} times",
        ("gains", "tries", "rows", "power"),
        rows,
    )
    return short
