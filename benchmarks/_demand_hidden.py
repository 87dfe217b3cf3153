"""Stock-outs that are made, so that the demand behind them is known."""

from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import polars as pl
from _demand_models import Way
from _demand_scores import LEVELS, Floats, Scores, scores_of
from _demand_tables import EMPTY_SHELF, WELL_STOCKED, Case, fresh_table, hourly_table, usual_hours
from scipy.stats import nbinom

from assay.series.filter.objective import filtered

CUT = 0.3  # share of fully stocked days on which the stock is cut
LIMITS = (0.2, 1.2)  # of a series' mean sales: how much there is, whatever is asked for that day


def cut_case(seed: int, series: int | None = None) -> Case:
    """Well-stocked series of fresh food, with stock-outs made on random stocked days.

    `truth` is what was sold before the cut, `scored` the days that had stock all day. The others
    are missing, for every model: days that stayed in stock were quieter than those that did not,
    so a model that learns from both is right to expect more than the stocked days sold.
    """
    table = _well_stocked(fresh_table(series))
    days = table["date"].n_unique()
    rng = np.random.default_rng(seed)
    sold, was_out = table["tenths"].to_numpy(), table["is_out"].to_numpy()
    means = table.select(
        pl.col("tenths").filter(~pl.col("is_out")).mean().over("series_id")
    ).to_series()
    limit = np.ceil(means.to_numpy() * rng.uniform(*LIMITS, table.height))
    hit = ~was_out & (rng.random(table.height) < CUT) & (sold >= limit)
    cut = table.with_columns(
        pl.Series("tenths", np.where(was_out, np.nan, np.where(hit, limit, sold))).fill_nan(None),
        pl.Series("is_out", hit),
        pl.Series("limit", np.where(hit, limit, np.nan)).fill_nan(None),
        pl.Series("share", np.where(hit, _shares_sold(table, limit), 1.0)),
    )
    known = ~was_out.reshape(-1, days).T
    return Case(
        "hidden demand", cut, table, "series_id", "date", "tenths", days, 7, known, np.ones((1, 1))
    )


def uncut(case: Case) -> Case:
    """The same with all demand known."""
    known = pl.when(~pl.col("is_out")).then(pl.col(case.target))
    every = case.ahead.with_columns(
        known.alias(case.target), pl.lit(False).alias("is_out"), pl.lit(1.0).alias("share")
    )
    return replace(case, history=every)


def _well_stocked(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter((~pl.col("is_out")).mean().over("series_id") >= WELL_STOCKED)


def _shares_sold(table: pl.DataFrame, limit: Floats) -> Floats:
    """Share of a usual day's demand until a limit is sold; the hour of the last piece half."""
    hourly = hourly_table()
    profile = usual_hours(hourly)
    wide = hourly.group_by("series_id", "date", maintain_order=True).agg(pl.col("units"))
    joined = table.select("series_id", pl.col("date").cast(pl.String)).join(
        wide, on=["series_id", "date"], how="left", maintain_order="left"
    )
    sales = 10.0 * np.asarray(joined["units"].to_list(), float)
    before = np.cumsum(sales, axis=1) < limit[:, None] - 0.05
    last = np.argmin(before, axis=1)
    return np.maximum(before @ profile + 0.5 * profile[last], EMPTY_SHELF)


def hidden_demand(case: Case, way: Way) -> Scores:
    """Scores of what a way expects of each stocked day, from the days before it alone.

    Parameters are learnt from all days, states from those before; with everything in stock.
    """
    fitted: Any = way.model(case).fit(way.seen(case), case.target, time=case.time, by=case.key)
    panel, machine = fitted.panel, fitted.machine
    block = panel.block(
        np.arange(panel.series), case.steps, panel.series, fitted.recipe.seasons, np.float64
    )
    theta = jnp.asarray(fitted.fits.theta)
    eta = np.asarray(filtered(block, theta, **machine.static).eta - block.offset)
    size = np.exp(np.asarray(machine.layout.read(theta).extra[0]))
    mean, at = np.exp(eta), case.scored
    chance = np.broadcast_to(size, mean.shape) / (size + mean)
    law = nbinom(np.broadcast_to(size, mean.shape)[at], chance[at])
    quantiles = np.stack([law.ppf(level) for level in LEVELS])
    truth, rng = case.truth[at], np.random.default_rng(0)
    pit = law.cdf(truth) - rng.random(truth.size) * law.pmf(truth)
    return scores_of(truth, quantiles, mean[at], pit)
