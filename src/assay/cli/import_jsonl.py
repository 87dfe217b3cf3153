"""`assay ledger import jsonl`: a ledger from its export."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assay.cli.options import AsJson
from assay.cli.progress import telling
from assay.cli.teach import command
from assay.cli.terminal import answer, console
from assay.cli.workspace import ledger_file

Exported = Annotated[Path, typer.Argument(metavar="FILE", help="What `assay ledger export` wrote.")]
Into = Annotated[
    Path, typer.Option("--ledger", metavar="LEDGER", help="A path where nothing is, or a ledger.")
]


def add(sources: typer.Typer) -> None:
    """Announce `assay ledger import jsonl`."""

    @command(
        sources,
        "jsonl",
        purpose="Make a ledger from an export, or append what one lacks of it.",
        more="A ledger that is there must hold the beginning of the export, record for record; so "
        "a second import changes nothing. The whole file is checked before anything is written.",
        example="assay ledger import jsonl assay.jsonl --ledger copy.db",
        writes="the records and files that the ledger lacks, all of them or none.",
    )
    def jsonl(source: Exported, ledger: Into, as_json: AsJson = False) -> None:
        from assay.ledger import import_jsonl

        into = ledger_file(ledger, must_exist=False)
        with telling() as tell:
            found = import_jsonl(source, into, tell=tell)
        if as_json:
            answer({"ledger": into, **asdict(found)})
        elif found.appended:
            console().print(f"{found.appended:,} records are new in {into}", soft_wrap=True)
        else:
            console().print(f"{into} holds all {found.records:,} records", soft_wrap=True)
