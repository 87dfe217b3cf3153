"""Later rows take the form of earlier ones, or the first difference is named."""

from datetime import date, datetime

import polars as pl
import pytest

from assay.errors import DataError
from assay.frame import Frame, Roles, check, conform, read

ROLES = Roles("y", time="day")
KNOWN = pl.DataFrame(
    {
        "x": [1, 2, 3],
        "size": [0.5, 1.5, 2.5],
        "kind": ["a", "b", "a"],
        "flag": [True, False, True],
        "day": ["2024-01-01", "2024-01-02", "2024-01-03"],
        "y": [0, 1, 1],
    }
)
LATER = {"x": [4], "size": [1.0], "kind": ["c"], "flag": [True], "day": ["2024-01-04"], "y": [1]}


def known(**columns) -> Frame:
    return check(read(KNOWN.with_columns(**columns), source="old.csv"), ROLES)


def later(**columns) -> Frame:
    table = {name: values for name, values in (LATER | columns).items() if values is not None}
    return conform(read(pl.DataFrame(table), source="new.csv"), known(), ROLES)


def test_later_rows_have_the_columns_order_and_types_of_the_earlier_ones():
    frame = later()
    assert frame.table.schema == known().table.schema
    assert frame.table["day"].to_list() == [date(2024, 1, 4)]
    assert frame.table["row_id"].to_list() == [0]


@pytest.mark.parametrize(
    ("columns", "name", "value"),
    [
        ({"x": [4.0]}, "x", 4),
        ({"size": [2]}, "size", 2.0),
        ({"kind": [7]}, "kind", "7"),
        ({"flag": [1]}, "flag", True),
        ({"day": [datetime(2024, 1, 5)]}, "day", date(2024, 1, 5)),
        ({"x": [None]}, "x", None),
        ({"y": [None]}, "y", None),
    ],
)
def test_what_means_the_same_is_read_the_same(columns, name, value):
    assert later(**columns).table[name].to_list() == [value]


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"x": None}, "no column `x`, which old.csv has"),
        ({"x": None, "X": [1]}, "no column `x`.*Did you mean `X`?"),
        ({"x": None, "size": None}, r"no column `x` \(2 such columns\)"),
        ({"z": [1]}, "column `z` is not among those of old.csv.*leave it out"),
        ({"x": ["4"]}, "column `x` is String, such as '4' in row 1, and was Int64"),
        ({"x": [4.5]}, "column `x` is Float64, such as 4.5 in row 1, and was Int64"),
        ({"kind": [1.5]}, "column `kind` is Float64, such as 1.5"),
        ({"flag": [2]}, "column `flag` is Int64, such as 2 in row 1, and was Boolean"),
        ({"x": [date(2024, 1, 1)]}, "column `x` is Date"),
        ({"day": [20240104]}, "column `day` is Int64"),
        ({"day": ["soon"]}, "column `day` is String, such as 'soon' in row 1, and was Date"),
        ({"day": ["2024-01-04T10:00"]}, "column `day` is String"),
        ({"y": [2]}, "target `y` is 2 in row 1, and was 0 or 1 in old.csv"),
        ({"day": [None]}, "time column `day` is missing in row 1"),
    ],
)
def test_the_first_difference_is_named(columns, match):
    with pytest.raises(DataError, match=match):
        later(**columns)


def test_a_value_is_quoted_from_the_row_that_is_wrong():
    columns = {name: values * 3 for name, values in LATER.items()}
    columns |= {"x": [4.0, 5.0, 5.5], "day": ["2024-01-06", "2024-01-05", "2024-01-04"]}
    with pytest.raises(DataError, match=r"such as 5\.5 in row 3"):
        later(**columns)


def test_classes_are_those_of_the_earlier_rows():
    classes = check(
        read(pl.DataFrame({"x": range(6), "y": ["cat", "dog"] * 3}), source="old.csv"), Roles("y")
    )
    new = read(pl.DataFrame({"x": [9], "y": ["dog"]}), source="new.csv")
    frame = conform(new, classes, Roles("y"))  # one label alone is no fault of new rows
    assert frame.numbers("y").tolist() == [1.0]
    odd = read(pl.DataFrame({"x": [9], "y": ["dogs"]}), source="new.csv")
    with pytest.raises(DataError, match=r"is 'dogs' in row 1, which is none.*Did you mean `dog`"):
        conform(odd, classes, Roles("y"))


def test_limits_are_filled_as_they_were_even_where_all_rows_are_hidden():
    roles = Roles("y", censored_above="stock")
    table = pl.DataFrame({"stock": [5, None, 9], "y": [3, 4, 9]})
    old = check(read(table, source="old.csv"), roles)
    hidden = read(pl.DataFrame({"stock": [2, 3], "y": [2, 3]}), source="new.csv")
    assert conform(hidden, old, roles).table["stock"].to_list() == [2.0, 3.0]
    bare = read(pl.DataFrame({"stock": [None], "y": [3]}), source="new.csv")
    assert conform(bare, old, roles).table["stock"].to_list() == [float("inf")]


def test_numbers_of_their_own_are_kept_and_else_rows_are_counted_as_they_came():
    own = later(row_id=[17])
    assert own.table["row_id"].to_list() == [17]
    columns = {name: values * 2 for name, values in LATER.items()}
    columns["day"] = ["2024-01-06", "2024-01-05"]
    assert later(**columns).table["row_id"].to_list() == [1, 0]
