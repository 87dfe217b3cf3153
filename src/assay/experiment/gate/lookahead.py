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

from assay.compute.progress import waiting
from assay.experiment.gate.candidate import Candidate, Means
from assay.experiment.gate.part import Part, judged, percent, untold
from assay.experiment.gate.stability import SAME, difference
from assay.experiment.task import Fittable, Procedure, SealedTask

CUTS = (1 / 3, 2 / 3)
"""Shares of the sealed origins after which the future is taken away, or made another."""

MOST_BYTES = 2**30
"""A folder larger than this is not copied to see what a model reads from it."""

TELLING = 0.99
"""Rank correlation with the target from which on a column cannot be known ahead."""

LEFT_BEHIND = ignore_patterns("*.db*", ".git", ".venv", "__pycache__")


@dataclass(frozen=True)
class OnDisk:
    """What made a model from the files of a portfolio, so that it can be made beside others.

    Fields:
        make: makes the model, not fitted, from a copy of the folder.
        data: the data file in it, relative; `None` where a Python function makes the data.
        folder: of the portfolio.
    """

    make: Callable[[Path], Fittable]
    data: str | None
    folder: Path


def lookahead(candidate: Candidate, on_disk: OnDisk | None = None) -> Part:
    """Take the future away, make it another, and ask again: no prediction may change.

    Without time each row must be predicted alike alone and beside others. In time, what is
    predicted up to a date must stay when later rows are not asked for, when what is seen of them
    is another and, of a procedure, when later origins were asked before. A model that a Python
    file makes is also made in a copy of its folder, where the data file holds another future: the
    sealed targets, and all else that is not known ahead, shuffled.

    Args:
        candidate: the model and what was judged.
        on_disk: what made the model; `None` where no file did.
    """
    if candidate.model is None:
        return untold(
            "look-ahead",
            "Only a file of predictions was judged, and it does not show what they were made from.",
            "Offer the model instead, so that it is asked at each origin.",
        )
    with waiting("asking again without the future"):
        found = dict(_trials(candidate, on_disk))
    broken = [
        f"{what}, and predictions changed (by up to {percent(away)} of their spread)."
        for what, away in found.items()
        if away > SAME
    ]
    broken += [f"`{name}` is listed in `known_ahead` and all but gives the target away."
               for name in _telling(candidate.task)]  # fmt: skip
    unread = on_disk is not None and on_disk.data is None
    return judged(
        "look-ahead",
        broken,
        fine=_fine(candidate.task, len(found))
        + " What its code may read from elsewhere was not looked at." * unread,
        remedy="Predict each row from what is known at its origin: no centred windows, no scaling "
        "over the rows asked for, no table read beside them, no column that is known later.",
        figures={"trials": [{"what": what, "away": away} for what, away in found.items()]},
    )


def _fine(task: SealedTask, trials: int) -> str:
    if task.roles.time is None:
        return "Each row is predicted alike alone and beside others."
    return (
        f"{trials} times the future was taken away or made another, and no prediction before it "
        "changed."
    )


def _trials(candidate: Candidate, on_disk: OnDisk | None) -> Iterator[tuple[str, float]]:
    """What was done to the future, and how far predictions moved by it."""
    task, rows = candidate.task, candidate.sealed
    whole = candidate.foretold_again
    if task.roles.time is None:
        half = np.arange(0, len(rows), 2)[::-1]
        alone = candidate.means(task.predict(candidate.fitted, rows[half]), rows[half])
        yield "Half of the rows were asked for alone", _moved(whole, alone, half)
    else:
        for origin in _cuts(task, rows):
            yield from _without_future(candidate, whole, origin)
    if on_disk is not None and on_disk.data is not None:
        yield from _beside_another_future(candidate, whole, on_disk)


def _without_future(candidate: Candidate, whole: Means, origin: int) -> Iterator[tuple[str, float]]:
    task, rows = candidate.task, candidate.sealed
    is_early = task.origins(rows) <= origin
    early, late = rows[is_early], rows[~is_early]
    place, when = np.flatnonzero(is_early), _date(task, early)
    alone = candidate.means(task.predict(candidate.fitted, early), early)
    yield f"Rows after {when} were not asked for", _moved(whole, alone, place)
    other = replace(task, frame=task.frame.having(another_future(task, late, candidate.seed)))
    if isinstance(candidate.fitted, Procedure):
        fitted = candidate.fit(task.open_rows, candidate.seed)
        other.predict(fitted, late)
        found = other.predict(fitted, early)
        what = f"Later origins were asked first, with other values after {when}"
    else:
        found = other.predict(candidate.fitted, rows).take(place)
        what = f"What is seen of rows after {when} was shuffled"
    yield what, _moved(whole, candidate.means(found, early), place)


def _beside_another_future(
    candidate: Candidate, whole: Means, on_disk: OnDisk
) -> Iterator[tuple[str, float]]:
    task, rows = candidate.task, candidate.sealed
    if (
        sum(path.stat().st_size for path in on_disk.folder.rglob("*") if path.is_file())
        > MOST_BYTES
    ):
        return
    with TemporaryDirectory() as name:
        folder = Path(name) / "copy"
        copytree(on_disk.folder, folder, ignore=LEFT_BEHIND)
        # All sealed rows: the history before each origin is handed over, and not read from here.
        table = another_future(task, rows, candidate.seed).drop("row_id", strict=False)
        _write(table, folder / str(on_disk.data))
        with chdir(folder):
            data = task.frame.take(task.open_rows)
            fitted = on_disk.make(folder).fit(data, task.roles.target, seed=candidate.seed)
            found = task.predict(fitted, rows)
    what = f"`{on_disk.data}` held other values in the {len(rows):,} sealed rows"
    yield what, difference(whole, candidate.means(found, rows))


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


def _moved(whole: Means, again: Means, place: np.ndarray) -> float:
    return difference(whole[place], again)


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
