"""How long does a user wait: for help, for an import, for a whole portfolio?

Run `python benchmarks/start.py` (a minute), with `--quick` for fewer repetitions and one project,
with `--check` to fail where a promise does not hold. Times depend on the machine and on what else
it does, so this is never part of CI. Everything runs on two cores, as an installed command in
processes of its own, with a compilation cache of its own: cold in the first run, warm in the
second.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from _command import COMMAND, FIRST, environment, keep_to_two_cores
from _common import finish, read_options, show_table

from assay.ledger import Ledger

HELP_S = 0.3
RUN_S = 20.0  # all of examples/first, from an empty ledger, with a warm compilation cache


@dataclass(frozen=True)
class Spent:
    """What one process took: seconds on the clock, and of all cores together."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Run:
    """One `assay run`, and where its ledger then stands."""

    name: str
    spent: Spent
    records: int
    head: str


def spend(command: Sequence[str], cache: Path) -> Spent:
    """Run a command to its end.

    Raises:
        CalledProcessError: it failed; what it said is printed.
    """
    cpu, began = _cpu_of_children(), time.perf_counter()
    done = subprocess.run(command, env=environment(cache), capture_output=True, text=True)
    spent = Spent(time.perf_counter() - began, _cpu_of_children() - cpu)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        done.check_returncode()
    return spent


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def starts(cache: Path, times: int) -> dict[str, list[Spent]]:
    """Start Python, the import and the help in turn, so that all see the same load."""
    commands = {
        "python, nothing else": (sys.executable, "-c", "pass"),
        "import assay": (sys.executable, "-c", "import assay"),
        "assay --help": (*COMMAND, "--help"),
    }
    for command in commands.values():
        spend(command, cache)  # not counted: it leaves bytecode for the others
    found: dict[str, list[Spent]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            found[name].append(spend(command, cache))
    return found


def run_portfolio(name: str, ledger: Path, cache: Path, only: Sequence[str]) -> Run:
    """Run examples/first into a ledger."""
    print(f"assay run, {name} ...", file=sys.stderr, flush=True)
    command = (*COMMAND, "run", str(FIRST), "--ledger", str(ledger), *only)
    spent = spend(command, cache)
    with Ledger(ledger, create=False) as opened:
        return Run(name, spent, sum(1 for _ in opened.records()), opened.head())


def runs(folder: Path, cache: Path, only: Sequence[str]) -> list[Run]:
    """A run that compiles, one that need not, and one that has nothing left to do."""
    plan = (("cold cache", "cold.db"), ("warm cache", "warm.db"), ("resumed", "warm.db"))
    return [run_portfolio(name, folder / file, cache, only) for name, file in plan]


def median(found: list[Spent]) -> float:
    """Median seconds on the clock."""
    return statistics.median(one.wall_s for one in found)


def show_starts(found: dict[str, list[Spent]]) -> None:
    """Print what a start takes."""
    rows = [
        (name, median(each), min(one.wall_s for one in each), max(one.wall_s for one in each))
        for name, each in found.items()
    ]
    show_table("Starts, seconds", ("process", "median", "fastest", "slowest"), rows)


def show_runs(found: list[Run], cores: int) -> None:
    """Print what the portfolio takes."""
    rows = [
        (run.name, f"{run.spent.wall_s:.1f}", f"{run.spent.cpu_s:.1f}", run.records)
        for run in found
    ]
    columns = ("assay run", "wall, s", "CPU, s", "records")
    show_table(f"examples/first on {cores} cores", columns, rows)


def shortfalls_of(help_s: float, found: list[Run]) -> list[str]:
    """What is promised of starts and does not hold."""
    _, warm, resumed = found
    promises = {
        f"`assay --help` takes {help_s:.2f} s, promised are {HELP_S:g} s": help_s < HELP_S,
        f"a warm run takes {warm.spent.wall_s:.1f} s, promised are {RUN_S:g} s": (
            warm.spent.wall_s < RUN_S
        ),
        f"resuming a finished run adds {resumed.records - warm.records} records": (
            resumed.head == warm.head
        ),
    }
    return [words for words, holds in promises.items() if not holds]


def main() -> None:
    """Measure starts and runs, and print their figures."""
    options = read_options("How long does a user wait for help, for an import, for a portfolio?")
    cores = keep_to_two_cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = starts(folder / "cache", 3 if options.quick else 11)
        only = ("--only", "digits") if options.quick else ()
        run = runs(folder, folder / "cache", only)
    show_starts(started)
    show_runs(run, cores)
    help_s, import_s = median(started["assay --help"]), median(started["import assay"])
    warm = run[1].spent
    figure = (
        f"start: `assay --help` {help_s:.2f} s, `import assay` {import_s:.2f} s, "
        f"{'one project of ' if options.quick else ''}examples/first with a warm cache "
        f"{warm.wall_s:.1f} s ({warm.cpu_s:.1f} s CPU)"
    )
    finish(figure, shortfalls_of(help_s, run), options)


if __name__ == "__main__":
    main()
