"""Log probability below a point of the standard normal, and its inverse."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from assay.family.tail.log1mexp import log1mexp

_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))
_LOG_HALF = -float(np.log(2))
_FARTHEST = 1e150  # its square still fits; beyond, z counts as infinite
_HALLEY_STEPS = 3
# Chebyshev coefficients of (1 + t) m(t) in (t - 5) / (t + 5), where m = (1 - Φ) / φ is Mills'
# ratio and t >= 0: interpolation at 80 Chebyshev points with 40 digits, cut at 1e-18.
_CHEBYSHEV = (
    1.1579976221305188,
    -0.1633449388451398,
    -0.013683136055781576,
    0.03082200019810004,
    -0.016220073012046806,
    0.005616691016460094,
    -0.0014133933783549216,
    0.0002502625460725661,
    -2.468907239728387e-05,
    -1.0107964061837592e-06,
    7.495419179740573e-07,
    -7.600274268728337e-08,
    -1.1574771441328644e-08,
    3.333386472599843e-09,
    7.538039628171347e-11,
    -1.1104247263727494e-10,
    3.509243776551059e-12,
    3.6894953861750955e-12,
    -2.3376697776383095e-13,
    -1.3271797523541405e-13,
    9.921706995888276e-15,
    5.276004995455379e-15,
    -3.373097694187922e-16,
    -2.2804338776379946e-16,
    7.496330565808626e-18,
    1.0328041877290668e-17,
    1.4940578561247512e-19,
    -4.677069248126329e-19,
)


@jax.custom_jvp
def _mills(t: Array) -> Array:
    """Mills' ratio, upper tail over density, for 0 <= t."""
    c = (t - 5) / (t + 5)
    now, before = jnp.zeros_like(t), jnp.zeros_like(t)
    for coefficient in _CHEBYSHEV[:0:-1]:  # Clenshaw's recurrence
        now, before = 2 * c * now - before + coefficient, now
    return (c * now - before + _CHEBYSHEV[0]) / (1 + t)


@_mills.defjvp
def _mills_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (t,), (direction,) = primals, tangents
    value = _mills(t)
    return value, (t * value - 1) * direction


def _log_density(z: Array) -> Array:
    return -0.5 * z**2 - _HALF_LOG_2PI


def log_ndtr(z: ArrayLike) -> Float[Array, "..."]:
    """Compute log Φ(z), the log probability that a standard normal is at most z.

    The upper tail, the log probability of more than z, is `log_ndtr(-z)`.

    Args:
        z: the point, in standard deviations; finite values are right on both sides.

    Returns:
        log Φ(z); its gradient is φ/Φ, and 0 where `z` is infinite (beyond 1e150).

    Source: Shepherd & Laframboise (1981), Chebyshev approximation of (1 + 2x) exp(x²) erfc x,
        here for Mills' ratio in (t - 5) / (t + 5).
    """
    z = jnp.asarray(z, dtype=float)
    inside = jnp.abs(z) < _FARTHEST
    value = _log_ndtr(jnp.where(inside, z, 0.0))
    beyond = jnp.where(z < 0, -jnp.inf, jnp.where(z > 0, 0.0, jnp.nan))
    return jnp.where(inside, value, beyond)


@jax.custom_jvp
def _log_ndtr(z: Array) -> Array:
    small = _log_density(z) + jnp.log(_mills(jnp.abs(z)))
    return jnp.where(z < 0, small, log1mexp(small))


@_log_ndtr.defjvp
def _log_ndtr_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (z,), (direction,) = primals, tangents
    value = _log_ndtr(z)
    return value, _score(z, value) * direction


def _score(z: Array, log_p: Array) -> Array:
    """Derivative φ/Φ of log Φ: on the lower side straight from Mills' ratio."""
    low = z < 0
    lower = 1 / _mills(jnp.where(low, -z, 0.0))
    upper = jnp.exp(_log_density(jnp.where(low, 0.0, z)) - jnp.where(low, 0.0, log_p))
    return jnp.where(low, lower, upper)


def log_ndtri(log_p: ArrayLike) -> Float[Array, "..."]:
    """Find z with log Φ(z) = log_p, the standard normal quantile of a log probability.

    For an upper tail `log_q` the quantile is `-log_ndtri(log_q)`, right where 1 - p rounds to 1.

    Args:
        log_p: log probability, below 0.

    Returns:
        The quantile, with gradient Φ/φ; ±inf with gradient 0 at log_p = -inf and 0, nan above 0.

    Source: Halley steps on Mills' ratio; the start is the leading term of DLMF 7.17.
    """
    log_p = jnp.asarray(log_p, dtype=float)
    inside = (log_p > -_FARTHEST) & (log_p < -1e-300)
    value = _log_ndtri(jnp.where(inside, log_p, -1.0))
    beyond = jnp.where(log_p < -1, -jnp.inf, jnp.where(log_p <= 0, jnp.inf, jnp.nan))
    return jnp.where(inside, value, beyond)


@jax.custom_jvp
def _log_ndtri(log_p: Array) -> Array:
    lower = log_p <= _LOG_HALF
    distance = _upper_point(jnp.where(lower, log_p, log1mexp(jnp.where(lower, -0.5, log_p))))
    return jnp.where(lower, -distance, distance)


@_log_ndtri.defjvp
def _log_ndtri_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (log_p,), (direction,) = primals, tangents
    z = _log_ndtri(log_p)
    return z, direction / _score(z, log_p)


def _upper_point(log_tail: Array) -> Array:
    """Find t >= 0 whose upper tail has this log probability, at most log 1/2."""
    r = jnp.sqrt(-2 * log_tail)
    t = r - jnp.log(2.5066 * r + 1) / r
    for _ in range(_HALLEY_STEPS):
        mills = _mills(t)
        miss = _log_density(t) + jnp.log(mills) - log_tail
        newton = miss * mills
        t = jnp.maximum(t + newton / (1 + newton * (1 / mills - t) / 2), 0.0)
    return t
