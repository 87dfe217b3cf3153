"""A single series has no keys; everything that is asked of many can be asked of it."""

import polars as pl
import pytest
from panel_shop import shop

import assay


@pytest.fixture(scope="module")
def one():
    return shop(stores=("north",), items=1).drop("store", "item", "demand")


@pytest.mark.slow
def test_a_series_without_keys_is_fitted_followed_and_scored(one):
    family = assay.Censored(assay.NegativeBinomial(), above="stock")
    model = assay.Model(family, mean=assay.ScoreDriven(season=7))
    fitted = model.fit(one.head(70), "units", time="date")
    assert len(fitted) == fitted.results().height == fitted.parameters().height == 1
    assert fitted.demand().columns == ["date", "seen", "hidden", "mean"]
    assert fitted.lost_sales().table().height == fitted.results()["hidden"][0] > 0
    ahead = fitted.forecast(7, one.tail(7).drop("units"))
    assert ahead.table()["unique_id"].to_list() == ["1"] * 7
    assert ahead.sums().height == ahead.order(service_level=0.9).height == 1
    assert ahead.observed().means().shape == (7, 1)
    moved = fitted.after(one)
    assert moved.forecast(2).table()["ds"][0] > one["date"].max()
    assert fitted.laws(one.tail(7)).mean().shape == (7,)
    tested = model.backtest(one, "units", time="date", horizon=7, origins=1)
    assert set(tested.summary()["model"]) == {"assay", "seasonal-naive", "croston-sba"}


def test_its_features_are_read_of_the_future(one):
    model = assay.Model(assay.NegativeBinomial(), mean=assay.ScoreDriven() + assay.Linear("stock"))
    past = one.head(70)
    fitted = model.fit(past, "units", time="date")
    plans = one.tail(7).with_columns(stock=pl.lit(0))
    few, many = (fitted.forecast(7, p).means() for p in (plans, one.tail(7)))
    assert few.shape == (7, 1)
    assert (few != many).any()
