"""Sample paths: futures in which each value drawn moves the states as if it had been seen."""

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from assay.series.filter.layout import Parts
from assay.series.filter.recursion import Scaling, State, clipped, height, moved, scaled
from assay.series.kinds import Floats
from assay.series.law.chance import AbstractChance, Extra
from assay.series.law.rule import AbstractRule


class Ahead(NamedTuple):
    """The days to come of a block of series.

    Fields:
        offset: log of exposure and of what else adds without a parameter; (steps, series) or
            (steps, 1).
        features: (features, steps, series).
        basis: what of each seasonal state counts, (steps, states).
        push: how far each moves, (steps, states).
        is_open: whether anything can be sold, (steps, series); elsewhere the value is 0.
    """

    offset: Floats
    features: Floats
    basis: Floats
    push: Floats
    is_open: Floats


class Begun(NamedTuple):
    """What each path of each series begins with.

    Fields:
        parts: parameters, each (..., series, paths).
        state: likewise.
    """

    parts: Parts
    state: State


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
    begun: Begun,
    ahead: Ahead,
    *,
    keys: Sequence[str],
    paths: int,
    seed: int,
    arranged: Callable[[Floats], Floats] = lambda noise: noise,
    watch: Callable[[int, Floats, Extra], None] = lambda step, eta, extra: None,
) -> Paths:
    """Draw futures of a block of series.

    Args:
        rule: of the family.
        chance: how its values are drawn.
        scaling: of its score.
        begun: what each path begins with.
        ahead: the days to come.
        keys: of the series: each has a stream of its own.
        paths: how many of each.
        seed: of all streams.
        arranged: the noise, (steps, series, paths), in another order of paths.
        watch: is told the linked parameter and the family's others of all paths at each step, each
            (series, paths).
    """
    steps, series = ahead.is_open.shape
    parts, now = begun
    extra = tuple(np.asarray(each) for each in parts.extra)
    streams = [stream_of(seed, "paths", key) for key in keys]
    noise = np.empty((steps, series, paths))
    for at, own in enumerate(streams):
        noise[:, at] = chance.noise(own, tuple(each[at] for each in extra), (steps, paths))
    noise = arranged(noise)
    values, means = np.empty((steps, series, paths)), np.empty((steps, series))
    for at in range(steps):
        row = (ahead.offset[at], ahead.features[:, at], ahead.basis[at])
        eta = np.asarray(_heights(now, parts, *row))
        watch(at, eta, extra)
        drawn = chance.value(streams, noise[at], eta, extra)
        is_open = ahead.is_open[at][:, None]
        values[at] = np.where(is_open > 0, drawn, 0.0)
        means[at] = np.where(is_open > 0, chance.mean(eta, extra), 0.0).mean(axis=1)
        if at + 1 < steps:
            push = ahead.push[at]
            now = _moved(now, parts, eta, drawn, push, is_open, rule, scaling)
    return Paths(values, means)


@jax.jit
def _heights(state: State, parts: Parts, offset: Array, features: Array, basis: Array) -> Array:
    fixed = offset[:, None] + parts.level + jnp.tensordot(basis, parts.season, 1)
    return fixed + jnp.einsum("ks,ksp->sp", features, parts.effects) + height(state, basis)


@partial(jax.jit, static_argnames=("rule", "scaling"))
def _moved(
    state: State,
    parts: Parts,
    eta: Array,
    y: Array,
    push: Array,
    is_open: Array,
    rule: AbstractRule,
    scaling: Scaling,
) -> State:
    information = rule.information(eta, parts.extra)
    score = scaled(rule.score(eta, parts.extra, y), information, scaling)
    return moved(state, parts.gains, push, is_open * clipped(score))
