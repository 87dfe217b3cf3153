"""Each family that can be driven is fitted, forecast, scored and asked for what was lost."""

import os
from typing import Any

import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest
from driven_families import CASES

import assay
from assay.frame import read
from assay.series import FittedSeries
from assay.series.fitting.levels import rough_levels
from assay.series.future.paths import stream_of
from assay.series.future.together import carried, common_share
from assay.series.law.chance import chance_of
from assay.series.panel.arrange import Recipe, arrange

pytestmark = pytest.mark.slow

SERIES, DAYS, AHEAD = 3, 40, 2
ALL_CASES: dict[str, tuple[Any, str, tuple[float, ...], bool]] = CASES | {
    "rounded": (assay.Rounded(assay.Gamma(), grid=0.5), "mean", (0.9, -0.8), False),
    "truncated": (assay.Truncated(assay.Poisson(), below=1), "mean", (1.0,), False),
}
HEAVY = ("lomax", "pareto", "gb2", "log-logistic")  # a mean may be infinite
# Each takes some ten seconds to compile: by default a wrapper alone.
WHOLE = os.environ.get("HYPOTHESIS_PROFILE") in ("whole", "deep")
ALL = tuple(ALL_CASES) if WHOLE else ("hurdle-gamma",)


def panel_of(name: str) -> tuple[Any, str, pl.DataFrame]:
    """Draws of a family, a quarter of them cut at a limit."""
    family, driven, (eta, *extra), _ = ALL_CASES[name]
    chance, days = chance_of(family, driven), DAYS + AHEAD
    at, others = np.full((1, days), eta), tuple(np.full((1, 1), each) for each in extra)
    tables = []
    for item in range(SERIES):
        stream = stream_of(3, "test", str(item))
        y = chance.value([stream], chance.noise(stream, tuple(extra), (1, days)), at, others)[0]
        limit = np.quantile(y, 0.75, method="higher")
        column = {"day": np.arange(days), "y": np.minimum(y, limit)}
        tables.append(pl.DataFrame(column).with_columns(item=pl.lit(item), limit=pl.lit(limit)))
    return family, driven, pl.concat(tables)


@pytest.mark.parametrize("name", ALL)
def test_every_family_is_followed_from_its_fit_to_what_was_lost(name: str):
    family, driven, table = panel_of(name)
    model: Any = assay.Model(assay.Censored(family, above="limit"), **{driven: assay.ScoreDriven()})
    past, ahead = (table.filter(pl.col("day") < DAYS), table.filter(pl.col("day") >= DAYS))
    fitted: FittedSeries = model.fit(past, "y", time="day", by="item")
    assert fitted.panel.hidden.any()
    assert np.isfinite(fitted.fits.theta).all()
    assert np.isfinite(fitted.demand()["mean"].to_numpy()).all() or name in HEAVY
    forecast = fitted.forecast(AHEAD, ahead.drop("y"), paths=100)
    values = np.concatenate([drawn.values for _, drawn in forecast.draws()], axis=1)
    assert family.support.contains(values).all()
    y = ahead["y"].to_numpy().reshape(SERIES, AHEAD).T
    for hidden in (True, False):
        assert np.isfinite(forecast.log_scores(y, np.full(y.shape, hidden))).all()
    lost = fitted.lost_sales()
    for told in (lost.table(), lost.sums("item")):
        ends = told.select("low", "high").to_numpy()
        assert np.isfinite(ends).all()
        assert ends.min() >= 0
        assert (ends[:, 0] <= ends[:, 1]).all()
    share = common_share(fitted.past, fitted.panel, seed=0)  # three series tell of nothing common
    assert share == 0
    rows = np.arange(5)
    assert 0 <= carried(fitted.past, rows, np.full(5, 4.0)) <= 1


@pytest.mark.parametrize(
    ("name", "value", "rough"),
    [("binomial", 2.0, 0.4), ("beta", 0.4, 0.4), ("hurdle-zero", 0.0, 1.0), ("gamma", 4.0, 4.0)],
)
def test_a_first_guess_lies_where_the_parameter_lies(name: str, value: float, rough: float):
    family, driven, _, _ = CASES[name]
    table = pl.DataFrame({"day": np.arange(40), "item": 1, "y": [value] * 39 + [value / 2 + 0.1]})
    if family.support.whole:
        table = table.with_columns(pl.col("y").round())
    recipe = Recipe(family, driven, assay.ScoreDriven(), None, "y", "day", ("item",))
    eta, count = rough_levels(arrange(read(table), recipe), family, driven)
    link = next(each.link for each in family.parameters if each.name == driven)
    assert np.asarray(link.forward(jnp.asarray(eta)))[0] == pytest.approx(rough, rel=0.06)
    assert count[0] == 40


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("negative-binomial", np.e**1.3 / (np.e**1.3 + np.e**0.4)),
        ("poisson", 0.0),
        ("tweedie", 0.0),
        ("gamma", 1.0),
        ("rounded", 1.0),
    ],
)
def test_noise_carries_what_is_not_drawn_beside_it(name: str, share: float):
    """Of a value's variance: draws that have their noise in common vary together by that much."""
    family, driven, (eta, *extra), _ = ALL_CASES[name]
    chance, draws = chance_of(family, driven), 20_000
    noise = chance.noise(stream_of(1, "test", name), tuple(extra), (1, draws))
    at, others = np.full((1, draws), eta), tuple(np.full((1, 1), each) for each in extra)
    one, other = (chance.value([stream_of(k, "test", name)], noise, at, others)[0] for k in (2, 3))
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(share, abs=0.03)
    apart = float(np.broadcast_to(chance.apart(at, others), at.shape)[0, 0])
    assert 1.0 - apart / one.var() == pytest.approx(share, abs=0.05)


def test_noise_in_order_is_values_in_order_with_zeros_the_least():
    chance = chance_of(assay.Hurdle(assay.Gamma()), "mean")
    noise = np.sort(chance.noise(stream_of(1, "test", "a"), (-0.4, -0.6), (1, 500)))
    drawn = chance.value([], noise, np.full((1, 500), 0.5), (np.full((1, 1), -0.4),) * 2)
    assert (np.diff(drawn[0]) >= 0).all()
    assert drawn[0, 0] == 0 < drawn[0, -1]
