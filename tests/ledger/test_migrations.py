import sqlite3
from contextlib import closing

import pytest
from sqlalchemy.exc import OperationalError

from assay.ledger import opening, sqlite
from assay.ledger.migrations.upgrade import scripts, upgrade
from assay.ledger.schema import REVISIONS


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
