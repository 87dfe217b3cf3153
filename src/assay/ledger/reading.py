"""Reading an export, and checking all of it on the way."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.errors import LedgerError
from assay.ledger import lines
from assay.ledger.chain import Head, Record, end_at, next_record
from assay.ledger.files import shas_in
from assay.ledger.lines import End, Piece
from assay.ledger.telling import Tell
from assay.record import Body

Row = tuple[dict[str, Any], Record]
"""A row as it is stored, and the record that it is."""

KeepFile = Callable[[str, Iterator[bytes]], object]
"""Gets the SHA-256 of a file and its content, all of which it must read."""

_Numbered = Iterator[tuple[int, dict[str, Any] | Piece | End]]


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
    keep_file: KeepFile,
    keep_row: Callable[[Row], object],
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


def pass_over(_: str, content: Iterator[bytes]) -> None:
    """Only check a file."""
    for _piece in content:
        pass
