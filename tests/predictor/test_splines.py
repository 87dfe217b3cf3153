"""Splines: what they can bend to, what their penalty measures, and how they go on."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.interpolate import CubicSpline, make_smoothing_spline

from assay.errors import ConfigError, DataError
from assay.frame import read
from assay.predictor import as_sum
from assay.predictor.margin import cyclic_margin, natural_margin
from assay.predictor.matrix import as_dense
from assay.predictor.spline import PreparedSpline, Spline
from assay.registry import parse, predictors

RNG = np.random.default_rng(7)


def table(**columns):
    return read(pl.DataFrame(columns), source="t.csv")


def as_json(state):
    """A state as a file would give it back: lists for arrays and tuples."""
    return json.loads(json.dumps(state, default=lambda array: array.tolist()))


def roughness(margin, coefficients):
    """Integral of the squared second derivative, by SciPy's quadrature between the knots."""
    curve = CubicSpline(margin.knots, margin.values @ coefficients, bc_type="natural")
    pairs = zip(margin.knots[:-1], margin.knots[1:], strict=True)
    return sum(quad(lambda at: curve(at, 2) ** 2, low, high)[0] for low, high in pairs)


def test_the_penalty_is_the_integral_of_the_squared_second_derivative():
    margin = natural_margin(RNG.gamma(2.0, 3.0, 200), 9)
    unit = roughness(margin, np.eye(8)[1])
    for _ in range(5):
        at = RNG.normal(size=8)
        assert roughness(margin, at) == pytest.approx(unit * margin.weights @ at**2, rel=1e-7)


def test_a_ridge_with_its_weights_is_scipys_smoothing_spline():
    x = np.sort(RNG.uniform(0, 5, 25))
    y = np.sin(2 * x) + 0.3 * RNG.normal(size=25)
    margin = natural_margin(x, 25)
    assert margin.knots == pytest.approx(x)
    columns = np.column_stack([np.ones(25), margin.columns(x)])
    smoothing = 0.02
    penalty = smoothing * roughness(margin, np.eye(24)[1]) * np.concatenate([[0], margin.weights])
    found = columns @ np.linalg.solve(columns.T @ columns + np.diag(penalty), columns.T @ y)
    assert found == pytest.approx(make_smoothing_spline(x, y, lam=smoothing)(x), abs=1e-8)


def test_columns_have_mean_0_and_the_line_sd_1():
    x = RNG.exponential(2.0, 300)
    for margin in (natural_margin(x, 12), cyclic_margin(x, 12, 9.0)):
        columns = margin.columns(x)
        assert columns.shape == (300, 11)
        assert columns.mean(axis=0) == pytest.approx(np.zeros(11), abs=1e-12)
    line = natural_margin(x, 12).columns(x)[:, 0]
    assert line == pytest.approx((x - x.mean()) / x.std(), rel=1e-9, abs=1e-9)


@given(st.floats(0.1, 50), st.floats(0.1, 50))
def test_beyond_the_data_a_spline_runs_straight_on(left, right):
    x = np.random.default_rng(3).uniform(-2, 4, 60)
    margin = natural_margin(x, 8)
    for edge, way in ((x.min(), -1.0), (x.max(), 1.0)):
        at = edge + way * np.array([0.0, left, left + right])
        rows = margin.columns(at)
        slope = (rows[1] - rows[0]) / left
        assert rows[2] - rows[1] == pytest.approx(right * slope, rel=1e-7, abs=1e-9)


def test_a_cyclic_spline_meets_itself_smoothly():
    day = RNG.integers(1, 366, 500).astype(float)
    prepared, _ = Spline("day", cyclic=True, period=365.25).prepare(table(day=day))
    step = 1e-3
    at = np.array([20.0, 20.0 + 365.25, 20.0 - 365.25])
    assert np.ptp(prepared.products([at]), axis=0) == pytest.approx(np.zeros(19), abs=1e-12)
    seam = prepared.margins[0].knots[0] + step * np.arange(-2, 3)
    rows = prepared.products([seam])
    slopes = np.diff(rows, axis=0) / step
    assert slopes[1] == pytest.approx(slopes[2], abs=2e-4)


@pytest.mark.parametrize(
    ("values", "period"),
    [(np.arange(1.0, 13), 12), (np.arange(0.0, 24), 24), (np.linspace(0, 0.95, 20), 0.95)],
)
def test_whole_numbers_count_a_period_out(values, period):
    prepared, _ = Spline("at", cyclic=True).prepare(table(at=np.tile(values, 3)))
    assert np.ptp(prepared.margins[0].knots) == pytest.approx(period)


def test_a_surface_has_one_penalty_along_each_column():
    x, z = RNG.uniform(0, 1, 400), RNG.uniform(-5, 5, 400)
    prepared, columns = Spline("x", "z", knots=5).prepare(table(x=x, z=z))
    assert columns.shape == (400, 24)
    assert columns.mean(axis=0) == pytest.approx(np.zeros(24), abs=1e-12)
    along_x, along_z = prepared.penalties
    # Lines in x, in z and their product are free: what a flat sheet with a twist needs.
    free = (along_x == 0) & (along_z == 0)
    sheet = as_dense(columns)[:, free]
    wanted = np.column_stack([x - x.mean(), z - z.mean(), x * z - np.mean(x * z)])
    assert free.sum() == 3
    rest = wanted - sheet @ np.linalg.lstsq(sheet, wanted, rcond=None)[0]
    assert np.abs(rest).max() < 1e-8
    # What bends in x alone is free along z.
    assert np.sum((along_x > 0) & (along_z == 0)) == 6
    assert prepared.penalty_names == ("spline(x, z) along x", "spline(x, z) along z")


def test_a_design_leaves_the_columns_as_they_are():
    frame = table(x=RNG.normal(50, 9, 80), z=RNG.normal(size=80))
    design, matrix = as_sum(Spline("x", knots=6)).prepare(frame)
    assert design.names[1:] == tuple(f"spline(x).{place}" for place in range(1, 6))
    assert design.centre.tolist() == [0.0] * 5
    assert design.is_penalised.tolist() == [False, False, True, True, True, True]
    some = np.array([5, 70])
    assert as_dense(design.matrix(frame.take(some))) == pytest.approx(as_dense(matrix)[some])
    assert design.seen["x"].low == frame.numbers("x").min()


def test_fewer_values_than_the_default_take_fewer_knots():
    prepared, _ = Spline("x").prepare(table(x=np.tile(np.arange(6.0), 10)))
    assert len(prepared.margins[0].knots) == 6


def test_too_few_values_are_refused_with_what_is_accepted():
    frame = table(x=np.tile([1.0, 2.0, 3.0], 10))
    with pytest.raises(DataError, match=r"t\.csv: column `x` has 3 different values.*needs 4 or"):
        Spline("x").prepare(frame)
    with pytest.raises(DataError, match=r"has 3 different values.*as many as it has knots"):
        Spline("x", knots=8).prepare(frame)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Spline(), "found 0 columns, one to three"),
        (lambda: Spline("x", "x"), "found 2 columns, one to three different"),
        (lambda: Spline("x", knots=3), "`knots` is 3, must be a whole number from 4"),
        (lambda: Spline("x", knots=True), "`knots` is True"),
        (lambda: Spline("x", cyclic="y"), r"no cyclic column `y`.*`x`"),
        (lambda: Spline("x", cyclic=1), "`cyclic` is 1, must be true, false or names"),
        (lambda: Spline("x", period=3.0), "but 0 columns are cyclic, one is needed"),
        (lambda: Spline("x", cyclic=True, period=-1), "`period` is -1, must be above 0"),
        (lambda: Spline(3), "columns are named by text"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize(
    "predictor",
    [
        Spline("x"),
        Spline("x", knots=8),
        Spline("day", cyclic=True, period=365.25),
        Spline("x", "day", cyclic="day"),
    ],
)
def test_a_recipe_can_be_read_back(predictor):
    assert parse(predictor.describe(), predictors) == predictor


@pytest.mark.parametrize("predictor", [Spline("x"), Spline("x", "day", cyclic="day")])
def test_a_state_gives_the_same_columns_back(predictor):
    frame = table(x=RNG.normal(size=90), day=RNG.integers(1, 30, 90).astype(float))
    prepared, columns = predictor.prepare(frame)
    again = PreparedSpline.restore(as_json(prepared.state()))
    assert np.array_equal(again.columns(frame), columns)
    assert again.names == prepared.names
    assert all(map(np.array_equal, again.penalties, prepared.penalties))
