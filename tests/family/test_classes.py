"""Families of classes and levels: exact for any log-odds and any gap."""

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from laws.counts import LAWS
from scipy.special import expit, softmax

from assay.errors import ConfigError
from assay.family.bernoulli import Bernoulli
from assay.family.categorical import Categorical
from assay.family.ordered_logistic import OrderedLogistic

from .held_to_law import ask, bind, worst_errors

FAMILIES = {
    "bernoulli": Bernoulli(),
    "categorical": Categorical(),
    "ordered-logistic": OrderedLogistic(),
}
EACH = [(name, values) for name in FAMILIES for values in LAWS[name].values]


@pytest.mark.parametrize(("name", "values"), EACH)
def test_values_and_derivatives_match_60_digits(name, values):
    family = FAMILIES[name]
    every = np.arange(family.support.upper + 1)
    with mp.workdps(60):
        for y in (every[:3], every[3:]) if len(every) > 3 else (every,):
            worst = worst_errors(family, LAWS[name], values, y)
            assert worst["value"] < 1e-13
            assert worst["gradient"] < 1e-13
            assert worst["second"] < 1e-12


@pytest.mark.parametrize(("name", "values"), EACH)
def test_the_quantile_of_the_cdf_of_a_class_is_that_class(name, values):
    family = FAMILIES[name]
    distribution = bind(family, list(values.values()))
    every = np.arange(family.support.upper + 1)
    _, log_cdf, log_sf = ask(distribution, every)
    found = np.asarray(distribution.tail_quantile(jnp.asarray(log_cdf), jnp.asarray(log_sf)))
    # A class without mass that float64 can hold beside the others cannot be told from the next.
    small = np.where(log_cdf < log_sf, log_cdf, log_sf)
    apart = np.abs(np.diff(np.where(log_cdf < log_sf, log_cdf, -log_sf), prepend=-np.inf))
    known = (small > -1e4) & (np.maximum(log_cdf, log_sf) < 0) & (apart > 1e-14)
    assert np.array_equal(found[known], every[known])


def test_classes_off_the_support_have_nothing():
    for family, values in (
        (Categorical(3), (0.3, -1.0)),
        (OrderedLogistic(3), (0.3, 1.0)),
        (Bernoulli(), (0.3,)),
    ):
        top = family.support.upper
        log_mass, log_cdf, log_sf = ask(bind(family, values), np.array([-1.0, 0.5, top, top + 1]))
        assert np.array_equal(log_mass == -np.inf, [True, True, False, True])
        assert np.array_equal(log_cdf[[0, 2, 3]], [-np.inf, 0, 0])
        assert np.array_equal(log_sf[[0, 2, 3]], [0, -np.inf, -np.inf])


def test_a_categorical_is_a_softmax():
    scores = np.array([0.0, 1.2, -0.4, 2.0])
    distribution = bind(Categorical(4), scores[1:])
    shares = softmax(scores)
    classes = np.arange(4.0)
    log_mass, log_cdf, _ = ask(distribution, classes)
    np.testing.assert_allclose(np.exp(log_mass), shares, rtol=1e-14)
    np.testing.assert_allclose(np.exp(log_cdf), np.cumsum(shares), rtol=1e-14)
    mean = shares @ classes
    assert float(distribution.mean()) == pytest.approx(mean, rel=1e-14)
    assert float(distribution.variance()) == pytest.approx(shares @ (classes - mean) ** 2)
    above = shares @ np.maximum(classes - 1.5, 0)
    assert float(distribution.excess(jnp.asarray(1.5))) == pytest.approx(above, rel=1e-14)


def test_levels_lie_between_the_thresholds_of_a_logistic():
    distribution = bind(OrderedLogistic(4), (0.7, 1.1, 0.4))
    up_to = expit(np.array([0.0, 1.1, 1.5]) - 0.7)
    shares = np.diff(up_to, prepend=0, append=1)
    levels = np.arange(4.0)
    log_mass, log_cdf, _ = ask(distribution, levels)
    np.testing.assert_allclose(np.exp(log_mass), shares, rtol=1e-13)
    np.testing.assert_allclose(np.exp(log_cdf[:3]), up_to, rtol=1e-14)
    mean = shares @ levels
    assert float(distribution.mean()) == pytest.approx(mean, rel=1e-14)
    assert float(distribution.variance()) == pytest.approx(shares @ (levels - mean) ** 2, rel=1e-12)
    for limit in (-1.5, 0.0, 1.5, 3.0):
        above = shares @ np.maximum(levels - limit, 0)
        assert float(distribution.excess(jnp.asarray(limit))) == pytest.approx(above, abs=1e-14)


@pytest.mark.parametrize("location", [-1e4, -30.0, 0.0, 30.0, 1e4])
@pytest.mark.parametrize("gap", [1e-300, 1e-12, 1e-3, 40.0])
def test_a_level_in_a_tiny_gap_keeps_its_digits(location, gap):
    with mp.workdps(9100):
        a, b = -mp.mpf(location), mp.mpf(gap) - mp.mpf(location)
        mass = 1 / (1 + mp.exp(-b)) - 1 / (1 + mp.exp(-a))
        wanted = float(mp.log(mass))
    log_mass = ask(bind(OrderedLogistic(3), (location, gap)), np.array([1.0]))[0]
    assert log_mass[0] == pytest.approx(wanted, rel=1e-13)


def test_gaps_below_the_least_float_are_kept_as_logarithms():
    linked = {"location": jnp.asarray(0.0), "gap_2": jnp.asarray(-900.0)}
    distribution = OrderedLogistic(3).from_linked(linked, {})
    assert ask(distribution, np.array([1.0]))[0][0] == pytest.approx(-900 - np.log(4), rel=1e-14)


@pytest.mark.parametrize("logits", [-1e4, -700.0, 40.0, 700.0, 1e4])
def test_a_bernoulli_keeps_its_digits_at_any_log_odds(logits):
    distribution = Bernoulli().from_linked({"probability": jnp.asarray(logits)}, {})
    wanted = -np.logaddexp(0, [logits, -logits])
    np.testing.assert_allclose(ask(distribution, np.array([0.0, 1.0]))[0], wanted, rtol=1e-14)


def test_a_yes_or_no_has_the_same_law_in_three_families():
    one = bind(Bernoulli(), (0.3,))
    two = Categorical(2).from_linked({"logit_1": jnp.log(0.3 / 0.7)}, {})
    three = OrderedLogistic(2).from_linked({"location": jnp.log(0.3 / 0.7)}, {})
    k = np.array([0.0, 1.0])
    for other in (two, three):
        for found, wanted in zip(ask(other, k), ask(one, k), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-14)


@pytest.mark.parametrize("name", FAMILIES)
def test_samples_follow_the_law(name):
    distribution = bind(FAMILIES[name], list(LAWS[name].values[0].values()))
    draws = np.asarray(distribution.sample(jax.random.key(3), (4000,)))
    every = np.arange(FAMILIES[name].support.upper + 1)
    shares = np.exp(ask(distribution, every)[0])
    found = np.array([(draws == each).mean() for each in every])
    # Kolmogorov's bound at a level below 0.001.
    assert np.abs(np.cumsum(found - shares)).max() < 1.95 / np.sqrt(len(draws))


@pytest.mark.parametrize(
    ("family", "parameters"),
    [
        (Categorical(), {"logit_1": np.zeros((2, 3)), "logit_2": np.zeros((2, 3))}),
        (OrderedLogistic(3), {"location": np.zeros((2, 3)), "gap_2": np.ones(3)}),
        (Bernoulli(), {"probability": np.full((2, 3), 0.5)}),
    ],
)
def test_parameters_and_arguments_broadcast(family, parameters):
    def shapes(y):
        distribution = family.bind(parameters, {})
        drawn = distribution.sample(jax.random.key(0), (7, 2, 3))
        lone = distribution.log_tails(jnp.asarray(1.0))[0]
        return distribution.log_prob(y), lone, distribution.quantile(0.5 + 0 * y), drawn

    found = [each.shape for each in jax.eval_shape(shapes, np.ones((5, 1, 1)))]
    assert found == [(5, 2, 3), (2, 3), (5, 2, 3), (7, 2, 3)]


def test_settings_show_in_parameters_and_recipes():
    assert [each.name for each in Categorical(4).parameters] == ["logit_1", "logit_2", "logit_3"]
    assert [each.name for each in OrderedLogistic(4).parameters] == ["location", "gap_2", "gap_3"]
    assert not any(each.link.has_unit for each in OrderedLogistic(4).parameters)
    assert Categorical(4).support.contains(np.array([0, 3, 4, 1.5])).tolist() == [1, 1, 0, 0]
    assert Categorical(4).describe() == "categorical(classes=4)"
    assert OrderedLogistic(4).describe() == "ordered-logistic(levels=4)"


@pytest.mark.parametrize("number", [1, 0, 2.0, True, "3"])
def test_fewer_than_two_classes_are_refused(number):
    with pytest.raises(ConfigError, match="Categorical: `classes` is"):
        Categorical(classes=number)
    with pytest.raises(ConfigError, match="OrderedLogistic: `levels` is"):
        OrderedLogistic(levels=number)


@pytest.mark.parametrize("family", [Categorical(), OrderedLogistic(3), Bernoulli()])
@pytest.mark.parametrize("y", [[0.0], [1.0, 1.0], [0.0, 1.0, 1.0, 0.0]])
def test_a_fit_starts_within_the_range_of_each_parameter(family, y):
    start = family.start(np.array(y), {})
    linked = [each.link.inverse(jnp.asarray(start[each.name])) for each in family.parameters]
    assert np.isfinite(linked).all()


def test_a_start_reproduces_the_shares_of_the_data():
    y = np.repeat([0.0, 1.0, 2.0, 3.0], [100, 400, 300, 200])
    for family in (Categorical(4), OrderedLogistic(4)):
        start = family.start(y, {})
        distribution = family.bind({k: jnp.asarray(v) for k, v in start.items()}, {})
        shares = np.exp(ask(distribution, np.arange(4.0))[0])
        assert shares == pytest.approx([0.1, 0.4, 0.3, 0.2], abs=2e-3)


@given(some.floats(-800, 800), some.floats(-700, 6), some.floats(-700, 6))
def test_levels_add_up_to_one(location, log_first, log_second):
    names = dict(
        zip(("location", "gap_2", "gap_3"), (location, log_first, log_second), strict=True)
    )
    linked = {name: jnp.asarray(value) for name, value in names.items()}
    log_mass, log_cdf, log_sf = ask(OrderedLogistic(4).from_linked(linked, {}), np.arange(4.0))
    assert np.logaddexp.reduce(log_mass) == pytest.approx(0.0, abs=1e-12)
    assert np.logaddexp(log_cdf, log_sf) == pytest.approx(np.zeros(4), abs=1e-13)
