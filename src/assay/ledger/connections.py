"""Connections to the ledger's database: many readers, one writer, each thread its own."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from assay.errors import LedgerError
from assay.ledger import sqlite
from assay.ledger.chain import Head
from assay.ledger.schema import record

_LAST = (
    select(record.c.sequence, record.c.at, record.c.hash)
    .order_by(record.c.sequence.desc())
    .limit(1)
)


@dataclass(slots=True)
class Writing:
    """A transaction that holds the write lock, and the end of the chain within it."""

    connection: Connection
    head: Head


class _Thread(threading.local):
    """What this thread is writing, if it is."""

    writing: Writing | None = None


@dataclass(slots=True)
class Connections:
    """Hands out connections, and says in a sentence what the database refuses.

    Fields:
        path: the ledger's file.
        timeout_s: how long to wait for another writer.
        engine: SQLAlchemy's pool; `None` once closed.
    """

    path: Path
    timeout_s: float
    engine: Engine | None
    _thread: _Thread = field(default_factory=_Thread)
    # SQLite lets waiting threads poll, and may starve one; a lock serves each in turn.
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pid: int = field(default_factory=os.getpid)

    @classmethod
    def open(cls, path: Path, timeout_s: float, prepare: Callable[[Engine], None]) -> "Connections":
        """Connections to the file at `path`, once `prepare` found or made its schema.

        Raises:
            LedgerError: `prepare` refused, or the database did.
        """
        opened = cls(path, timeout_s, sqlite.make_engine(path.absolute(), timeout_s))
        try:
            with opened.said():
                prepare(opened.live())
        except BaseException:
            opened.close()
            raise
        return opened

    def close(self) -> None:
        """Let go of the file."""
        if self.engine is not None:
            self.engine.dispose()
            self.engine = None

    def said(self) -> AbstractContextManager[None]:
        """Errors of the database within the block become a `LedgerError`."""
        return sqlite.errors_said(self.path, self.timeout_s)

    @property
    def is_writing(self) -> bool:
        """Whether this thread holds the write lock."""
        return self._thread.writing is not None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One state of the ledger; within `writing`, including what this thread wrote."""
        if self._thread.writing is not None:
            with self.said():
                yield self._thread.writing.connection
            return
        with self._connected(write=False) as connection, self.said(), connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """One transaction under the write lock; a block within a block joins it.

        Raises:
            LedgerError: another process or thread wrote for longer than `timeout_s`.
        """
        writing = self._thread.writing
        if writing is not None:
            with self._savepoint(writing):
                yield writing
            return
        with self._locked(), self._connected(write=True) as connection:
            yield from self._committed(connection)

    def _committed(self, connection: Connection) -> Iterator[Writing]:
        with self.said():
            transaction = connection.begin()
            self._thread.writing = Writing(connection, head_of(connection))
        try:
            yield self._thread.writing
        except BaseException:
            transaction.rollback()
            raise
        else:
            with self.said():
                transaction.commit()
        finally:
            self._thread.writing = None

    @contextmanager
    def _savepoint(self, writing: Writing) -> Iterator[None]:
        before = writing.head
        try:
            with self.said(), writing.connection.begin_nested():
                yield
        except BaseException:
            writing.head = before
            raise

    @contextmanager
    def _connected(self, *, write: bool) -> Iterator[Connection]:
        with self.said():
            connection = self.live().execution_options(write=write).connect()
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.live()
        lock = self._lock
        if not lock.acquire(timeout=self.timeout_s):
            raise LedgerError(
                f"{self.path}: the ledger is locked by another thread for longer than "
                f"{self.timeout_s:g} s. Keep transactions short, or raise timeout_s."
            )
        try:
            yield
        finally:
            lock.release()

    def live(self) -> Engine:
        """The engine, fit for this process.

        Raises:
            LedgerError: the ledger was closed.
        """
        if self.engine is None:
            raise LedgerError(f"{self.path}: the ledger is closed. Open it again.")
        if self._pid != os.getpid():
            # A connection must not be carried across a fork: the parent keeps it, we leave it be.
            self.engine.dispose(close=False)
            self._lock, self._thread, self._pid = threading.Lock(), _Thread(), os.getpid()
        return self.engine


def head_of(connection: Connection) -> Head:
    """The end of the chain as this connection sees it."""
    found = connection.execute(_LAST).first()
    return Head() if found is None else Head(*found)
