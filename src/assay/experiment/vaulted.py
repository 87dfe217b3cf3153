"""A split whose sealed targets lie in a vault: how it is made, read, and asked."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from assay.errors import ExperimentError
from assay.experiment.sealing import Sealing, seal_again
from assay.experiment.split import SplitReport, split
from assay.experiment.vault import Vault, new_key
from assay.experiment.workspace import Workspace
from assay.frame import Frame, Roles
from assay.ledger import attempt_of

MANIFEST = "split.json"


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
    secret = new_key(key_file)
    report = split(workspace, key, out)
    rows = np.sort(task.sealing.sealed_rows)
    hidden = [task.roles.target, *task.flags]
    labels = task.frame.table[rows].select("row_id", *hidden)
    facts = {
        "project": key,
        "identity": hashlib.sha256(secret).hexdigest(),
        "target": task.roles.target,
        "hidden": hidden,
        "n_sealed": len(rows),
        "data_sha": task.sealing.data_sha,
        "target_sha": task.sealing.target_sha,
    }
    Vault.make(vault, labels, facts, secret)
    (out / MANIFEST).write_text(json.dumps({"format": 1, **facts}, indent=2) + "\n")
    return report


@dataclass(frozen=True)
class VaultedRows:
    """The rows of a split, with sealed targets where the vault is open and without where not.

    Fields:
        frame: open rows and sealed rows, in the order of the data.
        is_sealed: of each row.
        facts: of the split and its vault.
    """

    frame: Frame
    is_sealed: np.ndarray
    facts: dict[str, Any]

    def sealing(self, frame: Frame, roles: Roles, *, salt: str, seed: int) -> Sealing:
        """The split as it was made, for these rows once they are checked."""
        sealed = frame.column("row_id").is_in(self._sealed_ids().implode()).to_numpy()
        shas = {name: str(self.facts[name]) for name in ("data_sha", "target_sha")}
        return seal_again(frame, roles, sealed, salt=salt, seed=seed, **shas)

    def _sealed_ids(self) -> pl.Series:
        return self.frame.column("row_id").filter(pl.Series(self.is_sealed))


def read_vaulted(folder: Path, vault: Vault) -> VaultedRows:
    """Read a split and, where the vault is open, put the sealed targets back.

    Raises:
        ExperimentError: a file is missing or damaged, or split and vault do not belong together.
    """
    facts = _facts(folder)
    if facts["identity"] != vault.facts["identity"]:
        raise ExperimentError(
            f"{folder}: its sealed targets lie in another vault than {vault.folder}. Name the one "
            "that was made with it."
        )
    opened, sealed = (_table(folder / f"{name}.parquet") for name in ("open", "sealed"))
    hidden = [str(name) for name in facts["hidden"]]
    if vault.is_open:
        sealed = sealed.join(vault.targets(), on="row_id", how="left", maintain_order="left")
    else:
        blank = [pl.lit(None, opened.schema[name]).alias(name) for name in hidden]
        flags = [name for name in hidden if opened.schema[name] == pl.Boolean]
        sealed = sealed.with_columns(blank).with_columns(pl.lit(False).alias(flag) for flag in flags)
    table = pl.concat(
        [opened, sealed.select(opened.columns)], how="vertical"
    ).with_columns(pl.Series("__sealed", [False] * len(opened) + [True] * len(sealed)))
    table = table.sort("row_id", maintain_order=True)
    mask = table["__sealed"].to_numpy()
    return VaultedRows(Frame(table.drop("__sealed"), str(folder)), mask, facts)


def answer_waiting(workspace: Workspace) -> list[Answered]:
    """Answer every look that waits for the keeper of a vault.

    Args:
        workspace: opened with the key.

    Raises:
        ExperimentError: the key is missing, or the ledger forgot looks that the vault counted.
    """
    found = []
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


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExperimentError(
            f"{folder}: {MANIFEST} cannot be read, so this is no split with a vault. Name the "
            "folder that `assay vault seal` wrote, or leave out `vault`."
        ) from error
    if not isinstance(facts, dict) or facts.get("format") != 1:
        raise ExperimentError(f"{folder}: {MANIFEST} is not of format 1. Use a newer Assay.")
    return facts


def _table(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ExperimentError(f"{path}: cannot be read. Restore the split.") from error
