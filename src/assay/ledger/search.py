"""A view of the ledger: the words of every question, hypothesis, verdict, lesson and attempt.

Questions and what was learnt stand apart from attempts: a program makes attempts by the hundred
thousand, and a word that all of them share must neither bury a lesson nor slow its search.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import Connection

from assay.ledger import sqlite
from assay.ledger.chain import read_fields
from assay.record import (
    AmendmentBody,
    AttemptBody,
    Body,
    LessonBody,
    ProjectBody,
    RegistrationBody,
    ReleaseBody,
    VerdictBody,
    WatchBody,
)

LEARNT, TRIED, WAITING = "passage", "trial", "waiting"
"""Names of the indices; the last is made anew by each search, of the attempts that wait."""

BATCH = 500  # texts that a check has in memory at once
AT_ONCE = 64
"""Attempts are indexed so many at a time: one by one, each would take half as long again."""

# What of a record is found: the words of people, and Assay's own sentences.
_FIELDS: dict[type[Body], tuple[str, ...]] = {
    ProjectBody: ("question", "hypothesis", "source"),
    RegistrationBody: ("question", "hypothesis", "population", "claim_source", "tags"),
    VerdictBody: ("outcome", "sentence"),
    LessonBody: ("measured", "words", "assumption", "reopen", "reason", "findings"),
    AmendmentBody: ("reason",),
    ReleaseBody: ("note",),
    WatchBody: ("outcome", "sentence"),
    AttemptBody: ("name", "note", "belief_about", "broke"),
}


def words_of(body: Body | dict[str, object]) -> str:
    """The text by which a record is found; empty where it has none."""
    names = _FIELDS.get(type(body), ()) if isinstance(body, Body) else ()
    return _joined(getattr(body, name) for name in names)


def _joined(found: Iterable[object]) -> str:
    parts = (" ".join(part) if isinstance(part, tuple) else part for part in found)
    return "\n".join(str(part) for part in parts if part)


def fill(connection: Connection, rows: Iterable[tuple[int, Body | dict[str, object]]]) -> None:
    """Make records findable that were just appended: attempts as soon as `AT_ONCE` of them wait.

    Args:
        connection: in a transaction that holds the write lock.
        rows: sequence number and body of each record, in their order.
    """
    last, entries, is_tried = 0, [], False
    for last, body in rows:
        text = words_of(body)
        is_tried = is_tried or isinstance(body, AttemptBody)
        if text and not isinstance(body, AttemptBody):
            entries.append((last, text))
    if entries:
        sqlite.index_words(connection, LEARNT, entries)
    if is_tried and last - sqlite.last_indexed(connection, TRIED) >= AT_ONCE:
        catch_up(connection)


def catch_up(connection: Connection) -> None:
    """Index the attempts that wait, within a transaction that holds the write lock."""
    entries = waiting(connection)
    if entries:
        sqlite.index_words(connection, TRIED, entries)


def waiting(connection: Connection) -> list[tuple[int, str]]:
    """Sequence number and words of each attempt that follows the last one in the index.

    Raises:
        LedgerError: a body cannot be read.
    """
    names = _FIELDS[AttemptBody]
    last = sqlite.last_indexed(connection, TRIED)
    texts = []
    for sequence, stored in sqlite.bodies_after(connection, AttemptBody.kind, last):
        fields = read_fields(stored, f"record {sequence}")
        texts.append((sequence, _joined(fields.get(name) for name in names)))
    return [(sequence, text) for sequence, text in texts if text]


@dataclass(slots=True)
class Expected:
    """What both indices should hold, gathered while somebody walks through the records.

    Fields:
        connection: of one state of the ledger.
        last: the last attempt that is indexed; those that follow wait.
        waiting: how many do.
    """

    connection: Connection
    last: int = 0
    waiting: int = 0
    _texts: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with suppress(*sqlite.REFUSALS):  # where the index is gone, `differs` says so
            self.last = sqlite.last_indexed(self.connection, TRIED)
        for index in (LEARNT, TRIED):
            sqlite.make_index(self.connection, f"expected_{index}")
            self._texts[index] = []

    def add(self, sequence: int, body: Body | dict[str, object]) -> None:
        """The next record."""
        text = words_of(body)
        if text and isinstance(body, AttemptBody):
            self.waiting += sequence > self.last
        if not text or (isinstance(body, AttemptBody) and sequence > self.last):
            return
        index = TRIED if isinstance(body, AttemptBody) else LEARNT
        self._texts[index].append((sequence, text))
        if len(self._texts[index]) == BATCH:
            self._index(index)

    def differs(self) -> bool:
        """Whether an index does not hold, word for word, what the records say."""
        for index in (LEARNT, TRIED):
            self._index(index)
        return self.waiting >= AT_ONCE or not all(
            sqlite.holds_same_words(self.connection, index, f"expected_{index}")
            for index in (LEARNT, TRIED)
        )

    def _index(self, index: str) -> None:
        sqlite.index_words(self.connection, f"expected_{index}", self._texts[index])
        self._texts[index] = []


def find(connection: Connection, asked: str, limit: int) -> Iterator[int]:
    """Sequence numbers of the records that hold any of the words, the most telling first.

    Among what was learnt by rank, then attempts from the latest on.

    Args:
        connection: any.
        asked: words in any order; other characters part them.
        limit: most records wanted.

    Source: Robertson & Zaragoza (2009), The probabilistic relevance framework: BM25 and beyond.
    """
    words = re.findall(r"\w+", asked)
    if not words:
        return
    learnt = sqlite.ranked(connection, LEARNT, words, limit)
    yield from learnt
    limit -= len(learnt)
    recent = _among_waiting(connection, words, limit)
    yield from recent
    yield from sqlite.latest(connection, TRIED, words, limit - len(recent))


def _among_waiting(connection: Connection, words: Sequence[str], limit: int) -> list[int]:
    entries = waiting(connection)
    if not entries:
        return []
    sqlite.make_index(connection, WAITING)
    sqlite.index_words(connection, WAITING, entries)
    return sqlite.latest(connection, WAITING, words, limit)


def clear(connection: Connection) -> None:
    """Empty both indices; only to be filled again in the same transaction."""
    for index in (LEARNT, TRIED):
        sqlite.forget_words(connection, index)
