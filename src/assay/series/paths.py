"""Sample paths: futures in which each value drawn moves the states as if it had been seen."""

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.series.chance import AbstractChance
from assay.series.kinds import Floats
from assay.series.layout import Parts
from assay.series.recursion import Gains, Scaling, State, clipped, height, moved, scaled
from assay.series.rule import AbstractRule, Extra


class Ahead(NamedTuple):
    """The days to come of a block of series.

    Fields:
        fixed: what no observation moves, of the linked parameter, (steps, series).
        basis: what of each seasonal state counts, (steps, states).
        push: how far each moves, (steps, states).
        is_open: whether anything can be sold, (steps, series); elsewhere the value is 0.
    """

    fixed: Float[Array, "steps series"]
    basis: Float[Array, "steps states"]
    push: Float[Array, "steps states"]
    is_open: Float[Array, "steps series"]


class Paths(NamedTuple):
    """Futures of a block of series.

    Fields:
        values: (steps, series, paths).
        mean: expected value of each step, averaged over the paths that lead there,
            (steps, series).
    """

    values: Floats
    mean: Floats


def stream_of(seed: int, purpose: str, *keys: str) -> np.random.Generator:
    """A stream of random numbers that no other series, origin or order changes."""
    digest = _digest(seed, purpose, keys)
    return np.random.Generator(np.random.SFC64(np.frombuffer(digest[:24], np.uint64).tolist()))


def seed_of(seed: int, purpose: str, *keys: str) -> int:
    """A seed of its own for one of several uses, such as each origin, far from all the others."""
    return int.from_bytes(_digest(seed, purpose, keys)[:6], "big")


def _digest(seed: int, purpose: str, keys: Sequence[str]) -> bytes:
    return sha256("\0".join((str(seed), purpose, *keys)).encode()).digest()


def sample_paths(
    rule: AbstractRule,
    chance: AbstractChance,
    scaling: Scaling,
    parts: Parts,
    state: State,
    ahead: Ahead,
    unsure: Floats,
    *,
    keys: Sequence[str],
    paths: int,
    seed: int,
    arranged: Callable[[Floats], Floats] = lambda noise: noise,
    watch: Callable[[int, Floats], None] = lambda step, eta: None,
) -> Paths:
    """Draw futures of a block of series.

    Args:
        rule: of the family.
        chance: how its values are drawn.
        scaling: of its score.
        parts: parameters of each series.
        state: of each after the last step that was seen.
        ahead: the days to come.
        unsure: standard deviation of what is not known of each level, (series,).
        keys: of the series: each has a stream of its own.
        paths: how many of each.
        seed: of all streams.
        arranged: the noise, (steps, series, paths), in another order of paths.
        watch: is told the linked parameter of all paths at each step, (series, paths).
    """
    steps, series = ahead.fixed.shape
    streams = [stream_of(seed, "paths", key) for key in keys]
    shift = np.stack([sd * own.normal(size=paths) for sd, own in zip(unsure, streams, strict=True)])
    every = [tuple(float(each[at]) for each in parts.extra) for at in range(series)]
    shape = (steps, paths)
    noise = np.stack(
        [chance.noise(own, extra, shape) for own, extra in zip(streams, every, strict=True)], axis=1
    )
    noise = arranged(noise)
    extra = tuple(np.asarray(each)[:, None] for each in parts.extra)
    now = jax.tree.map(lambda each: jnp.repeat(each[..., None], paths, axis=-1), state)
    gains = jax.tree.map(lambda each: each[..., None], parts.gains)
    values, means = np.empty((steps, series, paths)), np.empty((steps, series))
    for at in range(steps):
        row = (ahead.fixed[at], ahead.basis[at])
        eta = np.asarray(_heights(now, *row)) + shift
        watch(at, eta)
        drawn = chance.value(streams, noise[at], eta, extra)
        is_open = np.asarray(ahead.is_open[at])[:, None]
        values[at] = np.where(is_open > 0, drawn, 0.0)
        means[at] = np.where(is_open > 0, chance.mean(eta, extra), 0.0).mean(axis=1)
        if at + 1 < steps:
            now = _moved(now, gains, eta, drawn, ahead.push[at], is_open, extra, rule, scaling)
    return Paths(values, means)


@jax.jit
def _heights(state: State, fixed: Array, basis: Array) -> Array:
    return fixed[:, None] + height(state, basis)


@partial(jax.jit, static_argnames=("rule", "scaling"))
def _moved(
    state: State,
    gains: Gains,
    eta: Array,
    y: Array,
    push: Array,
    is_open: Array,
    extra: Extra,
    rule: AbstractRule,
    scaling: Scaling,
) -> State:
    score = scaled(rule.score(eta, extra, y), rule.information(eta, extra), scaling)
    return moved(state, gains, push, is_open * clipped(score))
