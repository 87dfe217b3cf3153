"""A fit in 32 bits finds what one in 64 finds, and everything after it works."""

import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest

import assay
from assay.errors import ConfigError
from assay.series.law.negative_binomial import NegativeBinomialRule

ROLES = {"time": "date", "by": ["store", "item"]}


@pytest.mark.slow
def test_a_fit_in_32_bits_is_nearly_the_same(model, fitted, past, ahead):
    small = model.fit(past, "units", precision="float32", **ROLES)
    assert small.fits.theta.dtype == small.fits.state.level.dtype == np.float64
    assert not np.array_equal(small.fits.theta, fitted.fits.theta)
    assert np.allclose(small.fits.log_likelihood, fitted.fits.log_likelihood, atol=0.03)
    here, there = (each.forecast(7, ahead).means() for each in (small, fitted))
    assert np.allclose(here, there, rtol=0.01)
    lost = [each.lost_sales().sums()["mean"][0] for each in (small, fitted)]
    assert lost[0] == pytest.approx(lost[1], rel=0.01)
    assert np.isfinite(small.after(past).fits.log_likelihood).all()


def test_a_family_that_computes_in_64_bits_is_fitted_too(past):
    table = past.head(70).with_columns(units=pl.col("units") + 0.5)
    model = assay.Model(assay.LogNormal(), median=assay.ScoreDriven())
    small = model.fit(table, "units", precision="float32", **ROLES)
    assert np.isfinite(small.fits.log_likelihood).all()


@pytest.mark.parametrize(
    ("mean", "size", "limit"), [(120.0, 0.4, 1079.0), (2700.0, 12.0, 4000.0), (157.0, 3.6, 213.0)]
)
def test_tails_of_large_counts_stay_finite_in_32_bits(mean, size, limit):
    rule = NegativeBinomialRule()

    def reach(dtype):
        at = (jnp.asarray([value], dtype) for value in (np.log(mean), np.log(size), limit))
        eta, log_size, c = at
        return [float(each[0]) for each in rule.reach(eta, (log_size,), c)]

    # Of 64 bits this is held to the exact law elsewhere.
    assert reach(jnp.float32) == pytest.approx(reach(jnp.float64), rel=0.01)


def test_an_unknown_precision_and_one_without_series_are_refused(past):
    model = assay.Model(assay.Poisson(), mean=assay.ScoreDriven())
    with pytest.raises(ConfigError, match=r"`precision` is 'half', must be `float64` or `float32`"):
        model.fit(past, "units", precision="half", **ROLES)
    with pytest.raises(ConfigError, match="`precision` and `checkpoint` belong to models"):
        assay.Model(assay.Poisson()).fit(past, "units", precision="float32")
