"""Families of counts: exact in the tails, from tiny parameters to huge ones."""

from functools import partial

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
import scipy.stats as st
from hypothesis import given
from hypothesis import strategies as some
from laws.counts import LAWS

from assay.errors import ConfigError, DataError
from assay.family import Known
from assay.family.beta_binomial import BetaBinomial
from assay.family.binomial import Binomial
from assay.family.generalized_poisson import GeneralizedPoisson
from assay.family.negative_binomial import NegativeBinomial
from assay.family.poisson import Poisson

from .held_to_law import ROWS, ask, bind, derivatives, spread, worst_errors

FAMILIES = {
    "poisson": Poisson(),
    "binomial": Binomial(),
    "binomial(trials=3000)": Binomial(trials=3000),
    "negative-binomial": NegativeBinomial(),
    "beta-binomial": BetaBinomial(),
    "beta-binomial(trials=700)": BetaBinomial(trials=700),
    "generalized-poisson": GeneralizedPoisson(),
}
# The others take seconds a point in mpmath; `benchmarks/tails.py` goes through all.
GRID = {
    "poisson": slice(0, 5),
    "binomial(trials=3000)": slice(0, 4),
    "negative-binomial": slice(0, 4),
    "beta-binomial": slice(0, 4),
    "generalized-poisson": slice(0, 2),
}
POINTS = [(name, values) for name, which in GRID.items() for values in LAWS[name].values[which]]
EACH = [(name, values) for name in FAMILIES for values in LAWS[name].values]


@pytest.mark.parametrize(("name", "values"), POINTS)
def test_values_and_derivatives_match_50_digits_to_a_log_probability_of_9000(name, values):
    with mp.workdps(60):
        worst = worst_errors(FAMILIES[name], LAWS[name], values)
    assert worst["value"] < 1e-10
    assert worst["gradient"] < 1e-9
    assert worst["second"] < 1e-6


@jax.jit
def _next(distribution, k, log_mass):
    return distribution.next_log_prob(k, log_mass)


@pytest.mark.parametrize(("name", "values"), EACH)
def test_mass_is_what_the_tails_differ_by(name, values):
    at = jnp.asarray(list(values.values()))
    distribution = bind(FAMILIES[name], at)
    k = np.asarray(spread(FAMILIES[name], at))
    before, below, from_k = ask(distribution, k - 1)
    mass, up_to, above = ask(distribution, k)
    # A negligible mass is lost in what it adds to: this asks no more than rounding allows.
    assert np.logaddexp(below, mass) == pytest.approx(up_to, rel=1e-11, abs=1e-14)
    assert np.logaddexp(above, mass) == pytest.approx(from_k, rel=1e-11, abs=1e-14)
    later = (k > 0) & np.isfinite(mass)
    step = np.asarray(_next(distribution, k - 1, before))
    assert step[later] == pytest.approx(mass[later], rel=1e-11, abs=1e-11)


@jax.jit
def _quantile(distribution, log_p, log_q):
    return distribution.tail_quantile(log_p, log_q)


@pytest.mark.parametrize(("name", "values"), EACH)
def test_the_quantile_of_the_cdf_of_a_count_is_that_count(name, values):
    distribution = bind(FAMILIES[name], list(values.values()))
    far = np.repeat([-690.0, -60.0, -5.0, -1.0], 3)
    close = np.log1p(-np.exp(far))
    k = np.asarray(_quantile(distribution, np.append(far, close), np.append(close, far)))
    k = np.maximum(k + np.tile([-1.0, 0.0, 1.0], 8), 0.0)
    _, log_cdf, log_sf = ask(distribution, k)
    found = np.asarray(_quantile(distribution, log_cdf, log_sf))
    within = (np.minimum(log_cdf, log_sf) > -700) & (np.maximum(log_cdf, log_sf) < 0)
    assert within.any()
    assert np.array_equal(found[within], k[within])
    # From a plain level too, where that can be told from its neighbours.
    level = np.exp(np.where(within & (log_cdf < log_sf), log_cdf, -1.0))
    found = np.asarray(_quantile(distribution, np.log(level), np.log1p(-level)))
    lower = within & (log_cdf < log_sf)
    assert np.array_equal(found[lower], k[lower])


@pytest.mark.parametrize(
    ("family", "values", "law"),
    [
        (Poisson(), (7.3,), st.poisson(7.3)),
        (Binomial(trials=40), (0.3,), st.binom(40, 0.3)),
        (BetaBinomial(trials=40), (0.3, 5.0), st.betabinom(40, 1.5, 3.5)),
        (NegativeBinomial(), (4.0, 1.3), st.nbinom(1.3, 1.3 / 5.3)),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_scipy_agrees_in_the_middle(family, values, law):
    distribution = bind(family, values)
    k = np.array([-1.0, 0.0, 2.0, 2.5, 9.0, 31.0])
    log_mass, log_cdf, log_sf = ask(distribution, k)
    np.testing.assert_allclose(log_cdf, law.logcdf(k), rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(log_sf, law.logsf(k), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(log_mass, law.logpmf(k), rtol=1e-10)
    assert float(distribution.mean()) == pytest.approx(law.mean(), rel=1e-13)
    assert float(distribution.variance()) == pytest.approx(law.var(), rel=1e-13)


@pytest.mark.parametrize("name", ["poisson", "binomial", "beta-binomial", "generalized-poisson"])
@pytest.mark.parametrize("limit", [-2.5, 0.0, 0.4, 3.0, 7.5, 10.0, 14.0])
def test_the_excess_is_a_sum_over_the_mass(name, limit):
    distribution = bind(FAMILIES[name], list(LAWS[name].values[0].values()))
    k = np.arange(0.0, 200.0)
    wanted = np.sum(np.maximum(k - limit, 0) * np.exp(ask(distribution, k)[0]))
    assert float(_excess(distribution, limit)) == pytest.approx(wanted, rel=1e-11, abs=1e-14)


@jax.jit
def _excess(distribution, limit):
    return distribution.excess(limit)


@pytest.mark.parametrize("name", ["poisson", "binomial", "beta-binomial", "generalized-poisson"])
def test_samples_follow_the_law(name):
    parameters = jnp.asarray(list(LAWS[name].values[0].values()))
    distribution = bind(FAMILIES[name], parameters)
    draws = np.asarray(distribution.sample(jax.random.key(5), (4000,)))
    values, counts = np.unique(draws, return_counts=True)
    cdf = np.exp(ask(distribution, values)[1])
    # Kolmogorov's bound at a level below 0.001.
    assert np.abs(np.cumsum(counts) / len(draws) - cdf).max() < 1.95 / np.sqrt(len(draws))
    assert np.isfinite(draws).all()


def test_a_generalised_poisson_count_is_dispersed_as_it_says():
    # By Consul & Jain (1973): mean θ / (1 - λ), variance θ / (1 - λ)³.
    distribution = bind(GeneralizedPoisson(), (3.0, 0.4))
    k = np.arange(0.0, 400.0)
    mass = np.exp(ask(distribution, k)[0])
    assert mass.sum() == pytest.approx(1, rel=1e-13)
    assert (mass * k).sum() == pytest.approx(3.0, rel=1e-13)
    assert (mass * (k - 3) ** 2).sum() == pytest.approx(3.0 * 0.6 / 0.6**3, rel=1e-12)
    assert float(distribution.variance()) == pytest.approx(3.0 / 0.36, rel=1e-14)


@pytest.mark.parametrize("logits", [-1e4, -700.0, -250.0, 250.0, 700.0, 1e4])
def test_a_binomial_keeps_its_digits_at_any_log_odds(logits):
    distribution = Binomial(trials=12).from_linked({"probability": jnp.asarray(logits)}, {})
    k = np.array([0.0, 5.0, 11.0, 12.0])
    log_no, log_yes = -np.logaddexp(0, logits), -np.logaddexp(0, -logits)
    mass = [float(mp.log(mp.binomial(12, int(i)))) + i * log_yes + (12 - i) * log_no for i in k]
    log_mass, log_cdf, log_sf = ask(distribution, k)
    np.testing.assert_allclose(log_mass, mass, rtol=1e-14)
    # The term next to the cut is all of the smaller tail.
    first = np.log([12.0, 924.0, 1.0]) + np.array([1, 6, 12]) * log_yes
    last = np.log([1.0, 792.0, 12.0]) + np.array([12, 7, 1]) * log_no
    small, wanted = (log_sf, first) if logits < 0 else (log_cdf, last)
    np.testing.assert_allclose(small[:3], wanted, rtol=1e-13)


@partial(jax.jit, static_argnums=0)
def _linked_bends(family, linked, k):
    """Log mass and log tails with gradients and Hessians in what the predictors add up to."""
    names = [parameter.name for parameter in family.parameters]

    def value(at):
        bound = family.from_linked(dict(zip(names, at, strict=True)), {})
        three = jnp.stack([bound.log_prob(k), *bound.log_tails(k)])
        return three, three

    def slope(at):
        slopes, three = jax.jacrev(value, has_aux=True)(at)
        return slopes, (three, slopes)

    bends, both = jax.jacfwd(slope, has_aux=True)(linked)
    return (*both, bends)


EXTREMES = [
    *((Poisson(), (log,)) for log in (-690.0, -300.0, 18.0, 30.0)),
    *((Binomial(trials=50), (logit,)) for logit in (-700.0, -199.0, 40.0, 700.0)),
    *((BetaBinomial(trials=50), at) for at in ((-700.0, 1.0), (700.0, -9.0), (0.0, 60.0))),
    *((GeneralizedPoisson(), at) for at in ((-690.0, 0.0), (1.0, -700.0), (1.0, 700.0), (9, 9))),
    *((NegativeBinomial(), at) for at in ((-690.0, 0.0), (18.0, 28.0), (2.0, -30.0))),
]


@pytest.mark.parametrize(("family", "linked"), EXTREMES)
def test_no_derivative_is_nan_at_extreme_parameters(family, linked):
    k = jnp.asarray([0.0, 3.0, 50.0])
    values, slopes, bends = _linked_bends(family, jnp.asarray(linked, dtype=float), k)
    assert not np.isnan(values).any()
    assert np.isfinite(slopes).all()
    assert np.isfinite(bends).all()


@pytest.mark.parametrize("mean", [1e8, 1e10])
def test_a_poisson_of_a_huge_mean_is_nearly_normal(mean):
    # Edgeworth's expansion with the skewness and kurtosis of a Poisson; the last term corrects for
    # the grid of whole numbers.
    distribution = bind(Poisson(), (mean,))
    sd = np.sqrt(mean)
    k = np.floor(mean + 3 * sd)
    z = (k + 0.5 - mean) / sd
    bend = (z**2 - 1) / (6 * sd) + (z**3 - 3 * z) / (24 * mean)
    bend += (z**5 - 10 * z**3 + 15 * z) / (72 * mean) - z / (24 * mean)
    wanted = st.norm.sf(z) + st.norm.pdf(z) * bend
    assert float(np.exp(ask(distribution, k)[2][0])) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("mean", [1e-300, 1e-250, 1e-50])
def test_a_poisson_of_a_tiny_mean_has_the_odds_of_one_event(mean):
    _, log_cdf, log_sf = ask(bind(Poisson(), (mean,)), np.array([0.0, 1.0]))
    np.testing.assert_allclose(log_sf, np.log(mean) * np.array([1, 2]) - [0, np.log(2)], rtol=1e-14)
    assert float(log_cdf[0]) == pytest.approx(-mean, rel=1e-12)


def test_a_beta_binomial_of_high_precision_is_a_binomial():
    k = np.arange(0.0, 41.0)
    close, exact = bind(BetaBinomial(40), (0.3, 1e15)), bind(Binomial(40), (0.3,))
    for one, two in zip(ask(close, k), ask(exact, k), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-11)


def test_a_uniform_chance_makes_every_count_as_likely():
    distribution = bind(BetaBinomial(5000), (0.5, 2.0))
    k = np.array([0.0, 1234.0, 4999.0])
    log_mass, log_cdf, _ = ask(distribution, k)
    np.testing.assert_allclose(log_mass, -np.log(5001.0), rtol=1e-13)
    np.testing.assert_allclose(np.exp(log_cdf), (k + 1) / 5001, rtol=1e-12)


def test_a_generalised_poisson_without_dispersion_is_a_poisson():
    k = np.array([0.0, 3.0, 12.0, 40.0])
    close = GeneralizedPoisson().from_linked(
        {"mean": jnp.log(9.0), "dispersion": jnp.asarray(-90.0)}, {}
    )
    exact = bind(Poisson(), (9.0,))
    for one, two in zip(ask(close, k), ask(exact, k), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12)


@pytest.mark.parametrize("size", [1e8, 1e12])
@pytest.mark.parametrize("question", ["log_prob", "log_cdf", "log_sf"])
def test_a_negative_binomial_close_to_a_poisson_keeps_every_derivative(size, question):
    mean, k = 3.0, 4.0
    law = getattr(LAWS["negative-binomial"], question)

    which = ("log_prob", "log_cdf", "log_sf").index(question)
    bends = derivatives(NegativeBinomial(), jnp.asarray([mean, size]), jnp.full(ROWS, k))[3]
    found = np.asarray(bends)[0, which]
    with mp.workdps(100):
        step = mp.mpf(10) ** -15
        near = lambda m, s: law(k, mean=mean * (1 + m * step), size=size * (1 + s * step))  # noqa: E731
        mixed = near(1, 1) - near(1, -1) - near(-1, 1) + near(-1, -1)
        twice = near(0, 1) - 2 * near(0, 0) + near(0, -1)
        wanted = float(mixed / 4 * 10**30 / mean / size), float(twice * 10**30 / size**2)
    # Of order size^-2 and size^-3.
    assert found[0, 1] == pytest.approx(wanted[0], rel=1e-9)
    assert found[1, 1] == pytest.approx(wanted[1], rel=1e-9)


def test_trials_by_row_come_from_a_column():
    family = Binomial(trials="asked")
    assert family.needs() == ("asked",)
    columns = {"asked": np.array([3.0, 10.0, 0.0])}
    distribution = family.bind({"probability": jnp.asarray(0.2)}, columns)
    wanted = st.binom([3, 10, 0], 0.2).logpmf([3, 3, 0])
    np.testing.assert_allclose(distribution.log_prob(np.array([3.0, 3.0, 0.0])), wanted, atol=1e-15)
    assert np.asarray(distribution.mean()) == pytest.approx([0.6, 2.0, 0.0])
    (part,) = family.parts(np.array([3.0, 3.0, 0.0]), columns)
    assert part.known is Known.VALUE
    assert part.columns["asked"].tolist() == [3.0, 10.0, 0.0]


@pytest.mark.parametrize("family", [Binomial("asked"), BetaBinomial("asked")])
@pytest.mark.parametrize(
    ("asked", "said"),
    [([3, 1], "row 2: the target is 2"), ([3, np.nan], "row 2: .* is nan"), ([2.5, 3], "row 1")],
)
def test_rows_with_impossible_trials_are_named(family, asked, said):
    with pytest.raises(DataError, match=said):
        family.parts(np.array([2.0, 2.0]), {"asked": np.array(asked, dtype=float)})


@pytest.mark.parametrize("trials", [0, -1, 2.5, True, ""])
def test_trials_that_are_no_number_are_refused(trials):
    with pytest.raises(ConfigError, match="must be a whole number from 1 on"):
        Binomial(trials=trials)
    with pytest.raises(ConfigError, match="BetaBinomial: `trials`"):
        BetaBinomial(trials=trials)


def test_a_setting_shows_in_support_and_recipe():
    assert Binomial(trials=12).support.name == "whole numbers 0 to 12"
    assert Binomial(trials=12).support.contains(np.array([12.0, 13.0, 0.5])).tolist() == [1, 0, 0]
    assert Binomial("asked").support.contains(np.array([1e6])).all()
    assert Binomial(trials=12).describe() == "binomial(trials=12)"
    assert BetaBinomial("asked").describe() == "beta-binomial(trials='asked')"


@pytest.mark.parametrize("family", [*FAMILIES.values(), Binomial("n"), BetaBinomial("n")])
@pytest.mark.parametrize("y", [[0.0], [10.0], [0.0, 0.0], [3.0, 3.0], [0.0, 10.0, 10.0, 0.0]])
def test_a_fit_starts_within_the_range_of_each_parameter(family, y):
    start = family.start(np.array(y), {"n": np.full(len(y), 10.0)})
    linked = [each.link.inverse(jnp.asarray(start[each.name])) for each in family.parameters]
    assert np.isfinite(linked).all()
    assert set(start) == {each.name for each in family.parameters}


def test_starts_are_close_to_what_made_the_data():
    draws = np.asarray(bind(GeneralizedPoisson(), (8.0, 0.5)).sample(jax.random.key(2), (4000,)))
    start = GeneralizedPoisson().start(draws, {})
    assert start == {
        "mean": pytest.approx(8.0, rel=0.1),
        "dispersion": pytest.approx(0.5, abs=0.05),
    }
    draws = np.asarray(bind(BetaBinomial(30), (0.3, 4.0)).sample(jax.random.key(3), (4000,)))
    start = BetaBinomial(30).start(draws, {})
    assert start == {"mean": pytest.approx(0.3, rel=0.1), "precision": pytest.approx(4.0, rel=0.2)}


@given(some.integers(0, 3000), some.floats(-12, 12), some.floats(-12, 25))
def test_a_beta_binomial_adds_up_at_any_shape(k, logits, log_precision):
    linked = {"mean": jnp.asarray(logits), "precision": jnp.asarray(log_precision)}
    tails = ask(BetaBinomial(3000).from_linked(linked, {}), float(k))[1:]
    assert np.logaddexp(*tails) == pytest.approx(0.0, abs=1e-12)


@given(some.integers(0, 10**6), some.floats(-12, 12), some.floats(-12, 9))
def test_a_generalised_poisson_tail_loses_the_mass_it_passes(k, log_mean, logits):
    linked = {"mean": jnp.asarray(log_mean), "dispersion": jnp.asarray(logits)}
    distribution = GeneralizedPoisson().from_linked(linked, {})
    (_, mass), _, (before, here) = ask(distribution, np.array([k - 1.0, k]))
    assert before == pytest.approx(np.logaddexp(here, mass), rel=2e-11, abs=1e-13)
