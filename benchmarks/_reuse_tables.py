"""Many tries on the same sealed rows: false success, power, closing refutation, p-values.

Everything is decided by `level`, the bet and their p-values, on simulated gains; the attack through
the public interface stands in `_attack`.
"""

from dataclasses import dataclass
from itertools import count

import numpy as np
from _attack import attack, votes
from _common import show_table
from _counting import Floats, Workers, beside, is_far, lowest
from _laws import t_p_values

from assay.verdict import level, project_p_value, star_p_value, star_refutes, star_supports

REUSE_SEED, POWER_SEED, REFUTE_SEED, P_VALUE_SEED = 1201, 1202, 1206, 1301
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


@dataclass(frozen=True)
class Honest:
    """An honest team that improves.

    Fields:
        tries: variants offered.
        sound_from: the try from which on the gain is reached.
        gain: beyond the claim, in standard deviations.
        planned: tries registered.
        known: known power of the default, without correction, and of one test of the last variant.
    """

    tries: int
    sound_from: int
    gain: float
    planned: int
    known: tuple[float, float | None, float | None]

    def beyond(self, tried: int) -> float:
        """The true gain of a try: a straight line from as far below the claim to `gain`."""
        return self.gain * min(1.0, 2 * tried / self.sound_from - 1)


HONEST = (
    Honest(1, 1, 0.08, 1, (0.95, 0.97, 0.97)),
    Honest(5, 3, 0.08, 5, (0.93, 0.99, 0.96)),
    Honest(10, 5, 0.08, 10, (0.93, 0.99, 0.97)),
    Honest(20, 10, 0.08, 10, (0.92, 0.92, 0.98)),
    Honest(20, 10, 0.08, 20, (0.92, 0.92, 0.98)),
    Honest(30, 25, 0.08, 10, (0.50, None, None)),
    Honest(50, 30, 0.08, 50, (0.89, 0.93, 0.98)),
    Honest(50, 40, 0.10, 10, (0.78, None, None)),
    Honest(200, 150, 0.12, 10, (0.93, None, None)),
)
SHARED = 0.8
KNOWN_TIMES = 300
BOUND = 4.0


def variants(random: np.random.Generator, shared: Floats, mean: float) -> Floats:
    """Gains of one variant: near normal, bounded, correlated .8 with those of every other one."""
    own = random.normal(size=shared.size)
    return np.clip(SHARED**0.5 * shared + (1 - SHARED) ** 0.5 * own, -BOUND, BOUND) + mean


def honest(case: Honest, random: np.random.Generator, times: int) -> Floats:
    """Counts: right and false success by the default, the same uncorrected, and by the last."""
    hits = np.zeros(5)
    lower = -BOUND - case.gain
    for _ in range(times):
        shared, passed = random.normal(size=ROWS), [0, 0]
        for tried in range(1, case.tries + 1):
            gains = variants(random, shared, case.beyond(tried))
            at = level(tried, alpha=ALPHA, tries=case.planned)
            if not passed[0] and star_supports(gains, delta=0.0, lower=lower, level=at, sd0=1.0):
                passed[0] = tried
            if not passed[1] and t_p_values(gains) <= ALPHA:
                passed[1] = tried
            if all(passed):
                break
        last = variants(random, shared, case.gain)
        for at, each in enumerate(passed):
            hits[2 * at + (case.beyond(each) <= 0)] += each > 0
        hits[4] += t_p_values(last) <= ALPHA
    return hits


def show_honest(workers: Workers, times: int) -> list[str]:
    """Print the power of the default rule; hand back where it differs from what is known."""
    counts = workers.tally(honest, HONEST, times, seed=POWER_SEED, words="honest teams")
    rows, short = [], []
    for case, hits in zip(HONEST, counts, strict=True):
        share = hits / times
        what = f"{case.tries} tries, sound from {case.sound_from}, {case.planned} registered"
        rows.append(
            (
                case.tries,
                case.sound_from,
                f"{case.gain:g}",
                case.planned,
                beside(share[0], case.known[0]),
                f"{share[1]:.3f}",
                beside(share[2], case.known[1]),
                f"{share[3]:.3f}",
                beside(share[4], case.known[2]),
            )
        )
        if is_far(share[0], case.known[0], times, KNOWN_TIMES):
            short.append(f"{what}: power {share[0]:.3f}, known {case.known[0]}")
        if lowest(int(hits[1]), times) > ALPHA:
            short.append(f"{what}: {int(hits[1])} of {times} succeed falsely")
    show_table(
        f"2b, 2c. Power of honest teams, {ROWS} rows, variants correlated {SHARED:g}; "
        f"{times} projects",
        (
            "tries", "sound from", "gain, sd", "registered", "default, bet", "false",
            "no correction", "false", "last alone",
        ),
        rows,
    )  # fmt: skip
    return short


@dataclass(frozen=True)
class Closing:
    """A team that stops: how many variants, is one as good as claimed, how often refuted."""

    tries: int
    one_reaches: bool
    known: float


CLOSING = (
    Closing(1, True, 0.045),
    Closing(5, True, 0.042),
    Closing(20, True, 0.025),
    Closing(1, False, 1.00),
    Closing(5, False, 0.98),
    Closing(20, False, 0.98),
)
CLAIM = 0.10


def closing(case: Closing, random: np.random.Generator, times: int) -> Floats:
    """How often every tried variant is shown to fall short of the claim."""
    bet = {"delta": CLAIM, "upper": BOUND + CLAIM, "level": ALPHA, "sd0": 1.0}
    hits = 0
    for _ in range(times):
        shared = random.normal(size=ROWS)
        means = [CLAIM if case.one_reaches else 0.0] + [0.0] * (case.tries - 1)
        hits += all(star_refutes(variants(random, shared, mean), **bet) for mean in means)
    return np.array([hits])


def show_closing(workers: Workers, times: int) -> list[str]:
    """Print how often a closing refutes; hand back what is too often or too seldom."""
    counts = workers.tally(closing, CLOSING, times, seed=REFUTE_SEED, words="closing")
    rows, short = [], []
    for case, (hits,) in zip(CLOSING, counts, strict=True):
        share = hits / times
        truth = "one exactly at the claim" if case.one_reaches else "none gains anything"
        rows.append((case.tries, truth, beside(share, case.known)))
        if case.one_reaches and lowest(int(hits), times) > ALPHA:
            short.append(f"{case.tries} tries, {truth}: refuted in {share:.3f}")
        if not case.one_reaches and is_far(share, case.known, times):
            short.append(f"{case.tries} tries, {truth}: refuted in {share:.3f}, known {case.known}")
    show_table(
        f"2f. Refuted at closing, claim {CLAIM:g} sd, {ROWS} rows; {times} projects",
        ("tries", "truth", "refuted"),
        rows,
    )
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
