"""What other ways of splitting reach where returns start late, beside the exact split."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from _common import show_table
from scipy.optimize import isotonic_regression

from assay.portfolio import allocate
from assay.portfolio.kinds import Floats, Whole

SEED = 808
SECONDS = 5.0  # for 1000 projects and 1000 units; one core of 2024 takes about 1

# Mean share of the exact optimum and the worst one, in the design's simulation: one unit at a
# time, and along the concave envelopes.
DESIGN = {
    (5, 50): ((0.756, 0.000), (0.967, 0.461)),
    (5, 100): ((0.734, 0.089), (0.988, 0.693)),
    (30, 300): ((0.731, 0.480), (0.9996, 0.987)),
    (200, 300): ((0.820, 0.711), (0.9998, 0.999)),
    (1000, 1000): ((0.813, 0.776), (1.0, 1.0)),
}


@dataclass(frozen=True)
class Shares:
    """What other ways reach, as shares of the exact optimum, over many companies.

    Fields:
        projects: in each company.
        budget: units.
        one_at_a_time: shares that taking the best next unit reaches.
        along_envelopes: shares that going along the concave envelopes reaches.
        certificates: upper bound divided by the exact optimum.
        seconds: for one company, mean.
    """

    projects: int
    budget: int
    one_at_a_time: Floats
    along_envelopes: Floats
    certificates: Floats
    seconds: float


def late_values(rng: np.random.Generator, budget: int) -> Floats:
    """One project: as likely as not an S-curve or a start-up cost, else diminishing returns."""
    height, scale = math.exp(rng.normal(0, 0.8)), math.exp(rng.normal(math.log(20), 0.8))
    x = np.arange(budget + 1.0)
    kind = rng.choice(["steady", "steady", "s-curve", "start-up"])
    if kind == "s-curve":
        z = (x / scale) ** 3
        return height * z / (1 + z)
    start = rng.integers(8, 31) if kind == "start-up" else 0
    return -height * np.expm1(-np.maximum(x - start, 0.0) / scale)


def one_at_a_time(values: list[Floats], budget: int) -> float:
    """The value of always taking the best next unit."""
    rises = np.array([np.diff(curve) for curve in values])
    given = np.zeros(len(values), int)
    total = 0.0
    for _ in range(budget):
        best = int(np.argmax(rises[np.arange(len(values)), given.clip(max=budget - 1)]))
        total += rises[best, given[best]]
        given[best] += 1
    return total


def along_envelopes(values: list[Floats], budget: int) -> float:
    """The value of going along the concave envelopes, steepest first, then filling up.

    A straight part of an envelope is taken whole or not at all; what is then left goes, again and
    again, to the next units that add most for each of them.
    """
    parts = [
        (-slope, at, start, end)
        for at, curve in enumerate(values)
        for slope, start, end in envelope(curve)
        if slope > 0
    ]
    given, left = np.zeros(len(values), int), budget
    for _, at, start, end in sorted(parts):
        # Where an earlier part did not fit, this one does not begin where the project stands.
        if start == given[at] and end - start <= left:
            given[at], left = end, left - (end - start)
    while left and (jump := steepest_jump(values, given, left)):
        at, units = jump
        given[at], left = given[at] + units, left - units
    return float(sum(curve[units] for curve, units in zip(values, given, strict=True)))


def envelope(curve: Floats) -> list[tuple[float, int, int]]:
    """The straight parts of the least concave majorant: slope, first unit, last unit."""
    slopes = isotonic_regression(np.diff(curve), increasing=False).x
    ends = [*(np.flatnonzero(np.diff(slopes)) + 1).tolist(), slopes.size]
    starts = [0, *ends[:-1]]
    return [(float(slopes[s]), s, e) for s, e in zip(starts, ends, strict=True)]


def steepest_jump(values: list[Floats], given: Whole, left: int) -> tuple[int, int] | None:
    """The project and its next units, at most `left`, that add most for each unit."""
    best, found = 0.0, None
    for at, (curve, now) in enumerate(zip(values, given.tolist(), strict=True)):
        added = (curve[now + 1 : now + left + 1] - curve[now]) / np.arange(1, left + 1)
        if added.size and added.max() > best:
            best, found = float(added.max()), (at, int(added.argmax()) + 1)
    return found


def best_of_all(values: list[Floats], budget: int) -> float:
    """The value of the best of all splits, by trying each."""
    splits = (s for s in product(range(budget + 1), repeat=len(values)) if sum(s) <= budget)
    return max(sum(c[u] for c, u in zip(values, split, strict=True)) for split in splits)


def missed_by_search(companies: int) -> int:
    """In how many small companies with late returns some split beats the search."""
    rng, missed = np.random.default_rng(SEED), 0
    for _ in range(companies):
        # Ten units of four days each: few enough to try every split, enough to start late.
        values = [late_values(rng, 40)[::4] for _ in range(3)]
        missed += best_of_all(values, 10) > allocate(values, 10).value * (1 + 1e-12)
    return missed


def compare(projects: int, budget: int, companies: int) -> Shares:
    """Search exactly and one unit at a time in companies with late returns."""
    shares, envelopes, certificates, seconds = [], [], [], 0.0
    for seed in range(companies):
        rng = np.random.default_rng([SEED, projects, budget, seed])
        values = [late_values(rng, budget) for _ in range(projects)]
        start = time.perf_counter()
        found = allocate(values, budget)
        seconds += time.perf_counter() - start
        shares.append(one_at_a_time(values, budget) / found.value)
        envelopes.append(along_envelopes(values, budget) / found.value)
        certificates.append(found.certificate)
    return Shares(
        projects, budget, np.array(shares), np.array(envelopes), np.array(certificates),
        seconds / companies,
    )  # fmt: skip


def show(results: Sequence[Shares]) -> None:
    """Print what other ways lose where returns start late; the design's figures in brackets."""
    columns = (
        "projects", "budget", "companies", "one at a time: mean", "worst", "envelopes: mean",
        "worst", "bound / exact", "exact, seconds",
    )  # fmt: skip
    show_table("Late returns: shares of the exact optimum, here (design)", columns, [
        (
            one.projects,
            one.budget,
            one.one_at_a_time.size,
            *_beside(one.one_at_a_time, DESIGN[one.projects, one.budget][0]),
            *_beside(one.along_envelopes, DESIGN[one.projects, one.budget][1]),
            f"{one.certificates.mean():.4f}",
            one.seconds,
        )
        for one in results
    ])  # fmt: skip


def shortfalls(results: Sequence[Shares], missed: int) -> list[str]:
    """What the searches promise and do not hold."""
    largest = results[-1]
    promises = {
        f"in {missed} small companies a split beats the search": missed == 0,
        "another way beats the search": all(
            max(one.one_at_a_time.max(), one.along_envelopes.max()) <= 1 + 1e-9 for one in results
        ),
        "one unit at a time loses less than 5 %, so the instances show nothing": all(
            one.one_at_a_time.mean() < 0.95 for one in results
        ),
        "one unit at a time loses no more than the envelopes": all(
            one.one_at_a_time.mean() < one.along_envelopes.mean() for one in results
        ),
        "the envelopes lose over 1 % in companies of 30 projects and more": all(
            one.along_envelopes.mean() > 0.99 for one in results if one.projects >= 30
        ),
        "a bound is below its optimum": all(one.certificates.min() >= 1 - 1e-9 for one in results),
        f"the bound of the largest is {largest.certificates.max():.4f} of its optimum": (
            largest.certificates.max() < 1.01
        ),
        f"the largest took {largest.seconds:.1f} s, promised are {SECONDS:g} s": (
            largest.seconds < SECONDS
        ),
    }
    return [words for words, holds in promises.items() if not holds]


def _beside(shares: Floats, design: tuple[float, float]) -> tuple[str, str]:
    mean, worst = shares.mean(), shares.min()
    return f"{mean:.4f} ({design[0]:g})", f"{worst:.3f} ({design[1]:g})"
