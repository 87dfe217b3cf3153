"""What is done with a forecast: sums, limits, orders, lost sales."""

import numpy as np
import polars as pl
import pytest

from assay.errors import ConfigError, DataError


def values_of(forecast):
    return np.concatenate([drawn.values for _, drawn in forecast.draws()], axis=1)


def test_sums_add_up_over_every_hierarchy(forecast):
    by_item = forecast.sums(["store", "item"])
    by_store, total = forecast.sums("store"), forecast.sums()
    assert by_store["mean"].sum() == pytest.approx(total["mean"][0])
    assert by_item["mean"].sum() == pytest.approx(total["mean"][0])
    daily = forecast.sums(each_step=True)
    assert daily["mean"].sum() == pytest.approx(total["mean"][0])
    assert daily["ds"].n_unique() == 7


def test_intervals_of_sums_are_those_of_the_summed_paths(forecast):
    values = values_of(forecast.together()).sum(axis=(0, 1))
    total = forecast.sums(levels=(90,))
    ordered = np.sort(values)
    assert total["lo-90"][0] == ordered[int(np.ceil(0.05 * values.size)) - 1]
    assert total["hi-90"][0] == ordered[int(np.ceil(0.95 * values.size)) - 1]


def test_paths_put_together_keep_each_series_law_and_widen_totals(forecast):
    from dataclasses import replace

    alone, joined = values_of(forecast), values_of(replace(forecast, share=0.9))
    assert abs(joined.mean() / alone.mean() - 1) < 0.05
    assert joined.sum(axis=1).std(axis=1).mean() > 1.3 * alone.sum(axis=1).std(axis=1).mean()


def test_no_shock_is_found_where_there_is_none(fitted):
    assert fitted.common_share < 0.1


def test_what_is_observed_never_passes_the_stock(forecast, ahead):
    stock = ahead.sort("store", "item", "date")["stock"].to_numpy().reshape(12, 7).T
    demand, sold = values_of(forecast), values_of(forecast.observed())
    assert np.array_equal(sold, np.minimum(demand, stock[:, :, None]))
    assert values_of(forecast.observed(2)).max() == 2
    with pytest.raises(DataError, match="no column `shelf`"):
        forecast.observed("shelf")
    with pytest.raises(ConfigError, match="the limit is -1"):
        forecast.observed(-1)


def test_an_order_meets_its_service_level_on_its_own_paths(forecast):
    demand = values_of(forecast)[:3].sum(axis=0)
    order = forecast.order(service_level=0.9, lead=3)
    need = order["need"].to_numpy()
    assert (demand <= need[:, None]).mean(axis=1).min() >= 0.9
    assert (demand <= need[:, None] - 1).mean(axis=1).max() < 0.9
    assert order["need"].dtype == pl.Int64


def test_an_order_for_costs_makes_them_least(forecast):
    demand = values_of(forecast).sum(axis=0)
    order = forecast.order(under=3, over=1)

    def cost(need):
        return 3 * np.maximum(demand - need[:, None], 0).mean(1) + np.maximum(
            need[:, None] - demand, 0
        ).mean(1)

    need = order["need"].to_numpy()
    for other in (need - 1, need + 1):
        assert (cost(need) <= cost(other) + 1e-9).all()
    assert order["missing"].to_numpy() == pytest.approx(
        np.maximum(demand - need[:, None], 0).mean(1)
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "Give either"),
        ({"service_level": 0.9, "under": 1, "over": 1}, "Give either"),
        ({"service_level": 1.0}, "does not lie between 0 and 1"),
        ({"under": -1, "over": 1}, "both must be costs above 0"),
        ({"service_level": 0.999}, "Draw 2,000 or more"),
        ({"service_level": 0.9, "lead": 8}, "whole number from 1 to 7"),
    ],
)
def test_orders_that_cannot_be_are_refused(forecast, asked, said):
    with pytest.raises(ConfigError, match=said):
        forecast.order(**asked)


def test_lost_sales_come_near_what_was_lost(fitted, past):
    truth = past.filter(pl.col("units") >= pl.col("stock"))
    lost = fitted.lost_sales()
    assert lost.table().height == truth.height
    total = lost.sums()
    assert total["days"][0] == truth.height
    assert total["mean"][0] == pytest.approx((truth["demand"] - truth["units"]).sum(), rel=0.15)
    assert total["low"][0] < total["mean"][0] < total["high"][0]
    assert lost.sums("store")["mean"].sum() == pytest.approx(total["mean"][0])
    joined = lost.table().join(truth, on=["store", "item", "date"])
    inside = (joined["demand"] - joined["units"]).is_between(joined["low"], joined["high"])
    assert inside.mean() > 0.8  # pyright: ignore[reportOptionalOperand]


def test_an_empty_shelf_loses_all_that_was_wanted(fitted):
    empty = fitted.lost_sales().table().filter(pl.col("limit") == 0)
    wanted = fitted.demand().join(empty, on=["store", "item", "date"], suffix="_lost")
    assert wanted.height > 10
    # What was expected before the day, and what all days tell of it.
    assert wanted["mean_lost"].sum() == pytest.approx(wanted["mean"].sum(), rel=0.1)
    assert np.corrcoef(wanted["mean"], wanted["mean_lost"])[0, 1] > 0.8


def test_a_lost_sum_by_an_unknown_key_is_refused(fitted):
    with pytest.raises(ConfigError, match="no key `shop`"):
        fitted.lost_sales().sums("shop")


def test_results_say_what_is_odd(model, past):
    north = (pl.col("store") == "north") & (pl.col("item") == 0)
    odd = past.with_columns(
        units=pl.when(north & (pl.col("stock") == 99)).then(-1).otherwise("units")
    )
    early = odd.filter(~((pl.col("item") == 1) & (pl.col("date") > pl.date(2024, 2, 1))))
    found = model.fit(early, "units", time="date", by=["store", "item"])
    said = found.results()["message"].to_list()
    assert said[0].startswith("set aside: 2024-01-0")
    assert "ends 38 days before the others" in said[1]
    assert said[2] == ""
    assert "store='north', item=0" in found.notes[-1]
    assert found.forecast(3).table()["mean"].is_finite().all()


def test_what_is_on_hand_is_part_of_what_is_left(forecast):
    demand = values_of(forecast).sum(axis=0)
    much = forecast.order(service_level=0.9, on_hand=500)
    assert much["order"].to_list() == [0] * 12
    assert much["left"].to_numpy() == pytest.approx((500 - demand).mean(axis=1))
    assert much["missing"].to_list() == [0.0] * 12
    some = forecast.order(service_level=0.9, on_hand=3.5)
    shelf = 3.5 + some["order"].to_numpy()
    assert (shelf >= some["need"].to_numpy()).all()
    assert some["left"].to_numpy() == pytest.approx(np.maximum(shelf[:, None] - demand, 0).mean(1))


@pytest.mark.parametrize("there", [float("nan"), -1, True, None])
def test_stock_that_cannot_be_is_refused(forecast, there):
    with pytest.raises(ConfigError, match=r"`on_hand` is .* must be a number of 0 or more"):
        forecast.order(service_level=0.9, on_hand=there)


def test_stock_of_a_column_that_cannot_be_is_refused_by_name(fitted, ahead):
    north = (pl.col("store") == "north") & (pl.col("item") == 2)
    for wrong, said in ((-4, "is -4, must be"), (None, "is missing, must be")):
        rows = ahead.with_columns(there=pl.when(north).then(wrong).otherwise(7))
        with pytest.raises(DataError, match=f"`there` at .* store='north', item=2 {said}"):
            fitted.forecast(7, rows).order(service_level=0.9, on_hand="there")


def test_no_order_is_made_for_sales_under_a_limit(forecast):
    with pytest.raises(ConfigError, match="Ask the forecast of demand"):
        forecast.observed(2).order(service_level=0.9)


def test_a_limit_that_is_never_known_limits_nothing_and_is_refused(fitted, ahead):
    rows = ahead.with_columns(stock=pl.lit(None, pl.Int64))
    with pytest.raises(DataError, match="`stock` is missing in every row of the next steps"):
        fitted.forecast(7, rows).observed()


def test_levels_are_one_number_or_several_and_say_what_was_meant(forecast, fitted):
    assert forecast.table(90).equals(forecast.table([90]))
    assert forecast.quantiles(0.9).shape == (1, 7, 12)
    for asked in (forecast.table, forecast.sums):
        with pytest.raises(ConfigError, match=r"0\.9 is below 1, .* Did you mean 90\?"):
            asked(levels=0.9)
        with pytest.raises(ConfigError, match="100 is not between 1 and 100 per cent"):
            asked(levels=[80, 100])
    with pytest.raises(ConfigError, match=r"Did you mean 90\?"):
        fitted.lost_sales(level=0.9)
    with pytest.raises(ConfigError, match=r"90 does not lie between 0 and 1\. Did you mean 0\.9\?"):
        forecast.quantiles([0.5, 90])
    with pytest.raises(ConfigError, match=r"service_level: 95 .* Did you mean 0\.95\?"):
        forecast.order(service_level=95)
    with pytest.raises(ConfigError, match="'90' is no level"):
        forecast.table("90")


def test_sums_hold_few_groups_at_a_time(forecast, monkeypatch):
    whole = forecast.sums(["store", "item"], each_step=True)
    monkeypatch.setattr("assay.series.future.forecast.CELLS", 7 * 200 * 5)
    sizes = []
    summed = type(forecast)._summed

    def watched(self, place, groups, *more):
        sizes.append(groups.size)
        return summed(self, place, groups, *more)

    monkeypatch.setattr(type(forecast), "_summed", watched)
    parts = forecast.sums(["store", "item"], each_step=True)
    assert sizes == [5, 5, 2]
    assert parts.equals(whole)


def test_a_series_that_ends_in_empty_rows_ends_early(model, past):
    late = (pl.col("item") == 1) & (pl.col("date") > pl.date(2024, 2, 1))
    hollow = past.with_columns(units=pl.when(late).then(None).otherwise("units"))
    panel = model.fit(hollow, "units", time="date", by=["store", "item"])
    assert "ends 38 days before the others" in panel.results()["message"][1]
    assert panel.results()["message"][2] == ""
