"""A simulated shop follows its rules, and shows its books without the truth."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assay.errors import ConfigError
from assay.simulate import Shop, shop
from assay.simulate.streams import stream

SEEDS = (0, 1, 2, 3)
KEYS = ["date", "store", "item"]


@pytest.fixture(scope="module", params=SEEDS)
def simulated(request) -> Shop:
    return shop(request.param)


@pytest.fixture(scope="module")
def long_one() -> Shop:
    """One long pair of series, for laws over time."""
    return shop(5, items=2, stores=1, days=60_000, start=date(1900, 1, 1))


def standardised_demand(simulated: Shop) -> np.ndarray:
    mean, demand = (simulated.truth[name].to_numpy() for name in ("mean_demand", "demand"))
    return (demand - mean) / np.sqrt(mean + mean**2 / 5)


def log_drift(simulated: Shop) -> np.ndarray:
    """What is left of one series' log mean without the rules that its columns can explain."""
    one = simulated.truth.join(simulated.sales, on=KEYS).filter(pl.col("item") == "I001")
    weekday = one["weekday"].to_dummies().to_numpy()
    known = np.column_stack([weekday, np.log(one["price"].to_numpy())])
    log_mean = np.log(one["mean_demand"].to_numpy())
    return log_mean - known @ np.linalg.lstsq(known, log_mean, rcond=None)[0]


def test_a_row_for_each_store_item_and_day(simulated):
    assert simulated.sales.height == 4 * 30 * 1095
    assert simulated.sales.select(KEYS).is_unique().all()
    assert_frame_equal(simulated.sales.select(KEYS), simulated.truth.select(KEYS))
    assert simulated.sales["date"].min() == date(2022, 1, 1)
    assert simulated.sales["date"].max() == date(2024, 12, 30)
    shown = simulated.sales.select(pl.col("date").dt.strftime("%a") == pl.col("weekday"))
    assert shown["date"].all()


def test_the_truth_never_stands_in_the_books(simulated):
    assert simulated.sales.columns == [*KEYS, "price", "weekday", "stock", "units"]
    assert simulated.truth.columns == [*KEYS, "mean_demand", "demand"]


def test_units_sold_are_the_lesser_of_demand_and_stock(simulated):
    demand, stock = simulated.truth["demand"].to_numpy(), simulated.sales["stock"].to_numpy()
    np.testing.assert_array_equal(simulated.sales["units"].to_numpy(), np.minimum(demand, stock))


def test_demand_reaches_stock_on_three_days_in_ten(simulated):
    assert 0.27 < (simulated.truth["demand"] >= simulated.sales["stock"]).mean() < 0.33


@pytest.mark.parametrize("share", [0.05, 0.5, 0.8])
def test_other_shares_of_stock_outs_are_met_too(share):
    other = shop(8, out_share=share)
    out = (other.truth["demand"] >= other.sales["stock"]).mean()
    assert out == pytest.approx(share, abs=0.03)


def test_noise_has_the_moments_of_a_negative_binomial_of_size_five(simulated):
    z = standardised_demand(simulated)
    assert z.mean() == pytest.approx(0, abs=4 / np.sqrt(z.size))
    # Both where the Poisson part rules and where the gamma part does.
    large = simulated.truth["mean_demand"].to_numpy() > 10
    assert z[large].var() == pytest.approx(1, abs=0.04)
    assert z[~large].var() == pytest.approx(1, abs=0.04)


def test_stock_knows_nothing_of_the_day(simulated):
    per_series = pl.col("stock").log1p() - pl.col("stock").log1p().mean().over("store", "item")
    stock = simulated.sales.select(per_series).to_series().to_numpy()
    mean = simulated.truth.select(
        pl.col("mean_demand").log() - pl.col("mean_demand").log().mean().over("store", "item")
    ).to_series()
    four_errors = 4 / np.sqrt(stock.size)
    assert abs(np.corrcoef(stock, standardised_demand(simulated))[0, 1]) < four_errors
    assert abs(np.corrcoef(stock, mean)[0, 1]) < four_errors


def test_levels_are_log_normal_with_sd_six_tenths():
    many = shop(11, items=500, stores=8, days=7).truth
    # Weekdays and drift are shared, so they do not spread the levels; a week's price hardly does.
    levels = many.group_by("store", "item").agg(pl.col("mean_demand").log().mean())
    log_level = levels["mean_demand"].to_numpy()
    spread = np.subtract(*np.quantile(log_level, [0.841345, 0.158655])) / 2
    assert spread == pytest.approx(0.6, abs=0.04)


def test_one_drift_is_shared_by_all_series(long_one):
    mean = long_one.truth.pivot("item", index="date", values="mean_demand")
    price = long_one.sales.pivot("item", index="date", values="price")
    effect = np.log(mean["I001"] / mean["I002"]) + 1.5 * np.log(price["I001"] / price["I002"])
    np.testing.assert_allclose(effect, effect[0], atol=1e-12)


def test_the_drift_is_a_first_order_autoregression(long_one):
    drift = log_drift(long_one)
    assert drift.std() == pytest.approx(0.1, abs=0.005)
    for lag in (1, 5, 10):
        seen = np.corrcoef(drift[lag:], drift[:-lag])[0, 1]
        assert seen == pytest.approx(0.9**lag, abs=0.05)
    innovation = drift[1:] - 0.9 * drift[:-1]
    assert np.corrcoef(innovation[1:], innovation[:-1])[0, 1] == pytest.approx(0, abs=0.02)


def test_the_weekend_sells_more_and_discounts_are_occasional(simulated):
    by_day = simulated.truth.group_by(pl.col("date").dt.weekday()).agg(pl.col("demand").mean())
    means = dict(by_day.iter_rows())
    assert min(means[5], means[6], means[7]) > max(means[day] for day in (1, 2, 3, 4))
    usual = pl.col("price").max().over("item")
    off = simulated.sales.select(1 - pl.col("price") / usual).to_series()
    assert 0.05 < (off > 0.05).mean() < 0.16
    assert off.max() == pytest.approx(0.3, abs=0.01)


def test_the_same_seed_makes_the_same_shop():
    first, second, other = shop(6, days=90), shop(6, days=90), shop(7, days=90)
    assert_frame_equal(first.sales, second.sales)
    assert_frame_equal(first.truth, second.truth)
    assert not first.truth["demand"].equals(other.truth["demand"])


@pytest.mark.parametrize("more", [{"items": 9}, {"stores": 3}, {"days": 200}])
def test_a_larger_shop_contains_the_smaller_one(more):
    size = {"items": 4, "stores": 2, "days": 90}
    small, large = shop(3, **size), shop(3, **(size | more))
    for table in ("sales", "truth"):
        kept = getattr(large, table).join(getattr(small, table).select(KEYS), on=KEYS, how="semi")
        assert_frame_equal(kept, getattr(small, table))


def test_streams_of_different_purpose_are_unrelated():
    first, second = (stream(1, purpose, 4).standard_normal(10_000) for purpose in ("rate", "coin"))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.04


@pytest.mark.parametrize(
    ("argument", "value"),
    [("items", 0), ("stores", 0), ("days", -1), ("out_share", 0.0), ("out_share", 1.0)],
)
def test_impossible_shops_are_refused_by_name(argument, value):
    with pytest.raises(ConfigError, match=f"`{argument}` is {value}, must"):
        shop(0, **{argument: value})


def test_a_negative_seed_is_refused():
    with pytest.raises(ConfigError, match="`seed` is -1, must"):
        shop(-1)
