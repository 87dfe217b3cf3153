"""What simple rules and models of other libraries forecast, odd series among them."""

import sys

import numpy as np
import polars as pl
import pytest
from panel_shop import shop

import assay
from assay.errors import ConfigError
from assay.family import NegativeBinomial, Normal
from assay.series.judged import rivals as room
from assay.series.judged.rivals import NAMES, named_rivals, samples_of

pytestmark = pytest.mark.slow

NAN = np.nan
COUNTS, NUMBERS = NegativeBinomial().support, Normal().support


def samples(rival, y, horizon=7, season=7, support=COUNTS):
    y = np.asarray(y, float)
    keys = [str(k) for k in range(y.shape[1])]
    told = samples_of(rival, y, horizon, season, support=support, name="it", keys=keys, seed=1)
    return told.values, told.failed


def odd_series():
    """Zeros, a constant, one to three values, none, huge ones, ordinary ones; 60 steps."""
    y = np.full((60, 8), NAN)
    y[:, 0], y[:, 1] = 0.0, 3.0
    for values in (1, 2, 3):
        y[60 - values :, values + 1] = 4.0
    y[:, 6] = 1e15 + 1e12 * np.arange(60)
    y[:, 7] = np.random.default_rng(3).poisson(4.0, 60)
    return y


def test_croston_is_the_mean_sale_over_the_mean_wait():
    # By hand: size 4 and wait 4 / 2 to begin with; then 4 after a wait of 2 twice over.
    y = np.array([0.0, 4.0, 0.0, 4.0])[:, None]
    rate = room.croston(y, 3, 1)[0]
    assert rate[:, 0] == pytest.approx([2.0] * 3)
    sba = room.croston_sba(y, 3, 1)[0]
    assert sba[:, 0] == pytest.approx([2.0 * 0.95] * 3)


def test_days_without_values_are_no_days_without_sales():
    y = np.array([NAN, 4.0, NAN, 4.0, NAN, 4.0])[:, None]
    assert room.tsb(y, 1, 1)[0][0, 0] == pytest.approx(4.0)


def test_seasonal_naive_takes_the_mean_where_it_knows_no_season():
    points, errors, adds = room.seasonal_naive(np.array([[NAN], [2.0], [4.0]]), 7, 7)
    # The last three steps hold the places 4, 5 and 6 of the season.
    assert points[:, 0] == pytest.approx([3.0, 3.0, 3.0, 3.0, 3.0, 2.0, 4.0])
    assert errors[1:, 0].tolist() == [-1.0, 1.0]
    assert not adds[0]
    y = np.r_[np.full(10, NAN), np.tile([1.0, 5.0], 5)][:, None]
    points, errors, adds = room.seasonal_naive(y, 2, 2)
    assert points[:, 0].tolist() == [1.0, 5.0]
    assert np.nanmax(np.abs(errors)) == 0  # days before the first row are no zeros


@pytest.mark.parametrize("name", room.RIVALS)
def test_a_rule_forecasts_odd_series(name):
    drawn, failed = samples(room.RIVALS[name], odd_series())
    assert np.isfinite(drawn).all()
    assert not failed
    assert drawn[:, 0].max() == 0
    assert drawn[:, 1:5].mean() == pytest.approx(3.7, abs=0.8)


def test_errors_of_a_season_add_up_with_each_further_one():
    # Of a walk from one week to the next, the rule's own law, the interval holds 90 % at any step.
    rng = np.random.default_rng(5)
    walk = rng.normal(0.0, 1.0, (40, 7, 300)).cumsum(axis=0).reshape(280, 300)
    drawn, _ = samples(room.seasonal_naive, walk[:252], 28, 7, NUMBERS)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=2)
    held = ((walk[252:] >= low) & (walk[252:] <= high)).reshape(4, -1).mean(axis=1)
    assert held == pytest.approx([0.9] * 4, abs=0.03)
    # Where the season is one step, errors add up at each.
    spread = samples(room.seasonal_naive, walk[:252:7], 9, 1, NUMBERS)[0].std(axis=2).mean(axis=1)
    assert spread[8] / spread[0] == pytest.approx(3.0, rel=0.1)


def test_a_rival_is_the_same_beside_others_and_in_any_order():
    y = np.random.default_rng(2).poisson(2.0, (60, 4)).astype(float)
    keys = ["a", "b", "c", "d"]
    asked = {"support": COUNTS, "name": "tsb", "seed": 1}
    every = samples_of(room.tsb, y, 7, 7, keys=keys, **asked)
    some = samples_of(room.tsb, y[:, [3, 1]], 7, 7, keys=["d", "b"], **asked)
    assert np.array_equal(some.values, every.values[:, [3, 1]])
    assert not np.array_equal(every.values[:, 0], every.values[:, 1])
    other = samples_of(room.tsb, y, 7, 7, keys=keys, **(asked | {"seed": 2}))
    assert not np.array_equal(other.values, every.values)


def test_the_point_is_that_of_the_rule():
    y = np.array([0.0, 0.0, 5.0, 0.0, 0.0, 1.0])[:, None]
    told = samples_of(room.tsb, y, 2, 1, support=COUNTS, name="tsb", keys=["a"], seed=1)
    assert told.points.tolist() == room.tsb(y, 2, 1).points.tolist()
    assert told.points[0, 0] != np.round(told.points[0, 0])  # samples are whole, the point is not


def test_samples_stay_where_values_can_be():
    y = np.random.default_rng(1).normal(0.0, 1.0, (40, 1))
    cold, _ = samples(room.seasonal_naive, y, support=NUMBERS)
    assert cold.min() < 0
    assert not np.array_equal(cold, np.round(cold))
    counted, _ = samples(room.seasonal_naive, y)
    assert counted.min() >= 0
    assert np.array_equal(counted, np.round(counted))


def test_ets_forecasts_odd_series_or_says_why_not(library):
    library("statsforecast")
    drawn, failed = samples(named_rivals("ets", 7, "assay")["ets"], odd_series())
    assert np.isfinite(drawn).all()
    assert sorted(failed) == [2, 3, 4, 5]
    assert failed[3].startswith("with 2 values: ")
    assert (drawn[:, 2:5] == 4).all()  # seasonal naive, or the mean, in its place
    assert (drawn[:, 5] == 0).all()
    assert drawn[:, 0].max() == 0
    assert drawn[:, 1] == pytest.approx(3.0)
    assert drawn[0, 6].mean() == pytest.approx(1.06e15, rel=1e-3)
    assert drawn[:, 7].mean() == pytest.approx(4.0, rel=0.3)
    assert drawn[:, 7].std() == pytest.approx(2.0, rel=0.4)


def test_a_model_without_intervals_takes_the_errors_of_its_fit(library):
    models = library("statsforecast.models")
    y = np.random.default_rng(3).poisson(1.0, (80, 1)).astype(float)
    drawn, failed = samples(models.CrostonClassic(), y)
    assert not failed
    assert drawn.mean() == pytest.approx(1.1, abs=0.4)
    assert drawn.std() > 0.5


def test_a_model_that_fails_stops_nothing():
    class Broken:
        def new(self):
            return self

        def forecast(self, **asked):
            if asked["y"][0] > 3:
                raise ValueError("no such series")
            return {"mean": np.full(asked["h"], NAN), "fitted": asked["y"]}

    y = np.column_stack([np.full(20, 5.0), np.full(20, 2.0)])
    drawn, failed = samples(Broken(), y)
    assert failed == {
        0: "with 20 values: ValueError: no such series",
        1: "its forecast is not finite",
    }
    assert (drawn[:, 0] == 5).all()
    assert (drawn[:, 1] == 2).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("naive",), "no rival `naive`"),
        ([print], "must be one of seasonal-naive, croston, croston-sba, tsb, ets; models are"),
        ({"mine": print}, "rival `mine` is .* must be a model of statsforecast"),
        ({"assay": None}, "must be text other than `assay`"),
        ({7: None}, "a rival is named 7"),
    ],
)
def test_what_is_no_rival_is_refused(given, said):
    with pytest.raises(ConfigError, match=said):
        named_rivals(given, 7, "assay")


def test_a_single_name_is_one_rival():
    assert list(named_rivals("croston", 7, "assay")) == ["croston"]
    assert NAMES[-1] == "ets"


def test_without_statsforecast_ets_says_what_to_install(monkeypatch):
    monkeypatch.setattr("assay.series.judged.foreign.find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    with pytest.raises(ConfigError, match=r"pip install 'assay-ml\[adapters\]'"):
        named_rivals(("ets",), 7, "assay")


@pytest.fixture(scope="module")
def tested(library):
    """A backtest with models of statsforecast, over series that are too short for them."""
    models = library("statsforecast.models")
    rows = shop(items=2)
    first = rows["date"].min()
    last = rows["date"].max()
    closed = pl.col("date").dt.weekday() == 7
    short = rows.filter(pl.col("item") == 0).with_columns(item=pl.lit(8, rows["item"].dtype))
    short = short.filter(pl.col("date") > pl.lit(last).dt.offset_by("-9d"))
    never = rows.filter(pl.col("item") == 1).with_columns(
        item=pl.lit(9, rows["item"].dtype), units=pl.lit(0, rows["units"].dtype)
    )
    whole = pl.concat([rows, short, never]).with_columns(
        units=pl.when(closed).then(0).otherwise("units"), open=~closed
    )
    assert first < last
    model = assay.Model(NegativeBinomial(), mean=assay.ScoreDriven(season=7, open="open"))
    return model.backtest(
        whole,
        "units",
        time="date",
        by=["store", "item"],
        horizon=7,
        origins=1,
        rivals={
            "AutoETS": models.AutoETS(season_length=7),
            "Croston": models.CrostonOptimized(),
        },
    )


def test_a_backtest_goes_on_where_a_rival_fails_and_says_so(tested):
    counts = tested.rows["model"].value_counts()
    assert set(counts["model"]) == {"assay", "AutoETS", "Croston"}
    assert counts["count"].n_unique() == 1
    assert tested.rows.select("mean", "crps", "pit").null_count().sum_horizontal().item() == 0
    said = [note for note in tested.notes if "rival `AutoETS` failed" in note]
    assert "seasonal naive in its place: 2 (first: store='north', item=8" in said[0]


def test_closed_days_are_scored_for_nobody(tested):
    assert (tested.rows["date"].dt.weekday() != 7).all()
    assert tested.rows["date"].n_unique() == 6
