"""What the keeper of a vault does: seal targets into it, and answer the looks that wait."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from assay.errors import ExperimentError
from assay.experiment.split import SplitReport, split
from assay.experiment.vault import KEY_FILE, Vault, new_key
from assay.experiment.vaulted import MANIFEST, SIDES, sha_of_file
from assay.experiment.workspace import Workspace
from assay.ledger import attempt_of


@dataclass(frozen=True)
class Answered:
    """One look that the keeper of a vault answered."""

    project: str
    attempt: str
    look: int
    answer: str


def seal_into_vault(
    workspace: Workspace, key: str, *, out: Path, vault: Path, key_file: Path
) -> SplitReport:
    """Split a project's rows, and keep the sealed targets in a vault.

    Args:
        workspace: a portfolio whose data hold all targets.
        key: of the project.
        out: folder for modellers: open rows, sealed rows without target, and what binds them to
            the vault.
        vault: folder for the encrypted targets.
        key_file: where the new key is written; for whoever answers, not for modellers.

    Raises:
        ExperimentError: something is there already, or cannot be written.
        AssayError: the data cannot be used.
    """
    task = workspace.task(key)
    if (vault / "vault.json").exists():
        raise ExperimentError(f"{vault}: holds a vault already. Name another folder.")
    if task.project.seal.gap:
        raise ExperimentError(
            f'project "{key}": a seal with a `gap` cannot go into a vault, since the split leaves '
            "the rows of the gap out. Leave out one of the two."
        )
    secret = new_key(key_file)
    report = split(workspace, key, out)
    rows = np.sort(task.sealing.sealed_rows)
    seen = set(task.visible(rows).table.columns)
    hidden = [name for name in task.frame.columns if name not in seen]
    labels = task.frame.table[rows].select("row_id", *hidden)
    facts = {
        "project": key,
        "identity": hashlib.sha256(secret.secret).hexdigest(),
        "target": task.roles.target,
        "hidden": hidden,
        "classes": list(task.classes),
        "n_sealed": len(rows),
        "data_sha": task.sealing.data_sha,
        "target_sha": task.sealing.target_sha,
        "has_copies": task.sealing.copies > 0,
        "alpha": task.project.alpha,
    }
    # Where a table is sorted by its target, the number of a row would tell it.
    ids = pl.concat([pl.read_parquet(out / file)["row_id"] for file in SIDES]).sort()
    dealt = pl.DataFrame({"row_id": ids, "dealt": np.random.default_rng().permutation(len(ids))})
    for file in SIDES:
        _dealt(pl.read_parquet(out / file), dealt).write_parquet(out / file)
    facts |= {"files": {file: sha_of_file(out / file) for file in SIDES}}
    Vault.make(vault, _dealt(labels, dealt), facts, secret)
    (out / MANIFEST).write_text(json.dumps({"format": 1, **facts}, indent=2) + "\n")
    return report


def _dealt(table: pl.DataFrame, dealt: pl.DataFrame) -> pl.DataFrame:
    """The same rows under numbers dealt by chance, in the order of these."""
    joined = table.join(dealt, on="row_id", how="left", maintain_order="left")
    renamed = joined.with_columns(row_id="dealt").drop("dealt")
    return renamed.select(table.columns).sort("row_id")


def answer_waiting(workspace: Workspace) -> list[Answered]:
    """Answer every look that waits for the keeper of a vault.

    Args:
        workspace: opened with the key.

    Raises:
        ExperimentError: the key is missing, or the ledger forgot looks that the vault counted.
    """
    found, vaults = [], [workspace.vault(each.key) for each in workspace.portfolio.projects]
    if not any(vault is not None and vault.is_open for vault in vaults):
        raise ExperimentError(
            f"{workspace.portfolio.file}: no project has a vault that is open here. Whoever holds "
            f"the key names it: --key-file FILE, or {KEY_FILE} in the environment."
        )
    for project in workspace.portfolio.projects:
        if project.vault is None or not workspace.history.refresh().experiments(project.key):
            continue
        experiment = workspace.experiment(project.key)
        for record in experiment.waiting():
            body = attempt_of(record)
            if not experiment.is_open:
                break  # the seal opened with an earlier look; nothing is left to find out
            answer = experiment.resume(body.name)
            if answer is not None:
                found.append(Answered(project.key, body.name, int(body.look or 0), answer.text))
    return found
