"""A view of the ledger: which registration sealed which row.

Rows are known by salted hashes of 16 or 32 bytes; a registration names the file that holds them,
one after the other.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, text

from assay.errors import LedgerError
from assay.ledger import sqlite
from assay.ledger.files import FileStore
from assay.ledger.schema import sealed_row
from assay.record import RegistrationBody

WIDTHS = (16, 32)

_OVERLAP = text(
    "SELECT DISTINCT registration FROM asked JOIN sealed_row USING (fingerprint)"
)  # `asked` comes first: it is the smaller one in a ledger of many experiments
_INSERT = insert(sealed_row)


def fingerprints_of(body: RegistrationBody, files: FileStore) -> list[bytes]:
    """The row hashes that a registration seals.

    Raises:
        LedgerError: the file is missing, or does not hold `n_sealed` hashes of 16 or 32 bytes.
    """
    content = files.read(body.sealed_rows_file)
    width, rest = divmod(len(content), body.n_sealed)
    if rest or width not in WIDTHS:
        raise LedgerError(
            f"registration of {body.project!r}: its sealed rows file holds {len(content)} bytes "
            f"for n_sealed = {body.n_sealed}, must hold 16 or 32 for each row."
        )
    return [content[start : start + width] for start in range(0, len(content), width)]


def fill(connection: Connection, registration: int, fingerprints: Sequence[bytes]) -> None:
    """Note in the view that `registration` sealed these rows; equal rows count once."""
    # Sorted, since a tree takes rows in its own order several times as fast.
    distinct = sorted(set(fingerprints))
    rows = [{"fingerprint": item, "registration": registration} for item in distinct]
    connection.execute(_INSERT, rows)


def overlapping(connection: Connection, fingerprints: Sequence[bytes]) -> set[int]:
    """Sequence numbers of the registrations that sealed any of these rows."""
    if not fingerprints:
        return set()
    sqlite.ask(connection, fingerprints)
    return set(connection.execute(_OVERLAP).scalars())


def sealed_by(connection: Connection, registration: int) -> set[bytes]:
    """What the view says that a registration sealed."""
    asked = select(sealed_row.c.fingerprint).where(sealed_row.c.registration == registration)
    return set(connection.execute(asked).scalars())


def registrations(connection: Connection) -> set[int]:
    """Every registration that the view knows of."""
    return set(connection.execute(select(sealed_row.c.registration).distinct()).scalars())


def clear(connection: Connection) -> None:
    """Empty the view; only to be filled again in the same transaction."""
    connection.execute(delete(sealed_row))
