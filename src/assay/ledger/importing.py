"""A ledger from an export: all of it or nothing."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from assay.errors import LedgerError
from assay.ledger import lines, opening, placing, sealed_rows, search, sqlite
from assay.ledger.chain import Head, Record, end_at, next_record
from assay.ledger.connections import Connections
from assay.ledger.files import FileStore, shas_in, store_of
from assay.ledger.lines import End, Piece
from assay.ledger.telling import Tell, silent
from assay.record import Body, RegistrationBody

BATCH = 500

_Item = dict[str, Any] | Piece | End
_Numbered = Iterator[tuple[int, _Item]]
_Row = tuple[dict[str, Any], Record]
_KeepFile = Callable[[str, Iterator[bytes]], object]


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
    walk(source, _pass_over, lambda _: None, tell, "checking")
    return _make(source, path, timeout_s, tell)


@dataclass(slots=True)
class _Walk:
    """Where a reader of an export is."""

    source: Path
    head: Head = field(default_factory=Head)
    seen: set[str] = field(default_factory=set)
    arrived: list[str] = field(default_factory=list)  # files since the last record

    def refuse(self, number: int, why: str) -> LedgerError:
        return LedgerError(f"{self.source}: line {number}: {why}. Export the ledger again.")


def walk(
    source: Path,
    keep_file: _KeepFile,
    keep_row: Callable[[_Row], object],
    tell: Tell,
    doing: str,
) -> End:
    """Go through an export and check all of it.

    Args:
        source: the file.
        keep_file: gets each file, and must read all of its content.
        keep_row: gets each record, after the files that it names.
        tell: is told how far it is.
        doing: what it is told.

    Returns:
        The last line.

    Raises:
        LedgerError: a record, a link, a file or the end is not as it was written.
    """
    at, items, size, read = _Walk(source), lines.read_lines(source), lines.size_of(source), 0
    for number, item in items:
        if isinstance(item, End):
            _check_end(at, number, item)
            for after, _ in items:
                raise at.refuse(after, "stands after the end")
            return item
        if isinstance(item, Piece):
            keep_file(item.sha, _content(at, number, item, items))
            read += 4 * item.size // 3
            continue
        record = next_record(at.head, item, str(source))
        if isinstance(record, str):
            raise at.refuse(number, record)
        _check_files(at, number, record.body)
        keep_row((item, record))
        at.head = end_at(record)
        read += len(item["body"]) + 300
        tell(doing, min(read, size), size)
    raise LedgerError(
        f"{source}: the export was cut off: its last line is missing. Export the ledger again, or "
        "copy the file again."
    )


def _content(at: _Walk, number: int, first: Piece, items: _Numbered) -> Iterator[bytes]:
    """The content of a file whose first piece was read; the pieces that follow are taken here."""
    if first.sha in at.seen or first.sha in at.arrived:
        raise at.refuse(number, f"the file {first.sha} comes a second time")
    seen, piece, start = hashlib.sha256(), first, 0
    while True:
        expected = min(lines.PIECE, first.size - start)
        place = (piece.sha, piece.size, piece.start, len(piece.content))
        if place != (first.sha, first.size, start, expected):
            raise at.refuse(number, f"a piece of the file {first.sha} is missing")
        seen.update(piece.content)
        start += len(piece.content)
        yield piece.content
        if start >= first.size:
            break
        number, following = next(items, (number + 1, None))
        if not isinstance(following, Piece):
            raise at.refuse(number, f"a piece of the file {first.sha} is missing")
        piece = following
    if seen.hexdigest() != first.sha:
        raise at.refuse(number, f"the content of the file {first.sha} was changed")
    at.arrived.append(first.sha)


def _check_files(at: _Walk, number: int, body: Body | dict[str, Any]) -> None:
    """Before a record stand those files, and those only, that it is the first to name."""
    if isinstance(body, Body):
        wanted = [sha for sha in dict.fromkeys(body.file_shas()) if sha not in at.seen]
    else:  # of an unknown kind: what it names, as far as that was there
        wanted = [sha for sha in shas_in(body) if sha in at.arrived]
    if wanted != at.arrived:
        raise at.refuse(number, "the files before this record are not those that it names")
    at.seen.update(at.arrived)
    at.arrived = []


def _check_end(at: _Walk, number: int, end: End) -> None:
    found = End(at.head.sequence, len(at.seen), at.head.hash)
    if at.arrived or found != end or not at.head.sequence:
        raise at.refuse(number, f"the end tells of {end.records} records and {end.files} files")


def _pass_over(_: str, content: Iterator[bytes]) -> None:
    for _piece in content:
        pass


def _compare(source: Path, connections: Connections, tell: Tell) -> None:
    """Check the export, and that the ledger is its beginning.

    Raises:
        LedgerError: as `walk`; or the ledger holds other records, or more.
    """
    with connections.reading() as connection:
        existing = _Existing(connection, connections.path, source)
        walk(source, _pass_over, existing.is_new, tell, "checking")
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

    def is_new(self, row: _Row) -> bool:
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
    return f"a {row['kind']}{key} by {row['author']} at {row['at']} ({str(row['hash'])[:12]})"


def _fill(
    source: Path, connections: Connections, store: FileStore, keep_file: _KeepFile, tell: Tell
) -> Imported:
    """Append what is lacking, in one transaction."""
    with connections.writing() as writing, connections.said():
        existing = _Existing(writing.connection, connections.path, source)
        appender = _Appender(writing.connection, store)

        def keep(row: _Row) -> None:
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
    _waiting: list[_Row] = field(default_factory=list)

    def add(self, row: _Row) -> None:
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
    source: Path, path: Path, hidden: Path, timeout_s: float, keep_file: _KeepFile, tell: Tell
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
