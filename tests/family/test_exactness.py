"""Where plain formulas lose their digits: far tails, large sizes, small spreads."""

from functools import partial

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
import scipy.stats as st
from laws import LAWS

from assay.family import Gamma, NegativeBinomial, Normal, Poisson, ZeroInflated
from assay.family.tweedie import Tweedie

from .conftest import ask


@partial(jax.jit, static_argnums=(0, 1))
def _value_slope_bend(family, question, parameters, y):
    """Value, gradient and Hessian in the parameters."""

    def value(at):
        names = [parameter.name for parameter in family.parameters]
        return getattr(family.bind(dict(zip(names, at, strict=True)), {}), question)(y)

    return (
        value(parameters),
        jax.jacfwd(value)(parameters),
        jax.jacfwd(jax.jacfwd(value))(parameters),
    )


def _ask(family, question, parameters, y):
    found = _value_slope_bend(family, question, jnp.asarray(parameters), jnp.asarray(float(y)))
    value, slope, bend = (np.asarray(each) for each in found)
    return float(value), slope, bend


def _slopes(formula, at, order=1):
    """Derivatives of a formula in each of two parameters, with digits to spare."""
    return [float(mp.diff(formula, at, of)) for of in ((order, 0), (0, order))]


@pytest.mark.parametrize("size", [1e-3, 0.7, 30.0, 1e4, 1e8, 1e12])
@pytest.mark.parametrize(
    ("k", "mean"), [(0, 3.0), (1, 0.01), (7, 3.0), (900, 1000.0), (5000, 20.0)]
)
def test_the_mass_of_a_count_keeps_its_digits_at_any_size(k, mean, size):
    def formula(m, s):
        binomial = mp.loggamma(k + s) - mp.loggamma(s) - mp.loggamma(k + 1)
        return binomial - s * mp.log1p(m / s) + k * (mp.log(m) - mp.log(m + s))

    with mp.workdps(60):
        truth = float(formula(mp.mpf(mean), mp.mpf(size)))
        slope, bend = _slopes(formula, (mean, size)), _slopes(formula, (mean, size), order=2)
    found = _ask(NegativeBinomial(), "log_prob", (mean, size), k)
    assert found[0] == pytest.approx(truth, rel=1e-12, abs=1e-12)
    assert found[1] == pytest.approx(slope, rel=1e-9, abs=1e-300)
    assert np.diag(found[2]) == pytest.approx(bend, rel=1e-7, abs=1e-16)


@pytest.mark.parametrize("cv", [1e-4, 0.01, 0.3, 1.0, 5.0])
@pytest.mark.parametrize("ratio", [0.01, 0.7, 1.001, 1.4, 30.0])
def test_the_gamma_density_keeps_its_digits_at_any_spread(cv, ratio):
    mean, y = 7.0, 7.0 * ratio

    def formula(m, c):
        shape = 1 / mp.mpf(c) ** 2
        rate = shape / m
        return shape * mp.log(rate) + (shape - 1) * mp.log(y) - rate * y - mp.loggamma(shape)

    with mp.workdps(60):
        truth, slope = float(formula(mp.mpf(mean), mp.mpf(cv))), _slopes(formula, (mean, cv))
    found = _ask(Gamma(), "log_prob", (mean, cv), y)
    assert found[0] == pytest.approx(truth, rel=1e-12, abs=1e-12)
    assert found[1] == pytest.approx(slope, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("z", [-30, -12, -8.3, -7.6, -1, 0, 0.5, 5.4, 8.3, 12, 19.9, 30])
def test_a_normal_row_censored_far_away_keeps_value_and_gradient(z):
    mean, sd = 3.0, 2.0
    limit = mean + sd * z

    def formula(m, s):
        return mp.log(mp.erfc((limit - m) / s / mp.sqrt(2)) / 2)

    with mp.workdps(300):  # the tail near 1 differs from it by 1e-198
        truth, slope = float(formula(mp.mpf(mean), mp.mpf(sd))), _slopes(formula, (mean, sd))
    found = _ask(Normal(), "log_reach", (mean, sd), limit)
    assert found[0] == pytest.approx(truth, rel=1e-10, abs=1e-300)
    assert found[1] == pytest.approx(slope, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("z", [12, 40, 100])
def test_the_gradient_of_a_hidden_row_does_not_go_flat(z):
    # It is the hazard, which lies between z and z + 1/z.
    slope = _ask(Normal(), "log_reach", (0.0, 1.0), z)[1][0]
    assert z < slope < z + 1 / z


def test_quantiles_of_large_counts_are_exact():
    # Close to a Poisson; far wider than one; almost always 0.
    for mean, size in ((1e6, 1e9), (1e5, 0.5), (0.002, 0.01)):
        law = st.nbinom(size, size / (size + mean))
        bound = NegativeBinomial().bind({"mean": jnp.asarray(mean), "size": jnp.asarray(size)}, {})
        levels = np.array([0.001, 0.3, 0.9999])
        k = np.asarray(ask(bound, "quantile", jnp.asarray(levels)))
        assert np.all(law.cdf(k) >= levels)
        assert np.all(law.cdf(k - 1) < levels)


def test_the_smooth_curve_of_a_count_meets_its_tails():
    bound = NegativeBinomial().bind({"mean": jnp.asarray(9.0), "size": jnp.asarray(0.8)}, {})
    k = jnp.asarray([0.0, 3.0, 40.0])
    both = [ask(bound, question, k) for question in ("smooth_log_tails", "log_tails")]
    for smooth, exact in zip(*both, strict=True):
        assert smooth == pytest.approx(np.asarray(exact), rel=1e-12)


@pytest.mark.parametrize("family", [Normal(), Poisson()])
def test_levels_and_their_logarithms_ask_the_same(family):
    bound = family.bind({each.name: jnp.asarray(3.0) for each in family.parameters}, {})
    level = jnp.asarray([1e-12, 0.2, 0.5, 0.9, 1 - 1e-9])
    by_level = bound.quantile(level)
    assert np.allclose(by_level, bound.lower_quantile(jnp.log(level)), rtol=1e-9)
    assert np.allclose(by_level, bound.upper_quantile(jnp.log1p(-level)), rtol=1e-9)
    assert np.allclose(by_level, bound.tail_quantile(jnp.log(level), jnp.log1p(-level)))


@pytest.mark.parametrize("values", [(250.0, 3.0, 1.1), (1e4, 2e5, 1.6)])
def test_tweedie_holds_where_the_share_of_the_mean_underflows(values):
    """2.7e-306 / 250 is no normal number any more: processors read it as 0."""
    y, named = 2.7e-306, dict(zip(("mean", "dispersion", "power"), values, strict=True))
    found = float(Tweedie().bind(named, {}).log_prob(jnp.asarray(y)))
    with mp.workdps(60):
        truth = LAWS["tweedie"].log_prob(mp.mpf(y), **{k: mp.mpf(v) for k, v in named.items()})
    assert found == pytest.approx(float(truth), rel=1e-12)


def test_a_chance_next_to_nothing_keeps_the_second_derivatives_of_all_else():
    """d² log p / dp² is -1e600 and overflows; that of the mean has nothing to do with it."""

    def value(at):
        named = dict(zip(("mean", "sd", "zero"), at, strict=True))
        return ZeroInflated(Normal()).bind(named, {}).log_prob(jnp.asarray(3.0))

    bend = np.asarray(jax.jacfwd(jax.jacfwd(value))(jnp.array([1.0, 2.0, 1e-300])))
    assert bend[0, 0] == pytest.approx(-0.25)
    assert bend[0, 1] == pytest.approx(-2 * 2 / 8)
    assert bend[2, 2] == pytest.approx(-1.0)
    assert bend[0, 2] == 0


@pytest.mark.parametrize(("k", "mean"), [(2, 1e4), (0, 1e5), (40, 3e3)])
def test_what_is_left_of_a_second_derivative_far_out_is_right(k, mean):
    """Log P(Y <= k) is about -mean: all but 1 / mean² of its second derivative cancels."""
    with mp.workdps(60):
        truth = mp.diff(lambda m: LAWS["poisson"].log_cdf(mp.mpf(k), mean=m), mp.mpf(mean), 2)
    slope = jax.grad(lambda m: Poisson().bind({"mean": m}, {}).log_tails(jnp.asarray(float(k)))[0])
    assert float(jax.grad(slope)(mean)) == pytest.approx(float(truth), rel=1e-6, abs=1e-15)
