"""Rows that are nearly copies of each other: one case twice, which must stay on one side.

A model that has seen a row's copy knows its answer. But agreement is no proof of copying: where
rows hold a few categories, different cases agree all the time. So rows count as copies only where
chance would hardly make them agree.
"""

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

NEAR = 0.01
"""Numbers agree within this share of their column's standard deviation."""

SAMPLE, MANY_PAIRS = 20_000, 1e6
"""Rows by which columns are judged, and pairs that are compared quickly."""

FEW = 20
"""A column with no more different values than this is one of categories."""

RARE, NEVER = 0.01, 1e-9
"""Rows are copies where chance would give a row fewer agreeing ones than `RARE`, categories being
as they occur together; or fewer than `NEVER` if they were independent as well."""


def copies(features: pl.DataFrame) -> np.ndarray:
    """Which rows are nearly copies of each other.

    Two rows are copies if all their texts, truth values and times agree, and each number within a
    hundredth of its column's standard deviation, and if chance would give a row fewer than .01 such
    partners: with categories as they occur together, and numbers independent of each other and of
    them. A table of categories alone shows copies only where independence makes agreement all but
    impossible, as between images. A copy of a copy belongs to the same case.

    Args:
        features: the rows without target, keys and row numbers; at least one column.

    Returns:
        A number for each row, (rows,): rows with the same number are one case. Cases are numbered
        in the order of their first rows.
    """
    rows = len(features)
    numbers = [_standardised(each) for each in features if _is_measured(each)]
    codes = [_codes(each) for each in features if not _is_measured(each)]
    labels = _same(codes, rows)
    # Columns that never vary tell nothing apart.
    numbers = [each for each in numbers if np.ptp(each) > 0]
    if numbers:
        labels = _near(numbers, labels)
    shared = np.flatnonzero(np.bincount(labels)[labels] > 1)
    # Together the rows of one case count once: copies would else make their values look common.
    weights = 1.0 / np.bincount(labels)[labels]
    weights /= weights.sum()
    coarse = [np.unique(each, return_inverse=True)[1] for each in numbers if _is_few(each)]
    fine = [each for each in numbers if not _is_few(each)]
    together = [_same([*codes, *coarse], rows)]
    joint = (rows - 1) * _chance(fine, together, shared, weights)
    apart = (rows - 1) * _chance(numbers, codes, shared, weights)
    is_copy = np.zeros(rows, dtype=bool)
    is_copy[shared] = (joint < RARE) | (apart < NEVER)
    alone = np.where(is_copy, labels, labels.max() + 1 + np.arange(rows))
    first, place = np.unique(alone, return_index=True, return_inverse=True)[1:]
    return np.argsort(np.argsort(first))[place]


def _is_measured(column: pl.Series) -> bool:
    return column.dtype.is_numeric()


def _is_few(values: np.ndarray) -> bool:
    return len(np.unique(values)) <= FEW


def _standardised(column: pl.Series) -> np.ndarray:
    """Numbers in units of their standard deviation; missing ones agree with each other alone."""
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    finite = np.isfinite(values)
    sd = float(values[finite].std()) if finite.any() else 0.0
    scaled = np.where(finite, values / sd if sd > 0 else 0.0, np.nan)
    beyond = float(np.nanmax(np.abs(scaled), initial=0.0)) + 10.0
    return np.nan_to_num(scaled, nan=beyond, posinf=beyond, neginf=-beyond)


def _codes(column: pl.Series) -> np.ndarray:
    return column.rank("dense").fill_null(0).to_numpy().astype(np.int64)


def _same(columns: list[np.ndarray], rows: int) -> np.ndarray:
    """One label for each combination of equal values."""
    if not columns:
        return np.zeros(rows, dtype=np.int64)
    hashes = pl.DataFrame(columns).hash_rows().to_numpy()
    return np.unique(hashes, return_inverse=True)[1]


def _near(numbers: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Rows of one label, joined through neighbours that agree in every number."""
    # Equal points need no search among themselves: one stands for all.
    place = _same([*numbers, labels], len(labels))
    first = np.unique(place, return_index=True)[1]
    # Another label lies out of reach.
    points = np.column_stack([labels[first], *(values[first] for values in numbers)])
    telling = _telling(points)
    if telling is None:
        return place
    pairs = KDTree(points[:, telling]).query_pairs(NEAR, p=np.inf, output_type="ndarray")
    agree = (np.abs(points[pairs[:, 0]] - points[pairs[:, 1]]) <= NEAR).all(axis=1)
    pairs = pairs[agree]
    ones = np.ones(len(pairs), dtype=bool)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(first), len(first)))
    return connected_components(graph, directed=False)[1][place]


def _telling(points: np.ndarray) -> np.ndarray | None:
    """The fewest columns that leave few pairs to compare: trees are slow in many dimensions.

    `None` where even all of them leave many: then chance explains that rows agree.
    """
    sample = points[:: max(1, len(points) // SAMPLE)]
    agree = np.array([_share_near(column) for column in sample.T])
    order = np.argsort(agree)
    pairs = len(points) ** 2 / 2 * np.cumprod(agree[order])
    few = pairs < MANY_PAIRS
    return order[: int(np.argmax(few)) + 1] if few.any() else None


def _share_near(values: np.ndarray) -> float:
    """Chance that two rows agree in one column."""
    return float(np.mean(_weight_within(values, np.full(len(values), 1 / len(values)), values)))


def _weight_within(values: np.ndarray, weights: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The weight of the values that agree with each of `at`."""
    order = np.argsort(values)
    total, ordered = np.concatenate([[0.0], np.cumsum(weights[order])]), values[order]
    above = np.searchsorted(ordered, at + NEAR, "right")
    return total[above] - total[np.searchsorted(ordered, at - NEAR, "left")]


def _chance(
    numbers: list[np.ndarray], codes: list[np.ndarray], rows: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Chance that a row drawn by weight, each column on its own, agrees with each of `rows`."""
    chance = np.zeros(len(rows))  # logarithm
    for values in numbers:
        chance += np.log(_weight_within(values, weights, values[rows]))
    for code in codes:
        chance += np.log(np.bincount(code, weights)[code[rows]])
    return np.exp(chance)
