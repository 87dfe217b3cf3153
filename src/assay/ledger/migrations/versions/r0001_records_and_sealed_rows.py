"""The first schema: the chained records, and the view of sealed rows."""

import sqlalchemy as sa
from alembic import op

from assay.ledger.sqlite import TRIGGERS_0001

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make both tables and, on SQLite, the triggers that keep records as they are."""
    sequence = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "record",
        sa.Column("sequence", sequence, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
    )
    op.create_index("record_kind_key", "record", ["kind", "key"])
    op.create_index("record_key", "record", ["key"])
    op.create_table(
        "sealed_row",
        sa.Column("fingerprint", sa.LargeBinary, primary_key=True),
        sa.Column("registration", sequence, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_index("sealed_row_registration", "sealed_row", ["registration"])
    if op.get_bind().dialect.name == "sqlite":
        for trigger in TRIGGERS_0001:
            op.execute(trigger)
