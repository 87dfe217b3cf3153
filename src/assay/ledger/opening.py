"""Opening a ledger: is it one, was it made by this Assay, does it have to be made or upgraded?"""

import secrets
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select

from assay.errors import DamagedError, LedgerError
from assay.ledger import sqlite, structure
from assay.ledger.chain import Head, linked
from assay.ledger.connections import Connections
from assay.ledger.schema import REVISIONS, record, revision
from assay.record import GenesisBody, canonical


def connect(path: Path, *, author: str, timeout_s: float, create: bool) -> Connections:
    """Connections to the ledger at `path`, made or upgraded where it has to be.

    Args:
        path: the ledger's file.
        author: of the first record.
        timeout_s: how long to wait for another process.
        create: `False` refuses a path where no ledger is.

    Raises:
        LedgerError: not a ledger, made by a newer Assay, locked, or not to be opened.
    """
    prepare_folder(path, create=create)

    def prepare(engine: Engine) -> None:
        open_schema(engine, path, author=author, timeout_s=timeout_s, create=create)

    return Connections.open(path, timeout_s, prepare)


def make_without_records(engine: Engine) -> None:
    """A ledger that waits for the records of another one, the first included."""
    sqlite.use_wal(engine, timeout_s=1.0)
    with engine.execution_options(write=True).begin() as connection:
        _stamp(connection)


def prepare_folder(path: Path, *, create: bool) -> None:
    """Make sure that a ledger can lie at `path`.

    Raises:
        LedgerError: `path` is a folder, or its own folder is missing and cannot be made, or
            nothing is there and nothing may be made.
    """
    try:
        is_there, is_folder = path.exists(), path.is_dir()
        if create and not is_there:
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"{path}: its folder is missing and cannot be made, or may not be read: "
            f"{error.strerror}. Make {path.parent}, or name another path."
        ) from error
    if is_folder:
        raise LedgerError(f"{path}: is a folder. Name a file in it, such as {path / 'assay.db'}.")
    if not create and not is_there:
        raise LedgerError(
            f"{path}: no such ledger. Check the path; `assay register` and `assay run` make one."
        )


def open_schema(
    engine: Engine, path: Path, *, author: str, timeout_s: float, create: bool = True
) -> None:
    """Bring the file at `path` to the current schema, making it a ledger if it is empty.

    Args:
        engine: connections to the file.
        path: what messages call it.
        author: of the first record.
        timeout_s: how long to wait for another process.
        create: `False` refuses an empty file.

    Raises:
        LedgerError: it is another database, was made by a newer Assay, or is empty.
        DamagedError: it is a ledger whose first page is damaged.
    """
    with engine.begin() as connection:
        is_ready = _is_current(connection, path)
        if not create and sqlite.is_empty(connection):
            raise LedgerError(
                f"{path}: the file is empty: no ledger was made there yet, or it was cut off. "
                "Check the path, or restore it from a backup."
            )
    if is_ready:
        return
    sqlite.use_wal(engine, timeout_s)
    with engine.execution_options(write=True).begin() as connection:
        # Asked again under the lock: another process may have made or upgraded it meanwhile.
        if _is_current(connection, path):
            return
        if sqlite.is_empty(connection):
            _create(connection, author)
        else:
            _upgrade(connection)
    # A ledger that lost its log must not be taken for an empty file.
    sqlite.checkpoint(engine)


def _is_current(connection: Connection, path: Path) -> bool:
    if sqlite.is_empty(connection):
        return False
    if not sqlite.is_marked(connection):
        if sqlite.has_records(connection):
            raise DamagedError(
                f"{path}: the ledger is damaged: its first page no longer says that it is one. "
                "Restore it from a backup; `assay ledger verify` says what still stands."
            )
        raise LedgerError(
            f"{path}: is not a ledger, but some other SQLite database. Name another path."
        )
    found = connection.execute(select(revision.c.version_num)).scalar()
    if found is None:
        raise DamagedError(
            f"{path}: the ledger is damaged: its schema's revision is gone. Restore it from a "
            "backup; `assay ledger verify` says what still stands."
        )
    if found not in REVISIONS:
        raise LedgerError(
            f"{path}: the ledger was made by a newer Assay (its schema is {found}, known are "
            f"{', '.join(REVISIONS)}). Upgrade with `pip install -U assay-ml`."
        )
    return found == REVISIONS[-1]


def _create(connection: Connection, author: str) -> None:
    """Schema, stamp and first record at once: importing Alembic would take longer than this."""
    _stamp(connection)
    genesis = GenesisBody(salt=secrets.token_hex(32), software=_software())
    body = canonical(genesis.model_dump())
    row = linked(Head(), kind=genesis.kind, key="", author=author, body=body)
    connection.execute(insert(record), row)


def _stamp(connection: Connection) -> None:
    structure.make(connection)
    connection.execute(insert(revision), {"version_num": REVISIONS[-1]})
    sqlite.mark(connection)


def _upgrade(connection: Connection) -> None:
    from assay.ledger.migrations import upgrade  # Alembic is imported only where it is needed

    upgrade(connection)


def _software() -> str:
    try:
        return f"assay-ml {version('assay-ml')}"
    except PackageNotFoundError:
        return "assay-ml (not installed)"
