"""A frame: its columns, numbers and rows."""

import numpy as np
import polars as pl
import pytest

from assay.errors import DataError
from assay.frame import read

FRAME = read(
    pl.DataFrame(
        {
            "units": [1, None, 3],
            "open": [True, False, None],
            "mixed": ["1", None, "x3"],
            "text": ["1", "2", "3"],
            "day": pl.Series([None, "2024-01-01", None]).str.to_date(),
        }
    ),
    source="shop.csv",
)


def test_numbers_are_float64_with_nan_where_missing():
    np.testing.assert_array_equal(FRAME.numbers("units"), [1.0, np.nan, 3.0])
    np.testing.assert_array_equal(FRAME.numbers("open"), [1.0, 0.0, np.nan])
    assert FRAME.numbers("units").dtype == np.float64


def test_numbers_may_be_written_to_without_changing_the_table():
    FRAME.numbers("units")[0] = 99.0
    assert FRAME.table["units"][0] == 1


def test_an_unknown_column_names_its_neighbours():
    with pytest.raises(
        DataError,
        match=r"^shop\.csv: no column `unit` among its 5 columns\. .*Did you mean `units`\?",
    ):
        FRAME.column("unit")


def test_text_among_numbers_names_the_first_row_and_value():
    with pytest.raises(
        DataError, match=r"column `mixed` holds text, numbers are needed: row 3 is 'x3'\. Correct"
    ):
        FRAME.numbers("mixed")


def test_numbers_written_as_text_are_text():
    with pytest.raises(DataError, match=r"`text` holds numbers written as text.* `\.cast\("):
        FRAME.numbers("text")


def test_dates_are_no_numbers():
    with pytest.raises(DataError, match=r"`day` is Date, numbers are needed: row 2 is 2024-01-01"):
        FRAME.numbers("day")


def test_rows_are_taken_by_mask_or_by_position():
    by_mask = FRAME.take(np.array([True, False, True]))
    by_position = FRAME.take([2, 0])
    assert by_mask.table["text"].to_list() == ["1", "3"]
    assert by_position.table["text"].to_list() == ["3", "1"]
    assert by_position.source == FRAME.source
    assert FRAME.take([]).rows == 0


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([True], r"a mask of shape \(1,\) for 3 rows"),
        ([0, 3], "position 3 is asked for, positions are 0 to 2"),
        ([-1], "position -1 is asked for"),
        ([0.5], "cannot take rows by 1-dimensional float64"),
        ([[0, 1]], "cannot take rows by 2-dimensional int64"),
    ],
)
def test_rows_that_are_not_there(rows, said):
    with pytest.raises(DataError, match=f"^shop.csv: {said}"):
        FRAME.take(rows)
