"""The benchmarks start, and their checks can fail; what they measure is for `make bench`."""

import importlib
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from assay.ledger import Ledger
from assay.record import AnswerBody, AttemptBody, LessonBody

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
SCRIPTS = sorted(path.name for path in BENCHMARKS.glob("[a-z]*.py"))


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("kill")


@pytest.fixture
def place(tmp_path: Path, kill: ModuleType) -> Path:
    """A folder with a ledger of one attempt and its answer."""
    folder = tmp_path / "place"
    folder.mkdir()
    with Ledger(folder / kill.FILE) as ledger:
        fill(ledger, duration_s=1.0)
    return folder


@pytest.fixture
def bench(tmp_path: Path, kill: ModuleType) -> object:
    return kill.Bench(tmp_path, tmp_path, {"dose": ["weight"]})


def fill(ledger: Ledger, *, duration_s: float, loss: float = 0.5) -> None:
    registration = ledger.append(LessonBody(project="dose", words="first"), key="dose")
    attempt = AttemptBody(
        experiment=registration.hash, name="weight", duration_s=duration_s, open_loss=loss
    )
    hash_of_attempt = ledger.append(attempt, key="dose").hash
    ledger.append(AnswerBody(attempt=hash_of_attempt, answer="not yet"), key="dose")


HELP_OF_EACH = """
import os, runpy, sys
sys.path.insert(0, os.path.dirname(sys.argv[1]))
for script in sys.argv[1:]:
    sys.argv = [script, "--help"]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        print("ended with", end.code)
"""


def test_each_benchmark_says_what_it_measures():
    # In one process: most of the time goes into imports that they share.
    command = [sys.executable, "-c", HELP_OF_EACH, *(str(BENCHMARKS / each) for each in SCRIPTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = done.stdout.split("ended with 0\n")
    assert told.pop() == ""
    assert len(told) == len(SCRIPTS)
    for script, text in zip(SCRIPTS, told, strict=True):
        assert script in text
        assert "--quick" in text
        assert "--check" in text


def test_every_benchmark_has_its_line_in_the_readme():
    text = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert [script for script in SCRIPTS if f"- `{script}`: " not in text] == []


def test_the_censoring_benchmark_fits_the_formula_of_the_first_example(
    monkeypatch: pytest.MonkeyPatch, root: Path
):
    monkeypatch.syspath_prepend(BENCHMARKS)
    formula = importlib.import_module("censoring").FORMULA
    first = tomllib.loads((root / "examples/first/assay.toml").read_text(encoding="utf-8"))
    (demand,) = (project for project in first["project"] if project["key"] == "demand")
    own = [each for each in demand["attempt"] if "score-driven" not in each["model"]["mean"]]
    assert {each["model"]["mean"] for each in own} == {f"linear('{formula}')"}


def test_kill_finds_nothing_wrong_with_a_whole_ledger(kill, bench, place: Path):
    said = kill.told(bench, ["dose: weight: fitting", "dose: weight: not yet"])
    records, wrong = kill.check(bench, place, kill.Round(told=said))
    assert (len(records), said, wrong) == (4, {("answer", "dose", "weight")}, [])


def test_kill_finds_a_record_that_is_gone(kill, bench, place: Path):
    so_far = kill.Round()
    kill.check(bench, place, so_far)
    so_far.held.append("a" * 64)
    assert "5 records seen before" in kill.check(bench, place, so_far)[1][0]


def test_kill_finds_what_was_said_and_not_recorded(kill, bench, place: Path):
    said = kill.told(bench, ["dose: 100 open rows, 1,697 sealed", "dose: supported"])
    (wrong,) = kill.check(bench, place, kill.Round(told=said))[1]
    assert wrong.endswith("[('registration', 'dose', ''), ('verdict', 'dose', '')]")


@pytest.mark.parametrize(("loss", "same"), [(0.5, True), (0.6, False)])
def test_kill_compares_all_but_times(kill, tmp_path: Path, loss: float, same: bool):
    Ledger(tmp_path / "one.db").close()
    shutil.copyfile(tmp_path / "one.db", tmp_path / "two.db")
    found = []
    for file, duration_s, each in (("one.db", 1.0, 0.5), ("two.db", 2.0, loss)):
        with Ledger(tmp_path / file) as ledger:
            fill(ledger, duration_s=duration_s, loss=each)
            found.append((ledger.head(), kill.timeless(list(ledger.records()))))
    (first_head, first), (second_head, second) = found
    assert first_head != second_head  # their times differ, so their hashes do
    assert (first == second) is same
    assert same or "0.6" in kill.difference(second, first)
