"""One battery for every registered family; the laws stand in conftest.py."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats as st
from scipy.integrate import quad

from assay.errors import AssayError
from assay.family.abstract import through_links

LEVELS = np.array([1e-9, 0.001, 0.1, 0.37, 0.5, 0.9, 0.999, 1 - 1e-9])


def test_log_prob_is_that_of_the_law(case, points):
    truth = case.law.logpmf(points) if case.distribution.is_count else case.law.logpdf(points)
    assert case.distribution.log_prob(points) == pytest.approx(truth, rel=1e-11, abs=1e-11)


def test_both_tails_are_those_of_the_law(case, points):
    log_cdf, log_sf = case.distribution.log_tails(points)
    assert log_cdf == pytest.approx(case.law.logcdf(points), rel=1e-10, abs=1e-14)
    assert log_sf == pytest.approx(case.law.logsf(points), rel=1e-10, abs=1e-14)
    assert np.array_equal(log_cdf, case.distribution.log_cdf(points))
    assert np.array_equal(log_sf, case.distribution.log_sf(points))


def test_the_two_tails_hold_all_the_mass(case, points):
    total = jnp.logaddexp(*case.distribution.log_tails(points))
    assert total == pytest.approx(np.zeros(len(points)), abs=1e-14)


def test_all_mass_lies_on_the_support(case):
    lower, upper = case.family.support.lower, case.family.support.upper
    if case.distribution.is_count:
        mass = np.exp(case.distribution.log_prob(np.arange(0.0, 2000.0)))
        assert mass.sum() == pytest.approx(1, abs=1e-12)
    else:
        knots = case.law.ppf([0, 1e-4, 0.1, 0.5, 0.9, 1 - 1e-9])
        pieces = [
            quad(lambda y: float(case.law.pdf(y)), a, b, limit=200)[0]
            for a, b in zip(knots[:-1], knots[1:], strict=True)
        ]
        assert sum(pieces) == pytest.approx(1, abs=1e-6)
    for outside in (lower - 1.0, upper + 1.0):
        if np.isfinite(outside):
            assert float(case.distribution.log_prob(jnp.asarray(outside))) == -np.inf


def test_a_fraction_has_no_mass_under_a_count(case):
    if not case.distribution.is_count:
        pytest.skip("only counts lie on whole numbers")
    assert float(case.distribution.log_prob(jnp.asarray(0.5))) == -np.inf
    assert float(case.distribution.log_cdf(jnp.asarray(0.5))) == pytest.approx(
        float(case.law.logcdf(0)), rel=1e-12
    )


def test_the_slope_of_the_cdf_is_the_density(case, points):
    if case.distribution.is_count:
        step = np.exp(case.distribution.log_cdf(points)) - np.exp(
            case.distribution.log_cdf(points - 1)
        )
        assert step == pytest.approx(np.exp(case.distribution.log_prob(points)), rel=1e-7, abs=1e-14)
        return
    slope = jax.vmap(jax.grad(case.distribution.log_cdf))(points)
    density = np.exp(case.distribution.log_prob(points) - case.distribution.log_cdf(points))
    assert slope == pytest.approx(density, rel=1e-10)


def test_quantiles_are_those_of_the_law(case):
    found = jax.vmap(case.distribution.quantile)(jnp.asarray(LEVELS))
    assert found == pytest.approx(case.law.ppf(LEVELS), rel=1e-9)


def test_quantile_and_cdf_are_inverse(case, points):
    levels = np.exp(case.distribution.log_cdf(points))
    inside = (levels > 0) & (levels < 1 - 1e-12)
    # Just below the step, so that rounding does not push a count over it.
    slack = 1 - 1e-10 if case.distribution.is_count else 1.0
    back = jax.vmap(case.distribution.quantile)(jnp.asarray(levels[inside] * slack))
    assert back == pytest.approx(points[inside], rel=1e-6)


def test_samples_follow_the_cdf(case):
    draws = np.asarray(case.distribution.sample(jax.random.key(7), (4000,)))
    if case.distribution.is_count:
        values, counts = np.unique(draws, return_counts=True)
        gap = np.abs(np.cumsum(counts) / len(draws) - case.law.cdf(values)).max()
        assert gap < 1.95 / np.sqrt(len(draws))  # Kolmogorov's bound at a level below 0.001
    else:
        assert st.kstest(draws, case.law.cdf).pvalue > 1e-3


def test_samples_broadcast_over_parameters(case):
    parameters = {k: jnp.full((2, 3), v) for k, v in case.parameters.items()}
    distribution = case.family.bind(parameters, {})
    draws = distribution.sample(jax.random.key(1), (5, 2, 3))
    assert draws.shape == (5, 2, 3)
    assert len(np.unique(draws[:, 0, 0])) > 1 or case.distribution.is_count


def test_moments_are_those_of_the_law(case):
    assert float(case.distribution.mean()) == pytest.approx(case.law.mean(), rel=1e-12)
    assert float(case.distribution.variance()) == pytest.approx(case.law.var(), rel=1e-12)


def test_excess_is_the_integral_of_the_upper_tail(case):
    for level in (0.05, 0.5, 0.95):
        limit = float(case.law.ppf(level)) + (0.25 if case.distribution.is_count else 0.0)
        if case.distribution.is_count:
            k = np.arange(np.ceil(limit), 3000)
            truth = np.sum((k - limit) * case.law.pmf(k))
        else:
            far = case.law.isf([1e-3, 1e-7, 1e-13])
            knots = [limit, *far[far > limit]]
            truth = sum(
                quad(case.law.sf, a, b, epsabs=0, epsrel=1e-11)[0]
                for a, b in zip(knots[:-1], knots[1:], strict=True)
            )
        found = float(case.distribution.excess(jnp.asarray(limit)))
        assert found == pytest.approx(truth, rel=1e-8, abs=1e-12)


def test_excess_over_a_limit_below_the_support_is_the_distance(case):
    if not np.isfinite(case.family.support.lower):
        pytest.skip("every limit lies inside the real numbers")
    found = float(case.distribution.excess(jnp.asarray(-2.0)))
    assert found == pytest.approx(case.law.mean() + 2.0, rel=1e-12)


def test_reaching_a_limit_includes_the_mass_on_it(case, points):
    reach = case.distribution.log_reach(points)
    if case.distribution.is_count:
        assert reach == pytest.approx(case.law.logsf(points - 1), rel=1e-10, abs=1e-14)
        assert np.all(reach >= case.distribution.log_prob(points))
    else:
        assert reach == pytest.approx(case.law.logsf(points), rel=1e-10, abs=1e-14)


def test_links_lead_to_the_same_distribution(case, points):
    linked = {
        each.name: each.link.inverse(jnp.asarray(case.parameters[each.name]))
        for each in case.family.parameters
    }
    again = case.family.from_linked(linked, {})
    assert again.log_prob(points) == pytest.approx(
        np.asarray(case.distribution.log_prob(points)), rel=1e-11, abs=1e-12
    )
    back = through_links(case.family.parameters, linked)
    assert {k: float(v) for k, v in back.items()} == pytest.approx(case.parameters, rel=1e-12)


@pytest.mark.parametrize("question", ["log_prob", "log_reach", "log_cdf"])
def test_gradients_are_finite_differences_of_the_law(case, points, question):
    names = [parameter.name for parameter in case.family.parameters]
    at = jnp.asarray([case.parameters[name] for name in names])

    def value(parameters, y):
        bound = case.family.bind(dict(zip(names, parameters, strict=True)), {})
        return getattr(bound, question)(y)

    for y in points:
        gradient = jax.jit(jax.grad(value))(at, y)
        assert np.isfinite(gradient).all()
        for j in range(len(names)):
            step = 1e-5 * at[j]
            up, down = value(at.at[j].add(step), y), value(at.at[j].add(-step), y)
            assert float(gradient[j]) == pytest.approx(
                float((up - down) / (2 * step)), rel=2e-6, abs=2e-8
            )


def test_the_start_of_a_fit_is_on_the_range_of_each_parameter(case):
    for y in (case.law.rvs(200, random_state=3).astype(float), np.ones(3)):
        start = case.family.start(y)
        assert set(start) == {parameter.name for parameter in case.family.parameters}
        linked = [p.link.inverse(jnp.asarray(start[p.name])) for p in case.family.parameters]
        assert np.isfinite(linked).all()


def test_a_support_says_which_values_belong_to_it(case, points):
    support = case.family.support
    assert support.contains(points).all()
    assert not support.contains(np.array([np.nan, np.inf * -1, np.inf])).all()
    if np.isfinite(support.lower):
        assert not support.contains(np.array([support.lower - 1])).any()
    if support.whole:
        assert not support.contains(np.array([0.5])).any()


def test_a_row_says_its_value_where_nothing_is_hidden(case):
    (part,) = case.family.parts(np.array([1.0, 2.0]), {})
    assert part.family is case.family
    assert case.family.needs() == ()
    with pytest.raises((AssayError, KeyError)):
        case.family.bind({}, {})
