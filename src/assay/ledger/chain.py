"""Records, and the hash that chains each to the one before."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from assay.errors import LedgerError
from assay.record import BODIES, Body, GenesisBody, read_canonical

_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

NOTHING_BEFORE = "0" * 64
"""`previous` of the first record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One fact that was recorded, and its place in the chain.

    Fields:
        sequence: 1, 2, 3, ... without gaps.
        kind: what the body is, such as `"attempt"`.
        key: the project it belongs to.
        at: UTC with microseconds, never before the record that precedes it.
        author: who recorded it.
        body: the fact; a plain dict where its kind is unknown to this Assay.
        previous: hash of the record before.
        hash: SHA-256 over all of the above.
    """

    sequence: int
    kind: str
    key: str
    at: str
    author: str
    body: Body | dict[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain, to which the next record is linked."""

    sequence: int = 0
    at: str = ""
    hash: str = NOTHING_BEFORE


def record_hash(row: dict[str, Any]) -> str:
    """SHA-256 over sequence, kind, key, at, author, body and previous, in this order.

    What is hashed is the canonical JSON of the list of the seven, so that no two records share a
    text. The body is put in as it is stored, as canonical JSON.
    """
    before = [row[name] for name in ("sequence", "kind", "key", "at", "author")]
    opened = _write(before)[:-1]
    text = f'{opened},{row["body"]},"{row["previous"]}"]'
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def linked(head: Head, *, kind: str, key: str, author: str, body: str) -> dict[str, Any]:
    """The row that follows `head`, with its hash."""
    row: dict[str, Any] = {
        "sequence": head.sequence + 1,
        "kind": kind,
        "key": key,
        "at": max(_now(), head.at),  # a clock that was set back does not reorder the ledger
        "author": author,
        "body": body,
        "previous": head.hash,
    }
    return row | {"hash": record_hash(row)}


def head_after(row: dict[str, Any]) -> Head:
    """The end of the chain once `row` is appended."""
    return Head(row["sequence"], row["at"], row["hash"])


def end_at(record: Record) -> Head:
    """The end of a chain whose last record this is."""
    return Head(record.sequence, record.at, record.hash)


def fault_within(row: dict[str, Any], where: str) -> tuple[str, Body | dict[str, Any] | None]:
    """What is wrong with a stored row by itself, empty if nothing is, and its body if it reads.

    Args:
        row: as stored; its values may be of any type.
        where: the ledger's path.
    """
    try:
        body = read_body(row, where)
    except (LedgerError, TypeError) as error:
        said = str(error).removeprefix(f"{where}: record {row['sequence']}: ")
        body, unread = None, f"cannot be read: {said}"
    else:
        unread = ""
    try:
        is_changed = record_hash(row) != row["hash"]
    except (TypeError, ValueError):  # bytes or nothing, where text stood
        is_changed = True
    if is_changed:
        return "was changed after it was recorded", body
    if unread:
        return unread, body
    if row["sequence"] == 1 and row["kind"] != GenesisBody.kind:
        return f"is of kind {row['kind']!r}, must be a genesis", body
    return "", body


def fault_between(head: Head, row: dict[str, Any]) -> str:
    """Why a stored row, sound by itself or not, does not follow `head`; empty if it does."""
    if row["previous"] != head.hash:
        return "is not linked to the one before: one of the two is not what was recorded"
    if str(row["at"]) < head.at:
        return "is earlier than the one before"
    return ""


def checked(head: Head, row: dict[str, Any], where: str) -> Record:
    """The next record of a chain, as somebody must have it who builds on it.

    Raises:
        LedgerError: it does not follow `head`, or was changed.
    """
    found = next_record(head, row, where)
    if isinstance(found, str):
        raise LedgerError(
            f"{where}: the chain breaks: {found}. Run `assay ledger verify`, which says what still "
            "stands."
        )
    return found


def next_record(head: Head, row: dict[str, Any], where: str) -> Record | str:
    """A stored row as the record that follows `head`, or in words why it is not."""
    is_next = row["sequence"] == head.sequence + 1
    fault, body = fault_within(row, where) if is_next else ("is missing", None)
    fault = fault or fault_between(head, row)
    if fault or body is None:
        return f"record {head.sequence + 1} {fault}"
    return as_record(row, body)


def read_record(row: dict[str, Any], where: str) -> Record:
    """A stored row as a record with its body parsed.

    Raises:
        LedgerError: the body is not JSON, or does not fit its kind.
    """
    return as_record(row, read_body(row, where))


def as_record(row: dict[str, Any], body: Body | dict[str, Any]) -> Record:
    """A stored row as a record, its body being known already."""
    return Record(**{**row, "body": body})


def read_body(row: dict[str, Any], where: str) -> Body | dict[str, Any]:
    """The parsed body of a stored row.

    Raises:
        LedgerError: as `read_record`.
    """
    place = f"{where}: record {row['sequence']}"
    fields = read_fields(row["body"], place)
    if row["kind"] not in BODIES:
        return fields
    try:
        return BODIES[row["kind"]](**fields)
    except LedgerError as error:
        raise LedgerError(
            f"{place}: its body cannot be read; a newer Assay may have written it, and `assay "
            f"ledger verify` says whether it was changed. {error}"
        ) from error


def read_fields(stored: str, place: str) -> dict[str, Any]:
    """The fields of a stored body.

    Args:
        stored: its canonical JSON.
        place: which record, for the message.

    Raises:
        LedgerError: it is not JSON, or no object.
    """
    try:
        fields = read_canonical(stored)
    except (ValueError, TypeError, RecursionError) as error:
        raise LedgerError(
            f"{place}: its body is not JSON ({error}). Run `assay ledger verify`."
        ) from error
    if not isinstance(fields, dict):
        raise LedgerError(
            f"{place}: its body is {type(fields).__name__}, must be a JSON object. Run `assay "
            "ledger verify`."
        )
    return fields


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
