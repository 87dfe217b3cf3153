"""The log of a sum of positive terms, with derivatives from sums that run beside it."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

Sums = tuple[Array, Array, Array, Array, Array, Array, Array]


def log_sum(sums: Callable[..., Sums]) -> Callable[[tuple[Any, ...], Array, Array], Array]:
    """Make the log of a sum differentiable twice, in either mode, whatever loop it takes.

    Args:
        sums: from its arguments to c, Σt, Σt·s1, Σt·s2, Σt(s1² + s11), Σt(s1·s2 + s12) and
            Σt(s2² + s22), where the terms are t·e^c, s1 and s2 the derivatives of their logarithms
            in two coordinates, and s11, s12, s22 the second ones. What nobody asks for, the
            compiler drops.

    Returns:
        A function of the arguments and both coordinates; the latter carry all the gradient, the
        former must follow from them. One loop answers at every order.
    """

    @jax.custom_jvp
    def value(arguments: tuple[Any, ...], one: Array, two: Array) -> Array:
        del one, two
        scale, total, *_ = sums(*arguments)
        return scale + jnp.log(total)

    @value.defjvp
    def _(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Array, Array]:
        log_total, by_one, by_two = slopes(*primals)
        return log_total, by_one * tangents[1] + by_two * tangents[2]

    @jax.custom_jvp
    def slopes(arguments: tuple[Any, ...], one: Array, two: Array) -> tuple[Array, Array, Array]:
        del one, two
        scale, total, first, second, *_ = sums(*arguments)
        return scale + jnp.log(total), first / total, second / total

    @slopes.defjvp
    def _(
        primals: tuple[Any, ...], tangents: tuple[Any, ...]
    ) -> tuple[tuple[Array, Array, Array], tuple[Array, Array, Array]]:
        (arguments, _, _), (_, to_one, to_two) = primals, tangents
        scale, total, *others = sums(*arguments)
        s1, s2, s11, s12, s22 = (other / total for other in others)
        s11, s12, s22 = s11 - s1**2, s12 - s1 * s2, s22 - s2**2
        to_log = s1 * to_one + s2 * to_two
        to_slopes = s11 * to_one + s12 * to_two, s12 * to_one + s22 * to_two
        return (scale + jnp.log(total), s1, s2), (to_log, *to_slopes)

    return value
