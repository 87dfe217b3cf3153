"""The CRPS against closed forms, direct sums and large samples."""

import numpy as np
import pytest
import scipy.stats as st
import scoringrules as sr

from assay.family import Bernoulli, Gamma, LogNormal, Mixture, NegativeBinomial, Normal, Truncated
from assay.predictive import DistributionPredictive, EnsemblePredictive, QuantilePredictive
from assay.predictive import distribution as room

POSITIVE = np.array([1e-3, 0.05, 0.5, 1.0, 1.7, 2.0, 2.6, 5.0, 20.0, 300.0])


def bound(family, **parameters):
    return DistributionPredictive.bind(
        family, {name: np.full(10, float(value)) for name, value in parameters.items()}
    )


@pytest.mark.parametrize("cv", [0.02, 0.3, 0.8, 1.0, 1.2, 2.0, 4.0])
def test_a_gamma_has_its_closed_form(cv):
    truth = sr.crps_gamma(POSITIVE, cv**-2, cv**-2 / 2.0)
    assert bound(Gamma(), mean=2, cv=cv).crps(POSITIVE) == pytest.approx(truth, rel=1e-6)


@pytest.mark.parametrize("sigma", [0.05, 0.5, 1.0, 2.0, 4.0])
def test_a_log_normal_has_its_closed_form(sigma):
    truth = sr.crps_lognormal(POSITIVE, np.log(2.0), sigma)
    assert bound(LogNormal(), median=2, sigma=sigma).crps(POSITIVE) == pytest.approx(
        truth, rel=1e-6
    )


def test_a_normal_has_its_closed_form():
    y = np.array([-900.0, -30, -4, -1, 0, 0.5, 2, 9, 40, 1e4])
    truth = sr.crps_normal(y, 0.5, 3.0)
    assert bound(Normal(), mean=0.5, sd=3).crps(y) == pytest.approx(truth, rel=1e-6)


NARROW = {"mean_1": 0.0, "mean_2": 5.0, "sd_2": 0.5, "share_2": np.log(0.3 / 0.7)}


@pytest.mark.parametrize("sd", [1e-3, 0.02, 1.0])
def test_a_mixture_of_narrow_components_has_its_closed_form(sd):
    y = np.array([-3.0, -0.01, 0.0, 0.001, 0.7, 4.99, 5.0, 5.2, 7.0, 30.0])
    ones = np.ones((10, 1))
    truth = sr.crps_mixnorm(y, ones * [0.0, 5.0], ones * [sd, 0.5], ones * [0.7, 0.3])
    found = bound(Mixture(Normal(), Normal()), sd_1=sd, **NARROW).crps(y)
    assert found == pytest.approx(truth, rel=1e-6)
    # Cut where there is no mass: the same law, under a wrapper.
    cut = Truncated(Mixture(Normal(), Normal()), below=-50.0)
    assert bound(cut, sd_1=sd, **NARROW).crps(y) == pytest.approx(truth, rel=1e-6)


def test_a_bernoulli_is_a_squared_distance():
    y = np.array([0.0, 1.0] * 5)
    found = bound(Bernoulli(), probability=0.3).crps(y)
    assert found == pytest.approx((0.3 - y) ** 2, rel=1e-12)


def direct_sum(mean, size, y, limit):
    k = np.arange(int(mean + 60 * np.sqrt(mean + mean**2 / size)))
    law = st.nbinom(size, size / (size + mean))
    cdf, sf = law.cdf(k), law.sf(k)
    terms = [
        np.where(k < value, cdf, sf) ** 2 * np.clip(most - k, 0, 1)
        for value, most in zip(y, limit, strict=True)
    ]
    return np.sum(terms, axis=1) + np.maximum(y - k[-1] - 1, 0)


@pytest.mark.parametrize(("mean", "size"), [(0.05, 0.3), (3.0, 1.0), (300.0, 2.0), (900.0, 1e7)])
def test_counts_are_the_direct_sum(mean, size):
    y = np.round(mean * np.array([0, 0, 0.3, 0.9, 1, 1.01, 1.5, 3, 1, 0]))
    limit = np.full(10, np.inf)
    limit[[2, 4, 6]] = np.round(mean * np.array([1, 1, 2])) + 1
    found = bound(NegativeBinomial(), mean=mean, size=size).crps(y, limit)
    assert found == pytest.approx(direct_sum(mean, size, y, limit), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize(("mean", "size"), [(5e3, 0.3), (5e3, 2.0), (2e4, 10.0), (5e3, 1e5)])
def test_large_counts_are_the_direct_sum_too(mean, size):
    y = np.round(mean * np.array([0.01, 0.1, 0.3, 0.9, 1, 1.01, 1.5, 3, 1, 0.5]))
    limit = np.full(10, np.inf)
    limit[[2, 4, 6]] = np.round(mean * np.array([1, 1.2, 1.5]))
    assert mean + 8 * np.sqrt(mean) > room._LARGE_COUNT
    found = bound(NegativeBinomial(), mean=mean, size=size).crps(y, limit)
    assert found == pytest.approx(direct_sum(mean, size, y, limit), rel=1e-6)


def test_what_a_block_holds_does_not_change_a_score():
    rng = np.random.default_rng(4)
    mean = rng.gamma(0.5, 30.0, 300) + 0.1
    y = rng.poisson(mean).astype(float)
    size = np.full(300, 2.0)
    whole = DistributionPredictive.bind(NegativeBinomial(), {"mean": mean, "size": size})
    alone = np.concatenate([whole.take(np.array([i])).crps(y[[i]]) for i in range(0, 300, 50)])
    assert whole.crps(y)[::50] == pytest.approx(alone, rel=1e-7, abs=1e-12)


def test_a_mixture_is_the_mixture_of_its_samples(mixture):
    samples = mixture.sample(5, 20_000)
    y = np.quantile(samples, 0.7, axis=0)
    y = np.round(y) if mixture.is_count else y
    truth = EnsemblePredictive.of(samples.T).crps(y)
    noise = samples.std(axis=0) * 2.5 / np.sqrt(len(samples))
    assert np.all(np.abs(mixture.crps(y) - truth) < noise)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_a_limit_scores_what_is_seen_below_it(mixture, level):
    samples = mixture.sample(6, 20_000)
    limit = np.quantile(samples, level, axis=0) + 0.3
    limit = np.round(limit) if mixture.is_count else limit
    for y in (limit, np.minimum(np.quantile(samples, 0.3, axis=0).round(), limit)):
        truth = EnsemblePredictive.of(np.minimum(samples, limit).T).crps(y)
        noise = samples.std(axis=0) * 2.5 / np.sqrt(len(samples))
        assert np.all(np.abs(mixture.crps(y, limit) - truth) < noise)
        assert np.all(mixture.crps(y, limit) >= 0)


def test_a_limit_at_the_edge_of_the_support_leaves_nothing_to_score(counts, gamma):
    nothing = np.zeros(7)
    assert counts.crps(nothing, nothing) == pytest.approx(nothing, abs=1e-15)
    tiny = np.full(7, 1e-30)
    assert gamma.crps(tiny, tiny) == pytest.approx(nothing, abs=1e-29)


def test_a_value_off_the_support_costs_its_distance(gamma):
    at_edge, below = gamma.crps(np.zeros(7)), gamma.crps(np.full(7, -3.0))
    assert below == pytest.approx(at_edge + 3.0, rel=1e-9)


def test_an_ensemble_has_its_closed_form():
    rng = np.random.default_rng(7)
    values, y = rng.normal(size=(50, 31)), rng.normal(size=50)
    found = EnsemblePredictive.of(values).crps(y)
    assert found == pytest.approx(sr.crps_ensemble(y, values), rel=1e-12)


def test_a_point_forecast_costs_its_distance():
    y = np.array([1.0, -2.0])
    point = EnsemblePredictive.of(np.array([[3.0], [3.0]]))
    assert point.is_point
    assert point.crps(y) == pytest.approx([2.0, 5.0])


def test_an_ensemble_too_large_for_one_block_is_scored_in_several(monkeypatch):
    rng = np.random.default_rng(8)
    values, y, limit = rng.gamma(2, size=(90, 12)), rng.gamma(2, size=90), rng.gamma(3, size=90)
    ensemble, y = EnsemblePredictive.of(values), np.minimum(y, limit)
    whole = ensemble.crps(y, limit)
    monkeypatch.setattr("assay.predictive.ensemble._CELLS", 100)
    assert np.array_equal(ensemble.crps(y, limit), whole)


def test_many_quantiles_score_like_the_law_they_come_from():
    levels = (np.arange(199) + 1) / 200
    y = np.array([-1.0, 0.0, 0.4, 2.0])
    law = QuantilePredictive(levels, np.tile(st.norm.ppf(levels), (4, 1)))
    assert law.crps(y) == pytest.approx(sr.crps_normal(y, 0.0, 1.0), abs=5e-3)
