"""The split as files, for models that are made elsewhere."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from assay.errors import ExperimentError
from assay.experiment.task import SealedTask
from assay.experiment.workspace import Workspace


@dataclass(frozen=True)
class SplitReport:
    """What a split wrote.

    Fields:
        folder: where `open.parquet`, `sealed.parquet` and `SPLIT.md` stand.
        n_open: open rows.
        n_sealed: sealed rows.
        text: the content of `SPLIT.md`.
    """

    folder: Path
    n_open: int
    n_sealed: int
    text: str


def split(workspace: Workspace, key: str, out: str | Path) -> SplitReport:
    """Write a project's open rows, and its sealed rows without their target.

    Args:
        workspace: the portfolio.
        key: of the project.
        out: a folder; made if it is not there.

    Raises:
        ExperimentError: the folder cannot be written.
        AssayError: the data cannot be used.
    """
    task = workspace.task(key)
    folder = Path(out)
    text = describe(task)
    table = task.frame.table
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(table[task.sealing.open_rows], folder / "open.parquet")
        sealed = task.visible(np.sort(task.sealing.sealed_rows)).table
        _write(sealed, folder / "sealed.parquet")
        (folder / "SPLIT.md").write_text(text, encoding="utf-8")
    except OSError as error:
        raise ExperimentError(
            f"{folder}: cannot be written ({error.strerror or error}). Name a folder that can."
        ) from error
    return SplitReport(folder, len(task.sealing.open_rows), len(task.sealing.sealed_rows), text)


def describe(task: SealedTask) -> str:
    """What the split did, as Markdown."""
    project, sealing = task.project, task.sealing
    how = ", ".join(f"{name} = {value}" for name, value in project.seal.table().items())
    rows = ["row_id"] if task.roles.time is None else ["row_id", "unique_id and ds"]
    lines = [
        f"# Split of {project.key}",
        "",
        f"Sealed by {how}: {len(sealing.sealed_rows):,} of {task.frame.rows:,} rows, judged as "
        f"{sealing.test} rows.",
        "",
        f"- `open.parquet`: {len(sealing.open_rows):,} rows with the target "
        f"`{task.roles.target}`, to fit and compare.",
        f"- `sealed.parquet`: {len(sealing.sealed_rows):,} rows without it, to predict.",
        "",
        f"A predictions file is Parquet or CSV with {' or '.join(rows)} and one of: `mean`; "
        f"`model-lo-90` and `model-hi-90`, ...; `q0.05`, ...; `sample_1`, ...; "
        f"{_chance_columns(task)}. Offer it with "
        f"`assay attempt PATH {project.key} --predictions FILE --effort N`.",
        "",
        "Assay counts looks at the sealed rows; it cannot hide a file that its user owns.",
    ]
    return "\n".join(lines) + "\n"


def _chance_columns(task: SealedTask) -> str:
    """What columns of probabilities are called for this target."""
    return ", ".join(f"`p_{label}`" for label in task.classes) or "`p_1`"


def _write(table: pl.DataFrame, path: Path) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    table.write_parquet(part)
    os.replace(part, path)
