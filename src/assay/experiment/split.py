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
        *_kept(task),
        "",
        f"A predictions file is Parquet or CSV with {' or '.join(rows)} and one of: `mean`; "
        f"`model-lo-90` and `model-hi-90`, ...; `q0.05`, ...; `sample_1`, ...; "
        f"{_chance_columns(task)}. Offer it with "
        f"`assay attempt PATH {project.key} --predictions FILE --effort N`.",
        "",
        "Assay counts looks at the sealed rows; it cannot hide a file that its user owns.",
    ]
    return "\n".join(lines) + "\n"


def _kept(task: SealedTask) -> list[str]:
    """What the split saw to."""
    sealing, roles, lines = task.sealing, task.roles, []
    if roles.time is None:
        lines.append(
            f"- Near-copies: {sealing.copies:,} rows agree with others in every column but the "
            "target, far more closely than chance would have it; each stays on the side of its "
            "copies."
            if sealing.copies
            else "- Near-copies: none was found; rows that agree by chance are split one by one."
            if task.project.seal.copies == "together"
            else '- Near-copies: not looked for (`copies = "apart"`).'
        )
    if roles.group is not None:
        column = task.frame.column(roles.group)
        sides = [column.gather(rows).n_unique() for rows in (task.open_rows, sealing.sealed_rows)]
        lines.append(f"- Groups: {sides[0]:,} of `{roles.group}` are open, {sides[1]:,} sealed.")
    if roles.time is not None:
        column = task.frame.column(roles.time)
        opened, sealed = column.gather(task.open_rows), column.gather(sealing.sealed_rows)
        lines.append(f"- Time: open to {opened.max()}, sealed from {sealed.min()}.")
    if len(sealing.gap_rows):
        lines.append(f"- Gap: {len(sealing.gap_rows):,} rows in between belong to neither side.")
    return lines


def _chance_columns(task: SealedTask) -> str:
    """What columns of probabilities are called for this target."""
    return ", ".join(f"`p_{label}`" for label in task.classes) or "`p_1`"


def _write(table: pl.DataFrame, path: Path) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    table.write_parquet(part)
    os.replace(part, path)
