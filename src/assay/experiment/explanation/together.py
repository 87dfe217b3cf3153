"""Columns that move together, so that none of them could be missed while the others stay."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from assay.frame import Roles

CLOSE = 0.9
"""Rank correlation, or Cramér's V, above which two columns tell the same."""

MOST_LEVELS = 30
"""Values above which two columns are not compared as categories: any two identifiers agree."""

ROWS = 5_000
"""Rows on which columns are compared."""

SHOWN = 3


@dataclass(frozen=True)
class Together:
    """Columns that are altered as one.

    Fields:
        columns: in alphabetical order.
        is_one_hot: whether they are one category, a column of 0 and 1 for each value.
    """

    columns: tuple[str, ...]
    is_one_hot: bool = False

    @property
    def label(self) -> str:
        """What pictures and sentences call them."""
        shown = ", ".join(self.columns[:SHOWN])
        more = len(self.columns) - SHOWN
        return f"{shown} and {more} more" if more > 0 else shown


def together(table: pl.DataFrame, roles: Roles) -> tuple[Together, ...]:
    """Put columns that move together into groups; most stand alone.

    Together are near-copies (rank correlation, or Cramér's V of categories, beyond .9), the
    columns of one one-hot block, the keys of a series, and both limits of a target.

    Args:
        table: rows as a model sees them, without `row_id`.
        roles: which column plays which part.

    Returns:
        Groups in alphabetical order, whatever the order of the columns.

    Source: Spearman (1904); Bergsma (2013), A bias-correction for Cramér's V.
    """
    names = sorted(table.columns)
    rows = np.unique(np.linspace(0, max(table.height - 1, 0), ROWS).astype(int))
    table = table.select(names)[rows] if table.height > ROWS else table.select(names)
    blocks = _one_hot_blocks(table)
    hides = (roles.censored_above, roles.censored_flag, roles.censored_below)
    limits = [name for name in hides if name in names]
    keys = [name for name in roles.series if name in names]
    pairs = [
        *_chained(blocks),
        *_chained([limits, keys]),
        *_near_numbers(table),
        *_near_categories(table),
    ]
    place = {name: at for at, name in enumerate(names)}
    left, right = [place[a] for a, _ in pairs], [place[b] for _, b in pairs]
    size = len(names)
    graph = coo_array((np.ones(len(pairs)), (left, right)), shape=(size, size))
    count, found = connected_components(graph, directed=False)
    groups = [tuple(names[at] for at in np.flatnonzero(found == k)) for k in range(count)]
    one_hot = {tuple(block) for block in blocks}
    return tuple(Together(group, group in one_hot) for group in sorted(groups))


def ranks(column: pl.Series) -> np.ndarray:
    """Ranks between -1 and 1, those of equal values averaged, 0 where one is missing."""
    found = column.rank().cast(pl.Float64).to_numpy()
    known = ~np.isnan(found)
    centred = np.where(known, found - (found[known].mean() if known.any() else 0.0), 0.0)
    return centred / max(float(np.abs(centred).max()), 1.0)


def is_ordered(dtype: pl.DataType) -> bool:
    """Whether values of this type lie in an order: numbers, true and false, times."""
    return dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean


def _chained(groups: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    for group in groups:
        yield from pairwise(group)


def _near_numbers(table: pl.DataFrame) -> list[tuple[str, str]]:
    names = [each.name for each in table if is_ordered(each.dtype)]
    if len(names) < 2:
        return []
    centred = np.column_stack([ranks(table[name]) for name in names])
    length = np.sqrt((centred**2).sum(axis=0))
    unit = centred / np.where(length > 0, length, 1.0)
    near = np.triu(np.abs(unit.T @ unit) > CLOSE, k=1)
    return [(names[a], names[b]) for a, b in np.argwhere(near)]


def _near_categories(table: pl.DataFrame) -> list[tuple[str, str]]:
    most = min(MOST_LEVELS, table.height // 5)
    few = [each.name for each in table if 2 <= each.n_unique() <= most]
    text = {name for name in few if not is_ordered(table[name].dtype)}
    codes = {name: table[name].rank("dense").fill_null(0).to_numpy().astype(int) for name in few}
    pairs = [pair for pair in combinations(few, 2) if text & set(pair)]
    return [(a, b) for a, b in pairs if cramers_v(codes[a], codes[b]) > CLOSE]


def cramers_v(first: np.ndarray, second: np.ndarray) -> float:
    """How well one category tells the other, 0 to 1, corrected for chance.

    Args:
        first: code of each row, (rows,).
        second: likewise.

    Source: Bergsma (2013), A bias-correction for Cramér's V and Tschuprow's T.
    """
    (_, a), (_, b) = (np.unique(each, return_inverse=True) for each in (first, second))
    rows, r, k = len(a), a.max() + 1, b.max() + 1
    if min(r, k) < 2:
        return 0.0
    counts = np.bincount(a * k + b, minlength=r * k).reshape(r, k)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / rows
    square = float(((counts - expected) ** 2 / expected).sum()) / rows
    square = max(0.0, square - (r - 1) * (k - 1) / (rows - 1))
    fewer = min(r - (r - 1) ** 2 / (rows - 1), k - (k - 1) ** 2 / (rows - 1)) - 1
    return float(np.sqrt(square / fewer)) if fewer > 0 else 0.0


def _one_hot_blocks(table: pl.DataFrame) -> list[list[str]]:
    """Columns of 0 and 1 of which no row has two; of one stem, or one of them in every row."""
    binary = [each.name for each in table if _is_binary(each)]
    if len(binary) < 2:
        return []
    ones = np.column_stack([table[name].cast(pl.Float64).to_numpy() for name in binary])
    stems = [name.rpartition("_")[0] or name.rpartition("=")[0] or name for name in binary]
    blocks = []
    for stem in dict.fromkeys(stems):
        own = [at for at, each in enumerate(stems) if each == stem]
        if len(own) > 1 and ones[:, own].sum(axis=1).max() <= 1:
            blocks.append([binary[at] for at in own])
    left = [at for at, name in enumerate(binary) if not any(name in block for block in blocks)]
    if len(left) > 1:
        count, part = connected_components(ones[:, left].T @ ones[:, left] == 0, directed=False)
        for number in range(count):
            own = [left[at] for at in np.flatnonzero(part == number)]
            if len(own) > 1 and (ones[:, own].sum(axis=1) == 1).all():
                blocks.append([binary[at] for at in own])
    return blocks


def _is_binary(column: pl.Series) -> bool:
    if column.null_count() or not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        return False
    return set(column.unique().cast(pl.Float64)) == {0.0, 1.0}
