"""Quantiles, probabilities and moments of whatever comes out of a model."""

import numpy as np
import pytest
import scipy.stats as st

from assay.errors import ConfigError, PredictionsError
from assay.family import (
    Bernoulli,
    Gamma,
    LogNormal,
    NegativeBinomial,
    Normal,
    ZeroInflated,
)
from assay.predictive import (
    DistributionPredictive,
    EnsemblePredictive,
    Hidden,
    Observed,
    QuantilePredictive,
    under_limit,
)

LEVELS = (1e-6, 0.01, 0.3, 0.5, 0.9, 0.999, 1 - 1e-6)


def laws(mixture):
    """The mixed distributions in SciPy, one array for each draw and row."""
    first = mixture.linked[0]
    second = np.exp(np.broadcast_to(mixture.linked[1], first.shape))
    if isinstance(mixture.family, Normal):
        return st.norm(first, second)
    mean = np.exp(first)
    if isinstance(mixture.family, Gamma):
        return st.gamma(second**-2, scale=mean * second**2)
    return st.nbinom(second, second / (second + mean))


def test_a_quantile_of_a_mixture_is_where_its_cdf_reaches_the_level(mixture):
    law = laws(mixture)
    for level in LEVELS:
        x = mixture.quantile(level)
        reached = law.cdf(x).mean(axis=0)
        if mixture.is_count:
            assert np.all(reached >= level)
            assert np.all(law.cdf(x - 1).mean(axis=0) < level)
            assert np.array_equal(x, np.round(x))
        else:
            upper = law.sf(x).mean(axis=0)
            tail, wanted = (reached, level) if level < 0.5 else (upper, 1 - level)
            assert tail == pytest.approx(np.full(mixture.rows, wanted), rel=1e-7)


def test_probabilities_of_a_mixture_are_means_of_probabilities(mixture):
    law, y = laws(mixture), mixture.quantile(0.8)
    mass = law.pmf(y) if mixture.is_count else law.pdf(y)
    least = y - 1 if mixture.is_count else y
    assert mixture.cdf(y) == pytest.approx(law.cdf(y).mean(axis=0), rel=1e-10)
    assert mixture.log_prob(y) == pytest.approx(np.log(mass.mean(axis=0)), rel=1e-10, abs=1e-12)
    assert mixture.log_reach(y) == pytest.approx(np.log(law.sf(least).mean(axis=0)), rel=1e-10)


def test_moments_of_a_mixture_are_means_of_moments(mixture):
    law = laws(mixture)
    assert mixture.mean() == pytest.approx(law.mean().mean(axis=0), rel=1e-10)
    samples = mixture.sample(3, 40_000)
    limit = mixture.quantile(0.6) + 0.25
    seen = np.maximum(samples - limit, 0)
    noise = 5 * seen.std(axis=0) / np.sqrt(len(samples))
    assert np.all(np.abs(mixture.excess(limit) - seen.mean(axis=0)) < noise)


def test_samples_follow_the_mixture(mixture):
    samples = mixture.sample(9, 4000)
    assert samples.shape == (4000, mixture.rows)
    for level in (0.1, 0.5, 0.9):
        x = mixture.quantile(level)
        share = (samples <= x).mean(axis=0)
        assert np.abs(share - mixture.cdf(x)).max() < 4 * 0.5 / np.sqrt(4000)
    assert np.array_equal(samples[:5], mixture.sample(9, 4000)[:5])


def test_intervals_hold_their_level(mixture):
    low, high = mixture.interval(0.8)
    inside = mixture.cdf(high) - mixture.cdf(low)
    if mixture.is_count:
        assert np.all(mixture.cdf(high) - mixture.cdf(low - 1) >= 0.8)
    else:
        assert inside == pytest.approx(np.full(mixture.rows, 0.8), rel=1e-7)


def test_taking_rows_takes_their_answers(mixture):
    some = np.array([5, 0, 3])
    assert mixture.take(some).mean() == pytest.approx(mixture.mean()[some], rel=1e-12)
    mask = np.arange(7) % 2 == 0
    assert mixture.take(mask).rows == 4
    assert mixture.take(mask).mean() == pytest.approx(mixture.mean()[mask], rel=1e-12)
    assert mixture.take(np.array([], dtype=int)).mean().shape == (0,)


@pytest.mark.parametrize(
    ("family", "parameters", "law"),
    [
        (Normal(), {"mean": 1.0, "sd": 2.0}, st.norm(1, 2)),
        (LogNormal(), {"median": 3.0, "sigma": 0.5}, st.lognorm(0.5, scale=3)),
        (NegativeBinomial(), {"mean": 4.0, "size": 2.0}, st.nbinom(2, 2 / 6)),
        (Bernoulli(), {"probability": 0.3}, st.bernoulli(0.3)),
    ],
)
def test_parameters_known_for_certain_give_the_law_itself(family, parameters, law):
    given = {name: np.full(3, value) for name, value in parameters.items()}
    predictive = DistributionPredictive.bind(family, given)
    assert predictive.rows == 3
    assert predictive.mean() == pytest.approx([law.mean()] * 3, rel=1e-12)
    assert predictive.quantile(0.9) == pytest.approx([law.ppf(0.9)] * 3, rel=1e-12)
    assert predictive.cdf(np.full(3, 1.0)) == pytest.approx([law.cdf(1.0)] * 3, rel=1e-12)


def test_a_mixture_of_distributions_far_apart_has_quantiles_in_between():
    linked = (np.array([[-5.0], [5.0]]), np.full((2, 1), np.log(0.1)))
    mixture = DistributionPredictive(Normal(), linked, 1)
    assert mixture.quantile(0.25) == pytest.approx([-5.0], rel=1e-9)
    assert mixture.quantile(0.75) == pytest.approx([5.0], rel=1e-9)
    assert abs(mixture.cdf(mixture.quantile(0.5))[0] - 0.5) < 1e-9


def test_a_level_within_a_step_of_the_cdf_is_exactly_at_the_step():
    family = ZeroInflated(Normal())
    linked = {"mean": [[2.0], [2.5]], "sd": [[0.0], [0.1]], "zero": [[-1.0], [0.5]]}
    assert set(linked) == {each.name for each in family.parameters}
    columns = tuple(np.array(linked[each.name]) for each in family.parameters)
    mixture = DistributionPredictive(family, columns, 1)
    zero = np.zeros(1)
    below, up_to = mixture.cdf(zero - 1e-12)[0], mixture.cdf(zero)[0]
    assert up_to - below > 0.3
    for level in np.linspace(below + 1e-9, up_to - 1e-9, 7):
        assert mixture.quantile(level)[0] == 0.0
    assert mixture.quantile(below - 1e-6)[0] < 0 < mixture.quantile(up_to + 1e-6)[0]


def test_underlying_and_observed_are_one_without_a_limit(gamma):
    assert gamma.underlying is gamma
    assert gamma.observed is gamma
    assert under_limit(gamma, None) is gamma


def test_a_limit_divides_underlying_from_observed(mixture):
    limit = mixture.quantile(0.6)
    limit[0] = np.inf
    hidden = Hidden(mixture, limit)
    y = np.where(np.isfinite(limit), limit, 1.0)
    assert hidden.underlying is mixture
    assert hidden.is_count == mixture.is_count
    for question in ("cdf", "log_cdf", "log_prob", "log_reach", "excess", "crps"):
        assert np.array_equal(getattr(hidden, question)(y), getattr(mixture, question)(y))
    assert np.array_equal(hidden.mean(), mixture.mean())
    assert np.array_equal(hidden.sample(1, 4), mixture.sample(1, 4))
    seen = hidden.observed
    samples = np.minimum(mixture.sample(4, 40_000), limit)
    noise = 5 * samples.std(axis=0) / np.sqrt(len(samples))
    assert np.all(np.abs(seen.mean() - samples.mean(axis=0)) < noise)
    assert seen.quantile(0.9)[1:] == pytest.approx(limit[1:])
    assert seen.cdf(y)[1:] == pytest.approx(np.ones(6))
    assert seen.log_prob(y)[1:] == pytest.approx(mixture.log_reach(y)[1:], rel=1e-12)
    assert seen.log_prob(y)[0] == pytest.approx(mixture.log_prob(y)[0], rel=1e-12)
    assert seen.log_reach(limit + 1)[1:] == pytest.approx(np.full(6, -np.inf))
    assert seen.excess(y)[1:] == pytest.approx(np.zeros(6))
    beyond = np.maximum(samples - (y - 1), 0)
    assert np.all(np.abs(seen.excess(y - 1) - beyond.mean(axis=0)) < 6 * beyond.std(axis=0) / 200)
    assert seen.sample(4, 40_000).max(axis=0)[1:] == pytest.approx(limit[1:])
    assert seen.crps(y + 5)[1:] == pytest.approx(mixture.crps(y, limit)[1:], rel=1e-12)
    some = np.array([4, 2])
    assert np.array_equal(seen.take(some).mean(), seen.mean()[some])
    assert np.array_equal(hidden.take(some).observed.quantile(0.9), limit[some])


def test_limits_on_both_sides_let_through_what_lies_between(mixture):
    least, limit = mixture.quantile(0.3), mixture.quantile(0.8)
    least[0], limit[1] = -np.inf, np.inf
    seen = Hidden(mixture, limit, least).observed
    samples = np.clip(mixture.sample(4, 40_000), least, limit)
    assert np.array_equal(seen.sample(4, 40_000), samples)
    noise = 5 * samples.std(axis=0) / np.sqrt(len(samples)) + 1e-12
    assert np.all(np.abs(seen.mean() - samples.mean(axis=0)) < noise)
    middle, low = mixture.quantile(0.55), least[1:]
    for y in (middle, np.where(np.isfinite(least), least, middle), np.minimum(limit, middle + 1)):
        beyond = np.maximum(samples - y, 0.0)
        noise = 6 * beyond.std(axis=0) / 200 + 1e-12
        assert np.all(np.abs(seen.excess(y) - beyond.mean(axis=0)) < noise)
        assert np.all(np.abs(seen.cdf(y) - (samples <= y).mean(axis=0)) < 0.02)
        assert seen.log_cdf(y) == pytest.approx(np.log(seen.cdf(y)), rel=1e-9)
        distance = np.abs(samples - y).mean(axis=0)
        spread = np.abs(samples[::2] - samples[1::2]).mean(axis=0) / 2
        noise = 6 * (samples.std(axis=0) / 200 + 1e-3)
        assert np.all(np.abs(seen.crps(y) - (distance - spread)) < noise)
    assert seen.log_prob(least)[1:] == pytest.approx(mixture.log_cdf(least)[1:], rel=1e-12)
    assert seen.log_prob(limit)[2:] == pytest.approx(mixture.log_reach(limit)[2:], rel=1e-12)
    assert seen.log_prob(middle) == pytest.approx(mixture.log_prob(middle), rel=1e-12)
    assert seen.quantile(0.1)[1:] == pytest.approx(low)
    assert np.all(seen.cdf(least - 1e-3)[1:] == 0)
    assert np.all(seen.log_reach(least)[1:] == 0)
    some = np.array([4, 2])
    assert np.array_equal(seen.take(some).mean(), seen.mean()[some])


@pytest.mark.parametrize("recorded", [0.0, 2.5, 3.0, 7.0])
def test_the_score_of_counts_above_a_limit_between_two_of_them_is_a_sum(counts, recorded):
    least, end = np.full(7, 2.5), np.full(7, np.inf)
    k = np.arange(400.0)
    cdf = np.stack([counts.cdf(np.full(7, each)) for each in k])
    width = np.clip(k + 1 - 2.5, 0.0, 1.0)[:, None]
    passed = (k >= np.floor(max(recorded, 2.5)))[:, None]
    wanted = np.sum(width * np.where(passed, 1 - cdf, cdf) ** 2, axis=0)
    found = Hidden(counts, end, least).observed.crps(np.full(7, recorded))
    assert found == pytest.approx(wanted, rel=1e-6)


def test_a_second_limit_leaves_the_lower_one(gamma):
    least = np.full(7, 0.2)
    seen = under_limit(Hidden(gamma, np.full(7, 2.0), least), np.full(7, 0.5))
    assert isinstance(seen, Observed)
    assert seen.least is least


def test_a_second_limit_replaces_the_first(gamma):
    lower = np.full(7, 0.5)
    seen = under_limit(Hidden(gamma, np.full(7, 2.0)), lower)
    assert isinstance(seen, Observed)
    assert np.array_equal(seen.limit, lower)
    assert seen.underlying is gamma


@pytest.fixture
def ensemble():
    return EnsemblePredictive.of(np.array([[3.0, 1.0, 2.0, 4.0], [0.0, 0.0, 5.0, 1.0]]))


def test_an_ensemble_answers_by_counting(ensemble):
    assert ensemble.mean() == pytest.approx([2.5, 1.5])
    assert ensemble.quantile(0.5) == pytest.approx([2.0, 0.0])
    assert ensemble.quantile(0.51) == pytest.approx([3.0, 1.0])
    assert ensemble.quantile(1e-9) == pytest.approx([1.0, 0.0])
    assert ensemble.cdf(np.array([2.0, 0.0])) == pytest.approx([0.5, 0.5])
    assert ensemble.log_reach(np.array([4.0, 6.0])) == pytest.approx([np.log(0.25), -np.inf])
    assert ensemble.excess(np.array([2.0, 1.0])) == pytest.approx([0.75, 1.0])
    assert set(ensemble.sample(1, 200)[:, 1]) == {0.0, 1.0, 5.0}
    assert ensemble.take(np.array([1])).mean() == pytest.approx([1.5])
    assert not ensemble.is_point


def test_a_level_on_a_step_is_not_lost_to_rounding():
    tenths = EnsemblePredictive.of(np.arange(1.0, 11.0)[None])
    assert [float(tenths.quantile(k / 10)[0]) for k in range(1, 10)] == list(range(1, 10))


@pytest.mark.parametrize("level", [-1, 0, 1, 1.5, 90, float("nan"), "0.5", [0.1, 0.9]])
def test_a_level_that_is_none_is_refused(gamma, counts, ensemble, quantiles, level):
    for each in (gamma, counts, ensemble, quantiles, Hidden(gamma, np.ones(7)).observed):
        with pytest.raises(ConfigError, match="strictly between 0 and 1"):
            each.quantile(level)


@pytest.mark.parametrize("y", [np.zeros(3), ["a"] * 7, np.zeros((7, 1))])
def test_values_for_other_rows_are_refused(gamma, y):
    for question in ("cdf", "log_prob", "crps"):
        with pytest.raises(PredictionsError, match="one for each of the 7 rows"):
            getattr(gamma, question)(y)
    assert gamma.cdf(1.0) == pytest.approx(gamma.cdf(np.ones(7)))


def test_a_predictive_says_what_it_can_be_asked(gamma):
    assert repr(gamma).startswith("DistributionPredictive of 7 rows: ask `mean()`, `quantile(0.9)`")


@pytest.fixture
def quantiles():
    return QuantilePredictive(np.array([0.1, 0.5, 0.9]), np.array([[0.0, 1.0, 3.0]]))


def test_quantiles_are_joined_by_straight_lines(quantiles):
    found = [float(quantiles.quantile(level)[0]) for level in (0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)]
    assert found == pytest.approx([0.0, 0.0, 0.5, 1.0, 2.0, 3.0, 3.0])
    # Mass 0.1 at each end, 0.4 evenly on either line: 0.4 * 0.5 + 0.4 * 2 + 0.1 * 3.
    assert quantiles.mean() == pytest.approx([1.3], abs=0.01)
    assert quantiles.cdf(np.array([1.0])) == pytest.approx([0.5], abs=0.01)
    assert np.exp(quantiles.log_reach(np.array([2.0]))) == pytest.approx([0.3], abs=0.02)
    assert quantiles.excess(np.array([2.0])) == pytest.approx([0.1 + 0.2 * 0.5], abs=0.01)
    assert quantiles.sample(1, 500).mean() == pytest.approx(1.3, abs=0.2)
    assert quantiles.take(np.array([0, 0])).rows == 2


@pytest.mark.parametrize("name", ["ensemble", "quantiles"])
def test_what_has_no_density_says_so(request, name):
    predictive = request.getfixturevalue(name)
    with pytest.raises(PredictionsError, match=r"no density.*log score.*`crps`"):
        predictive.log_prob(np.zeros(predictive.rows))


@pytest.mark.parametrize("level", [90, 0.0, 1.0, -0.1, float("nan")])
def test_an_interval_has_a_level_between_0_and_1(level):
    ensemble = EnsemblePredictive.of(np.arange(12.0).reshape(3, 4))
    with pytest.raises(ConfigError, match="strictly between 0 and 1"):
        ensemble.interval(level)
