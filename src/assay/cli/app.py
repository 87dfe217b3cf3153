"""The command line as a whole: its commands in the order of the loop."""

import os
import sys
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
from assay.cli.guard import STOPPED, STOPPED_WORDS
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


def main() -> None:
    """Run the command that `sys.argv` asks for, and exit with its code."""
    # Matrices here are small and JAX brings threads of its own: BLAS threads that wait for work
    # take the cores away from both. Set before NumPy is imported, or it has no effect.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app(prog_name="assay")
    except KeyboardInterrupt:
        typer.echo(STOPPED_WORDS, err=True)
        sys.exit(STOPPED)
