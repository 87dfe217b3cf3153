"""The lines of an export: JSON, one object each, and each written in one way only.

The first says what the file is. Then come the records in their order, each after the files that it
is the first to name, in pieces; and in the end how many there were and the last one's hash, so that
a file that was cut off shows it.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import LedgerError
from assay.ledger.files import is_sha

FORMAT = 1
HOLDS = "assay ledger"
PIECE = 48 * 1024
"""Bytes of a file in one line; 64 KiB of text."""

LONGEST = 1 << 30  # characters of a line; SQLite keeps no longer text

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_BEFORE_BODY = ("sequence", "kind", "key", "at", "author")
_NAMES = {
    "record": (*_BEFORE_BODY, "body", "previous", "hash"),
    "file": ("sha", "size", "from", "base64"),
    "end": ("records", "files", "head"),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a file.

    Fields:
        sha: of the whole file.
        size: of the whole file, in bytes.
        start: where these bytes begin in it.
        content: the bytes.
    """

    sha: str
    size: int
    start: int
    content: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The last line.

    Fields:
        records, files: how many there are.
        head: hash of the last record.
    """

    records: int
    files: int
    head: str


def header() -> bytes:
    """The first line."""
    return _line({"format": FORMAT, "holds": HOLDS})


def record_line(row: dict[str, Any]) -> bytes:
    """A stored row, with its body word for word."""
    before, after = _around_body(row)
    return f"{before}{row['body']}{after}\n".encode()


def file_lines(sha: str, size: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A file in pieces of `PIECE` bytes; an empty one has a line too."""
    start = 0
    for content in pieces:
        yield _piece_line(Piece(sha, size, start, content))
        start += len(content)
    if start == 0:
        yield _piece_line(Piece(sha, size, 0, b""))


def end_line(end: End) -> bytes:
    """The last line."""
    return _line({"line": "end", "records": end.records, "files": end.files, "head": end.head})


def read_lines(source: Path) -> Iterator[tuple[int, dict[str, Any] | Piece | End]]:
    """What stands in an export, line by line from the second on, with its number.

    Raises:
        LedgerError: it is no export, of another version, cut off, or a line is not as it was
            written.
    """
    try:
        with source.open("rb") as file:
            _check_header(source, file.readline(1000))
            number = 1
            while line := file.readline(LONGEST):
                number += 1
                if not line.endswith(b"\n"):
                    raise _cut(source, number)
                yield number, _read(source, number, line[:-1])
    except OSError as error:
        raise LedgerError(f"{source}: cannot be read: {error.strerror}. Check the path.") from error


def size_of(source: Path) -> int:
    """Bytes of an export; 0 where nobody knows."""
    try:
        return source.stat().st_size
    except OSError:
        return 0


def _cut(source: Path, number: int) -> LedgerError:
    return LedgerError(
        f"{source}: line {number}: the export was cut off here. Export the ledger again, or copy "
        "the file again."
    )


def _check_header(source: Path, line: bytes) -> None:
    if line == header():
        return
    found: Any = None
    with suppress(ValueError, RecursionError):
        found = json.loads(line)
    if isinstance(found, dict) and found.get("holds") == HOLDS and found.get("format") != FORMAT:
        raise LedgerError(
            f"{source}: is an export of format {found.get('format')!r}, this Assay reads format "
            f"{FORMAT}. Upgrade with `pip install -U assay-ml`."
        )
    if line and header().startswith(line):
        raise _cut(source, 1)
    raise LedgerError(
        f"{source}: is no export of a ledger: its first line must be {header().decode().strip()}. "
        "`assay ledger export` writes one."
    )


def _read(source: Path, number: int, line: bytes) -> dict[str, Any] | Piece | End:
    """One line; whatever reads and would not be written so again is refused."""
    try:
        text = line.decode()
        fields = json.loads(text)
        kind = fields["line"]
        found = {"record": _record, "file": _piece, "end": _end}[kind](text, fields)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LedgerError(
            f"{source}: line {number}: is not as `assay ledger export` wrote it. Export the ledger "
            "again, and do not edit the file."
        ) from error
    return found


def _record(text: str, fields: dict[str, Any]) -> dict[str, Any]:
    before, after = _around_body(fields)
    if not (text.startswith(before) and text.endswith(after) and set(fields) == _names("record")):
        raise ValueError
    body = text[len(before) : len(text) - len(after)]
    return {name: body if name == "body" else fields[name] for name in _NAMES["record"]}


def _piece(text: str, fields: dict[str, Any]) -> Piece:
    content = base64.b64decode(fields["base64"], validate=True)
    found = Piece(fields["sha"], fields["size"], fields["from"], content)
    # The SHA-256 becomes the name of a file, so it must be one.
    if not (is_sha(found.sha) and type(found.size) is type(found.start) is int):
        raise ValueError
    if _piece_line(found)[:-1].decode() != text or len(content) > PIECE:
        raise ValueError
    return found


def _end(text: str, fields: dict[str, Any]) -> End:
    found = End(fields["records"], fields["files"], fields["head"])
    if not type(found.records) is type(found.files) is int:
        raise ValueError
    if end_line(found)[:-1].decode() != text:
        raise ValueError
    return found


def _names(line: str) -> set[str]:
    return {"line", *_NAMES[line]}


def _around_body(fields: dict[str, Any]) -> tuple[str, str]:
    before = _encode({"line": "record"} | {name: fields[name] for name in _BEFORE_BODY})
    after = _encode({name: fields[name] for name in ("previous", "hash")})
    return f'{before[:-1]},"body":', f",{after[1:]}"


def _piece_line(piece: Piece) -> bytes:
    coded = base64.b64encode(piece.content).decode()
    place = {"sha": piece.sha, "size": piece.size, "from": piece.start}
    return _line({"line": "file", **place, "base64": coded})


def _line(fields: dict[str, Any]) -> bytes:
    return f"{_encode(fields)}\n".encode()
