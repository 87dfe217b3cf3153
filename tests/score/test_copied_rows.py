"""Rows that are one case: found through noise, chains and mixed columns, never by mere chance."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.score import copies


def cases(found: np.ndarray) -> set[tuple[int, ...]]:
    """Rows that share their case with others."""
    return {tuple(np.flatnonzero(found == one)) for one in set(found.tolist())
            if (found == one).sum() > 1}  # fmt: skip


def independent(rows: int = 200, columns: int = 4, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns))


def test_nothing_is_found_among_independent_rows():
    assert copies(pl.DataFrame(independent())).tolist() == list(range(200))


def test_a_copy_with_a_little_noise_is_found_and_a_distant_one_is_not():
    x = independent()
    x[7], x[9] = x[3] + 0.004, x[5] + 0.05
    assert cases(copies(pl.DataFrame(x))) == {(3, 7)}


def test_a_copy_of_a_copy_belongs_to_the_case():
    x = independent()
    x[10], x[11] = x[2] + 0.008, x[2] + 0.016
    assert cases(copies(pl.DataFrame(x))) == {(2, 10, 11)}


def test_texts_must_agree():
    x = independent()
    x[1] = x[0]
    x[3] = x[2]
    table = pl.DataFrame(x).with_columns(town=pl.Series(["a", "b", "c", "c", *["d"] * 196]))
    assert cases(copies(table)) == {(2, 3)}


def test_missing_numbers_agree_with_each_other_alone():
    x = independent()
    x[:3] = x[0]
    table = pl.DataFrame(x).with_columns(
        column_0=pl.when(pl.int_range(200) < 2).then(None).otherwise(pl.col("column_0"))
    )
    assert cases(copies(table)) == {(0, 1)}


@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame({"x": np.random.default_rng(0).integers(0, 3, 500)}),
        pl.DataFrame(np.eye(10)[np.random.default_rng(0).integers(0, 10, 500)]),
        pl.DataFrame({"x": np.random.default_rng(0).normal(size=500)}),
        pl.DataFrame({"x": ["a", "b"] * 250, "z": [True, True, False, False] * 125}),
        pl.DataFrame({"x": [1.0] * 50}),
    ],
)
def test_agreement_that_chance_explains_is_no_copy(table):
    assert cases(copies(table)) == set()


@given(st.permutations(range(30)))
def test_the_order_of_rows_changes_nothing(order):
    x = independent(30)
    x[20:] = x[:10] + 1e-4
    found = copies(pl.DataFrame(x[list(order)]))
    at = {row: place for place, row in enumerate(order)}
    assert all(found[at[row]] == found[at[row + 20]] for row in range(10))
    assert len(set(found.tolist())) == 20


def test_the_same_image_twice_is_found():
    """Pixels have few values, but no two images agree in all of them by chance."""
    random = np.random.default_rng(2)
    images = random.integers(0, 17, (300, 64))
    images[250:] = images[:50]
    found = copies(pl.DataFrame(images.astype(float)))
    assert cases(found) == {(row, row + 250) for row in range(50)}


def test_answers_to_a_questionnaire_may_agree():
    """Categories that hang together agree far more often than independence lets expect."""
    random = np.random.default_rng(2)
    kind = random.integers(0, 40, 1000)
    table = pl.DataFrame({f"answer {number}": (kind * (number + 3)) % 7 for number in range(8)})
    assert cases(copies(table)) == set()


def test_units_do_not_matter():
    x = independent()
    x[7] = x[3] + 0.004
    assert cases(copies(pl.DataFrame(x * [1e-6, 1.0, 1e6, 1e12] + 5.0))) == {(3, 7)}
