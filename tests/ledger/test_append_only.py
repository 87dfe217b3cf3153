import sqlite3
from contextlib import closing

import pytest

COLUMNS = "(sequence, kind, key, at, author, body, previous, hash)"


@pytest.fixture
def three(ledger, attempt, path):
    """A ledger with three records, and a plain connection of another program."""
    ledger.append_many([(attempt(), "k"), (attempt("net"), "k")])
    with closing(sqlite3.connect(path)) as connection:
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET author = 'Eve'",
        "UPDATE OR REPLACE record SET sequence = 1 WHERE sequence = 2",
        "DELETE FROM record",
        "DELETE FROM record WHERE sequence = 3",
        f"REPLACE INTO record {COLUMNS} SELECT * FROM record WHERE sequence = 2",
        f"INSERT OR IGNORE INTO record {COLUMNS} SELECT * FROM record WHERE sequence = 2",
        f"REPLACE INTO record {COLUMNS} SELECT 4, kind, key, at, author, body, "
        "(SELECT hash FROM record WHERE sequence = 3), hash FROM record WHERE sequence = 2",
        f"INSERT INTO record {COLUMNS} SELECT 9, kind, key, at, author, body, hash, 'x' "
        "FROM record WHERE sequence = 3",
        f"INSERT INTO record {COLUMNS} SELECT 4, kind, key, at, author, body, previous, 'x' "
        "FROM record WHERE sequence = 3",
        f"INSERT INTO record {COLUMNS} SELECT -1, kind, key, at, author, body, hash, 'x' "
        "FROM record WHERE sequence = 3",
        f"INSERT INTO record {COLUMNS} SELECT NULL, kind, key, at, author, body, 'x', 'x' "
        "FROM record WHERE sequence = 3",
    ],
)
def test_another_program_cannot_change_the_past(ledger, three, statement):
    before = list(ledger.records())
    with pytest.raises(sqlite3.IntegrityError, match="the ledger is append-only"):
        three.execute(statement)
    three.rollback()
    assert list(ledger.records()) == before
    assert ledger.verify().ok


def test_the_next_link_may_be_appended(three, ledger):
    three.execute(
        f"INSERT INTO record {COLUMNS} SELECT 4, 'omen', key, at, author, body, hash, 'x' "
        "FROM record WHERE sequence = 3"
    )
    three.commit()
    assert ledger.verify().broken_at == 4
