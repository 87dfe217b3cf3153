"""The words of attempts become findable some at a time.

No table changes. But an older Assay indexes each attempt as it comes, and would leave out those
that a newer one still has waiting; so it must no longer write here.
"""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing: the index is whole, and what follows waits in the records."""
