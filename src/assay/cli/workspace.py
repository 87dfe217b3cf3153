"""Opening what a command works on; what must be there already is never made."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import LedgerError

if TYPE_CHECKING:
    from assay.experiment import Workspace
    from assay.ledger import Ledger
    from assay.record import Portfolio


@contextmanager
def open_workspace(
    path: Path, ledger: Path | None, *, must_exist: bool = True, key_file: Path | None = None
) -> Iterator["Workspace"]:
    """The portfolio at `path` with its ledger, closed in the end.

    Args:
        path: an `assay.toml`, or the folder that holds one.
        ledger: another ledger than `assay.toml` names.
        must_exist: refuse a ledger that is not there, so that a slip in its name makes none.
        key_file: key of the vaults, for their keeper.

    Raises:
        LedgerError: there is no ledger, and there must be one.
    """
    if must_exist:
        _refuse_absent(ledger_of(path, ledger))
    from assay.experiment import Workspace

    with closing(Workspace.open(path, ledger=ledger, key_file=key_file)) as workspace:
        yield workspace


def portfolio_at(path: Path) -> "Portfolio":
    """The portfolio at `path`."""
    from assay.record import load_portfolio

    return load_portfolio(path)


def ledger_of(path: Path, ledger: Path | None) -> Path:
    """Where the ledger of a portfolio is, or would be."""
    return portfolio_at(path).ledger if ledger is None else ledger


@contextmanager
def open_ledger(path: Path) -> Iterator["Ledger"]:
    """A ledger that is there, by its file or by its portfolio.

    Raises:
        LedgerError: nothing is there, or no ledger.
    """
    from assay.ledger import Ledger

    with Ledger(ledger_file(path), create=False) as opened:
        yield opened


def ledger_file(path: Path, *, must_exist: bool = True) -> Path:
    """The file of a ledger that is named by it or by its portfolio.

    Args:
        path: a ledger, an `assay.toml`, or the folder that holds one.
        must_exist: refuse a ledger that is not there.

    Raises:
        ConfigError: there is no portfolio, or it cannot be read.
        LedgerError: nothing is there, and something must be.
    """
    _, file = portfolio_or_file(path)
    if must_exist:
        _refuse_absent(file)
    return file


def portfolio_or_file(path: Path) -> "tuple[Portfolio | None, Path]":
    """The portfolio that a path names, if it names one, and the file of the ledger.

    Raises:
        ConfigError: there is no portfolio, or it cannot be read.
    """
    if not (path.is_dir() or path.suffix == ".toml"):
        return None, path
    portfolio = portfolio_at(path)
    return portfolio, portfolio.ledger


def _refuse_absent(file: Path) -> None:
    if not file.exists():
        raise LedgerError(
            f"{file}: no such ledger. Check the path; `assay register` or `assay run` makes one."
        )
