"""Small problems whose answers are known, and a ledger for each test."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from assay.errors import FitError
from assay.experiment import Experiment, register
from assay.experiment.explanation.explaining import Explanation, explain
from assay.experiment.explanation.subject import Subject
from assay.experiment.judging import Judge
from assay.frame import Frame
from assay.ledger import Ledger
from assay.predictive import EnsemblePredictive, to_bytes
from assay.problem import profile
from assay.record import GateBody, ReleaseBody
from assay.record.production import GATE_PARTS

Begin = Callable[..., Experiment]

TERMS = {
    "hypothesis": "x tells y",
    "metric": "absolute",
    "improve_by": 0.1,
    "expect": 0.6,
    "tries": 5,
    "seal": {"rows": 150},
}


class Scaled:
    """Predicts `factor` times the column x, whatever it was fitted to."""

    def __init__(self, factor: float, broken: str | None = None) -> None:
        self.factor, self.broken = factor, broken

    def fit(self, data: Frame, target: str, /, *, seed: int) -> "Scaled":
        if self.broken == "fit":
            raise FitError("the optimum ran away")
        return self

    def predict(self, data: Frame, /) -> EnsemblePredictive:
        values = self.factor * data.numbers("x")[:, None]
        if self.broken == "rows":
            values = values[1:]
        if self.broken == "nan":
            values[0] = np.nan
        return EnsemblePredictive(values)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Ledger]:
    """Makes a ledger whose salt is known, so that a test seals the same rows each time."""

    def make(path: Path) -> Ledger:
        with monkeypatch.context() as patch:
            patch.setattr(secrets, "token_hex", lambda size: "5" * 2 * size)
            return Ledger(path, author="Ann")

    return make


@pytest.fixture
def ledger(tmp_path: Path, made: Callable[[Path], Ledger]) -> Iterator[Ledger]:
    with made(tmp_path / "assay.db") as opened:
        yield opened


@pytest.fixture(scope="session")
def table() -> pl.DataFrame:
    """250 rows: y is x and a little noise, so that x lowers the absolute error by four fifths."""
    random = np.random.default_rng(11)
    x = random.normal(size=250)
    return pl.DataFrame({"x": x, "y": x + 0.2 * random.normal(size=250)})


@pytest.fixture
def begin(ledger: Ledger, table: pl.DataFrame) -> Begin:
    """Registers an experiment on the small table, or on another."""

    def begun(data: pl.DataFrame | None = None, **terms: Any) -> Experiment:
        roles = {name: terms.pop(name) for name in ("time", "series", "group", "season", "horizon")
                 if name in terms}  # fmt: skip
        roles |= {name: terms.pop(name) for name in ("known_ahead",) if name in terms}
        problem = profile(table if data is None else data, target="y", **roles)
        where = {"ledger": terms.pop("ledger", ledger), "folder": ledger.path.parent}
        return register(problem, **where, **{**TERMS, **terms})

    return begun


@pytest.fixture
def release() -> Callable[[Experiment], Experiment]:
    """Marks the last attempt of an experiment for production, as if it had passed its gate."""

    def released(experiment: Experiment) -> Experiment:
        ledger = experiment._ledger
        registration = next(iter(ledger.records("registration", experiment.key))).hash
        name = experiment.attempts[-1].name
        blank = {"outcome": "holds", "finding": "", "remedy": "", "figures": {}}
        parts = tuple({"name": part, **blank} for part in GATE_PARTS)
        gate = GateBody(experiment=registration, attempt=name, passed=True, parts=parts)
        passed = ledger.append(gate, key=experiment.key).hash
        body = ReleaseBody(experiment=registration, gate=passed, attempt=name, alpha=0.05)
        ledger.append(body, key=experiment.key)
        return experiment

    return released


@pytest.fixture(scope="session")
def guess() -> Callable[..., pl.DataFrame]:
    """Predictions for the sealed rows of an experiment: `factor` times x, plus `shift`."""

    def guessed(experiment: Experiment, factor: float, shift: float = 0.0) -> pl.DataFrame:
        rows = np.sort(experiment.task.sealing.sealed_rows)
        sealed = experiment.task.frame.table[rows.tolist()]
        return sealed.select("row_id", mean=factor * pl.col("x") + shift)

    return guessed


@pytest.fixture(scope="session")
def scaled() -> type[Scaled]:
    """A model without a fit, which may be told to break."""
    return Scaled


@pytest.fixture
def subject(ledger: Ledger) -> Callable[..., Subject]:
    """A model fitted on the open rows of a table, ready to be asked about the sealed ones."""

    def made(data: pl.DataFrame, model: Any, *, roles: Any = None, **terms: Any) -> Subject:
        asked = {"hypothesis": "h", "metric": "squared", "improve_by": 0.05, "seal": {"share": 0.4}}
        experiment = register(
            profile(data, target="y", **(roles or {})),
            ledger=ledger,
            folder=ledger.path.parent,
            accept_underpowered="a test",
            **{**asked, **terms},
        )
        task = experiment.task
        rows = task.sealing.sealed_rows
        baseline = to_bytes(task.baseline_at(rows), task.asked.column("row_id").to_numpy())
        judge = Judge.of(experiment.registration, task, baseline)
        fitted = task.fittable(model).fit(task.frame.take(task.open_rows), "y", seed=0)
        return Subject(judge, fitted, task.predict(fitted, rows))

    return made


@pytest.fixture
def explained(subject: Callable[..., Subject]) -> Callable[..., Explanation]:
    """The explanation of a model on the sealed rows of a table."""

    def made(*given: Any, seed: int = 1, **terms: Any) -> Explanation:
        asked = subject(*given, **terms)
        return explain(asked.judge, asked.fitted, asked.predictive, seed=seed)

    return made
