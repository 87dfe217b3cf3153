"""Forecasts at rolling origins look at nothing that comes after them."""

import polars as pl
import pytest
from panel_shop import shop

import assay
from assay.errors import ConfigError, DataError

MODEL = assay.Model(
    assay.Censored(assay.NegativeBinomial(), above="stock"), mean=assay.ScoreDriven(season=7)
)
ROLES = {"time": "date", "by": ["store", "item"], "horizon": 7, "origins": 2, "every": 2}


@pytest.fixture(scope="module")
def tested():
    return MODEL.backtest(shop(), "units", rivals=("seasonal-naive", "croston-sba", "tsb"), **ROLES)


def test_the_future_changes_no_forecast(tested):
    last = shop()["date"].max()
    later = pl.col("date") > pl.lit(last).dt.offset_by("-7d")
    other = shop().with_columns(units=pl.when(later).then(0).otherwise("units"))
    again = MODEL.backtest(other, "units", rivals=("seasonal-naive", "croston-sba", "tsb"), **ROLES)
    keys = ["model", "origin", "store", "item", "date"]
    first = tested.rows.filter(pl.col("model") == "assay")
    joined = first.join(again.rows, on=keys, suffix="_again")
    unhidden = joined.filter(~pl.col("hidden"), ~pl.col("hidden_again"))
    assert unhidden.height > 100
    assert (unhidden["mean"] == unhidden["mean_again"]).all()
    assert (unhidden["crps"] != unhidden["crps_again"]).any()


def test_scores_are_there_for_each_model_and_origin(tested):
    summary = tested.summary("origin")
    assert summary.height == 8
    own = tested.summary().filter(pl.col("model") == "assay").row(0, named=True)
    naive = tested.summary().filter(pl.col("model") == "seasonal-naive").row(0, named=True)
    assert own["rows"] == naive["rows"]
    assert own["crps"] < naive["crps"]
    assert own["log_score"] > 0
    assert 0.8 < own["pit_90"] < 0.98
    assert naive["log_score"] is None


def test_a_limit_that_was_reached_is_scored_as_reached(tested):
    own = tested.rows.filter(pl.col("model") == "assay", pl.col("hidden"))
    assert own.height > 10
    assert (own["seen"] <= 5).all()
    assert own["covered"].null_count() == own.height


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"rivals": ("naive",)}, ConfigError, "no rival `naive`"),
        ({"horizon": 0}, ConfigError, "`horizon` is 0"),
        ({"origins": 90}, DataError, "77 steps hold no 90 origins"),
    ],
)
def test_what_cannot_be_is_refused(asked, error, said):
    with pytest.raises(error, match=said):
        MODEL.backtest(shop(), "units", **(ROLES | asked))
