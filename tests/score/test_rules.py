"""Row losses against hand-worked numbers, and calibration of a model that is right."""

import numpy as np
import pytest
import scipy.stats as st

from assay.errors import PredictionsError, UnknownNameError
from assay.family import Bernoulli, NegativeBinomial, Normal
from assay.predictive import DistributionPredictive, EnsemblePredictive, Hidden
from assay.score import METRICS, coverage, randomised_pit, row_losses

ROWS = 2000


def bound(family, **parameters):
    return DistributionPredictive.bind(
        family, {name: np.asarray(value, dtype=float) for name, value in parameters.items()}
    )


@pytest.fixture(scope="module")
def normal():
    rng = np.random.default_rng(2)
    mean, sd = rng.normal(size=ROWS), rng.uniform(0.5, 2, ROWS)
    return bound(Normal(), mean=mean, sd=sd), rng.normal(mean, sd), mean, sd


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(3)
    mean = rng.gamma(2, 2, ROWS)
    y = rng.negative_binomial(1.5, 1.5 / (1.5 + mean)).astype(float)
    return bound(NegativeBinomial(), mean=mean, size=np.full(ROWS, 1.5)), y


def test_losses_of_one_row_by_hand():
    # Four equally likely values, the truth is 3.
    law, y = EnsemblePredictive.of(np.array([[1.0, 2.0, 4.0, 5.0]])), np.array([3.0])
    assert row_losses("squared", law, y) == pytest.approx([0.0])
    assert row_losses("absolute", law, y) == pytest.approx([1.0])
    # Mean distance 1.5, less half the mean distance of two values, 1.875 / 2... = 0.9375.
    distance = np.abs(np.subtract.outer([1, 2, 4, 5], [1, 2, 4, 5])).mean()
    assert row_losses("crps", law, y) == pytest.approx([1.5 - distance / 2])
    # Quantiles 2 at 0.5 and 5 at 0.9: 0.5 * (3 - 2) and 0.1 * (5 - 3).
    assert row_losses("pinball", law, y, levels=[0.5]) == pytest.approx([0.5])
    assert row_losses("pinball", law, y, levels=[0.9]) == pytest.approx([0.2])
    assert row_losses("pinball", law, y, levels=[0.5, 0.9]) == pytest.approx([0.35])


def test_losses_of_a_yes_or_no_by_hand():
    law, y = bound(Bernoulli(), probability=[0.8, 0.8, 0.3]), np.array([1.0, 0.0, 0.0])
    assert row_losses("brier", law, y) == pytest.approx([0.04, 0.64, 0.09])
    assert row_losses("0-1", law, y) == pytest.approx([0.0, 1.0, 0.0])
    assert row_losses("log", law, y) == pytest.approx(-np.log([0.8, 0.2, 0.7]))
    assert row_losses("crps", law, y) == pytest.approx([0.04, 0.64, 0.09])


def test_the_log_score_is_minus_the_log_density(normal):
    law, y, mean, sd = normal
    assert row_losses("log", law, y) == pytest.approx(-st.norm.logpdf(y, mean, sd), rel=1e-11)


@pytest.mark.parametrize("metric", ["log", "crps", "pinball", "squared"])
def test_the_right_model_has_the_least_loss(normal, metric):
    law, y, mean, sd = normal
    right = row_losses(metric, law, y).mean()
    moved = row_losses(metric, bound(Normal(), mean=mean + 0.5, sd=sd), y).mean()
    assert right < moved
    if metric in ("log", "crps", "pinball"):
        for factor in (0.5, 2.0):
            wrong = bound(Normal(), mean=mean, sd=factor * sd)
            assert right < row_losses(metric, wrong, y).mean()


def test_a_limit_hides_what_lies_beyond_it(normal):
    law, y, mean, sd = normal
    limit = np.where(np.arange(ROWS) % 2 == 0, mean + 0.2, np.inf)
    seen = np.minimum(y, limit)
    hidden = seen == limit
    logs = row_losses("log", law, seen, limit=limit)
    tail = st.norm.logsf(limit[hidden], mean[hidden], sd[hidden])
    assert logs[hidden] == pytest.approx(-tail, rel=1e-10)
    assert logs[~hidden] == pytest.approx(-law.log_prob(y)[~hidden], rel=1e-12)
    # The limit that a score is given counts, not one that the predictive brought along.
    other = Hidden(law, limit + 1)
    for metric in ("log", "crps", "pinball", "absolute", "squared"):
        same = row_losses(metric, law, seen, limit=limit)
        assert np.array_equal(row_losses(metric, other, seen, limit=limit), same)
        # What happened beyond the limit has no say.
        assert np.array_equal(row_losses(metric, law, y, limit=limit), same)


def test_the_model_that_ignores_stock_outs_is_not_rewarded():
    rng = np.random.default_rng(5)
    mean = np.full(ROWS, 10.0)
    demand = rng.poisson(mean).astype(float)
    stock = rng.integers(6, 16, ROWS).astype(float)
    size = np.full(ROWS, 1e9)
    right, low = (
        bound(NegativeBinomial(), mean=mean, size=size),
        bound(NegativeBinomial(), mean=np.full(ROWS, 8.0), size=size),
    )
    seen = np.minimum(demand, stock)
    for metric in ("log", "crps"):
        losses = [row_losses(metric, law, seen, limit=stock).mean() for law in (right, low)]
        assert losses[0] < losses[1]


def test_a_point_under_the_log_score_is_refused():
    with pytest.raises(PredictionsError, match="no density"):
        row_losses("log", EnsemblePredictive.of(np.array([[1.0]])), np.array([1.0]))


def test_an_unknown_metric_gets_a_hint(normal):
    with pytest.raises(UnknownNameError, match=r"unknown metric `crsp`.*`crps`"):
        row_losses("crsp", normal[0], normal[1])
    assert set(METRICS) == {"log", "crps", "pinball", "brier", "0-1", "absolute", "squared"}


def test_the_pit_of_a_right_model_is_uniform(normal, counts):
    for law, y in (normal[:2], counts):
        pit = randomised_pit(law, y, seed=1)
        assert st.kstest(pit, "uniform").pvalue > 1e-3
        assert np.array_equal(pit, randomised_pit(law, y, seed=1))
    wrong = bound(Normal(), mean=normal[2], sd=2 * normal[3])
    assert st.kstest(randomised_pit(wrong, normal[1], seed=1), "uniform").pvalue < 1e-6


def test_the_pit_of_what_is_seen_under_a_limit_is_uniform(counts):
    law, y = counts
    limit = np.full(ROWS, 4.0)
    pit = randomised_pit(Hidden(law, limit).observed, np.minimum(y, limit), seed=2)
    assert st.kstest(pit, "uniform").pvalue > 1e-3


def test_coverage_of_a_right_model_is_its_level(normal, counts):
    assert coverage(*normal[:2], level=0.8) == pytest.approx(0.8, abs=4 * 0.4 / np.sqrt(ROWS))
    assert coverage(*counts) >= 0.9 - 4 * 0.3 / np.sqrt(ROWS)  # steps only ever hold more
    assert coverage(EnsemblePredictive.of(np.ones((4, 1))), np.array([1.0, 1, 2, 0])) == 0.5
