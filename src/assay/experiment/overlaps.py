"""Rows that earlier registrations knew: they share an error budget, are spent, or were seen."""

from assay.errors import ExperimentError
from assay.experiment.sealing import row_names
from assay.experiment.task import SealedTask
from assay.ledger import History, Ledger, registration_of

NAME_BYTES = 16
"""Length of a row's salted name."""


def overlaps(task: SealedTask, ledger: Ledger, history: History) -> tuple[int, ...]:
    """Earlier registrations that sealed some of these rows; they share one budget from now on.

    Raises:
        ExperimentError: one of them was opened, so its rows are spent; or rows that a closed seal
            hides would be open here.
    """
    found, shown = _known_rows(task, ledger, history)
    _refuse_seen_rows(task, ledger, history)
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
    return tuple(sorted(found))


def _known_rows(task: SealedTask, ledger: Ledger, history: History) -> tuple[set[int], set[int]]:
    """Registrations that sealed some of the sealed rows, and some of the open rows.

    Each registration knows its rows by columns of its own, so that columns which came since, such
    as new features, change nothing. Where such a column is gone, or the target was renamed, equal
    targets give the rows away. Another target is another question.
    """
    sealing, target = task.sealing, task.roles.target
    found, shown = set[int](), set[int]()
    earlier = [(each.sequence, registration_of(each)) for each in history.registrations.values()]
    for identity in {body.identity for _, body in earlier if body.target == target}:
        if not identity or not set(identity) <= set(task.frame.columns):
            continue
        for known, rows in ((found, sealing.sealed_rows), (shown, sealing.open_rows)):
            names = row_names(task.frame, target, identity, rows, salt=ledger.salt)
            known |= ledger.overlapping(names)
    found |= {sequence for sequence, body in earlier if body.target_sha == sealing.target_sha}
    return found, shown


def open_names(task: SealedTask, salt: str) -> list[bytes]:
    """How the ledger knows the open rows: whoever holds them knows their targets."""
    sealing = task.sealing
    return row_names(task.frame, task.roles.target, sealing.identity, sealing.open_rows, salt=salt)


def _refuse_seen_rows(task: SealedTask, ledger: Ledger, history: History) -> None:
    """Refuse to seal rows that were open in an earlier experiment on the same target.

    Raises:
        ExperimentError: some were, so models may have learnt them.
    """
    sealing = task.sealing
    names = set(sealing.fingerprints)
    for record in history.registrations.values():
        body = registration_of(record)
        file, same = body.open_rows_file, body.target == task.roles.target
        if file is None or not same or body.identity != sealing.identity:
            continue
        content = ledger.read_file(file)
        seen = {content[at : at + NAME_BYTES] for at in range(0, len(content), NAME_BYTES)} & names
        if seen:
            raise ExperimentError(
                f'project "{task.project.key}": {len(seen):,} of the {len(names):,} rows to be '
                f'sealed were open in experiment "{record.key}", so models may have learnt their '
                f"`{task.roles.target}`. Seal rows that came since, or the rows that "
                f'"{record.key}" sealed.'
            )
