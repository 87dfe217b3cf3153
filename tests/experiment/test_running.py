"""A portfolio at work: stopped at any moment, it goes on and ends where it would have."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assay.errors import ConfigError, ExperimentError
from assay.experiment import Event, Workspace, run, split
from assay.ledger import Ledger

FILE = """
version = 1
[portfolio]
name = "Two questions and an idea"

[[project]]
key = "sick"
data = "python:nowhere.py:load"
target = "y"
[[project.attempt]]
name = "a"
model = { predictions = "a.csv" }

[[project]]
key = "dose"
data = "dose.csv"
target = "y"
metric = "absolute"
improve_by = 0.2
expect = 0.7
tries = 4
[[project.attempt]]
name = "nothing"
effort = 1
model = { predictions = "dose-0.csv" }
[[project.attempt]]
name = "backwards"
effort = 2
model = { predictions = "dose-1.csv" }
close = true

[[project]]
key = "weight"
data = "weight.csv"
target = "y"
metric = "squared"
seal = 0.6
improve_by = 0.2
expect = 0.8
tries = 4
[[project.attempt]]
name = "nothing"
effort = 1
model = { predictions = "weight-0.csv" }
[[project.attempt]]
name = "ill"
effort = 1
model = { python = "models.py:ill" }
[[project.attempt]]
name = "x"
effort = 2
model = { predictions = "weight-2.csv" }
close = true

[[project]]
key = "idea"
belief = { share = 0.3, effort = 10 }

[[project]]
key = "small"
data = "small.csv"
target = "y"
[[project.attempt]]
name = "a"
model = { predictions = "a.csv" }
"""

ILL = """
class Ill:
    def fit(self, data, target, /, *, seed):
        raise ValueError("no such optimum")
def ill():
    return Ill()
"""


def _write(folder: Path, key: str, rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    table = pl.DataFrame({"x": x, "y": x + 0.3 * random.normal(size=rows)})
    table.write_csv(folder / f"{key}.csv")


@pytest.fixture
def folder(tmp_path: Path, made) -> Path:
    """Five projects: two that can be judged, one that cannot be read, one too small, an idea."""
    (tmp_path / "assay.toml").write_text(FILE)
    (tmp_path / "models.py").write_text(ILL)
    for seed, (key, rows) in enumerate({"dose": 200, "weight": 400, "small": 30}.items()):
        _write(tmp_path, key, rows, seed)
    made(tmp_path / "assay.db").close()
    with Workspace.open(tmp_path) as workspace:
        for key, factors in {"dose": (-0.5, -1.0), "weight": (0.0, None, 1.0)}.items():
            split(workspace, key, tmp_path / key)
            sealed = pl.read_parquet(tmp_path / key / "sealed.parquet")
            for place, factor in enumerate(factors):
                if factor is not None:
                    mine = sealed.select("row_id", mean=factor * pl.col("x"))
                    mine.write_csv(tmp_path / f"{key}-{place}.csv")
    return tmp_path


def ran(folder: Path, **options: str) -> list[Event]:
    with Workspace.open(folder) as workspace:
        return list(run(workspace, **options))


def heads(folder: Path) -> str:
    with Ledger(folder / "assay.db", create=False) as ledger:
        return ledger.head()


def of(events: list[Event], project: str) -> list[str]:
    return [event.kind for event in events if event.project == project]


def test_errors_of_one_project_do_not_stop_the_others(folder):
    events = ran(folder)
    assert of(events, "sick") == ["project", "failed"]
    assert of(events, "small") == ["project", "refused"]
    assert of(events, "idea") == ["idea"]
    assert of(events, "dose") == [
        "project", "registered", "attempt", "answer", "attempt", "answer", "verdict",
    ]  # fmt: skip
    assert of(events, "weight") == [
        "project", "registered", "attempt", "answer", "attempt", "broke", "attempt", "answer",
        "verdict",
    ]  # fmt: skip
    verdicts = {event.project: event.text for event in events if event.kind == "verdict"}
    assert verdicts["dose"].startswith("Refuted")
    assert verdicts["weight"].startswith("Supported")
    assert [event.done for event in events] == sorted(event.done for event in events)
    assert events[-1].done == events[-1].total == 2 + 3 + 4 + 1 + 2


def test_a_second_run_adds_no_record(folder):
    ran(folder)
    before = heads(folder)
    events = ran(folder)
    assert heads(folder) == before
    assert of(events, "weight") == [
        "project", "registered", "skipped", "skipped", "skipped", "verdict",
    ]  # fmt: skip


def test_one_project_alone(folder):
    events = ran(folder, only="dose")
    assert {event.project for event in events} == {"dose"}
    with pytest.raises(ConfigError, match="dsoe"):
        ran(folder, only="dsoe")


def test_nothing_is_closed_while_a_planned_attempt_is_missing(folder):
    (folder / "dose-0.csv").rename(folder / "away.csv")
    events = ran(folder, only="dose")
    assert of(events, "dose") == ["project", "registered", "attempt", "failed"]
    assert events[-1].text.startswith("nothing: ")
    (folder / "away.csv").rename(folder / "dose-0.csv")
    assert ran(folder, only="dose")[-1].kind == "verdict"


def test_whatever_a_loader_raises_ends_its_own_project_alone(folder, monkeypatch):
    real = Workspace.register

    def broken(self, key, **options):
        if key == "dose":
            raise ZeroDivisionError("in somebody's code")
        return real(self, key, **options)

    monkeypatch.setattr(Workspace, "register", broken)
    events = ran(folder)
    assert [e.text for e in events if e.kind == "failed"][1] == (
        "ZeroDivisionError: in somebody's code"
    )
    assert of(events, "weight")[-1] == "verdict"


def test_an_experiment_is_found_again_or_asked_for(folder):
    with Workspace.open(folder) as workspace:
        with pytest.raises(ExperimentError, match="not registered"):
            workspace.experiment("dose")
        workspace.check("dose")  # it could be, and nothing is recorded
        assert not list(workspace.ledger.records("registration"))
        made = workspace.register("dose")
        assert workspace.experiment("dose").registration.spec_sha == made.registration.spec_sha
        with pytest.raises(ExperimentError, match="no `data` and `target`"):
            workspace.register("idea")


def test_a_changed_file_is_refused(folder):
    ran(folder, only="dose")
    (folder / "assay.toml").write_text(FILE.replace("improve_by = 0.2", "improve_by = 0.1", 1))
    # What was opened is answered; the same rows cannot be asked another question.
    assert of(ran(folder, only="dose"), "dose") == ["project", "failed"]


# One process that imports once and forks a child for each way to die.
DYING = """
import json, os, random, shutil, signal, sys, time, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from assay.experiment import Workspace, run
from assay.ledger import Ledger
import assay.adapter, assay.model, assay.problem, polars

home, fresh = Path(sys.argv[1]), Path(sys.argv[2])
UNLIKE = ("experiment", "attempt", "duration_s")

def start():
    shutil.rmtree(home / "assay.db.files", ignore_errors=True)
    for file in home.glob("assay.db*"):
        file.unlink()
    shutil.copy(fresh, home / "assay.db")

def work():
    with Workspace.open(home) as workspace:
        for _ in run(workspace):
            pass

def kept():
    with Ledger(home / "assay.db", create=False) as ledger:
        assert ledger.verify().ok, ledger.verify().message
        return [
            (r.kind, r.key, {k: v for k, v in r.body.model_dump().items() if k not in UNLIKE})
            for r in ledger.records()
        ]

def child(act):
    pid = os.fork()
    if pid == 0:
        try:
            act()
        finally:
            os._exit(0)
    return pid

def dies_after(count):
    real, left = Ledger.append_many, [count]
    def append(self, bodies, **options):
        done = real(self, bodies, **options)
        left[0] -= 1
        if left[0] == 0:
            os._exit(9)
        return done
    def act():
        Ledger.append_many = append
        work()
    return act

start()
begun = time.perf_counter()
os.waitpid(child(work), 0)
whole_s = time.perf_counter() - begun
whole = kept()
chance = random.Random(7)
deaths = [("append", count) for count in range(1, 18, 3)]
deaths += [("kill", chance.uniform(0.0, whole_s)) for _ in range(4)]
seen = []
for how, when in deaths:
    start()
    if how == "append":
        os.waitpid(child(dies_after(when)), 0)
    else:
        pid = child(work)
        time.sleep(when)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    before = len(kept())
    os.waitpid(child(work), 0)
    after = kept()
    seen.append((how, before, len(after), repr(after) == repr(whole)))
print(json.dumps({"whole": [row[:2] for row in whole], "seen": seen}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="fork and kill -9 are POSIX's")
def test_killed_at_any_moment_a_run_ends_with_the_same_records(folder):
    fresh = folder / "fresh" / "assay.db"
    with Ledger(folder / "assay.db") as ledger:
        assert len(list(ledger.records())) == 1  # only the salt, which all runs share
    fresh.parent.mkdir()
    (folder / "assay.db").rename(fresh)
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(folder), str(fresh)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    kinds = [kind for kind, key in told["whole"] if key == "weight"]
    assert kinds == [
        "project", "registration", "attempt", "answer", "attempt", "attempt", "answer", "verdict",
        "lesson",
    ]  # fmt: skip
    assert len({before for _, before, _, _ in told["seen"]}) > 4  # they did die at many moments
    assert all(same for _, _, _, same in told["seen"]), told["seen"]
