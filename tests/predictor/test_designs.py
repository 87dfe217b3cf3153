"""Predictors add up, are standardised inside, and lead back to the user's scale."""

import numpy as np
import polars as pl
import pytest

from assay.errors import ConfigError, DataError
from assay.frame import read
from assay.predictor import Constant, Linear, Polynomial, Quadratic, as_sum
from assay.predictor.matrix import as_dense, binary_columns, standardised, weighted_gram
from assay.registry import parse, predictors


def raw_columns(frame):
    """The same model by hand: intercept, price, two stores."""
    store = frame.column("store").to_numpy()
    parts = [np.ones(frame.rows), frame.numbers("price"), store == "south", store == "west"]
    return np.column_stack(parts)


def test_a_design_spans_what_the_raw_columns_span(frame):
    design, matrix = as_sum(Linear("price + store")).prepare(frame)
    assert design.names == ("intercept", "price", "store[T.south]", "store[T.west]")
    y = frame.numbers("y")
    standard = np.linalg.lstsq(as_dense(matrix), y, rcond=None)[0]
    plain = np.linalg.lstsq(raw_columns(frame), y, rcond=None)[0]
    assert design.to_user() @ standard == pytest.approx(plain, rel=1e-9)


def test_numbers_have_centre_0_and_sd_1_and_steps_stay_steps(frame):
    matrix = as_dense(as_sum(Linear("price + promo")).prepare(frame)[1])
    assert matrix[:, 1].mean() == pytest.approx(0, abs=1e-12)
    assert matrix[:, 1].std() == pytest.approx(1, rel=1e-12)
    assert set(matrix[:, 2]) == {0.0, 1.0}


def test_without_an_intercept_the_line_meets_the_origin(frame):
    design, matrix = as_sum(Linear("price - 1")).prepare(frame)
    assert design.names == ("price",)
    price = frame.numbers("price")
    assert as_dense(matrix)[:, 0] * design.scale[0] == pytest.approx(price, rel=1e-12)


def test_later_tables_are_standardised_by_the_fitting_rows(frame):
    design, matrix = as_sum(Linear("price + store")).prepare(frame)
    some = np.array([3, 17, 40])
    assert as_dense(design.matrix(frame.take(some))) == pytest.approx(
        as_dense(matrix)[some], rel=1e-12, abs=1e-14
    )


def test_predictors_add_up(frame):
    total = Linear("price") + Quadratic("shelf (m²)") + Constant()
    design, _ = total.prepare(frame)
    assert design.names == ("intercept", "price", "shelf (m²)", "shelf (m²)^2")
    assert total.describe() == "linear('price') + quadratic('shelf (m²)') + constant()"
    assert (Constant() + (Linear("price") + Constant())).describe().count("+") == 2
    assert design.prior_sd[0] == 2.5
    assert np.all(design.prior_sd[1:] > 10.0)  # what one power adds to the other is less


def test_a_constant_column_is_named(frame):
    table = frame.table.with_columns(one=pl.lit(3.0))
    with pytest.raises(DataError, match=r"`one` has one value on all 60 fitting rows"):
        as_sum(Linear("price + one")).prepare(read(table))


def test_many_levels_are_kept_sparse_and_mean_the_same(frame):
    rng = np.random.default_rng(2)
    table = read(
        pl.DataFrame({"item": rng.integers(0, 30, 400).astype(str), "x": rng.normal(size=400)})
    )
    design, matrix = as_sum(Linear("x + C(item)")).prepare(table)
    assert not isinstance(matrix, np.ndarray)
    dense = as_dense(matrix)
    assert dense[:, 1].std() == pytest.approx(1, rel=1e-12)
    assert np.array_equal(dense[:, 2:].sum(axis=1), table.column("item").to_numpy() != "0")
    weight = rng.random(400)
    assert weighted_gram(matrix, weight, matrix) == pytest.approx(
        dense.T @ (weight[:, None] * dense)
    )
    assert weighted_gram(dense, weight, matrix) == pytest.approx(
        dense.T @ (weight[:, None] * dense)
    )
    assert binary_columns(matrix).sum() == 30  # the intercept and 29 levels
    centre, scale = np.zeros(dense.shape[1]), np.full(dense.shape[1], 2.0)
    assert as_dense(standardised(matrix, centre, scale)) == pytest.approx(dense / 2)
    assert len(design.names) == 31


def test_braking_distances_are_a_parabola_through_the_origin(frame):
    # Reaction distance grows with speed, braking distance with its square.
    speed = np.linspace(4, 25, 40)
    table = read(pl.DataFrame({"speed": speed}))
    prepared, raw = Quadratic("speed").prepare(table)
    assert prepared.names == ("speed", "speed^2")
    assert as_dense(raw) == pytest.approx(np.column_stack([speed, speed**2]))
    assert as_dense(prepared.columns(table)) == pytest.approx(as_dense(raw))


@pytest.mark.parametrize(
    "predictor",
    [
        Linear("price + promo"),
        Linear("price", prior_sd=0.5),
        Polynomial("price", 3),
        Polynomial("price", 2, prior_sd=1.0),
        Quadratic("price"),
        Constant(),
    ],
)
def test_a_recipe_can_be_read_back(predictor):
    assert parse(predictor.describe(), predictors) == predictor


@pytest.mark.parametrize("degree", [0, 10, 2.5, "2"])
def test_a_degree_out_of_range_is_refused(degree):
    with pytest.raises(ConfigError, match=r"the degree is .*, must be a whole number from 1 to 9"):
        Polynomial("speed", degree)


@pytest.mark.parametrize("make", [lambda sd: Linear("x", sd), lambda sd: Polynomial("x", 2, sd)])
@pytest.mark.parametrize("prior_sd", [0, -1.0, float("nan"), float("inf"), "wide"])
def test_a_prior_that_is_none_is_refused(make, prior_sd):
    with pytest.raises(ConfigError, match=r"`prior_sd` is .*, must be above 0"):
        make(prior_sd)


def test_what_is_no_text_is_refused():
    with pytest.raises(ConfigError, match="the formula is 3, must be text"):
        Linear(3)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="the column is 3, must be a name"):
        Quadratic(3)  # type: ignore[arg-type]


def test_a_polynomial_of_text_is_refused(frame):
    with pytest.raises(DataError, match="column `store` holds text"):
        Quadratic("store").prepare(frame)


def test_long_columns_are_made_like_short_ones(monkeypatch):
    rng = np.random.default_rng(5)
    values = rng.normal(size=(500, 6)) * rng.uniform(0.1, 9, 6)
    table = read(pl.DataFrame(values, schema=[f"x{j}" for j in range(6)]))
    short = Linear("x0 + x1 + x2 + x3 + x4 + x5")
    design, matrix = as_sum(short).prepare(table)
    monkeypatch.setattr("assay.predictor.matrix.MANY_ROWS", 100)
    monkeypatch.setattr("assay.predictor.abstract.MANY_ROWS", 100)
    again, side_by_side = as_sum(short).prepare(table)
    assert np.array_equal(matrix, side_by_side)
    assert design.seen == again.seen
    assert np.array_equal(design.centre, again.centre)
    assert np.array_equal(design.scale, again.scale)
