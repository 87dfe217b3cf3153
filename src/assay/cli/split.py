"""`assay split`: open rows to work with, sealed rows without their target."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.options import AsJson, LedgerFile, PortfolioPath, ProjectKey
from assay.cli.teach import command
from assay.cli.terminal import answer, console, working
from assay.cli.workspace import open_workspace

Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder to write to; made if it is not there.")
]


def add(app: typer.Typer) -> None:
    """Announce `assay split`."""

    @command(
        app,
        "split",
        purpose="Write open rows, and sealed rows without their target.",
        more="For models that are made elsewhere: fit on open.parquet, predict the rows of "
        "sealed.parquet by row_id, and hand the predictions to `assay attempt --predictions`.",
        example="assay split examples/first progression --out split",
        writes="open.parquet, sealed.parquet and SPLIT.md in DIR. The portfolio's seed and the "
        "rows themselves decide which are sealed.",
    )
    def split(
        path: PortfolioPath,
        key: ProjectKey,
        out: Out,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        from assay.experiment import split as split_rows

        with open_workspace(path, ledger, must_exist=False) as workspace, working():
            report = split_rows(workspace, key, out)
        if as_json:
            counts = {"open_rows": report.n_open, "sealed_rows": report.n_sealed}
            answer({"project": key, "folder": str(report.folder), **counts, "text": report.text})
        else:
            console().print(report.text)
