"""Draws of each family against its own cdf and mean."""

from typing import Any

import jax
import numpy as np
import pytest

import assay
from assay.series.future.paths import stream_of
from assay.series.law.chance import chance_of

DRAWS = 20_000
FURTHEST = 1.95 / np.sqrt(DRAWS)  # of an empirical cdf, once in a thousand fixed seeds
CASES: dict[str, tuple[Any, str, tuple[float, ...]]] = {
    "poisson": (assay.Poisson(), "mean", (1.0,)),
    "negative-binomial": (assay.NegativeBinomial(), "mean", (1.3, 0.4)),
    "bernoulli": (assay.Bernoulli(), "probability", (0.3,)),
    "gamma": (assay.Gamma(), "mean", (0.5, -0.4)),
    "exponential": (assay.Exponential(), "mean", (0.5,)),
    "log-normal": (assay.LogNormal(), "median", (0.5, -0.6)),
    "weibull": (assay.Weibull(), "scale", (0.5, 0.3)),
    "log-logistic": (assay.LogLogistic(), "median", (0.5, 1.2)),
    "tweedie": (assay.Tweedie(), "mean", (0.7, 0.1, 0.2)),
    "normal": (assay.Normal(), "mean", (0.3, -0.2)),
    "student-t": (assay.StudentT(), "location", (0.3, -0.2, 1.8)),
    "logistic": (assay.Logistic(), "mean", (0.3, -0.2)),
    "laplace": (assay.Laplace(), "mean", (0.3, -0.2)),
    "gumbel": (assay.Gumbel(), "location", (0.3, -0.2)),
    "hurdle-gamma": (assay.Hurdle(assay.Gamma()), "mean", (0.5, -0.4, -0.6)),
    "hurdle-count": (assay.Hurdle(assay.Poisson()), "mean", (0.6, -0.6)),
    "zeros-count": (assay.ZeroInflated(assay.NegativeBinomial()), "mean", (0.6, 0.4, -0.6)),
    "rounded": (assay.Rounded(assay.Gamma(), grid=0.5), "mean", (0.9, -0.8)),
}


@pytest.mark.parametrize("name", CASES)
def test_draws_have_the_family_s_cdf_and_mean(name):
    family, driven, (eta, *extra) = CASES[name]
    chance, stream = chance_of(family, driven), stream_of(7, "test", name)
    noise = chance.noise(stream, tuple(extra), (1, DRAWS))
    at, others = np.full((1, DRAWS), eta), tuple(np.full((1, 1), each) for each in extra)
    drawn = chance.value([stream], noise[:1], at, others)[0]
    names = [driven, *(each.name for each in family.parameters if each.name != driven)]
    law = family.from_linked(dict(zip(names, map(np.asarray, (eta, *extra)), strict=True)), {})
    points = np.unique(np.quantile(drawn, np.linspace(0.01, 0.99, 60), method="inverted_cdf"))
    right = np.exp(np.asarray(jax.jit(lambda y: law.log_cdf(y))(points)))
    found = np.searchsorted(np.sort(drawn), points, side="right") / DRAWS
    assert np.abs(found - right).max() < FURTHEST
    mean = np.asarray(chance.mean(at[:, :1], others))[0, 0]
    assert mean == pytest.approx(drawn.mean(), abs=4.5 * drawn.std() / np.sqrt(DRAWS))
    assert family.support.contains(drawn).all()


def test_hidden_families_are_drawn_as_if_nothing_were_hidden():
    assert chance_of(assay.Censored(assay.Gamma(), above="stock"), "mean") == chance_of(
        assay.Gamma(), "mean"
    )
