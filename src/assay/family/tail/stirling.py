"""What Stirling's formula leaves over, and other small differences kept free of cancellation."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

# Below this the asymptotic series are not used; eight terms are exact to float64 from here on.
_SERIES_FROM = 10.0
_SHIFT = 10
_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_REMAINDER = tuple(b / (2 * j * (2 * j - 1)) for j, b in enumerate(_BERNOULLI, start=1))
_GAP = tuple(b / (2 * j) for j, b in enumerate(_BERNOULLI, start=1))
# atanh(r) - r = r^3 (1/3 + r^2/5 + ...): ten terms suffice up to |m| = 0.3.
_ATANH = tuple(1 / (2 * j + 3) for j in range(10))
_SMALL = 0.3


def _polynomial(coefficients: tuple[float, ...], t: Array) -> Array:
    value = jnp.full_like(t, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * t + coefficient
    return value


def stirling_remainder(a: Array) -> Array:
    """Compute log Γ(a) - [(a - 1/2) log a - a + log(2π)/2], for a > 0.

    Source: Loader (2000), Fast and accurate computation of binomial probabilities.
    """
    large = a >= _SERIES_FROM
    big = jnp.where(large, a, _SERIES_FROM)
    series = _polynomial(_REMAINDER, big**-2) / big
    low = jnp.where(large, 1.0, a)
    plain = jax.lax.lgamma(low) - ((low - 0.5) * jnp.log(low) - low + _HALF_LOG_2PI)
    return jnp.where(large, series, plain)


def digamma_gap(a: Array) -> Array:
    """Compute log a - ψ(a), for a > 0, by recurrence into the asymptotic series.

    Source: DLMF 5.5.2 and 5.11.2.
    """
    large = a >= _SERIES_FROM
    far = jnp.where(large, a, a + _SHIFT)
    series = 0.5 / far + _polynomial(_GAP, far**-2) * far**-2
    low = jnp.where(large, 1.0, a)
    steps = sum((1.0 / (low + i) for i in range(1, _SHIFT)), 1.0 / low)
    return jnp.where(large, series, series + steps - jnp.log1p(_SHIFT / low))


def digamma_gap_drop(a: Array, b: Array) -> Array:
    """Compute digamma_gap(a) - digamma_gap(a + b) without cancellation where b is far below a."""
    large = a >= _SERIES_FROM
    near = jnp.where(large, a, _SERIES_FROM)
    inverse, inverse_far = 1.0 / near, 1.0 / (near + b)
    drop = b * inverse * inverse_far
    slope, value = jnp.zeros_like(near), jnp.zeros_like(near)
    for coefficient in (*_GAP[::-1], 0.0):  # Horner's scheme for a divided difference
        slope = slope * inverse**2 + value
        value = value * inverse_far**2 + coefficient
    series = drop * (0.5 + (inverse + inverse_far) * slope)
    low = jnp.where(large, 1.0, a)
    return jnp.where(large, series, digamma_gap(low) - digamma_gap(low + b))


def excess(m: Array, ratio: Array) -> Array:
    """Compute m - log(1 + m), where `ratio` is 1 + m, known without rounding near m = -1.

    Source: Loader (2000), the deviance function bd0.
    """
    small = jnp.abs(m) < _SMALL
    near = jnp.where(small, m, 0.0)
    r = near / (2 + near)
    series = near * r - 2 * r**3 * _polynomial(_ATANH, r**2)
    return jnp.where(small, series, m - jnp.log(jnp.where(small, 1.0, ratio)))


def log_ratio(m: Array, ratio: Array) -> Array:
    """Compute log(1 + m), where `ratio` is 1 + m, known without rounding near m = -1."""
    small = jnp.abs(m) < _SMALL
    near = jnp.log1p(jnp.where(small, m, 0.0))
    return jnp.where(small, near, jnp.log(jnp.where(small, 1.0, ratio)))


def shortfall(m: Array) -> Array:
    """Compute log(1 + m) - m / (1 + m), at least 0, for m > -1."""
    small = jnp.abs(m) < _SMALL
    near = jnp.where(small, m, 0.0)
    r = near / (2 + near)
    series = 2 * r**2 * (1 / (1 + r) + r * _polynomial(_ATANH, r**2))
    far = jnp.where(small, 1.0, m)
    return jnp.where(small, series, jnp.log1p(far) - far / (1 + far))
