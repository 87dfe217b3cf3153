"""One look at independent rows, and many: how often is a useless model supported?

Beside each figure stands the one of the design's simulation, in brackets with the difference in
points.
"""

from dataclasses import dataclass

import numpy as np
from _common import show_table
from _counting import Floats, Workers, beside, highest, lowest
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

from assay.verdict import star_supports

ONE_LOOK_SEED, MANY_LOOKS_SEED = 1101, 1102
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
