"""A ledger from an export: all of it or nothing."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from assay.errors import LedgerError
from assay.ledger import opening, placing, sealed_rows, search, sqlite
from assay.ledger.connections import Connections
from assay.ledger.files import FileStore, store_of
from assay.ledger.reading import KeepFile, Row, pass_over, walk
from assay.ledger.telling import Tell, silent
from assay.record import RegistrationBody

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did.

    Fields:
        records, files: how many the export holds.
        appended: how many of the records are new to the ledger.
        head: hash of the last record.
    """

    records: int
    files: int
    appended: int
    head: str


def import_jsonl(
    source: str | Path, ledger: str | Path, *, timeout_s: float = 30.0, tell: Tell = silent
) -> Imported:
    """Make a ledger from an export, or append what a ledger lacks of it.

    The export is checked as a whole before anything is written. A ledger that is there must be the
    beginning of it, so that a second import of the same file changes nothing.

    Args:
        source: a file that `Ledger.export` wrote.
        ledger: where nothing is, or a ledger.
        timeout_s: how long to wait for another process that is writing.
        tell: is told how far it is.

    Raises:
        LedgerError: the file is no export, or not all of one; the ledger holds other records, or
            cannot be written. Then nothing was recorded.
    """
    source, path = Path(source), Path(ledger)
    if path.exists():
        connections = opening.connect(path, author="", timeout_s=timeout_s, create=False)
        try:
            _compare(source, connections, tell)
            store = store_of(path)
            return _fill(source, connections, store, store.adopt, tell)
        finally:
            connections.close()
    walk(source, pass_over, lambda _: None, tell, "checking")
    return _make(source, path, timeout_s, tell)


def _compare(source: Path, connections: Connections, tell: Tell) -> None:
    """Check the export, and that the ledger is its beginning.

    Raises:
        LedgerError: as `walk`; or the ledger holds other records, or more.
    """
    with connections.reading() as connection:
        existing = _Existing(connection, connections.path, source)
        walk(source, pass_over, existing.is_new, tell, "checking")
        existing.refuse_more()


@dataclass(slots=True)
class _Existing:
    """The records that a ledger holds, beside those of an export."""

    connection: Connection
    path: Path
    source: Path
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _last: int = 0
    _is_over: bool = False

    def is_new(self, row: Row) -> bool:
        """Whether the ledger ends before this record.

        Raises:
            LedgerError: it holds another one in its place.
        """
        found = self._next()
        if found is not None and found != row[0]:
            raise self._refuse(found, f"in {self.source} it is {_told(row[0])}")
        return found is None

    def refuse_more(self) -> None:
        """Make sure that the ledger does not go on after the export."""
        found = self._next()
        if found is not None:
            raise self._refuse(found, f"{self.source} ends before it")

    def _next(self) -> dict[str, Any] | None:
        if not (self._rows or self._is_over):
            self._rows = sqlite.rows_after(self.connection, self._last, BATCH)[::-1]
            self._is_over = not self._rows
        if self._is_over:
            return None
        row = self._rows.pop()
        self._last = row["sequence"]
        return row

    def _refuse(self, row: dict[str, Any], other: str) -> LedgerError:
        return LedgerError(
            f"{self.path}: is another ledger than the exported one: its record {row['sequence']} "
            f"is {_told(row)}, {other}. Import into a path where nothing is."
        )


def _told(row: dict[str, Any]) -> str:
    key = f" of {row['key']!r}" if row["key"] else ""
    article = "an" if str(row["kind"])[:1] in "aeio" else "a"
    return (
        f"{article} {row['kind']}{key} by {row['author']} at {row['at']} ({str(row['hash'])[:12]})"
    )


def _fill(
    source: Path, connections: Connections, store: FileStore, keep_file: KeepFile, tell: Tell
) -> Imported:
    """Append what is lacking, in one transaction."""
    with connections.writing() as writing, connections.said():
        existing = _Existing(writing.connection, connections.path, source)
        appender = _Appender(writing.connection, store)

        def keep(row: Row) -> None:
            if existing.is_new(row):
                appender.add(row)

        end = walk(source, keep_file, keep, tell, "importing")
        existing.refuse_more()
        appender.flush()
    return Imported(records=end.records, files=end.files, appended=appender.count, head=end.head)


@dataclass(slots=True)
class _Appender:
    """Appends records and fills the views, some at a time."""

    connection: Connection
    store: FileStore
    count: int = 0
    _waiting: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        self._waiting.append(row)
        self.count += 1
        if len(self._waiting) == BATCH:
            self.flush()

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        sqlite.append_rows(self.connection, [row for row, _ in waiting])
        for _, record in waiting:
            if isinstance(record.body, RegistrationBody):
                rows = sealed_rows.fingerprints_of(record.body, self.store)
                sealed_rows.fill(self.connection, record.sequence, rows)
        search.fill(self.connection, ((each.sequence, each.body) for _, each in waiting))


def _make(source: Path, path: Path, timeout_s: float, tell: Tell) -> Imported:
    """A new ledger: made beside, and at `path` only once it is whole."""
    store, hidden = store_of(path), placing.beside(path)
    new: list[str] = []

    def keep_file(sha: str, content: Iterator[bytes]) -> None:
        if store.adopt(sha, content):
            new.append(sha)

    with placing.said(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            found = _filled(source, path, hidden, timeout_s, keep_file, tell)
            placing.appear(hidden, path)
        except BaseException:
            store.forget(new)  # nobody else can have named them yet
            raise
        finally:
            for part in ("", "-wal", "-shm"):
                with suppress(OSError):
                    hidden.with_name(hidden.name + part).unlink(missing_ok=True)
    return found


def _filled(
    source: Path, path: Path, hidden: Path, timeout_s: float, keep_file: KeepFile, tell: Tell
) -> Imported:
    connections = Connections.open(path, timeout_s, opening.make_without_records, file=hidden)
    try:
        found = _fill(source, connections, store_of(path), keep_file, tell)
        with connections.said():
            sqlite.checkpoint(connections.live())
    finally:
        connections.close()
    if hidden.with_name(f"{hidden.name}-wal").exists():  # the file alone would not be whole
        raise LedgerError(f"{path}: cannot be written in full. Make room and try again.")
    return found
