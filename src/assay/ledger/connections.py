"""Connections to the ledger's database: many readers, one writer, each thread its own."""

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine

from assay.errors import LedgerError, ReadOnlyError
from assay.ledger import snapshot, sqlite
from assay.ledger.chain import Head


@dataclass(slots=True)
class Writing:
    """A transaction that holds the write lock, and the end of the chain within it."""

    connection: Connection
    head: Head


class _Thread(threading.local):
    """What this thread is writing, if it is."""

    writing: Writing | None = None


@dataclass(slots=True, weakref_slot=True)
class Connections:
    """Hands out connections, and says in a sentence what the database refuses.

    Fields:
        path: the ledger's file.
        timeout_s: how long to wait for another writer.
        engine: SQLAlchemy's pool; `None` once closed.
        is_read_only: it is a copy that is read, since the ledger itself may not be written.
    """

    path: Path
    timeout_s: float
    engine: Engine | None
    is_read_only: bool = False
    _thread: _Thread = field(default_factory=_Thread)
    # Kept from one transaction to the next: a connection costs as much as a quarter of an append.
    _writer: Connection | None = None
    _remove: Callable[[], object] | None = None  # the copy, if one is being read
    # SQLite lets waiting threads poll, and may starve one; a lock serves each in turn.
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pid: int = field(default_factory=os.getpid)

    @classmethod
    def open(
        cls,
        path: Path,
        timeout_s: float,
        prepare: Callable[[Engine], None],
        *,
        file: Path | None = None,
    ) -> "Connections":
        """Connections to the file at `path`, once `prepare` found or made its schema.

        Where it may not be written, connections to a copy that can only be read.

        Args:
            path: the ledger, as messages call it.
            timeout_s: how long to wait for another writer.
            prepare: is called with the engine.
            file: what is opened in its place.

        Raises:
            LedgerError: `prepare` refused, or the database did.
        """
        try:
            return cls._prepared(cls(path, timeout_s, _engine(file or path, timeout_s)), prepare)
        except ReadOnlyError:
            if file is not None or not path.is_file() or path.stat().st_size == 0:
                raise
        copy, remove = snapshot.take(path)
        opened = cls(path, timeout_s, _engine(copy, timeout_s), is_read_only=True)
        opened._remove = weakref.finalize(opened, remove)
        return cls._prepared(opened, prepare)

    @staticmethod
    def _prepared(opened: "Connections", prepare: Callable[[Engine], None]) -> "Connections":
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
            engine, self.engine = self.engine, None
            if self._lock.acquire(blocking=False):  # else whoever writes lets go of it in the end
                self._let_go_of_writer()
                self._lock.release()
            engine.dispose()
            if self._remove is not None:
                self._remove()

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
        with self._connected() as connection, self.said():
            connection.begin()
            yield connection  # and no commit: nothing was written, and a damaged file refuses it

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """One transaction under the write lock; a block within a block joins it.

        Raises:
            LedgerError: another process or thread wrote for longer than `timeout_s`.
            ReadOnlyError: the file or its folder may not be written.
        """
        writing = self._thread.writing
        if writing is not None:
            with self._savepoint(writing):
                yield writing
            return
        if self.is_read_only:
            raise ReadOnlyError(sqlite.read_only(self.path, "a copy of it is being read"))
        with self._locked():
            try:
                yield from self._committed()
            except BaseException:
                self._let_go_of_writer()  # the next one starts with a connection that never failed
                raise
            finally:
                if self.engine is None:
                    self._let_go_of_writer()

    def _committed(self) -> Iterator[Writing]:
        with self.said():
            if self._writer is None:
                self._writer = sqlite.writer(self.live())
            connection = self._writer
            sqlite.begin_writing(connection)
        try:
            with self.said():
                self._thread.writing = Writing(connection, head_of(connection))
            yield self._thread.writing
            with self.said():
                sqlite.commit(connection)
        except BaseException:
            sqlite.roll_back(connection)
            raise
        finally:
            self._thread.writing = None

    def _let_go_of_writer(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close()

    @contextmanager
    def _savepoint(self, writing: Writing) -> Iterator[None]:
        before = writing.head
        try:
            with self.said():
                sqlite.check_writing(writing.connection)
                with writing.connection.begin_nested():
                    yield
        except BaseException:
            writing.head = before
            raise

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with self.said():
            connection = self.live().connect()
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
            self._writer = None
        return self.engine


def _engine(path: Path, timeout_s: float) -> Engine:
    return sqlite.make_engine(path.absolute(), timeout_s)


def head_of(connection: Connection) -> Head:
    """The end of the chain as this connection sees it."""
    found = sqlite.last_link(connection)
    return Head() if found is None else Head(*found)
