"""Each row's log-likelihood and its derivatives in the linked parameters.

Only this is compiled, in a handful of shapes that every model shares: the number of coefficients
does not enter, and tables longer than a block run block by block.
"""

from collections.abc import Callable, Mapping, Sequence
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
Slopes = tuple[Float[np.ndarray, " rows"], Float[np.ndarray, "parameters rows"]]


def row_terms(
    family: AbstractFamily,
    known: Known,
    linked: Sequence[np.ndarray],
    y: Float[np.ndarray, " rows"],
    columns: Mapping[str, np.ndarray],
    *,
    size: int | None = None,
) -> Terms:
    """Log-likelihood of each row with first and second derivatives.

    Args:
        family: recipe of the value.
        known: what these rows say about it.
        linked: parameters before their links, each (rows,), or (1,) where all rows share it.
        y: values, or the limits behind which they hide.
        columns: what else the family reads of these rows, each (rows,).
        size: rows of a block, one of few; by default as these rows need.

    Returns:
        Values (rows,), gradients (parameters, rows), Hessians (parameters, parameters, rows).
    """
    value, first, second = _in_blocks(_terms, family, known, linked, {**columns, "": y}, size)
    return value, first, second


def row_slopes(
    family: AbstractFamily,
    known: Known,
    linked: Sequence[np.ndarray],
    y: Float[np.ndarray, " rows"],
    columns: Mapping[str, np.ndarray],
    *,
    size: int | None = None,
) -> Slopes:
    """What `row_terms` gives, without second derivatives, which are most of the work."""
    value, first = _in_blocks(_slopes, family, known, linked, {**columns, "": y}, size)
    return value, first


def _in_blocks(
    compiled: Callable[..., tuple[Array, ...]],
    family: AbstractFamily,
    known: Known,
    linked: Sequence[np.ndarray],
    columns: Mapping[str, np.ndarray],
    size: int | None,
) -> tuple[np.ndarray, ...]:
    length = len(columns[""])
    # Tracing and compiling a shape costs more than the padding of many calls.
    if size is None:
        size = next((each for each in _SIZES if length <= each), BLOCK)
    if size < BLOCK:
        # What is shared is computed once in long tables; in short ones it would only mean one more
        # function to compile.
        linked = [np.broadcast_to(each, (length,)) for each in linked]
    read = {"", UPPER_END, *family.needs()}
    rows = {name: column for name, column in columns.items() if name in read}
    found = [
        _padded_block(
            partial(compiled, family, known),
            [each if len(each) == 1 < length else each[cut] for each in linked],
            {name: column[cut] for name, column in rows.items()},
            size,
        )
        for cut in (slice(low, low + size) for low in range(0, max(length, 1), size))
    ]
    if len(found) == 1:
        return found[0]
    return tuple(np.concatenate(each, axis=-1) for each in zip(*found, strict=True))


def _padded_block(
    compiled: Callable[..., tuple[Array, ...]],
    linked: Sequence[np.ndarray],
    columns: Mapping[str, np.ndarray],
    size: int,
) -> tuple[np.ndarray, ...]:
    """Repeat the last row up to `size`, so that shapes stay few."""
    rows = len(columns[""])
    short = size - rows
    whole = tuple(each if len(each) == 1 < rows else _padded(each, short) for each in linked)
    found = compiled(whole, {name: _padded(each, short) for name, each in columns.items()})
    return tuple(np.asarray(each)[..., :rows] for each in found)


def _padded(rows: np.ndarray, short: int) -> np.ndarray:
    return np.pad(rows, (0, short), mode="edge") if short else rows


def terms(
    family: AbstractFamily, known: Known, linked: Sequence[Array], columns: Mapping[str, Array]
) -> tuple[Array, Array, Array]:
    """What `row_terms` gives, for code that is compiled; the target stands under an empty name."""
    tangents = _tangents(linked)
    (values, first), (_, second) = jax.vmap(
        lambda along: jax.jvp(
            lambda at: slopes(family, known, at, columns), (tuple(linked),), (along,)
        ),
        out_axes=((None, None), (0, 0)),
    )(tangents)
    return values, first, second


def slopes(
    family: AbstractFamily, known: Known, linked: Sequence[Array], columns: Mapping[str, Array]
) -> tuple[Array, Array]:
    """What `row_slopes` gives, for code that is compiled."""
    names = [parameter.name for parameter in family.parameters]
    y, upper = columns[""], columns.get(UPPER_END)

    def value(at: tuple[Array, ...]) -> Array:
        distribution = family.from_linked(dict(zip(names, at, strict=True)), columns)
        return log_likelihood(distribution, known, y, upper)

    return jax.vmap(lambda along: jax.jvp(value, (tuple(linked),), (along,)), out_axes=(None, 0))(
        _tangents(linked)
    )


def _tangents(linked: Sequence[Array]) -> tuple[Array, ...]:
    """Rows do not mix, so one tangent of ones in a parameter gives every row's own derivative."""
    count = len(linked)
    return tuple(
        jnp.broadcast_to(one[:, None], (count, *each.shape))
        for one, each in zip(jnp.eye(count), linked, strict=True)
    )


_terms = partial(jax.jit, static_argnums=(0, 1))(terms)
_slopes = partial(jax.jit, static_argnums=(0, 1))(slopes)
