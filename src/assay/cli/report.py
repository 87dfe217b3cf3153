"""`assay report`: one page for people who decide."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.budgets import one_budget
from assay.cli.options import AsJson, Budget, LedgerFile, PortfolioPath
from assay.cli.teach import command
from assay.cli.terminal import answer, working
from assay.cli.workspace import open_workspace

if TYPE_CHECKING:
    from assay.experiment import Workspace

Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The page.")]


def add(app: typer.Typer) -> None:
    """Announce `assay report`."""

    @command(
        app,
        "report",
        purpose="Write one page: questions, verdicts, curves and the plan.",
        more="The page stands alone: no script, nothing fetched, readable on a phone and on paper.",
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
        with open_workspace(path, ledger) as workspace, working():
            written = write_report(workspace, out, wanted)
        if as_json:
            answer({"report": str(written)})
        else:
            typer.echo(written)


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


def write_report(workspace: "Workspace", file: Path, budget: float | None) -> Path:
    """Build the page and write it; the path written.

    Raises:
        ConfigError: the name is not that of a page, so a slip could cost other work.
    """
    refuse_other_than_page(file)
    from assay.report import write
    from assay.report.build import build_report

    return write(build_report(workspace, budget=budget), file)
