"""Where plain formulas lose their digits: far tails, large sizes, small coefficients of variation."""

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from assay.family import Gamma, NegativeBinomial, Normal

mp.mp.dps = 50


def nb_log_mass(k, mean, size):
    k, mean, size = mp.mpf(k), mp.mpf(mean), mp.mpf(size)
    binomial = mp.loggamma(k + size) - mp.loggamma(size) - mp.loggamma(k + 1)
    return binomial - size * mp.log1p(mean / size) + k * (mp.log(mean) - mp.log(mean + size))


def gamma_log_density(y, mean, cv):
    y, mean, shape = mp.mpf(y), mp.mpf(mean), 1 / mp.mpf(cv) ** 2
    rate = shape / mean
    return shape * mp.log(rate) + (shape - 1) * mp.log(y) - rate * y - mp.loggamma(shape)


SIZES = [1e-3, 0.7, 30.0, 1e4, 1e8, 1e12]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("k", "mean"), [(0, 3.0), (1, 0.01), (7, 3.0), (900, 1000.0), (5000, 20.0)])
def test_the_mass_of_a_count_keeps_its_digits_at_any_size(k, mean, size):
    def value(parameters):
        bound = NegativeBinomial().bind({"mean": parameters[0], "size": parameters[1]}, {})
        return bound.log_prob(jnp.asarray(float(k)))

    at = jnp.asarray([mean, size])
    found, slope, bend = value(at), jax.grad(value)(at), jax.hessian(value)(at)
    truth = nb_log_mass(k, mean, size)
    assert float(found) == pytest.approx(float(truth), rel=1e-12, abs=1e-12)
    for j, of in enumerate([(1, 0), (0, 1)]):
        true_slope = float(mp.diff(lambda m, s: nb_log_mass(k, m, s), (mean, size), of))
        true_bend = float(
            mp.diff(lambda m, s: nb_log_mass(k, m, s), (mean, size), tuple(2 * n for n in of))
        )
        assert float(slope[j]) == pytest.approx(true_slope, rel=1e-9, abs=1e-300)
        assert float(bend[j, j]) == pytest.approx(true_bend, rel=1e-7, abs=1e-300)


@pytest.mark.parametrize("cv", [1e-4, 0.01, 0.3, 1.0, 5.0])
@pytest.mark.parametrize("ratio", [0.01, 0.7, 1.0 + 1e-3, 1.4, 30.0])
def test_the_gamma_density_keeps_its_digits_at_any_spread(cv, ratio):
    mean, y = 7.0, 7.0 * ratio

    def value(parameters):
        bound = Gamma().bind({"mean": parameters[0], "cv": parameters[1]}, {})
        return bound.log_prob(jnp.asarray(y))

    at = jnp.asarray([mean, cv])
    truth = gamma_log_density(y, mean, cv)
    assert float(value(at)) == pytest.approx(float(truth), rel=1e-12, abs=1e-12)
    slope = jax.grad(value)(at)
    for j, of in enumerate([(1, 0), (0, 1)]):
        true_slope = mp.diff(lambda m, c: gamma_log_density(y, m, c), (mean, cv), of)
        assert float(slope[j]) == pytest.approx(float(true_slope), rel=1e-9, abs=1e-9)


def log_upper_tail(y, mean, sd):
    z = (mp.mpf(y) - mp.mpf(mean)) / mp.mpf(sd)
    return mp.log(mp.erfc(z / mp.sqrt(2)) / 2)


@pytest.mark.parametrize("z", [-30.0, -12.0, -8.3, -7.6, -1.0, 0.0, 0.5, 5.4, 8.3, 12.0, 19.9, 30.0])
def test_a_normal_row_censored_far_away_keeps_value_and_gradient(z):
    mean, sd = 3.0, 2.0
    limit = mean + sd * z

    def value(parameters):
        bound = Normal().bind({"mean": parameters[0], "sd": parameters[1]}, {})
        return bound.log_reach(jnp.asarray(limit))

    at = jnp.asarray([mean, sd])
    with mp.workdps(300):  # the tail near 1 differs from it by 1e-198
        truth = log_upper_tail(limit, mean, sd)
        slopes = [
            mp.diff(lambda m, s: log_upper_tail(limit, m, s), (mean, sd), of)
            for of in ((1, 0), (0, 1))
        ]
    assert float(value(at)) == pytest.approx(float(truth), rel=1e-10, abs=1e-300)
    assert np.asarray(jax.grad(value)(at)) == pytest.approx(
        np.array([float(slope) for slope in slopes]), rel=1e-9, abs=1e-300
    )


def test_the_gradient_of_a_censored_row_does_not_go_flat():
    # The score of a row 12 sd beyond its limit is the hazard, close to 12 and never 0.
    slope = jax.grad(lambda m: Normal().bind({"mean": m, "sd": jnp.asarray(1.0)}, {}).log_sf(12.0))
    assert float(slope(jnp.asarray(0.0))) == pytest.approx(12.0821221936, rel=1e-9)


def test_quantiles_of_large_counts_are_exact():
    # Poisson-like: mean 1e6, sd 1e3; and skewed: mean 1e5 at size 1/2.
    import scipy.stats as st

    for mean, size in ((1e6, 1e9), (1e5, 0.5), (0.002, 0.01)):
        law = st.nbinom(size, size / (size + mean))
        bound = NegativeBinomial().bind({"mean": jnp.asarray(mean), "size": jnp.asarray(size)}, {})
        for level in (0.001, 0.3, 0.999):
            k = float(bound.quantile(jnp.asarray(level)))
            assert law.cdf(k) >= level > law.cdf(k - 1)
