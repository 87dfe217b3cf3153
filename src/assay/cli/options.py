"""Arguments and options that several commands share, so that one word means one thing."""

from pathlib import Path
from typing import Annotated

import typer

PortfolioPath = Annotated[
    Path, typer.Argument(metavar="PATH", help="An assay.toml, or the folder that holds one.")
]
LedgerPath = Annotated[
    Path, typer.Argument(metavar="LEDGER", help="A ledger, an assay.toml or its folder.")
]
ProjectKey = Annotated[
    str, typer.Argument(metavar="KEY", help="Key of a project, as in assay.toml.")
]
LedgerFile = Annotated[
    Path | None,
    typer.Option(
        "--ledger",
        metavar="FILE",
        help="Another ledger than assay.toml names.",
        show_default="assay.db beside assay.toml",
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        help="Key of the vault, for its keeper.",
        show_default="the file that ASSAY_VAULT_KEY_FILE names, if any",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON alone on stdout.")]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="N[,N...]",
        help="Effort to split, in the portfolio's unit.",
        show_default="what budget in assay.toml leaves",
    ),
]
