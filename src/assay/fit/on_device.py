"""The same sums on an accelerator: one compiled function from coefficients to sums."""

from collections.abc import Iterator, Mapping
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from assay.compute import Device
from assay.family import UPPER_END, AbstractFamily, Known
from assay.fit.row_terms import terms
from assay.fit.rows import PartRows
from assay.predictor.matrix import Matrix, as_dense, is_ones

CHUNK = 131_072
RESIDENT_BYTES = 4 * 2**30  # beyond, chunks travel in every pass, and memory stays bounded
_SIZES = (1024, 8192, CHUNK)

Chunk = tuple[tuple[Array, ...], Array, Array, Mapping[str, Array], Array]


class DeviceRows:
    """Rows of one part, in chunks on a device."""

    def __init__(self, part: PartRows, device: Device) -> None:
        """Bring the rows to the device, if it is to hold them all.

        Args:
            part: rows that say the same kind of thing.
            device: where the work is done.
        """
        self.part, self.device = part, device
        self.size = next((each for each in _SIZES if len(part.y) <= each), CHUNK)
        cells = len(part.y) * (sum(part.sizes) + 2 + len(part.columns))
        self._resident = list(self._chunks()) if 8 * cells <= RESIDENT_BYTES else None

    def __call__(self, at: np.ndarray) -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
        """Value, gradient and minus the Hessian of each chunk."""
        blocks = tuple(np.split(at, np.cumsum(self.part.sizes)[:-1]))
        found = [
            _sums(self.part.family, self.part.known, blocks, *chunk)
            for chunk in (self._resident or self._chunks())
        ]  # all are under way before the first is waited for
        for value, gradient, curvature in found:
            yield float(value), np.asarray(gradient), np.asarray(curvature)

    def _chunks(self) -> Iterator[Chunk]:
        return (self._chunk(block) for block in self.part.blocks(self.size))

    def _chunk(self, block: PartRows) -> Chunk:
        short = self.size - len(block.y)
        read = {UPPER_END, *block.family.needs()}
        columns = {"": block.y, **{n: c for n, c in block.columns.items() if n in read}}
        weights = np.ones(len(block.y)) if block.weights is None else block.weights
        chunk = (
            tuple(_padded(design, short) for design in map(_plain, block.designs)),
            np.broadcast_to(block.offsets, (len(block.designs), block.offsets.shape[1]))
            if block.offsets.shape[1] == 1
            else np.pad(block.offsets, ((0, 0), (0, short)), mode="edge"),
            {name: _padded(column, short) for name, column in columns.items()},
            np.pad(weights, (0, short)),
        )
        return jax.device_put(chunk, self.device)


def _plain(design: Matrix) -> np.ndarray:
    return np.ones((1, 1)) if is_ones(design) else as_dense(design)


def _padded(rows: np.ndarray, short: int) -> np.ndarray:
    """Repeat the last row, which counts for nothing there, so that shapes stay few."""
    if rows.shape == (1, 1) or short == 0:
        return rows
    return np.pad(rows, ((0, short),) + ((0, 0),) * (rows.ndim - 1), mode="edge")


@partial(jax.jit, static_argnums=(0, 1))
def _sums(
    family: AbstractFamily,
    known: Known,
    blocks: tuple[Array, ...],
    designs: tuple[Array, ...],
    offsets: Array,
    columns: Mapping[str, Array],
    weights: Array,
) -> tuple[Array, Array, Array]:
    rows = len(weights)
    whole = [jnp.broadcast_to(each, (rows, each.shape[1])) for each in designs]
    linked = [
        design @ own + offset for design, own, offset in zip(whole, blocks, offsets, strict=True)
    ]
    # Padding counts for nothing even where its row has no finite likelihood.
    value, first, second = (
        jnp.where(weights > 0, weights * each, 0.0)
        for each in terms(family, known, linked, columns)
    )
    gradient = jnp.concatenate(
        [design.T @ slope for design, slope in zip(whole, first, strict=True)]
    )
    curvature = [
        [-(left.T * second[k, m]) @ right for m, right in enumerate(whole)]
        for k, left in enumerate(whole)
    ]
    return jnp.sum(value), gradient, jnp.block(curvature)
