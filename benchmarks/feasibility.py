"""Is a call on feasibility right where it is made, and how often is one made at all?

Run `python benchmarks/feasibility.py` (about five minutes on two cores; `--quick` takes less than
one on one core), with `--check` to fail where a promise does not hold.

Each task is a law drawn at random: 2 to 20 features; a regression function that is a line, a sum
of curves, a smooth surface, or products of features; noise, part of which two annotators would not
share. *Reachable* is the R² of the product's own learners at 1,500 rows, on rows without end. A
pilot of 80 or of 200 rows, with 60 pairs of labels, is asked whether a target can be met that lies
.04, .08 or .15 above or below. Of rows alike, the pilots see none of the 1,500.

On 60 tasks of another seed two likelihoods of the curves were compared, and the one was taken that
treats a pilot's four scores as independent. Seed 90211 was to confirm it and did not: targets .04
out of reach got a GO in .05 of cases, and calls there were right in .87. On 150 tasks of design
seeds the scores were then given a shared error, and all was run once more with a fresh seed, which
is the one below.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from _common import finish, read_options, show_table
from scipy import stats

from assay.problem.feasibility.call import Evidence, decide
from assay.problem.feasibility.ceiling import numeric_ceiling
from assay.problem.feasibility.curve import HIGH, LOW, MIDDLE, Pilot, measured, rising
from assay.problem.feasibility.learners import Floats, kernels, predict
from assay.problem.feasibility.signal import signal_p_value

DESIGN_SEEDS, SEEN_SEED, SEED = (4043, 4044, 4045), 90211, 27182
PILOTS, FULL, FRESH, PAIRS = (80, 200), 1500, 700, 60
DISTANCES = (0.04, 0.08, 0.15)
SHAPES = ("line", "curves", "surface", "products")
LEAST_REACHABLE = 0.05  # of a live task
RECOMMENDED = "recommended"
RULES = (
    "pilot score against target",
    "median of the curves",
    "80 % band, both ways",
    RECOMMENDED,
)

# What the recommended rule promises; a check fails where 99 % bounds leave no doubt.
CONFIDENCE = 0.99
CORRECT = (0.91, 0.995, 0.995)  # share of calls that are right, by distance
MOST_FALSE_GO, MOST_FALSE_NO = 0.03, 0.01  # of targets out of reach, of those within
LEAST_CALLED = 0.2  # of the targets .15 away


@dataclass(frozen=True, eq=False)
class Law:
    """How the rows of a task come about.

    Fields:
        features: how many there are; the first `used` of them matter.
        truth: the regression function, with a variance near 1.
        noise: standard deviation of what neither features nor annotators know.
        slip: standard deviation of one annotator's error.
    """

    features: int
    truth: Callable[[Floats], Floats]
    noise: float
    slip: float

    def rows(self, count: int, random: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Features, what the features tell, and the value that annotators look at."""
        x = random.normal(size=(count, self.features))
        told = self.truth(x)
        return x, told, told + random.normal(0.0, self.noise, count)

    def labels(self, value: Floats, random: np.random.Generator) -> Floats:
        """One annotator's labels."""
        return value + random.normal(0.0, self.slip, len(value))


@dataclass(frozen=True)
class Asked:
    """One target for one pilot, and what each rule called.

    Fields:
        pilot: rows of the pilot.
        distance: of the target from the reachable score; 0 for a task without signal.
        can: whether the target is reachable.
        calls: GO, NO-GO or CANNOT TELL YET, by rule.
    """

    pilot: int
    distance: float
    can: bool
    calls: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What one pilot answered: where the truth lay in its 80 % band, and its targets."""

    pilot: int
    is_live: bool
    place: int
    asked: tuple[Asked, ...]


def draw_law(random: np.random.Generator, *, live: bool) -> Law:
    """One task."""
    features = int(random.choice([2, 4, 8, 20]))
    used = int(min(features, random.integers(2, 9)))
    ceiling = random.uniform(0.3, 0.95)
    spread = 1.0 / ceiling - 1.0  # variance of all noise, where the function has 1
    by_label = random.uniform()
    shape = str(random.choice(SHAPES))
    truth = _function(shape, used, random) if live else np.zeros_like
    sizes = np.sqrt(spread * np.array([1.0 - by_label, by_label]))
    return Law(features, (lambda x: truth(x[:, :used])) if live else _nothing, *map(float, sizes))


def _nothing(x: Floats) -> Floats:
    return np.zeros(len(x))


def _function(shape: str, used: int, random: np.random.Generator) -> Callable[[Floats], Floats]:
    """A function of `used` standard normal features, scaled to a variance of 1 on 4,000 of them."""
    raw = {"line": _line, "curves": _curves, "surface": _surface, "products": _products}[shape](
        used, random
    )
    seen = raw(random.normal(size=(4000, used)))
    mean, sd = float(seen.mean()), float(seen.std())
    return lambda x: (raw(x) - mean) / sd


def _line(used: int, random: np.random.Generator) -> Callable[[Floats], Floats]:
    slopes = random.normal(size=used)
    return lambda x: x @ slopes


def _curves(used: int, random: np.random.Generator) -> Callable[[Floats], Floats]:
    size, pace = random.normal(size=used), random.uniform(0.5, 2.5, used)
    shift = random.uniform(0.0, 2 * np.pi, used)
    return lambda x: np.sin(x * pace + shift) @ size


def _surface(used: int, random: np.random.Generator) -> Callable[[Floats], Floats]:
    """A draw from a smooth random field, by 200 random waves."""
    pace = random.normal(size=(used, 200)) * random.uniform(0.4, 1.0) / np.sqrt(used)
    shift, size = random.uniform(0.0, 2 * np.pi, 200), random.normal(size=200)
    return lambda x: np.cos(x @ pace * 1.5 + shift) @ size


def _products(used: int, random: np.random.Generator) -> Callable[[Floats], Floats]:
    slopes, pairs = random.normal(size=used), random.normal(size=(used, used))
    share = random.uniform(0.3, 1.0)
    return lambda x: x @ slopes + share * np.einsum("ri,ij,rj->r", x, np.triu(pairs, 1), x)


def reachable(law: Law, rows: int, random: np.random.Generator) -> float:
    """R² at `rows` rows, against labels; the noise of fresh labels enters by its law."""
    x, told, value = law.rows(rows + FRESH, random)
    y = law.labels(value, random)
    train, test = np.arange(rows), np.arange(rows, rows + FRESH)
    found = predict(kernels(_scaled(x)), y, train, test)
    noise = law.noise**2 + law.slip**2
    total = float(np.var(told)) + noise
    return 1.0 - (float(np.mean((told[test] - found) ** 2)) + noise) / total


def _scaled(x: Floats) -> Floats:
    return (x - x.mean(axis=0)) / x.std(axis=0)


def answers(job: tuple[int, int, bool]) -> list[Answer]:
    """One task with a pilot of each size; none where even 1,500 rows reach next to nothing."""
    seed, task, live = job
    random = np.random.default_rng([seed, task, live])
    law = draw_law(random, live=live)
    truth = reachable(law, FULL, random) if live else 0.0
    if live and truth < LEAST_REACHABLE:
        return []
    return [_answer(law, truth, rows, random, live=live) for rows in PILOTS]


def _answer(
    law: Law, truth: float, rows: int, random: np.random.Generator, *, live: bool
) -> Answer:
    x, _, value = law.rows(rows, random)
    y = law.labels(value, random)
    twice = law.rows(PAIRS, random)[2]
    pilot = Pilot(kernels(_scaled(x)), y, np.arange(rows), is_grouped=False, is_share=False)
    points = measured(pilot, random)
    curve = rising(points)
    low, middle, high = (curve.quantile(share, FULL) for share in (LOW, MIDDLE, HIGH))
    p_value = signal_p_value(pilot.kernels, y, random=random)
    ceiling = numeric_ceiling(y, law.labels(twice, random), law.labels(twice, random))
    sides = (-1.0, 1.0) if live else (1.0,)
    asked = []
    for target, distance in ((truth + side * far, far) for far in DISTANCES for side in sides):
        if not 0.02 < target < 0.98:
            continue
        evidence = Evidence(
            target=target, p_value=p_value, points=points, full_rows=FULL, ceiling=ceiling
        )
        calls = {
            "pilot score against target": _both_ways(points[-1].score, points[-1].score, target),
            "median of the curves": _both_ways(middle, middle, target),
            "80 % band, both ways": _both_ways(low, high, target),
            RECOMMENDED: decide(evidence, at_least=low),
        }
        asked.append(Asked(rows, distance if live else 0.0, target <= truth, calls))
    return Answer(rows, live, int(truth > high) - int(truth < low), tuple(asked))


def _both_ways(low: float, high: float, target: float) -> str:
    if low >= target:
        return "GO"
    return "NO-GO" if high < target else "CANNOT TELL YET"


@dataclass(frozen=True)
class Tally:
    """How one rule did at one distance: counts, in the words of the table."""

    asked: int
    called: int
    right: int
    false_go: int
    cannot: int
    false_no: int
    can: int

    @classmethod
    def of(cls, asked: Sequence[Asked], rule: str) -> "Tally":
        """Count the calls of one rule."""
        calls = [(one.calls[rule], one.can) for one in asked]
        false_go, false_no = calls.count(("GO", False)), calls.count(("NO-GO", True))
        right = calls.count(("GO", True)) + calls.count(("NO-GO", False))
        can = sum(one.can for one in asked)
        called = right + false_go + false_no
        return cls(len(calls), called, right, false_go, len(calls) - can, false_no, can)


def lowest(hits: int, tries: int) -> float:
    """The one-sided lower bound of Clopper and Pearson (1934)."""
    return float(stats.beta.ppf(1 - CONFIDENCE, hits, tries - hits + 1)) if hits else 0.0


def highest(hits: int, tries: int) -> float:
    """Its mirror image."""
    return 1.0 - lowest(tries - hits, tries)


def show_rules(asked: Sequence[Asked]) -> dict[str, list[Tally]]:
    """Print each rule at the three distances, and hand back what was counted."""
    tallies = {
        rule: [Tally.of([one for one in asked if one.distance == far], rule) for far in DISTANCES]
        for rule in RULES
    }
    rows = [
        (
            rule,
            _three(tally, lambda one: one.called / one.asked),
            _three(tally, lambda one: one.right / one.called if one.called else float("nan")),
            _three(tally, lambda one: one.false_go / one.cannot),
            _three(tally, lambda one: one.false_no / one.can),
        )
        for rule, tally in tallies.items()
    ]
    title = f"Calls on {len(asked)} targets at {', '.join(map(str, DISTANCES))} R² from reachable"
    columns = ("rule", "called", "correct when called", "false GO", "false NO-GO")
    show_table(title, columns, rows)
    return tallies


def _three(tallies: Sequence[Tally], share: Callable[[Tally], float]) -> str:
    return " / ".join(f"{share(one):.2f}" for one in tallies)


def show_band(live: Sequence[Answer]) -> None:
    """Print where the truth lay: the upper end of an extrapolation is not to be relied on."""
    rows = []
    for size in PILOTS:
        places = np.array([one.place for one in live if one.pilot == size])
        rows.append((size, len(places), *(f"{np.mean(places == at):.2f}" for at in (-1, 0, 1))))
    columns = ("pilot", "pilots", "below", "covered", "above")
    show_table("The score at 1,500 rows against the 80 % band", columns, rows)


def shortfalls_of(tallies: Sequence[Tally], blind: Tally) -> list[str]:
    """What the recommended rule promises and does not hold, beyond chance."""
    short = []
    for far, one, least in zip(DISTANCES, tallies, CORRECT, strict=True):
        at = f"at {far} from reachable"
        if lowest(one.false_go, one.cannot) > MOST_FALSE_GO:
            short.append(f"{one.false_go} of {one.cannot} targets out of reach get GO {at}")
        if lowest(one.false_no, one.can) > MOST_FALSE_NO:
            short.append(f"{one.false_no} of {one.can} reachable targets get NO-GO {at}")
        if one.called and highest(one.right, one.called) < least:
            short.append(f"{one.right} of {one.called} calls are right {at}, promised are {least}")
    far = tallies[-1]
    if highest(far.called, far.asked) < LEAST_CALLED:
        short.append(f"only {far.called} of {far.asked} targets get a call: it says nothing")
    if lowest(blind.false_go, blind.cannot) > MOST_FALSE_GO:
        short.append(f"{blind.false_go} of {blind.cannot} targets get GO where there is no signal")
    return short


def all_answers(jobs: Sequence[tuple[int, int, bool]], processes: int) -> Iterator[Answer]:
    """The answers of all tasks as they come, with progress."""
    from rich.progress import track

    if processes == 1:
        for job in track(jobs, "tasks", transient=True):
            yield from answers(job)
        return
    for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(library, "1")  # one core for each process, which inherits this
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        done = as_completed([pool.submit(answers, job) for job in jobs])
        for each in track(done, "tasks", total=len(jobs), transient=True):
            yield from each.result()


def main() -> None:
    """Draw all tasks, ask their pilots, and print what each rule called."""
    options = read_options("Is a call on feasibility right where it is made?")
    began = time.perf_counter()
    live, blind, processes = (10, 12, 1) if options.quick else (92, 30, 2)
    jobs = [(SEED, task, True) for task in range(live)]
    jobs += [(SEED, task, False) for task in range(blind)]
    found = list(all_answers(jobs, processes))
    seconds = time.perf_counter() - began
    living = [one for one in found if one.is_live]
    asked = [each for one in living for each in one.asked]
    nothing = [each for one in found if not one.is_live for each in one.asked]
    tallies = show_rules(asked)[RECOMMENDED]
    show_band(living)
    without = Tally.of(nothing, RECOMMENDED)
    said_no = without.called - without.false_go
    print(
        f"Without signal: {without.asked} targets in {blind} tasks, {without.false_go} get GO and "
        f"{said_no} NO-GO."
    )
    figure = (
        f"feasibility: {len(living)} pilots, {len(asked)} targets; of those .04 / .08 / .15 from "
        f"reachable {_three(tallies, lambda one: one.called / one.asked)} are called, "
        f"{sum(one.right for one in tallies)} of {sum(one.called for one in tallies)} rightly; "
        f"pilots alone would be right in "
        f"{np.mean([_is_right(one, RULES[0]) for one in asked]):.2f}; {seconds:.0f} s"
    )
    finish(figure, shortfalls_of(tallies, without), options)


def _is_right(asked: Asked, rule: str) -> bool:
    return asked.calls[rule] == ("GO" if asked.can else "NO-GO")


if __name__ == "__main__":
    main()
