"""New files that appear whole or not at all, and never in place of another."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from assay.errors import LedgerError
from assay.ledger.files import sync_folder


def beside(path: Path) -> Path:
    """A hidden name in the same folder that nobody else uses."""
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")


def refuse_taken(path: Path) -> None:
    """Make sure that nothing is at `path`.

    Raises:
        LedgerError: something is.
    """
    if path.exists() or path.is_symlink():
        raise LedgerError(f"{path}: is there already, and is never overwritten. Name another path.")


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to be written, which is at `path` once the block ends and was never half there.

    Raises:
        LedgerError: something is at `path`, or it cannot be written; then nothing is left.
    """
    refuse_taken(path)
    hidden = beside(path)
    with said(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with hidden.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            appear(hidden, path)
        finally:
            with suppress(OSError):
                hidden.unlink(missing_ok=True)


def appear(hidden: Path, path: Path) -> None:
    """Give a file or folder its name, which nobody may have taken meanwhile.

    Raises:
        LedgerError: somebody has.
        OSError: the folder cannot be written.
    """
    if hidden.is_dir():
        refuse_taken(path)
        hidden.rename(path)
    else:
        try:
            os.link(hidden, path)  # unlike a rename, it never replaces
        except FileExistsError:
            refuse_taken(path)
            raise
        except OSError:  # a file system without links
            refuse_taken(path)
            hidden.rename(path)
        else:
            hidden.unlink()
    sync_folder(path.parent)


@contextmanager
def said(path: Path) -> Iterator[None]:
    """Errors of the file system within the block become a `LedgerError`."""
    try:
        yield
    except OSError as error:
        raise LedgerError(
            f"{path}: cannot be written: {error.strerror}. Make room or allow writing, and try "
            "again."
        ) from error
