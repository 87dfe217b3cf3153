"""A copy of a ledger that may be read but not written, since SQLite's WAL must write to read.

Where the ledger's folder is read-only, SQLite cannot make the files that its readers and writers
share. So the database is copied into the folder for temporary files and read there; it shows the
ledger as it was when it was opened.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from assay.errors import LedgerError

PARTS = ("", "-wal")  # what SQLite keeps between two processes; the rest is made anew
ATTEMPTS = 20


def take(path: Path) -> tuple[Path, Callable[[], None]]:
    """Copy the ledger at `path`, all at one moment.

    Returns:
        The copy, and what removes it.

    Raises:
        LedgerError: it cannot be read, there is no room, or somebody writes all the time.
    """
    folder = Path(tempfile.mkdtemp(prefix="assay-"))
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # a forked process must not take its parent's copy away
            shutil.rmtree(folder, ignore_errors=True)

    copy = folder / path.name
    try:
        for _ in range(ATTEMPTS):
            before = _state(path)
            for part in PARTS:
                source = path.with_name(path.name + part)
                target = copy.with_name(copy.name + part)
                target.unlink(missing_ok=True)
                if source.exists():
                    shutil.copyfile(source, target)
            if _state(path) == before:
                return copy, remove
    except OSError as error:
        remove()
        raise LedgerError(
            f"{path}: its folder is read-only, and the ledger cannot be copied to {folder} to be "
            f"read there: {error.strerror}. Allow reading it, and make room."
        ) from error
    remove()
    raise LedgerError(
        f"{path}: its folder is read-only, and another process keeps writing to the ledger. Try "
        "again, or allow writing to the folder."
    )


def _state(path: Path) -> list[tuple[int, int] | None]:
    found = []
    for part in PARTS:
        source = path.with_name(path.name + part)
        seen = source.stat() if source.exists() else None
        found.append(None if seen is None else (seen.st_size, seen.st_mtime_ns))
    return found
