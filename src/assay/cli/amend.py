"""`assay amend`: what was registered is changed openly."""

from typing import Annotated

import typer

from assay.cli.options import AsJson, LedgerFile, PortfolioPath, ProjectKey
from assay.cli.teach import command
from assay.cli.terminal import answer, console, pairs
from assay.cli.workspace import open_workspace

Reason = Annotated[
    str, typer.Option("--reason", metavar="WORDS", help="Why; it stands beside the verdict.")
]


def add(app: typer.Typer) -> None:
    """Announce `assay amend`."""

    @command(
        app,
        "amend",
        purpose="Change what was registered, openly.",
        more="Write the change into assay.toml first. It is recorded with who, when, why and what "
        "had been seen by then, and the verdict says so. Words, hopes, budgets and the number of "
        "tries can be amended; what is left of alpha is then spread over the new tries. What the "
        "sealed rows are asked (metric, baseline, least improvement, alpha, data) cannot: that is "
        "another claim, under a key of its own, and it shares the budget of these rows.",
        example='assay amend . demand --reason "two more ideas came up" ',
        writes="an amendment in the ledger.",
    )
    def amend(
        path: PortfolioPath,
        key: ProjectKey,
        reason: Reason,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        with open_workspace(path, ledger) as workspace:
            body = workspace.amend(key, reason)
        if as_json:
            answer({"project": key, "amendment": body})
            return
        out = console()
        out.print(f"amended: {key}", style="bold")
        out.print(pairs([(name, f"{was} → {now}") for name, (was, now) in body.changes.items()]))
        out.print(f"Seen by then: {body.seen}")
