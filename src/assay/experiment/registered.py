"""Whether what is asked and of which rows is still what was registered."""

import hashlib
from collections.abc import Mapping
from typing import Any

from assay.errors import ExperimentError
from assay.experiment.task import SealedTask
from assay.ledger import History, Record, registration_of
from assay.record import Project, RegistrationBody


def existing(project: Project, task: SealedTask, history: History) -> Record | None:
    """The project's registration on these terms and data; `None` where it may register anew.

    Raises:
        ExperimentError: an open experiment of this project has other terms or other data.
    """
    registered = history.experiments(project.key)
    if not registered:
        return None
    last = registered[-1]
    body = registration_of(last)
    same_terms = body.spec_sha == project.spec_sha()
    if same_terms and _same_rows(body, task):
        return last
    if last.hash in history.verdicts:
        return None
    raise ExperimentError(f'project "{project.key}": {_difference(body, project, task)}')


def _same_rows(body: RegistrationBody, task: SealedTask) -> bool:
    """The same rows, the same of them sealed, to be judged in the same order."""
    sealed = hashlib.sha256(b"".join(task.sealing.fingerprints)).hexdigest()
    return body.data_sha == task.sealing.data_sha and body.sealed_rows_file == sealed


def _difference(body: RegistrationBody, project: Project, task: SealedTask) -> str:
    """What is no longer as it was registered, and what to do."""
    if body.data_sha != task.sealing.data_sha:
        return (
            "the data changed since registration "
            f"({body.n_open + body.n_sealed:,} rows with a target then, "
            f"{len(task.open_rows) + len(task.sealing.sealed_rows):,} now, or other values or "
            "another order). Restore them, or close this experiment before registering another."
        )
    if body.spec_sha == project.spec_sha():
        return (
            f"`seed` was {body.order_seed} at registration and is {task.seed}, which seals other "
            "rows. Restore it."
        )
    changed = _changed(body.spec, project.registered())
    return (
        f"{changed} changed since registration. What was registered cannot be edited: restore it, "
        "or close this experiment first. Recording a change openly (`assay amend`) comes with a "
        "later version."
    )


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    keys = [name for name in after if before.get(name) != plain(after[name])]
    shown = [f"`{name}` (was {before.get(name)!r}, is {after[name]!r})" for name in keys[:5]]
    return ", ".join(shown) or "a registered key"


def plain(value: Any) -> Any:
    """A term as the ledger gives it back: lists for tuples."""
    return list(value) if isinstance(value, tuple) else value
