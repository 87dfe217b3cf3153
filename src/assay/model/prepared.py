"""What can be said of data and recipe before anything is fitted."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from assay.errors import DataError
from assay.family import AbstractFamily, Known, Part
from assay.frame import Frame
from assay.frame.rows import at_row
from assay.predictor import Design, Sum
from assay.predictor.matrix import Matrix, as_dense, shape_of
from assay.registry import families

ENOUGH_ROWS = 8192
COLLINEAR = 1e-8


@dataclass(frozen=True, eq=False)
class Prepared:
    """Fitting rows with all that a fit needs, checked.

    Fields:
        y: target of the rows that have one, (rows,).
        designs: prepared predictors, one for each parameter.
        matrices: their columns of these rows.
        offsets: what each parameter has without coefficients, (parameters, rows).
        columns: what else the family reads, each (rows,).
        parts: rows grouped by what they say about their target.
    """

    y: np.ndarray
    designs: tuple[Design, ...]
    matrices: tuple[Matrix, ...]
    offsets: np.ndarray
    columns: Mapping[str, np.ndarray]
    parts: tuple[Part, ...]

    @property
    def hidden(self) -> int:
        """Rows that are known only to lie beyond a limit."""
        return sum(len(part.rows) for part in self.parts if part.known is not Known.VALUE)

    @property
    def shown(self) -> np.ndarray:
        """Rows whose targets nobody hid; all of them where only one is."""
        seen = [part.rows for part in self.parts if part.known is Known.VALUE]
        return np.concatenate(seen) if seen and len(seen[0]) > 1 else np.arange(len(self.y))

    def start(self, family: AbstractFamily) -> dict[str, float]:
        """Natural parameters to start from, by the targets that nobody hid."""
        rows = self.shown
        return family.start(self.y[rows], {name: each[rows] for name, each in self.columns.items()})


def prepare(
    frame: Frame, target: str, family: AbstractFamily, predictors: tuple[Sum, ...]
) -> Prepared:
    """Check data against a recipe and make its columns.

    Raises:
        DataError: no row has or shows a target, a value lies off the support, a feature is
            missing, without variation or a combination of others.
    """
    y = frame.numbers(target)
    present = ~np.isnan(y)
    if not present.any():
        raise DataError(f"{frame.source}: column `{target}` has no value on any row.")
    kept, y = (frame if present.all() else frame.take(present)), y[present]
    outside = ~family.support.contains(y)
    if outside.any():
        raise _off_support(frame, target, family, y, np.flatnonzero(present)[outside])
    if np.ptp(y) == 0 and not family.support.whole:
        raise DataError(
            f"{frame.source}: column `{target}` is {y[0]:g} on all {len(y)} rows that have it, and "
            f"a spread cannot be learnt from one value. Family `{family.name}` needs two or more."
        )
    made = [each.prepare(kept) for each in predictors]
    for design, matrix in made:
        _refuse_collinear(design.names, matrix, frame.source)
    columns = {name: limit_column(kept, name) for name in family.needs()}
    prepared = Prepared(
        y=y,
        designs=tuple(design for design, _ in made),
        matrices=tuple(matrix for _, matrix in made),
        offsets=np.stack([np.broadcast_to(each.offset(kept), len(y)) for each, _ in made]),
        columns=columns,
        parts=family.parts(y, columns),
    )
    if prepared.hidden == len(y):
        raise DataError(
            f"{frame.source}: all {len(y)} rows of `{target}` are hidden beyond a limit, so no row "
            "shows what lies there. At least some rows must show the target."
        )
    return prepared


def _off_support(
    frame: Frame, target: str, family: AbstractFamily, y: np.ndarray, rows: np.ndarray
) -> DataError:
    first = ", ".join(at_row(int(row)) for row in rows[:3])
    values = frame.numbers(target)[rows[:3]]
    takers = [name for name in families if _takes(families.get(name), y)]
    return DataError(
        f"{frame.source}: column `{target}`, {first}{' and more' if len(rows) > 3 else ''}: "
        f"found {', '.join(f'{value:g}' for value in values)} ({len(rows)} rows), but family "
        f"`{family.name}` accepts {family.support.name}. Families that take all values: "
        f"{', '.join(f'`{name}`' for name in takers) or 'none'}."
    )


def _takes(kind: type[AbstractFamily], y: np.ndarray) -> bool:
    return not kind.is_wrapper and any(each.support.contains(y).all() for each in kind.examples())


def limit_column(frame: Frame, name: str) -> np.ndarray:
    """Limits as numbers, or flags as truth values; a missing flag hides nothing."""
    column = frame.column(name)
    if column.dtype == pl.Boolean:
        return column.fill_null(False).to_numpy()
    return frame.numbers(name)


def _refuse_collinear(names: tuple[str, ...], matrix: Matrix, source: str) -> None:
    """Name the columns that others determine; the prior would hide what the data cannot tell.

    Raises:
        DataError: names the first such column.
    """
    rows, columns = shape_of(matrix)
    if columns < 2 or rows < columns:
        return
    every = max(1, rows // ENOUGH_ROWS)
    # What is independent on some of the rows is independent on all of them.
    if every > 1 and np.all(_left_over(as_dense(matrix[::every])) > COLLINEAR):
        return
    dependent = np.flatnonzero(_left_over(as_dense(matrix)) <= COLLINEAR)
    if len(dependent):
        index = int(dependent[0])
        raise DataError(
            f"{source}: column `{names[index]}` is a combination of the columns before it "
            f"({', '.join(f'`{name}`' for name in names[:index][:8])}), so its effect cannot be "
            "told from theirs. Leave one of them out."
        )


def _left_over(matrix: np.ndarray) -> np.ndarray:
    """How far each column lies from the span of those before it, relative to its size."""
    if len(matrix) < matrix.shape[1]:
        return np.zeros(matrix.shape[1])
    triangle = np.linalg.qr(matrix, mode="r")
    return np.abs(np.diag(triangle)) / np.maximum(np.linalg.norm(triangle, axis=0), 1e-300)
