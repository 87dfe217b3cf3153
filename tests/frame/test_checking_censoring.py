"""Limits and flags."""

import numpy as np
import polars as pl
import pytest

from assay.errors import ConfigError, DataError
from assay.frame import Roles, hidden_rows, read
from assay.frame.censoring import check_censoring

INF = np.inf


def test_a_target_that_reached_its_limit_is_hidden(checked):
    columns = {"y": [3, 5, 6, None, 2], "stock": [5, 5, 5, 5, None]}
    hidden = hidden_rows(
        checked(columns, target="y", censored_above="stock"), Roles("y", censored_above="stock")
    )
    assert hidden.above.tolist() == [False, True, True, False, False]
    assert hidden.least.tolist() == [5, 5, 5, 5, INF]
    assert not hidden.below.any()


def test_a_missing_limit_hides_nothing(checked):
    for none in (None, float("nan"), INF):
        frame = checked({"y": [1, 2], "c": [2.0, none]}, target="y", censored_above="c")
        assert frame.table["c"].to_list() == [2.0, INF]
    frame = checked({"y": [1, 2], "c": [1, None]}, target="y", censored_below="c")
    assert frame.table["c"].to_list() == [1.0, -INF]


def test_checking_twice_changes_nothing(checked):
    once = checked({"y": [1, 2], "c": [2, None]}, target="y", censored_above="c")
    twice = checked(once.table, target="y", censored_above="c")
    assert twice.table.equals(once.table)


def test_a_flag_says_that_the_recorded_value_is_a_bound(checked):
    columns = {"y": [3, 5, None], "out": [True, False, True]}
    roles = Roles("y", censored_above="out")
    hidden = hidden_rows(checked(columns, target="y", censored_above="out"), roles)
    assert hidden.above.tolist() == [True, False, False]
    assert hidden.least.tolist() == [3, INF, INF]


def test_both_sides(checked):
    columns = {"y": [0.1, 5, 9], "low": [0.1, 0.1, 0.1], "high": [9, 9, 9]}
    frame = checked(columns, target="y", censored_below="low", censored_above="high")
    hidden = hidden_rows(frame, Roles("y", censored_below="low", censored_above="high"))
    assert hidden.below.tolist() == [True, False, False]
    assert hidden.above.tolist() == [False, False, True]
    assert hidden.any.tolist() == [True, False, True]


def test_a_negative_limit_suits_a_target_that_can_be_negative(checked):
    frame = checked({"y": [-5.0, 1.0], "c": [-5.0, 3.0]}, target="y", censored_above="c")
    assert frame.table["c"].to_list() == [-5.0, 3.0]


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (["5", "6", "7"], r"`c` is String, row 1 is '5'\. A limit holds numbers .* a flag true"),
        ([4, -2, 9], r"`c` is -2 in row 2, though the target is never below 0\. A limit is 0 or"),
        ([4.0, -INF, 9.0], r"`c` is -inf in row 2, which hides everything"),
        ([0, 1, 0], r"`c` holds only 0 and 1, though the target reaches 8: it looks like a flag"),
        ([True, None, False], r"`c` is missing in row 2 \(1 in all\)\. A flag is true or false"),
    ],
)
def test_a_limit_or_flag_that_cannot_be(checked, limits, said):
    with pytest.raises(DataError, match=rf"^t: `censored_above` column {said}"):
        checked({"y": [3, 8, 4], "c": limits}, target="y", censored_above="c")


def test_a_limit_from_below_that_hides_everything(checked):
    with pytest.raises(DataError, match=r"`censored_below` column `c` is inf in row 1, which hide"):
        checked({"y": [3, 8], "c": [INF, 1.0]}, target="y", censored_below="c")


@pytest.mark.parametrize("limits", [[3, 8, 1], [True, True, False]])
def test_a_target_hidden_in_all_rows(checked, limits):
    with pytest.raises(
        DataError, match=r"target `y` is hidden in all 2 rows where it is recorded, by `c`\. At le"
    ):
        checked({"y": [3, 8, None], "c": limits}, target="y", censored_above="c")


BOTH = Roles(target="y", censored_above="stock", censored_flag="gone")


def test_a_flag_beside_a_limit_hides_where_either_says_so():
    table = pl.DataFrame(
        {"y": [3, 3, 4, 2, 7], "stock": [9, 3, 9, None, 6], "gone": [False, None, True, True, True]}
    )
    hidden = hidden_rows(read(table), BOTH)
    assert hidden.above.tolist() == [False, True, True, True, True]
    assert hidden.least[1:].tolist() == [3, 4, 2, 6]


def test_a_flag_beside_a_limit_holds_flags_and_the_limit_numbers():
    table = pl.DataFrame({"y": [3, 4], "stock": [9, 9], "gone": [0, 7]})
    with pytest.raises(DataError, match="`censored_flag` column `gone` is 7 in row 2"):
        check_censoring(read(table), BOTH)
    flags = table.with_columns(stock=pl.lit(False), gone=pl.lit(False))
    with pytest.raises(DataError, match="`stock` holds flags, and so does"):
        check_censoring(read(flags), BOTH)
    with pytest.raises(ConfigError, match="`censored_flag` is 'gone' and no limit stands beside"):
        Roles(target="y", censored_flag="gone")
