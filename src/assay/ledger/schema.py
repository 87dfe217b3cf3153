"""Tables of the ledger, the same on every database."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

REVISIONS = ("0001", "0002", "0003")
"""Every schema revision that this Assay knows, oldest first; the last is what it writes."""

metadata = MetaData()

# An integer key of SQLite must be called INTEGER to be the rowid; elsewhere it is 64 bits wide.
_sequence = BigInteger().with_variant(Integer, "sqlite")

record = Table(
    "record",
    metadata,
    Column("sequence", _sequence, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Index("record_kind_key", "kind", "key"),
    Index("record_key", "key"),
)
"""The ledger itself: append-only, each record chained to the one before."""

sealed_row = Table(
    "sealed_row",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("registration", _sequence, primary_key=True, autoincrement=False),
    Index("sealed_row_registration", "registration"),
    sqlite_with_rowid=False,
)
"""A view: which registration sealed which row. Can be rebuilt from the records and files."""

revision = Table("alembic_version", metadata, Column("version_num", String(32), primary_key=True))
"""Alembic's own table: the schema revision of this ledger."""
