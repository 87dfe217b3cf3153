"""Forecasts of several origins become one predictive for all their rows."""

import numpy as np
import pytest

from assay.errors import PredictionsError
from assay.family import Normal
from assay.predictive import (
    ClassPredictive,
    DistributionPredictive,
    EnsemblePredictive,
    QuantilePredictive,
    concatenated,
)

LEVELS = np.array([0.1, 0.9])


def normal(mean: list[float], sd: float) -> DistributionPredictive:
    # The spread is shared by all rows of a part, and differs between parts.
    return DistributionPredictive.bind(Normal(), {"mean": np.array(mean), "sd": np.array([sd])})


PARTS = {
    "samples": [EnsemblePredictive(np.array([[1.0, 2.0]])), EnsemblePredictive(np.ones((2, 2)))],
    "quantiles": [
        QuantilePredictive(LEVELS, np.array([[1.0, 2.0]])),
        QuantilePredictive(LEVELS, np.array([[3.0, 4.0], [0.0, 9.0]])),
    ],
    "classes": [
        ClassPredictive(np.array([[0.25, 0.75]])),
        ClassPredictive(np.array([[0.5, 0.5], [1.0, 0.0]])),
    ],
    "a family": [normal([0.0], 1.0), normal([5.0, 6.0], 2.0)],
}


@pytest.mark.parametrize("kind", PARTS)
def test_every_row_keeps_its_distribution(kind):
    parts = PARTS[kind]
    whole = concatenated(parts)
    assert whole.rows == 3
    y = np.array([0.0, 1.0, 1.5])
    for ask in (lambda each, _: each.mean(), lambda each, _: each.quantile(0.3),
                lambda each, at: each.cdf(at), lambda each, at: each.crps(at)):  # fmt: skip
        apart = np.concatenate([ask(parts[0], y[:1]), ask(parts[1], y[1:])])
        assert ask(whole, y) == pytest.approx(apart, rel=1e-12)


def test_one_part_is_itself():
    part = EnsemblePredictive(np.ones((2, 3)))
    assert concatenated([part]) is part


@pytest.mark.parametrize(
    "other",
    [
        EnsemblePredictive(np.ones((1, 3))),
        QuantilePredictive(LEVELS, np.ones((1, 2))),
        ClassPredictive(np.array([[0.5, 0.5]])),
    ],
)
def test_parts_of_two_kinds_are_refused(other):
    with pytest.raises(PredictionsError, match="differ in kind from one origin to the next"):
        concatenated([EnsemblePredictive(np.ones((1, 2))), other])
