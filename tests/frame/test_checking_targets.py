"""The target: numbers, finite, some of them known."""

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
            [None, "no", "yes", "no"],
            r"target `y` holds the labels 'no' and 'yes' \(first in row 2\).* is true/false or 0/1",
        ),
        (["a", "b", "c"], r"target `y` holds text in row 1: 'a', with 3 different labels; .* 0/1"),
        (["1", "2", "x"], r"column `y` holds text, numbers are needed: row 3 is 'x'"),
        ([[1], [2]], r"column `y` is List\(Int64\), numbers are needed: row 1 is"),
    ],
)
def test_what_is_no_target(checked, values, said):
    with pytest.raises(DataError, match=rf"^t: {said}"):
        checked({"y": values}, target="y")


def test_an_unknown_role_names_near_columns(checked):
    with pytest.raises(DataError, match=r"no column `dat` among .*Did you mean `date`"):
        checked({"y": [1], "date": [1]}, target="y", time="dat")
