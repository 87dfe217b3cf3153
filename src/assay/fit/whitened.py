"""Log densities of parameters that are scaled to unit size, one or many at once."""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array

from assay.errors import ConfigError

LogDensity = Callable[[Any], Array]


class Layout(eqx.Module):
    """How a vector becomes the user's parameters; equal by value, so nothing compiles twice."""

    structure: Any = eqx.field(static=True)  # JAX keeps the type of tree structures to itself
    shapes: tuple[tuple[int, ...], ...] = eqx.field(static=True)

    def tree(self, flat: Array) -> Any:
        """The parameters of a vector, with any axes before its last."""
        edges = np.cumsum([math.prod(shape) for shape in self.shapes])[:-1]
        blocks = jnp.split(flat, edges, axis=-1)
        lead = flat.shape[:-1]
        leaves = [
            block.reshape(*lead, *shape) for block, shape in zip(blocks, self.shapes, strict=True)
        ]
        return jax.tree.unflatten(self.structure, leaves)


class Whitened(eqx.Module):
    """A log density of parameters that are moved to their start and scaled to unit size."""

    log_density: LogDensity
    centre: Array
    factor: Array
    layout: Layout

    def __call__(self, white: Array) -> Array:
        return self.log_density(self.unwhiten(white))

    def unwhiten(self, white: Array) -> Any:
        """The user's parameters of (..., parameters) scaled ones."""
        scaled = white * self.factor if self.factor.ndim == 1 else white @ self.factor.T
        return self.layout.tree(self.centre + scaled)


def flattened(start: Any) -> tuple[Array, Layout]:
    """All parameters in one vector, and the way back."""
    leaves, structure = jax.tree.flatten(jax.tree.map(lambda leaf: jnp.asarray(leaf, float), start))
    flat = ravel_pytree(leaves)[0]
    return flat, Layout(structure, tuple(leaf.shape for leaf in leaves))


def root_of(covariance: np.ndarray | None, size: int) -> Array:
    """A square root of the expected covariance."""
    if covariance is None:
        return jnp.ones(size)
    covariance = np.asarray(covariance, dtype=float)
    if covariance.shape not in ((size,), (size, size)):
        raise ConfigError(
            f"NUTS: `inverse_mass` has shape {covariance.shape}, must be ({size}, {size}) or "
            f"({size},) for {size} parameters."
        )
    try:
        with np.errstate(invalid="ignore"):
            root = np.sqrt(covariance) if covariance.ndim == 1 else np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        root = np.zeros(size)
    if not np.all((np.diag(root) if root.ndim == 2 else root) > 0):
        raise ConfigError("NUTS: `inverse_mass` is no covariance: not positive definite.")
    return jnp.asarray(root)


def over_lanes(one: Callable[..., Any], target: Whitened, *each: Any, batched: bool) -> Any:
    """Apply `one(target, *each)` to every lane."""
    arrays, rest = eqx.partition(target, eqx.is_array)

    def lane(own: Any, *mine: Any) -> Any:
        return one(eqx.combine(own, rest), *mine)

    axes = (0 if batched else None, *(0 for _ in each))
    return jax.vmap(lane, in_axes=axes)(arrays, *each)
