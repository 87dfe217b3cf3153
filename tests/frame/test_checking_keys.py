"""Time and keys: one row for each series and time, in order, numbered."""

from datetime import date, datetime, time

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given, settings
from polars.testing import assert_frame_equal

from assay.errors import ConfigError, DataError
from assay.frame import Roles, check, read

keys = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(-50, 50)), min_size=1, max_size=40, unique=True
)


@settings(max_examples=60, deadline=None)
@given(keys, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter_and_none_is_lost(keys, random):
    shuffled = random.sample(keys, len(keys))
    roles = Roles("y", time="t", series=("s",))
    frames = [
        check(read(pl.DataFrame({"s": s, "t": t, "y": range(len(s))})), roles)
        for s, t in (zip(*order, strict=True) for order in (keys, shuffled))
    ]
    assert frames[0].table.select("s", "t").rows() == sorted(keys)
    assert_frame_equal(frames[0].table.drop("y"), frames[1].table.drop("y"))
    assert sorted(frames[0].table["y"]) == list(range(len(keys)))
    assert frames[0].table["row_id"].to_list() == list(range(len(keys)))


def test_each_row_keeps_its_values(checked):
    frame = checked({"t": [3, 1, 2], "y": [30, 10, 20]}, target="y", time="t")
    assert frame.table.rows() == [(1, 10, 0), (2, 20, 1), (3, 30, 2)]


def test_without_time_the_rows_stay_as_they_came(checked):
    frame = checked({"y": [3, 1, 2], "g": ["b", "a", "b"]}, target="y", group="g")
    assert frame.table["y"].to_list() == [3, 1, 2]
    assert frame.table["row_id"].to_list() == [0, 1, 2]


def test_own_row_numbers_are_kept(checked):
    frame = checked({"t": [2, 1], "y": [1, 1], "row_id": [7, 5]}, target="y", time="t")
    assert frame.table["row_id"].to_list() == [5, 7]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([1, 2, 1], r"is 1 in row 1 and row 3\. The name is kept for whole numbers"),
        ([1, None, 2], r"is missing in row 2\."),
        (["a", "b", "c"], r"is String, row 1 is 'a'\."),
    ],
)
def test_own_row_numbers_that_number_nothing(checked, numbers, said):
    with pytest.raises(DataError, match=rf"^t: column `row_id` {said}"):
        checked({"y": [1, 2, 3], "row_id": numbers}, target="y")


def test_a_key_that_stands_twice_names_both_rows(checked):
    columns = {"s": ["a", "b", "a"], "t": [1, 1, 1], "y": [1, 2, 3]}
    with pytest.raises(
        DataError, match=r"row 1 and row 3 have the same key, s = 'a', t = 1\. One row for each"
    ):
        checked(columns, target="y", time="t", series="s")


def test_a_time_that_stands_twice_proposes_the_series(checked):
    columns = {
        "n": [5, 5, 6],
        "s": ["a", "b", "a"],
        "t": [date(2024, 1, 1)] * 2 + [date(2024, 1, 2)],
    }
    with pytest.raises(
        DataError,
        match=r"row 1 and row 2 have the same time, t = 2024-01-01, .* such as series=\[\"s\"\]",
    ):
        checked({**columns, "y": [1, 2, 3]}, target="y", time="t")


def test_a_time_that_stands_twice_and_nothing_tells_the_rows_apart(checked):
    with pytest.raises(DataError, match="name the columns that tell them apart as `series`, or le"):
        checked({"t": [1, 1], "y": [1, 2]}, target="y", time="t")


def test_text_days_and_months_become_days(checked):
    frame = checked({"t": ["2024-02", "2024-01"], "y": [1, 2]}, target="y", time="t")
    assert frame.table["t"].to_list() == [date(2024, 1, 1), date(2024, 2, 1)]
    frame = checked({"t": ["2024-02-10", "2024-02-09"], "y": [1, 2]}, target="y", time="t")
    assert frame.table["t"].to_list() == [date(2024, 2, 9), date(2024, 2, 10)]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (
            ["2024-01-01T00:00+01:00", "2024-07-01T00:00+02:00"],
            r"mixes times with offset \+01:00 \(row 1\) and times with offset \+02:00 \(row 2\)",
        ),
        (
            ["2024-01-01T00:00Z", "2024-07-01T00:00"],
            r"mixes times with offset Z \(row 1\) and times without a zone \(row 2\)",
        ),
        (["2024-01-01", "01/02/2024"], r"holds '01/02/2024' in row 2\. Days are written 2024"),
        (["2024-02-30", "2024-01-01"], r"holds '2024-02-30' in row 1"),
        (["2024-01-01", "2024-02"], r"mixes days, months and moments: row 1 is '2024-01-01'"),
        ([date(2024, 1, 1), None], r"is missing in row 2 \(1 in all\), each row needs its time"),
        ([1.0, float("inf")], r"is inf in row 2, finite numbers are needed"),
        ([True, False], r"is Boolean, row 1 is True\. Times are days, moments or numbers"),
        ([time(1), time(2)], r"is Time, row 1 is 01:00:00"),
    ],
)
def test_a_time_that_cannot_be_used(checked, times, said):
    with pytest.raises(DataError, match=rf"^t: time column `t` {said}"):
        checked({"t": times, "y": [1, 2]}, target="y", time="t")


def test_midnights_are_days_unless_they_have_a_zone(checked):
    midnights = [datetime(2024, 1, 1), datetime(2024, 1, 2)]
    frame = checked({"t": midnights, "y": [1, 2]}, target="y", time="t")
    assert frame.table["t"].to_list() == [date(2024, 1, 1), date(2024, 1, 2)]
    zoned = pl.Series(midnights).dt.replace_time_zone("Europe/Paris")
    frame = checked({"t": zoned, "y": [1, 2]}, target="y", time="t")
    assert frame.table["t"].dtype == pl.Datetime("us", "Europe/Paris")


def test_local_moments_stay_local(checked):
    moments = [datetime(2024, 3, 31, 2, 30), datetime(2024, 3, 31, 1, 30)]
    frame = checked({"t": moments, "y": [1, 2]}, target="y", time="t")
    assert frame.table["t"].to_list() == sorted(moments)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["a", None], r"is missing in row 2 \(1 in all\), each row needs its key"),
        ([[1], [2]], r"is List\(Int64\), a key is text, a whole number"),
    ],
)
@pytest.mark.parametrize("role", ["series", "group"])
def test_a_key_that_is_none(checked, values, said, role):
    with pytest.raises(DataError, match=rf"^t: key column `k` {said}"):
        checked({"t": [1, 2], "y": [1, 2], "k": values}, target="y", time="t", **{role: "k"})


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ({"series": "s"}, r"`series` is s, but no `time` .* or use `group`"),
        ({"season": 7}, "`season` is 7, but no `time` column is named"),
        ({"horizon": 2}, "`horizon` is 2, but no `time` column is named"),
    ],
)
def test_roles_that_rest_on_time(checked, roles, said):
    with pytest.raises(ConfigError, match=f"^t: {said}"):
        checked({"y": [1, 2], "s": ["a", "b"]}, target="y", **roles)
