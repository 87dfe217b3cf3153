"""The words of records become findable."""

from alembic import op

from assay.ledger import search
from assay.ledger.chain import read_body
from assay.ledger.sqlite import SEARCH_0002

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the indices, and fill them from the records that are there."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in SEARCH_0002:
            op.execute(statement)
    rows = connection.exec_driver_sql("SELECT sequence, kind, body FROM record ORDER BY sequence")
    found = ((row.sequence, read_body(dict(row._mapping), "ledger")) for row in rows)
    search.fill(connection, found)
    search.catch_up(connection)
