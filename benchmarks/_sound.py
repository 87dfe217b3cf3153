"""Teams with a sound model, through the public interface: does it pass?"""

import tempfile
from dataclasses import dataclass

import numpy as np
import polars as pl
from _attack import ALPHA, begin, scratch
from _common import show_table
from _counting import Floats, Workers, highest, lowest

from assay.experiment import Experiment
from assay.verdict import rows_needed

SEED, OPENED, SD, GAIN = 203, 600, 0.1**0.5, 0.08
PLANS = ((1, 1), (5, 3), (10, 5))
POWER = 0.8


@dataclass(frozen=True)
class Tried:
    """One sound project: was a useless try supported, was a sound one?"""

    plan: tuple[int, int]
    rows: int
    falsely: bool
    rightly: bool


def sound(job: tuple[tuple[int, int], int]) -> Tried:
    """One honest project: tries before `first` gain nothing, each from there on the same.

    The baseline says 0. A useless try says 1 where the label is a coin, a sound one where 1 is
    likelier, each on a tenth of the rows, so that gains vary as two losses correlated .8 do. Two
    sound tries share four fifths of their rows.
    """
    (tries, first), project = job
    random = np.random.default_rng([SEED, tries, project])
    excess = GAIN * SD
    sealed = rows_needed(alpha=ALPHA, tries=tries, sd_gain=SD, excess=excess, greatest_loss=1.0)
    kind = random.choice(["plain", "coin", "likely"], p=[0.75, 0.125, 0.125], size=OPENED + sealed)
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


def show_sound(workers: Workers, projects: int) -> tuple[list[Tried], list[str]]:
    """Print how often a sound model passes; hand back where it is too seldom."""
    jobs = [(plan, project) for plan in PLANS for project in range(projects)]
    results = workers.map(sound, jobs, "sound models")
    rows, short = [], []
    for plan in PLANS:
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
        f"A sound model passes: gain {GAIN:g} sd beyond the claim, rows from `rows_needed`",
        ("tries", "sound from", "rows", "projects", "passes", "a useless try passes"),
        rows,
    )
    return results, short
