"""The Tweedie's rule: tails by inverting the generating function along a bent line.

With z = 1 + scale · s, P(0 < Y <= c) is e^(-events) / 2πi times the integral of

    (exp(events z^-shape) - 1) exp(x (z - 1)) / (z - 1)

along a line that crosses the real axis beyond 1, and minus P(Y >= c) where it crosses before 1.
Talbot's line bends around all the integrand's singular points, so that a few nodes are enough.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

from assay.family import Tweedie
from assay.series.law.rule import AbstractRule, Extra, FamilyRule, Rows

FEW, MANY = 28, 128  # nodes of the line
OFTEN = 1.8  # shape of an event beyond which the integrand has more than one bell
SPACING = 0.36  # of the nodes where the line crosses the axis, in widths of the bell there
LEAST_DENSE = 2.2
PUSH = 6.0  # x z at the crossing at least: a lower one would ask for nodes far out
APART = 1.5  # widths of the bell from the pole
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
    law = _law(eta, dispersion, power, c)
    found = _sums(law)
    return found.log_reach, _slope(law, found, _ways(law, eta)[0])


@_reach.defjvp
def _reach_jvp(
    primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """All slopes from the sums of one pass, so that nothing of the nodes is kept for a way back."""
    law, eta = _law(*primals), primals[0]
    found = _sums(law)
    score = _slope(law, found, _ways(law, eta)[0])
    to_reach, to_score = jnp.zeros_like(score), jnp.zeros_like(score)
    for way, tangent in zip(_ways(law, eta), tangents[:3], strict=True):
        by_reach = _slope(law, found, way)
        to_reach = to_reach + by_reach * tangent
        to_score = to_score + (_bend(law, found, way) - score * by_reach) * tangent
    return (found.log_reach, score), (to_reach, to_score)


class _Law(NamedTuple):
    """Both ends of the power, number of events, shape of one, and c in units of its scale."""

    w: Array
    q: Array
    events: Array
    shape: Array
    x: Array


class _Way(NamedTuple):
    """A direction: how log events, the shape, log x and w move in it; q moves against w."""

    events: Array
    shape: Array
    x: Array
    w: Array


class _Sums(NamedTuple):
    """P(Y >= c) = some - T in logs, and sums over nodes that T and its slopes are made of.

    With e = events z^-shape, l = log z, v = x (z - 1), and a node's part of T with (`full`) and
    without (`less`) what no event adds: `e` is the sum of full e, `vv` that of less v v, and so on.
    All are over P(Y >= c), as is `rare`, the slope of `some` in log events.
    """

    log_reach: Array
    rare: Array
    t: Array
    v: Array
    vv: Array
    e: Array
    el: Array
    ev: Array
    elv: Array
    ee: Array
    eel: Array


def _law(eta: Array, dispersion: Array, power: Array, c: Array) -> _Law:
    eta, dispersion, power, c = jnp.broadcast_arrays(eta, dispersion, power, c)
    w, q = jax.nn.sigmoid(-power), jax.nn.sigmoid(power)
    strength = jnp.exp(w * eta - dispersion)
    return _Law(w, q, strength / w, jnp.exp(-power), strength * c * jnp.exp(-eta) / q)


def _ways(law: _Law, eta: Array) -> tuple[_Way, _Way, _Way]:
    """Directions of eta, log dispersion and the logit of power - 1."""
    zero, one = jnp.zeros_like(law.x), jnp.ones_like(law.x)
    bend = -law.w * law.q
    power = _Way(bend * eta + law.q, -law.shape, bend * eta - law.w, bend)
    return _Way(law.w, zero, -law.q, zero), _Way(-one, zero, -one, zero), power


def _slope(law: _Law, at: _Sums, way: _Way) -> Array:
    """Derivative of log P(Y >= c)."""
    moved = way.events * (at.e - law.events * at.t) - way.shape * at.el + way.x * at.v
    return way.events * at.rare - moved


def _bend(law: _Law, at: _Sums, way: _Way) -> Array:
    """Second derivative of P(Y >= c), in eta and in a direction, over it."""
    a, b, s, dw = way
    moved = a * (at.e - law.events * at.t) - b * at.el + s * at.v
    e = a * (at.ee + (1.0 - law.events) * at.e) - b * (at.eel + at.el) + s * at.ev
    v = a * (at.ev - law.events * at.v) - b * at.elv + s * (at.vv + at.v)
    t = dw * (at.e - law.events * at.t + at.v)
    t = t + law.w * (e - law.events * (a * at.t + moved)) - law.q * v
    return at.rare * (dw + law.w * a * (1.0 - law.events)) - t


def _sums(law: _Law) -> _Sums:
    """One pass over a line of few nodes, or of many where any row asks for them."""
    few, many = (partial(_along, law, nodes=nodes) for nodes in (FEW, MANY))
    return lax.cond(jnp.any(law.shape > OFTEN), many, few)


def _along(law: _Law, nodes: int) -> _Sums:
    """All sums over the nodes of one line.

    Source: Talbot (1979), The accurate numerical inversion of Laplace transforms; nodes in equal
        steps of the hyperbolic sine, as close as the bell is wide where the line crosses the axis.
    """
    events, shape, x = law.events, law.shape, law.x
    upper, crossing, width = _crossing(events, shape, x)
    log_z, weight = lax.optimization_barrier(_line(crossing, width, nodes))
    z = jnp.exp(log_z)
    height = events * crossing**-shape
    e, v = events * jnp.exp(-shape * log_z), x * (z - 1.0)
    # Over its height where the line crosses the axis, so that nothing overflows.
    weight = weight / (z - 1.0)
    full = weight * jnp.exp(e - height + x * (z - crossing))
    zero = weight * jnp.exp(x * (z - crossing) - height)
    small = height < 1.0
    less = jnp.where(small, zero * jnp.expm1(jnp.where(small, e, 0.0)), full - zero)
    e, v, log_z, less, fe = lax.optimization_barrier((e, v, log_z, less, full * e))
    parts = less, less * v, less * v * v, fe, fe * log_z, fe * v
    parts = (*parts, fe * log_z * v, fe * e, fe * e * log_z)
    found = [jnp.sum(jnp.real(part), axis=0) for part in parts]
    log_height = height - events + x * (crossing - 1.0)
    tiny, some = jnp.finfo(x.dtype).tiny, -jnp.expm1(-events)
    rest = jnp.log(jnp.maximum(some - jnp.exp(log_height) * found[0], tiny))
    log_reach = jnp.where(upper, log_height + jnp.log(jnp.maximum(-found[0], tiny)), rest)
    share = jnp.exp(log_height - log_reach)
    rare = jnp.where(upper, 0.0, events * jnp.exp(-events - log_reach))
    return _Sums(log_reach, rare, *(share * each for each in found))


def _line(crossing: Array, width: Array, nodes: int) -> tuple[Array, Array]:
    """Log z at each node, and the weight of its step."""
    dense = _dense(width, nodes)
    at = dense * ((jnp.arange(nodes) + 0.5) / nodes).reshape(-1, *(1,) * width.ndim)
    angle = jnp.pi * jnp.sinh(at) / jnp.sinh(dense)
    sine = jnp.sin(angle)
    out = angle / sine
    step = crossing * dense * jnp.cosh(at) / jnp.sinh(dense) / nodes
    turn = (out - jnp.cos(angle)) / sine
    return jnp.log(crossing * out) + 1j * angle, step * (1.0 + 1j * turn)


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


def _dense(width: Array, nodes: int) -> Array:
    """How much closer nodes stand at the axis than at the far end, from the bell's width there."""
    closer = jnp.pi / (SPACING * nodes * width)
    dense = jnp.full_like(width, 3.0)
    for _ in range(5):
        dense = jnp.arcsinh(jnp.maximum(closer * dense, 1.0))
    return jnp.clip(dense, LEAST_DENSE, 30.0)
