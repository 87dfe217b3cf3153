"""Expected information against closed forms, and against the observed one where they agree."""

import numpy as np
import polars as pl
import pytest
import scipy.special as sc

from assay.errors import ConfigError
from assay.family import Bernoulli, Censored, Gamma, Known, NegativeBinomial, Normal
from assay.fit import PartRows
from assay.fit.expected import expected_curvature
from assay.model import Model
from assay.predictor import Linear

RNG = np.random.default_rng(2)
X = np.column_stack([np.ones(30), RNG.normal(size=30)])
ONE = np.ones((30, 1))
AT = np.array([0.4, -0.3, -0.6])


def curvature(family, y):
    return expected_curvature((PartRows(family, Known.VALUE, (X, ONE), y),), AT)


def test_a_normals_information_is_that_of_the_textbook():
    found = curvature(Normal(), RNG.normal(size=30))
    sd = np.exp(AT[2])
    assert found[:2, :2] == pytest.approx(X.T @ X / sd**2, rel=1e-10)
    assert found[:2, 2] == pytest.approx([0, 0], abs=1e-9)
    assert found[2, 2] == pytest.approx(2 * 30, rel=1e-10)


def test_a_gammas_information_is_that_of_the_textbook():
    # In mean m and shape k: k / m² and trigamma(k) - 1 / k; here the log of m and k = cv**-2.
    found = curvature(Gamma(), RNG.gamma(2.0, size=30))
    shape = np.exp(-2 * AT[2])
    assert found[:2, :2] == pytest.approx(shape * X.T @ X, rel=1e-9)
    assert found[:2, 2] == pytest.approx([0, 0], abs=1e-8)
    own = (sc.polygamma(1, shape) - 1 / shape) * (2 * shape) ** 2
    assert found[2, 2] == pytest.approx(30 * own, rel=1e-9)


def test_a_counts_information_in_its_mean_is_that_of_the_textbook():
    found = curvature(NegativeBinomial(), RNG.negative_binomial(3, 0.4, 30).astype(float))
    mean, size = np.exp(X @ AT[:2]), np.exp(AT[2])
    weight = mean * size / (size + mean)  # Lawless (1987), with a log link
    assert found[:2, :2] == pytest.approx((X.T * weight) @ X, rel=1e-9)
    assert found[:2, 2] == pytest.approx([0, 0], abs=1e-8)


def test_under_a_canonical_link_nothing_is_left_to_average():
    table = pl.DataFrame({"x": X[:, 1], "y": (RNG.random(30) < 0.4).astype(float)})
    seen, mean = (
        Model(Bernoulli(), probability=Linear("x"), information=kind).fit(table, "y")
        for kind in ("observed", "expected")
    )
    assert mean.covariance == pytest.approx(seen.covariance, rel=1e-9)


def test_rows_that_hide_their_target_have_no_average():
    table = pl.DataFrame({"y": [1.0, 2.0, 4.0, 3.0], "limit": [9.0, 9.0, 4.0, 9.0]})
    model = Model(Censored(Normal(), above="limit"), information="expected")
    with pytest.raises(ConfigError, match=r"information='expected': family `normal`, of which 1 "):
        model.fit(table, "y")
    with pytest.raises(ConfigError, match="information is 'fisher', must be `observed` or"):
        Model(Normal(), information="fisher")
