"""Tails of the Tweedie law for many events, from its generating function.

With z = 1 - (scale) s the tail is 1/(2πi) times the integral of
exp(events (z^-shape - 1) + x (z - 1)) / |1 - z| over a line beside z = 1. In the log of z over its
saddle point the exponent is minus the deviance plus n0 (E(-shape v) + shape E(v)), where
E(v) = e^v - 1 - v: no term is large where the result is small, however many events there are.
"""

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

from assay.family.tail.tweedie import unit_deviance

_NODES = 24
_DEPTH = 39.0
_LEAST_STRENGTH, _LEAST_SPREAD = 40.0, 2.5
_HERE = tuple(float(1 / np.prod(np.arange(1.0, k + 1))) for k in range(2, 14))
_SINE = tuple(float((-1) ** k / np.prod(np.arange(1.0, 2 * k + 2))) for k in range(1, 12))


def many_events(strength: Array, r: Array, w: Array, q: Array) -> Array:
    """Whether the line is exact: a bell of many events at y, and of more than a few alike."""
    at_y = strength * jnp.exp(w * r)
    return (at_y >= _LEAST_STRENGTH) & (at_y / w * q >= _LEAST_SPREAD)


def log_small_tail(strength: Array, r: Array, w: Array, q: Array, upper: Array) -> Array:
    """Log of the tail above (r >= 0) or below (r <= 0), where there are many events.

    Source: Daniels (1954), Saddlepoint approximations in statistics, for the line; the sum in
        equal steps over it is exact but for the pole at z = 1, whose part is known (Goodwin 1949).
    """
    at_y, shape, sign = strength * jnp.exp(w * r), w / q, jnp.where(upper, 1.0, -1.0)
    # In v = log(z / saddle): the saddle at 0 with width `sd`, the pole at q r.
    pole = q * r
    sd, place = (lax.stop_gradient(each) for each in _line(at_y, q, pole, sign))
    reach = lax.stop_gradient(q * jnp.arccos(jnp.maximum(1 - _DEPTH / at_y, -1.0)))
    step = reach / _NODES
    k = jnp.arange(_NODES + 1.0).reshape(-1, *(1,) * sd.ndim)
    angle = step * k
    grow, turn = _exponent(at_y / w, shape, place, angle)
    # 1 / (e^(pole - v) - 1), real and imaginary part of the denominator.
    size = jnp.exp(pole - place)
    real = jnp.expm1(pole - place) - 2 * size * jnp.sin(angle / 2) ** 2
    imaginary = -size * jnp.sin(angle)
    height = jnp.exp(grow) * (jnp.cos(turn) * real + jnp.sin(turn) * imaginary)
    height = height / (real**2 + imaginary**2)
    total = sign * step / jnp.pi * (height.sum(0) - height[0] / 2)
    deviance = strength * unit_deviance(r, w, q)
    distance = sign * (pole - place)
    return jnp.log(total - _pole_part(deviance, distance, step, sd)) - deviance


def _line(at_y: Array, q: Array, pole: Array, sign: Array) -> tuple[Array, Array]:
    """Width of the bell, and the line: at the saddle of the integrand with its pole."""
    sd = q / jnp.sqrt(at_y)
    away = jnp.abs(pole)
    return sd, -sign * 2 * sd**2 / (away + jnp.sqrt(away**2 + 4 * sd**2))


def _exponent(n0: Array, shape: Array, place: Array, angle: Array) -> tuple[Array, Array]:
    """Real and imaginary part of n0 (E(-shape v) + shape E(v)) at v = place + i angle."""
    real, imaginary = _excess_exp(place, angle)
    real_n, imaginary_n = _excess_exp(-shape * place, -shape * angle)
    return n0 * (real_n + shape * real), n0 * (imaginary_n + shape * imaginary)


def _excess_exp(a: Array, b: Array) -> tuple[Array, Array]:
    """Real and imaginary part of e^v - 1 - v at v = a + ib, |a| < 0.3 and |b| < 1.7."""
    growth = jnp.exp(a)
    real = _series(_HERE, a) * a**2 - 2 * growth * jnp.sin(b / 2) ** 2
    return real, jnp.expm1(a) * jnp.sin(b) + _series(_SINE, b**2) * b**3


def _series(coefficients: tuple[float, ...], t: Array) -> Array:
    value = jnp.full_like(t, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * t + coefficient
    return value


def _pole_part(deviance: Array, distance: Array, step: Array, sd: Array) -> Array:
    """What the sum in equal steps has too much, on account of the pole beside the line."""
    near = distance < 7 * sd
    exponent = jnp.where(near, 2 * jnp.pi * distance / step, 1.0)
    part = jnp.exp(jnp.where(near, deviance, 0.0)) / jnp.expm1(exponent)
    return jnp.where(near, part, 0.0)
