"""The CRPS of a mixture, seen up to a limit.

CRPS = ∫ (F(x) - 1{y <= x})² dx over x below the limit, where F is the cdf of the mixture.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import AbstractDistribution

_LEVELS = (1e-6, 1e-3, 0.05, 0.25, 0.5, 0.75, 0.95, 1 - 1e-3, 1 - 1e-6)
_ENDS = (1e-10, 1 - 1e-10)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_NEGLIGIBLE = 1e-8


def crps_of_counts(
    distribution: AbstractDistribution, y: Float[Array, " rows"], limit: Float[Array, " rows"]
) -> Float[Array, " rows"]:
    """Exact sum over 0, 1, 2, ... until every row's remaining terms are negligible.

    Args:
        distribution: counts, (draws, rows) or (draws, 1).
        y: recorded counts, at most `limit`.
        limit: inf where nothing was hidden.

    Returns:
        Scores, in counts.
    """

    def go_on(state: tuple[Array, Array, Array]) -> Array:
        k, cdf, _ = state
        return jnp.any((k < limit) & ((k < y) | (1.0 - cdf > _NEGLIGIBLE)))

    def add(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        k, cdf, total = state
        cdf = jnp.minimum(cdf + jnp.mean(jnp.exp(distribution.log_prob(k)), axis=0), 1.0)
        term = jnp.where(k < y, cdf, 1.0 - cdf) ** 2
        return k + 1.0, cdf, total + jnp.where(k < limit, term, 0.0)

    nothing = jnp.zeros_like(y)
    return jax.lax.while_loop(go_on, add, (jnp.asarray(0.0), nothing, nothing))[2]


def crps_of_density(
    distribution: AbstractDistribution,
    centre: AbstractDistribution,
    y: Float[Array, " rows"],
    limit: Float[Array, " rows"],
) -> Float[Array, " rows"]:
    """Gauss-Legendre quadrature between quantiles, with a knot at `y`.

    Args:
        distribution: densities, (draws, rows).
        centre: one distribution for each row that stands for the mixture; places the knots.
        y: recorded values, at most `limit`.
        limit: inf where nothing was hidden.

    Returns:
        Scores, in the target's unit.
    """
    rows = y.shape
    inner = [jnp.broadcast_to(centre.quantile(jnp.asarray(level))[0], rows) for level in _LEVELS]
    least = jnp.min(distribution.quantile(jnp.asarray(_ENDS[0])), axis=0)
    most = jnp.max(distribution.quantile(jnp.asarray(_ENDS[1])), axis=0)
    ends = [jnp.minimum(jnp.broadcast_to(least, rows), y)]
    ends += [jnp.maximum(jnp.broadcast_to(most, rows), y)]
    knots = jnp.clip(jnp.sort(jnp.stack([*ends, *inner, y]), axis=0), ends[0], ends[1])
    knots = jnp.minimum(knots, limit)

    def panel(total: Array, edges: tuple[Array, Array]) -> tuple[Array, None]:
        low, high = edges
        half = (high - low) / 2
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            x = low + half * (1.0 + node)
            below = jnp.mean(jnp.exp(distribution.log_cdf(x)), axis=0)
            above = jnp.mean(jnp.exp(distribution.log_sf(x)), axis=0)
            total = total + weight * half * jnp.where(x < y, below, above) ** 2
        return total, None

    return jax.lax.scan(panel, jnp.zeros(rows), (knots[:-1], knots[1:]))[0]
