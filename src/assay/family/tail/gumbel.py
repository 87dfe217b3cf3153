"""The mean of a Gumbel variable above a point, and its quantile in either tail."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family.tail.log1mexp import log1mexpexp
from assay.family.tail.quadrature import integrate

_EULER = float(np.euler_gamma)
# exp(-_FAR) / _FAR is nothing beside log(_FAR).
_FAR = 37.0
_SERIES_BELOW = -12.0


@jax.custom_jvp
def gumbel_excess(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """Compute E max(Z - z, 0) for a standard Gumbel variable (of maxima).

    It is the entire exponential integral Ein(x) = ∫ (1 - e^-t)/t dt from 0 to x = e^-z, by
    quadrature, and log x + γ where x is large.

    Args:
        z: the point, in scales from the mode.

    Source: DLMF 6.2.3 and 6.2.4.
    """
    far = -z > np.log(_FAR)
    x = jnp.exp(-jnp.where(far, 0.0, z))
    (entire,) = integrate(lambda t: (-jnp.expm1(-t) / t,), x, 1)
    return jnp.where(far, _EULER - z, entire)


@gumbel_excess.defjvp
def _gumbel_excess_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (z,), (direction,) = primals, tangents
    return gumbel_excess(z), -jnp.exp(log1mexpexp(-z)) * direction


def gumbel_quantile(log_p: Float[Array, "..."], log_q: Float[Array, "..."]) -> Float[Array, "..."]:
    """Find z such that a standard Gumbel variable is at most z with probability exp(log_p).

    Args:
        log_p: log of the lower tail, below 0.
        log_q: log of the upper tail; used where the lower one is too close to 0 to be held.
    """
    high = log_q < _SERIES_BELOW
    q = jnp.exp(jnp.where(high, log_q, _SERIES_BELOW))
    # log(-log(1 - q)) = log q + q/2 + 5 q²/24 + ...
    far = log_q + q / 2 + 5 * q**2 / 24
    near = jnp.log(-jnp.where(high, -1.0, log_p))
    return -jnp.where(high, far, near)
