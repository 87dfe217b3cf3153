"""Checking a ledger that may be too damaged to be opened."""

from dataclasses import replace
from pathlib import Path

from assay.errors import DamagedError, LedgerError
from assay.ledger import sqlite, verification
from assay.ledger.connections import Connections
from assay.ledger.files import store_of
from assay.ledger.findings import Break, Verification
from assay.ledger.ledger import Ledger
from assay.ledger.telling import Tell, silent


def verify_ledger(
    path: str | Path, *, timeout_s: float = 30.0, tell: Tell = silent
) -> Verification:
    """Check the ledger at `path`, whatever was done to its file.

    Args:
        path: the ledger's file.
        timeout_s: how long to wait for another process.
        tell: is told how far the check is.

    Raises:
        LedgerError: nothing is there, no ledger, one of a newer Assay, or it is locked.
    """
    path = Path(path)
    try:
        with Ledger(path, create=False, timeout_s=timeout_s) as ledger:
            return ledger.verify(tell)
    except DamagedError as error:
        return _salvaged(path, timeout_s, str(error), tell)


def _salvaged(path: Path, timeout_s: float, said: str, tell: Tell) -> Verification:
    """What the records say where all else failed."""
    engine = sqlite.make_engine(path.absolute(), timeout_s, is_damaged=True)
    connections = Connections(path, timeout_s, engine)
    try:
        with connections.reading() as connection:
            found = verification.verify(connection, store_of(path), str(path), tell, opens=False)
    except LedgerError:
        nothing = Break(at=1, why="cannot be read from the file")
        return Verification(
            ok=False, records=0, broken_at=1, breaks=(nothing,), message=_on_its_own(said)
        )
    finally:
        connections.close()
    finding = found.message.removeprefix(f"{path}: ")
    opened = "the file is damaged, and no command opens it; restore it from a backup"
    return replace(found, ok=False, message=f"{path}: {opened}; {finding}")


def _on_its_own(said: str) -> str:
    """An error without its advice to verify, for whoever is doing just that."""
    return said.replace("; `assay ledger verify` says what still stands", "")
