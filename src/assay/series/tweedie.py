"""The Tweedie's rule: tails by inverting the generating function along a bent line.

With z = 1 + scale · s, P(0 < Y <= c) is e^(-events) / 2πi times the integral of

    (exp(events z^-shape) - 1) exp(x (z - 1)) / (z - 1)

along a line that crosses the real axis beyond 1, and minus P(Y >= c) where it crosses before 1.
Talbot's line bends around all the integrand's singular points, so that a few nodes are enough.
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

from assay.family import Tweedie
from assay.series.rule import AbstractRule, Extra, FamilyRule, Rows

FEW, MANY = 28, 128  # nodes of the line
OFTEN = 1.8  # shape of an event beyond which the integrand has more than one bell
SPACING = 0.36  # of the nodes where the line crosses the axis, in widths of the bell there
LEAST_DENSE = 2.2
PUSH = 6.0  # x z at the crossing at least: a lower one would ask for nodes far out
APART = 1.5  # widths of the bell from the pole
_LARGE = 600.0
_EXACT = FamilyRule(Tweedie(), "mean")


@dataclass(frozen=True)
class TweedieRule(AbstractRule):
    """Zeros and amounts whose mean is driven; `extra` is log dispersion and logit of power - 1."""

    @property
    def names(self) -> tuple[str, ...]:
        return ("dispersion", "power")

    @property
    def filler(self) -> float:
        return 1.0

    def log_prob(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        return _EXACT.log_prob(eta, extra, y)

    def score(self, eta: Rows, extra: Extra, y: Rows) -> Rows:
        return self.information(eta, extra) * (y * jnp.exp(-eta) - 1.0)

    def reach(self, eta: Rows, extra: Extra, limit: Rows) -> tuple[Rows, Rows]:
        some = limit > 0
        log_reach, score = _reach(eta, *extra, jnp.where(some, limit, 1.0))
        return jnp.where(some, log_reach, 0.0), jnp.where(some, score, 0.0)

    def information(self, eta: Rows, extra: Extra) -> Rows:
        return _EXACT.information(eta, extra)


@jax.custom_jvp
def _reach(eta: Array, dispersion: Array, power: Array, c: Array) -> tuple[Array, Array]:
    """Log P(Y >= c) for c > 0, and its derivative in eta."""
    return _with_slope(eta, dispersion, power, c)


@_reach.defjvp
def _reach_jvp(
    primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """All slopes in one pass forwards, so that nothing of the nodes is kept for a way back."""
    *at, c = jnp.broadcast_arrays(*primals)
    to_reach, to_score, found = jnp.zeros_like(c), jnp.zeros_like(c), None
    for k, tangent in enumerate(tangents[:3]):
        along = tuple(jnp.ones_like(c) if j == k else jnp.zeros_like(c) for j in range(3))
        found, (by_reach, by_score) = jax.jvp(partial(_with_slope, c=c), tuple(at), along)
        to_reach, to_score = to_reach + by_reach * tangent, to_score + by_score * tangent
    assert found is not None
    return found, (to_reach, to_score)


def _with_slope(eta: Array, dispersion: Array, power: Array, c: Array) -> tuple[Array, Array]:
    eta, dispersion, power, c = jnp.broadcast_arrays(eta, dispersion, power, c)
    return jax.jvp(lambda at: _log_reach(at, dispersion, power, c), (eta,), (jnp.ones_like(eta),))


def _log_reach(eta: Array, dispersion: Array, power: Array, c: Array) -> Array:
    w, q = jax.nn.sigmoid(-power), jax.nn.sigmoid(power)
    strength = jnp.exp(w * eta - dispersion)
    events, shape, x = strength / w, jnp.exp(-power), strength * c * jnp.exp(-eta) / q
    line = tuple(lax.stop_gradient(each) for each in _crossing(events, shape, x))

    def few() -> Array:
        return _log_tail(events, shape, x, *line, FEW)

    def many() -> Array:
        return _log_tail(events, shape, x, *line, MANY)

    tail, upper = lax.cond(jnp.any(shape > OFTEN), many, few), line[0]
    some = -jnp.expm1(-events)
    least = jnp.finfo(x.dtype).tiny
    below = jnp.exp(jnp.where(upper, -jnp.inf, tail))
    return jnp.where(upper, tail, jnp.log(jnp.maximum(some - below, least)))


def _crossing(events: Array, shape: Array, x: Array) -> tuple[Array, Array, Array]:
    """Whether the line gives the upper tail, where it crosses the axis, and the bell's width.

    The crossing is the saddle point of the integrand without its pole, kept apart from the pole.
    """
    saddle = (shape * events / x) ** (1.0 / (1.0 + shape))
    upper = (saddle < 1.0) & (x > 1.3 * PUSH)
    width = 1.0 / jnp.sqrt(x * saddle * (1.0 + shape))
    apart = APART * width
    far = jnp.maximum(saddle, PUSH / x)
    before = jnp.minimum(far, 1.0 - jnp.minimum(apart, 0.25))
    beyond = jnp.maximum(far, 1.0 + jnp.minimum(apart, 0.5))
    return upper, jnp.where(upper, before, beyond), width


def _log_tail(
    events: Array,
    shape: Array,
    x: Array,
    upper: Array,
    crossing: Array,
    width: Array,
    nodes: int,
) -> Array:
    """Log P(Y >= c), or log P(0 < Y <= c).

    Source: Talbot (1979), The accurate numerical inversion of Laplace transforms; nodes in equal
        steps of the hyperbolic sine, as close as the bell is wide where the line crosses the axis.
    """
    height = events * crossing**-shape
    lowered = lax.stop_gradient(jnp.where(height > _LARGE, height, 0.0))
    log_crossing, sign = jnp.log(crossing), jnp.where(upper, -1.0, 1.0)
    dense = lax.stop_gradient(_dense(width, nodes))

    def add(k: Array, total: Array) -> Array:
        at = dense * ((k + 0.5) / nodes)
        angle = jnp.pi * jnp.sinh(at) / jnp.sinh(dense)
        weight = dense * jnp.cosh(at) / jnp.sinh(dense) / nodes
        sine = jnp.sin(angle)
        out = angle / sine
        turn = (out - jnp.cos(angle)) / sine
        log_z = log_crossing + jnp.log(out) + 1j * angle
        z = crossing * out * (jnp.cos(angle) + 1j * sine)
        grown = jnp.expm1(events * jnp.exp(-shape * log_z) - lowered) + (lowered > 0)
        value = grown * jnp.exp(x * (z - crossing)) * (1.0 + 1j * turn) / (z - 1.0)
        return total + weight * jnp.real(value)

    total = lax.fori_loop(0, nodes, add, jnp.zeros_like(x))
    total = jnp.maximum(sign * crossing * total, jnp.finfo(x.dtype).tiny)
    return jnp.log(total) + lowered + x * crossing - events - x


def _dense(width: Array, nodes: int) -> Array:
    """How much closer nodes stand at the axis than at the far end, from the bell's width there."""
    closer = jnp.pi / (SPACING * nodes * width)
    dense = jnp.full_like(width, 3.0)
    for _ in range(5):
        dense = jnp.arcsinh(jnp.maximum(closer * dense, 1.0))
    return jnp.clip(dense, LEAST_DENSE, 30.0)
