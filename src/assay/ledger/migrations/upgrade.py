"""Runs the migrations that a ledger still lacks."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def scripts() -> ScriptDirectory:
    """All migrations, in their order."""
    return ScriptDirectory.from_config(_config())


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the schema to a revision, within the caller's transaction.

    Args:
        connection: in a transaction that holds the write lock.
        to: the revision; default the latest.
    """
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
