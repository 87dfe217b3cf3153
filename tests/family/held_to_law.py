"""Holds a count's log mass, log tails and their derivatives to its law in mpmath."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
from laws.law import Law

from assay.family import AbstractDistribution, AbstractFamily

ROWS = 4
POINTS = 24


@partial(jax.jit, static_argnums=0)
def derivatives(family: AbstractFamily, at: jax.Array, y: jax.Array) -> tuple[jax.Array, ...]:
    """Values (y, 3), gradients in both modes (y, 3, p) and second derivatives (y, 3, p, p)."""

    def three(at: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        distribution = bind(family, at)
        values = jnp.stack([distribution.log_prob(y), *distribution.log_tails(y)])
        return values, values

    def backward(at: jax.Array, y: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        slopes, values = jax.jacrev(three, has_aux=True)(at, y)
        return slopes, (values, slopes)

    def everything(at: jax.Array, y: jax.Array) -> tuple[jax.Array, ...]:
        bends, (values, slopes) = jax.jacfwd(backward, has_aux=True)(at, y)
        return values, jax.jacfwd(three, has_aux=True)(at, y)[0], slopes, bends

    return jax.vmap(everything, in_axes=(None, 0))(at, y)


@jax.jit
def _three(distribution: AbstractDistribution, k: jax.Array) -> tuple[jax.Array, ...]:
    return (distribution.log_prob(k), *distribution.log_tails(k))


def ask(distribution: AbstractDistribution, k: np.ndarray) -> tuple[np.ndarray, ...]:
    """Log mass, log cdf and log sf; in one shape, so that a family compiles once."""
    k = np.atleast_1d(np.asarray(k, dtype=float))
    padded = np.concatenate([k, np.repeat(k[-1:], -len(k) % POINTS)])
    parts = [_three(distribution, cut) for cut in padded.reshape(-1, POINTS)]
    return tuple(np.concatenate(each)[: len(k)] for each in zip(*parts, strict=True))


def bind(family: AbstractFamily, at: Sequence[float] | jax.Array) -> AbstractDistribution:
    """The family with natural parameters in their order."""
    names = [parameter.name for parameter in family.parameters]
    return family.bind(dict(zip(names, jnp.asarray(at, dtype=float), strict=True)), {})


@partial(jax.jit, static_argnums=0)
def spread(family: AbstractFamily, at: jax.Array) -> jax.Array:
    """Values from far below the median to far above it."""
    distribution = bind(family, at)
    low = distribution.lower_quantile(jnp.asarray([-9000.0, -3.0]))
    return jnp.concatenate([low, distribution.upper_quantile(jnp.asarray([-1.0, -9000.0]))])


def _slope(formula: Callable, at: list[mp.mpf], which: int, width: mp.mpf) -> mp.mpf:
    up, down = ([*at[:which], at[which] + sign * width, *at[which + 1 :]] for sign in (1, -1))
    return (formula(*up) - formula(*down)) / (2 * width)


def worst_errors(
    family: AbstractFamily, law: Law, values: Mapping[str, float], y: Sequence[float] | None = None
) -> dict[str, float]:
    """Largest errors of values, gradients and second derivatives, each relative to its bound.

    The scale of a parameter is its size, or 1 for those that lie on the whole line.
    """
    names = [parameter.name for parameter in family.parameters]
    at = jnp.asarray([values[name] for name in names])
    points = np.asarray(spread(family, at)) if y is None else np.asarray(y, dtype=float)
    padded = np.concatenate([points, np.repeat(points[-1:], ROWS - len(points))])
    found = [np.asarray(each) for each in derivatives(family, at, jnp.asarray(padded))]
    scales = [
        1.0 if parameter.link.name == "identity" else abs(values[parameter.name])
        for parameter in family.parameters
    ]
    worst = {"value": 0.0, "gradient": 0.0, "second": 0.0}
    for row, point in enumerate(dict.fromkeys(points)):
        row = int(np.flatnonzero(points == point)[0])
        for j, formula in enumerate((law.log_prob, law.log_cdf, law.log_sf)):
            errors = _errors(
                formula, float(point), names, values, scales, [f[row, j] for f in found]
            )
            worst = {name: max(worst[name], errors[name]) for name in worst}
    return worst


def _errors(
    law: Callable,
    point: float,
    names: list[str],
    values: Mapping[str, float],
    scales: list[float],
    found: list[np.ndarray],
) -> dict[str, float]:
    at = [mp.mpf(values[name]) for name in names]
    formula = lambda *near: law(mp.mpf(point), **dict(zip(names, near, strict=True)))  # noqa: E731
    value, forward, backward, bends = found
    truth = formula(*at)
    if mp.isinf(truth) or truth == 0:
        flat = value == float(truth) and not forward.any() and not backward.any()
        return dict.fromkeys(("value", "gradient", "second"), 0.0 if flat else np.inf)
    least = 1 if law.__name__ == "log_prob" else mp.mpf(10) ** -290
    gradients, seconds = [], []
    for i, scale in enumerate(scales):
        want = _slope(formula, at, i, scale * mp.mpf("1e-24"))
        size = max(abs(want), 1 / mp.mpf(scale))
        gradients += [_off(each[i], want, size) for each in (forward, backward)]
        for j, other in enumerate(scales[: i + 1]):
            width = scale * mp.mpf("1e-20")
            within = lambda *near, i=i, w=width: _slope(formula, list(near), i, w)  # noqa: E731
            want = _slope(within, at, j, other * mp.mpf("1e-19"))
            seconds.append(_off(bends[i, j], want, max(abs(want), 1 / mp.mpf(scale) / other)))
    return {
        "value": _off(value, truth, max(abs(truth), least)),
        "gradient": max(gradients),
        "second": max(seconds),
    }


def _off(found: float, want: mp.mpf, size: mp.mpf) -> float:
    if size > mp.mpf(10) ** 290:
        return 0.0
    return float(abs(mp.mpf(float(found)) - want) / size) if np.isfinite(found) else np.inf
