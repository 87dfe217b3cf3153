"""Alembic's entry: migrate the connection that was handed over, in its own transaction."""

from alembic import context

from assay.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # The caller's transaction spans all migrations, so that a crash leaves the old schema whole.
    transactional_ddl=False,
)
context.run_migrations()
