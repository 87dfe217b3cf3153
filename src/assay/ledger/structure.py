"""Tables, indices and triggers of a ledger: are they all there, as this Assay makes them?"""

from collections.abc import Iterator
from functools import cache

from sqlalchemy import Connection

from assay.ledger import sqlite
from assay.ledger.schema import metadata, record

DAMAGED = "the database file is damaged"
"""How a fault begins that lies in the file's pages, which nothing but a new file mends."""

_Part = tuple[str, str]  # its type and its SQL, spaces aside


def make(connection: Connection) -> None:
    """Everything that the latest revision holds, within the caller's transaction."""
    metadata.create_all(connection, checkfirst=False)
    for statement in (*sqlite.TRIGGERS_0001, *sqlite.SEARCH_0002):
        connection.exec_driver_sql(statement)


def faults(connection: Connection) -> tuple[str, ...]:
    """What is missing, was changed or does not belong, each as a clause; then a damaged file."""
    try:
        found = tuple(_faults(_parts(connection)))
        damage = sqlite.damage(connection)
    except sqlite.REFUSALS as error:
        return (f"{DAMAGED}: {error}",)
    return (*found, f"{DAMAGED}: {damage}") if damage else found


def restore(connection: Connection) -> None:
    """Make anew what is missing or was changed, but for the records themselves.

    Args:
        connection: in a transaction that holds the write lock.
    """
    wanted, found = expected(), _parts(connection)
    for name, (kind, _) in found.items():
        if kind == "trigger" and found[name] != wanted.get(name):
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    for index in ("passage", "trial"):  # a damaged one may not even be emptied
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {index}")
    left = _parts(connection)
    for name, (kind, sql) in wanted.items():
        if left.get(name) != (kind, sql) and name != record.name:
            if name in left:
                connection.exec_driver_sql(f'DROP {kind} "{name}"')
            connection.exec_driver_sql(sql)
    connection.exec_driver_sql("REINDEX")


@cache
def expected() -> dict[str, _Part]:
    """Each table, index and trigger by its name: tables first, then what hangs on them."""
    engine = sqlite.make_engine(None, 1.0)
    with engine.begin() as connection:
        make(connection)
        found = _parts(connection)
    engine.dispose()
    order = ("table", "index", "trigger")
    return dict(sorted(found.items(), key=lambda part: order.index(part[1][0])))


def _parts(connection: Connection) -> dict[str, _Part]:
    # Not the tables that FTS5 makes for itself, nor Alembic's own.
    asked = "SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL"
    rows = connection.exec_driver_sql(asked).all()
    own = ("passage_", "trial_", "alembic_")
    return {
        name: (kind, " ".join(sql.split())) for name, kind, sql in rows if not name.startswith(own)
    }


def _faults(found: dict[str, _Part]) -> Iterator[str]:
    for name, part in expected().items():
        if found.get(name) != part:
            yield f"the {part[0]} {name} {'was changed' if name in found else 'is missing'}"
    for name, (kind, _) in found.items():
        if kind == "trigger" and name not in expected():
            yield f"the trigger {name} is not Assay's"
