"""Files beside the ledger, each named by its SHA-256."""

import contextlib
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from assay.errors import LedgerError


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

    def put(self, content: bytes) -> str:
        """Store `content` so that it survives a power failure, and return its SHA-256.

        Raises:
            LedgerError: the disk is full or the folder cannot be written; nothing is left behind.
        """
        sha = hashlib.sha256(content).hexdigest()
        path = self.path(sha)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # A file of another size was cut off by a disk that failed: it is written anew.
            if not (path.is_file() and path.stat().st_size == len(content)):
                _write(path, content)
            # Also for a file already there: whoever wrote it may not have come this far yet.
            for folder in (path.parent, self.folder, self.folder.parent):
                _sync_folder(folder)
        except OSError as error:
            raise LedgerError(
                f"{path}: cannot be written: {error.strerror}. Make room or allow writing, and "
                "try again."
            ) from error
        return sha

    def read(self, sha: str) -> bytes:
        """The content with this SHA-256.

        Raises:
            LedgerError: no such file, or its content has another hash.
        """
        path = self.path(sha)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise LedgerError(f"{path}: no such file. Restore it from a backup.") from None
        except OSError as error:
            raise LedgerError(f"{path}: cannot be read: {error.strerror}.") from error
        if hashlib.sha256(content).hexdigest() != sha:
            raise LedgerError(
                f"{path}: its content no longer matches its name. Restore it from a backup."
            )
        return content


def _write(path: Path, content: bytes) -> None:
    """Write beside, then rename: a reader sees the whole file or none."""
    beside = path.with_name(f".{path.name[:8]}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Make the folder's entries as durable as the files; Windows does so by itself."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
