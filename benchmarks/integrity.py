"""Does a useless model ever pass, however cleverly the answers are used, and does a sound one?

Everything goes through the public interface: a table is profiled, an experiment registered, and
predictions are offered to its seal, each project in a ledger of its own.

The labels are fair coins that depend on nothing. So the baseline (always the same class) and every
classifier that never saw the sealed labels are wrong on half of the rows, majority votes included:
against the claim "better by more than 0" each of them stands exactly at the boundary, where the
chance of a false success is greatest.

Run `python benchmarks/integrity.py` (about ten minutes on two cores), with `--quick` for fewer
projects (about a minute on one), with `--check` to fail where a promise does not hold.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
from _common import finish, read_options, show_table
from scipy import stats

import assay
from assay.experiment import Experiment
from assay.verdict import rows_needed, star_supports

SEED = 202
ALPHA = 0.05
TRIES = 10
MODELS = 200
SEALED, OPENED = 1000, 200
SHOWN = (1, 5, 20, 50, 200)
CONFIDENCE = 0.99
POWER = 0.8
SOUND_SEED, SOUND_OPENED, SOUND_SD, SOUND_GAIN = 203, 600, 0.1**0.5, 0.08
SOUND_PLANS = ((1, 1), (5, 3), (10, 5))
BET_SEED = 101

Floats = np.ndarray
Job = TypeVar("Job")
Done = TypeVar("Done")
Law = Callable[[np.random.Generator, int, float], Floats]


@dataclass(frozen=True)
class Attacked:
    """One project under attack.

    Fields:
        naive: number of the model that passes where scores are shown, 0 if none does.
        sealed: the same behind the seal.
        looks: looks taken.
        seconds: for all of them.
    """

    naive: int
    sealed: int
    looks: int
    seconds: float


@dataclass(frozen=True)
class Tried:
    """One sound project: was a useless try supported, was a sound one?"""

    plan: tuple[int, int]
    rows: int
    falsely: bool
    rightly: bool


def scratch() -> str | None:
    """Where ledgers lie while they last: in memory, where there is such a folder."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def begin(table: pl.DataFrame, folder: str, **terms: object) -> Experiment:
    """An experiment on a 0/1 target `y`, in a ledger of its own."""
    problem = assay.profile(table, target="y")
    ledger = assay.Ledger(Path(folder) / "assay.db", author="benchmark")
    shared = {"metric": "0-1", "baseline": "base-rate", "improve_by": 0.0, "alpha": ALPHA}
    return assay.register(problem, ledger=ledger, folder=folder, **shared, **terms)


def votes(random: np.random.Generator, rows: int) -> Floats:
    """A useless classifier: a coin for each row, as -1 and 1."""
    return random.choice([-1.0, 1.0], size=rows)


def majority(random: np.random.Generator, earlier: Sequence[Floats], weights: Floats) -> Floats:
    """The vote of earlier variants, weighted by the answers they got; ties by a coin."""
    total = weights @ np.array(earlier)
    return np.where(total == 0, votes(random, total.size), np.sign(total))


def attack(answer: Callable[[Floats], float | None], random: np.random.Generator) -> int:
    """Offer variants and majority votes of them in turn, until one passes.

    Args:
        answer: takes a classifier and returns the weight that its answer suggests; `None` where
            it passed.
        random: source of the variants.

    Returns:
        Number of the model that passed, 0 if none of `MODELS` did.
    """
    variants: list[Floats] = []
    weights: list[float] = []
    for number in range(1, MODELS + 1):
        is_variant = number % 2 == 1
        model = (
            votes(random, SEALED) if is_variant else majority(random, variants, np.array(weights))
        )
        weight = answer(model)
        if weight is None:
            return number
        if is_variant:
            variants.append(model)
            weights.append(weight)
    return 0


def shown_score(model: Floats, labels: Floats, usual: float) -> float | None:
    """Without protection: the mean gain is shown, and a t test at alpha decides."""
    gains = (labels != usual).astype(float) - (labels != model)
    t = stats.ttest_1samp(gains, 0.0, alternative="greater")
    return None if t.pvalue <= ALPHA else float(gains.mean())


def one_bit(experiment: Experiment, rows: Floats, model: Floats) -> float | None:
    """Behind the seal: `not yet` is all there is, and it speaks, if at all, against the model."""
    offered = pl.DataFrame({"row_id": rows, "mean": (model > 0).astype(float)})
    return None if experiment.attempt(predictions=offered, effort=1).supported else -1.0


def attacked(project: int) -> Attacked:
    """Attack one project twice: with scores shown, and behind the seal."""
    random = np.random.default_rng([SEED, project])
    labels = votes(random, OPENED + SEALED)
    table = pl.DataFrame({"x": random.uniform(size=labels.size), "y": (labels > 0).astype(int)})
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        experiment = begin(table, folder, expect=0.2, tries=TRIES, seal={"rows": SEALED})
        rows = np.sort(experiment.task.sealing.sealed_rows)
        usual = 1.0 if labels[experiment.task.open_rows].sum() > 0 else -1.0
        hidden = labels[rows]
        naive = attack(
            lambda model: shown_score(model, hidden, usual),
            np.random.default_rng([SEED, project, 1]),
        )
        start = time.perf_counter()
        sealed = attack(
            partial(one_bit, experiment, rows), np.random.default_rng([SEED, project, 1])
        )
        seconds = time.perf_counter() - start
    return Attacked(naive, sealed, sealed or MODELS, seconds)


def sound(job: tuple[tuple[int, int], int]) -> Tried:
    """One honest project: tries before `first` gain nothing, each from there on the same.

    The baseline says 0. A useless try says 1 where the label is a coin, a sound one where 1 is
    likelier, each on a tenth of the rows, so that gains vary as two losses correlated .8 do. Two
    sound tries share four fifths of their rows.
    """
    (tries, first), project = job
    random = np.random.default_rng([SOUND_SEED, tries, project])
    excess = SOUND_GAIN * SOUND_SD
    sealed = rows_needed(
        alpha=ALPHA, tries=tries, sd_gain=SOUND_SD, excess=excess, greatest_loss=1.0
    )
    kind = random.choice(
        ["plain", "coin", "likely"], p=[0.75, 0.125, 0.125], size=SOUND_OPENED + sealed
    )
    chance = np.select([kind == "coin", kind == "likely"], [0.5, (1 + excess / 0.1) / 2], 0.35)
    table = pl.DataFrame(
        {
            "x": random.uniform(size=chance.size),
            "kind": kind,
            "y": (random.uniform(size=chance.size) < chance).astype(int),
        }
    )
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        experiment = begin(
            table,
            folder,
            expect=0.06,
            tries=tries,
            seal={"rows": sealed},
            accept_underpowered="the rows are planned for the true gain, not the one assumed",
        )
        passed = _first_passed(experiment, kind, random, tries, first)
    return Tried((tries, first), sealed, 0 < passed < first, passed >= first)


def _first_passed(
    experiment: Experiment, kind: Floats, random: np.random.Generator, tries: int, first: int
) -> int:
    """Number of the first try that is supported, 0 if none is."""
    rows = np.sort(experiment.task.sealing.sealed_rows)
    for number in range(1, tries + 1):
        says_one = kind[rows] == ("likely" if number >= first else "coin")
        says_one &= random.uniform(size=rows.size) < 0.8
        offered = pl.DataFrame({"row_id": rows, "mean": says_one.astype(float)})
        if experiment.attempt(predictions=offered, effort=1).supported:
            return number
    return 0


def in_processes(
    work: Callable[[Job], Done], jobs: Sequence[Job], processes: int, words: str
) -> Iterator[Done]:
    """The results of all jobs as they come, with a bar."""
    from rich.progress import track

    if processes == 1:
        yield from map(work, track(jobs, words, transient=True))
        return
    for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
        os.environ.setdefault(library, "1")  # one core for each process, which inherits this
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(work, job) for job in jobs]
        done = as_completed(running)
        for each in track(done, words, total=len(jobs), transient=True):
            yield each.result()


def lowest(hits: int, repetitions: int) -> float:
    """The one-sided lower bound of Clopper and Pearson (1934)."""
    return float(stats.beta.ppf(1 - CONFIDENCE, hits, repetitions - hits + 1)) if hits else 0.0


def highest(hits: int, repetitions: int) -> float:
    """Its mirror image."""
    return 1.0 - lowest(repetitions - hits, repetitions)


def show_attack(results: list[Attacked]) -> list[str]:
    """Print how often a useless model passed by its number; hand back what is too often."""
    naive, sealed = (
        np.array([getattr(one, name) or MODELS + 1 for one in results])
        for name in ("naive", "sealed")
    )
    rows = [
        (
            known,
            f"{np.mean(naive <= known):.3f}",
            f"{np.mean(sealed <= known):.3f}",
            f"{lowest(int((sealed <= known).sum()), len(results)):.3f}",
        )
        for known in SHOWN
    ]
    show_table(
        f"A useless model passes: {len(results)} projects, {SEALED} sealed rows, majority votes",
        ("models tried", "scores shown, t test", "behind the seal", "at least (99 %)"),
        rows,
    )
    bound = lowest(int((sealed <= MODELS).sum()), len(results))
    promises = {
        f"a useless model passes in at least {bound:.3f} of projects, alpha is {ALPHA}": (
            bound <= ALPHA
        ),
        f"without protection only {np.mean(naive <= MODELS):.2f} pass, so the attack is too weak": (
            np.mean(naive <= MODELS) > 0.9
        ),
    }
    return [words for words, holds in promises.items() if not holds]


def show_sound(results: list[Tried]) -> list[str]:
    """Print how often a sound model passes; hand back where it is too seldom."""
    rows, short = [], []
    for plan in SOUND_PLANS:
        own = [one for one in results if one.plan == plan]
        right = sum(one.rightly for one in own)
        false = sum(one.falsely for one in own)
        share = f"{right / len(own):.3f}"
        rows.append((*plan, own[0].rows, len(own), share, f"{false / len(own):.3f}"))
        if highest(right, len(own)) < POWER:
            short.append(f"a sound model passes in {share} of projects with {plan[0]} tries")
        if lowest(false, len(own)) > ALPHA:
            short.append(f"a useless try passes in {false} of {len(own)} sound projects")
    show_table(
        f"A sound model passes: gain {SOUND_GAIN:g} sd beyond the claim, rows from `rows_needed`",
        ("tries", "sound from", "rows", "projects", "passes", "a useless try passes"),
        rows,
    )
    return short


def near_normal(random: np.random.Generator, rows: int, effect: float) -> Floats:
    """Bounded at 4 standard deviations."""
    return np.clip(random.normal(size=rows), -4.0, 4.0) + effect


def discordant(random: np.random.Generator, rows: int, effect: float) -> Floats:
    """Two classifiers of which one alone is right in a fifth of the rows, in standard units."""
    lean = effect * 0.2**0.5 / 2
    return random.choice([-1.0, 0.0, 1.0], p=[0.1 - lean, 0.8, 0.1 + lean], size=rows) / 0.2**0.5


def left_skewed(random: np.random.Generator, rows: int, effect: float) -> Floats:
    """Lognormal losses (sigma .6), capped at 6 standard deviations; the cap is in their mean."""
    law = stats.lognorm(0.6)
    cap = law.mean() + 6 * law.std()
    log_cap = np.log(cap)
    # The mean of a capped lognormal, in closed form.
    mean = law.mean() * stats.norm.cdf((log_cap - 0.36) / 0.6) + cap * stats.norm.sf(log_cap / 0.6)
    return effect - (np.minimum(random.lognormal(0.0, 0.6, rows), cap) - mean) / law.std()


def disasters(random: np.random.Generator, rows: int, effect: float) -> Floats:
    """Nothing much, and one row in 200 that costs fourteen standard deviations."""
    return np.where(random.random(rows) < 0.005, -0.995, 0.005) / 0.005**0.5 + effect


BETS: dict[str, tuple[Law, float]] = {
    "near normal": (near_normal, 4.0),
    "0/1 loss, 20 % discordant": (discordant, 0.2**-0.5),
    "left-skewed, capped": (left_skewed, 6.1),
    "rare disasters": (disasters, 0.996 / 0.005**0.5),
}
"""Gains of mean `effect` and standard deviation 1, and how far they may fall below their mean."""


def passes(law: Law, bound: float, effect: float, rows: int, level: float, times: int) -> int:
    """How often the bet says yes."""
    random = np.random.default_rng([BET_SEED, rows, times])
    lower = -bound if law is discordant else effect - bound
    bet = {"delta": 0.0, "lower": lower, "level": level, "sd0": 1.0}
    return sum(star_supports(law(random, rows, effect), **bet) for _ in range(times))


def show_bets(times: int) -> list[str]:
    """Print false yes at the boundary and power at the rows planned; hand back what is off."""
    table, short = [], []
    for name, (law, bound) in BETS.items():
        cells: list[str] = []
        for rows, level in ((200, 0.05), (1000, 0.05), (1000, 0.004)):
            hits = passes(law, bound, 0.0, rows, level, times)
            cells.append(f"{hits / times:.4f}")
            if lowest(hits, times) > level:
                short.append(f"{name}: {hits} of {times} bets say yes falsely at level {level}")
        for tries in (1, TRIES):
            if law is disasters:  # a bound of fourteen sd is what the cap is there to avoid
                cells.append("-")
                continue
            loss = bound if law is discordant else bound - 0.15
            rows = rows_needed(
                alpha=ALPHA, tries=tries, sd_gain=1.0, excess=0.15, greatest_loss=loss
            )
            hits = passes(law, bound, 0.15, rows, 0.8 * ALPHA / tries, times)
            cells.append(f"{hits / times:.3f} ({rows})")
            if highest(hits, times) < 0.75 or lowest(hits, times) > 0.95:
                short.append(f"{name}: {rows} rows give a power of {hits / times:.3f}")
        table.append((name, *cells))
    show_table(
        f"The bet: false yes at the boundary, power (rows) at .15 sd beyond it; {times} times",
        ("gains", "n 200, .05", "n 1000, .05", "n 1000, .004", "one try", "ten tries"),
        table,
    )
    return short


def main() -> None:
    """Run all parts and print their figures."""
    options = read_options("Does a useless model ever pass, and does a sound one?")
    projects, honest, times, processes = (50, 40, 300, 1) if options.quick else (1000, 400, 2000, 2)
    short = show_bets(times)
    jobs = [(plan, project) for plan in SOUND_PLANS for project in range(honest)]
    tried = list(in_processes(sound, jobs, processes, "sound models"))
    short += show_sound(tried)
    results = list(in_processes(attacked, range(projects), processes, "useless models"))
    short += show_attack(results)
    false, naive = sum(one.sealed > 0 for one in results), sum(one.naive > 0 for one in results)
    rightly = np.mean([one.rightly for one in tried if one.plan == SOUND_PLANS[-1]])
    looks = sum(one.looks for one in results)
    milliseconds = 1000 * sum(one.seconds for one in results) / looks
    figure = (
        f"integrity: {MODELS} useless models pass in {false} of {projects} projects "
        f"({false / projects:.3f}, alpha {ALPHA:g}), {naive / projects:.3f} where scores are "
        f"shown; a sound one passes in {rightly:.2f}; {milliseconds:.1f} ms a look"
    )
    finish(figure, short, options)


if __name__ == "__main__":
    main()
