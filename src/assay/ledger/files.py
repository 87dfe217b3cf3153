"""Files beside the ledger, each named by its SHA-256."""

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assay.errors import LedgerError
from assay.record import Body

CHUNK = 1 << 20
"""Bytes of a file that are in memory at once."""

_SHA = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FileStore:
    """A folder of files that never change, since their names are their content's hash.

    Fields:
        folder: `<ledger>.files`; made by the first `put`.
    """

    folder: Path

    def path(self, sha: str) -> Path:
        """Where the file with this hash lies: `ab/cdef...`."""
        return self.folder / sha[:2] / sha[2:]

    def has(self, sha: str) -> bool:
        """Whether the file is there; says nothing of its content."""
        return self.path(sha).is_file()

    def state(self, sha: str) -> Literal["whole", "missing", "damaged"]:
        """Whether the file is there and holds what its name says."""
        if not self.has(sha):
            return "missing"
        try:
            for _ in self.chunks(sha):
                pass
        except LedgerError:
            return "damaged"
        return "whole"

    def named_in(self, body: Body | dict[str, Any]) -> tuple[str, ...]:
        """SHA-256 of every file that a record needs, each once.

        Of a kind that this Assay does not know, whatever could name a file and does.
        """
        if isinstance(body, Body):
            return tuple(dict.fromkeys(body.file_shas()))
        return tuple(sha for sha in shas_in(body) if self.has(sha))

    def put(self, content: bytes) -> str:
        """Store `content` so that it survives a power failure, and return its SHA-256.

        Raises:
            LedgerError: the disk is full or the folder cannot be written; nothing is left behind.
        """
        sha = hashlib.sha256(content).hexdigest()
        path = self.path(sha)
        with self._writing(path):
            # A file of another size was cut off by a disk that failed: it is written anew.
            if not (path.is_file() and path.stat().st_size == len(content)):
                _write(path, [content])
            # Also for a file already there: whoever wrote it may not have come this far yet.
            self._sync_folders(path)
        return sha

    def adopt(self, sha: str, chunks: Iterable[bytes]) -> bool:
        """Store a file that arrives in pieces, unless it is there and whole.

        Args:
            sha: its SHA-256.
            chunks: its content; whoever makes them answers for their hash.

        Returns:
            Whether it was not there before.

        Raises:
            LedgerError: as `put`; what `chunks` raises leaves nothing behind either.
        """
        path = self.path(sha)
        is_new = self.state(sha) != "whole"
        with self._writing(path):
            if is_new:
                _write(path, chunks)
            else:
                for _ in chunks:
                    pass
            self._sync_folders(path)
        return is_new

    def forget(self, shas: Iterable[str]) -> None:
        """Take files away that no record names yet, as far as that can be done."""
        for sha in shas:
            with contextlib.suppress(OSError):
                self.path(sha).unlink(missing_ok=True)
                self.path(sha).parent.rmdir()
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def read(self, sha: str) -> bytes:
        """The content with this SHA-256.

        Raises:
            LedgerError: no such file, or its content has another hash.
        """
        return b"".join(self.chunks(sha))

    def chunks(self, sha: str, size: int = CHUNK) -> Iterator[bytes]:
        """The content with this SHA-256, in pieces; an empty file has none.

        Args:
            sha: which file.
            size: bytes of each piece but the last.

        Raises:
            LedgerError: as `read`, where the content differs after the last piece.
        """
        path, seen = self.path(sha), hashlib.sha256()
        try:
            with path.open("rb") as file:
                while chunk := file.read(size):
                    seen.update(chunk)
                    yield chunk
        except FileNotFoundError:
            raise LedgerError(f"{path}: no such file. Restore it from a backup.") from None
        except OSError as error:
            raise LedgerError(f"{path}: cannot be read: {error.strerror}.") from error
        if seen.hexdigest() != sha:
            raise LedgerError(
                f"{path}: its content no longer matches its name. Restore it from a backup."
            )

    @contextlib.contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield
        except OSError as error:
            raise LedgerError(
                f"{path}: cannot be written: {error.strerror}. Make room or allow writing, and "
                "try again."
            ) from error

    def _sync_folders(self, path: Path) -> None:
        for folder in (path.parent, self.folder, self.folder.parent):
            sync_folder(folder)


def store_of(path: Path) -> FileStore:
    """The files beside the ledger at `path`."""
    return FileStore(path.with_name(path.name + ".files"))


def is_sha(text: Any) -> bool:
    """Whether it is a SHA-256, as 64 lower-case hexadecimal digits."""
    return isinstance(text, str) and _SHA.fullmatch(text) is not None


def shas_in(body: dict[str, Any]) -> tuple[str, ...]:
    """Whatever in a body of unknown kind could be the SHA-256 of a file, each once."""
    return tuple(dict.fromkeys(text for text in _texts(body) if is_sha(text)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    """Write beside, then rename: a reader sees the whole file or none."""
    beside = path.with_name(f".{path.name[:8]}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make the folder's entries as durable as the files; Windows does so by itself."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
