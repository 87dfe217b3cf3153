"""Rows that earlier registrations knew: they share an error budget, are spent, or were seen."""

import polars as pl

from assay.errors import ExperimentError
from assay.experiment.sealing import row_names, target_sha_of
from assay.experiment.task import SealedTask
from assay.ledger import History, Ledger, Record, registration_of
from assay.record import RegistrationBody

NAME_BYTES = 16
"""Length of a row's salted name."""


def overlaps(task: SealedTask, ledger: Ledger, history: History) -> tuple[int, ...]:
    """Earlier registrations that sealed some of these rows; they share one budget from now on.

    Raises:
        ExperimentError: one of them was opened, so its rows are spent; or rows that a closed seal
            hides would be open here.
    """
    found, shown = _known_rows(task, ledger, history)
    for record in history.registrations.values():
        is_opened = record.hash in history.verdicts
        if is_opened and record.sequence in found:
            raise ExperimentError(
                f'project "{task.project.key}": some of these rows were sealed by experiment '
                f'"{record.key}", whose seal was opened, so they are spent. A new claim needs new '
                "rows."
            )
        if not is_opened and record.sequence in shown:
            raise ExperimentError(
                f'project "{task.project.key}": some of its open rows are sealed by experiment '
                f'"{record.key}", whose seal is closed, and nobody may learn from them yet. Seal '
                f'the same rows and none but new ones, or close "{record.key}" first.'
            )
    _refuse_seen_rows(task, ledger, history)
    return tuple(sorted(found))


def _known_rows(task: SealedTask, ledger: Ledger, history: History) -> tuple[set[int], set[int]]:
    """Registrations that sealed some of the sealed rows, and some of the open rows.

    Each registration knows its rows by columns of its own, so that columns which came since, such
    as new features, change nothing. Where such a column is gone, equal targets give rows away.
    """
    found, shown = set[int](), set[int]()
    for identity, asking in _asking_the_same(task, ledger, history).items():
        for known, rows in ((found, task.sealing.sealed_rows), (shown, task.sealing.open_rows)):
            names = row_names(task.frame, identity, rows, salt=ledger.salt)
            known |= ledger.overlapping(names) & {record.sequence for record in asking}
    found |= {
        record.sequence
        for record in history.registrations.values()
        if registration_of(record).target_sha == task.sealing.target_sha
    }
    return found, shown


def _asking_the_same(
    task: SealedTask, ledger: Ledger, history: History
) -> dict[tuple[str, ...], list[Record]]:
    """Registrations about the same target, by the columns that they know their rows by."""
    found: dict[tuple[str, ...], list[Record]] = {}
    for record in history.registrations.values():
        identity = registration_of(record).identity
        is_there = bool(identity) and set(identity) <= set(task.frame.columns)
        if is_there and not _is_another(registration_of(record), task, ledger):
            found.setdefault(identity, []).append(record)
    return found


def _is_another(body: RegistrationBody, task: SealedTask, ledger: Ledger) -> bool:
    """Whether an earlier target is certainly another column than this one, not its other name.

    It is where this target was a feature then, or where the earlier one still stands beside it with
    all of its values; in series, unless all values are the same.
    """
    target = task.roles.target
    if body.target == target:
        return False
    if target in body.identity:
        return True
    if task.roles.time is not None:
        # Many series share their dates; only equal targets say that two names mean one.
        return body.target_sha != task.sealing.target_sha
    if body.target not in task.frame.columns:
        return False
    column = task.frame.column(body.target)
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        return True
    return target_sha_of(task.frame.numbers(body.target), ledger.salt) == body.target_sha


def open_names(task: SealedTask, salt: str) -> list[bytes]:
    """How the ledger knows the open rows: whoever holds them knows their targets."""
    sealing = task.sealing
    return row_names(task.frame, sealing.identity, sealing.open_rows, salt=salt)


def _refuse_seen_rows(task: SealedTask, ledger: Ledger, history: History) -> None:
    """Refuse to seal rows that were open in an earlier experiment on the same target.

    Raises:
        ExperimentError: some were, so models may have learnt them.
    """
    rows = task.sealing.sealed_rows
    for identity, asking in _asking_the_same(task, ledger, history).items():
        names = set(row_names(task.frame, identity, rows, salt=ledger.salt))
        for record in asking:
            seen = _open_in(record, ledger) & names
            if seen:
                raise ExperimentError(
                    f'project "{task.project.key}": {len(seen):,} of the {len(names):,} rows to be '
                    f'sealed were open in experiment "{record.key}", so models may have learnt '
                    f"their `{task.roles.target}`. Seal rows that came since, or the rows that "
                    f'"{record.key}" sealed.'
                )


def _open_in(record: Record, ledger: Ledger) -> set[bytes]:
    """Names of the rows that were open in an experiment; older registrations kept none."""
    file = registration_of(record).open_rows_file
    content = b"" if file is None else ledger.read_file(file)
    return {content[at : at + NAME_BYTES] for at in range(0, len(content), NAME_BYTES)}
