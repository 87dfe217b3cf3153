"""Is a verdict that holds ever withdrawn after its release, and one that no longer does, how soon?

First the statistics alone, by simulation with the product's own watch: a mean gain that is exactly
the one claimed, watched for long, beside the naive way of testing again after each batch. Then how
many rows, or periods, a drift goes unseen, after a short good past and after a long one. Then
releases through the public interface, from registration to withdrawal, their gate taken as passed.

A watch falls short where the 99 % lower bound of its false withdrawals exceeds alpha, or where a
drift of one standard deviation is not found.

Run `python benchmarks/watch.py` (some six minutes on two cores), with `--quick` for fewer
repetitions (half a minute on one), with `--check` to fail where a promise does not hold.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from _common import finish, read_options, show_table
from _counting import Floats, Workers, highest, lowest
from _laws import (
    AR_60,
    AR_90,
    AVERAGED,
    DISASTERS,
    DISCORDANT,
    NEAR_NORMAL,
    SKEWED,
    SPARSE,
    WHITE,
    Process,
    t_p_values,
)
from _released import BATCH, BATCHES, Release, watched
from _watched_laws import ALPHA, GOAL, Bounded, Groups, Series

SEEDS, LATE_SEED = {"independent": 401, "series": 402, "groups": 403}, 404
ROWS, PERIODS, GROUPS, LOOKS = 5_000, 600, 600, 30

INDEPENDENT = (
    Bounded(DISCORDANT, DISCORDANT.lower() * -1, DISCORDANT.name),
    Bounded(SPARSE, SPARSE.lower() * -1, SPARSE.name),
    Bounded(NEAR_NORMAL, 4.0, NEAR_NORMAL.name),
    Bounded(SKEWED, -SKEWED.lower(), "right-skewed, capped at 6 sd", is_mirrored=True),
    Bounded(DISASTERS, 0.1, DISASTERS.name),
    Bounded(DISASTERS, -DISASTERS.lower(), "rare windfalls (+1, p = .005)", is_mirrored=True),
)
WEEKS_OF_MA = Process("MA(7), averaged by week", moving=(1.0,) * 7, season=7)
SERIES = (
    Series(WHITE, 52),
    Series(WHITE, 104),
    Series(AR_60, 104),
    Series(AR_90, 365),
    Series(WEEKS_OF_MA, 104),
    Series(AVERAGED, 104),
    Series(WHITE, 104, is_heavy=True),
)
GROUPED = (
    Groups(50, 0.1, 20),
    Groups(50, 0.3, 20),
    Groups(200, 0.3, 5),
    Groups(50, 0.3, 5, later=20),
    Groups(50, 0.0, 5, later=50),
    Groups(200, 0.1, 5, later=20),
    Groups(50, 0.3, 20, later=2),
    Groups(50, 0.1, 5, later=30, grows=True),
)

PASTS, DROPS, LIFT, PATIENCE = (0, 300, 10_000), (0.1, 0.3, 1.0), 0.3, 20_000
SERIES_PASTS, SERIES_DROPS, SERIES_LIFT, SERIES_PATIENCE = (0, 104, 520), (0.5, 1.0, 2.0), 0.3, 300
LATE_SERIES = (Series(WHITE, 104), Series(AR_60, 104))


@dataclass(frozen=True)
class Times:
    """How often each part is repeated."""

    independent: int
    series: int
    groups: int
    late: int
    releases: int
    drifts: int
    processes: int


FULL = Times(
    independent=2_000, series=600, groups=1_000, late=100, releases=300, drifts=60, processes=2
)
QUICK = Times(independent=200, series=20, groups=60, late=10, releases=6, drifts=3, processes=1)


def independent(case: Bounded, random: np.random.Generator, times: int) -> Floats:
    """Counts of false withdrawals by the watch, and by a t test after each of the looks."""
    hits = np.zeros(2)
    ends = np.linspace(0, ROWS, LOOKS + 1).astype(int)[1:]
    for _ in range(times):
        gains = case.draw(random, ROWS)
        hits[0] += case.course(gains).greatest >= GOAL
        hits[1] += any(t_p_values(-gains[:end]) <= ALPHA for end in ends.tolist())
    return hits


def series(case: Series, random: np.random.Generator, times: int) -> Floats:
    """The same for series."""
    hits = np.zeros(2)
    for _ in range(times):
        found = case.found_at(*case.released(random, PERIODS), LOOKS)
        hits += np.array(found) > 0
    return hits


def groups(case: Groups, random: np.random.Generator, times: int) -> Floats:
    """The same for groups."""
    return np.sum(
        [np.array(case.found_at(random, GROUPS, LOOKS)) > 0 for _ in range(times)], axis=0
    )


def show_false(workers: Workers, times: Times) -> tuple[list[str], float]:
    """Print false withdrawals; hand back where they are too many, and the greatest share."""
    parts = (
        ("independent", independent, INDEPENDENT, times.independent, f"{ROWS:,} rows"),
        ("series", series, SERIES, times.series, f"{PERIODS} periods"),
        ("groups", groups, GROUPED, times.groups, f"{GROUPS} groups"),
    )
    rows, short, greatest = [], [], 0.0
    for name, work, cases, repeated, watched_for in parts:
        counts = workers.tally(work, cases, repeated, seed=SEEDS[name], words=name)
        for case, (hits, naive) in zip(cases, counts, strict=True):
            share = hits / repeated
            greatest = max(greatest, share)
            rows.append(
                (case.name, watched_for, repeated, f"{share:.3f}", f"{naive / repeated:.3f}")
            )
            if lowest(int(hits), repeated) > ALPHA:
                short.append(f"{case.name}: {share:.3f} of verdicts that hold are withdrawn")
    columns = ("gains", "watched for", "releases", "withdrawn", "naive test again")
    show_table(f"A mean gain exactly as claimed, alpha {ALPHA:g}: false withdrawals", columns, rows)
    return short, greatest


def rows_late(case: tuple[int, float], random: np.random.Generator, times: int) -> Floats:
    """For each release how many rows its drift went unseen; -1 if for long, -2 if seen before."""
    past, drop = case
    law = INDEPENDENT[0]
    found = np.full(times, -1.0)
    for at in range(times):
        gains = law.draw(random, past + PATIENCE)
        gains[:past] += LIFT
        gains[past:] -= drop
        reached = np.flatnonzero(law.course(gains, lift=LIFT).logs >= GOAL)
        if reached.size:
            found[at] = max(reached[0] + 1 - past, -2)
    return found


def periods_late(
    case: tuple[Series, int, float], random: np.random.Generator, times: int
) -> Floats:
    """The same for series, in periods; a look at every fourth."""
    law, past, drop = case
    found = np.full(times, -1.0)
    for at in range(times):
        sealed, gains = law.released(random, past + SERIES_PATIENCE)
        gains[:past] += SERIES_LIFT * law.spread
        gains[past:] -= drop * law.spread
        for end in range(4, gains.size + 1, 4):
            if law.course(sealed, gains[:end]).greatest >= GOAL:
                found[at] = max(end - past, -2)
                break
    return found


def _late(job: tuple[int, tuple, int]) -> Floats:
    number, case, times = job
    random = np.random.default_rng([LATE_SEED, number])
    return (rows_late if len(case) == 2 else periods_late)(case, random, times)


def show_late(workers: Workers, times: int) -> list[str]:
    """Print how long drifts go unseen; hand back large ones that are not found."""
    cases: list[tuple] = [*product(PASTS, DROPS), *product(LATE_SERIES, SERIES_PASTS, SERIES_DROPS)]
    jobs = [(number, case, times) for number, case in enumerate(cases)]
    found = workers.map(_late, jobs, "drifts")
    rows, short = [], []
    for case, late in zip(cases, found, strict=True):
        *law, past, drop = case
        unseen, early = late == -1, late == -2
        seen = late[~unseen & ~early]
        middle = f"{np.median(seen):.0f}" if seen.size else "-"
        last = f"{np.quantile(seen, 0.9):.0f}" if seen.size else "-"
        what = law[0].name if law else INDEPENDENT[0].name
        share = f"{seen.size / late.size:.2f}"
        rows.append((what, past, drop, share, middle, last, int(early.sum())))
        if drop >= 1.0 and highest(seen.size, late.size - int(early.sum())) < 0.95:
            short.append(f"{what}: a drift of {drop:g} sd after {past} is found in {share}")
    columns = (
        "gains",
        "good past",
        "drop (sd)",
        "found",
        "median delay",
        "nine in ten",
        "too soon",
    )
    title = (
        f"Drifts to below the claim, after gains of {LIFT:g} sd: rows or periods until withdrawn"
    )
    show_table(f"{title}; {times} times", columns, rows)
    return short


def show_released(workers: Workers, times: Times) -> tuple[list[Release], list[str]]:
    """Print what becomes of releases through the public interface; hand back what is wrong."""
    jobs = [(False, at) for at in range(times.releases)] + [
        (True, at) for at in range(times.drifts)
    ]
    every = workers.map(watched, jobs, "releases")
    rows, short = [], []
    for drifts in (False, True):
        own = [one for one in every if one.drifts == drifts]
        gone = [one.withdrawn_after for one in own if one.withdrawn_after]
        middle = f"{np.median(gone):.0f}" if gone else "-"
        words = "falls below it after a third" if drifts else "stays exactly there"
        rows.append((words, len(own), len(gone), middle))
        if not drifts and lowest(len(gone), len(own)) > ALPHA:
            short.append(f"{len(gone)} of {len(own)} sound releases are withdrawn")
        if drifts and highest(len(gone), len(own)) < 0.95:
            short.append(f"only {len(gone)} of {len(own)} drifted releases are withdrawn")
    columns = ("mean gain as claimed", "releases", "withdrawn", "median rows")
    show_table(
        f"Register, attempt, release, watch: {BATCHES} batches of {BATCH} rows", columns, rows
    )
    return every, short


def main() -> None:
    """Run all parts and print their figures."""
    options = read_options(
        "Is a verdict that holds ever withdrawn, and one that does not, how soon?"
    )
    times = QUICK if options.quick else FULL
    with Workers(times.processes) as workers:
        short, greatest = show_false(workers, times)
        late = show_late(workers, times.late)
        every, wrong = show_released(workers, times)
    sound = [one for one in every if not one.drifts]
    false = sum(one.withdrawn_after > 0 for one in sound)
    found = sum(one.withdrawn_after > 0 for one in every if one.drifts)
    figure = (
        f"watch: {false} of {len(sound)} sound releases withdrawn (alpha {ALPHA:g}), "
        f"{found} of {len(every) - len(sound)} drifted ones; by simulation at most "
        f"{greatest:.3f} of verdicts that hold"
    )
    finish(figure, [*short, *late, *wrong], options)


if __name__ == "__main__":
    main()
