"""Honest teams that improve, and teams that give up: power and closing refutation of the rule.

Gains are near normal, as those of the design's simulations, and decided on by `level` and the bet.
"""

from dataclasses import dataclass

import numpy as np
from _common import show_table
from _counting import Floats, Workers, beside, is_far, lowest
from _laws import t_p_values

from assay.verdict import level, star_refutes, star_supports

POWER_SEED, REFUTE_SEED = 1202, 1206
ALPHA = 0.05
ROWS = 2000


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
