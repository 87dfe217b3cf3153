"""Rows whose sealed targets lie in a vault, as a modeller and as the keeper read them."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from assay.errors import ExperimentError
from assay.experiment.sealing import Sealing, seal_again
from assay.experiment.vault import Vault
from assay.frame import Frame, Roles

MANIFEST = "split.json"
SIDES = ("open.parquet", "sealed.parquet")


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
        has_copies = bool(self.facts["has_copies"])
        return seal_again(frame, roles, sealed, salt=salt, seed=seed, has_copies=has_copies, **shas)

    def labelled(self, frame: Frame) -> Frame:
        """The checked rows with every class of the target, those of sealed rows too."""
        classes = tuple(str(label) for label in self.facts["classes"])
        if not classes:
            return frame
        return replace(frame, classes={**frame.classes, str(self.facts["target"]): classes})

    def _sealed_ids(self) -> pl.Series:
        return self.frame.column("row_id").filter(pl.Series(self.is_sealed))


def read_vaulted(folder: Path, vault: Vault) -> VaultedRows:
    """Read a split and, where the vault is open, put the sealed targets back.

    Raises:
        ExperimentError: a file is missing or damaged, or split and vault do not belong together.
    """
    facts = vault.facts
    if _facts(folder)["identity"] != facts["identity"]:
        raise ExperimentError(
            f"{folder}: its sealed targets lie in another vault than {vault.folder}. Name the one "
            "that was made with it."
        )
    for file, sha in facts["files"].items():
        if sha_of_file(folder / file) != sha:
            raise ExperimentError(
                f"{folder / file}: is not as `assay vault seal` wrote it, so nothing that rests on "
                "it is registered, offered or answered. Restore it; new features go into a copy."
            )
    opened, sealed = (_table(folder / f"{name}.parquet") for name in ("open", "sealed"))
    hidden = [str(name) for name in facts["hidden"]]
    if vault.is_open:
        labels = vault.targets()
        if set(labels["row_id"]) != set(sealed["row_id"]) or len(sealed) != len(labels):
            raise ExperimentError(
                f"{folder}: sealed.parquet holds {len(sealed):,} rows, and not the {len(labels):,} "
                "whose targets were sealed. Restore it as `assay vault seal` wrote it."
            )
        sealed = sealed.join(labels, on="row_id", how="left", maintain_order="left")
    else:
        sealed = sealed.with_columns(_blank(opened.schema[name]).alias(name) for name in hidden)
    table = pl.concat([opened, sealed.select(opened.columns)], how="vertical").with_columns(
        pl.Series("__sealed", [False] * len(opened) + [True] * len(sealed))
    )
    table = table.sort("row_id", maintain_order=True)
    mask = table["__sealed"].to_numpy()
    return VaultedRows(Frame(table.drop("__sealed"), str(folder)), mask, facts)


def sha_of_file(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        ExperimentError: it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ExperimentError(f"{path}: cannot be read. Restore the split.") from error


def _blank(dtype: pl.DataType) -> pl.Expr:
    """What stands in a locked column: nothing, or a flag that is not raised."""
    return pl.lit(False) if dtype == pl.Boolean else pl.lit(None, dtype)


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
