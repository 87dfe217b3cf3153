"""Quantiles of the gamma distribution from the log probability of either tail."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from assay.family.tail.gamma import log_gamma_kernel, log_gamma_tails
from assay.family.tail.log1mexp import log1mexp
from assay.family.tail.normal import log_ndtri

_LOG_HALF = -float(np.log(2))
_STEPS = 5
_SMALLEST, _LOG_SMALLEST = 1e-290, -667.7
_CORNER = -1.0


def gamma_quantile(a: ArrayLike, log_p: ArrayLike) -> Float[Array, "..."]:
    """Find x such that a unit-rate gamma variable is at most x with probability exp(log_p).

    Args:
        a: shape, above 0.
        log_p: log of the lower probability, below 0.

    Returns:
        The quantile, with gradients in both; 0 at log_p = -inf, inf at 0, both with gradient 0.
        What is smaller than 1e-290 comes back as 1e-290.

    Source: Newton in the log-concave log tail with Halley's correction; starts from the power law
        near 0 and Wilson & Hilferty (1931).
    """
    return _guarded(_from_lower, a, log_p, (0.0, jnp.inf))


def gamma_quantile_upper(a: ArrayLike, log_q: ArrayLike) -> Float[Array, "..."]:
    """Find x such that a unit-rate gamma variable exceeds x with probability exp(log_q).

    Args:
        a: shape, above 0.
        log_q: log of the upper probability, below 0.

    Returns:
        The quantile, with gradients in both; inf at log_q = -inf, 0 at 0, both with gradient 0.
        What is smaller than 1e-290 comes back as 1e-290.

    Source: see `gamma_quantile`.
    """
    return _guarded(_from_upper, a, log_q, (jnp.inf, 0.0))


def _guarded(
    solve: Callable[[Array, Array], Array],
    a: ArrayLike,
    log_tail: ArrayLike,
    ends: tuple[float, float],
) -> Array:
    a, log_tail = jnp.broadcast_arrays(
        jnp.asarray(a, dtype=float), jnp.asarray(log_tail, dtype=float)
    )
    proper = a > 0
    inside = proper & (log_tail < -1e-300) & (log_tail > -jnp.inf)
    value = solve(jnp.where(inside, a, 1.0), jnp.where(inside, log_tail, -1.0))
    impossible, certain = ends
    end = jnp.where(log_tail < -1, impossible, jnp.where(log_tail <= 0, certain, jnp.nan))
    return jnp.where(inside, value, jnp.where(proper, end, jnp.nan))


@jax.custom_jvp
def _from_lower(a: Array, log_p: Array) -> Array:
    low = log_p <= _LOG_HALF
    return _solve(a, jnp.where(low, log_p, log1mexp(jnp.where(low, -0.5, log_p))), low)


@jax.custom_jvp
def _from_upper(a: Array, log_q: Array) -> Array:
    low = log_q > _LOG_HALF
    return _solve(a, jnp.where(low, log1mexp(jnp.where(low, log_q, -0.5)), log_q), low)


def _implicit(
    solve: Callable[[Array, Array], Array], tail: int
) -> Callable[[tuple[Array, Array], tuple[Array, Array]], tuple[Array, Array]]:
    """Differentiate the equation, not the iterations: dx = (dl - l_a da) / l_x."""

    def rule(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
        (a, log_tail), (to_a, to_tail) = primals, tangents
        x = solve(a, log_tail)
        at = lambda shape, point: log_gamma_tails(shape, point)[tail]  # noqa: E731
        one, none = jnp.ones_like(x), jnp.zeros_like(x)
        tail_a = jax.jvp(at, (a, x), (one, none))[1]
        tail_x = jax.jvp(at, (a, x), (none, one))[1]
        return x, (to_tail - tail_a * to_a) / tail_x

    return rule


_from_lower.defjvp(_implicit(_from_lower, 0))
_from_upper.defjvp(_implicit(_from_upper, 1))


def _solve(a: Array, log_tail: Array, low: Array) -> Array:
    """Solve for the smaller tail, by one loop for both sides."""
    lead = _power_law(a, jnp.where(low, log_tail, log1mexp(log_tail)))
    # An upper tail near the power law at 0 moves by one e-fold a step: solve for the lower one.
    corner = ~low & (a < 1) & (lead < _CORNER)
    target = jnp.where(corner, log1mexp(log_tail), log_tail)
    low = low | corner
    x = jnp.where(low, _lower_start(a, target, lead), _upper_start(a, target))
    return lax.fori_loop(0, _STEPS, lambda _, point: _improve(a, point, target, low), x)


def _power_law(a: Array, log_p: Array) -> Array:
    """Log of the point where x^a / Γ(a + 1) reaches the probability; never beyond the root."""
    return (log_p + lax.lgamma(a + 1)) / a


def _wilson_hilferty(a: Array, z: Array) -> Array:
    root = 1 - 1 / (9 * a) + z / (3 * jnp.sqrt(a))
    return jnp.maximum(root, 1e-3) ** 3 * a


def _lower_start(a: Array, log_p: Array, lead: Array) -> Array:
    bell = jnp.log(_wilson_hilferty(a, log_ndtri(log_p)))
    return jnp.exp(jnp.maximum(jnp.where(a > 1, jnp.maximum(lead, bell), lead), _LOG_SMALLEST))


def _upper_start(a: Array, log_q: Array) -> Array:
    tail = -log_q - lax.lgamma(a + 1) + jnp.log(a) + (a - 1) * jnp.log(jnp.maximum(-log_q, 1.0))
    return jnp.where(a < 1, jnp.maximum(tail, 0.3), _wilson_hilferty(a, -log_ndtri(log_q)))


def _improve(a: Array, x: Array, target: Array, low: Array) -> Array:
    """One Newton step with Halley's correction: in log x on the lower side, in x on the upper."""
    log_p, log_q = log_gamma_tails(a, x)
    log_tail = jnp.where(low, log_p, log_q)
    slope = jnp.exp(log_gamma_kernel(a, x) - log_tail)
    bend = jnp.where(low, a - x - slope, a - 1 - x + slope)
    newton = (target - log_tail) / jnp.where(low, slope, -slope)
    step = newton / jnp.clip(1 + newton * bend / 2, 0.5, 2.0)
    moved = jnp.where(low, jnp.exp(step), 1 + jnp.clip(step, -0.8, 4.0))
    return jnp.maximum(x * moved, _SMALLEST)
