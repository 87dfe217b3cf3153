"""`assay ledger verify` and `rebuild`: what still stands, and what can be made anew."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from assay.cli.guard import DOES_NOT_HOLD
from assay.cli.options import AsJson, LedgerPath
from assay.cli.progress import telling
from assay.cli.teach import command
from assay.cli.terminal import answer, console
from assay.cli.workspace import ledger_file, open_ledger

if TYPE_CHECKING:
    from assay.ledger import Verification
    from assay.ledger.standing import Standing

SHOWN = 10  # of each sort; `--json` has them all


def add(ledger: typer.Typer) -> None:
    """Announce both commands."""
    _add_verify(ledger)
    _add_rebuild(ledger)


def _add_verify(ledger: typer.Typer) -> None:
    @command(
        ledger,
        "verify",
        purpose="Check every link, file and view; exit with 1 if one does not hold.",
        more="Where something is broken it says what still stands: which records, which "
        "experiments and verdicts, and who names a file that is missing. The last line is the hash "
        "of the last record. Kept elsewhere, it proves later that none was cut off since.",
        example="assay ledger verify examples/first",
        writes="nothing.",
    )
    def verify(path: LedgerPath, as_json: AsJson = False) -> None:
        from assay.ledger import verify_ledger

        file = ledger_file(path)
        with telling() as tell:
            found = verify_ledger(file, tell=tell)
        if as_json:
            answer({"ledger": file, **asdict(found)})
        else:
            out = console()
            colour = "green" if found.ok else "red"
            out.print("holds" if found.ok else "does not hold", style=f"bold {colour}")
            out.print(found.message)
            for line in () if found.ok else what_stands(found):
                out.print(line)
            if found.head:
                out.print(f"head {found.head}", style="dim", soft_wrap=True)
        if not found.ok:
            raise typer.Exit(DOES_NOT_HOLD)


def _add_rebuild(ledger: typer.Typer) -> None:
    @command(
        ledger,
        "rebuild",
        purpose="Make the views anew from the records and their files.",
        more="Views are the index that search uses and the table of sealed rows, with the indices "
        "and triggers of the database. Records are never changed; a chain that breaks is refused.",
        example="assay ledger rebuild assay.db",
        writes="the views, all of them or none.",
    )
    def rebuild(path: LedgerPath, as_json: AsJson = False) -> None:
        with open_ledger(path) as ledger, telling() as tell:
            count = ledger.rebuild_views(tell)
        if as_json:
            answer({"ledger": ledger.path, "registrations": count})
        else:
            console().print(f"rebuilt, with the sealed rows of {count} registrations")


def what_stands(found: "Verification") -> Iterator[str]:
    """What a check found, line by line."""
    yield ""
    yield from _shown([f"record {each.at} {each.why}" for each in found.breaks], "breaks")
    if found.breaks:
        yield f"records 1 to {found.records} hold" if found.records else "no record holds"
    yield from _shown(
        [
            f"records {each.first} to {each.last} chain among themselves, but hang on a record "
            "that does not hold"
            for each in found.runs
        ],
        "runs of records",
    )
    yield from _shown(
        [
            f"{each.state}: file {each.sha}, named by {_numbers(each.records)}"
            + (f" of {', '.join(each.projects)}" if each.projects else "")
            for each in found.files_wrong
        ],
        "files",
    )
    if found.experiments:
        yield ""
        yield from _shown([_told(each) for each in found.experiments], "experiments")


def _told(each: "Standing") -> str:
    """What stands of an experiment."""
    verdict = f"verdict {each.outcome} (record {each.verdict})"
    if each.holds:
        return f"{each.project}: holds" + (f", {verdict}" if each.verdict else "; still open")
    why = []
    if each.registration is None:
        why.append("its registration is gone")
    if each.records:
        why.append(f"rests on {_numbers(each.records)}")
    if each.files:
        why.append(f"{len(each.files)} of its files are missing or damaged")
    stands = f"; its {verdict} holds" if each.verdict_holds else ""
    return f"{each.project}: does not hold: {'; '.join(why)}{stands}"


def _numbers(records: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in records[:SHOWN])
    more = f" and {len(records) - SHOWN} more" if len(records) > SHOWN else ""
    return f"record{'' if len(records) == 1 else 's'} {shown}{more}"


def _shown(lines: Sequence[str], what: str) -> Iterator[str]:
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield f"and {len(lines) - SHOWN} more {what}: `--json` names them all"
