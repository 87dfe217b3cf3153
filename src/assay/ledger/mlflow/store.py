"""A tracking store of MLflow that answers: its experiments and runs as plain values."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from math import copysign, inf
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from assay.errors import LedgerError

PAGE = 1000
"""Runs asked for at once."""

_LOG_IN = (
    "Check the address and that `mlflow server` is running; who has to log in sets "
    "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
)
_LARGEST = sys.float_info.max  # what MLflow's databases keep in place of infinity


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


def _pages(address: str, ask: Callable[..., Any]) -> Iterator[Any]:
    token, is_more = None, True
    while is_more:
        with said(address, "stopped answering; nothing was recorded, run again"):
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


def without_password(uri: str) -> str:
    """An address that may be recorded: without user, password and options.

    >>> without_password("http://ann:secret@tracking:5000/?token=x")
    'http://tracking:5000/'
    """
    return _secrets_out(uri).partition("?")[0]


@contextmanager
def said(address: str, what: str) -> Iterator[None]:
    """Whatever MLflow raises becomes one sentence."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError, ValueError) as error:
        raise LedgerError(
            f"{address}: {what} ({in_short(error)}). "
            f"{_LOG_IN if address.startswith('http') else 'Check the address.'}"
        ) from error


def in_short(error: Exception) -> str:
    """What went wrong, in a line, without passwords."""
    words = _secrets_out(" ".join(str(error).split())).partition(" [SQL:")[0]
    telling = re.search(r"\[Errno -?\d+\] [\w ]+|timed out|error code \d{3}", words)
    found = telling.group() if telling else words
    return found if len(found) <= 160 else found[:157] + "..."


def _secrets_out(text: str) -> str:
    """A user alone may be a token; but `wasbs://container@account` names no user."""
    without = re.sub(r"://[^/@\s]*:[^@\s]*@", "://", text)
    return re.sub(r"\b(https?|(?:postgresql|mysql|mssql)[+\w]*)://[^/@\s]*@", r"\1://", without)
