"""The log-likelihood of all rows, with its first and second derivatives in the coefficients.

Rows are taken in blocks that fit a core's cache, so nothing is ever as long as the table but the
table itself. On a CPU only row terms are compiled, the products are NumPy's, and blocks run side by
side on all cores. On an accelerator one compiled function takes a block from coefficients to sums.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from assay.compute import current_device, on_all_cores, one_blas_thread
from assay.fit.on_device import DeviceRows
from assay.fit.row_terms import BLOCK, row_slopes, row_terms
from assay.fit.rows import PartRows
from assay.predictor.matrix import is_ones, product, summed, weighted_gram

Sums = tuple[float, Float[np.ndarray, " c"], Float[np.ndarray, "c c"]]
Block = tuple[PartRows, int | None]


class Likelihood:
    """The log-likelihood of all rows as a function of the coefficients."""

    def __init__(self, parts: tuple[PartRows, ...]) -> None:
        """Cut the parts into blocks.

        Args:
            parts: all rows, grouped by what they say.
        """
        self.device = current_device()
        if self.device.platform == "cpu":
            self._blocks = [blocks_of(part) for part in parts]
            self._on_device = []
        else:
            self._blocks = []
            self._on_device = [DeviceRows(part, self.device) for part in parts]

    def __call__(self, at: Float[np.ndarray, " c"]) -> Sums:
        """Value, gradient, and minus the Hessian."""
        if self._on_device:
            value, gradient, curvature = self._from_device(at)
        else:
            value, gradient, curvature = self._on_host(partial(block_sums, at=at))
        return float(value), gradient, curvature

    def slope(self, at: Float[np.ndarray, " c"]) -> tuple[float, Float[np.ndarray, " c"]]:
        """Value and gradient; on a CPU in less than half of the time."""
        if self._on_device:
            value, gradient, _ = self._from_device(at)
        else:
            value, gradient = self._on_host(partial(_block_slope, at=at))
        return float(value), gradient

    def _from_device(self, at: np.ndarray) -> Any:
        return _added([sums for rows in self._on_device for sums in rows(at)])

    def _on_host(self, work: Callable[[Block], Any]) -> Any:
        with one_blas_thread():
            # One block of each part first, alone: threads that meet a new shape would compile it
            # twice.
            first = [work(blocks[0]) for blocks in self._blocks]
            rest = [block for blocks in self._blocks for block in blocks[1:]]
            return _added([*first, *on_all_cores(work, rest)])


def _added(found: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [np.sum(each, axis=0) for each in zip(*found, strict=True)]


def blocks_of(part: PartRows) -> list[Block]:
    """The part in blocks, the last one filled up like the others, so that shapes stay few."""
    found = list(part.blocks(BLOCK))
    return [(block, BLOCK if len(found) > 1 else None) for block in found]


# A step too long overflows; what is not finite is refused by `maximise`, without a warning.
@np.errstate(over="ignore", invalid="ignore")
def block_sums(block: Block, at: Float[np.ndarray, " c"]) -> Sums:
    """Log-likelihood of some rows, its gradient and minus its Hessian in the coefficients."""
    part, size = block
    value, first, second = row_terms(
        part.family, part.known, _linked(part, at), part.y, part.columns, size=size
    )
    if part.weights is not None:
        value, first, second = (each * part.weights for each in (value, first, second))
    edges = np.cumsum([0, *part.sizes])
    curvature = np.empty((len(at), len(at)))
    for k, left in enumerate(part.designs):
        for m, right in enumerate(part.designs[: k + 1]):
            made = weighted_gram(left, second[k, m], right)
            rows, columns = slice(*edges[k : k + 2]), slice(*edges[m : m + 2])
            curvature[rows, columns], curvature[columns, rows] = -made, -made.T
    return float(np.sum(value)), _gradient(part, first), curvature


@np.errstate(over="ignore", invalid="ignore")
def _block_slope(block: Block, at: np.ndarray) -> tuple[float, np.ndarray]:
    part, size = block
    value, first = row_slopes(
        part.family, part.known, _linked(part, at), part.y, part.columns, size=size
    )
    if part.weights is not None:
        value, first = value * part.weights, first * part.weights
    return float(np.sum(value)), _gradient(part, first)


def _linked(part: PartRows, at: np.ndarray) -> list[np.ndarray]:
    """Each parameter before its link, (rows,), or (1,) where all rows share it."""
    blocks = np.split(at, np.cumsum(part.sizes)[:-1])
    offsets = np.broadcast_to(part.offsets, (len(blocks), part.offsets.shape[1]))
    return [
        own + offset if is_ones(design) else product(design, own) + offset
        for design, own, offset in zip(part.designs, blocks, offsets, strict=True)
    ]


def _gradient(part: PartRows, slopes: np.ndarray) -> np.ndarray:
    return np.concatenate(
        [summed(design, slope) for design, slope in zip(part.designs, slopes, strict=True)]
    )
