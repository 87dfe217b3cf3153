"""Schema migrations, run by Alembic from within Assay; nobody calls them by hand."""

from assay.ledger.migrations.upgrade import upgrade as upgrade
