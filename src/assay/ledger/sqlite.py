"""Everything that is special to SQLite: settings, triggers, locks, what its errors mean."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from assay.errors import LedgerError

APPLICATION_ID = 0x41535359
"""`ASSY`: stands in the file's header, so that a ledger is not taken for another database."""

_LAST = "SELECT max(sequence) FROM record"

# Part of revision 0001: a later revision adds triggers, it never edits these.
TRIGGERS_0001 = (
    "CREATE TRIGGER record_is_never_updated BEFORE UPDATE ON record "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: no UPDATE'); END",
    "CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: no DELETE'); END",
    # REPLACE deletes without asking the trigger above, unless each connection asked for it. So
    # nothing may be inserted but the next link of the chain.
    "CREATE TRIGGER record_is_only_appended BEFORE INSERT ON record "
    f"WHEN NEW.sequence IS NOT coalesce(({_LAST}), 0) + 1 "
    f"OR (NEW.sequence > 1 AND NEW.previous IS NOT "
    f"(SELECT hash FROM record WHERE sequence = ({_LAST}))) "
    "OR EXISTS (SELECT 1 FROM record WHERE hash = NEW.hash) "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: not the next link'); END",
)

# Part of revision 0002. Without their own copy of the text: the records hold it.
SEARCH_0002 = tuple(
    f"CREATE VIRTUAL TABLE {index} USING fts5(words, content='', "
    "tokenize='porter unicode61 remove_diacritics 2')"
    for index in ("passage", "trial")
)


def make_engine(path: Path, timeout_s: float) -> Engine:
    """Connections to the ledger at `path`, each with the settings that keep it safe.

    Run with the option `write=True`, a transaction takes the write lock at its start; any other
    sees one state of the ledger and never waits for a writer.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": timeout_s, "check_same_thread": False},
        pool_size=0,  # no limit: a thread that reads never waits for another's connection
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: object) -> None:
    # Python's own BEGIN comes too late: it waits for the first INSERT, after the head was read.
    connection.isolation_level = None
    # FULL, since NORMAL may lose acknowledged records of a WAL when the power fails.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA recursive_triggers = ON")


def _begin(connection: Connection) -> None:
    is_writer = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")


def is_marked(connection: Connection) -> bool:
    """Whether the file says that it is a ledger."""
    return connection.exec_driver_sql("PRAGMA application_id").scalar() == APPLICATION_ID


def is_empty(connection: Connection) -> bool:
    """Whether the file holds no table at all."""
    return connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0


def mark(connection: Connection) -> None:
    """Let the file's header say that it is a ledger, within the transaction that makes it one."""
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def use_wal(engine: Engine, timeout_s: float) -> None:
    """Readers and one writer at once, on a file that is known to be a ledger or empty.

    Two processes that switch at the same moment refuse each other without waiting, so we wait.
    """
    until = monotonic() + timeout_s
    while True:
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or monotonic() > until:
                raise
            sleep(0.01)
        finally:
            connection.close()


def ask(connection: Connection, fingerprints: Sequence[bytes]) -> None:
    """Put `fingerprints` into the temporary table `asked`, which this connection alone sees.

    A join with it is quicker than 50,000 bound parameters, of which SQLite takes only 32,766.
    """
    connection.exec_driver_sql(
        "CREATE TEMP TABLE IF NOT EXISTS asked (fingerprint BLOB PRIMARY KEY) WITHOUT ROWID"
    )
    connection.exec_driver_sql("DELETE FROM asked")
    connection.exec_driver_sql(
        "INSERT OR IGNORE INTO asked VALUES (?)", [(item,) for item in fingerprints]
    )


def index_words(connection: Connection, index: str, entries: list[tuple[int, str]]) -> None:
    """Make texts findable under their sequence numbers."""
    connection.exec_driver_sql(f"INSERT INTO {index} (rowid, words) VALUES (?, ?)", entries)


def forget_words(connection: Connection, index: str) -> None:
    """Empty an index."""
    connection.exec_driver_sql(f"INSERT INTO {index} ({index}) VALUES ('delete-all')")


def indexed(connection: Connection, index: str) -> int:
    """Number of texts in an index."""
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM {index}_docsize").scalar_one())


def ranked(connection: Connection, index: str, words: Sequence[str], limit: int) -> list[int]:
    """Texts that hold any of the words, the most telling first."""
    return _matching(connection, index, words, "rank", limit)


def latest(connection: Connection, index: str, words: Sequence[str], limit: int) -> list[int]:
    """Texts that hold any of the words, the latest first: quick however many they are."""
    return _matching(connection, index, words, "rowid DESC", limit)


def _matching(
    connection: Connection, index: str, words: Sequence[str], order: str, limit: int
) -> list[int]:
    asked = " OR ".join(f'"{word}"' for word in words)  # words hold no quotation marks
    found = connection.exec_driver_sql(
        f"SELECT rowid FROM {index} WHERE {index} MATCH ? ORDER BY {order} LIMIT ?",
        (asked, max(limit, 0)),
    )
    return list(found.scalars())


_MEANINGS = {
    "no such module: fts5": "needs an SQLite with full-text search (FTS5), which this Python's "
    "lacks. Use another build of Python",
    "file is not a database": "is not a ledger, but some other file. Name another path",
    "malformed": "is damaged. Restore it from a backup",
    "disk i/o error": "cannot be read or written by the disk. Check the disk",
    "readonly": "is read-only, or its folder is. Allow writing to both",
    "unable to open": "cannot be opened. Check that it and its folder may be read and written",
    "full": "was not changed, since the disk is full. Make room and try again",
    "append-only": "is append-only, and this would not append. Another program may have "
    "written to it; open it again",
}


@contextmanager
def errors_said(path: Path, timeout_s: float) -> Iterator[None]:
    """Turn the database's errors into one sentence that a user can act on.

    Raises:
        LedgerError: whatever the database refused.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        # Settings made on connecting fail outside SQLAlchemy, which wraps everything else.
        said = str(error.orig if isinstance(error, DBAPIError) else error)
        raise LedgerError(f"{path}: the ledger {_meaning(said, timeout_s)} ({said}).") from error


def _meaning(said: str, timeout_s: float) -> str:
    if "locked" in said or "busy" in said:
        return (
            f"is locked by another process for longer than {timeout_s:g} s. Wait for it to end, "
            "or raise timeout_s"
        )
    lowered = said.lower()
    known = (meaning for part, meaning in _MEANINGS.items() if part in lowered)
    return next(known, "cannot be used")
