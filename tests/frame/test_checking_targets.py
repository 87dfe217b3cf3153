"""The target: numbers, finite, some of them known."""

import polars as pl
import pytest

from assay.errors import DataError


@pytest.mark.parametrize("values", [[1, 0, 1], [True, False, None], [0.5, None, -3.0], [4, 4, 4]])
def test_numbers_and_true_or_false_are_targets(checked, values):
    assert checked({"y": values}, target="y").table["y"].to_list() == values


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0, None, float("inf")], r"target `y` is inf in row 3, finite numbers are needed"),
        ([1.0, float("-inf")], r"target `y` is -inf in row 2"),
        ([1.0, -1e200], r"target `y` is -1e\+200 in row 2, numbers up to 1e\+70 are needed"),
        ([None, None], r"target `y` is missing in all 2 rows, at least one value is needed"),
        ([None, float("nan")], r"target `y` is missing in all 2 rows"),
        (
            ["a", "b", "c"],
            r"target `y` holds text in row 1: 'a', with 3 different labels in 3 rows",
        ),
        (["a", None, "a"], r"target `y` is 'a' in every row, a target of classes needs two labels"),
        (pl.Series([None, None], dtype=pl.String), r"target `y` is missing in all 2 rows"),
        (["1", "2", "x"], r"column `y` holds text, numbers are needed: row 3 is 'x'"),
        ([[1], [2]], r"column `y` is List\(Int64\), numbers are needed: row 1 is"),
    ],
)
def test_what_is_no_target(checked, values, said):
    with pytest.raises(DataError, match=rf"^t: {said}"):
        checked({"y": values}, target="y")


def test_labels_are_classes_in_alphabetical_order(checked):
    frame = checked({"y": [None, "no", "yes", "no"]}, target="y")
    assert frame.classes == {"y": ("no", "yes")}
    assert frame.numbers("y") == pytest.approx([float("nan"), 0, 1, 0], nan_ok=True)
    assert frame.take([2, 1]).numbers("y").tolist() == [1.0, 0.0]
    assert frame.table["y"].to_list() == [None, "no", "yes", "no"]


def test_no_limit_hides_a_class(checked):
    with pytest.raises(DataError, match=r"`stock` is to hide the target `y`.* are classes"):
        checked({"y": ["a", "b"] * 3, "stock": [1.0] * 6}, target="y", censored_above="stock")


def test_an_unknown_role_names_near_columns(checked):
    with pytest.raises(DataError, match=r"no column `dat` among .*Did you mean `date`"):
        checked({"y": [1], "date": [1]}, target="y", time="dat")
