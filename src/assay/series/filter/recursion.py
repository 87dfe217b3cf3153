"""The filter: states that each observation moves by its scaled score.

The linked parameter of a family is

    eta_t = fixed_t + level_t + basis_t · season_t,

where `fixed` holds all that no observation moves (the starting level, the starting season, effects
of features, the log of exposure) and the states start at 0. With u_t the clipped, scaled score and
w_t the weight of an observation (0 where it is missing or the shop is closed):

    slope ← 0.9 slope + g_trend w u,    rest ← rest + g_rest w u,
    level ← rest + pull · (level − rest) + slope + g_level w u   (rest before it moved),
    season ← season + g_season w u · push_t.

What of a move passes and what stays are two gains: a level that returns to a fixed place forecasts
the long past of a series that has drifted away from it.

Source: Harvey (2013), Dynamic models for volatility and heavy tails; Creal, Koopman & Lucas (2013).
"""

from typing import Literal, NamedTuple, TypeAlias

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from assay.series.law.rule import AbstractRule, Extra

Scaling: TypeAlias = Literal["inverse", "root", "unit"]
CLIP = 5.0
FAR = 1e3  # clips beyond which more makes no difference, and a fourth power might overflow
DAMPING = 0.9


class Seen(NamedTuple):
    """What was seen of many series, one row a step and one column a series.

    Fields:
        y: values, or the limits that hid them; anything where the weight is 0.
        hidden: whether the value is known only to be `y` or more.
        weight: how often each observation counts; 0 where there is none.
    """

    y: Float[Array, "steps series"]
    hidden: Bool[Array, "steps series"]
    weight: Float[Array, "steps series"]


class Calendar(NamedTuple):
    """What the seasons do at each step, the same for all series.

    Fields:
        basis: what of each seasonal state counts.
        push: how far each moves so that the season of this step moves by 1.
        share: what of a step's information is about each, on average.
        pace: what each forgets of its start while its season moves by 1, on average.
    """

    basis: Float[Array, "steps states"]
    push: Float[Array, "steps states"]
    share: Float[Array, " states"]
    pace: Float[Array, " states"]


class Gains(NamedTuple):
    """How fast states follow what is seen.

    Fields:
        level: of the level.
        trend: of its slope; 0 for none.
        rest: of the place that the level returns to.
        season: of each seasonal state.
        pull: share of the level's distance from there that is left after a step.
    """

    level: Float[Array, " series"]
    trend: Float[Array, " series"]
    rest: Float[Array, " series"]
    season: Float[Array, "states series"]
    pull: Float[Array, " series"]


class State(NamedTuple):
    """Where the states of each series are before a step."""

    level: Float[Array, " series"]
    slope: Float[Array, " series"]
    rest: Float[Array, " series"]
    season: Float[Array, "states series"]


def at_rest(states: int, like: Array) -> State:
    """All states at 0.

    Args:
        states: seasonal ones.
        like: one number a series, for their kind.
    """
    none = jnp.zeros_like(like)
    return State(none, none, none, jnp.zeros((states, *like.shape), like.dtype))


def clipped(score: Array) -> Array:
    """The score, bounded softly, so that one wild value cannot make simulated paths explode.

    Moves of ordinary size are left as they are: bent ones no longer have a mean of 0 where values
    are skewed, and then levels fall behind by a per cent or two.
    """
    share = jnp.clip(score / CLIP, -FAR, FAR)
    return CLIP * share * lax.rsqrt(jnp.sqrt(1.0 + share**4))


def scaled(score: Array, information: Array, scaling: Scaling) -> Array:
    """The score divided by a power of the information."""
    if scaling == "inverse":
        return score / information
    return score / jnp.sqrt(information) if scaling == "root" else score


def moved(state: State, gains: Gains, push: Array, move: Array) -> State:
    """The states after an observation whose weighted, clipped score is `move`."""
    slope = DAMPING * state.slope + gains.trend * move
    level = state.rest + gains.pull * (state.level - state.rest) + slope + gains.level * move
    rest = state.rest + gains.rest * move
    if not push.shape[-1]:
        return State(level, slope, rest, state.season)
    each = push.reshape(-1, *(1,) * move.ndim)
    return State(level, slope, rest, state.season + gains.season * each * move)


def height(state: State, basis: Array) -> Array:
    """What the states add to the linked parameter."""
    if not basis.shape[-1]:
        return state.level
    return state.level + jnp.tensordot(basis, state.season, 1)


def run(
    rule: AbstractRule,
    scaling: Scaling,
    seen: Seen,
    calendar: Calendar,
    fixed: Float[Array, "steps series"],
    gains: Gains,
    extra: Extra,
    *,
    is_censored: bool,
) -> tuple[Array, Array, State]:
    """Filter many series at once.

    Args:
        rule: of the family.
        scaling: of its score.
        seen: what was seen.
        calendar: of the steps.
        fixed: what no observation moves.
        gains: how fast states follow.
        extra: the family's other parameters before their links, one number a series.
        is_censored: whether any row is hidden; where none is, tails are not even compiled.

    Returns:
        The linked parameter before each observation, the log probability of reaching the limit
        (0 where nothing is hidden), (steps, series), and the states after the last step.
    """

    def step(state: State, row: tuple[Array, ...]) -> tuple[State, tuple[Array, Array]]:
        fixed_now, y, hidden, weight, basis, push = row
        eta = fixed_now + height(state, basis)
        score = rule.score(eta, extra, jnp.where(hidden, rule.filler, y))
        log_reach = jnp.zeros_like(eta)
        if is_censored:
            log_reach, above = rule.reach(eta, extra, jnp.where(hidden, y, rule.filler))
            score, log_reach = jnp.where(hidden, above, score), jnp.where(hidden, log_reach, 0.0)
        move = weight * clipped(scaled(score, rule.information(eta, extra), scaling))
        move, log_reach = move.astype(eta.dtype), log_reach.astype(eta.dtype)
        return moved(state, gains, push, move), (eta, log_reach)

    y = jnp.where(seen.weight > 0, seen.y, rule.filler)
    rows = (fixed, y, seen.hidden, seen.weight, calendar.basis, calendar.push)
    start = at_rest(calendar.basis.shape[1], gains.level)
    end, (eta, log_reach) = lax.scan(step, start, rows)
    return eta, log_reach, end


def log_likelihood(
    rule: AbstractRule, seen: Seen, eta: Array, log_reach: Array, extra: Extra
) -> Float[Array, " series"]:
    """Of each series, given what `run` found."""
    y = jnp.where((seen.weight > 0) & ~seen.hidden, seen.y, rule.filler)
    exact = rule.log_prob(eta, extra, y)
    return jnp.sum(seen.weight * jnp.where(seen.hidden, log_reach, exact), axis=0)
