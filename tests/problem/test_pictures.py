"""The small tables that pictures are drawn from."""

from datetime import date, datetime, timedelta

import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
from hypothesis import given

from assay.picture.target import histogram, season_profile, series
from assay.problem import profile


@given(
    st.one_of(
        st.lists(st.integers(-500, 500), min_size=1, max_size=60),
        st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=60),
        st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60),
    )
)
def test_a_histogram_counts_every_value_once_in_bins_of_one_width(values):
    bins = profile(pl.DataFrame({"y": values}), target="y").pictures()["histogram"]
    assert bins["count"].sum() == len(values)
    assert bins["bin_right"][:-1].to_list() == bins["bin_left"][1:].to_list()
    assert bins.height <= 42
    widths = (bins["bin_right"] - bins["bin_left"]).to_numpy()
    scale = max(1.0, np.abs(values).max())
    np.testing.assert_allclose(widths, widths[0], atol=1e-9 * scale)


def test_counts_have_bars_centred_on_whole_numbers():
    bins = profile(pl.DataFrame({"y": [0, 1, 1, 3]}), target="y").pictures()["histogram"]
    assert bins["bin_left"].to_list() == [-0.5, 0.5, 1.5, 2.5]
    assert bins["count"].to_list() == [1, 2, 0, 1]


def test_hidden_rows_are_part_of_the_bars(shop):
    bins = profile(shop, target="units", censored_above="stock").pictures()["histogram"]
    assert bins["hidden"].sum() == (shop["units"] >= shop["stock"]).sum()
    assert (bins["hidden"] <= bins["count"]).all()


def test_the_course_over_time(shop):
    tables = profile(
        shop, target="units", time="day", series="item", censored_above="stock"
    ).pictures()
    truth = (
        shop.group_by("day")
        .agg(
            pl.col("units").mean().alias("value"),
            pl.col("units").sum().alias("total"),
            (pl.col("units") >= pl.col("stock")).mean().alias("hidden"),
        )
        .sort("day")
    )
    course = tables["series"]
    assert course["time"].to_list() == truth["day"].to_list()
    for name in ("value", "total", "hidden"):
        np.testing.assert_allclose(course[name], truth[name])


def test_the_season_profile_starts_on_monday(shop):
    tables = profile(shop, target="demand", time="day", series="item").pictures()
    usual = tables["season_profile"]
    assert usual["position"].to_list() == [1, 2, 3, 4, 5, 6, 7]  # 2024-01-01 is a Monday
    np.testing.assert_allclose(
        usual["mean"], 10 * np.array([0.6, 0.8, 0.9, 1.0, 1.1, 1.4, 1.2]), rtol=0.12
    )
    later = profile(
        shop.filter(pl.col("day") >= date(2024, 1, 4)), target="demand", time="day", series="item"
    ).pictures()["season_profile"]
    assert np.argmax(later["mean"].to_numpy()) == np.argmax(usual["mean"].to_numpy()) == 5


@pytest.mark.parametrize(
    ("times", "season", "position"),
    [
        ([date(2020 + m // 12, m % 12 + 1, 1) for m in range(2, 50)], 12, 3),  # from March
        ([datetime(2024, 1, 1, 5) + timedelta(hours=h) for h in range(72)], 24, 6),  # from 5 h
        ([datetime(2024, 1, 3) + timedelta(days=d) for d in range(30)], 7, 3),  # from a Wednesday
        (list(range(100, 130)), 5, 1),
    ],
)
def test_positions_follow_the_calendar(times, season, position):
    y = [1.0] + [0.0] * (len(times) - 1)
    table = pl.DataFrame({"y": y, "t": times})
    usual = profile(table, target="y", time="t", season=season).pictures()["season_profile"]
    assert usual["position"][int(usual["mean"].arg_max())] == position


def test_a_picture_of_a_season_needs_one():
    table = pl.DataFrame({"y": [1.0, 2.0, 1.5], "t": [1, 2, 3]})
    assert set(profile(table, target="y", time="t").pictures()) == {"histogram", "series"}
    assert set(profile(table, target="y").pictures()) == {"histogram"}
    stated = profile(table, target="y", time="t", season=2).pictures()
    assert stated["season_profile"]["mean"].to_list() == [1.25, 2.0]


def test_missing_targets_are_not_drawn():
    days = [date(2024, 1, 1) + timedelta(k) for k in range(3)]
    table = pl.DataFrame({"y": [1.0, None, 3.0], "d": days})
    assert profile(table, target="y", time="d").pictures()["series"]["value"].to_list() == [
        1.0,
        3.0,
    ]


@pytest.mark.parametrize("roles", [{}, {"censored_above": "stock"}])
def test_the_charts_of_the_same_names_draw_them(shop, roles):
    tables = profile(shop, target="units", time="day", series="item", **roles).pictures()
    for chart, name in (
        (histogram, "histogram"),
        (series, "series"),
        (season_profile, "season_profile"),
    ):
        assert chart(tables[name], "units").to_dict()
