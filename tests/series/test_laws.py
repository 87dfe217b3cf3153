"""A fitted panel moves over another history, and gives the law of each row that follows."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from panel_shop import AHEAD, DAYS, START
from scipy.stats import nbinom

from assay.errors import ConfigError, DataError
from assay.family import Normal
from assay.series.future.laws import refuse_closed

LAST = START + timedelta(DAYS - 1)


@pytest.fixture(scope="session")
def whole(sales):
    return sales.drop("demand")


@pytest.fixture(scope="session")
def moved(fitted, whole):
    return fitted.after(whole)


def test_over_its_own_history_a_fit_stays_what_it_is(fitted, past):
    again = fitted.after(past.sample(fraction=1.0, shuffle=True, seed=1))
    for here, there in zip(again.fits.state, fitted.fits.state, strict=True):
        np.testing.assert_allclose(here, there, atol=1e-12)
    np.testing.assert_array_equal(again.fits.theta, fitted.fits.theta)
    np.testing.assert_allclose(again.fits.log_likelihood, fitted.fits.log_likelihood)


def test_over_a_longer_history_it_is_the_filter_run_by_hand(fitted, moved, whole):
    number = 3
    keys = dict(zip(fitted.panel.keys.columns, fitted.panel.keys.row(number), strict=True))
    rows = whole.filter(*(pl.col(name) == value for name, value in keys.items())).sort("date")
    parts = fitted.machine.layout.read(fitted.fits.theta[:, number : number + 1])
    size, gains = float(np.exp(parts.extra[0][0])), parts.gains
    start, gain = np.asarray(parts.season)[:, 0], np.asarray(gains.season)[:, 0]
    steps = np.arange(rows.height)
    basis = fitted.recipe.seasons.basis(steps)
    push = fitted.recipe.seasons.pushes(steps)
    level, rest, season = 0.0, 0.0, 0.0 * start

    def log_prob(eta, y, hidden):
        law = nbinom(size, size / (size + np.exp(eta)))
        return law.logsf(y - 1) if hidden else law.logpmf(y)

    for at, (y, stock) in enumerate(rows.select("units", "stock").iter_rows()):
        eta = float(parts.level[0]) + level + basis[at] @ (start + season)
        up, down = (log_prob(eta + move, y, y >= stock) for move in (1e-5, -1e-5))
        mean = np.exp(eta)
        says = not (y >= stock and stock == 0)
        score = says * (up - down) / 2e-5 / np.sqrt(mean * size / (size + mean))
        move = score / (1.0 + (score / 5.0) ** 4) ** 0.25
        level = rest + float(gains.pull[0]) * (level - rest) + float(gains.level[0]) * move
        rest = rest + float(gains.rest[0]) * move
        season = season + gain * move * push[at]
    assert moved.fits.state.level[number] == pytest.approx(level, abs=1e-6)
    np.testing.assert_allclose(moved.fits.state.season[:, number], season, atol=1e-6)
    assert moved.panel.end == fitted.panel.end + AHEAD


def test_a_history_from_a_later_day_on_keeps_the_seasons_in_phase(fitted, whole):
    late = fitted.after(whole.filter(pl.col("date") > START + timedelta(2)))
    assert late.panel.grid == fitted.panel.grid
    assert late.panel.step.min() == 3


def test_a_series_the_fit_has_not_seen_starts_from_what_all_have_in_common(fitted, past):
    first = past.filter(item=0, store="north")
    new = first.with_columns(item=pl.lit(77, first["item"].dtype), units=pl.col("units") + 40,
                             stock=pl.lit(999, first["stock"].dtype))  # fmt: skip
    found = fitted.after(pl.concat([past, new]))
    number = int(found.panel.find(new.select("store", "item").head(1))[0])
    assert (np.abs(found.fits.theta[1:, number] - fitted.common.mean[1:]) < 3).all()
    assert 20 < np.exp(found.fits.theta[0, number]) < 60  # theirs are 2 to 8
    rest = np.delete(np.arange(len(found)), number)
    np.testing.assert_array_equal(found.fits.theta[:, rest], fitted.fits.theta)


def test_a_later_row_that_cannot_be_is_left_out_and_its_series_goes_on(fitted, past, whole):
    when = (pl.col("date") > LAST) & (pl.col("item") == 2) & (pl.col("store") == "north")
    bad = whole.with_columns(units=pl.when(when).then(-1).otherwise("units"))
    found, number = fitted.after(bad), 2
    assert not found.panel.set_aside
    known = fitted.after(whole.filter(~when))
    for here, there in zip(found.fits.state, known.fits.state, strict=True):
        np.testing.assert_allclose(here[..., number], there[..., number], atol=1e-12)


def test_a_law_has_the_log_scores_of_the_paths_in_any_order(fitted, ahead, sales):
    asked = ahead.sample(fraction=1.0, shuffle=True, seed=3)
    laws = fitted.laws(asked, seed=5)
    y = asked.join(sales, on=["store", "item", "date"], how="left", maintain_order="left")["demand"]
    y = y.to_numpy()
    forecast = fitted.forecast(AHEAD, ahead, paths=64, seed=5)
    step = (asked["date"] - START).dt.total_days().to_numpy() - DAYS
    series = fitted.panel.find(asked.select("store", "item"))
    table = np.zeros((AHEAD, len(fitted)))
    table[step, series] = y
    scores = forecast.log_scores(table, np.zeros(table.shape, bool))[step, series]
    np.testing.assert_allclose(-laws.log_prob(y), scores, rtol=1e-6)
    np.testing.assert_allclose(laws.mean(), forecast.means()[step, series], rtol=1e-10)
    assert laws.family == fitted.recipe.family.base


def test_a_closed_day_is_a_known_zero(fitted, ahead):
    recipe = replace(fitted.recipe, term=replace(fitted.recipe.term, open="open"))
    asked = ahead.with_columns(open=pl.col("date") != ahead["date"].min())
    laws = replace(fitted, recipe=recipe).laws(asked)
    closed = ~asked["open"].to_numpy()
    nothing = np.zeros(laws.rows)
    assert (laws.quantile(0.999)[closed] == 0).all()
    assert np.abs(laws.log_prob(nothing)[closed]).max() < 1e-12
    assert np.abs(laws.crps(nothing)[closed]).max() < 1e-12
    assert (laws.log_prob(nothing)[~closed] < -1e-3).all()
    with pytest.raises(ConfigError, match="`mean` of the family normal has no least value"):
        refuse_closed(Normal(), "mean")


def test_rows_that_cannot_be_forecast_are_named(fitted, past, ahead):
    with pytest.raises(DataError, match=f"row for {LAST} cannot be forecast. Rows must lie after"):
        fitted.laws(pl.concat([past.drop("units", "demand").tail(1), ahead]))
    holed = ahead.with_row_index().with_columns(date=pl.when(pl.col("index") != 5).then("date"))
    with pytest.raises(DataError, match="1 of 84 rows have no `date` or key"):
        fitted.laws(holed)
    with pytest.raises(DataError, match="time column `date` is Int64, that of the past was Date"):
        fitted.after(past.with_columns(date=pl.col("date").cast(pl.Int32).cast(pl.Int64)))
