"""Matrices of features: dense, or sparse where factors leave most cells at 0."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float

Matrix = np.ndarray | sp.csr_array
SPARSE_FROM = 16
SPARSE_BELOW = 0.25


def shape_of(matrix: Matrix) -> tuple[int, int]:
    """Rows and columns; SciPy types the shape of a sparse matrix as if it might be missing."""
    rows, columns = matrix.shape or (0, 0)
    return rows, columns


def side_by_side(blocks: list[Matrix], rows: int) -> Matrix:
    """All columns of all blocks, in order."""
    if any(sp.issparse(block) for block in blocks):
        return sp.csr_array(sp.hstack([sp.csr_array(block) for block in blocks], format="csr"))
    return np.concatenate([np.empty((rows, 0)), *map(as_dense, blocks)], axis=1)


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
    return np.all((matrix == 0) | (matrix == 1), axis=0)


def standardised(matrix: Matrix, centre: np.ndarray, scale: np.ndarray) -> Matrix:
    """(matrix - centre) / scale; columns that are left as they are stay sparse."""
    moved = (centre != 0) | (scale != 1)
    if not isinstance(matrix, sp.csr_array):
        return (matrix - centre) / scale
    if not moved.any():
        return matrix
    columns = sp.csc_array(matrix)
    numeric = (columns[:, np.flatnonzero(moved)].toarray() - centre[moved]) / scale[moved]
    kept = columns[:, np.flatnonzero(~moved)]
    both = sp.csc_array(sp.hstack([kept, sp.csc_array(numeric)], format="csc"))
    order = np.argsort(np.concatenate([np.flatnonzero(~moved), np.flatnonzero(moved)]))
    return sp.csr_array(both[:, order])


def with_intercept(matrix: Matrix) -> Matrix:
    """A column of ones, then the matrix."""
    ones = np.ones((shape_of(matrix)[0], 1))
    if isinstance(matrix, sp.csr_array):
        return sp.csr_array(sp.hstack([sp.csr_array(ones), matrix], format="csr"))
    return np.concatenate([ones, matrix], axis=1)


def weighted_gram(
    left: Matrix, weight: Float[np.ndarray, " rows"], right: Matrix
) -> Float[np.ndarray, "left right"]:
    """Multiply the transpose of `left` by `weight` times `right`, dense."""
    if isinstance(right, sp.csr_array):
        scaled = right.copy()
        scaled.data = right.data * np.repeat(weight, np.diff(right.indptr))
    else:
        scaled = right * weight[:, None]
    product = left.T @ scaled
    return as_dense(sp.csr_array(product)) if sp.issparse(product) else np.asarray(product)


def _filled(matrix: Matrix) -> int:
    return matrix.nnz if isinstance(matrix, sp.csr_array) else int(np.count_nonzero(matrix))
