"""Differences of log Γ, free of cancellation: means and variances of powers are made of them."""

import jax.numpy as jnp
from jax.scipy.special import polygamma
from jaxtyping import Array

from assay.family.tail.gauss import gauss_legendre
from assay.family.tail.stirling import log_ratio, stirling_remainder

_POINTS, _WEIGHTS = gauss_legendre(12)
# Twice the step over the shape: below this the second derivative is smooth to twelve nodes.
_SMOOTH = 0.25


def log_gamma_rise(a: Array, step: Array) -> Array:
    """Compute log Γ(a + step) - log Γ(a), for a and a + step above 0.

    Source: Loader (2000), Stirling's formula with its remainder.
    """
    up = a + step
    remainder = stirling_remainder(up) - stirling_remainder(a)
    return step * (jnp.log(a) - 1) + (up - 0.5) * log_ratio(step / a, up / a) + remainder


def log_gamma_bend(a: Array, step: Array) -> Array:
    """Compute log Γ(a + 2 step) - 2 log Γ(a + step) + log Γ(a), at least 0.

    Where the step is small it is step² ∫ ψ'(a + u step) (1 - |1 - u|) du from 0 to 2.
    """
    smooth = jnp.abs(2 * step) < _SMOOTH * a
    small, large = jnp.where(smooth, step, 0.0), jnp.where(smooth, 0.0, step)
    bend = sum(
        weight * node * (_trigamma(a + node * small) + _trigamma(a + (2 - node) * small))
        for node, weight in zip(_POINTS, _WEIGHTS, strict=True)
    )
    direct = log_gamma_rise(a + large, large) - log_gamma_rise(a, large)
    return jnp.where(smooth, small**2 * bend, direct)


def _trigamma(a: Array) -> Array:
    return polygamma(1, a)
