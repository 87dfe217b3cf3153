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
    changed = changes(body.spec, project.registered())
    shown = [f"`{name}` (was {was!r}, is {now!r})" for name, (was, now) in changed.items()]
    listed = ", ".join(shown[:5]) or "a registered key"
    openly = set(changed) and set(changed) <= set(AMENDABLE)
    return (
        f"{listed} changed since registration. What was registered cannot be edited: restore it, "
        + (
            f'or say openly what changed and why: `assay amend PATH {project.key} --reason "..."`.'
            if openly
            else "or close this experiment first."
        )
    )


AMENDABLE: tuple[str, ...] = (
    "question", "hypothesis", "population", "effort_budget", "expect", "ceiling",
    "tries", "if_supported", "if_refuted", "if_inconclusive",
)  # fmt: skip
"""Registered keys that may change openly: they do not decide what the sealed rows are asked."""


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """For each key that differs, what was registered and what is written now."""
    names = [*after, *(name for name in before if name not in after)]
    pairs = {name: (before.get(name), plain(after.get(name))) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def plain(value: Any) -> Any:
    """A term as the ledger gives it back: lists for tuples."""
    return list(value) if isinstance(value, tuple) else value
