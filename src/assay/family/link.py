"""Links: from any real number to a parameter, and back."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax.scipy.special import logit as _logit
from jaxtyping import Array


@dataclass(frozen=True)
class Link:
    """A smooth increasing map from the reals onto a parameter's range.

    Fields:
        name: as shown to users.
        forward: real number → parameter.
        inverse: parameter → real number.
        has_unit: whether the real line carries the target's unit (then priors scale with it).
    """

    name: str
    forward: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    has_unit: bool = False


def _same(value: Array) -> Array:
    return value


identity = Link("identity", _same, _same, has_unit=True)
log = Link("log", jnp.exp, jnp.log)
logit = Link("logit", jax.nn.sigmoid, _logit)
