"""Levels as all rows of a series tell them, those after a day too, and what stays open of them.

A filter says what was expected before a day. How much demand a past day hid is asked afterwards,
when later days have told where the level went. The filter's gains say which level it follows: the
random walk `rest` and the AR(1) `x` around it, seen through noise of variance 1 / information,
for which they are the steady gains of Kalman's filter. With I a typical information, g and r the
gains of level and rest in units of a Newton step, p the pull and K = (g - r, r):

    S = 1 / I / (1 - K_x / p - K_r),  cov(x, rest) = -K_x K_r S / (1 - p),
    var x = K_x S / p - cov,  Q_x = var x (1 - p^2) + K_x^2 S,  Q_rest = K_r^2 S.

The posterior mode of that level under the exact likelihood of every row (of "at least this much"
where a limit hid it) is found by Fisher scoring, each step a Kalman smoother; its covariance there
is Laplace's approximation, and whole paths are drawn from it backwards in time. Hidden days tell
as little as they do, missing ones nothing.

Source: Harvey (1989), Forecasting, structural time series models and the Kalman filter, for steady
gains; Durbin & Koopman (1997), Monte Carlo maximum likelihood estimation for non-Gaussian state
space models, for the mode; Carter & Kohn (1994), On Gibbs sampling for state space models, for
paths.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from assay.series.filter.objective import Block
from assay.series.filter.recursion import Gains, Scaling, clipped
from assay.series.law.rule import AbstractRule, Extra

NUDGE = 1e-3  # of the driven parameter, for the slope of a hidden row's score
LEAST = 1e-9  # a variance
NEAREST = 0.995  # of a pull to 1, where both parts would be one
MOST = 0.9  # of what a single observation may decide


class Walk(NamedTuple):
    """The level that gains are right for; one number a series each.

    Fields:
        pull: share of `x` that is left after a step.
        step_x: variance of its steps.
        step_rest: of those of `rest`.
        start_x: variance of `x` at first.
        start_rest: of `rest` at first.
    """

    pull: Array
    step_x: Array
    step_rest: Array
    start_x: Array
    start_rest: Array


class Spread(NamedTuple):
    """Covariance of `x` and `rest`."""

    x: Array
    both: Array
    rest: Array


class Told(NamedTuple):
    """What rows tell about the driven parameter; (steps, series) each.

    Fields:
        score: derivative of the log likelihood, clipped as a filter's.
        bend: minus its derivative, at least 0; of a row that nothing hid what is expected of it.
    """

    score: Array
    bend: Array


class Hindsight(NamedTuple):
    """The smoothed levels of a block.

    Fields:
        level: its mode, (steps, series).
        variance: around it, likewise.
        told: what each row tells there, to first order.
    """

    level: Array
    variance: Array
    told: Told


def newton_gain(gain: Array, information: Array, scaling: Scaling) -> Array:
    """A gain of the scaled score as one of the score over the information."""
    power = {"inverse": 0.0, "root": 0.5, "unit": 1.0}[scaling]
    return gain * information**power


def walk_of(
    gains: Gains, information: Array, scaling: Scaling, start: Float[Array, " series"]
) -> Walk:
    """The level for which gains are those of Kalman's filter.

    Args:
        gains: of the filter.
        information: typical one of a row of each series.
        scaling: of the score.
        start: standard deviation of what is open of each level at first.
    """
    pull = jnp.clip(gains.pull, 0.05, NEAREST)
    whole = newton_gain(gains.level, information, scaling)
    share = jnp.where(gains.level > 0, gains.rest / jnp.maximum(gains.level, LEAST), 0.0)
    # More than a single observation can decide no filter of this kind follows.
    whole = jnp.minimum(whole, MOST / ((1.0 - share) / pull + share))
    x, rest = whole * (1.0 - share), whole * share
    seen = 1.0 / information / (1.0 - x / pull - rest)
    both = -x * rest * seen / (1.0 - pull)
    var_x = x * seen / pull - both
    step_x = jnp.maximum(var_x * (1.0 - pull**2) + x**2 * seen, LEAST)
    step_rest = jnp.maximum(rest**2 * seen, LEAST)
    return Walk(pull, step_x, step_rest, step_x / (1.0 - pull**2), start**2 + LEAST)


def told(rule: AbstractRule, block: Block, eta: Array, extra: Extra, *, is_censored: bool) -> Told:
    """What each row tells about the driven parameter, at some values of it."""
    y, hidden, weight = block.seen
    y = jnp.where(weight > 0, y, rule.filler)
    information = rule.information(eta, extra) + jnp.zeros_like(eta)
    score, bend = rule.score(eta, extra, jnp.where(hidden, rule.filler, y)), information
    if is_censored:
        limit = jnp.where(hidden, y, rule.filler)
        above, next_to = rule.reach(jnp.stack([eta, eta + NUDGE]), extra, limit)[1]
        score = jnp.where(hidden, above, score)
        bend = jnp.where(hidden, (above - next_to) / NUDGE, bend)
    root = jnp.sqrt(information)
    bend = jnp.where(jnp.isfinite(bend), jnp.clip(bend, 0.0, 4.0 * information), 0.0)
    return Told(weight * root * clipped(score / root), weight * bend)


def _ahead(walk: Walk, x: Array, rest: Array, spread: Spread) -> tuple[Array, Array, Spread]:
    """Mean and covariance a step later."""
    return (
        walk.pull * x,
        rest,
        Spread(
            walk.pull**2 * spread.x + walk.step_x,
            walk.pull * spread.both,
            spread.rest + walk.step_rest,
        ),
    )


def _forward(walk: Walk, seen: Told, level: Array) -> tuple[Array, Array]:
    """Means, (2, steps, series), and covariances, (3, steps, series), after each row.

    Rows tell `score` and `bend` at `level`.
    """

    def step(state: tuple[Array, Array, Spread], row: tuple[Array, ...]):
        (x, rest, spread), (score, bend, at) = state, row
        to_x, to_rest = spread.x + spread.both, spread.both + spread.rest
        heard = 1.0 + bend * (to_x + to_rest)
        push = (score + bend * (at - x - rest)) / heard
        less = bend / heard
        x, rest = x + to_x * push, rest + to_rest * push
        spread = Spread(
            spread.x - less * to_x**2,
            spread.both - less * to_x * to_rest,
            spread.rest - less * to_rest**2,
        )
        return _ahead(walk, x, rest, spread), (jnp.stack([x, rest]), jnp.stack(spread))

    none = jnp.zeros_like(walk.pull)
    start = (none, none, Spread(walk.start_x, none, walk.start_rest))
    _, (means, spreads) = lax.scan(step, start, (seen.score, seen.bend, level))
    return means.swapaxes(0, 1), spreads.swapaxes(0, 1)


class _Back(NamedTuple):
    """How what comes after a row moves it: a 2 x 2 gain, and a covariance that is left."""

    xx: Array
    xr: Array
    rx: Array
    rr: Array
    left: Spread


def _back(walk: Walk, spread: Spread) -> _Back:
    """From the covariance after a row."""
    _, _, ahead = _ahead(walk, walk.pull, walk.pull, spread)
    det = jnp.maximum(ahead.x * ahead.rest - ahead.both**2, LEAST**2)
    # J = C F' P^-1
    xx = (walk.pull * spread.x * ahead.rest - spread.both * ahead.both) / det
    xr = (-walk.pull * spread.x * ahead.both + spread.both * ahead.x) / det
    rx = (walk.pull * spread.both * ahead.rest - spread.rest * ahead.both) / det
    rr = (-walk.pull * spread.both * ahead.both + spread.rest * ahead.x) / det
    # C - J F C
    left = Spread(
        jnp.maximum(spread.x - xx * walk.pull * spread.x - xr * spread.both, 0.0),
        spread.both - xx * walk.pull * spread.both - xr * spread.rest,
        jnp.maximum(spread.rest - rx * walk.pull * spread.both - rr * spread.rest, 0.0),
    )
    return _Back(xx, xr, rx, rr, left)


def _smoothed(walk: Walk, means: Array, spreads: Array) -> tuple[Array, Array]:
    """The level given all rows, and its variance, (steps, series) each."""

    def step(later: tuple[Array, Array, Spread], row: tuple[Array, Array]):
        (x, rest), spread = row[0], Spread(*row[1])
        back = _back(walk, spread)
        new_x, new_rest, was = later
        from_x, from_rest = new_x - walk.pull * x, new_rest - rest
        x, rest = (
            x + back.xx * from_x + back.xr * from_rest,
            rest + back.rx * from_x + back.rr * from_rest,
        )
        now = Spread(
            back.left.x + _form(back.xx, back.xr, was, back.xx, back.xr),
            back.left.both + _form(back.xx, back.xr, was, back.rx, back.rr),
            back.left.rest + _form(back.rx, back.rr, was, back.rx, back.rr),
        )
        return (x, rest, now), (x + rest, now.x + 2.0 * now.both + now.rest)

    last = _ahead(walk, means[0, -1], means[1, -1], Spread(*spreads[:, -1]))
    rows = (means.swapaxes(0, 1), spreads.swapaxes(0, 1))
    _, (level, variance) = lax.scan(step, last, rows, reverse=True)
    return level, variance


def _form(a: Array, b: Array, spread: Spread, c: Array, d: Array) -> Array:
    """(a, b) spread (c, d)'."""
    return a * c * spread.x + (a * d + b * c) * spread.both + b * d * spread.rest


@partial(jax.jit, static_argnames=("rule", "is_censored"))
def looked_back(
    block: Block,
    apart: Float[Array, "steps series"],
    level: Float[Array, "steps series"],
    walk: Walk,
    extra: Extra,
    *,
    rule: AbstractRule,
    is_censored: bool,
) -> Hindsight:
    """Smooth the levels of a block: a step of Fisher scoring.

    Args:
        block: the series.
        apart: all of the driven parameter but the level.
        level: where to begin, such as the filter's.
        walk: what the level does.
        extra: the family's other parameters.
        rule: of the family.
        is_censored: whether any row is hidden.
    """
    seen = told(rule, block, apart + level, extra, is_censored=is_censored)
    means, spreads = _forward(walk, seen, level)
    found, variance = _smoothed(walk, means, spreads)
    there = seen._replace(score=seen.score - seen.bend * (found - level))
    return Hindsight(found, variance, there)


@jax.jit
def drawn_back(walk: Walk, bend: Array, noise: Float[Array, "more 2 series draws"]) -> Array:
    """Errors of smoothed levels, drawn from their joint law, (steps, series, draws).

    Args:
        walk: what the level does.
        bend: what rows told of it, (steps, series).
        noise: standard normal, one more row than there are steps.
    """
    none = jnp.zeros_like(bend)
    _, spreads = _forward(walk, Told(none, bend), none)

    def moved(root: tuple[Array, Array, Array], z: Array) -> tuple[Array, Array]:
        x, lower, rest = (each.astype(z.dtype)[:, None] for each in root)
        return x * z[0], lower * z[0] + rest * z[1]

    def step(later: tuple[Array, Array], row: tuple[Array, Array]):
        back = _back(walk, Spread(*row[0]))
        own = moved(_root(back.left), row[1])
        xx, xr, rx, rr = (each.astype(noise.dtype)[:, None] for each in back[:4])
        x = xx * later[0] + xr * later[1] + own[0]
        rest = rx * later[0] + rr * later[1] + own[1]
        return (x, rest), x + rest

    end = _ahead(walk, walk.pull, walk.pull, Spread(*spreads[:, -1]))[2]
    start = moved(_root(end), noise[-1])
    return lax.scan(step, start, (spreads.swapaxes(0, 1), noise[:-1]), reverse=True)[1]


def _root(spread: Spread) -> tuple[Array, Array, Array]:
    """Cholesky's factor."""
    x = jnp.sqrt(jnp.maximum(spread.x, LEAST**2))
    lower = spread.both / x
    return x, lower, jnp.sqrt(jnp.maximum(spread.rest - lower**2, 0.0))
