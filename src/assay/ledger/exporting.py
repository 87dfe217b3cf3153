"""A ledger as one file of JSON lines, with all that its records name."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from assay.errors import LedgerError
from assay.ledger import lines, placing, sqlite
from assay.ledger.chain import Head, Record, checked, end_at
from assay.ledger.files import FileStore
from assay.ledger.telling import Tell

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written.

    Fields:
        records, files: how many.
        head: hash of the last record.
    """

    records: int
    files: int
    head: str


def export(
    connection: Connection, store: FileStore, where: str, target: Path, tell: Tell
) -> Exported:
    """Write every record, and every file that one names, to a new file.

    Args:
        connection: sees one state of the ledger.
        store: where the files lie.
        where: the ledger's path, for messages.
        target: where nothing is yet.
        tell: is told how far it is.

    Raises:
        LedgerError: something is at `target` or it cannot be written, the chain breaks, or a file
            is missing or damaged; then nothing is left.
    """
    written: set[str] = set()
    head = Head()
    last = sqlite.last_link(connection)
    total = last[0] if last else 0
    with placing.new_file(target) as file:
        file.write(lines.header())
        for row, record in checked_rows(connection, where):
            for sha in store.named_in(record.body):
                if sha not in written:
                    file.writelines(_file_lines(store, sha))
                    written.add(sha)
            file.write(lines.record_line(row))
            head = end_at(record)
            tell("records", head.sequence, total)
        if head.sequence == 0:
            raise LedgerError(f"{where}: holds no record. Run `assay ledger verify`.")
        file.write(lines.end_line(lines.End(head.sequence, len(written), head.hash)))
    return Exported(records=head.sequence, files=len(written), head=head.hash)


def checked_rows(connection: Connection, where: str) -> Iterator[tuple[dict[str, Any], Record]]:
    """All records with their stored rows, each link of the chain checked.

    Raises:
        LedgerError: a record is missing, was changed or cannot be read.
    """
    head, rows = Head(), sqlite.rows_after(connection, 0, BATCH)
    while rows:
        for row in rows:
            record = checked(head, row, where)
            yield row, record
            head = end_at(record)
        rows = sqlite.rows_after(connection, head.sequence, BATCH)


def _file_lines(store: FileStore, sha: str) -> Iterator[bytes]:
    try:
        size = store.path(sha).stat().st_size
    except OSError:
        size = 0  # what reads it says what is wrong
    return lines.file_lines(sha, size, store.chunks(sha, lines.PIECE))
