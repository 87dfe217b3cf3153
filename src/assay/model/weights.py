"""How often each row counts."""

from dataclasses import replace
from typing import Any

import numpy as np

from assay.errors import DataError
from assay.frame import Frame
from assay.frame.rows import at_row, first
from assay.predictor import Design
from assay.predictor.matrix import Matrix, from_columns, shape_of

_ENOUGH = 2**20


def read_weights(frame: Frame, weights: Any) -> np.ndarray | None:
    """Weights of all rows of a table.

    Args:
        frame: the table.
        weights: name of a column, or one number for each row; `None` where each counts once.

    Returns:
        Numbers of 0 or more, (rows,), or `None`.

    Raises:
        DataError: missing, infinite or negative weights, another number of them, or all 0.
    """
    if weights is None:
        return None
    what = f"column `{weights}`" if isinstance(weights, str) else "weights"
    found = frame.numbers(weights) if isinstance(weights, str) else _as_numbers(weights, frame)
    if found.shape != (frame.rows,):
        raise DataError(
            f"{frame.source}: weights of shape {found.shape} for {frame.rows} rows. Pass one "
            "number for each row, or the name of a column."
        )
    bad = first(~(np.isfinite(found) & (found >= 0)))
    if bad is not None:
        raise DataError(
            f"{frame.source}: {what}, {at_row(bad)}: found {found[bad]}, a weight is a number of "
            "0 or more. A row that is not to count has weight 0."
        )
    if not found.any():
        raise DataError(f"{frame.source}: {what}: all are 0, so no row counts.")
    return found


def _as_numbers(weights: Any, frame: Frame) -> np.ndarray:
    try:
        return np.asarray(weights, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{frame.source}: weights are {type(weights).__name__}, needed is one number for each "
            "row, or the name of a column."
        ) from error


def total(weights: np.ndarray | None, rows: int) -> int:
    """How many rows were seen: whole weights count rows, others are only relative."""
    if weights is None or not np.array_equal(weights, np.floor(weights)):
        return rows
    return int(weights.sum())


def repeated(rows: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Rows as often as they count, for all that takes no weights; thinned where they are many."""
    if weights is None:
        return rows
    own = weights[rows]
    reach = np.cumsum(own)
    whole = np.array_equal(own, np.floor(own)) and reach[-1] <= _ENOUGH
    count = int(reach[-1]) if whole else min(16 * len(rows), _ENOUGH)
    middle = (np.arange(count) + 0.5) * (reach[-1] / count)
    return rows[np.searchsorted(reach, middle, side="right").clip(max=len(rows) - 1)]


def reweighted(design: Design, matrix: Matrix, weights: np.ndarray) -> tuple[Design, Matrix]:
    """Centres and scales as if each row stood there as often as it counts.

    Columns that are left as they are (steps of factors, bases of splines) stay so.
    """
    if not isinstance(matrix, np.ndarray):
        return design, matrix
    shift = int(design.has_intercept)
    moved = (design.centre != 0) | (design.scale != 1)
    share = weights / weights.sum()
    columns, centre, scale = [], design.centre.copy(), design.scale.copy()
    for j in range(shape_of(matrix)[1] - shift):
        column = matrix[:, shift + j]
        if moved[j]:
            middle = float(share @ column) if design.has_intercept else 0.0
            spread = float(np.sqrt(share @ (column - middle) ** 2)) or 1.0
            column = (column - middle) / spread
            centre[j] += middle * scale[j]
            scale[j] *= spread
        columns.append(column)
    made = from_columns([np.ones(len(weights))] * shift + columns, len(weights))
    return replace(design, centre=centre, scale=scale), (made if columns else matrix)
