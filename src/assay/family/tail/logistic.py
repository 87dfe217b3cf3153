"""Log probability below a point of the standard logistic distribution."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float


def log_expit(z: ArrayLike) -> Float[Array, "..."]:
    """Compute log(1 / (1 + exp(-z))), the log probability that a standard logistic is at most z.

    The upper tail is `log_expit(-z)`.

    Args:
        z: the point, any real number.

    Returns:
        The log probability. Its derivative is the upper tail, which is kept as a logarithm of its
        own, so that derivatives of every order keep their digits.
    """
    return _log_expit(jnp.asarray(z, dtype=float))


@jax.custom_jvp
def _log_expit(z: Array) -> Array:
    return jnp.minimum(z, 0.0) - jnp.log1p(jnp.exp(-jnp.abs(z)))


@_log_expit.defjvp
def _log_expit_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (z,), (direction,) = primals, tangents
    return _log_expit(z), jnp.exp(_log_expit(-z)) * direction
