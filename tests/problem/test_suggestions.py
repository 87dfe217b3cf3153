"""Families suggested and ruled out, each with numbers."""

import re

import numpy as np
import polars as pl
import pytest
from scipy import stats

from assay.problem import profile
from assay.problem.law import GAMMA, LAWS, LOG_NORMAL, NEGATIVE_BINOMIAL, NORMAL
from assay.problem.marginal import fit
from assay.problem.sample import Sample, Weighted
from assay.registry import families

NOTHING = Weighted(np.zeros(0), np.zeros(0))


def sample(seen, least=(), most=()):
    def weighted(x):
        values, counts = np.unique(np.asarray(x, dtype=float), return_counts=True)
        return Weighted(values, counts.astype(float))

    whole = bool((np.asarray(seen) == np.round(seen)).all())
    return Sample(weighted(seen), weighted(least), weighted(most), whole)


def ruled_out(problem):
    return {each.family: each.reason for each in problem.ruled_out}


def judged(y, **columns):
    return profile(pl.DataFrame({"y": y, **columns}), target="y", **{c: c for c in columns})


DRAWS = {
    "normal": lambda draw: draw.normal(-1.0, 3.0, 1500),
    "log-normal": lambda draw: draw.lognormal(1.0, 0.8, 1500),
    "gamma": lambda draw: draw.gamma(2.0, 3.0, 1500),
    "negative-binomial": lambda draw: draw.negative_binomial(1.5, 0.2, 1500),
    "bernoulli": lambda draw: draw.random(1500) < 0.3,
}


@pytest.mark.parametrize("family", list(DRAWS))
def test_the_family_that_drew_the_values_comes_first(family):
    problem = judged(DRAWS[family](np.random.default_rng(1)))
    assert problem.suggestions[0].family == family
    assert problem.suggestions[0].rank == 1


@pytest.mark.parametrize("family", list(DRAWS))
def test_every_registered_family_is_suggested_or_ruled_out_once(family):
    problem = judged(DRAWS[family](np.random.default_rng(2)))
    named = [each.family for each in (*problem.suggestions, *problem.ruled_out)]
    assert sorted(named) == sorted(set(families) & set(DRAWS))


def test_normal_is_ruled_out_by_the_mass_it_puts_below_zero():
    y = np.random.default_rng(3).gamma(4.0, 38.0, 442)
    expected = stats.norm.cdf(0.0, y.mean(), y.std())
    reason = ruled_out(judged(y))["normal"]
    assert reason.startswith("`normal` puts mass below 0, where 0 of 442 values lie: at the sample")
    assert reason.endswith(f"that is {100 * expected:.2g} %.")


def test_normal_far_from_zero_is_not_ruled_out():
    y = np.random.default_rng(4).normal(170.0, 8.0, 500)
    assert "normal" in [each.family for each in judged(y).suggestions]


@pytest.mark.parametrize(
    ("y", "family", "said"),
    [
        ([0, 0, 3, 8, 2], "gamma", r"lives above 0, 2 of 5 values are 0 or below \(40 %\)"),
        ([-1.5, 2.0, 3.0], "log-normal", r"1 of 3 values are 0 or below .* the least is -1\.5"),
        ([1.5, 2, 3], "negative-binomial", r"1 of 3 values are no whole numbers, such as 1\.5"),
        ([-2, 2, 3], "negative-binomial", "1 of 3 values are below 0; the least is -2"),
        ([5, 6] * 50, "negative-binomial", r"here it is 0\.04591 times the mean"),
        ([0, 1, 2], "bernoulli", "1 of 3 values are neither, such as 2"),
        ([0, 1, 1], "normal", "gives single values no mass, all 3 values are 0 or 1"),
        ([0, 1, 1], "gamma", "gives single values no mass, all 3 values are 0 or 1"),
        ([0, 1, 1], "negative-binomial", "puts mass on 2, 3, ..., where 0 of 3 values lie"),
        (list(np.linspace(0.4, 1, 40)), "normal", "puts mass above 1, where 0 of 40 values lie"),
        (list(np.linspace(0.4, 1, 40)), "gamma", "puts mass above 1, .* fitted that is"),
    ],
)
def test_what_rules_a_family_out(y, family, said):
    reason = ruled_out(judged(y))[family]
    assert reason.startswith(f"`{family}` ")
    assert re.search(said, reason), reason


def test_reasons_compare_by_bic():
    problem = judged(np.random.default_rng(5).gamma(2.0, 3.0, 1500))
    first, second = problem.suggestions
    assert first.reason.startswith("lowest BIC, ")
    assert f"above `{first.family}`" in second.reason
    assert "1,500 rows without covariates" in first.reason


def test_where_no_family_has_the_support_the_nearest_is_named_with_what_it_gets_wrong():
    problem = judged([0.0, 0.0, 0.3, 1.7, 2.2, 0.9, 5.4])
    (only,) = problem.suggestions
    assert only.family == "normal"
    assert only.reason.startswith("no family of this release has this support")
    assert "puts mass below 0" in only.reason
    assert "normal" in ruled_out(problem)


def test_a_constant_target_cannot_rank_families():
    problem = judged([5, 5, 5])
    assert "do not tell families apart" in problem.suggestions[0].reason


def test_censoring_wraps_the_family_and_lifts_its_mean(shop):
    problem = profile(shop, target="units", censored_above="stock")
    assert problem.suggestions[0].family == "censored(negative-binomial)"
    truth, recorded = shop["demand"].mean(), shop["units"].mean()
    assert f"recorded {recorded:.4g}" in problem.suggestions[0].reason
    mean = float(problem.suggestions[0].reason.split("its mean is ")[1].split(",")[0])
    assert mean == pytest.approx(truth, rel=0.03)


def test_a_target_cut_at_zero_from_below_may_be_negative():
    y = np.maximum(np.random.default_rng(6).normal(0.5, 2.0, 400), 0.0)
    problem = judged(y, censored_below=np.zeros(400))
    assert problem.suggestions[0].family == "censored(normal)"
    reasons = ruled_out(problem)
    assert "values are hidden at or below 0" in reasons["gamma"]
    assert "the target itself may be" in problem["support"].meaning


def scipy_law(law, theta):
    return {
        "normal": lambda: stats.norm(theta[0], np.exp(theta[1])),
        "log-normal": lambda: stats.lognorm(np.exp(theta[1]), scale=np.exp(theta[0])),
        "gamma": lambda: stats.gamma(np.exp(theta[1]), scale=np.exp(theta[0] - theta[1])),
        "negative-binomial": lambda: stats.nbinom(
            np.exp(theta[1]), np.exp(theta[1]) / (np.exp(theta[1]) + np.exp(theta[0]))
        ),
    }[law.name]()


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_laws_are_scipys(law):
    theta = np.array([0.7, -0.2])
    truth = scipy_law(law, theta)
    y = np.array([1.0, 2.0, 5.0, 9.0])
    log_prob = truth.logpmf if law.is_count else truth.logpdf
    np.testing.assert_allclose(law.log_prob(theta, y), log_prob(y), rtol=1e-10)
    np.testing.assert_allclose(law.log_cdf(theta, y), truth.logcdf(y), rtol=1e-10)
    reached = truth.logsf(y - 1) if law.is_count else truth.logsf(y)
    np.testing.assert_allclose(law.log_sf(theta, y), reached, rtol=1e-10)
    assert law.mean(theta) == pytest.approx(truth.mean())


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_tails_stay_finite_where_probabilities_underflow(law):
    limit = np.array([5e3])
    theta = np.array([0.7, -2.0 if law in (NORMAL, LOG_NORMAL) else 2.0])
    assert np.isfinite(law.log_sf(theta, limit)).all()
    assert law.log_sf(theta, limit)[0] < -700


@pytest.mark.parametrize(
    ("law", "draw"),
    [
        (NORMAL, stats.norm(2.0, 3.0)),
        (LOG_NORMAL, stats.lognorm(0.7, scale=3.0)),
        (GAMMA, stats.gamma(2.5, scale=2.0)),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_censored_fits_are_scipys(law, draw):
    y = draw.rvs(400, random_state=11)
    limit = draw.ppf(0.7)
    found = fit(law, sample(y[y < limit], least=np.full((y >= limit).sum(), limit)))
    data = stats.CensoredData.right_censored(np.minimum(y, limit), y >= limit)
    fixed = {} if law is NORMAL else {"floc": 0}
    family = {"normal": stats.norm, "log-normal": stats.lognorm, "gamma": stats.gamma}[law.name]
    truth = family(*family.fit(data, **fixed))
    assert found is not None
    assert found.mean == pytest.approx(truth.mean(), rel=2e-3)
    seen = y[y < limit]
    best = truth.logpdf(seen).sum() + (y >= limit).sum() * truth.logsf(limit)
    assert found.log_likelihood == pytest.approx(best, abs=0.01)


def test_counts_and_measures_are_compared_by_mass():
    # Gamma on whole numbers: the probability of [y - 1/2, y + 1/2], not the density at y.
    y = np.random.default_rng(12).poisson(3.0, 300) + 1
    found = fit(GAMMA, sample(y))
    assert found is not None
    truth = scipy_law(GAMMA, found.theta)
    expected = np.log(truth.cdf(y + 0.5) - truth.cdf(y - 0.5)).sum()
    assert found.log_likelihood == pytest.approx(expected, rel=1e-8)


def test_a_law_above_zero_has_no_fit_to_targets_hidden_below_zero():
    assert fit(NEGATIVE_BINOMIAL, sample([1, 4, 7], most=[-3.0])) is None
