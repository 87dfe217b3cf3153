"""The command line as a whole: its commands in the order of the loop."""

from typing import Annotated

import typer

from assay import __version__
from assay.cli import (
    amend,
    attempt,
    feasibility,
    forecast,
    gate,
    init,
    learn,
    plan,
    profile,
    records,
    register,
    report,
    run,
    simulate,
    split,
    vault,
    verdict,
    watch,
)
from assay.cli.teach import group

LOOP = (
    init, profile, feasibility, split, register, attempt, verdict, amend, learn, run, gate, watch,
    vault, records, plan, simulate, report, forecast,
)  # fmt: skip

app = group(
    name="assay",
    help="Take each machine-learning idea from its question to an honest verdict, and see where "
    "the next day of effort is worth most.\n\n"
    "Exit codes: 0 done as asked, whatever the verdict; 1 something checked does not hold "
    "(ledger verify, gate, watch, --check); 2 bad input; 3 a fault of Assay; 130 stopped.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"assay {__version__}")
        raise typer.Exit


@app.callback()
def _assay(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None: ...


for room in LOOP:
    room.add(app)
