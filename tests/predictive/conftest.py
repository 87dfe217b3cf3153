"""Predictives with and without uncertainty of their parameters."""

import numpy as np
import pytest

from assay.family import Gamma, NegativeBinomial, Normal
from assay.predictive import DistributionPredictive

ROWS, DRAWS = 7, 16


def _mixture(family, centre, spread, seed):
    """A draw-by-draw jitter of every linked parameter; the second is shared by all rows."""
    rng = np.random.default_rng(seed)
    first = np.linspace(*centre, ROWS) + spread * rng.normal(size=(DRAWS, ROWS))
    second = rng.normal(-0.5, 0.15, size=(DRAWS, 1))
    return DistributionPredictive(family, (first, second), ROWS)


@pytest.fixture
def gamma():
    return _mixture(Gamma(), (0.0, 2.0), 0.2, seed=1)


@pytest.fixture
def normal():
    return _mixture(Normal(), (-2.0, 3.0), 0.3, seed=2)


@pytest.fixture
def counts():
    return _mixture(NegativeBinomial(), (0.0, 3.0), 0.2, seed=3)


@pytest.fixture(params=["gamma", "normal", "counts"])
def mixture(request):
    return request.getfixturevalue(request.param)
