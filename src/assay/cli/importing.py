"""`assay ledger import`: what is kept elsewhere, one command for each source."""

import typer

from assay.cli import import_jsonl, import_mlflow
from assay.cli.teach import group


def add(ledger: typer.Typer) -> None:
    """Announce `assay ledger import` and its sources."""
    sources = group(help="Bring in an export, or what was tried with MLflow.")
    ledger.add_typer(sources, name="import")
    import_jsonl.add(sources)
    import_mlflow.add(sources)
