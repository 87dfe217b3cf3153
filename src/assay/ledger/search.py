"""A view of the ledger: the words of every question, hypothesis, verdict, lesson and attempt.

Questions and what was learnt stand apart from attempts: a program makes attempts by the hundred
thousand, and a word that all of them share must neither bury a lesson nor slow its search.
"""

import re
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from assay.ledger import sqlite
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

LEARNT, TRIED = "passage", "trial"
"""Names of the two indices, in the order in which they are searched."""

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
    found = (getattr(body, name) for name in names)
    parts = (" ".join(part) if isinstance(part, tuple) else part for part in found)
    return "\n".join(part for part in parts if part)


def fill(connection: Connection, rows: Iterable[tuple[int, Body | dict[str, object]]]) -> None:
    """Make records findable.

    Args:
        connection: in a transaction that holds the write lock.
        rows: sequence number and body of each record.
    """
    texts: dict[str, list[tuple[int, str]]] = {LEARNT: [], TRIED: []}
    for sequence, body in rows:
        text = words_of(body)
        if text:
            texts[TRIED if isinstance(body, AttemptBody) else LEARNT].append((sequence, text))
    for index, entries in texts.items():
        if entries:
            sqlite.index_words(connection, index, entries)


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
    yield from sqlite.latest(connection, TRIED, words, limit - len(learnt))


def clear(connection: Connection) -> None:
    """Empty both indices; only to be filled again in the same transaction."""
    for index in (LEARNT, TRIED):
        sqlite.forget_words(connection, index)


def count(connection: Connection) -> int:
    """Number of records that can be found."""
    return sum(sqlite.indexed(connection, index) for index in (LEARNT, TRIED))
