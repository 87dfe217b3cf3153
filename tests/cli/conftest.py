"""A command runner, and portfolios small enough to be answered in a moment."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from assay.cli.app import app
from assay.experiment import Workspace, split
from assay.ledger import Ledger

Assay = Callable[..., Any]

TINY = """
version = 1
[portfolio]
name = "Tiny"
budget = 10

[[project]]
key = "dose"
question = "How long does a dose last?"
hypothesis = "The weight lowers the absolute error by at least 20 %"
data = "doses.csv"
target = "hours"
metric = "absolute"
improve_by = 0.2
expect = 0.8
tries = 2
belief = { share = 0.4, effort = 5 }

[[project.attempt]]
name = "coin"
stage = "baseline"
effort = 1
model = { predictions = "coin.csv" }

[[project.attempt]]
name = "weight"
effort = 2
model = { predictions = "weight.csv" }
close = true

[[project]]
key = "idea"
question = "Would a second dose help?"
belief = { share = 0.3, effort = 10 }
"""


@pytest.fixture
def assay(monkeypatch: pytest.MonkeyPatch) -> Assay:
    """Runs `assay` in this process, on a terminal of 80 columns without colour."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("ASSAY_DEBUG", raising=False)

    def run(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words], prog_name="assay")

    return run


@pytest.fixture
def answered(assay: Assay) -> Assay:
    """Runs `assay ... --json`, which must succeed, and reads its answer."""

    def run(*words: object) -> dict[str, Any]:
        done = assay(*words, "--json")
        assert done.exit_code == 0, done.stderr
        read = json.loads(done.stdout)
        assert read["format"] == 1
        return read

    return run


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny portfolio, with predictions for exactly the rows that its seal hides."""
    random = np.random.default_rng(5)
    folder = tmp_path_factory.mktemp("made") / "tiny"
    folder.mkdir()
    weight = random.normal(10, 3, 300)
    table = pl.DataFrame({"weight": weight, "hours": weight + random.normal(0, 0.2, 300)})
    table.write_csv(folder / "doses.csv")
    (folder / "assay.toml").write_text(TINY)
    with Workspace.open(folder) as workspace:
        split(workspace, "dose", folder.parent / "split")
    sealed = pl.read_parquet(folder.parent / "split" / "sealed.parquet")
    predicted = sealed.select("row_id", mean="weight")
    predicted.write_csv(folder / "weight.csv")
    predicted.with_columns(mean=pl.lit(3.0)).write_csv(folder / "coin.csv")
    return folder


@pytest.fixture
def tiny(made_once: Path, tmp_path: Path) -> Path:
    """A folder with a portfolio whose second attempt is far better than its baseline."""
    return Path(copytree(made_once, tmp_path / "tiny"))


@pytest.fixture
def fresh(tiny: Path) -> Path:
    """The same folder before anything was recorded."""
    (tiny / "assay.db").unlink()
    return tiny


@pytest.fixture
def head() -> Callable[[Path], str]:
    """The last hash of a ledger."""

    def read(file: Path) -> str:
        with Ledger(file, create=False) as ledger:
            return ledger.head()

    return read
