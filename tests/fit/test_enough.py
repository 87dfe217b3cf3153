"""Laplace's approximation says where it was measured to depart, and how far."""

import pytest

from assay.fit import LAPLACE_ROWS, caution


@pytest.mark.parametrize(("shown", "covered"), [(9, "87 %"), (30, "92 %"), (299, "93 %")])
def test_few_rows_are_said_with_what_they_cost(shown, covered):
    said = caution(shown, 3)
    assert f"{shown} rows that show their target are {shown / 3:.1f} for each of 3" in said
    assert f"covered as little as {covered.replace(' ', '')}" in said
    assert said.endswith("use method='nuts'")


def test_many_rows_need_no_word():
    assert caution(3 * LAPLACE_ROWS, 3) == ""
    assert caution(0, 0) == ""
