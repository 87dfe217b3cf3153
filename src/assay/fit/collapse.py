"""Rows that say the same, counted once with a weight: the sufficient statistic of any family."""

from dataclasses import replace

import numpy as np

from assay.fit.rows import PartRows
from assay.predictor.matrix import is_ones, rows_of

ENOUGH_ROWS = 4096
_SAMPLE = 1024
_SHRINKS = 0.25
_PRIME = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio (Knuth)
_HALF = np.uint64(32)


def collapsed(part: PartRows) -> PartRows:
    """The same likelihood from fewer rows, where many are equal in all that it reads.

    Counts of visits by weekday and store are a few thousand different rows, however many there
    are; a table of measurements comes back as it is.
    """
    if len(part.y) < ENOUGH_ROWS or not all(isinstance(each, np.ndarray) for each in part.designs):
        return part
    sample = part.cut(slice(None, None, len(part.y) // _SAMPLE))
    # Equal rows may lie side by side, so distant ones are asked first.
    if len(np.unique(_hash(_read(sample)))) > 0.5 * len(sample.y):
        return part
    columns = _read(part)
    _, first, group = np.unique(_hash(columns), return_index=True, return_inverse=True)
    if len(first) > _SHRINKS * len(part.y):
        return part
    # A hash alone proves nothing.
    if not all(np.array_equal(column, column[first][group]) for column in columns):
        return part
    return replace(
        part,
        designs=tuple(rows_of(each, first) for each in part.designs),
        y=part.y[first],
        offsets=part.offsets if part.offsets.shape[1] == 1 else part.offsets[:, first],
        columns={name: each[first] for name, each in part.columns.items()},
        weights=np.bincount(group, part.weights, minlength=len(first)).astype(float),
    )


def _read(part: PartRows) -> list[np.ndarray]:
    """All columns that the likelihood reads."""
    designs = [each for each in part.designs if isinstance(each, np.ndarray) and not is_ones(each)]
    cells = [column for each in designs for column in each.T]
    offsets = [] if part.offsets.shape[1] == 1 else list(part.offsets)
    return [part.y, *part.columns.values(), *offsets, *cells]


def _hash(columns: list[np.ndarray]) -> np.ndarray:
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        mixed ^= np.ascontiguousarray(column, dtype=float).view(np.uint64)
        mixed *= _PRIME
        mixed ^= mixed >> _HALF
    return mixed
