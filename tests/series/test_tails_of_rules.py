"""Tails of fast rules against independent sources, over all that a search may try."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from assay.series.law.gamma import GammaRule
from assay.series.law.negative_binomial import NegativeBinomialRule
from assay.series.law.tweedie import TweedieRule


@pytest.fixture(scope="module")
def counts():
    """Means from 1e-6 to 1e4, sizes from 1e-2 to 1e6, limits to 1e5, most of them near the mean."""
    stream = np.random.default_rng(1)
    mean, size = 10 ** stream.uniform(-6, 4, 4000), 10 ** stream.uniform(-2, 6, 4000)
    near = mean + np.sqrt(mean + mean**2 / size) * stream.normal(0, 3, 4000)
    far = 10 ** stream.uniform(0, 5, 4000)
    limit = np.ceil(np.where(stream.random(4000) < 0.7, near, far).clip(1, 1e5))
    return np.log(mean), np.log(size), limit


def log(chance):
    """Its log; -inf where SciPy has nothing left."""
    with np.errstate(divide="ignore"):
        return np.log(chance)


def finite(rule, eta, extra, limit):
    """Log tail and score, after checking that they and their slopes are finite."""

    def both(eta, extra):
        log_reach, score = rule.reach(eta, extra, limit)
        return jnp.sum(log_reach) + jnp.sum(score)

    found = jax.jit(rule.reach)(eta, extra, limit)
    slopes = jax.jit(jax.grad(both, (0, 1)))(jnp.asarray(eta), tuple(map(jnp.asarray, extra)))
    for each in jax.tree.leaves((found, slopes)):
        assert np.isfinite(each).all()
    return map(np.asarray, found)


def test_counts_reach_their_limit_as_scipy_says_and_nothing_is_ever_infinite(counts):
    eta, log_size, limit = counts
    log_reach, _ = finite(NegativeBinomialRule(), eta, (log_size,), limit)
    mean, size = np.exp(eta), np.exp(log_size)
    right = log(special.betainc(limit, size, mean / (mean + size)))
    written = np.isfinite(right) & (right > -600)
    assert written.mean() > 0.5
    gap = np.abs(log_reach - right)[written] / np.maximum(1.0, np.abs(right[written]))
    assert gap.max() < 2e-8


@pytest.mark.parametrize(
    ("mean", "size", "limit"),
    [(1e-6, 1e-2, 5), (3.0, 1e6, 30), (200.0, 300.0, 150)],
)
def test_counts_reach_their_limit_as_mpmath_says(mean, size, limit):
    with mpmath.workdps(40):
        p = mpmath.mpf(mean) / (mpmath.mpf(mean) + mpmath.mpf(size))
        right = float(mpmath.log(mpmath.betainc(limit, size, 0, p, regularized=True)))
    found = TAILS[NegativeBinomialRule()](np.log(mean), (np.log(size),), float(limit))[0]
    assert float(found) == pytest.approx(right, rel=2e-8)


def test_amounts_reach_their_limit_as_scipy_says_at_every_shape():
    stream = np.random.default_rng(2)
    shape, eta = 10 ** stream.uniform(-4, 6, 4000), stream.uniform(-10, 10, 4000)
    away = np.where(
        shape > 1, stream.normal(0, 3, 4000) / np.sqrt(shape), stream.normal(0, 3, 4000)
    )
    log_cv = -0.5 * np.log(shape)
    log_reach, _ = finite(GammaRule(), eta, (log_cv,), np.exp(eta + away))
    log_fall = np.asarray(jax.jit(GammaRule().fall)(eta, (log_cv,), np.exp(eta + away))[0])
    x = shape * np.exp(away)
    for found, right in (
        (log_reach, log(special.gammaincc(shape, x))),
        (log_fall, log(special.gammainc(shape, x))),
    ):
        written = np.isfinite(right) & (right > -600)
        assert written.mean() > 0.9
        gap = np.abs(found - right)[written] / np.maximum(1.0, np.abs(right[written]))
        assert gap.max() < 2e-8


@pytest.mark.parametrize("power", [1.1, 1.35, 1.5, 1.9])
def test_zeros_and_amounts_reach_their_limit_as_a_sum_over_events_says(power):
    w, q = 2 - power, power - 1
    mean, dispersion = np.array([0.01, 0.5, 4.0, 60.0, 500.0]), 1.3
    limit = mean * np.array([[0.01], [0.6], [1.0], [2.5]])
    found, _ = finite(
        TweedieRule(),
        np.log(mean) + 0 * limit,
        (np.full(limit.shape, np.log(dispersion)), np.full(limit.shape, np.log(q / w))),
        limit,
    )
    events, scale = mean**w / dispersion / w, dispersion * q * mean**q
    n = np.arange(1.0, 600.0)[:, None, None]
    parts = stats.poisson.pmf(n, events) * special.gammaincc(n * w / q, limit / scale)
    np.testing.assert_allclose(np.asarray(found), np.log(parts.sum(0)), rtol=1e-8, atol=1e-9)


LIMITS = st.floats(0.2, 60.0)
PARAMETERS = st.floats(-3.0, 3.0)
TAILS = {
    rule: jax.jit(lambda eta, extra, limit, rule=rule: rule.reach(eta, extra, limit))
    for rule in (NegativeBinomialRule(), GammaRule(), TweedieRule())
}


@settings(max_examples=60)
@given(LIMITS, PARAMETERS, PARAMETERS, st.booleans())
def test_hidden_means_more_than_seen_there(limit, eta, other, is_count):
    rule = NegativeBinomialRule() if is_count else GammaRule()
    limit = np.ceil(limit) if is_count else limit
    log_reach, score = TAILS[rule](eta, (other,), limit)
    assert log_reach <= 0
    assert score >= 0
    assert score >= rule.score(jnp.asarray(eta), (jnp.asarray(other),), limit) - 1e-9
    assert TAILS[rule](eta, (other,), limit + 1.0)[0] <= log_reach


@settings(max_examples=20)
@given(PARAMETERS, PARAMETERS)
def test_an_empty_shelf_says_nothing(eta, other):
    for rule, tail in TAILS.items():
        assert list(map(float, tail(eta, (other,) * len(rule.names), 0.0))) == [0.0, 0.0]
