"""The CRPS of a mixture, seen up to a limit.

CRPS = ∫ (F(x) - 1{y <= x})² dx over x below the limit, where F is the cdf of the mixture.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import AbstractDistribution
from assay.family.tail.gauss import gauss_legendre

# Squared, what lies beyond these levels is lost in rounding.
_LEVELS = np.array([1e-8, 1 - 1e-8])
# Three panels of 16 nodes: relative error 2e-7 for an exponential, 1e-8 for a Normal or log-normal,
# and 1e-7 for mixtures over the draws of a fit; draws 20 sd apart, which no fit gives, cost 1e-4.
_NODES, _WEIGHTS = gauss_legendre(16)
_NEGLIGIBLE = 1e-8
_HALF = 0.5


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

    def go_on(state: tuple[Array, Array, Array, Array]) -> Array:
        k, _, cdf, _ = state
        return jnp.any((k < limit) & ((k < y) | (1.0 - cdf > _NEGLIGIBLE)))

    def add(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        k, log_mass, cdf, total = state
        cdf = jnp.minimum(cdf + jnp.mean(jnp.exp(log_mass), axis=0), 1.0)
        width = jnp.clip(limit - k, 0.0, 1.0)
        term = jnp.where(k < y, cdf, 1.0 - cdf) ** 2
        return k + 1.0, distribution.next_log_prob(k, log_mass), cdf, total + width * term

    nothing = jnp.zeros_like(y)
    first = distribution.log_prob(nothing)
    start = (jnp.asarray(0.0), first, nothing, nothing)
    return jax.lax.while_loop(go_on, add, start)[3]


def crps_of_large_counts(
    distribution: AbstractDistribution, y: Float[Array, " rows"], limit: Float[Array, " rows"]
) -> Float[Array, " rows"]:
    """The same sum for counts in thousands, as an integral of the smooth curve through the cdf.

    Args:
        distribution: counts, (draws, rows) or (draws, 1).
        y: recorded counts, at most `limit`.
        limit: inf where nothing was hidden.

    Returns:
        Scores, in counts.

    Source: Euler & Maclaurin, DLMF 2.10(i): a sum over k is an integral from k - 1/2, less
        1/24 of the slope; the two slopes at `y` add up to twice the mass there.
    """
    # The first term apart, so that the integral starts above 0 and can run over log x.
    zero = jnp.mean(jnp.exp(distribution.log_prob(jnp.zeros_like(y))), axis=0)
    first = jnp.minimum(limit, 1.0) * jnp.where(y > 0, zero, 1.0 - zero) ** 2
    start = jnp.maximum(y - 0.5, _HALF), jnp.maximum(limit - 0.5, _HALF)
    integral = crps_of_density(distribution, *start, is_positive=True)
    safe = jnp.where(jnp.isfinite(limit), limit, y)
    at_y, at_limit = (jnp.mean(jnp.exp(distribution.log_prob(k)), axis=0) for k in (y, safe))
    beyond = jnp.mean(jnp.exp(distribution.log_reach(safe)), axis=0)
    at_end = jnp.where(jnp.isfinite(limit), at_limit * beyond, 0.0)
    return first + integral + (at_end - at_y) / 12


def crps_of_density(
    distribution: AbstractDistribution,
    y: Float[Array, " rows"],
    limit: Float[Array, " rows"],
    *,
    is_positive: bool,
) -> Float[Array, " rows"]:
    """Gauss-Legendre quadrature over panels that meet at `y`, the mean and further landmarks.

    Args:
        distribution: densities, (draws, rows) or (draws, 1).
        y: recorded values, at most `limit`.
        limit: inf where nothing was hidden.
        is_positive: whether all mass lies above 0; then the panels are even in log x.

    Returns:
        Scores, in the target's unit.
    """
    least, most = _ends(distribution, y, is_positive)
    to_line, from_line = (_log, jnp.exp) if is_positive else (_same, _same)
    low, high = jnp.minimum(least, limit), jnp.minimum(most, limit)
    at, middle = (jnp.clip(knot, low, high) for knot in (y, _mean(distribution)))
    inner = [at, middle]
    atom = getattr(distribution, "atom", None)
    if atom is not None and not is_positive:  # the cdf takes a step here
        inner.append(jnp.clip(jnp.full_like(at, atom), low, high))
    for mark in distribution.landmarks():
        found = jnp.broadcast_to(jnp.mean(mark, axis=0), at.shape)
        inner.append(jnp.where(jnp.isfinite(found), jnp.clip(found, low, high), at))
    knots = to_line(jnp.concatenate([low[None], jnp.sort(jnp.stack(inner), axis=0), high[None]]))

    def panel(total: Array, ends: tuple[Array, Array]) -> tuple[Array, None]:
        start, length = ends[0], ends[1] - ends[0]

        def node(area: Array, where: tuple[Array, Array]) -> tuple[Array, None]:
            x = from_line(start + length * where[0])
            tails = distribution.smooth_log_tails(x)
            below, above = (jnp.mean(jnp.exp(tail), axis=0) for tail in tails)
            height = jnp.where(x < at, below, above) ** 2 * (x if is_positive else 1.0)
            return area + where[1] * height, None

        rule = (jnp.asarray(_NODES), jnp.asarray(_WEIGHTS))
        return total + length * jax.lax.scan(node, jnp.zeros_like(y), rule)[0], None

    area = jax.lax.scan(panel, jnp.zeros_like(y), (knots[:-1], knots[1:]))[0]
    # Beyond the ends the integrand is 1 up to `y`, and 0 from there on.
    return area + jnp.maximum(y - high, 0.0) + jnp.maximum(low - y, 0.0)


def _ends(distribution: AbstractDistribution, y: Array, is_positive: bool) -> tuple[Array, Array]:
    """Where the mixture begins and ends, for each row."""
    found = distribution.quantile(jnp.asarray(_LEVELS)[:, None, None])
    found = jnp.broadcast_to(found, (*found.shape[:2], y.shape[0]))
    least, most = jnp.min(found[0], axis=0), jnp.max(found[1], axis=0)
    if is_positive:  # a tiny shape has its lowest quantiles at 1e-100, where nothing can be scored
        scale = jnp.minimum(_mean(distribution), most)
        least = jnp.maximum(least, _HALF if distribution.is_count else 1e-9 * scale)
    return least, most


def _mean(distribution: AbstractDistribution) -> Array:
    return jnp.mean(distribution.mean(), axis=0)


def _log(value: Array) -> Array:
    return jnp.log(jnp.maximum(value, 1e-300))


def _same(value: Array) -> Array:
    return value
