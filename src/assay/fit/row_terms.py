"""Each row's log-likelihood and its derivatives in the linked parameters.

Only this is compiled, in a handful of shapes that every model shares: the number of coefficients
does not enter, and tables longer than a block run block by block.
"""

from collections.abc import Mapping
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import UPPER_END, AbstractFamily, Known, log_likelihood

BLOCK = 8192
_SIZES = (128, 1024, BLOCK)

Terms = tuple[
    Float[np.ndarray, " rows"],
    Float[np.ndarray, "parameters rows"],
    Float[np.ndarray, "parameters parameters rows"],
]


def row_terms(
    family: AbstractFamily,
    known: Known,
    linked: Float[np.ndarray, "parameters rows"],
    y: Float[np.ndarray, " rows"],
    columns: Mapping[str, np.ndarray],
    *,
    size: int | None = None,
) -> Terms:
    """Log-likelihood of each row with first and second derivatives.

    Args:
        family: recipe of the value.
        known: what these rows say about it.
        linked: parameters before their links.
        y: values, or the limits behind which they hide.
        columns: what else the family reads of these rows, each (rows,).
        size: rows of a block, one of few; by default as these rows need.

    Returns:
        Values (rows,), gradients (parameters, rows), Hessians (parameters, parameters, rows).
    """
    # Tracing and compiling a shape costs more than the padding of many calls.
    if size is None:
        size = next((each for each in _SIZES if len(y) <= each), BLOCK)
    read = {UPPER_END, *family.needs()}
    rows = {"": y, **{name: column for name, column in columns.items() if name in read}}
    if len(y) <= size:
        return _padded_terms(family, known, linked, rows, size)
    blocks = [
        _padded_terms(family, known, linked[:, cut], {n: c[cut] for n, c in rows.items()}, size)
        for cut in (slice(low, low + size) for low in range(0, len(y), size))
    ]
    values, first, second = (np.concatenate(each, axis=-1) for each in zip(*blocks, strict=True))
    return values, first, second


def _padded_terms(
    family: AbstractFamily,
    known: Known,
    linked: np.ndarray,
    columns: Mapping[str, np.ndarray],
    size: int,
) -> Terms:
    """Repeat the last row up to `size`, so that shapes stay few."""
    rows = linked.shape[1]
    if rows < size:
        linked = np.pad(linked, ((0, 0), (0, size - rows)), mode="edge")
        columns = {name: np.pad(c, (0, size - rows), mode="edge") for name, c in columns.items()}
    found = _compiled(family, known, linked, columns)
    value, first, second = (np.asarray(each)[..., :rows] for each in found)
    return value, first, second


def terms(
    family: AbstractFamily, known: Known, linked: Array, columns: Mapping[str, Array]
) -> tuple[Array, Array, Array]:
    """What `row_terms` gives, for code that is compiled; the target stands under an empty name."""
    names = [parameter.name for parameter in family.parameters]
    y, upper = columns[""], columns.get(UPPER_END)
    # Rows do not mix, so one tangent of ones in a parameter gives every row's own derivative.
    tangents = jnp.broadcast_to(jnp.eye(len(names))[:, :, None], (len(names), *linked.shape))

    def value(at: Array) -> Array:
        distribution = family.from_linked(dict(zip(names, at, strict=True)), columns)
        return log_likelihood(distribution, known, y, upper)

    def with_slopes(at: Array) -> tuple[Array, Array]:
        return jax.vmap(lambda along: jax.jvp(value, (at,), (along,)), out_axes=(None, 0))(tangents)

    (values, first), (_, second) = jax.vmap(
        lambda along: jax.jvp(with_slopes, (linked,), (along,)), out_axes=((None, None), (0, 0))
    )(tangents)
    return values, first, second


_compiled = partial(jax.jit, static_argnums=(0, 1))(terms)
