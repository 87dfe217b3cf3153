"""Many tries on the same sealed rows: chances of a false success, and p-values.

Everything is decided by `level`, the bet and their p-values, on simulated gains; the attack through
the public interface stands in `_attack`.
"""

from dataclasses import dataclass
from itertools import count

import numpy as np
from _attack import attack, votes
from _common import show_table
from _counting import Floats, Workers, beside, lowest
from _laws import t_p_values
from _team_tables import BOUND, variants

from assay.verdict import level, project_p_value, star_p_value, star_supports

REUSE_SEED, P_VALUE_SEED = 1201, 1301
ALPHA = 0.05
ROWS = 2000
TRIES = 10
SHOWN = (1, 5, 10, 20, 50, 200)


@dataclass(frozen=True)
class Rule:
    """One column of the table of reuse.

    Fields:
        name: as it is printed.
        is_sealed: one bit and a share of alpha for each try; else scores and a t test at alpha.
        copied: share of its votes that each honest variant takes from a common parent; `None`
            where majority votes attack.
        known: known chance of a false success by tries.
    """

    name: str
    is_sealed: bool
    copied: float | None
    known: dict[int, float]


RULES = (
    Rule("shown, best of K", False, 0.9, {1: 0.05, 5: 0.10, 20: 0.18, 50: 0.27, 200: 0.53}),
    Rule("shown, majority votes", False, None, {1: 0.05, 5: 0.20, 20: 0.69, 50: 0.88, 200: 0.995}),
    Rule("one bit, rho 0", True, 0.0, {10: 0.017, 50: 0.043, 200: 0.027}),
    Rule("one bit, rho .9", True, 0.9, {10: 0.017, 50: 0.017, 200: 0.023}),
    Rule("one bit, majority votes", True, None, {}),
)


def reuse(rule: Rule, random: np.random.Generator, times: int) -> Floats:
    """How often some useless model passed, by the number of tries."""
    first = np.array([_first_passed(rule, random) or SHOWN[-1] + 1 for _ in range(times)])
    return np.array([(first <= tries).sum() for tries in SHOWN])


def _first_passed(rule: Rule, random: np.random.Generator) -> int:
    """Number of the first useless classifier that passes; 0 if none does.

    The labels are coins, and the baseline loses half a point on each row, so every classifier
    stands exactly at the boundary.
    """
    labels, number = votes(random, ROWS), count(1)

    def answer(model: Floats) -> float | None:
        gains = model * labels / 2
        if not rule.is_sealed:
            return None if t_p_values(gains) <= ALPHA else float(gains.mean())
        at = level(next(number), alpha=ALPHA, tries=TRIES)
        passes = star_supports(gains, delta=0.0, lower=-0.5, level=at, sd0=0.5)
        return None if passes else -1.0

    if rule.copied is None:
        return attack(answer, random, ROWS, SHOWN[-1])
    parent = votes(random, ROWS)
    for tried in range(1, SHOWN[-1] + 1):
        is_copied = random.random(ROWS) < rule.copied
        if answer(np.where(is_copied, parent, votes(random, ROWS))) is None:
            return tried
    return 0


def show_reuse(workers: Workers, times: int) -> list[str]:
    """Print the chance of a false success by tries; hand back what is too often."""
    counts = workers.tally(reuse, RULES, times, seed=REUSE_SEED, words="reuse")
    rows = [
        (
            tries,
            *(
                beside(hits[at] / times, rule.known.get(tries))
                for rule, hits in zip(RULES, counts, strict=True)
            ),
        )
        for at, tries in enumerate(SHOWN)
    ]
    show_table(
        f"2a. False success where every model stands at the boundary, {ROWS} rows, {TRIES} tries "
        f"registered; {times} projects",
        ("tries", *(rule.name for rule in RULES)),
        rows,
    )
    short = []
    for rule, hits in zip(RULES, counts, strict=True):
        passed = int(hits[-1])
        if rule.is_sealed and lowest(passed, times) > ALPHA:
            short.append(f"{rule.name}: {passed} of {times} useless projects pass")
        if not rule.is_sealed and rule.copied is None and passed < 0.9 * times:
            short.append(f"{rule.name}: only {passed} of {times} pass, so the attack is too weak")
    return short


LADDER = {
    4 / 3 * 0.05 * 4.0**-rung: known for rung, known in enumerate((0.0486, 0.0123, 0.0029, 0.0005))
}
P_VALUE_ROWS = 1000


def one_p_value(case: None, random: np.random.Generator, times: int) -> Floats:
    """How often the p-value of one look is at most each rung, at the boundary."""
    shared = random.normal(size=(times, P_VALUE_ROWS))
    p = np.array([_p_value(variants(random, each, 0.0)) for each in shared])
    return np.array([(p <= rung).sum() for rung in LADDER])


def project_p_values(case: None, random: np.random.Generator, times: int) -> Floats:
    """The same of a project in which ten variants were tried."""
    levels = [level(tried, alpha=ALPHA, tries=TRIES) for tried in range(1, TRIES + 1)]
    found = []
    for _ in range(times):
        shared = random.normal(size=P_VALUE_ROWS)
        p = [_p_value(variants(random, shared, 0.0)) for _ in levels]
        found.append(project_p_value(p, levels=levels, alpha=ALPHA))
    return np.array([(np.array(found) <= rung).sum() for rung in LADDER])


def _p_value(gains: Floats) -> float:
    return star_p_value(gains, delta=0.0, lower=-BOUND, sd0=1.0)


def show_p_values(workers: Workers, times: int) -> list[str]:
    """Print how often p-values are small at the boundary; hand back where that is too often."""
    projects = times // 8
    (one,) = workers.tally(one_p_value, [None], times, seed=P_VALUE_SEED, words="p-values")
    (whole,) = workers.tally(
        project_p_values, [None], projects, seed=P_VALUE_SEED + 1, words="p-values of projects"
    )
    rows, short = [], []
    for at, (rung, known) in enumerate(LADDER.items()):
        share = one[at] / times
        cell = f"{share:.4f} ({known:.4f}, {100 * (share - known):+.2f})"
        rows.append((f"{rung:.4f}", cell, f"{whole[at] / projects:.4f}"))
        for hits, repeated, what in ((one, times, "a look"), (whole, projects, "a project")):
            if lowest(int(hits[at]), repeated) > rung:
                short.append(f"p-value of {what}: {hits[at]} of {repeated} at most {rung:.4f}")
    show_table(
        f"3b. P(p <= t) at the boundary, {P_VALUE_ROWS} rows; {times} looks, {projects} projects "
        f"of {TRIES} looks",
        ("t", "a look", "a project"),
        rows,
    )
    return short
