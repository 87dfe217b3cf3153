"""Effects of terms, as tables: differences from the average or from the typical row."""

import numpy as np
import polars as pl
import pytest

from assay.errors import DataError
from assay.family import Normal
from assay.frame import read
from assay.model import Model
from assay.model.effects import CURVE_POINTS, SURFACE_POINTS
from assay.predictor import Constant, Linear, Polynomial
from assay.predictor.group import Group
from assay.predictor.neural import Neural
from assay.predictor.spline import Spline

RNG = np.random.default_rng(5)
ROWS = 240


@pytest.fixture(scope="module")
def frame():
    return read(
        pl.DataFrame(
            {
                "price": RNG.uniform(1, 5, ROWS),
                "area": RNG.gamma(3.0, 20.0, ROWS),
                "weekday": RNG.integers(1, 8, ROWS),
                "brand": RNG.choice(["a", "b", "c"], ROWS, p=[0.2, 0.5, 0.3]),
                "promo": RNG.random(ROWS) < 0.4,
                "y": RNG.normal(size=ROWS),
            }
        ),
        source="shop.csv",
    )


def effects(frame, mean, **more):
    return Model(Normal(), mean=mean, **more).fit(frame, "y").effects()


def test_a_straight_line_is_its_coefficient(frame):
    fitted = Model(Normal(), mean=Linear("price + brand")).fit(frame, "y")
    price = fitted.coefficients().filter(pl.col("name") == "price").row(0, named=True)
    table = fitted.effects().filter(pl.col("column") == "price")
    assert table.height == CURVE_POINTS
    away = table["value"].to_numpy() - np.median(frame.numbers("price"))
    assert table["estimate"].to_numpy() == pytest.approx(price["estimate"] * away, abs=1e-9)
    reach = (table["hi-95"] - table["estimate"]).to_numpy()
    assert reach == pytest.approx(1.96 * price["se"] * np.abs(away), rel=1e-4, abs=1e-9)


def test_a_factor_is_told_against_its_most_frequent_level(frame):
    table = effects(frame, Linear("brand + C(weekday) + promo"))
    brand = table.filter(pl.col("column") == "brand")
    assert brand["level"].to_list() == ["a", "b", "c"]
    zero = brand.row(1, named=True)
    assert (zero["estimate"], zero["lo-95"], zero["hi-95"]) == (0, 0, 0)
    assert table.filter(pl.col("column") == "weekday")["level"].to_list() == list("1234567")
    assert table.filter(pl.col("column") == "promo")["level"].to_list() == ["false", "true"]
    assert table["value"].null_count() == table.height


def test_functions_and_interactions_are_taken_as_they_stand(frame):
    fitted = Model(Normal(), mean=Linear("log(area) * promo")).fit(frame, "y")
    own = dict(fitted.coefficients().select("name", "estimate").iter_rows())
    table = fitted.effects().filter(pl.col("column") == "area")
    typical = np.log(np.median(frame.numbers("area")))
    wanted = own["log(area)"] * (np.log(table["value"].to_numpy()) - typical)
    assert table["estimate"].to_numpy() == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("mean", [Spline("price"), Polynomial("price", 3)])
def test_a_curve_has_mean_0_over_the_fitting_rows(frame, mean):
    fitted = Model(Normal(), mean=mean).fit(frame, "y")
    table = fitted.effects()
    prices = frame.numbers("price")
    found = np.interp(prices, table["value"].to_numpy(), table["estimate"].to_numpy())
    assert np.mean(found) == pytest.approx(0, abs=2e-3)
    line = fitted.predict(frame).mean() - fitted.predict(frame).mean().mean()
    assert found == pytest.approx(line, abs=5e-3)


def test_a_surface_has_two_columns_and_a_group_its_levels(frame):
    table = effects(frame, Spline("price", "area") + Group("weekday"))
    surface = table.filter(pl.col("column-2") == "area")
    assert surface.height == SURFACE_POINTS**2
    assert surface["value-2"].n_unique() == SURFACE_POINTS
    group = table.filter(pl.col("term") == "group(weekday)")
    assert group["level"].to_list() == [*"1234567", "(any other)"]
    assert group["estimate"][-1] == 0


def test_each_parameter_has_its_own_rows_and_a_constant_has_none(frame):
    table = effects(frame, Constant(), sd=Neural("price", "brand", hidden=(4,)))
    assert table["parameter"].unique().to_list() == ["sd"]
    assert table["column"].unique(maintain_order=True).to_list() == ["price", "brand"]
    assert effects(frame, Constant()).is_empty()


def test_another_table_gives_other_ranges(frame):
    fitted = Model(Normal(), mean=Spline("price")).fit(frame, "y")
    table = fitted.effects(pl.DataFrame({"price": [0.0, 9.0]}))
    assert (table["value"].min(), table["value"].max()) == (0.0, 9.0)
    with pytest.raises(DataError, match="no column `price`"):
        fitted.effects(pl.DataFrame({"prize": [0.0]}))


def test_the_picture_has_a_panel_for_each_column(frame):
    mean = Linear("price + brand") + Spline("area")
    chart = Model(Normal(), mean=mean).fit(frame, "y").picture().to_dict()
    titles = [panel["title"] for row in chart["vconcat"] for panel in row["hconcat"]]
    assert sorted(titles) == ["mean: brand", "mean: price", "mean: spline(area)"]
    with pytest.raises(DataError, match="all parameters are constant, so there is"):
        Model(Normal()).fit(frame, "y").picture()
