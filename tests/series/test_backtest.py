"""Forecasts at rolling origins look at nothing that comes after them."""

import sys
from datetime import date

import polars as pl
import pytest
from panel_shop import shop

import assay
from assay.errors import ConfigError, DataError
from assay.series.judged.backtest import _Origin

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


LONG = {"time": "date", "by": ["store", "item"], "horizon": 7}


@pytest.mark.slow
def test_an_origin_without_any_row_is_forecast_from():
    # The table ends so that the origin, seven days before its end, is a Sunday without rows.
    rows = shop(items=3, days=70).filter(pl.col("date").dt.weekday() != 7)
    rows = rows.filter(pl.col("date") < pl.date(2024, 3, 10))
    last = rows["date"].max()
    tested = MODEL.backtest(rows, "units", **(LONG | {"horizon": 6, "origins": 1}))
    own = tested.rows.filter(pl.col("model") == "assay")
    assert own["origin"].unique().to_list() == [date(2024, 3, 3)]  # a Sunday
    assert own["date"].max() == last
    assert own["step"].to_list() == (own["date"] - own["origin"]).dt.total_days().to_list()


@pytest.mark.slow
def test_a_past_keeps_the_steps_of_the_whole():
    # Up to the origin most gaps are of two days, after it there are rows of every day.
    day = (pl.col("date") - pl.date(2024, 1, 1)).dt.total_days()
    thin = shop(items=3, days=61).filter((day % 2 == 0) | (day == 1) | (day > 30))
    tested = MODEL.backtest(thin, "units", **(LONG | {"horizon": 30, "origins": 1}))
    own = tested.rows.filter(pl.col("model") == "assay")
    assert own["step"].to_list() == (own["date"] - own["origin"]).dt.total_days().to_list()
    assert own["step"].max() == 30
    assert not any("set aside" in note for note in tested.notes)


@pytest.fixture(scope="module")
def flagged():
    rows = shop(seed=4, stores=("north",)).with_columns(out=pl.col("units") >= pl.col("stock"))
    model = assay.Model(
        assay.Censored(assay.NegativeBinomial(), above="out"), mean=assay.ScoreDriven(season=7)
    )
    return model.backtest(rows, "units", **(LONG | {"horizon": 14, "origins": 1})), rows


def test_losses_that_a_flag_hides_are_left_empty_and_said_to_be(flagged):
    tested, _ = flagged
    hidden = tested.rows.filter("hidden")
    assert hidden.height > 10
    assert hidden["pinball"].null_count() == hidden["crps"].null_count() == hidden.height
    assert hidden["pit"].null_count() == 0
    for row in tested.summary().to_dicts():
        assert (row["wql"], row["crps"], row["bias"]) == (None, None, None)
        assert 0 <= row["pit_90"] <= 1
    apart = {row["hidden"]: row for row in tested.summary("hidden").to_dicts()}
    assert apart[False]["wql"] > 0
    assert apart[True]["wql"] is None
    assert "favour models that ignore stock-outs" in tested.notes[-1]


def test_a_flag_cuts_no_forecast(flagged):
    tested, rows = flagged
    own = tested.rows.filter(pl.col("model") == "assay").join(rows, on=["store", "item", "date"])
    # Days that are hidden are expected to want as much as the others do.
    assert own["mean"].sum() == pytest.approx(own["demand"].sum(), rel=0.15)
    gone = own.filter("hidden")
    assert gone["mean"].sum() > 1.5 * gone["seen"].sum()


@pytest.mark.slow
def test_a_series_is_scored_alike_without_the_others_and_at_other_origins():
    rows = shop(items=3).with_columns(stock=99, units="demand")
    keys, names = ["model", "origin", "store", "item", "date"], ["mean", "crps", "pit"]
    rivals = ("seasonal-naive", "croston-sba")
    two = MODEL.backtest(rows, "units", rivals=rivals, **(LONG | {"origins": 2})).rows
    few = rows.filter(pl.col("item") > 0).reverse()
    one = MODEL.backtest(few, "units", rivals=rivals, **(LONG | {"origins": 1})).rows
    both = one.filter(pl.col("model") != "assay").join(two, on=keys, suffix="_two")
    assert both.height == 2 * 4 * 7
    for name in names:
        assert (both[name] == both[f"{name}_two"]).all()
    assert two.filter(pl.col("model") == "croston-sba")["pit"].n_unique() == 6 * 14


@pytest.mark.slow
def test_many_series_are_scored_block_by_block(monkeypatch):
    rows = shop(items=3)
    asked = LONG | {"origins": 1, "rivals": ("tsb",)}
    whole = MODEL.backtest(rows, "units", **asked).rows
    for name in ("judged.backtest", "future.forecast"):
        monkeypatch.setattr(sys.modules[f"assay.series.{name}"], "CELLS", 7 * 200 * 4)
    sizes = []
    row_maker = _Origin._rows

    def watched(self, name, place, values, mean, scores):
        sizes.append(values.size)
        return row_maker(self, name, place, values, mean, scores)

    monkeypatch.setattr(_Origin, "_rows", watched)
    parts = MODEL.backtest(rows, "units", **asked).rows
    assert parts.equals(whole)
    assert max(sizes) == 7 * 200 * 4
