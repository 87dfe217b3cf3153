"""Intervals of what stock-outs hid: over a series they hold a level that was wrong for long."""

import numpy as np
import polars as pl
import pytest

from assay.series.review.daily import shared_shift
from assay.series.review.informed import informed, uninformed

pytestmark = pytest.mark.slow


def test_a_series_sum_is_less_sure_than_independent_days(fitted):
    lost = fitted.lost_sales()
    keys = ["store", "item"]
    table, sums = lost.table(), lost.sums(keys)
    alone = lost.laws
    stream = np.random.default_rng(1)
    cost, at = np.asarray(alone.table.cost), np.asarray(alone.table.at)
    drawn = np.stack(
        [
            np.floor([np.interp(x, cost[:, k], at[:, k]) for x in stream.exponential(size=400)])
            for k in range(table.height)
        ]
    )
    numbers = table.with_row_index().group_by(keys, maintain_order=True).agg("index").sort(keys)
    apart = [np.ptp(np.quantile(drawn[rows].sum(0), [0.05, 0.95])) for rows in numbers["index"]]
    wide = (sums["high"] - sums["low"]).to_numpy()
    assert np.mean(wide / apart) > 1.1


def test_draws_are_the_same_for_a_seed_and_sums_agree(fitted):
    lost = fitted.lost_sales()
    assert lost.sums("store").equals(lost.sums("store"))
    each = lost.sums(["store", "item", "date"])
    table = lost.table().sort("store", "item", "date")
    assert each["low"].to_list() == table["low"].to_list()
    assert lost.sums()["mean"][0] == pytest.approx(table["mean"].sum())


def test_limits_of_those_who_know_the_day_are_noticed():
    stream = np.random.default_rng(2)
    rows, series = 20_000, np.repeat(np.arange(20), 1000)
    off = stream.normal(0, 0.3, rows)  # what a model does not know of each day
    score = 4.0 * off + 2.0 * stream.normal(size=rows)
    told = {}
    for name, knows in (("all", off), ("nothing", 0.0 * off)):
        limit = knows + stream.normal(0, 0.6, rows)
        found = informed(
            uninformed(rows),
            limit,
            np.zeros(rows),
            score,
            np.full(rows, 4.0),
            np.zeros(rows),
            series,
            np.ones(rows, bool),
        )
        told[name] = found
    assert abs(told["nothing"].slope) < 4 * told["nothing"].sd
    assert told["all"].slope == pytest.approx(0.3**2 / (0.3**2 + 0.6**2), abs=0.05)


def test_a_shift_of_all_series_is_found_and_its_error_is_told():
    stream = np.random.default_rng(3)
    steps, bend = 400, np.full(400, 60.0)
    true = np.zeros(steps)
    for t in range(1, steps):
        true[t] = 0.9 * true[t - 1] + 0.05 * stream.normal()
    score = bend * true + np.sqrt(bend) * stream.normal(size=steps)
    found = shared_shift(np.zeros(steps), score, bend, np.full(steps, 20), 10)
    error = found.mean - (true - true.mean())
    assert np.std(error) < 0.7 * np.std(score / bend - true)
    assert np.std(error / np.sqrt(found.spread)) == pytest.approx(1.0, abs=0.25)
    drawn = found.drawn(stream, 400)
    assert np.allclose(drawn.std(axis=1), np.sqrt(found.spread), rtol=0.25)


def test_a_table_without_hidden_rows_lost_nothing(model, past):
    everything = past.with_columns(units="demand", stock=pl.lit(1000))
    fitted = model.fit(everything, "units", time="date", by=["store", "item"])
    assert fitted.lost_sales().table().height == 0
    assert "lost on 0 days" in repr(fitted.lost_sales())
