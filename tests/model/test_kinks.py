"""Densities with a kink: a fit finds what linear programming finds, and says how sure it is."""

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog

import assay


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    rng = np.random.default_rng(4)
    x, z = rng.normal(size=(2, 300))
    return pl.DataFrame({"x": x, "z": z, "y": 1 + 2 * x - 0.5 * z + rng.laplace(0, 0.7, 300)})


def _quantile_regression(table: pl.DataFrame, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of least check loss, and the design; Koenker & Bassett (1978)."""
    x, y = table.select(pl.lit(1.0).alias("one"), "x", "z").to_numpy(), table["y"].to_numpy()
    rows, columns = x.shape
    cost = np.r_[np.zeros(columns), np.full(rows, level), np.full(rows, 1 - level)]
    split = np.hstack([x, np.eye(rows), -np.eye(rows)])
    bounds = [(None, None)] * columns + [(0, None)] * (2 * rows)
    return linprog(cost, A_eq=split, b_eq=y, bounds=bounds).x[:columns], x


def test_laplace_is_median_regression_with_its_own_standard_errors(table):
    model = assay.Model(assay.Laplace(), prior="flat", mean=assay.Linear("x + z"))
    found = model.fit(table, "y").coefficients().head(3)
    wanted, x = _quantile_regression(table, 0.5)
    scale = np.mean(np.abs(table["y"].to_numpy() - x @ wanted))
    error = scale * np.sqrt(np.diag(np.linalg.inv(x.T @ x)))
    assert found["estimate"].to_numpy() == pytest.approx(wanted, abs=0.1 * error.min())
    assert found["se"].to_numpy() == pytest.approx(error, rel=0.15)


def test_asymmetric_laplace_is_quantile_regression_at_its_own_level(table):
    model = assay.Model(assay.AsymmetricLaplace(), prior="flat", location=assay.Linear("x + z"))
    found = model.fit(table, "y").coefficients()["estimate"].to_numpy()
    squared = np.exp(found[4]) ** 2
    wanted, _ = _quantile_regression(table, squared / (1 + squared))
    assert found[:3] == pytest.approx(wanted, abs=0.01)


def test_a_kink_is_climbed_inside_wrappers_too(table):
    seen = table.with_columns(y=pl.col("y").clip(upper_bound=2.0))
    family = assay.Censored(assay.Laplace(), above=2.0)
    fitted = assay.Model(family, mean=assay.Linear("x + z")).fit(seen, "y")
    found = fitted.coefficients().head(3)
    away = (found["estimate"].to_numpy() - [1.0, 2.0, -0.5]) / found["se"].to_numpy()
    assert np.abs(away).max() < 4
