"""Quantiles of the beta distribution from the log probabilities of both tails."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from assay.family.tail.beta import log_beta_tails
from assay.family.tail.beta_odds import (
    FAR,
    FARTHEST,
    complements,
    log_beta_density_odds,
    log_beta_function,
    log_beta_tails_odds,
)
from assay.family.tail.log1mexp import log1mexp
from assay.family.tail.normal import log_ndtri

_STEPS = 5
_CORNER = 0.7


def beta_quantile(
    a: ArrayLike, b: ArrayLike, log_p: ArrayLike, log_q: ArrayLike
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Find x such that a beta variable is at most x with probability exp(log_p), and 1 - x.

    Args:
        a: first shape, above 0.
        b: second shape, above 0.
        log_p: log of the lower probability, at most 0.
        log_q: log of the upper probability, log(1 - exp(log_p)); both are given, so that each can
            be right where it is small. The smaller one is solved for and carries the gradient.

    Returns:
        The quantile and its complement, each to its last digit and with gradients in a, b, log_p
        and log_q. At log_p = -inf they are 0 and 1, at log_q = -inf 1 and 0, with gradient 0.
        What is smaller than 1e-300 comes back as 1e-300.

    Source: see `beta_quantile_odds`.
    """
    odds = beta_quantile_odds(a, b, log_p, log_q)
    infinite = jnp.isinf(odds)
    x, y = complements(jnp.clip(jnp.where(infinite, 0.0, odds), -FARTHEST, FARTHEST))
    sure = jnp.where(odds > 0, 1.0, 0.0)
    return jnp.where(infinite, sure, x), jnp.where(infinite, 1 - sure, y)


def beta_quantile_odds(
    a: ArrayLike, b: ArrayLike, log_p: ArrayLike, log_q: ArrayLike
) -> Float[Array, "..."]:
    """Find the log-odds of the quantile of a beta variable, however far out.

    Args:
        a: first shape, above 0.
        b: second shape, above 0.
        log_p: log of the lower probability, at most 0.
        log_q: log of the upper probability, log(1 - exp(log_p)).

    Returns:
        log x - log(1 - x), with gradients in a, b, log_p and log_q; -inf at log_p = -inf and inf
        at log_q = -inf, both with gradient 0. A shape that is not positive gives nan.

    Source: Newton in the log-concave log tail of the log-odds with Halley's correction; starts
        from the power law at either end.
    """
    parts = (jnp.asarray(part, dtype=float) for part in (a, b, log_p, log_q))
    a, b, log_p, log_q = jnp.broadcast_arrays(*parts)
    lower = log_p < log_q
    log_tail = jnp.where(lower, log_p, log_q)
    proper = (a > 0) & (b > 0) & (log_tail < 0)
    inside = proper & (log_tail > -jnp.inf)
    shape_a, shape_b = jnp.where(inside, a, 1.0), jnp.where(inside, b, 1.0)
    odds = _from_smaller(shape_a, shape_b, jnp.where(inside, log_tail, -1.0), lower)
    ends = jnp.where(lower, -jnp.inf, jnp.inf)
    return jnp.where(inside, odds, jnp.where(proper, ends, jnp.nan))


@jax.custom_jvp
def _from_smaller(a: Array, b: Array, log_tail: Array, lower: Array) -> Array:
    """Solve for the log-odds; the upper tail is the lower one of the mirrored variable."""
    first, second = jnp.where(lower, a, b), jnp.where(lower, b, a)
    odds = _solve(first, second, log_tail)
    return jnp.where(lower, odds, -odds)


@_from_smaller.defjvp
def _from_smaller_jvp(
    primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[Array, Array]:
    """Differentiate the equation, not the iterations, on the tail that was given."""
    (a, b, log_tail, lower), (to_a, to_b, to_tail, _) = primals, tangents
    odds = _from_smaller(a, b, log_tail, lower)

    def tail(one: Array, two: Array) -> Array:
        below, above = log_beta_tails_odds(one, two, odds)
        return jnp.where(lower, below, above)

    found, by_shapes = jax.jvp(tail, (a, b), (to_a, to_b))
    rate = jnp.exp(log_beta_density_odds(a, b, odds) - found)
    return odds, (to_tail - by_shapes) / jnp.where(lower, rate, -rate)


def _solve(a: Array, b: Array, log_p: Array) -> Array:
    """Log-odds whose lower tail has this log probability, at most about log 1/2."""
    log_beta = log_beta_function(a, b)
    log_q = log1mexp(log_p)
    # The power laws at both ends: a concave log tail lies below them, so they bound the root.
    least = (log_p + jnp.log(a) + log_beta) / a
    most = -(log_q + jnp.log(b) + log_beta) / b
    switch = jnp.log(jnp.maximum(a, 1.0) / jnp.maximum(b, 1.0))
    # A lower tail near the power law at 1 moves by one e-fold a step: solve for the upper one.
    corner = (b < 1) & (most > switch + _CORNER)
    below = _start(a, b, log_p, least, switch)
    start = jnp.where(corner, -_leading(-most, a), below)
    target = jnp.where(corner, log_q, log_p)

    def improve(_: int, odds: Array) -> Array:
        return _improve(a, b, odds, target, corner)

    odds = lax.fori_loop(0, _STEPS, improve, jnp.clip(start, -FAR, FAR))
    odds = jnp.where(corner & (most > FAR), most, odds)
    return jnp.where(least < -FAR, least, odds)


def _start(a: Array, b: Array, log_p: Array, least: Array, switch: Array) -> Array:
    """On the outer side of the root, from where Newton's steps do not overshoot."""
    centre = jnp.log(a / b)
    bell = centre + log_ndtri(log_p) * jnp.sqrt(1 / a + 1 / b)
    lead = jnp.maximum(_leading(least, b), jnp.where((a > 1) & (b < 1), _gamma(a, b, log_p), least))
    two_sided = jnp.minimum(jnp.maximum(lead, bell), centre + 1)
    return jnp.where((a > 1) & (b > 1), two_sided, jnp.minimum(lead, switch))


def _gamma(a: Array, b: Array, log_p: Array) -> Array:
    """Log-odds where -a log x is the upper quantile of a gamma variable of shape b < 1."""
    z = -log_p - lax.lgamma(b) + (b - 1) * jnp.log(jnp.maximum(-log_p, 1.0))
    log_x = -jnp.maximum(z, 0.3) / a
    return log_x - log1mexp(log_x)


def _leading(log_x: Array, other: Array) -> Array:
    """Log-odds at which the power law is met: exactly so if the `other` shape is 1.

    Above 1 that is a bound and closer than log x itself; below 1 only log x is one.
    """
    negative = (log_x < -1e-300) & (other >= 1)
    safe = jnp.where(negative, log_x, -1.0)
    return jnp.where(negative, safe - log1mexp(safe), log_x)


def _improve(a: Array, b: Array, odds: Array, target: Array, upper: Array) -> Array:
    """One Newton step with Halley's correction, in the log-odds."""
    x, y = complements(odds)
    log_p, log_q = log_beta_tails(a, b, x, y)
    log_tail = jnp.where(upper, log_q, log_p)
    rate = jnp.exp(log_beta_density_odds(a, b, odds) - log_tail)
    slope = jnp.where(upper, -rate, rate)
    newton = (target - log_tail) / slope
    bend = a * y - b * x - slope
    step = newton / jnp.clip(1 + newton * bend / 2, 0.5, 2.0)
    return jnp.clip(odds + step, -FAR, FAR)
