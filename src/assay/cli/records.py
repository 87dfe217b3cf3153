"""`assay ledger`: what was recorded, and whether it still says so."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import checking, copies, importing
from assay.cli.options import AsJson, LedgerPath
from assay.cli.record_table import as_dict, show_found, show_record, show_records
from assay.cli.teach import command, group
from assay.cli.terminal import answer
from assay.cli.workspace import open_ledger
from assay.errors import LedgerError, nearest

if TYPE_CHECKING:
    from assay.ledger import Ledger, Record

LEAST_PREFIX = 6  # hexadecimal digits; fewer would often mean several records

Which = Annotated[
    str, typer.Argument(metavar="RECORD", help="Its number, its hash, or how the hash begins.")
]
Kind = Annotated[
    str | None,
    typer.Option("--kind", metavar="KIND", help="Only these, such as attempt.", show_default="all"),
]
Key = Annotated[
    str | None,
    typer.Option("--project", metavar="KEY", help="Only of this project.", show_default="all"),
]
Library = Annotated[bool, typer.Option("--library", help="What is finished, with its lessons.")]
Records = Annotated[bool, typer.Option("--records", help="All records, oldest first.")]
SearchWords = Annotated[list[str], typer.Argument(metavar="WORDS", help="What to look for.")]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Most records shown.")]


def add(app: typer.Typer) -> None:
    """Announce `assay ledger` and its commands."""
    ledger = group(help="Read the ledger; check, copy and hand on what was recorded.")
    app.add_typer(ledger, name="ledger")
    _add_ls(ledger)
    _add_search(ledger)
    _add_show(ledger)
    checking.add(ledger)
    copies.add(ledger)
    importing.add(ledger)


def _add_ls(ledger: typer.Typer) -> None:
    @command(
        ledger,
        "ls",
        purpose="List what is open; or the library of what is finished, or all records.",
        more="What came out, failures included, lives in the library (--library) and is found by "
        "its words (`assay ledger search`). A project whose attempts were imported has its line "
        "beside what is open. --records, --kind and --project list records.",
        example=(
            "assay ledger ls examples/first",
            "assay ledger ls assay.db --library",
            "assay ledger ls assay.db --kind verdict",
        ),
        writes="nothing.",
    )
    def ls(
        path: LedgerPath,
        library: Library = False,
        records: Records = False,
        kind: Kind = None,
        project: Key = None,
        as_json: AsJson = False,
    ) -> None:
        _refuse_unknown_kind(kind)
        with open_ledger(path) as ledger:
            if records or kind or project:
                _list_records(ledger, list(ledger.records(kind, project)), as_json=as_json)
            else:
                _list_experiments(ledger, is_library=library, as_json=as_json)


def _list_records(ledger: "Ledger", records: "list[Record]", *, as_json: bool) -> None:
    if as_json:
        answer({"ledger": ledger.path, "records": [as_dict(record) for record in records]})
    else:
        show_records(records)


def _list_experiments(ledger: "Ledger", *, is_library: bool, as_json: bool) -> None:
    from assay.cli.library import entries, show_entries
    from assay.ledger import History

    every = entries(History(ledger).refresh())
    chosen = [entry for entry in every if entry.is_finished == is_library]
    if as_json:
        answer({"ledger": ledger.path, "experiments": chosen})
    else:
        show_entries(chosen, is_library=is_library, others=len(every) - len(chosen))


def _add_search(ledger: typer.Typer) -> None:
    @command(
        ledger,
        "search",
        purpose="Find questions, hypotheses, lessons and attempts by their words.",
        more="Any of the words, in any form: `deliveries` finds `delivery`. What was asked and "
        "learnt comes first, the most telling on top, then attempts from the latest on.",
        example='assay ledger search examples/first "delivery time"',
        writes="nothing.",
    )
    def search(
        path: LedgerPath, words: SearchWords, limit: Limit = 20, as_json: AsJson = False
    ) -> None:
        asked = " ".join(words)
        if not any(letter.isalnum() for letter in asked):
            raise LedgerError(f"search: {asked!r} holds no word. Say what to look for.")
        with open_ledger(path) as ledger:
            found = ledger.search(asked, limit=limit)
        if as_json:
            answer({"ledger": ledger.path, "records": [as_dict(record) for record in found]})
        else:
            show_found(found, asked)


def _add_show(ledger: typer.Typer) -> None:
    @command(
        ledger,
        "show",
        purpose="Show one record in full.",
        example="assay ledger show examples/first 7",
        writes="nothing.",
    )
    def show(path: LedgerPath, which: Which, as_json: AsJson = False) -> None:
        with open_ledger(path) as ledger:
            record = find(ledger, which)
        if as_json:
            answer({"ledger": ledger.path, "record": as_dict(record)})
        else:
            show_record(record)


def _refuse_unknown_kind(kind: str | None) -> None:
    from assay.record import BODIES

    if kind is not None and kind not in BODIES:
        raise LedgerError(f"--kind is {kind!r}, no record is called so. {nearest(kind, BODIES)}")


def find(ledger: "Ledger", which: str) -> "Record":
    """The record with this number, this hash, or the only one whose hash begins so.

    Raises:
        LedgerError: there is none, or there are several.
    """
    if which.isascii() and which.isdigit() and len(which) < LEAST_PREFIX:
        return ledger.get(int(which))
    found = list(_beginning_with(ledger, which.lower()))
    if len(found) == 1:
        return found[0]
    if which.isascii() and which.isdigit() and not found and len(which) < 19:
        return ledger.get(int(which))  # a large ledger has six-digit numbers too
    several = f", {len(found)} begin so" if found else ""
    raise LedgerError(
        f"{ledger.path}: no record {which!r}{several}. Name it by its number, or by at least "
        f"{LEAST_PREFIX} digits of its hash; `assay ledger ls --records` shows both."
    )


def _beginning_with(ledger: "Ledger", start: str) -> Iterator["Record"]:
    if len(start) >= LEAST_PREFIX:
        yield from (record for record in ledger.records() if record.hash.startswith(start))
