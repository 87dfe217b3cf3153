"""One battery for every registered family; the laws stand in conftest.py."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats as st
from scipy.integrate import quad

from assay.family.abstract import through_links

from .conftest import LEVELS, Case, ask


def _log_mass(case: Case, law, points):
    return law.logpmf(points) if case.distribution.is_count else law.logpdf(points)


def test_log_prob_is_that_of_the_law(case):
    truth = _log_mass(case, case.law, case.points)
    assert case.answers["log_prob"] == pytest.approx(truth, rel=1e-11, abs=1e-11)


def test_off_the_support_there_is_nothing(case):
    if not np.isfinite(case.family.support.lower):
        pytest.skip("every number belongs to it")
    assert case.answers["log_prob"][0] == -np.inf
    assert case.answers["log_cdf"][0] == -np.inf
    assert case.answers["log_sf"][0] == 0


def test_both_tails_are_those_of_the_law(case):
    assert case.answers["log_cdf"] == pytest.approx(case.law.logcdf(case.points), rel=1e-10)
    assert case.answers["log_sf"] == pytest.approx(
        case.law.logsf(case.points), rel=1e-10, abs=1e-14
    )


def test_the_two_tails_hold_all_the_mass(case):
    total = np.logaddexp(case.answers["log_cdf"], case.answers["log_sf"])
    assert total == pytest.approx(np.zeros(len(case.points)), abs=1e-14)


def test_the_mass_of_a_count_adds_up_to_its_tails(count):
    k = np.arange(0.0, 1024.0)
    mass = np.exp(ask(count.distribution, "log_prob", k))
    assert mass.sum() == pytest.approx(1, abs=1e-12)
    below = [mass[k <= point].sum() for point in count.points[1:]]
    assert np.exp(count.answers["log_cdf"][1:]) == pytest.approx(below, rel=1e-10)


def test_a_fraction_has_no_mass_under_a_count(count):
    halves = np.arange(0.0, 1024.0) + 0.5
    assert np.all(np.asarray(ask(count.distribution, "log_prob", halves)) == -np.inf)


def test_the_slope_of_the_cdf_is_the_density(density):
    points = jnp.asarray(density.points[1:])
    ones = jnp.ones_like(points)
    _, slope = jax.jit(lambda y: jax.jvp(density.distribution.log_cdf, (y,), (ones,)))(points)
    wanted = np.exp(density.answers["log_prob"][1:] - density.answers["log_cdf"][1:])
    assert slope == pytest.approx(wanted, rel=1e-10)


def test_quantiles_are_those_of_the_law(case):
    assert case.answers["quantile"] == pytest.approx(case.law.ppf(LEVELS), rel=1e-9)


def test_samples_follow_the_law(case):
    draws = np.asarray(case.distribution.sample(jax.random.key(7), (4000,)))
    if case.distribution.is_count:
        values, counts = np.unique(draws, return_counts=True)
        gap = np.abs(np.cumsum(counts) / len(draws) - case.law.cdf(values)).max()
        assert gap < 1.95 / np.sqrt(len(draws))  # Kolmogorov's bound at a level below 0.001
    else:
        assert st.kstest(draws, case.law.cdf).pvalue > 1e-3


def test_samples_take_the_shape_of_the_parameters(case):
    parameters = {name: jnp.full((2, 3), value) for name, value in case.parameters.items()}
    draws = case.family.bind(parameters, {}).sample(jax.random.key(1), (50, 2, 3))
    assert draws.shape == (50, 2, 3)
    assert len({tuple(cell) for cell in np.asarray(draws).reshape(50, 6).T}) == 6


def test_moments_are_those_of_the_law(case):
    assert float(case.answers["mean"]) == pytest.approx(case.law.mean(), rel=1e-12)
    assert float(case.answers["variance"]) == pytest.approx(case.law.var(), rel=1e-12)


def _excess(case: Case, limit: float) -> float:
    if case.distribution.is_count:
        k = np.arange(0, 3000)
        return float(np.sum(np.maximum(k - limit, 0) * case.law.pmf(k)))
    if limit < case.law.ppf(1e-12):
        return case.law.mean() - limit
    far = case.law.isf([1e-2, 1e-4, 1e-7, 1e-10, 1e-14])
    knots = [limit, *far[far > limit]]
    pieces = pairwise(knots)
    return sum(quad(case.law.sf, a, b, epsabs=0, epsrel=1e-11)[0] for a, b in pieces)


def test_excess_is_the_integral_of_the_upper_tail(case):
    truth = [_excess(case, limit) for limit in case.points]
    assert case.answers["excess"] == pytest.approx(truth, rel=1e-6, abs=1e-13)


def test_reaching_a_limit_includes_the_mass_on_it(case):
    least = case.points - 1 if case.distribution.is_count else case.points
    assert case.answers["log_reach"] == pytest.approx(case.law.logsf(least), rel=1e-10, abs=1e-14)


def test_links_lead_to_the_same_distribution(case):
    linked = {p.name: p.link.inverse(case.parameters[p.name]) for p in case.family.parameters}
    again = ask(case.family.from_linked(linked, {}), "log_prob", case.points)
    assert again == pytest.approx(case.answers["log_prob"], rel=1e-11, abs=1e-11)
    back = through_links(case.family.parameters, linked)
    assert [float(v) for v in back.values()] == pytest.approx(case.values, rel=1e-12)


def test_gradients_are_finite_differences_of_the_law(case):
    points = jnp.asarray(case.points[1:])
    names = [parameter.name for parameter in case.family.parameters]

    def value(parameters):
        bound = case.family.bind(dict(zip(names, parameters, strict=True)), {})
        return jnp.stack([bound.log_prob(points), *bound.log_tails(points)])

    found = np.asarray(jax.jit(jax.jacfwd(value))(jnp.asarray(case.values)))
    assert np.isfinite(found).all()
    for j, centre in enumerate(case.values):
        step = 1e-5 * centre
        up, down = list(case.values), list(case.values)
        up[j], down[j] = centre + step, centre - step
        moved = []
        for law in (case.make_law(*up), case.make_law(*down)):
            y = case.points[1:]
            moved.append(np.stack([_log_mass(case, law, y), law.logcdf(y), law.logsf(y)]))
        with np.errstate(invalid="ignore"):  # a yes or no has nothing above 1
            truth = np.nan_to_num((moved[0] - moved[1]) / (2 * step), nan=0.0)
        assert found[..., j] == pytest.approx(truth, rel=2e-6, abs=2e-7)


def test_a_fit_starts_within_the_range_of_each_parameter(case):
    for y in (case.law.rvs(200, random_state=3).astype(float), np.ones(3)):
        start = case.family.start(y, {})
        assert set(start) == set(case.parameters)
        linked = [p.link.inverse(jnp.asarray(start[p.name])) for p in case.family.parameters]
        assert np.isfinite(linked).all()


def test_a_support_says_which_values_belong_to_it(case):
    support = case.family.support
    assert support.contains(case.points[1:]).all()
    assert not support.contains(np.array([np.nan])).any()
    if np.isfinite(support.lower):
        assert not support.contains(np.array([support.lower - 1])).any()
    assert support.contains(np.array([0.5])).all() != support.whole


def test_every_row_says_its_value_where_nothing_is_hidden(case):
    (part,) = case.family.parts(np.array([1.0, 0.0]), {})
    assert part.family is case.family
    assert part.rows.tolist() == [0, 1]
    assert case.family.needs() == ()
