"""A team that makes all it can of the answers, through the public interface alone.

A table is profiled, an experiment registered, and models are offered to its seal, each project in a
ledger of its own.

The labels are fair coins that depend on nothing. So the baseline (always the same class) and every
classifier that never saw the sealed labels are wrong on half of the rows, majority votes included:
against the claim "better by more than 0" each of them stands exactly at the boundary, where the
chance of a false success is greatest.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from _common import show_table
from _counting import Floats, Workers, highest, lowest
from _laws import t_p_values

import assay
from assay.experiment import Experiment

SEED = 202
ALPHA = 0.05
TRIES = 10
MODELS = 200
SEALED, OPENED = 1000, 200
SHOWN = (1, 5, 20, 50, 200)


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


def attack(
    answer: Callable[[Floats], float | None], random: np.random.Generator, rows: int, models: int
) -> int:
    """Offer variants and majority votes of them in turn, until one passes.

    Args:
        answer: takes a classifier and returns the weight that its answer suggests; `None` where
            it passed.
        random: source of the variants.
        rows: what a classifier votes on.
        models: how many are offered at most.

    Returns:
        Number of the model that passed, 0 if none did.
    """
    variants: list[Floats] = []
    weights: list[float] = []
    for number in range(1, models + 1):
        is_variant = number % 2 == 1
        model = votes(random, rows) if is_variant else majority(random, variants, np.array(weights))
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
    return None if t_p_values(gains) <= ALPHA else float(gains.mean())


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
        again = partial(np.random.default_rng, [SEED, project, 1])
        naive = attack(lambda model: shown_score(model, hidden, usual), again(), SEALED, MODELS)
        start = time.perf_counter()
        sealed = attack(partial(one_bit, experiment, rows), again(), SEALED, MODELS)
        seconds = time.perf_counter() - start
    return Attacked(naive, sealed, sealed or MODELS, seconds)


def show_attack(workers: Workers, projects: int) -> tuple[list[Attacked], list[str]]:
    """Print how often a useless model passed by its number; hand back what is too often."""
    results = workers.map(attacked, range(projects), "useless models")
    naive, sealed = (
        np.array([getattr(one, name) or MODELS + 1 for one in results])
        for name in ("naive", "sealed")
    )
    rows = [
        (
            known,
            f"{np.mean(naive <= known):.3f}",
            f"{np.mean(sealed <= known):.3f}",
            f"{lowest(int((sealed <= known).sum()), projects):.3f}",
        )
        for known in SHOWN
    ]
    show_table(
        f"A useless model passes: {projects} projects, {SEALED} sealed rows, majority votes",
        ("models tried", "scores shown, t test", "behind the seal", "at least (99 %)"),
        rows,
    )
    bound = lowest(int((sealed <= MODELS).sum()), projects)
    promises = {
        f"a useless model passes in at least {bound:.3f} of projects, alpha is {ALPHA}": (
            bound <= ALPHA
        ),
        f"without protection only {np.mean(naive <= MODELS):.2f} pass, so the attack is too weak": (
            highest(int((naive <= MODELS).sum()), projects) > 0.9
        ),
    }
    return results, [words for words, holds in promises.items() if not holds]
