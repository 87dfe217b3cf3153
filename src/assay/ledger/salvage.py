"""Reading what can still be read of a file that somebody or something damaged."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from assay.ledger import sqlite

BATCH = 500
GIVE_UP = 20_000
"""Records in a row that cannot be read; a page of SQLite's tree, where it breaks, hides no more."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that the database cannot hand out.

    Fields:
        sequence: its number, where it is there at all.
        why: what the database says.
    """

    sequence: int
    why: str


def stored_rows(connection: Connection) -> Iterator[dict[str, Any] | Unreadable]:
    """All stored rows in their order; where the file is damaged, the records beyond as well.

    A record that nothing is known of but its number comes as `Unreadable`; so does the first one
    where the table cannot be read at all.
    """
    last, size, failed = sqlite.LOWEST, BATCH, 0
    end = end_of(connection)
    while True:
        try:
            rows = sqlite.rows_after(connection, last, size)
        except sqlite.REFUSALS as error:
            if size > 1:
                size = 1
                continue
            last, failed = max(last, 0) + 1, failed + 1
            yield Unreadable(last, str(error))
            if failed == GIVE_UP or last >= end:
                return
            continue
        if not rows:
            return
        yield from rows
        last, failed = rows[-1]["sequence"], 0
        size = min(2 * size, BATCH)


def end_of(connection: Connection) -> int:
    """The greatest sequence number; 0 where the table does not say."""
    try:
        found = sqlite.last_link(connection)
    except sqlite.REFUSALS:
        return 0
    return found[0] if found else 0
