"""`assay report`: one page for people who decide."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.budgets import one_budget
from assay.cli.options import AsJson, Budget, LedgerFile, PortfolioPath
from assay.cli.teach import command
from assay.cli.terminal import answer, working
from assay.cli.workspace import ledger_of, open_workspace

if TYPE_CHECKING:
    from assay.experiment import Workspace

Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The page.")]


def add(app: typer.Typer) -> None:
    """Announce `assay report`."""

    @command(
        app,
        "report",
        purpose="Write one page: questions, verdicts, curves and the plan.",
        more="The page stands alone: no script, nothing fetched, readable on a phone and on paper. "
        "It works without a ledger too, and makes none.",
        example="assay report examples/first --out report.html",
        writes="FILE, whole or not at all.",
    )
    def report(
        path: PortfolioPath,
        out: Out = Path("report.html"),
        budget: Budget = None,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        wanted = one_budget(budget)
        refuse_other_than_page(out)
        has_ledger = ledger is not None or ledger_of(path, None).exists()
        opened = open_workspace(path, ledger) if has_ledger else _open_empty(path)
        with opened as workspace, working():
            written = write_report(workspace, out, wanted, has_ledger=has_ledger)
        if as_json:
            answer({"report": str(written)})
        else:
            typer.echo(written)


@contextmanager
def _open_empty(path: Path) -> "Iterator[Workspace]":
    """The portfolio with an empty ledger, for as long as the page is built."""
    with TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.db"
        with open_workspace(path, empty, must_exist=False) as workspace:
            yield workspace


def refuse_other_than_page(file: Path) -> None:
    """Refuse a name that could be a ledger, a portfolio or data.

    Raises:
        ConfigError: it does not end in `.html`.
    """
    from assay.errors import ConfigError

    if file.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(
            f"{file}: a page ends in `.html`, and nothing else is overwritten. "
            "Write for example `report.html`."
        )


def write_report(
    workspace: "Workspace", file: Path, budget: float | None, *, has_ledger: bool = True
) -> Path:
    """Build the page and write it; the path written.

    Raises:
        ConfigError: the name is not that of a page, so a slip could cost other work.
    """
    refuse_other_than_page(file)
    from assay.report import write
    from assay.report.build import build_report

    return write(build_report(workspace, budget=budget, has_ledger=has_ledger), file)
