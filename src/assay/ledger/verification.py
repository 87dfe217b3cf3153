"""Does the ledger still say what was recorded, and where not, what still stands?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

from assay.errors import LedgerError
from assay.ledger import sealed_rows, search, sqlite, structure
from assay.ledger.chain import Head, fault_between, fault_within
from assay.ledger.files import FileStore
from assay.ledger.findings import Break, Run, Verification, WrongFile
from assay.ledger.salvage import Unreadable, end_of, stored_rows
from assay.ledger.standing import Experiments
from assay.ledger.telling import Tell, silent
from assay.record import Body, RegistrationBody

Found = TypeVar("Found")


@dataclass(slots=True)
class _Walk:
    """What is gathered while the records are walked through."""

    where: str
    store: FileStore
    words: search.Expected
    head: Head = field(default_factory=Head)
    read: int = 0
    sound: int = 0
    breaks: list[Break] = field(default_factory=list)
    strangers: list[Break] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    after: int = 0
    named: dict[str, list[int]] = field(default_factory=dict)
    experiments: Experiments = field(default_factory=Experiments)
    registrations: dict[int, RegistrationBody] = field(default_factory=dict)
    _before: str | None = None  # experiment of the row before

    def take(self, row: dict[str, Any] | Unreadable) -> None:
        """The next row, or what is known of it."""
        if isinstance(row, Unreadable):
            self._break(row.sequence, f"cannot be read from the file: {row.why}")
            self.head, self._before = Head(row.sequence, self.head.at, "?"), None
            return
        self.read += 1
        sequence, expected = row["sequence"], self.head.sequence + 1
        if sequence < 1:  # readers never see it, and the chain begins after it
            self.strangers.append(Break(at=sequence, why="stands where no record can be"))
            return
        within, body = fault_within(row, self.where)
        if sequence != expected:
            self._gap(expected, sequence)
        between = fault_between(self.head, row)
        if within:
            self._break(sequence, within)
        elif between and sequence == expected and self.head.hash != "?":
            self._break(sequence, between)
            self.experiments.doubt(self._before, self.head.sequence)
        self._place(row, body, is_whole=not within, is_linked=not between)
        at = self.head.at if within else row["at"]
        self.head = Head(sequence, at, row["hash"])

    def _place(
        self,
        row: dict[str, Any],
        body: Body | dict[str, Any] | None,
        *,
        is_whole: bool,
        is_linked: bool,
    ) -> None:
        sequence = row["sequence"]
        shas = () if body is None else self.store.named_in(body)
        self._before = self.experiments.add(row, body, shas)
        for sha in shas:
            self.named.setdefault(sha, []).append(sequence)
        if not self.breaks:
            self.sound = sequence
            if isinstance(body, RegistrationBody):
                self.registrations[sequence] = body
            if body is not None:
                self.words.add(sequence, body)
            return
        self.experiments.doubt(self._before, sequence)
        self.after += is_whole or sequence != self.breaks[0].at
        if not is_whole:
            return
        if self.runs and is_linked and self.runs[-1].last == self.head.sequence:
            self.runs[-1] = Run(first=self.runs[-1].first, last=sequence)
        else:
            self.runs.append(Run(first=sequence, last=sequence))

    def _gap(self, expected: int, found: int) -> None:
        if expected == found - 1:
            self._break(expected, "is missing")
        else:
            self._break(expected, f"and all up to record {found - 1} are missing")

    def _break(self, at: int, why: str) -> None:
        self.breaks.append(Break(at=at, why=why))


def verify(
    connection: Connection,
    store: FileStore,
    where: str,
    tell: Tell = silent,
    *,
    opens: bool = True,
) -> Verification:
    """Check the chain, then the files that its records name, then the views.

    Args:
        connection: sees one state of the ledger.
        store: where the files lie.
        where: the ledger's path, for the message.
        tell: is told how far the check is.
        opens: whether commands can open the ledger; otherwise none is recommended.
    """
    walk = _Walk(where, store, search.Expected(connection))
    total = end_of(connection)
    for done, row in enumerate(stored_rows(connection)):
        tell("records", done, total)
        walk.take(row)
    if not (walk.read or walk.breaks):
        walk.breaks.append(Break(at=1, why="and all others are missing"))
    states = {}
    for done, sha in enumerate(walk.named):
        tell("files", done, len(walk.named))
        states[sha] = store.state(sha)
    wrong = {sha: state for sha, state in states.items() if state != "whole"}
    return _found(connection, walk, wrong, opens=opens)


def _found(
    connection: Connection, walk: _Walk, wrong: dict[str, str], *, opens: bool
) -> Verification:
    breaks = (*walk.strangers, *walk.breaks)
    is_chained = not walk.breaks
    views = tuple(_wrong_in_view(connection, walk, set(wrong), is_chained=is_chained))
    words = is_chained and _asked(walk.words.differs, otherwise=True)
    schema = structure.faults(connection)
    faults = _faults(breaks, walk, wrong, views, schema, words_wrong=words)
    remedies = []
    if opens and is_chained and (views or words or schema):
        remedies.append(_remedy(schema, is_whole=not (breaks or wrong)))
    finding = "; ".join([*faults, *remedies])
    good = f"all {walk.sound} records and {len(walk.named)} files hold"
    return Verification(
        ok=not finding,
        records=walk.sound,
        broken_at=breaks[0].at if breaks else None,
        breaks=breaks,
        after=walk.after,
        runs=tuple(walk.runs),
        files=len(walk.named),
        files_missing=tuple(sha for sha, state in wrong.items() if state == "missing"),
        files_damaged=tuple(sha for sha, state in wrong.items() if state == "damaged"),
        files_wrong=tuple(
            WrongFile(
                sha=sha,
                state=state,
                records=tuple(walk.named[sha]),
                projects=walk.experiments.projects(sha),
            )
            for sha, state in wrong.items()
        ),
        experiments=walk.experiments.standings(set(wrong)),
        views_wrong=views,
        words_wrong=words,
        schema_wrong=schema,
        head=walk.head.hash if walk.read else "",
        message=f"{walk.where}: {finding or good}.",
    )


def _faults(
    breaks: tuple[Break, ...],
    walk: _Walk,
    wrong: dict[str, str],
    views: tuple[int, ...],
    schema: tuple[str, ...],
    *,
    words_wrong: bool,
) -> Iterator[str]:
    """What does not hold, each as a clause."""
    if breaks:
        first = breaks[0]
        upto = f"records up to {walk.sound} hold" if walk.sound else "no record holds"
        yield f"record {first.at} {first.why}; {upto}; restore the others from a backup"
    for state in ("missing", "damaged"):
        shas = [sha for sha, found in wrong.items() if found == state]
        if shas:
            yield f"{len(shas)} files are {state}, first {shas[0]}"
    if views:
        yield f"sealed rows of registrations {list(views)} are wrong in the view"
    if words_wrong:
        yield "the search does not hold the words of all records"
    if schema:
        yield ", ".join(schema)


def _remedy(schema: tuple[str, ...], *, is_whole: bool) -> str:
    """What helps where views, the search or the schema do not hold."""
    if not any(each.startswith(structure.DAMAGED) for each in schema):
        return "run `assay ledger rebuild`"
    if not is_whole:  # an export would refuse them
        return "restore it from a backup"
    return (
        "all records and files can be read, so bring them into a new ledger: `assay ledger export "
        "LEDGER whole.jsonl`, then `assay ledger import jsonl whole.jsonl --ledger NEW`"
    )


def _wrong_in_view(
    connection: Connection, walk: _Walk, unreadable: set[str], *, is_chained: bool
) -> Iterator[int]:
    for sequence, body in walk.registrations.items():
        if body.sealed_rows_file not in unreadable and not _asked(
            lambda at=sequence, of=body: _is_sealed_alike(connection, at, of, walk.store),
            otherwise=False,
        ):
            yield sequence
    if is_chained:  # else registrations may be there that could not be read
        known = _asked(lambda: sealed_rows.registrations(connection), otherwise=set())
        yield from sorted(known - set(walk.registrations))


def _is_sealed_alike(
    connection: Connection, at: int, body: RegistrationBody, store: FileStore
) -> bool:
    recorded = set(sealed_rows.fingerprints_of(body, store))
    return sealed_rows.sealed_by(connection, at) == recorded


def _asked(ask: Callable[[], Found], *, otherwise: Found) -> Found:
    """What a view says; a view that cannot be read says nothing that could be trusted."""
    try:
        return ask()
    except (*sqlite.REFUSALS, LedgerError):
        return otherwise
