"""Stored predictions are the same bytes for the same predictions."""

import io

import numpy as np
import polars as pl
import pytest

from assay.errors import PredictionsError
from assay.family import Gamma
from assay.predictive import (
    DistributionPredictive,
    EnsemblePredictive,
    Hidden,
    QuantilePredictive,
    from_bytes,
    to_bytes,
)

RNG = np.random.default_rng(1)
PREDICTIVES = {
    "mixture": DistributionPredictive(
        Gamma(), (RNG.normal(size=(8, 5)), RNG.normal(size=(8, 1))), 5
    ),
    "ensemble": EnsemblePredictive.of(RNG.normal(size=(5, 12)), is_count=True),
    "quantiles": QuantilePredictive(
        np.array([0.025, 0.5, 0.975]), np.sort(RNG.normal(size=(5, 3)), axis=1)
    ),
}


@pytest.fixture(params=PREDICTIVES)
def predictive(request):
    return PREDICTIVES[request.param]


def test_a_round_trip_changes_no_byte_and_no_answer(predictive):
    row_id = np.array([3, 7, 8, 20, 21])
    content = to_bytes(predictive, row_id)
    back, rows = from_bytes(content)
    assert to_bytes(back, rows) == content
    assert rows.tolist() == row_id.tolist()
    assert type(back) is type(predictive)
    assert back.is_count == predictive.is_count
    assert np.array_equal(back.mean(), predictive.mean())
    assert np.array_equal(back.quantile(0.9), predictive.quantile(0.9))


def test_the_order_of_rows_does_not_matter(predictive):
    row_id, shuffled = np.arange(5) * 2, np.array([4, 1, 0, 3, 2])
    assert to_bytes(predictive.take(shuffled), row_id[shuffled]) == to_bytes(predictive, row_id)


def test_a_limit_is_not_stored(predictive):
    hidden = Hidden(predictive, np.full(5, 0.5))
    assert to_bytes(hidden, np.arange(5)) == to_bytes(predictive, np.arange(5))
    assert to_bytes(hidden.observed, np.arange(5)) == to_bytes(predictive, np.arange(5))


def test_other_predictions_are_other_bytes(predictive):
    assert to_bytes(predictive, np.arange(5)) != to_bytes(predictive, np.arange(5) + 1)


@pytest.mark.parametrize("content", [b"", b"not a Parquet file"])
def test_what_is_no_such_file_is_refused(content):
    with pytest.raises(PredictionsError, match="cannot be read"):
        from_bytes(content)


def test_another_parquet_file_is_refused():
    out = io.BytesIO()
    pl.DataFrame({"row_id": [1]}).write_parquet(out)
    with pytest.raises(PredictionsError, match="not written by Assay"):
        from_bytes(out.getvalue())


def test_a_newer_format_is_refused():
    out = io.BytesIO()
    pl.DataFrame({"row_id": [1]}).write_parquet(out, metadata={"assay": '{"format": 2}'})
    with pytest.raises(PredictionsError, match=r"have format 2, this version reads format 1"):
        from_bytes(out.getvalue())
