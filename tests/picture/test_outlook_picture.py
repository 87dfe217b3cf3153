"""The past and the fan of one series."""

from datetime import date, timedelta

import polars as pl
import pytest

from assay.errors import DataError
from assay.picture import svg
from assay.picture.outlook import hidden_demand, outlook

DAYS = [date(2024, 1, 1) + timedelta(k) for k in range(4)]
PAST = pl.DataFrame({"time": DAYS, "seen": [1.0, None, 3.0, 0.0], "hidden": [False] * 3 + [True]})
AHEAD = pl.DataFrame(
    {
        "time": [day + timedelta(4) for day in DAYS],
        "mean": 2.0,
        "low": 0.0,
        "high": 5.0,
        "inner_low": 1.0,
        "inner_high": 3.0,
    }
)


def test_sold_out_days_are_named_where_there_are_any():
    assert ">sold out<" in svg(outlook(PAST, AHEAD, "units"))
    plain = PAST.with_columns(hidden=pl.lit(False))
    assert ">sold out<" not in svg(outlook(plain, AHEAD, "units"))


def test_a_huge_value_is_marked_and_does_not_stretch_the_axis():
    days = [date(2024, 1, 1) + timedelta(k) for k in range(40)]
    past = pl.DataFrame({"time": days, "seen": [3.0] * 39 + [144.0], "hidden": False})
    chart = outlook(past, AHEAD, "units")
    drawn = svg(chart)
    assert ">144<" in drawn
    assert ">150<" not in drawn
    assert "triangles lie beyond the axis: 1" in drawn
    assert "triangles" not in svg(outlook(past.head(39), AHEAD, "units"))


def test_demand_behind_a_total_is_named():
    whole = PAST.with_columns(demand=pl.lit(4.0))
    assert ">with what stock-outs hid<" in svg(outlook(whole, AHEAD, "units"))


def test_what_is_hidden_stands_on_what_was_sold():
    days = pl.DataFrame({"time": DAYS, "sold": [1.0] * 4, "lost": [0.5] * 4})
    assert "hidden by stock-outs" in svg(hidden_demand(days, "units"))


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="no column `high`"):
        outlook(PAST, AHEAD.drop("high"), "units")
