"""Does the ledger still say what was recorded?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from assay.errors import LedgerError
from assay.ledger import sealed_rows, search
from assay.ledger.chain import Head, head_after, read_record, record_hash
from assay.ledger.files import FileStore
from assay.record import Body, RegistrationBody


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a check of the whole ledger found.

    Fields:
        ok: every link, file and view holds.
        records: records whose link holds, from the first on.
        broken_at: sequence number of the first record that is not what was recorded.
        files_missing: SHA-256 of files that records name and that are not there.
        files_damaged: SHA-256 of files whose content has another hash.
        views_wrong: registrations whose rows in the view are not those of their file.
        message: the finding in one sentence.
    """

    ok: bool
    records: int
    broken_at: int | None = None
    files_missing: tuple[str, ...] = ()
    files_damaged: tuple[str, ...] = ()
    views_wrong: tuple[int, ...] = ()
    message: str


@dataclass(slots=True)
class _Found:
    """What the records ask for, gathered while the chain is walked."""

    head: Head
    shas: dict[str, None]
    registrations: dict[int, RegistrationBody]
    with_words: int = 0


def verify(
    connection: Connection, rows: Iterable[dict[str, Any]], files: FileStore, where: str
) -> Verification:
    """Check the chain, then the files that its records name, then the views.

    Args:
        connection: sees the same records as `rows`.
        rows: all stored records in their order.
        files: where the files lie.
        where: the ledger's path, for the message.
    """
    found = _Found(Head(), {}, {})
    for row in rows:
        problem = _link_problem(row, found, where)
        if problem is not None:
            return Verification(
                ok=False,
                records=found.head.sequence,
                broken_at=found.head.sequence + 1,
                message=f"{where}: {problem}. Records up to {found.head.sequence} hold; restore "
                "the others from a backup.",
            )
    if found.head.sequence == 0:
        return Verification(
            ok=False, records=0, broken_at=1, message=f"{where}: record 1, the genesis, is gone."
        )
    return _verify_files_and_view(connection, found, files, where)


def _link_problem(row: dict[str, Any], found: _Found, where: str) -> str | None:
    """What is wrong with the next row; if nothing is, `found` grows by it."""
    expected, head = found.head.sequence + 1, found.head
    if row["sequence"] != expected:
        return f"record {expected} is missing"
    try:
        if row["previous"] != head.hash:
            return f"record {expected} is not linked to the one before"
        if record_hash(row) != row["hash"]:
            return f"record {expected} was changed after it was recorded"
        if expected == 1 and row["kind"] != "genesis":
            return f"record 1 is of kind {row['kind']!r}, must be a genesis"
        if row["at"] < head.at:
            return f"record {expected} is earlier than the one before"
        body = read_record(row, where).body
    except (LedgerError, TypeError, UnicodeError) as error:
        return f"record {expected} cannot be read ({error})"
    _gather(found, expected, body)
    found.head = head_after(row)
    return None


def _gather(found: _Found, sequence: int, body: Body | dict[str, Any]) -> None:
    if isinstance(body, Body):
        found.shas.update(dict.fromkeys(body.file_shas()))
        found.with_words += bool(search.words_of(body))
    if isinstance(body, RegistrationBody):
        found.registrations[sequence] = body


def _verify_files_and_view(
    connection: Connection, found: _Found, files: FileStore, where: str
) -> Verification:
    missing = tuple(sha for sha in found.shas if not files.has(sha))
    damaged = tuple(sha for sha in found.shas if sha not in missing and _is_damaged(files, sha))
    wrong = tuple(_wrong_in_view(connection, found.registrations, files, {*missing, *damaged}))
    findings = [
        f"{len(missing)} files are missing, first {missing[0]}" if missing else "",
        f"{len(damaged)} files are damaged, first {damaged[0]}" if damaged else "",
        f"sealed rows of registrations {list(wrong)} are wrong in the view; run `rebuild_views`"
        if wrong
        else "",
        ""
        if search.count(connection) == found.with_words
        else "the search does not hold the words of all records; run `rebuild_views`",
    ]
    said = "; ".join(finding for finding in findings if finding)
    count = found.head.sequence
    return Verification(
        ok=not said,
        records=count,
        files_missing=missing,
        files_damaged=damaged,
        views_wrong=wrong,
        message=f"{where}: {said or f'all {count} records and {len(found.shas)} files hold'}.",
    )


def _is_damaged(files: FileStore, sha: str) -> bool:
    try:
        files.read(sha)
    except LedgerError:
        return True
    return False


def _wrong_in_view(
    connection: Connection,
    bodies: dict[int, RegistrationBody],
    files: FileStore,
    unreadable: set[str],
) -> Iterator[int]:
    for sequence, body in bodies.items():
        if body.sealed_rows_file in unreadable:
            continue
        recorded = set(sealed_rows.fingerprints_of(body, files))
        if sealed_rows.sealed_by(connection, sequence) != recorded:
            yield sequence
    yield from sorted(sealed_rows.registrations(connection) - set(bodies))
