"""Whether a prediction depends on what is not known when it is made."""

from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from scipy.stats import rankdata

from assay.adapter import AbstractAdapted
from assay.compute.progress import waiting
from assay.experiment.gate.candidate import Candidate
from assay.experiment.gate.part import Part, judged, percent, untold
from assay.experiment.gate.stability import SAME, difference
from assay.experiment.task import Fittable, Procedure, SealedTask
from assay.model import Model
from assay.predictive import AbstractPredictive

CUTS = (1 / 3, 2 / 3)
"""Shares of the sealed origins after which the future is taken away, or made another."""

MOST_BYTES = 2**30
"""A folder larger than this is not copied to see what a model reads from it."""

TELLING = 0.99
"""Rank correlation with the target from which on a column cannot be known ahead."""

LEFT_BEHIND = (".git", ".venv", "__pycache__")
LEDGER_ENDS = ("", "-wal", "-shm", ".files")

REMEDY = (
    "Predict each row from what is known at its origin: no centred windows, no scaling over the "
    "rows asked for, no table read beside them, no column that is known later."
)
UNSEEN = (
    'Offer it by a file, `python = "models.py:name"`, beside a data file in the same folder, so '
    "that both can be made anew with another future; or take responsibility: "
    '`--accept look-ahead="..."`.'
)


@dataclass(frozen=True)
class OnDisk:
    """What made a model from the files of a portfolio, so that it can be made beside others.

    Fields:
        make: makes the model, not fitted, from a copy of the folder.
        data: the data file as `assay.toml` names it; `None` where a function makes the data.
        folder: of the portfolio.
        ledger: name of the ledger's file, which is not copied.
    """

    make: Callable[[Path], Fittable]
    data: str | None
    folder: Path
    ledger: str = ""

    @property
    def inside(self) -> Path | None:
        """The data file relative to the folder; `None` where a copy would not hold it."""
        if self.data is None:
            return None
        folder = self.folder.resolve()
        file = (folder / self.data).resolve()
        return file.relative_to(folder) if file.is_relative_to(folder) else None


def lookahead(candidate: Candidate, on_disk: OnDisk | None = None) -> Part:
    """Take the future away, make it another, and ask again: no prediction may change.

    Without time each row must be predicted alike alone and beside others. In time, what is
    predicted up to a date must stay when later rows are not asked for, when what is seen of them
    is another and, of a procedure, when later origins were asked before. Whole predictions are
    compared, not their means alone.

    What a model of Assay or of a known library knows, it was handed. Anybody's own code may know
    more, so where a file makes it, it is also made in a copy of its folder, where the data file
    holds another future: the sealed targets, and all else that is not known ahead, shuffled.
    Where that cannot be done, the part cannot be told.

    Args:
        candidate: the model and what was judged.
        on_disk: what made the model; `None` where no file did.
    """
    if candidate.model is None:
        return untold(
            "look-ahead",
            "Only a file of predictions was judged, and it does not show what they were made from.",
            "Offer the model instead, so that it is asked at each origin; or take responsibility: "
            '`--accept look-ahead="..."`.',
        )
    with waiting("asking again without the future"):
        found = dict(_trials(candidate))
        unseen = _unseen(candidate, on_disk)
        if on_disk is not None and not unseen:
            try:
                found |= dict(_beside_another_future(candidate, on_disk))
            except Exception as error:  # anybody's code, in a folder that lacks what it looks for
                said = " ".join(str(error).split())
                unseen = (
                    f"Made anew in a copy of its folder it broke: {type(error).__name__}: {said}"
                )
    broken = [
        f"{what}, and predictions changed (by up to {percent(away)} of their spread)."
        for what, away in found.items()
        if away > SAME
    ]
    broken += [f"`{name}` is listed in `known_ahead` and all but gives the target away."
               for name in _telling(candidate.task)]  # fmt: skip
    figures = {"trials": [{"what": what, "away": away} for what, away in found.items()]}
    fine = _fine(candidate.task, len(found))
    if unseen and not broken:
        return untold("look-ahead", f"{fine} {unseen}", UNSEEN, figures)
    return judged("look-ahead", broken, fine=fine, remedy=REMEDY, figures=figures)


def _unseen(candidate: Candidate, on_disk: OnDisk | None) -> str:
    """Why nobody can see what the model knows beside what it is handed; empty if it can be seen."""
    if isinstance(candidate.model, Model | AbstractAdapted):
        return ""
    name = type(candidate.model).__name__
    own = f"`{name}` is code of its author's, which may know more than it is handed"
    if on_disk is None:
        return f"{own}: it was given as an object."
    if on_disk.inside is None:
        return f"{own}: its data are made by a function, or lie outside its folder."
    files = (path for path in on_disk.folder.rglob("*") if path.is_file())
    if sum(path.stat().st_size for path in files) > MOST_BYTES:
        return f"{own}: its folder is too large to copy."
    return ""


def _fine(task: SealedTask, trials: int) -> str:
    if task.roles.time is None:
        return "Each row is predicted alike alone and beside others."
    return (
        f"{trials} times the future was taken away or made another, and no prediction before it "
        "changed."
    )


def _trials(candidate: Candidate) -> Iterator[tuple[str, float]]:
    """What was done to the future, and how far predictions moved by it."""
    task, rows = candidate.task, candidate.sealed
    if task.roles.time is None:
        half = np.arange(0, len(rows), 2)[::-1]
        alone = task.predict(candidate.fitted, rows[half])
        yield "Half of the rows were asked for alone", _moved(candidate, alone, half)
    else:
        for origin in _cuts(task, rows):
            yield from _without_future(candidate, origin)


def _without_future(candidate: Candidate, origin: int) -> Iterator[tuple[str, float]]:
    task, rows = candidate.task, candidate.sealed
    is_early = task.origins(rows) <= origin
    early, late = rows[is_early], rows[~is_early]
    place, when = np.flatnonzero(is_early), _date(task, early)
    alone = task.predict(candidate.fitted, early)
    yield f"Rows after {when} were not asked for", _moved(candidate, alone, place)
    other = replace(task, frame=task.frame.having(another_future(task, late, candidate.seed)))
    if isinstance(candidate.fitted, Procedure):
        fitted = candidate.fit(task.open_rows, candidate.seed)
        other.predict(fitted, late)
        found = other.predict(fitted, early)
        what = f"Later origins were asked first, with other values after {when}"
    else:
        found = other.predict(candidate.fitted, rows).take(place)
        what = f"What is seen of rows after {when} was shuffled"
    yield what, _moved(candidate, found, place)


def _beside_another_future(candidate: Candidate, on_disk: OnDisk) -> Iterator[tuple[str, float]]:
    task, rows = candidate.task, candidate.sealed
    with TemporaryDirectory() as name:
        folder = Path(name).resolve() / "copy"
        left = ignore_patterns(*LEFT_BEHIND, *(f"{on_disk.ledger}{end}" for end in LEDGER_ENDS))
        copytree(on_disk.folder, folder, ignore=left, ignore_dangling_symlinks=True)
        file = folder / str(on_disk.inside)
        # All sealed rows: the history before each origin is handed over, and not read from here.
        table = another_future(task, rows, candidate.seed).drop("row_id", strict=False)
        file.unlink(missing_ok=True)
        _write(table, file)
        with chdir(folder):
            data = task.frame.take(task.open_rows)
            fitted = on_disk.make(folder).fit(data, task.roles.target, seed=candidate.seed)
            found = task.predict(fitted, rows)
    what = f"`{on_disk.data}` held other values in the {len(rows):,} sealed rows"
    yield what, _moved(candidate, found, np.arange(len(rows)))


def another_future(task: SealedTask, late: np.ndarray, seed: int) -> pl.DataFrame:
    """The table with all that is not known ahead shuffled among some rows.

    Args:
        task: problem and split.
        late: rows whose values change places.
        seed: of the shuffle.
    """
    roles, table = task.roles, task.frame.table
    if roles.time is None:
        names = [roles.target]
    else:
        kept = {*roles.series, roles.time, roles.group, "row_id"}
        names = [name for name in table.columns if name not in kept]
    turned = np.random.default_rng([seed, len(late)]).permutation(late)
    order = np.arange(table.height)
    order[late] = turned
    return table.with_columns(table[order.tolist()].select(names))


def _write(table: pl.DataFrame, path: Path) -> None:
    """In the format that the name of the file says."""
    if path.suffix == ".parquet":
        table.write_parquet(path)
    else:
        table.write_csv(path, separator="\t" if path.suffix == ".tsv" else ",")


def _cuts(task: SealedTask, rows: np.ndarray) -> list[int]:
    """Origins after which the future is another; the last origin has no future."""
    origins = np.unique(task.origins(rows))[:-1]
    return (
        sorted({int(origins[int(share * len(origins))]) for share in CUTS}) if len(origins) else []
    )


def _moved(candidate: Candidate, found: AbstractPredictive, place: np.ndarray) -> float:
    """How far predictions lie from those that were made for all sealed rows at once."""
    again = candidate.shape(found, candidate.sealed[place])
    return difference(candidate.shape_again[place], again)


def _date(task: SealedTask, rows: np.ndarray) -> str:
    return str(task.frame.column(str(task.roles.time)).gather(rows).max())[:16]


def _telling(task: SealedTask) -> list[str]:
    """Columns listed in `known_ahead` that rank rows as the target does."""
    rows = task.open_rows
    found = []
    for name in task.roles.known_ahead:
        column = task.frame.column(name)
        if not column.dtype.is_numeric() or name == task.roles.censored_above:
            continue
        values = column.gather(rows).cast(pl.Float64).to_numpy()
        known = ~np.isnan(values)
        if known.sum() < 20 or np.ptp(values[known]) == 0:
            continue
        rank = np.corrcoef(rankdata(values[known]), rankdata(task.y[rows][known]))[0, 1]
        if abs(rank) > TELLING:
            found.append(name)
    return found
