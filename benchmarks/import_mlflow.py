"""How long does it take to bring 1,000 runs of MLflow into a ledger, and what does it cost again?

MLflow's runs stand in a real SQLite database, made by MLflow one by one, with an effort tag, three
params and a loss each. They are imported by the command that users type, in a process of its own,
so that its start and MLflow's are counted: once, then again with nothing new, then after a tenth of
the runs got another tag.

Run `python benchmarks/import_mlflow.py` (a minute), with `--quick` for 200 runs, with `--check` to
fail where an import takes 10 s or more, or a run is recorded twice or lost.
"""

import json
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _command import COMMAND
from _common import finish, read_options, show_table
from _mlflow_rate import mlflow_rate

from assay.ledger import History, Ledger

RUNS = 1000
LIMIT_S = 10.0
IMPORT = (*COMMAND, "ledger", "import", "mlflow")


@dataclass(frozen=True)
class Done:
    """One import: how long it took, and what it said of the sweep."""

    seconds: float
    told: dict[str, Any]

    @property
    def fates(self) -> tuple[int, int, int]:
        """Attempts that were new, changed and unchanged."""
        return self.told["new"], self.told["changed"], self.told["unchanged"]


def bring(folder: Path) -> Done:
    """Import by the command line."""
    began = time.perf_counter()
    words = (f"sqlite:///{folder / 'mlflow.db'}", "--ledger", str(folder / "assay.db"))
    asked = ("--experiment", "sweep", "--metric", "loss", "--baseline", "run 0", "--json")
    done = subprocess.run((*IMPORT, *words, *asked), capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"the import failed: {done.stderr}")
    return Done(seconds, json.loads(done.stdout)["experiments"][0])


def retag(folder: Path, share: float) -> int:
    """Let some runs have taken longer; returns how many."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as connection:
        found = connection.execute(
            "SELECT run_uuid FROM runs JOIN experiments USING (experiment_id) "
            "WHERE experiments.name = 'sweep' ORDER BY start_time, run_uuid"
        )
        chosen = [each for each, *_ in found][:: round(1 / share)]
        connection.executemany(
            "UPDATE tags SET value = '0.75' WHERE key = 'effort' AND run_uuid = ?",
            [(each,) for each in chosen],
        )
        connection.commit()
    return len(chosen)


def held(folder: Path) -> tuple[int, bool]:
    """Imported attempts of the sweep, and whether the ledger holds."""
    with Ledger(folder / "assay.db", create=False) as ledger:
        count = len(History(ledger).refresh().imported_into("sweep"))
        return count, ledger.verify().ok


def main() -> None:
    """Fill an MLflow, import it three times, and print the figures."""
    options = read_options("How long does it take to bring MLflow's runs into a ledger?")
    runs = RUNS // 5 if options.quick else RUNS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rate = mlflow_rate(folder, runs)
        if rate is None:
            finish("import_mlflow: not measured", ["MLflow is not installed"], options)
        first, again = bring(folder), bring(folder)
        changed = retag(folder, 0.1)
        third, (count, is_whole) = bring(folder), held(folder)
    done = {"all new": first, "nothing new": again, f"{changed} tags changed": third}
    rows = [(what, *each.fates, each.seconds, runs / each.seconds) for what, each in done.items()]
    title = f"{runs:,} runs, which MLflow recorded at {rate:,.0f} runs/s"
    show_table(title, ("import", "new", "changed", "same", "seconds", "runs/s"), rows)
    slowest = max(each.seconds for each in done.values())
    wanted = {
        "all are recorded once": first.fates == (runs, 0, 0),
        "nothing is recorded twice": again.fates == (0, 0, runs),
        "what changed is superseded": third.fates == (0, changed, runs - changed),
        "the ledger holds each run once": (count, is_whole) == (runs, True),
        f"each import takes under {LIMIT_S:g} s": slowest < LIMIT_S,
    }
    figure = (
        f"import_mlflow: {runs:,} runs in {first.seconds:.1f} s, again in {again.seconds:.1f} s "
        f"(limit {LIMIT_S:g}), {count:,} attempts in the end"
    )
    finish(figure, [f"not true: {what}" for what, holds in wanted.items() if not holds], options)


if __name__ == "__main__":
    main()
