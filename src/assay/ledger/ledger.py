"""The ledger: one append-only, chained table of records, and files beside it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, bindparam, select

from assay.errors import LedgerError
from assay.ledger import (
    copying,
    exporting,
    opening,
    sealed_rows,
    search,
    sqlite,
    verification,
    views,
)
from assay.ledger.author import default_author
from assay.ledger.chain import (
    Head,
    Record,
    as_record,
    checked,
    end_at,
    head_after,
    linked,
    read_record,
)
from assay.ledger.connections import Writing, head_of
from assay.ledger.exporting import Exported
from assay.ledger.files import store_of
from assay.ledger.findings import Verification
from assay.ledger.schema import record
from assay.ledger.telling import Tell, silent
from assay.record import Body, GenesisBody, RegistrationBody, canonical

BATCH = 500
"""Records read at once; between two batches no lock is held and no cursor is open."""

# Built once: a program that takes hundreds of looks asks thousands of times what is new.
_AFTER = (
    select(record)
    .where(record.c.sequence > bindparam("last"))
    .order_by(record.c.sequence)
    .limit(BATCH)
)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A body that nothing can be said against any more, ready to be linked."""

    body: Body
    key: str
    text: str
    sealed: list[bytes]


class Ledger:
    """Everything that was registered, tried, answered and learnt; nothing is ever edited.

    Several processes and threads may use one ledger at once. What `append` returned survives
    `kill -9` and a power failure.

    Args:
        path: the ledger's file, such as `assay.db`; made, with its folder, if it is not there.
        author: who records where an `append` does not say; default git's user name, else the
            user of this machine.
        timeout_s: how long to wait for another process that is writing.
        create: `False` refuses a path where nothing is.

    Raises:
        LedgerError: not a ledger, made by a newer Assay, locked, or not to be opened. Where it may
            be read and not written, it opens, and shows what it held at that moment.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        author: str | None = None,
        timeout_s: float = 30.0,
        create: bool = True,
    ) -> None:
        self.path = Path(path)
        self.author = author or default_author()
        self.files = store_of(self.path)
        self._connections = opening.connect(
            self.path, author=self.author, timeout_s=timeout_s, create=create
        )

    def close(self) -> None:
        """Let go of the file; a closed ledger refuses everything else."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Ledger({str(self.path)!r})"

    @property
    def salt(self) -> str:
        """What row fingerprints of this ledger are salted with."""
        genesis = self.get(1).body
        if not isinstance(genesis, GenesisBody):
            raise LedgerError(f"{self.path}: record 1 is no genesis. Run `assay ledger verify`.")
        return genesis.salt

    def append(self, body: Body, *, key: str, author: str | None = None) -> Record:
        """Record one fact; it is on disk when this returns.

        Args:
            body: the fact.
            key: the project it belongs to.
            author: who records it; default the ledger's.

        Raises:
            LedgerError: a file that `body` names is not there, or the record cannot be written;
                then nothing was.
        """
        return self.append_many([(body, key)], author=author)[0]

    def append_many(
        self, bodies: Iterable[tuple[Body, str]], *, author: str | None = None
    ) -> list[Record]:
        """Record several facts, all of them or none.

        Args:
            bodies: each with its key, in the order of the records to be.
            author: who records them; default the ledger's.

        Raises:
            LedgerError: as `append`.
        """
        prepared = [self._prepare(body, key) for body, key in bodies]
        name = _text(author or self.author, "author")
        with self._connections.writing() as writing:
            return self._link(writing, prepared, name)

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """Hold the write lock, so that what is read stays true until what follows is recorded.

        Whatever this thread reads and appends within the block is one transaction: it is recorded
        when the block ends, or not at all if it raises. A block within a block joins it.

        Raises:
            LedgerError: another process wrote for longer than `timeout_s`.
        """
        with self._connections.writing():
            yield self

    @property
    def is_in_transaction(self) -> bool:
        """Whether this thread is within a `transaction`, whose records may yet be rolled back."""
        return self._connections.is_writing

    def records(
        self, kind: str | None = None, key: str | None = None, *, after: int = 0
    ) -> Iterator[Record]:
        """All records in their order, those of one kind, of one project, or both.

        Args:
            kind: such as `attempt`.
            key: of a project.
            after: only records with a greater sequence number.

        Raises:
            LedgerError: a body cannot be read.
        """
        for row in self._batches(kind, key, after):
            yield read_record(row, str(self.path))

    def chained(self, head: Head = Head()) -> Iterator[Record]:  # noqa: B008  # it never changes
        """All records that follow `head`, each link of the chain checked.

        Args:
            head: what was read before; default nothing.

        Raises:
            LedgerError: a record is missing, was changed or cannot be read.
        """
        for row in self._batches(None, None, head.sequence):
            found = checked(head, row, str(self.path))
            yield found
            head = end_at(found)

    def get(self, which: int | str) -> Record:
        """The record with this sequence number or hash.

        Raises:
            LedgerError: there is none.
        """
        column = record.c.sequence if isinstance(which, int) else record.c.hash
        with self._connections.reading() as connection:
            row = connection.execute(select(record).where(column == which)).mappings().first()
        if row is None:
            raise LedgerError(
                f"{self.path}: no record {which!r}. `assay ledger ls --records` lists them."
            )
        return read_record(dict(row), str(self.path))

    def hash_of(self, sequence: int) -> str | None:
        """Hash of the record with this number; `None` where there is none."""
        with self._connections.reading() as connection:
            asked = select(record.c.hash).where(record.c.sequence == sequence)
            return connection.execute(asked).scalar()

    def head(self) -> str:
        """Hash of the last record. Kept elsewhere, it proves that none was cut off since."""
        with self._connections.reading() as connection:
            return head_of(connection).hash

    def put(self, content: bytes) -> str:
        """Store a file beside the ledger and return its SHA-256, for a record to name.

        Raises:
            LedgerError: it cannot be written; then nothing was.
        """
        return self.files.put(content)

    def read_file(self, sha: str) -> bytes:
        """The file with this SHA-256.

        Raises:
            LedgerError: it is not there, or no longer what it was.
        """
        return self.files.read(sha)

    def overlapping(self, fingerprints: Sequence[bytes]) -> set[int]:
        """Sequence numbers of the registrations that sealed any of these rows.

        Args:
            fingerprints: salted row hashes, as in the sealed rows files.
        """
        with self._connections.reading() as connection:
            return sealed_rows.overlapping(connection, fingerprints)

    def search(self, words: str, *, limit: int = 20) -> list[Record]:
        """Records that hold any of the words: questions, hypotheses, verdicts, lessons, attempts.

        Args:
            words: in any order and form; `deliveries` finds `delivery`, accents do not matter.
            limit: most records wanted.

        Returns:
            What was asked and learnt, the most telling first, then attempts from the latest on.
        """
        with self._connections.reading() as connection, self._connections.said():
            numbers = list(search.find(connection, words, limit))
        return [self.get(number) for number in numbers]

    def rebuild_views(self, tell: Tell = silent) -> int:
        """Fill the views of sealed rows and of words anew from records and files.

        Indices and triggers that are missing or were changed are made anew as well.

        Args:
            tell: is told how far it is.

        Returns:
            The number of registrations in them.

        Raises:
            LedgerError: the chain does not hold, or a file is missing or damaged; all is then as
                it was.
        """
        with self._connections.writing() as writing, self._connections.said():
            total = writing.head.sequence
            return views.rebuild(writing.connection, self.chained(), total, self.files, tell)

    def verify(self, tell: Tell = silent) -> Verification:
        """Check every link of the chain, every file that a record names, and the views.

        Args:
            tell: is told how far the check is.
        """
        with self._connections.reading() as connection:
            return verification.verify(connection, self.files, str(self.path), tell)

    def export(self, path: str | Path, tell: Tell = silent) -> Exported:
        """Write all records, and all files that they name, to one new file of JSON lines.

        Args:
            path: where nothing is yet.
            tell: is told how far it is.

        Raises:
            LedgerError: something is at `path` or it cannot be written, the chain breaks, or a
                file is missing or damaged; then nothing is left there.
        """
        with self._connections.reading() as connection:
            return exporting.export(connection, self.files, str(self.path), Path(path), tell)

    def backup(self, path: str | Path, tell: Tell = silent) -> Verification:
        """Copy the ledger and its files, as they are at one moment, while others may write.

        Args:
            path: of the copy, where nothing is yet.
            tell: is told how far it is.

        Returns:
            What a check of the copy found: that it holds.

        Raises:
            LedgerError: something is at `path` or it cannot be written, or the ledger does not
                hold; then nothing is left there.
        """
        with self._connections.reading() as connection:
            return copying.backup(connection, self.files, self.path, Path(path), tell)

    def _prepare(self, body: Body, key: str) -> _Prepared:
        """Everything that can be refused is refused here, before the lock is asked for."""
        missing = [sha for sha in body.file_shas() if not self.files.has(sha)]
        if missing:
            raise LedgerError(
                f"{body.kind} record: the file {missing[0]} is not beside the ledger "
                f"{self.path}. Store it first with `put`."
            )
        is_registration = isinstance(body, RegistrationBody)
        sealed = sealed_rows.fingerprints_of(body, self.files) if is_registration else []
        try:
            text = canonical(body.model_dump())
        except (TypeError, ValueError) as error:
            raise LedgerError(f"{body.kind} record: cannot be kept as JSON: {error}") from error
        return _Prepared(body, _text(key, "key"), text, sealed)

    def _link(self, writing: Writing, prepared: list[_Prepared], author: str) -> list[Record]:
        if not prepared:
            return []
        rows, head = [], writing.head
        for item in prepared:
            kind = item.body.kind
            rows.append(linked(head, kind=kind, key=item.key, author=author, body=item.text))
            head = head_after(rows[-1])
        with self._connections.said():
            sqlite.append_rows(writing.connection, rows)
            for row, item in zip(rows, prepared, strict=True):
                if item.sealed:
                    sealed_rows.fill(writing.connection, row["sequence"], item.sealed)
            found = zip(rows, prepared, strict=True)
            search.fill(writing.connection, ((row["sequence"], item.body) for row, item in found))
        writing.head = head
        pairs = zip(rows, prepared, strict=True)
        return [as_record(row, item.body) for row, item in pairs]

    def _batches(self, kind: str | None, key: str | None, after: int) -> Iterator[dict[str, Any]]:
        last, is_full = after, True
        while is_full:
            with self._connections.reading() as connection:
                rows = _batch(connection, last, kind=kind, key=key)
            yield from rows
            is_full = len(rows) == BATCH
            last = rows[-1]["sequence"] if rows else last


def _batch(
    connection: Connection, last: int, *, kind: str | None = None, key: str | None = None
) -> list[dict[str, Any]]:
    query = _AFTER if kind is None else _AFTER.where(record.c.kind == kind)
    query = query if key is None else query.where(record.c.key == key)
    found = connection.execute(query, {"last": last})
    return [dict(row) for row in found.mappings()]


def _text(value: str, name: str) -> str:
    is_text = isinstance(value, str) and "\0" not in value
    # Half a surrogate pair comes from a file name that is not UTF-8; no database takes it.
    if not is_text or value != value.encode(errors="ignore").decode():
        raise LedgerError(f"a record's {name} is {value!r}, must be Unicode text without NUL.")
    return value
