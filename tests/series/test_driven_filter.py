"""The filter against a plain loop, written from the formulas with one state a slot of a season."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from assay.series.filter.basis import Seasons
from assay.series.filter.recursion import Calendar, Gains, Seen, log_likelihood, run
from assay.series.law.negative_binomial import NegativeBinomialRule

STEPS, SERIES = 45, 4
PERIODS = (7, 4)
LEVEL, TREND, REST, PULL, SIZE = (
    np.array([0.1, 0.2, 0.05, 0.3]),
    np.array([0.02, 0.0, 0.05, 0.01]),
    np.array([0.05, 0.0, 0.04, 0.1]),
    np.array([0.95, 1.0, 0.9, 0.99]),
    np.array([1.5, 4.0, 30.0, 0.5]),
)
SEASON = (np.array([0.1, 0.05, 0.2, 0.1]), np.array([0.05, 0.1, 0.0, 0.2]))


@pytest.fixture
def seen():
    """Counts with late starts, missing days, closures and hidden rows."""
    stream = np.random.default_rng(3)
    y = stream.poisson(4.0, (STEPS, SERIES)).astype(float)
    y[20, 0] = 400.0  # an outlier, which the clip bounds
    hidden = stream.random((STEPS, SERIES)) < 0.3
    hidden[20, 0] = False
    weight = (stream.random((STEPS, SERIES)) > 0.15) * 1.0
    weight[:12, 1] = 0.0
    weight[30, 2] = 2.0
    return y, hidden, weight


def filtered(told):
    """By the code under test."""
    y, hidden, weight, fixed = told
    seasons = Seasons(PERIODS)
    at = np.arange(len(y))
    owners = seasons.owners
    moves = (LEVEL, TREND, REST, np.stack([SEASON[k] for k in owners]), PULL)
    gains = Gains(*map(jnp.asarray, moves))
    every = (seasons.basis(at), seasons.pushes(at), seasons.shares, seasons.paces)
    calendar = Calendar(*map(jnp.asarray, every))
    rule, extra = NegativeBinomialRule(), (jnp.log(SIZE),)

    @jax.jit
    def go(y, hidden, weight, fixed):
        rows = Seen(y, hidden, weight)
        eta, log_reach, end = run(
            rule, "inverse", rows, calendar, fixed, gains, extra, is_censored=True
        )
        return eta, end, log_likelihood(rule, rows, eta, log_reach, extra)

    eta, end, value = go(*map(jnp.asarray, (y, hidden, weight, fixed)))
    return np.asarray(eta), jax.tree.map(np.asarray, end), np.asarray(value)


def looped(told):
    """By the formulas, one series after the other."""
    y, hidden, weight, fixed = told
    eta, value, slots = np.zeros(y.shape), np.zeros(SERIES), []
    for j in range(SERIES):
        level = slope = rest = 0.0
        season = [np.zeros(m) for m in PERIODS]
        r = SIZE[j]
        for t in range(len(y)):
            now = [t % m for m in PERIODS]
            eta[t, j] = fixed[t, j] + level + sum(s[k] for s, k in zip(season, now, strict=True))
            if weight[t, j] == 0:
                u = 0.0
            else:
                mean, c = np.exp(eta[t, j]), y[t, j]
                law: Any = stats.nbinom(r, r / (r + mean))
                if hidden[t, j]:
                    score = c * law.pmf(c) / law.sf(c - 1)
                    value[j] += weight[t, j] * np.log(law.sf(c - 1))
                else:
                    score = (c - mean) * r / (r + mean)
                    value[j] += weight[t, j] * law.logpmf(c)
                u = score * (r + mean) / (mean * r)
                u = weight[t, j] * u / (1 + (u / 5) ** 4) ** 0.25
            slope = 0.9 * slope + TREND[j] * u
            level = rest + PULL[j] * (level - rest) + slope + LEVEL[j] * u
            rest += REST[j] * u
            for s, k, m, gain in zip(season, now, PERIODS, SEASON, strict=True):
                s -= gain[j] * u / (m - 1)
                s[k] += gain[j] * u * (1 + 1 / (m - 1))
        slots.append(np.concatenate(season))
    return eta, value, np.stack(slots, axis=1)


def test_the_filter_is_the_loop(seen):
    fixed = np.random.default_rng(4).normal(1.0, 0.3, (STEPS, SERIES))
    eta, end, value = filtered((*seen, fixed))
    right, likelihood, slots = looped((*seen, fixed))
    np.testing.assert_allclose(eta, right, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(value, likelihood, rtol=1e-8)
    for k, period in enumerate(PERIODS):
        own = Seasons((period,))
        states = end.season[Seasons(PERIODS).owners == k]
        around = own.basis(np.arange(period)) @ states
        first = sum(PERIODS[:k])
        np.testing.assert_allclose(around, slots[first : first + period], atol=1e-8)
        np.testing.assert_allclose(around.sum(0), 0.0, atol=1e-12)


def test_rows_without_weight_change_nothing_whatever_stands_in_them(seen):
    y, hidden, weight = seen
    fixed = np.ones((STEPS, SERIES))
    _, end, value = filtered((y, hidden, weight, fixed))
    _, other_end, other = filtered((np.where(weight > 0, y, 1e9), hidden, weight, fixed))
    np.testing.assert_array_equal(value, other)
    np.testing.assert_array_equal(end.level, other_end.level)


def test_more_weight_moves_further():
    y = np.full((1, SERIES), 9.0)
    fixed, hidden = np.ones((1, SERIES)), np.zeros((1, SERIES), bool)
    once, twice = (
        filtered((y, hidden, np.full((1, SERIES), w), fixed))[1].level for w in (1.0, 2.0)
    )
    np.testing.assert_allclose(twice, 2 * once)
    assert (once > 0).all()
