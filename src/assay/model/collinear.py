"""Columns that the data cannot tell apart, by name."""

from collections.abc import Iterable, Sequence

import numpy as np

from assay.errors import DataError
from assay.predictor import Design
from assay.predictor.matrix import Matrix, as_dense, shape_of

ENOUGH_ROWS = 8192
COLLINEAR = 1e-8


def refuse_collinear(
    design: Design, matrix: Matrix, source: str, parameter: str, *, flat: bool
) -> list[str]:
    """Name the columns that others determine; the prior would hide what the data cannot tell.

    Returns:
        A note where there are more columns than rows.

    Raises:
        DataError: names the first such column.
    """
    free = ~design.is_penalised  # a penalty is there to tell apart what the data cannot
    names = [name for name, is_free in zip(design.names, free, strict=True) if is_free]
    if not free.all():
        matrix = matrix[:, np.flatnonzero(free)]
    rows, columns = shape_of(matrix)
    if rows < columns:
        return [_too_many(names, rows, source, parameter, flat=flat)]
    if columns < 2:
        return []
    every = max(1, rows // ENOUGH_ROWS)
    # What is independent on some of the rows is independent on all of them.
    if every > 1 and np.all(_left_over(as_dense(matrix[::every])) > COLLINEAR):
        return []
    dependent = np.flatnonzero(_left_over(as_dense(matrix)) <= COLLINEAR)
    if len(dependent):
        raise _collinear(source, names, int(dependent[0]))
    return []


def _too_many(names: list[str], rows: int, source: str, parameter: str, *, flat: bool) -> str:
    found = f"{len(names)} coefficients of `{parameter}` and {rows} rows"
    if flat:
        raise DataError(
            f"{source}: {found}, so under a flat prior nothing can be told of "
            f"{quoted(names[rows:])}. Leave columns out, bring more rows, or use `prior='weak'`."
        )
    return f"{found}: what the rows cannot tell, the prior decides"


def _collinear(source: str, names: Sequence[str], index: int) -> DataError:
    return DataError(
        f"{source}: column `{names[index]}` is a combination of the columns before it "
        f"({quoted(names[:index][:8])}), so its effect cannot be told from theirs. Leave one of "
        "them out."
    )


def _left_over(matrix: np.ndarray) -> np.ndarray:
    """How far each column lies from the span of those before it, relative to its size."""
    if len(matrix) < matrix.shape[1]:
        return np.zeros(matrix.shape[1])
    triangle = np.linalg.qr(matrix, mode="r")
    return np.abs(np.diag(triangle)) / np.maximum(np.linalg.norm(triangle, axis=0), 1e-300)


def quoted(names: Iterable[str]) -> str:
    """Names as messages list them."""
    return ", ".join(f"`{name}`" for name in names)
