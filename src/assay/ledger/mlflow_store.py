"""The door to MLflow: its runs as plain values. Nothing in its store is made, migrated or changed."""

import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from math import copysign, inf
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from assay.errors import LedgerError

PAGE = 1000
"""Runs asked for at once."""

PATIENCE_S = 5
"""How long an address may take to answer for the first time; MLflow itself would wait minutes."""

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_LARGEST = sys.float_info.max  # what MLflow's databases keep in place of infinity
_LOGGERS = ("mlflow", "alembic", "urllib3", "sqlalchemy")
_ALWAYS = {"MLFLOW_DISABLE_TELEMETRY": "true"}
_FIRST = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": str(PATIENCE_S),
}
_THEN = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3", "MLFLOW_HTTP_REQUEST_TIMEOUT": "60"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MlflowExperiment:
    """What MLflow keeps runs under."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MlflowRun:
    """One run as MLflow tells it.

    Fields:
        id: unique wherever the run is copied to.
        name: as shown in MLflow; may be empty, and several runs may share one.
        status: FINISHED, FAILED, KILLED, RUNNING or SCHEDULED.
        started, ended: UTC with microseconds; `None` where MLflow does not know.
        duration_s: from start to end, seconds.
        artifacts: address of its files.
        metrics: the last value of each.
        params, tags: texts.
    """

    id: str
    name: str = ""
    status: str = "FINISHED"
    started: str | None = None
    ended: str | None = None
    duration_s: float | None = None
    artifacts: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MlflowStore:
    """An MLflow tracking store that answered.

    Fields:
        address: its URI without user names and passwords.
    """

    address: str
    _client: Any  # mlflow.MlflowClient, whose package is optional

    def experiments(self) -> list[MlflowExperiment]:
        """All active experiments, the oldest first.

        Raises:
            LedgerError: MLflow does not answer.
        """
        found = _pages(self.address, partial(self._client.search_experiments, max_results=PAGE))
        each = (MlflowExperiment(id=one.experiment_id, name=one.name) for one in found)
        return sorted(each, key=lambda one: (len(one.id), one.id))  # ids are numbers, as text

    def runs(
        self, experiment: MlflowExperiment, on_read: Callable[[int], None] = lambda _: None
    ) -> list[MlflowRun]:
        """All runs that were not deleted, in the order in which they were started.

        Args:
            experiment: whose.
            on_read: is told how many were read so far.

        Raises:
            LedgerError: MLflow does not answer.
        """
        # The oldest first: a run that is added meanwhile then shifts no page.
        ask = partial(
            self._client.search_runs,
            [experiment.id],
            max_results=PAGE,
            order_by=["attributes.start_time ASC"],
        )
        found: dict[str, MlflowRun] = {}
        for run in _pages(self.address, ask):
            found[run.info.run_id] = _as_run(run)
            if len(found) % PAGE == 0:
                on_read(len(found))
        return sorted(found.values(), key=lambda run: (run.started or "", run.id))


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
    _refuse_unknown(uri, address)
    _refuse_without_mlflow()
    with _quiet():
        from mlflow import MlflowClient

        is_database = not uri.lower().startswith("http")
        if is_database:
            _refuse_other_schema(uri, address)
        with _set(_FIRST), _said(address, "does not answer as MLflow does"):
            client = MlflowClient(uri, registry_uri=uri)
            client.search_experiments(max_results=1)
        try:
            with _set({name: os.environ.get(name, value) for name, value in _THEN.items()}):
                yield MlflowStore(address, client)
        finally:
            if is_database:
                _let_go(client)


def without_password(uri: str) -> str:
    """An address that may be recorded: without user, password and options.

    >>> without_password("http://ann:secret@tracking:5000/?token=x")
    'http://tracking:5000/'
    """
    return re.sub(r"://[^/]*@", "://", uri).partition("?")[0]


def _refuse_unknown(uri: str, address: str) -> None:
    scheme = uri.partition(":")[0].partition("+")[0].lower() if "://" in uri else ""
    if scheme in ("http", "https", *_DATABASES):
        return
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


def _refuse_other_schema(uri: str, address: str) -> None:
    """Refuse whatever MLflow would make or change as it opens it.

    Raises:
        LedgerError: nothing is there, no MLflow's, or not of this MLflow's schema.
    """
    url = _url(uri, address)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise LedgerError(
            f"{address}: no such file. Four slashes begin a whole path, three one from the folder "
            "that you are in; MLflow would make the file, Assay does not."
        )
    try:
        engine = create_engine(url, connect_args=_hurry(url))
        with engine.connect() as connection:
            problem = _schema_problem(connection, uri)
        engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        raise LedgerError(
            f"{address}: the database cannot be read ({_short(error)}). Check the address, and "
            "that its driver is installed."
        ) from error
    if problem is not None:
        raise LedgerError(f"{address}: {problem}")


def _schema_problem(connection: Connection, uri: str) -> str | None:
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
            f"Back it up and run `mlflow db upgrade {without_password(uri)}`"
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
            f"{address}: is no address of a database ({_short(error)}). Write such as "
            "sqlite:///mlflow.db."
        ) from error
    return url


def _hurry(url: URL) -> dict[str, Any]:
    """What makes a driver give up soon; SQLite answers at once."""
    if url.get_backend_name() in ("postgresql", "mysql"):
        return {"connect_timeout": PATIENCE_S}
    return {}


def _pages(address: str, ask: Callable[..., Any]) -> Iterator[Any]:
    token, is_more = None, True
    while is_more:
        with _said(address, "stopped answering; what was imported stays, run again to go on"):
            page = ask(page_token=token)
        yield from page
        token = page.token
        is_more = bool(token)


def _as_run(run: Any) -> MlflowRun:
    started, ended = run.info.start_time, run.info.end_time
    known = bool(started) and bool(ended) and ended >= started
    return MlflowRun(
        id=run.info.run_id,
        name=run.info.run_name or "",
        status=run.info.status,
        started=_when(started),
        ended=_when(ended),
        duration_s=(ended - started) / 1000 if known else None,
        artifacts=without_password(run.info.artifact_uri or ""),
        metrics={name: _number(value) for name, value in run.data.metrics.items()},
        params=dict(run.data.params),
        tags=dict(run.data.tags),
    )


def _when(milliseconds: int | None) -> str | None:
    if not milliseconds:
        return None
    try:
        at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


def _number(value: float) -> float:
    number = float(value)
    return copysign(inf, number) if abs(number) >= _LARGEST else number


@contextmanager
def _said(address: str, what: str) -> Iterator[None]:
    """Whatever MLflow raises becomes one sentence."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError, ValueError) as error:
        raise LedgerError(
            f"{address}: {what} ({_short(error)}). Check the address and that `mlflow server` is "
            "running; who has to log in sets MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
        ) from error


def _short(error: Exception) -> str:
    """What went wrong, in a line, without passwords."""
    words = re.sub(r"://[^/\s]*@", "://", " ".join(str(error).split()))
    refused = re.search(r"\[Errno -?\d+\] [\w ]+", words)
    found = refused.group() if refused else words
    return found if len(found) <= 160 else found[:157] + "..."


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
        _restore(before.items())


def _restore(variables: Iterable[tuple[str, str | None]]) -> None:
    for name, value in variables:
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _let_go(client: Any) -> None:
    """MLflow keeps each database open until the process ends; a notebook may live for days."""
    store = getattr(getattr(client, "_tracking_client", None), "store", None)
    if store is not None:
        store.engine.dispose()
