"""The door to MLflow: nothing in its store is made, migrated or changed, and it says nothing."""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from assay.errors import LedgerError
from assay.ledger.mlflow.store import MlflowStore, in_short, said, without_password

PATIENCE_S = 4
"""How long an address may take to answer for the first time; MLflow itself would wait minutes."""

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_LOGGERS = ("mlflow", "alembic", "urllib3", "sqlalchemy")
_ALWAYS = {"MLFLOW_DISABLE_TELEMETRY": "true"}
FIRST = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": str(PATIENCE_S),
}
"""How the first request is made; later ones take what the user set, or `_THEN`."""

_THEN = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3", "MLFLOW_HTTP_REQUEST_TIMEOUT": "60"}


@contextmanager
def opened(uri: str) -> Iterator[MlflowStore]:
    """The tracking store at `uri`; meanwhile MLflow says nothing on the terminal.

    Args:
        uri: of an `mlflow server`, such as `http://127.0.0.1:5000`, or of its database, such as
            `sqlite:///mlflow.db`.

    Raises:
        LedgerError: MLflow is not installed, nothing answers within seconds, or MLflow would have
            to make or migrate the database.
    """
    address = without_password(uri)
    is_database = _is_database(uri, address)
    url = _url(uri, address) if is_database else None
    _refuse_without_mlflow()
    with _quiet():
        from mlflow import MlflowClient

        if url is not None:
            _refuse_other_schema(url, address)
        with _set(FIRST), said(address, "does not answer as MLflow does"):
            client = MlflowClient(uri, registry_uri=uri)
            client.search_experiments(max_results=1)
        try:
            with _set({name: os.environ.get(name, value) for name, value in _THEN.items()}):
                yield MlflowStore(address, client)
        finally:
            if is_database:
                _let_go(client)


def _is_database(uri: str, address: str) -> bool:
    """Whether a database is named; refuses whatever is neither that nor a server."""
    scheme = uri.partition(":")[0].partition("+")[0].lower() if "://" in uri else ""
    if scheme in ("http", "https", *_DATABASES):
        return scheme in _DATABASES
    where = Path(uri.removeprefix("file://"))
    if where.is_dir():
        raise LedgerError(
            f"{address}: is a folder of files, which MLflow no longer keeps up. Run `mlflow "
            "migrate-filestore`, then import the database that it makes: sqlite:///mlflow.db."
        )
    hint = f" For this file write sqlite:///{address}." if where.is_file() else ""
    raise LedgerError(
        f"{address}: is no address of MLflow. Name a server, such as http://127.0.0.1:5000, or a "
        f"database, such as sqlite:///mlflow.db.{hint}"
    )


def _refuse_without_mlflow() -> None:
    if find_spec("mlflow") is None:
        raise LedgerError("MLflow is not installed. Run `pip install 'assay-ml[mlflow]'`.")


def _refuse_other_schema(url: URL, address: str) -> None:
    """Refuse whatever MLflow would make or change as it opens it.

    Raises:
        LedgerError: it is no MLflow's, or not of this MLflow's schema.
    """
    try:
        engine = create_engine(url, connect_args=_hurry(url))
        with engine.connect() as connection:
            problem = _schema_problem(connection, address)
        engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        raise LedgerError(
            f"{address}: the database cannot be read ({in_short(error)}). Check the address, and "
            "that its driver is installed."
        ) from error
    if problem is not None:
        raise LedgerError(f"{address}: {problem}")


def _schema_problem(connection: Connection, address: str) -> str | None:
    from alembic.script import ScriptDirectory
    from mlflow import __file__ as package
    from mlflow import __version__ as version

    tables = set(inspect(connection).get_table_names())
    if not {"alembic_version", "experiments", "runs"} <= tables:
        return "holds no MLflow. Name the database of an `mlflow server`."
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    script = ScriptDirectory(str(Path(package).parent / "store" / "db_migrations"))
    if found not in script.get_heads():
        is_older = found in {each.revision for each in script.walk_revisions()}
        remedy = (
            f"Back it up and run `mlflow db upgrade {address}`"
            if is_older
            else "Run `pip install -U mlflow-skinny`"
        )
        made = "an older" if is_older else "another"
        return (
            f"was made by {made} MLflow (its schema is {found}; MLflow {version}, which is "
            f"installed, reads {script.get_current_head()}). {remedy}, or import from the address "
            "of its `mlflow server`."
        )
    # MLflow would make its default experiment anew.
    asked = text("SELECT count(*) FROM experiments WHERE experiment_id = 0")
    if not connection.execute(asked).scalar():
        return (
            "lacks experiment 0, which MLflow would make as it opens the database. Import from "
            "the address of its `mlflow server`."
        )
    return None


def _url(uri: str, address: str) -> URL:
    try:
        url = make_url(uri)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise LedgerError(
            f"{address}: is no address of a database ({in_short(error)}). Write such as "
            "sqlite:///mlflow.db."
        ) from error
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise LedgerError(
            f"{address}: no such file. Four slashes begin a whole path, three one from the folder "
            "that you are in; MLflow would make the file, Assay does not."
        )
    return url


def _hurry(url: URL) -> dict[str, Any]:
    """What makes a driver give up soon; SQLite answers at once."""
    if url.get_backend_name() in ("postgresql", "mysql"):
        return {"connect_timeout": PATIENCE_S}
    return {}


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow logs, warns and reports its use while it works; none of that is the user's errand."""
    with _set(_ALWAYS), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow  # noqa: F401  # pyright: ignore[reportUnusedImport] - it sets levels itself

        loggers = [logging.getLogger(name) for name in _LOGGERS]
        levels = [logger.level for logger in loggers]
        try:
            for logger in loggers:
                logger.setLevel(logging.CRITICAL + 1)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


@contextmanager
def _set(variables: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
        os.environ.update({name: value for name, value in before.items() if value is not None})


def _let_go(client: Any) -> None:
    """MLflow keeps each database open until the process ends; a notebook may live for days."""
    store = getattr(getattr(client, "_tracking_client", None), "store", None)
    if store is not None:
        store.engine.dispose()
