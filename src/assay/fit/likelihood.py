"""The log-likelihood of all rows, with its first and second derivatives in the coefficients.

Rows are taken in blocks that fit a core's cache, so nothing is ever as long as the table but the
table itself. On a CPU only row terms are compiled, the products are NumPy's, and blocks run side by
side on all cores. On an accelerator one compiled function takes a block from coefficients to sums.
"""

from functools import partial

import numpy as np
from jaxtyping import Float

from assay.compute import current_device, on_all_cores, one_blas_thread
from assay.fit.on_device import DeviceRows
from assay.fit.row_terms import BLOCK, row_terms
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
            found = [sums for rows in self._on_device for sums in rows(at)]
        else:
            with one_blas_thread():
                found = self._on_host(at)
        values, gradients, curvatures = zip(*found, strict=True)
        return float(np.sum(values)), np.sum(gradients, axis=0), np.sum(curvatures, axis=0)

    def _on_host(self, at: np.ndarray) -> list[Sums]:
        work = partial(block_sums, at=at)
        # One block of each part first, alone: threads that meet a new shape would compile it twice.
        first = [work(blocks[0]) for blocks in self._blocks]
        rest = [block for blocks in self._blocks for block in blocks[1:]]
        return [*first, *on_all_cores(work, rest)]


def blocks_of(part: PartRows) -> list[Block]:
    """The part in blocks, the last one filled up like the others, so that shapes stay few."""
    found = list(part.blocks(BLOCK))
    return [(block, BLOCK if len(found) > 1 else None) for block in found]


# A step too long overflows; what is not finite is refused by `maximise`, without a warning.
@np.errstate(over="ignore", invalid="ignore")
def block_sums(block: Block, at: Float[np.ndarray, " c"]) -> Sums:
    """Log-likelihood of some rows, its gradient and minus its Hessian in the coefficients."""
    part, size = block
    edges = np.cumsum([0, *part.sizes])
    blocks = np.split(at, edges[1:-1])
    offsets = np.broadcast_to(part.offsets, (len(blocks), part.offsets.shape[1]))
    linked = [
        own + offset if is_ones(design) else product(design, own) + offset
        for design, own, offset in zip(part.designs, blocks, offsets, strict=True)
    ]
    value, first, second = row_terms(
        part.family, part.known, linked, part.y, part.columns, size=size
    )
    if part.weights is not None:
        value, first, second = (each * part.weights for each in (value, first, second))
    gradient = [summed(design, slope) for design, slope in zip(part.designs, first, strict=True)]
    curvature = np.empty((len(at), len(at)))
    for k, left in enumerate(part.designs):
        for m, right in enumerate(part.designs[: k + 1]):
            made = weighted_gram(left, second[k, m], right)
            rows, columns = slice(*edges[k : k + 2]), slice(*edges[m : m + 2])
            curvature[rows, columns], curvature[columns, rows] = -made, -made.T
    return float(np.sum(value)), np.concatenate(gradient), curvature
