"""Columns that add to the driven parameter: learnt from one table, read of others."""

import re

import numpy as np

from assay.errors import DataError
from assay.frame import Frame
from assay.predictor import Design, Sum
from assay.predictor.formula import FUNCTIONS
from assay.predictor.matrix import as_dense
from assay.series.kinds import Flags, Floats, Whole

# Functions of one column that not every number has.
PARTIAL = r"\b(log|log1p|log2|log10|sqrt)\(\s*(?:([A-Za-z_]\w*)|`([^`]+)`)\s*\)"


def learn_features(rows: Frame, others: Sum, used: Flags) -> tuple[Design, Floats, Floats, Flags]:
    """A design that is fixed on complete rows, its columns and offsets of all rows.

    Args:
        rows: the table.
        others: the terms.
        used: rows that would count.

    Returns:
        The design; columns (rows, features); offsets, one a row or a single one; which rows can
        be used: those that are complete, and those that would not count anyway.

    Raises:
        DataError: no row is complete.
    """
    complete = used & complete_rows(rows, others) & _defined(rows, others)
    if not complete.any():
        raise DataError(f"{rows.source}: no row has a target and all features.")
    some = rows.take(complete)
    design, matrix = others.prepare(some)
    # The level of the filter is the intercept.
    columns = as_dense(matrix)[:, int(design.has_intercept) :]
    offset = np.asarray(design.offset(some))
    return design, spread(columns, complete), spread(offset, complete), complete | ~used


def read_features(
    rows: Frame, others: Sum | None, design: Design, series: Whole
) -> tuple[Floats, Floats, Flags, dict[int, str]]:
    """Offsets and columns of rows whose features can be read, and which rows those are.

    Last comes why series are refused as a whole, by their number.
    """
    none = np.zeros((0, len(design.names) - int(design.has_intercept)))
    if others is None or not rows.rows:
        return np.zeros(1), none, np.zeros(rows.rows, bool), {}
    good = complete_rows(rows, others)
    refused = _refused(rows, design, series, np.flatnonzero(good))
    good &= ~np.isin(series, list(refused))
    if not good.any():
        return np.zeros(1), none, good, refused
    some = rows.take(good)
    matrix = as_dense(design.matrix(some))[:, int(design.has_intercept) :]
    return np.asarray(design.offset(some)), matrix, good, refused


def spread(values: Floats, where: Flags) -> Floats:
    """Values of some rows among all, 0 elsewhere; a single value stays one for all."""
    if values.ndim == 1 and values.size <= 1:
        return values
    found = np.zeros((where.size, *values.shape[1:]))
    found[where] = values
    return found


def complete_rows(rows: Frame, others: Sum) -> Flags:
    """Rows whose features are all there."""
    read = [name for name in rows.columns if name in reads(others)]
    if not read:
        return np.ones(rows.rows, bool)
    found = np.ones(rows.rows, bool)
    for name in read:
        column = rows.column(name)
        if column.dtype.is_float():
            found &= np.isfinite(column.fill_null(np.nan).to_numpy())
        elif column.null_count():
            found &= column.is_not_null().to_numpy()
    return found


def _defined(rows: Frame, others: Sum) -> Flags:
    """Rows where logarithms and roots of single columns are numbers.

    One price of 0 in a table costs its own row, not the fit.
    """
    found = np.ones(rows.rows, bool)
    for function, plain, quoted in re.findall(PARTIAL, others.describe()):
        name = plain or quoted
        if name in rows.columns and rows.column(name).dtype.is_numeric():
            with np.errstate(all="ignore"):
                found &= np.isfinite(FUNCTIONS[function](rows.numbers(name)))
    return found


def reads(others: Sum) -> frozenset[str]:
    """Names in the recipes of the terms; a column that is not read costs nothing but its nulls."""
    return frozenset(re.findall(r"[A-Za-z_][A-Za-z_0-9.]*", others.describe()))


def _refused(rows: Frame, design: Design, series: Whole, asked: Whole) -> dict[int, str]:
    """Series with a row that the design refuses, such as one of a category never seen, and why.

    Halves that are refused are halved again, so that good ones are read in a few calls.
    """
    if not asked.size:
        return {}
    try:
        design.matrix(rows.take(asked))
    except DataError as error:
        own = np.unique(series[asked])
        if own.size == 1:
            return {int(own[0]): str(error)}
        first = np.isin(series[asked], own[: own.size // 2])
        halves = (asked[first], asked[~first])
        return {k: v for half in halves for k, v in _refused(rows, design, series, half).items()}
    return {}
