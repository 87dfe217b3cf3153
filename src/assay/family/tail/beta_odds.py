"""The beta distribution in log-odds, where neither a point nor its complement underflows."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from assay.family.tail.beta import log_beta_tails
from assay.family.tail.beta_integral import log_beta_kernel
from assay.family.tail.log1mexp import log1mexp
from assay.family.tail.stirling import digamma_gap_drop, log_ratio

# Beyond this the smaller of x and y is below 1e-130: the power law x^a / (a B(a, b)) is exact.
FAR = 300.0
# exp(690) is 1e299.7: the point and its complement stay above what the tails count as 0.
FARTHEST = 690.7
_NEAREST = -1e-300


@jax.custom_jvp
def complements(odds: Float[Array, "..."]) -> tuple[Array, Array]:
    """Compute x and 1 - x from the log-odds of x, each to its last digit and with its derivative.

    Args:
        odds: log x - log(1 - x), any real.
    """
    return jax.nn.sigmoid(odds), jax.nn.sigmoid(-odds)


@complements.defjvp
def _complements_jvp(
    primals: tuple[Array], tangents: tuple[Array]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    x, y = complements(*primals)
    rise = x * y * tangents[0]
    return (x, y), (rise, -rise)


def log_beta_density_odds(a: ArrayLike, b: ArrayLike, odds: ArrayLike) -> Float[Array, "..."]:
    """Compute the log density of the log-odds of a beta variable, log[x^a (1 - x)^b / B(a, b)].

    Args:
        a: first shape, above 0.
        b: second shape, above 0.
        odds: log-odds of the point x, as far out as need be.

    Returns:
        The log density, with first and second derivatives in all three; -inf with gradient 0 at
        infinite odds.

    Source: Loader (2000), Fast and accurate computation of binomial probabilities.
    """
    a, b, odds = _broadcast(a, b, odds)
    infinite = jnp.isinf(odds)
    value = _log_density(a, b, jnp.where(infinite, 0.0, odds))
    return jnp.where(infinite, -jnp.inf, value)


def log_beta_tails_odds(
    a: ArrayLike, b: ArrayLike, odds: ArrayLike
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Compute the log probabilities that a beta variable is at most x, and above x, from log-odds.

    Args:
        a: first shape, above 0.
        b: second shape, above 0.
        odds: log-odds of the point x, as far out as need be; at -inf x is 0 and at inf 1.

    Returns:
        log I_x(a, b) and log(1 - I_x(a, b)), with first and second derivatives in all three; at
        infinite odds -inf and 0 with gradient 0. A shape that is not positive gives nan.

    Source: `log_beta_tails`; where x or 1 - x is below 1e-130, the power law that it leads into.
    """
    a, b, odds = _broadcast(a, b, odds)
    proper, inside = (a > 0) & (b > 0), jnp.isfinite(odds)
    a, b = jnp.where(proper, a, 1.0), jnp.where(proper, b, 1.0)
    near, beyond = _split(jnp.where(inside, odds, 0.0))
    log_i, log_rest = log_beta_tails(a, b, *complements(near))
    turned = odds > 0
    small = jnp.where(turned, log_rest - b * beyond, log_i - a * beyond)
    other = log1mexp(jnp.where(beyond > 0, jnp.minimum(small, _NEAREST), -1.0))
    log_i = jnp.where(beyond > 0, jnp.where(turned, other, small), log_i)
    log_rest = jnp.where(beyond > 0, jnp.where(turned, small, other), log_rest)
    ends = jnp.where(odds < 0, -jnp.inf, 0.0), jnp.where(odds < 0, 0.0, -jnp.inf)
    nan = jnp.isnan(odds) | ~proper
    below, above = (
        jnp.where(nan, jnp.nan, jnp.where(inside, tail, end))
        for tail, end in zip((log_i, log_rest), ends, strict=True)
    )
    return below, above


def log_beta_function(a: Array, b: Array) -> Array:
    """Compute log B(a, b) without differences of large log Γ.

    Source: Loader (2000), from the kernel at its centre a / (a + b).
    """
    centre = log_beta_kernel(a, b, jnp.zeros_like(a), jnp.ones_like(a), jnp.ones_like(a))
    return a * _log_share(a, b) + b * _log_share(b, a) - centre


def _broadcast(*parts: ArrayLike) -> tuple[Array, Array, Array]:
    a, b, odds = jnp.broadcast_arrays(*(jnp.asarray(part, dtype=float) for part in parts))
    return a, b, odds


def _log_share(a: Array, b: Array) -> Array:
    """Log of a / (a + b)."""
    return log_ratio(-b / (a + b), a / (a + b))


def _split(odds: Array) -> tuple[Array, Array]:
    """The log-odds up to where a power law begins, and how much farther out they are."""
    far = jnp.abs(odds) > FAR
    near = jnp.where(far, jnp.where(odds > 0, FAR, -FAR), odds)
    return near, jnp.where(far, jnp.abs(odds) - FAR, 0.0)


@jax.custom_jvp
def _log_density(a: Array, b: Array, odds: Array) -> Array:
    near, beyond = _split(odds)
    x, y = complements(near)
    kernel = log_beta_kernel(a, b, b * x - a * y, x * (a + b) / a, y * (a + b) / b)
    return kernel - jnp.where(odds > 0, b, a) * beyond


@_log_density.defjvp
def _log_density_jvp(
    primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[Array, Array]:
    (a, b, odds), (to_a, to_b, to_odds) = primals, tangents
    x, y = complements(odds)
    by_shapes = _slope(a, b, odds) * to_a + _slope(b, a, -odds) * to_b
    return _log_density(a, b, odds), by_shapes + (a * y - b * x) * to_odds


def _slope(a: Array, b: Array, odds: Array) -> Array:
    """Derivative of the log density in a: log x - ψ(a) + ψ(a + b)."""
    near, beyond = _split(odds)
    x, y = complements(near)
    log_x = log_ratio((b * x - a * y) / a, x * (a + b) / a)
    return log_x - jnp.where(odds < 0, beyond, 0.0) + digamma_gap_drop(a, b)
