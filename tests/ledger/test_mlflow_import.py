"""From a real MLflow into the ledger, by its server and by its database; MLflow stays as it was."""

import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import copyfile
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from assay.errors import LedgerError
from assay.ledger import History, attempt_of
from assay.ledger.mlflow import Reading, Wanted, import_mlflow
from assay.ledger.mlflow.opening import FIRST, PATIENCE_S
from assay.ledger.mlflow.store import PAGE

KEY = "grosse-der-korbe"
STARTS_WITHIN_S = 90


@pytest.fixture
def file(mlflow_file, tmp_path) -> Path:
    """A copy of the database that a test may spoil."""
    return Path(copyfile(mlflow_file, tmp_path / "mlflow.db"))


@pytest.fixture
def uri(file) -> str:
    return f"sqlite:///{file}"


@pytest.fixture(scope="module", autouse=True)
def starting(mlflow_file, tmp_path_factory) -> Iterator[tuple[str, subprocess.Popen, Path]]:
    """An `mlflow server` on such a database; it takes its time, and tests without it go first."""
    folder = tmp_path_factory.mktemp("server")
    copyfile(mlflow_file, folder / "mlflow.db")
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", str(port)]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [*command, "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"],
        cwd=folder, env={**os.environ, **quiet}, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}", process, folder / "log"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


@pytest.fixture(scope="module")
def server(starting) -> str:
    """The address of the server, once it answers."""
    wait_for(*starting)
    return starting[0]


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(f"{address}/health", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"mlflow server did not start: {log.read_text()[-2000:]}")


def bodies(ledger, key=KEY):
    return [attempt_of(each) for each in History(ledger).refresh().imported_into(key)]


def content(file: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return list(connection.iterdump())


def test_everything_comes_in_and_nothing_is_guessed(ledger, uri):
    told = import_mlflow(ledger, uri)
    assert [(each.experiment, each.project, each.new) for each in told] == [
        ("Größe der Körbe", KEY, 8), ("grosse der korbe", f"{KEY}-2", 1),
    ]  # fmt: skip
    seen = {body.name: body for body in bodies(ledger)}
    assert {name: body.effort for name, body in seen.items()} == {
        "naive": 1.0, "tree": 2.5, "tree (2)": None, "broken": 1.0, "stopped": None,
        "silent": 0.5, "exploded": 0.25, "deep": 3.0,
    }  # fmt: skip
    assert [name for name, body in seen.items() if body.broke] == ["broken", "stopped"]
    assert {body.open_loss for body in seen.values()} == {None}
    tree = seen["tree"]
    assert (tree.author, tree.code, tree.note) == (
        "Ann",
        {"commit": "abc123"},
        "shallow on purpose",
    )
    assert (tree.stage, seen["exploded"].stage, tree.duration_s) == ("features", None, 90.5)
    assert tree.imported["started"] == "2023-11-14T22:14:20.000000Z"
    assert seen["exploded"].imported["metrics"] == {"rmse": float("inf")}
    assert (told[0].broke, told[0].running, told[0].without_effort) == (2, 1, 2)


def test_mlflow_is_not_changed(ledger, file, uri, tmp_path):
    before, beside = content(file), sorted(path.name for path in tmp_path.iterdir())
    import_mlflow(ledger, uri)
    import_mlflow(ledger, uri)
    assert content(file) == before
    there = {path.name for path in tmp_path.iterdir() if not path.name.startswith("assay.db")}
    assert there == {name for name in beside if not name.startswith("assay.db")}


def test_a_tag_that_was_added_later_comes_with_the_next_import(ledger, file, uri):
    import_mlflow(ledger, uri)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE tags SET value = '4' WHERE value = 'drei Tage'")
        connection.commit()
    told = import_mlflow(ledger, uri)
    assert (told[0].new, told[0].changed, told[0].unchanged) == (0, 1, 7)
    assert [body.effort for body in bodies(ledger) if body.name == "tree (2)"] == [4.0]


def test_a_run_that_was_deleted_after_its_import_stays_and_is_counted(ledger, file, uri):
    assert [each.gone for each in import_mlflow(ledger, uri)] == [0, 0]
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE runs SET lifecycle_stage = 'deleted' WHERE name = 'deep'")
        connection.execute("UPDATE runs SET lifecycle_stage = 'deleted' WHERE name = 'one'")
        connection.commit()
    first, second = import_mlflow(ledger, uri)  # the second experiment has no other run
    assert (first.gone, first.new, first.unchanged) == (1, 0, 7)
    assert (second.project, second.gone, second.attempts) == (f"{KEY}-2", 1, 0)
    assert "deep" in [body.name for body in bodies(ledger)]
    moved = Path(copyfile(file, file.with_name("moved.db")))
    assert [each.gone for each in import_mlflow(ledger, f"sqlite:///{moved}")][:1] == [1]


def test_more_runs_than_a_page_holds_come_once_each(ledger, uri, monkeypatch):
    assert PAGE <= 1000
    monkeypatch.setattr("assay.ledger.mlflow.store.PAGE", 3)
    read = []
    told = import_mlflow(ledger, uri, watch=lambda what, done, total: read.append(done))
    assert (told[0].new, told[0].running) == (8, 1)
    assert {3, 6, 9} <= set(read)


def test_an_experiment_without_runs_leaves_no_project(ledger, uri):
    (told,) = import_mlflow(ledger, uri, Wanted(experiments=("nothing yet",)))
    assert (told.attempts, told.is_new) == (0, False)
    assert len(list(ledger.records())) == 1


def test_nothing_of_mlflow_s_talk_reaches_the_user(ledger, uri, capfd, monkeypatch):
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
    levels = logging.getLogger("mlflow").level
    environment, filters = dict(os.environ), list(warnings.filters)
    import_mlflow(ledger, uri)
    with pytest.raises(LedgerError):
        import_mlflow(ledger, "http://127.0.0.1:1")
    assert capfd.readouterr() == ("", "")
    assert dict(os.environ) == environment
    assert list(warnings.filters) == filters
    assert logging.getLogger("mlflow").level in (levels, logging.INFO)  # as MLflow sets it itself


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted(experiments=("Grösse",)), 'no active experiment is called "Grösse"'),
        (Wanted(experiments=("given up",)), 'no active experiment is called "given up"'),
        (Wanted(project="x"), "no experiments are named for it, must be one"),
        (Wanted(project="x", experiments=("a", "b")), "2 experiments are named for it"),
        (Wanted(project="a b", experiments=("nothing yet",)), 'key is "a b", must be letters'),
        (Wanted(reading=Reading(metric="rsme")), 'no run has a metric "rsme". Did you mean `rmse`'),
        (Wanted(reading=Reading(metric="rmse", se_metric="se")), 'no run has a metric "se"'),
        (Wanted(reading=Reading(metric="rmse", baseline="niave")), 'no run is called "niave"'),
        (Wanted(reading=Reading(metric="rmse", baseline="tree")), '2 runs are called "tree"'),
    ],
)
def test_a_slip_is_refused_before_anything_is_recorded(ledger, uri, wanted, said):
    with pytest.raises(LedgerError) as refused:
        import_mlflow(ledger, uri, wanted)
    assert said in str(refused.value)
    assert len(list(ledger.records())) == 1


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("sqlite:///{}/gone.db", "no such file"),
        ("sqlite:///:memory:", "no such file"),
        ("sqlite:///{}/empty.db", "holds no MLflow"),
        ("sqlite:///{}/text.db", "file is not a database"),
        ("{}/text.db", "For this file write sqlite:///"),
        ("{}", "mlflow migrate-filestore"),
        ("file://{}", "mlflow migrate-filestore"),
        ("mlflow", "is no address of MLflow"),
        ("s3://box/mlflow", "is no address of MLflow"),
        ("mysql+nonsense://ann:s3cret@db/mlflow", "is no address of a database"),
        ("http://127.0.0.1:1", "Connection refused"),
        ("http://ann:s3cret@127.0.0.1:1", "Connection refused"),
    ],
)
def test_what_is_no_store_is_refused_and_never_made(ledger, mlflow_file, tmp_path, uri, said):
    (tmp_path / "empty.db").touch()
    (tmp_path / "text.db").write_text("not a database, whatever it is called")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(LedgerError) as refused:
        import_mlflow(ledger, uri.format(tmp_path))
    assert said in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert sorted(tmp_path.iterdir()) == before


def test_another_schema_is_refused_with_what_to_run_and_left_alone(ledger, file, uri):
    for schema, said in (("f2068cc1b7a2", "other MLflow"), (older(), "mlflow db upgrade sqlite")):
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (schema,))
            connection.execute("DROP TABLE IF EXISTS latest_metrics")  # MLflow would make it anew
            connection.commit()
        before = content(file)
        with pytest.raises(LedgerError, match=said):
            import_mlflow(ledger, uri)
        assert content(file) == before


def older() -> str:
    """The schema that MLflow 1.0 began with."""
    return "451aebb31d03"


def test_a_store_without_its_default_experiment_is_left_alone(ledger, file, uri):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM experiments WHERE experiment_id = 0")
        connection.commit()
    before = content(file)
    with pytest.raises(LedgerError, match="lacks experiment 0"):
        import_mlflow(ledger, uri)
    assert content(file) == before


def test_an_address_that_never_answers_is_given_up_soon(ledger, monkeypatch):
    assert PATIENCE_S <= 5
    monkeypatch.setitem(FIRST, "MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(LedgerError, match="timed out"):
            import_mlflow(ledger, f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert time.monotonic() - began < PATIENCE_S


def test_without_mlflow_the_extra_is_named(ledger, monkeypatch, tmp_path):
    monkeypatch.setattr("assay.ledger.mlflow.opening.find_spec", lambda name: None)
    with pytest.raises(LedgerError, match=r"pip install 'assay-ml\[mlflow\]'"):
        import_mlflow(ledger, "http://127.0.0.1:1")


def test_the_server_tells_the_same_as_its_database(ledger, server, uri):
    wanted = Wanted(reading=Reading(metric="rmse", se_metric="rmse_se"))
    by_file = import_mlflow(ledger, uri, wanted)
    assert (by_file[0].scored, by_file[0].without_se, by_file[0].unscored) == (3, 2, 3)
    by_server = import_mlflow(ledger, server, wanted)
    assert [(each.new, each.changed, each.unchanged) for each in by_server] == [
        (0, 0, 8), (0, 0, 1),
    ]  # fmt: skip
    assert {body.name: body.open_skill for body in bodies(ledger) if body.open_loss} == {
        "naive": 0.0, "tree": pytest.approx(0.4), "deep": pytest.approx(0.6),
    }  # fmt: skip


def test_a_server_alone_will_do(ledger, server):
    told = import_mlflow(ledger, server, Wanted(experiments=("Größe der Körbe",), project="cups"))
    assert [(each.project, each.new, each.effort) for each in told] == [("cups", 8, 8.25)]
