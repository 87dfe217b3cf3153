"""A copy of a ledger and its files, consistent while others write."""

import shutil
from pathlib import Path

from sqlalchemy import Connection

from assay.errors import LedgerError
from assay.ledger import exporting, placing, sqlite, verification
from assay.ledger.connections import Connections
from assay.ledger.files import FileStore, store_of
from assay.ledger.findings import Verification
from assay.ledger.telling import Tell


def backup(
    connection: Connection, store: FileStore, where: Path, target: Path, tell: Tell
) -> Verification:
    """Copy the database, then the files that its records name; check the copy; give it its name.

    Args:
        connection: sees one state of the ledger, which is what is copied.
        store: where the files lie.
        where: the ledger's path, for messages.
        target: where nothing is yet.
        tell: is told how far it is.

    Raises:
        LedgerError: something is at `target` or it cannot be written, or the ledger does not hold;
            then nothing is left there.
    """
    placing.refuse_taken(target)
    placing.refuse_taken(store_of(target).folder)
    hidden = placing.beside(target)
    with placing.said(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        hidden.mkdir()
        try:
            copy = hidden / target.name
            sqlite.copy(connection, copy, tell)
            found = _filled(copy, store, where, tell)
            if store_of(copy).folder.exists():
                placing.appear(store_of(copy).folder, store_of(target).folder)
            placing.appear(copy, target)
        finally:
            shutil.rmtree(hidden, ignore_errors=True)
    return found


def _filled(copy: Path, store: FileStore, where: Path, tell: Tell) -> Verification:
    """The copy's files, and what a check finds: that it holds."""
    connections = Connections(where, 30.0, sqlite.make_engine(copy.absolute(), 30.0))
    try:
        with connections.reading() as connection:
            shas = dict.fromkeys(
                sha
                for _, record in exporting.checked_rows(connection, str(where))
                for sha in store.named_in(record.body)
            )
            for done, sha in enumerate(shas):
                tell("copying files", done, len(shas))
                store_of(copy).adopt(sha, store.chunks(sha))
            found = verification.verify(connection, store_of(copy), str(where), tell)
        if not found.ok:
            raise LedgerError(f"{found.message} No copy was made.")
        with connections.said():
            sqlite.checkpoint(connections.live())
    finally:
        connections.close()
    return found
