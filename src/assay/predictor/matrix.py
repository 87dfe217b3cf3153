"""Matrices of features: dense, or sparse where factors leave most cells at 0."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float

from assay.compute import MANY_ROWS, on_all_cores

Matrix = np.ndarray | sp.csr_array
SPARSE_FROM = 16
SPARSE_BELOW = 0.25

Result = TypeVar("Result")


def shape_of(matrix: Matrix) -> tuple[int, int]:
    """Rows and columns; SciPy types the shape of a sparse matrix as if it might be missing."""
    rows, columns = matrix.shape or (0, 0)
    return rows, columns


def side_by_side(blocks: list[Matrix], rows: int) -> Matrix:
    """All columns of all blocks, in order; a block that stands alone is not copied."""
    filled = [block for block in blocks if shape_of(block)[1]]
    if any(sp.issparse(block) for block in filled):
        return sp.csr_array(sp.hstack([sp.csr_array(block) for block in filled], format="csr"))
    if len(filled) == 1:
        return filled[0]
    return np.concatenate([np.empty((rows, 0), order="F"), *map(as_dense, filled)], axis=1)


def from_columns(columns: Sequence[np.ndarray], rows: int) -> Float[np.ndarray, "rows columns"]:
    """A dense matrix that keeps each column in one piece of memory, with room for an intercept."""
    whole = np.empty((rows, 1 + len(columns)), order="F")
    made = whole[:, 1:]
    by_column(lambda j: np.copyto(made[:, j], columns[j]), made)
    return made


def by_column(work: Callable[[int], Result], matrix: np.ndarray) -> list[Result]:
    """Results of `work` for the number of each column, side by side where columns are long."""
    rows, columns = matrix.shape
    if rows < MANY_ROWS:
        return [work(j) for j in range(columns)]
    return on_all_cores(work, range(columns))


def rows_of(matrix: Matrix, rows: np.ndarray) -> Matrix:
    """Some of the rows; without a copy where they lie behind one another in a dense matrix."""
    total, columns = shape_of(matrix)
    low = int(rows[0]) if len(rows) else 0
    in_order = np.array_equal(rows, np.arange(low, low + len(rows)))
    if isinstance(matrix, sp.csr_array):
        return matrix if in_order and len(rows) == total else matrix[rows]
    if in_order:
        return matrix[low : low + len(rows)]
    if is_ones(matrix):
        return ones(len(rows))
    return from_columns([np.take(matrix[:, j], rows) for j in range(columns)], len(rows))


def reorder(matrix: Matrix, rows: np.ndarray) -> Matrix:
    """All rows in another order; a dense matrix is changed in its place."""
    if isinstance(matrix, sp.csr_array):
        return matrix[rows]
    if not is_ones(matrix):
        by_column(lambda j: np.copyto(matrix[:, j], np.take(matrix[:, j], rows)), matrix)
    return matrix


def ones(rows: int) -> Float[np.ndarray, "rows 1"]:
    """The design of a constant, which takes no memory."""
    return np.broadcast_to(1.0, (rows, 1))


def is_ones(matrix: Matrix) -> bool:
    """Whether the matrix is nothing but an intercept, as `ones` makes it."""
    return isinstance(matrix, np.ndarray) and matrix.shape[1] == 1 and matrix.strides == (0, 0)


def is_mostly_zero(matrix: Matrix) -> bool:
    """Whether products are cheaper with the zeros left out."""
    rows, columns = shape_of(matrix)
    return columns >= SPARSE_FROM and _filled(matrix) < SPARSE_BELOW * max(rows * columns, 1)


def as_dense(matrix: Matrix) -> Float[np.ndarray, "rows columns"]:
    """All cells written out."""
    return matrix.toarray() if isinstance(matrix, sp.csr_array) else matrix


def binary_columns(matrix: Matrix) -> np.ndarray:
    """Which columns hold nothing but 0 and 1."""
    if isinstance(matrix, sp.csr_array):
        columns = sp.csc_array(matrix)
        other = columns.copy()
        other.data = ((columns.data != 0) & (columns.data != 1)).astype(float)
        return np.asarray(other.sum(axis=0)).ravel() == 0
    return np.array([_is_binary(matrix[:, j]) for j in range(matrix.shape[1])], dtype=bool)


def mean_of(matrix: Matrix) -> Float[np.ndarray, " columns"]:
    """Mean of each column."""
    if isinstance(matrix, np.ndarray):
        return np.array(by_column(lambda j: float(matrix[:, j].mean()), matrix), dtype=float)
    return np.asarray(matrix.mean(axis=0)).ravel()


def spread_of(matrix: Matrix, mean: np.ndarray) -> np.ndarray:
    """Standard deviation of each column around `mean`, column by column to save memory."""
    rows, columns = shape_of(matrix)
    if isinstance(matrix, np.ndarray):
        squares = by_column(lambda j: _sum_of_squares(matrix[:, j] - mean[j]), matrix)
        return np.sqrt(np.asarray(squares) / max(rows, 1))
    whole, spread = matrix.tocsc(), np.zeros_like(mean)
    for j in range(columns):
        filled = whole.data[whole.indptr[j] : whole.indptr[j + 1]]
        squares = np.sum((filled - mean[j]) ** 2) + (rows - len(filled)) * mean[j] ** 2
        spread[j] = np.sqrt(squares / rows)
    return spread


def _sum_of_squares(away: np.ndarray) -> float:
    return float(np.sum(np.square(away, out=away)))


def standardised(
    matrix: Matrix,
    centre: np.ndarray,
    scale: np.ndarray,
    *,
    intercept: bool = False,
    in_place: bool = False,
) -> Matrix:
    """(matrix - centre) / scale, behind a column of ones where an `intercept` is asked for.

    Columns that are left as they are stay sparse. With `in_place` the memory of a dense matrix is
    used where it will do, and what stood there is lost.
    """
    if isinstance(matrix, sp.csr_array):
        standard = _standardised_sparse(matrix, centre, scale)
        return _with_intercept(standard) if intercept else standard
    rows, columns = matrix.shape
    if intercept and columns == 0:
        return ones(rows)
    whole = _room_around(matrix) if in_place else np.empty((rows, columns + 1), order="F")
    whole[:, 0] = 1.0

    def fill(j: int) -> None:
        np.subtract(matrix[:, j], centre[j], out=whole[:, 1 + j])
        np.divide(whole[:, 1 + j], scale[j], out=whole[:, 1 + j])

    by_column(fill, matrix)
    return whole if intercept else whole[:, 1:]


def _room_around(matrix: np.ndarray) -> np.ndarray:
    """Memory for an intercept and all columns: that of `from_columns`, or new."""
    wanted, base = (matrix.shape[0], matrix.shape[1] + 1), matrix.base
    if isinstance(base, np.ndarray) and base.shape == wanted and base.flags.f_contiguous:
        return base
    return np.empty(wanted, order="F")


def _standardised_sparse(matrix: sp.csr_array, centre: np.ndarray, scale: np.ndarray) -> Matrix:
    moved = (centre != 0) | (scale != 1)
    if not moved.any():
        return matrix
    columns = sp.csc_array(matrix)
    numeric = (columns[:, np.flatnonzero(moved)].toarray() - centre[moved]) / scale[moved]
    kept = columns[:, np.flatnonzero(~moved)]
    both = sp.csc_array(sp.hstack([kept, sp.csc_array(numeric)], format="csc"))
    order = np.argsort(np.concatenate([np.flatnonzero(~moved), np.flatnonzero(moved)]))
    return sp.csr_array(both[:, order])


def _with_intercept(matrix: Matrix) -> Matrix:
    column = sp.csr_array(np.ones((shape_of(matrix)[0], 1)))
    return sp.csr_array(sp.hstack([column, matrix], format="csr"))


def product(
    matrix: Matrix, coefficients: Float[np.ndarray, " columns"]
) -> Float[np.ndarray, " rows"]:
    """Each row times the coefficients."""
    if is_ones(matrix):
        return np.broadcast_to(coefficients, shape_of(matrix)[:1])
    return _times(matrix, coefficients)


def summed(matrix: Matrix, weight: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " columns"]:
    """Each column's sum with the rows weighted: the transpose of `matrix` times `weight`."""
    return np.sum(weight, keepdims=True) if is_ones(matrix) else _times(matrix.T, weight)


def weighted_gram(
    left: Matrix, weight: Float[np.ndarray, " rows"], right: Matrix
) -> Float[np.ndarray, "left right"]:
    """Multiply the transpose of `left` by `weight` times `right`, dense."""
    if is_ones(right):
        return summed(left, weight)[:, None]
    if isinstance(right, sp.csr_array):
        scaled = right.copy()
        scaled.data = right.data * np.repeat(weight, np.diff(right.indptr))
    else:
        scaled = right * weight[:, None]
    made = _times(left.T, scaled)
    return as_dense(sp.csr_array(made)) if sp.issparse(made) else np.asarray(made)


def _times(left: Any, right: Any) -> Any:
    """Matrix product; `@` would keep all threads of Python waiting where `left` is a transpose."""
    is_sparse = sp.issparse(left) or sp.issparse(right)
    return left @ right if is_sparse else np.dot(left, right)


def _is_binary(column: np.ndarray) -> bool:
    head = column[:64]  # settles nearly every column of measurements
    if not np.all((head == 0) | (head == 1)):
        return False
    return bool(np.all((column == 0) | (column == 1)))


def _filled(matrix: Matrix) -> int:
    return matrix.nnz if isinstance(matrix, sp.csr_array) else int(np.count_nonzero(matrix))
