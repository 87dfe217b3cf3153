"""`assay ledger export` and `backup`: what was recorded, somewhere else."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assay.cli.options import AsJson, LedgerPath
from assay.cli.progress import telling
from assay.cli.teach import command
from assay.cli.terminal import answer, console
from assay.cli.workspace import open_ledger

Target = Annotated[
    Path, typer.Argument(metavar="FILE", help="The new file; nothing is overwritten.")
]
Copy = Annotated[Path, typer.Argument(metavar="TO", help="The copy; nothing is overwritten.")]


def add(ledger: typer.Typer) -> None:
    """Announce both commands."""
    _add_export(ledger)
    _add_backup(ledger)


def _add_export(ledger: typer.Typer) -> None:
    @command(
        ledger,
        "export",
        purpose="Write all records and their files as one file of JSON lines.",
        more="Everything is in it, the secret salt of row fingerprints included. `assay ledger "
        "import jsonl` makes the same ledger of it, to the byte.",
        example="assay ledger export assay.db assay.jsonl",
        writes="FILE, whole or not at all.",
    )
    def export(path: LedgerPath, target: Target, as_json: AsJson = False) -> None:
        with open_ledger(path) as ledger, telling() as tell:
            found = ledger.export(target, tell)
        if as_json:
            answer({"ledger": ledger.path, "file": target, **asdict(found)})
        else:
            counts = f"{found.records:,} records and {found.files:,} files"
            console().print(f"{counts} are in {target}", soft_wrap=True)


def _add_backup(ledger: typer.Typer) -> None:
    @command(
        ledger,
        "backup",
        purpose="Copy a ledger and its files while others may write to it.",
        more="The copy holds the ledger as it was at one moment. It is checked before it gets its "
        "name, and is a ledger like any other.",
        example="assay ledger backup assay.db backups/monday.db",
        writes="TO and TO.files, whole or not at all.",
    )
    def backup(path: LedgerPath, copy: Copy, as_json: AsJson = False) -> None:
        with open_ledger(path) as ledger, telling() as tell:
            found = ledger.backup(copy, tell)
        if as_json:
            counts = {"records": found.records, "files": found.files, "head": found.head}
            answer({"ledger": ledger.path, "copy": copy, **counts})
        else:
            counts = f"{found.records:,} records and {found.files:,} files"
            console().print(f"{counts} are in {copy}, and hold", soft_wrap=True)
