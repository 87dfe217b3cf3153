import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from sqlalchemy.exc import OperationalError

from assay.ledger import History, Ledger, opening, sealed_rows, search, sqlite
from assay.ledger.chain import Head, head_after, linked
from assay.ledger.files import store_of
from assay.ledger.migrations.upgrade import scripts, upgrade
from assay.ledger.schema import REVISIONS
from assay.record import AttemptBody, GenesisBody, LessonBody, RegistrationBody, canonical

SHA = "0123456789abcdef" * 4


def schema(path) -> list[tuple[str, ...]]:
    """Every table, index and trigger of a file, spaces aside."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    return sorted((kind, name, " ".join((sql or "").split())) for kind, name, sql in found)


@pytest.fixture
def migrated(tmp_path):
    """An empty file, brought to the latest revision by every migration."""
    path = tmp_path / "migrated.db"
    engine = sqlite.make_engine(path, 1.0)
    with engine.execution_options(write=True).begin() as connection:
        upgrade(connection)
    engine.dispose()
    return path


def test_the_direct_schema_is_that_of_the_migrations(ledger, path, migrated):
    def without_stamp(found):
        return [item for item in found if "alembic_version" not in item[1] + item[2]]

    assert without_stamp(schema(path)) == without_stamp(schema(migrated))
    assert len(schema(path)) >= 8


def test_both_are_stamped_alike(ledger, path, migrated):
    for file in (path, migrated):
        with closing(sqlite3.connect(file)) as connection:
            found = connection.execute("SELECT * FROM alembic_version").fetchall()
        assert found == [(REVISIONS[-1],)]


def test_every_migration_is_known_by_its_number():
    found = [script.revision for script in scripts().walk_revisions()]
    assert tuple(reversed(found)) == REVISIONS


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "failed.db"
    engine = sqlite.make_engine(path, 1.0)
    monkeypatch.setattr(sqlite, "TRIGGERS_0001", ("CREATE NONSENSE",))
    writer = engine.execution_options(write=True)
    with pytest.raises(OperationalError, match="NONSENSE"), writer.begin() as connection:
        upgrade(connection)
    engine.dispose()
    assert schema(path) == []


def test_an_older_ledger_is_upgraded_when_it_is_opened(path, migrated, monkeypatch):
    """As if a later Assay knew one revision more: opening calls the migrations, under the lock."""
    called = []
    monkeypatch.setattr(opening, "REVISIONS", (*REVISIONS, "9999"))
    monkeypatch.setattr("assay.ledger.migrations.upgrade", called.append)
    engine = sqlite.make_engine(migrated, 1.0)
    with engine.execution_options(write=True).begin() as connection:
        sqlite.mark(connection)
    opening.open_schema(engine, migrated, author="Ann", timeout_s=1.0)
    engine.dispose()
    assert len(called) == 1


def make_old(path, revision: str) -> None:
    """A ledger with records and files, as the Assay of that revision left it."""
    store = store_of(path)
    rows_file, predictions = store.put(b"a" * 16 + b"b" * 16), store.put(b"predictions")
    registration = RegistrationBody(
        project="k", data_sha=SHA, target="y", metric="crps", baseline="naive", improve_by=0.05,
        expect=0.15, alpha=0.05, tries=10, seal={"rows": 2}, n_open=5, n_sealed=2,
        sealed_rows_file=rows_file, test="independent", baseline_open_loss=1.0, sd0=1.0,
        spec_sha=SHA, question="Does the booster learn?",
    )  # fmt: skip
    bodies = [
        GenesisBody(salt="5a" * 32, software="assay-ml of old"),
        registration,
        AttemptBody(experiment=SHA, name="booster", predictions=predictions, open_loss=0.1),
        *(AttemptBody(experiment=SHA, name=f"tree {number}") for number in range(100)),
        LessonBody(project="k", words="an early lesson"),
    ]
    engine, head, rows = sqlite.make_engine(path, 1.0), Head(), []
    for body in bodies:
        text = canonical(body.model_dump())
        rows.append(linked(head, kind=body.kind, key="k", author="Ann", body=text))
        head = head_after(rows[-1])
    sqlite.use_wal(engine, 1.0)
    with engine.execution_options(write=True).begin() as connection:
        upgrade(connection, revision)
        sqlite.mark(connection)
        sqlite.append_rows(connection, rows)
        sealed_rows.fill(connection, 2, sealed_rows.fingerprints_of(registration, store))
        for sequence, body in enumerate(bodies, start=1):
            words = search.words_of(body)
            if revision >= "0002" and words:
                index = "trial" if isinstance(body, AttemptBody) else "passage"
                sqlite.index_words(connection, index, [(sequence, words)])
    engine.dispose()


def stored(path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM record ORDER BY sequence").fetchall()


def revision_of(path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_ledger_of_every_revision_opens_with_all_that_it_held(path, revision):
    make_old(path, revision)
    before = stored(path)
    assert revision_of(path) == revision
    with Ledger(path, create=False) as ledger:
        found = ledger.verify()
        assert found.ok, found.message
        assert (found.records, found.files) == (104, 2)
        assert [record.sequence for record in ledger.search("boosters lessons")] == [104, 2, 3]
        assert [record.body.name for record in ledger.search("trees", limit=2)] == [
            "tree 99", "tree 98"
        ]  # fmt: skip
        assert ledger.overlapping([b"b" * 16]) == {2}
        assert ledger.read_file(ledger.get(3).body.predictions) == b"predictions"
        assert len(History(ledger).refresh().attempts[SHA]) == 101
        ledger.append(AttemptBody(experiment=SHA, name="bush"), key="k")
        assert [record.sequence for record in ledger.search("bushes")] == [105]
        assert ledger.verify().ok
    assert stored(path)[:-1] == before
    assert revision_of(path) == REVISIONS[-1]


KILLED = """
import os, signal, sys
import assay.ledger.migrations as migrations
from assay.ledger import Ledger
upgrade = migrations.upgrade
def upgrade_and_die(connection):
    upgrade(connection)
    os.kill(os.getpid(), signal.SIGKILL)
migrations.upgrade = upgrade_and_die
Ledger(sys.argv[1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX's")
@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_a_kill_within_the_migration_leaves_the_old_ledger_whole(path, revision):
    make_old(path, revision)
    before = (stored(path), schema(path))
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (stored(path), schema(path), revision_of(path)) == (*before, revision)
    with Ledger(path) as ledger:
        assert ledger.verify().ok
