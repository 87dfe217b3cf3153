"""Rows that depend on each other: groups, and series with memory, behind their gates."""

from dataclasses import dataclass

import numpy as np
from _common import show_table
from _counting import Floats, Workers, beside, is_far, lowest
from _laws import (
    AR_2,
    AR_60,
    AR_90,
    AR_97,
    AVERAGED,
    HIDDEN_DRIFT,
    MA_7,
    MA_28,
    NOT_AVERAGED,
    WHITE,
    Process,
    t_p_values,
)
from scipy.special import stdtr

from assay.verdict import LEAST_GROUPS, GroupTest, SeriesTest

GROUPS_SEED, SERIES_SEED = 1107, 1108
GROUP_LEVELS, SERIES_LEVELS = (0.05, 0.005), (0.05, 0.004)
MOST_GROUPS, MOST_SERIES = (0.06, 0.010), (0.06, 0.0075)
"""What the asymptotic tests may err at these levels."""

MEAN_SIZE = 20
GROUPS = (10, 20, 50, 100, 200)
KNOWN_GROUPS = {10: (0.084, 0.0147), 20: (0.073, 0.0133)}
KNOWN_MANY_GROUPS = "known .054 to .055, .0047 to .0087"
SIMILAR = (0.1, 0.3)

DATES = (104, 365, 1000)
GAIN = 3.0
KNOWN_TIMES = 6000


def groups(case: tuple[int, float], random: np.random.Generator, times: int) -> Floats:
    """Counts of naive t, cluster t before the gate, and the test with its gate, at each level.

    Sizes are geometric, as shops or patients are: a few groups hold many rows.
    """
    count, similar = case
    hits = np.zeros(7)
    for _ in range(times):
        group = np.repeat(np.arange(count), random.geometric(1 / MEAN_SIZE, count))
        own = random.normal(size=group.size)
        gains = similar**0.5 * random.normal(size=count)[group] + (1 - similar) ** 0.5 * own
        test = GroupTest(delta=0.0, groups=group)
        result = test.result(gains)
        before = stdtr(result.dof, -result.mean / result.se)
        naive = t_p_values(gains)
        hits[:2] += [naive <= each for each in GROUP_LEVELS]
        hits[2:4] += [before <= each for each in GROUP_LEVELS]
        hits[4:6] += [result.passed_gate and result.p_support <= each for each in GROUP_LEVELS]
        hits[6] += not result.passed_gate
    return hits


def show_groups(workers: Workers, times: int) -> list[str]:
    """Print what groups do to both tests; hand back where the gated one errs too often."""
    cases = [(count, similar) for similar in SIMILAR for count in GROUPS]
    counts = workers.tally(groups, cases, times, seed=GROUPS_SEED, words="groups")
    rows, short = [], []
    for (count, similar), hits in zip(cases, counts, strict=True):
        known = KNOWN_GROUPS.get(count, (None, None))
        share = hits / times
        answers = "declined" if share[6] == 1 else f"{share[4]:.3f}, {share[5]:.4f}"
        rows.append(
            (
                count,
                similar,
                f"{share[0]:.3f}, {share[1]:.3f}",
                beside(share[2], known[0]),
                beside(share[3], known[1], 4),
                answers,
            )
        )
        if (share[6] == 1) != (count < LEAST_GROUPS) or 0 < share[6] < 1:
            short.append(f"{count} groups: the gate declines {share[6]:.2f}")
        for at, (each, most) in enumerate(zip(GROUP_LEVELS, MOST_GROUPS, strict=True)):
            if lowest(int(hits[4 + at]), times) > most:
                short.append(f"{count} groups: {share[4 + at]:.4f} false support at {each}")
    show_table(
        f"1g. False support of grouped rows ({MEAN_SIZE} a group on average, sizes geometric); "
        f"from 50 groups on {KNOWN_MANY_GROUPS}; naive t known .19 to .36; {times} times",
        (
            "groups", "correlation", "naive t .05, .005", "cluster t .05", "cluster t .005",
            f"with the gate at {LEAST_GROUPS}",
        ),
        rows,
    )  # fmt: skip
    return short


@dataclass(frozen=True)
class Known:
    """What is known of one process with 104, 365 and 1000 dates."""

    process: Process
    false: tuple[float, float, float]
    strict: tuple[float | None, float | None, float | None]
    declined: tuple[float | None, float | None, float | None]
    power: tuple[float | None, float | None, float | None]
    is_weak_spot: bool = False


NOTHING = (None, None, None)
SERIES = (
    Known(WHITE, (0.049, 0.046, 0.044), (0.005, 0.004, 0.004), (0, 0, 0), (0.86, 0.89, 0.90)),
    Known(AR_60, (0.052, 0.052, 0.048), (0.005, 0.004, 0.004), (0.05, 0, 0), (0.80, 0.90, 0.90)),
    Known(AR_90, (0.004, 0.051, 0.055), (0.002, 0.004, 0.005), (0.99, 0.27, 0), (0.01, 0.64, 0.89)),
    Known(AR_97, (0.001, 0.004, 0.039), (0.000, 0.002, 0.005), (1, 0.99, 0.60), (0, 0.01, 0.37)),
    Known(MA_7, (0.002, 0.053, 0.048), (0.000, 0.005, 0.003), (0.98, 0, 0), (0.01, 0.84, 0.88)),
    Known(MA_28, (0.000, 0.002, 0.037), (0.000, 0.000, 0.004), (1, 0.99, 0.39), (0, 0.01, 0.52)),
    Known(AR_2, (0.000, 0.051, 0.050), (0.000, 0.005, 0.003), (1, 0, 0), (0, 0.85, 0.88)),
    Known(NOT_AVERAGED, (0.159, 0.124, 0.095), NOTHING, (0, 0, 0), NOTHING, True),
    Known(AVERAGED, (0.000, 0.029, 0.056), (0.000, 0.003, 0.005), (1, 0.77, 0), (0, 0.22, 0.86)),
    Known(
        HIDDEN_DRIFT, (0.094, 0.080, 0.070), (0.020, 0.012, 0.011), (0.12, 0, 0),
        (0.81, 0.92, 0.93), True,
    ),
)  # fmt: skip


def series(case: tuple[Process, int], random: np.random.Generator, times: int) -> Floats:
    """Counts of false support at each level, of refusals, and of support at three true errors."""
    process, dates = case
    used = dates - dates % (process.season or 1)
    gain = GAIN * (process.long_run_variance / used) ** 0.5
    names = np.arange(dates)
    useless = SeriesTest(delta=0.0, dates=names, season=process.season)
    # A claim lower by so much is the same as gains higher by so much.
    sound = SeriesTest(delta=-gain, dates=names, season=process.season)
    hits = np.zeros(4)
    for gains in process.draw(random, times, dates):
        result = useless.result(gains)
        passed = result.passed_gate
        hits[:2] += [passed and result.p_support <= each for each in SERIES_LEVELS]
        hits[2] += not passed
        hits[3] += passed and sound.supports(gains, SERIES_LEVELS[0])
    return hits


def show_series(workers: Workers, times: int) -> list[str]:
    """Print what memory does to the test; hand back what is off, the known weak spots apart."""
    cases = [(known.process, dates) for known in SERIES for dates in DATES]
    counts = workers.tally(series, cases, times, seed=SERIES_SEED, words="series")
    rows, short = [], []
    for place, ((process, dates), hits) in enumerate(zip(cases, counts, strict=True)):
        known, at = SERIES[place // len(DATES)], place % len(DATES)
        share = hits / times
        rows.append(
            (
                process.name + (" (weak spot)" if known.is_weak_spot else ""),
                dates,
                beside(share[0], known.false[at]),
                beside(share[1], known.strict[at], 4),
                beside(share[2], known.declined[at]),
                beside(share[3], known.power[at]),
            )
        )
        what = f"{process.name}, {dates} dates"
        for each, level, most in zip(range(2), SERIES_LEVELS, MOST_SERIES, strict=True):
            if not known.is_weak_spot and lowest(int(hits[each]), times) > most:
                short.append(f"{what}: {share[each]:.4f} false support at {level}")
        for name, found, told in (
            ("declined", share[2], known.declined[at]),
            ("power", share[3], known.power[at]),
            *((("false support", share[0], known.false[at]),) if known.is_weak_spot else ()),
        ):
            if told is not None and is_far(found, told, times, KNOWN_TIMES):
                short.append(f"{what}: {name} {found:.3f}, known {told}")
    show_table(
        f"1h. Adaptive EWC on series: false support, refusals, power at {GAIN:g} true standard "
        f"errors; {times} times",
        ("gains", "dates", "false at .05", "false at .004", "declined", "power"),
        rows,
    )
    return short
