"""Tables in memory mean the same whatever library they come from."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from polars.testing import assert_frame_equal

from assay.errors import DataError
from assay.frame import read

PARIS = ZoneInfo("Europe/Paris")
rows = st.lists(
    st.tuples(
        st.floats(allow_nan=True, allow_infinity=True),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
        st.dates(date(1900, 1, 1), date(2100, 1, 1)),
        st.booleans(),
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=40, deadline=None)
@given(rows)
def test_pandas_polars_and_arrow_give_the_same_table(rows):
    table = pl.DataFrame(
        rows, schema={"x": pl.Float64, "s": pl.String, "d": pl.Date, "b": pl.Boolean}, orient="row"
    )
    expected = read(table).table
    assert_frame_equal(read(table.lazy()).table, expected)
    assert_frame_equal(read(table.to_arrow()).table, expected)
    assert_frame_equal(read(table.to_pandas(date_as_object=True)).table, expected)


def test_nan_is_missing():
    for table in (
        pl.DataFrame({"x": [1.0, float("nan"), None]}),
        pd.DataFrame({"x": [1.0, np.nan, None]}),
        pa.table({"x": [1.0, float("nan"), None]}),
    ):
        assert read(table).table["x"].to_list() == [1.0, None, None]


@pytest.mark.parametrize("none", [None, pd.NA, np.nan, pd.NaT])
def test_every_missing_of_pandas_is_missing(none):
    frame = read(pd.DataFrame({"b": pd.Series([True, none], dtype=object)}))
    assert frame.table["b"].to_list() == [True, None]


def test_categories_and_decimals_become_plain():
    table = pl.DataFrame(
        {"c": pl.Series(["b", "a"], dtype=pl.Categorical), "d": [Decimal("1.5"), Decimal("2")]}
    )
    assert read(table).table.rows() == [("b", 1.5), ("a", 2.0)]
    assert read(pd.DataFrame({"c": pd.Categorical(["b"])})).table["c"].dtype == pl.String


def test_a_named_index_of_pandas_becomes_a_column():
    table = pd.DataFrame({"y": [1, 2]}, index=pd.Index(["a", "b"], name="store"))
    assert read(table).table["store"].to_list() == ["a", "b"]
    assert read(pd.DataFrame({"y": [1, 2]})).columns == ("y",)


def test_one_named_zone_is_kept():
    zoned = [datetime(2024, 1, 1, tzinfo=PARIS), datetime(2024, 7, 1, tzinfo=PARIS)]
    frame = read(pd.DataFrame({"t": pd.Series(zoned, dtype=object)}))
    assert frame.table["t"].dtype == pl.Datetime("us", "Europe/Paris")
    assert frame.table["t"].to_list() == zoned


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            [datetime(2024, 1, 1, tzinfo=PARIS), datetime(2024, 1, 2, tzinfo=UTC)],
            r"mixes times in Europe/Paris \(row 1\) and times in UTC \(row 2\)",
        ),
        (
            [None, datetime(2024, 1, 1), datetime(2024, 1, 2, tzinfo=PARIS)],
            r"mixes times without a zone \(row 2\) and times in Europe/Paris \(row 3\)",
        ),
        (
            [date(2024, 1, 1), datetime(2024, 1, 2)],
            r"mixes days \(row 1\) and times without a zone \(row 2\)",
        ),
        (["x", 3], r"mixes text and numbers: row 1 is 'x', row 2 is 3"),
        ([True, None, "x"], r"mixes true and false and text: row 1 is True, row 3 is 'x'"),
    ],
)
def test_a_column_that_mixes_kinds_is_refused(values, said):
    with pytest.raises(DataError, match=rf"^pandas table: column `t` {said}"):
        read(pd.DataFrame({"t": pd.Series(values, dtype=object)}))
    with pytest.raises(DataError, match=rf"^polars table: column `t` {said}"):
        read(pl.DataFrame({"t": pl.Series(values, dtype=pl.Object)}))


def test_python_objects_are_refused():
    with pytest.raises(DataError, match="column `o` holds Python objects, typed values are needed"):
        read(pl.DataFrame({"o": pl.Series([{1}, {2}], dtype=pl.Object)}))


@pytest.mark.parametrize("thing", [[1, 2], None, 3.5, {"a": [1]}, np.zeros((2, 2))])
def test_what_is_no_table(thing):
    with pytest.raises(DataError, match=r"a table is needed, found .*Accepted are pandas, Polars"):
        read(thing)


def test_two_pandas_columns_of_one_name():
    with pytest.raises(DataError, match="two columns are called `a`"):
        read(pd.DataFrame([[1, 2]], columns=["a", "a"]))
