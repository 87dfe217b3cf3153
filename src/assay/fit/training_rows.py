"""The rows that a network is trained on, in batches, and the rows that are held back."""

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from assay.family import UPPER_END
from assay.fit.rows import PartRows
from assay.predictor.matrix import as_dense, product

HELD_BACK = 0.2
STEPS = 50  # in a round, after which the rows held back are asked
MOST_ASKED = 16_384
_BATCH, _LARGE_BATCH, _MANY_ROWS = 256, 1024, 32_768

Rows = dict[str, Any]


def table_of(part: PartRows, inputs: list[np.ndarray], start: np.ndarray, unit: np.ndarray) -> Rows:
    """What a step of training reads of each row; all arrays have the rows first.

    Args:
        part: rows that say the same kind of thing about their target.
        inputs: of each network, (rows, inputs).
        start: coefficients of all other terms, where they are best without a network.
        unit: what counts as 1 for each of them.
    """
    blocks = np.split(start, np.cumsum(part.sizes)[:-1])
    units = [each[:1] for each in np.split(unit, np.cumsum(part.sizes)[:-1])]
    linked = np.stack([product(own, b) for own, b in zip(part.designs, blocks, strict=True)])
    rows, read = len(part.y), {UPPER_END, *part.family.needs()}
    # A sparse design stays where the fit without a network has put it, but for a shift of all.
    dense = [each if isinstance(each, np.ndarray) else np.ones((rows, 1)) for each in part.designs]
    return {
        "y": part.y,
        "base": (linked + part.offsets).T,
        "weights": np.ones(rows) if part.weights is None else part.weights,
        "columns": {name: each for name, each in part.columns.items() if name in read},
        "designs": [as_dense(each) * own for each, own in zip(dense, units, strict=True)],
        "inputs": inputs,
        "unit": np.broadcast_to(np.concatenate(units), (rows, len(units))),
    }


def split(table: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Rows to train on and rows held back, at random."""
    rows = len(table["y"])
    order = rng.permutation(rows)
    back = max(int(HELD_BACK * rows), int(rows > 1))
    return _take(table, order[back:]), _take(table, order[: min(back, MOST_ASKED)])


def _take(table: Rows, rows: np.ndarray) -> Rows:
    return jax.tree.map(lambda each: np.asarray(each)[rows], table)


def padded(table: Rows) -> Rows:
    """Rows of no weight up to a power of two, so that shapes stay few."""
    rows = len(table["y"])
    if rows == 0:
        return table
    size = max(128, 2 ** int(np.ceil(np.log2(rows))))
    filled = _take(table, np.minimum(np.arange(size), rows - 1))
    return {**filled, "weights": np.where(np.arange(size) < rows, filled["weights"], 0.0)}


def batches(tables: list[Rows], rng: np.random.Generator) -> Iterator[list[Rows]]:
    """Rounds of batches: each holds the same share of every part, in a new order each time."""
    counts = np.array([len(table["y"]) for table in tables])
    batch = _LARGE_BATCH if counts.sum() > _MANY_ROWS else _BATCH
    sizes = [max(1, round(batch * count / counts.sum())) if count else 0 for count in counts]
    pending: list[np.ndarray] = [np.zeros(0, dtype=int) for _ in tables]
    while True:
        made = []
        for at, (table, size) in enumerate(zip(tables, sizes, strict=True)):
            while len(pending[at]) < STEPS * size:
                pending[at] = np.concatenate([pending[at], rng.permutation(counts[at])])
            rows, pending[at] = np.split(pending[at], [STEPS * size])
            some = _take(table, rows)
            share = counts[at] / max(size, 1) / counts.sum()
            some["weights"] = some["weights"] * share
            made.append(jax.tree.map(lambda x, n=size: x.reshape(STEPS, n, *x.shape[1:]), some))
        yield made
