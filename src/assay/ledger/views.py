"""Everything beside the records, made from the records and their files alone."""

from collections.abc import Iterable

from sqlalchemy import Connection

from assay.ledger import sealed_rows, search, structure
from assay.ledger.chain import Record
from assay.ledger.files import FileStore
from assay.ledger.telling import Tell
from assay.record import RegistrationBody


def rebuild(
    connection: Connection, records: Iterable[Record], total: int, files: FileStore, tell: Tell
) -> int:
    """Fill all views anew, and make anew what of the schema is missing or was changed.

    Args:
        connection: in a transaction that holds the write lock.
        records: all of them, in order.
        total: how many they are.
        files: where the files lie.
        tell: is told how far it is.

    Returns:
        Number of registrations.

    Raises:
        LedgerError: a record does not hold, or a file is missing or damaged.
    """
    structure.restore(connection)
    sealed_rows.clear(connection)
    search.clear(connection)
    count = 0
    for record in records:
        tell("records", record.sequence, total)
        search.fill(connection, [(record.sequence, record.body)])
        if isinstance(record.body, RegistrationBody):
            rows = sealed_rows.fingerprints_of(record.body, files)
            sealed_rows.fill(connection, record.sequence, rows)
            count += 1
    search.catch_up(connection)
    return count
