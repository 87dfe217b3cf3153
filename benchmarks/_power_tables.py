"""How many rows are enough: power of the bet on independent rows, beside Student's t."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from _common import show_table
from _counting import CONFIDENCE, POINTS, Floats, Workers, beside, highest, is_far, lowest
from _laws import DISCORDANT, MILDLY_SKEWED, NEAR_NORMAL, SKEWED, Law, t_p_values
from _verdict_tables import ALPHA, supported
from scipy import stats

from assay.verdict import level, rows_needed

POWER_SEED, PLANNED_SEED = 1105, 1106


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

PLANNED = {DISCORDANT: 0.75, NEAR_NORMAL: 0.75, MILDLY_SKEWED: 0.75, SKEWED: 0.66}
"""The least power that `star_rows` promises where .8 is planned."""

MOST_POWER = 0.95
PLANNED_EFFECT = 0.15


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
    """Print the power at the rows planned; hand back where it is not as promised."""
    cases = [(law, tries) for law in PLANNED for tries in (1, 10)]
    counts = workers.tally(planned, cases, times, seed=PLANNED_SEED, words="planned rows")
    rows, short = [], []
    for (law, tries), (hits,) in zip(cases, counts, strict=True):
        power, planned_for = hits / times, planned_rows(law, tries)
        rows.append((law.name, tries, planned_for, f"{power:.3f}"))
        if highest(int(hits), times) < PLANNED[law] or lowest(int(hits), times) > MOST_POWER:
            short.append(f"{law.name}, {tries} tries: {planned_for} rows have power {power:.3f}")
    show_table(
        f"Power of the first look with the rows that `rows_needed` plans for .8, at "
        f"{PLANNED_EFFECT:g} sd; {times} times",
        ("gains", "tries", "rows", "power"),
        rows,
    )
    return short
