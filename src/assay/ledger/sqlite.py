"""Everything that is special to SQLite: settings, triggers, locks, what its errors mean."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from assay.errors import DamagedError, LedgerError, ReadOnlyError
from assay.ledger.schema import record
from assay.ledger.telling import Tell

APPLICATION_ID = 0x41535359
"""`ASSY`: stands in the file's header, so that a ledger is not taken for another database."""

_LAST = "SELECT max(sequence) FROM record"
_LAST_LINK = "SELECT sequence, at, hash FROM record ORDER BY sequence DESC LIMIT 1"
COLUMNS = tuple(column.name for column in record.columns)
_APPEND = f"INSERT INTO record ({', '.join(COLUMNS)}) VALUES (:{', :'.join(COLUMNS)})"
_ROWS = f"SELECT {', '.join(COLUMNS)} FROM record WHERE sequence > ? ORDER BY sequence LIMIT ?"
PAGES = 2000  # copied between two signs of life
LOWEST = -(2**63)
"""Below every sequence number that can be stored."""

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

# Without its own copy of the text: the records hold it.
_INDEX = "fts5(words, content='', tokenize='porter unicode61 remove_diacritics 2')"

# Part of revision 0002.
SEARCH_0002 = tuple(
    f"CREATE VIRTUAL TABLE {index} USING {_INDEX}" for index in ("passage", "trial")
)


def make_engine(path: Path | None, timeout_s: float, *, is_damaged: bool = False) -> Engine:
    """Connections to the ledger at `path`, each with the settings that keep it safe.

    Without a path, to a database in memory. A damaged file is read as far as its schema makes
    sense.

    Run with the option `write=True`, a transaction takes the write lock at its start; any other
    sees one state of the ledger and never waits for a writer.
    """
    engine = create_engine(
        URL.create("sqlite", database=":memory:" if path is None else str(path)),
        connect_args={"timeout": timeout_s, "check_same_thread": False},
        poolclass=QueuePool,
        pool_size=0,  # no limit: a thread that reads never waits for another's connection
    )
    if is_damaged:
        event.listen(engine, "connect", _forgive)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _forgive(connection: Any, _: object) -> None:
    connection.execute("PRAGMA writable_schema = ON")


def _prepare(connection: Any, _: object) -> None:
    # Python's own BEGIN comes too late: it waits for the first INSERT, after the head was read.
    connection.isolation_level = None
    # FULL, since NORMAL may lose acknowledged records of a WAL when the power fails.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA recursive_triggers = ON")


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("kept", False):
        driver(connection).execute("BEGIN IMMEDIATE" if options.get("write", False) else "BEGIN")


def driver(connection: Connection) -> sqlite3.Connection:
    """The connection below SQLAlchemy's.

    `append` runs the same few statements all day long, and each costs a tenth of what it costs
    through SQLAlchemy.
    """
    found: Any = connection.connection.driver_connection
    return found


def writer(engine: Engine) -> Connection:
    """A connection that is kept from one transaction to the next.

    To SQLAlchemy it is in one transaction for all its life, and so it may be asked for
    savepoints; `begin_writing` and `commit` are what SQLite sees.
    """
    connection = engine.execution_options(kept=True).connect()
    connection.begin()
    return connection


def begin_writing(connection: Connection) -> None:
    """Take the write lock, or wait for it."""
    driver(connection).execute("BEGIN IMMEDIATE")


def commit(connection: Connection) -> None:
    """Make what was written since `begin_writing` durable, and let go of the lock."""
    driver(connection).execute("COMMIT")


def check_writing(connection: Connection) -> None:
    """Make sure that the transaction which `begin_writing` began is still open.

    Raises:
        sqlite3.OperationalError: SQLite ended it, as it does where the disk is full or fails. What
            followed would be recorded without what came before.
    """
    if not driver(connection).in_transaction:
        raise sqlite3.OperationalError("the transaction was rolled back")


def roll_back(connection: Connection) -> None:
    """Forget what was written since `begin_writing`; SQLite may have done so itself."""
    driver(connection).rollback()


def last_link(connection: Connection) -> tuple[int, str, str] | None:
    """Sequence, time and hash of the last record."""
    return driver(connection).execute(_LAST_LINK).fetchone()


def append_rows(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert records that follow the last one, within a transaction."""
    driver(connection).executemany(_APPEND, rows)


def rows_after(connection: Connection, last: int, limit: int) -> list[dict[str, Any]]:
    """Stored rows that follow record `last`, as they are.

    Raises:
        sqlite3.Error: one of them cannot be read.
    """
    found = driver(connection).execute(_ROWS, (last, limit)).fetchall()
    return [dict(zip(COLUMNS, row, strict=True)) for row in found]


def damage(connection: Connection) -> str:
    """The first thing that SQLite's own check finds wrong; empty where all is well."""
    found = connection.exec_driver_sql("PRAGMA main.integrity_check(1)").scalar()
    return "" if found == "ok" else str(found).removeprefix("*** in database main ***\n")


def is_marked(connection: Connection) -> bool:
    """Whether the file says that it is a ledger."""
    return connection.exec_driver_sql("PRAGMA application_id").scalar() == APPLICATION_ID


def has_records(connection: Connection) -> bool:
    """Whether there is a table of records as a ledger has it."""
    found = connection.exec_driver_sql("SELECT name FROM pragma_table_info('record')").scalars()
    return set(COLUMNS) <= set(found)


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


def checkpoint(engine: Engine) -> None:
    """Bring what stands in the log into the file itself, as far as nobody reads it."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def copy(connection: Connection, target: Path, tell: Tell) -> None:
    """Copy the database as this connection sees it to a new file, while others write."""
    made = sqlite3.connect(target)
    try:
        last_link(connection)  # from here on this connection sees one state
        driver(connection).backup(
            made,
            pages=PAGES,
            progress=lambda _, left, total: tell("copying pages", total - left, total),
        )
    finally:
        made.close()


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
    driver(connection).executemany(f"INSERT INTO {index} (rowid, words) VALUES (?, ?)", entries)


def forget_words(connection: Connection, index: str) -> None:
    """Empty an index."""
    connection.exec_driver_sql(f"INSERT INTO {index} ({index}) VALUES ('delete-all')")


def make_index(connection: Connection, index: str) -> None:
    """An empty index that this connection alone sees."""
    driver(connection).execute(f"DROP TABLE IF EXISTS temp.{index}")
    driver(connection).execute(f"CREATE VIRTUAL TABLE temp.{index} USING {_INDEX}")


def indexed(connection: Connection, index: str) -> int:
    """Number of texts in an index."""
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM {index}_docsize").scalar_one())


def holds_same_words(connection: Connection, index: str, own: str) -> bool:
    """Whether an index holds, word for word, what an index of this connection alone does."""
    found = []
    for schema, name in (("main", index), ("temp", own)):
        terms = f"temp.{name}_terms"
        driver(connection).execute(f"DROP TABLE IF EXISTS {terms}")
        driver(connection).execute(
            f"CREATE VIRTUAL TABLE {terms} USING fts5vocab('{schema}', '{name}', 'instance')"
        )
        found.append(driver(connection).execute(f"SELECT term, doc, offset FROM {terms}"))
    return all(one == other for one, other in zip_longest(*found))


def last_indexed(connection: Connection, index: str) -> int:
    """The greatest sequence number in an index; 0 where it is empty."""
    found = driver(connection).execute(f"SELECT max(id) FROM {index}_docsize").fetchone()
    return found[0] or 0


def bodies_after(connection: Connection, kind: str, last: int) -> list[tuple[int, str]]:
    """Sequence number and stored body of each record of a kind that follows record `last`."""
    # The plus keeps SQLite from walking through all records of the kind.
    asked = "SELECT sequence, body FROM record WHERE sequence > ? AND +kind = ? ORDER BY sequence"
    return driver(connection).execute(asked, (last, kind)).fetchall()


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
    "disk i/o error": "cannot be read or written by the disk, and was not changed. Is the disk "
    "full, or at a limit on the size of files? Make room, or check the disk",
    "rolled back": "was not changed, since the database gave up the transaction, as it does where "
    "the disk is full or fails. Try again as a whole",
    "full": "was not changed, since the disk is full. Make room and try again",
    "append-only": "is append-only, and this would not append. Another program may have "
    "written to it; open it again",
}


# A damaged file may put bytes into SQLite's own messages that are no text.
REFUSALS = (DBAPIError, sqlite3.Error, UnicodeDecodeError)
"""How the database says that it will not."""

# A ledger that was opened has all its tables; a file that was none was refused before.
_DAMAGED = (
    "malformed",
    "no such table",
    "no such column",
    "already exists",
    "decode to UTF-8",
    "codec",
)


@contextmanager
def errors_said(path: Path, timeout_s: float) -> Iterator[None]:
    """Turn the database's errors into one sentence that a user can act on.

    Raises:
        LedgerError: whatever the database refused.
        DamagedError: it cannot read the file any more.
        ReadOnlyError: it may not write, or not open the file.
    """
    try:
        yield
    except REFUSALS as error:
        # Settings made on connecting fail outside SQLAlchemy, which wraps everything else.
        said = str(error.orig if isinstance(error, DBAPIError) else error)
        if "readonly" in said or "unable to open" in said:
            raise ReadOnlyError(read_only(path, said)) from error
        if any(part in said for part in _DAMAGED) or ("not a database" in said and was(path)):
            raise DamagedError(
                f"{path}: the ledger is damaged. Restore it from a backup; `assay ledger verify` "
                f"says what still stands ({said})."
            ) from error
        if "not a database" in said:
            raise LedgerError(
                f"{path}: is not a ledger, but some other file. Name another path ({said})."
            ) from error
        raise LedgerError(f"{path}: the ledger {_meaning(said, timeout_s)} ({said}).") from error


def read_only(path: Path, said: str) -> str:
    """That a ledger may not be written, as a sentence."""
    return f"{path}: the ledger is read-only, or its folder is. Allow writing to both ({said})."


def was(path: Path) -> bool:
    """Whether a file whose beginning SQLite does not know any more was a ledger."""
    try:
        with path.open("rb") as file:
            return file.read(100)[68:72] == APPLICATION_ID.to_bytes(4)
    except OSError:
        return False


def _meaning(said: str, timeout_s: float) -> str:
    if "locked" in said or "busy" in said:
        return (
            f"is locked by another process for longer than {timeout_s:g} s. Wait for it to end, "
            "or raise timeout_s"
        )
    lowered = said.lower()
    known = (meaning for part, meaning in _MEANINGS.items() if part in lowered)
    return next(known, "cannot be used")
