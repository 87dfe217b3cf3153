"""Releases through the public interface, watched batch after batch.

Only the gate is not asked: a record says that it passed, since one gate takes longer than the rest.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from _attack import ALPHA, scratch

import assay
from assay.experiment import Experiment
from assay.frame import Frame
from assay.predictive import EnsemblePredictive
from assay.record import GateBody
from assay.record.production import GATE_PARTS

SEED, OPENED, SEALED, BATCHES, BATCH = 411, 150, 250, 12, 40
SAYS, DELTA = 0.4, 0.1
SOUND, EDGE, DRIFTED = 0.9, (1 + DELTA / SAYS) / 2, 0.35
"""Chance that a label is 1 where the model says so: the gain is .32, exactly `DELTA`, or -.12."""


class Says:
    """Says what stands in the column `says`: nothing is learnt, so that its gain is known."""

    def fit(self, data: Frame, target: str, /, *, seed: int) -> "Says":
        """Learn nothing."""
        return self

    def predict(self, data: Frame, /) -> EnsemblePredictive:
        """What the column says."""
        return EnsemblePredictive(data.numbers("says")[:, None])


@dataclass(frozen=True)
class Release:
    """One release: whether it was withdrawn, and after how many rows of the drift.

    Fields:
        drifts: whether gains fell below the claim, after a third of the batches.
        withdrawn_after: rows since the release; 0 where the verdict stands.
    """

    drifts: bool
    withdrawn_after: int


def rows(random: np.random.Generator, count: int, chance: float) -> pl.DataFrame:
    """Labels of 0 and 1, and what the model will say of them."""
    says = random.random(count) < SAYS
    labels = random.random(count) < np.where(says, chance, 0.1)
    x = random.random(count)
    return pl.DataFrame({"x": x, "says": says.astype(float), "y": labels.astype(int)})


def watched(job: tuple[bool, int]) -> Release:
    """Register, attempt, release and watch one model; ask again after each batch."""
    drifts, project = job
    random = np.random.default_rng([SEED, drifts, project])
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        experiment = _released(random, folder)
        for batch in range(BATCHES):
            chance = EDGE if not drifts else SOUND if batch < BATCHES // 3 else DRIFTED
            found = experiment.watch(rows(random, BATCH, chance), model=Says())
            if found.is_withdrawn:
                return Release(drifts, found.rows_so_far)
    return Release(drifts, 0)


def _released(random: np.random.Generator, folder: str) -> Experiment:
    ledger = assay.Ledger(Path(folder) / "assay.db", author="benchmark")
    experiment = assay.register(
        assay.profile(rows(random, OPENED + SEALED, SOUND), target="y"),
        ledger=ledger,
        folder=folder,
        metric="0-1",
        baseline="base-rate",
        improve_by_absolute=DELTA,
        expect=0.25,
        alpha=ALPHA,
        tries=1,
        seal={"rows": SEALED},
        accept_underpowered="the rows are planned for the true gain, not the one assumed",
    )
    if not experiment.attempt(Says(), name="says").supported:
        raise RuntimeError("a model with three times the claimed gain was not supported")
    registration = next(iter(ledger.records("registration"))).hash
    blank = {"outcome": "holds", "finding": "", "remedy": "", "figures": {}}
    parts = tuple({"name": part, **blank} for part in GATE_PARTS)
    gate = GateBody(experiment=registration, attempt="says", passed=True, parts=parts)
    ledger.append(gate, key=experiment.key)
    experiment.release(alpha=ALPHA)
    return experiment
