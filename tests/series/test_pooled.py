"""What series have in common is found, and neither padding nor company changes a series."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest

import assay
from assay.frame import read
from assay.series.filter.objective import filtered
from assay.series.fitting.fit import first_beliefs, machine_of, told_of
from assay.series.fitting.levels import rough_levels
from assay.series.fitting.pooling import Told, learn_common
from assay.series.future.forecast import Forecast
from assay.series.panel.arrange import Recipe, arrange

SERIES, DAYS = 60, 80
MEAN, SD = {"level": 1.4, "x": 0.5, "size": 1.2}, {"level": 0.6, "x": 0.25}


@pytest.fixture(scope="module")
def work():
    """Counts whose parameters were drawn, arranged, and what a search for them begins with."""
    rng = np.random.default_rng(5)
    item, day = np.repeat(np.arange(SERIES), DAYS), np.tile(np.arange(DAYS), SERIES)
    level, effect = (rng.normal(MEAN[name], SD[name], SERIES) for name in ("level", "x"))
    x = rng.normal(size=item.size)
    rate = np.exp(level[item] + effect[item] * x)
    size = np.exp(MEAN["size"])
    units = rng.poisson(rate * rng.gamma(size, 1 / size, item.size)).astype(float)
    table = pl.DataFrame({"item": item, "day": day, "x": x, "units": units})
    others = assay.Linear("x") + assay.Constant()
    term = assay.ScoreDriven(season=7)
    recipe = Recipe(assay.NegativeBinomial(), "mean", term, others, "units", "day", ("item",))
    panel = arrange(read(table), recipe)
    machine = machine_of(recipe, panel)
    rough, count = rough_levels(panel, recipe.family, "mean")
    first = first_beliefs(panel, machine, recipe.family, rough)
    return recipe, panel, machine, rough, told_of(machine, rough, count, first), first


def learnt(work, chosen, steps, columns):
    """What some series have in common, in a block of that shape."""
    recipe, panel, machine, rough, told, first = work
    block = panel.block(chosen, steps, columns, recipe.seasons, np.float64)
    start = np.repeat(first.mean[:, None], columns, axis=1)
    start[0, : chosen.size] = rough[chosen]
    return learn_common(block, start, told.of(chosen, columns), first, machine.static)


def test_pooling_finds_mean_and_spread_of_what_series_were_drawn_with(work):
    common = learnt(work, np.arange(SERIES), DAYS, SERIES)
    at = dict(zip(work[2].layout.names, zip(common.mean, common.sd, strict=True), strict=True))
    effect = next(name for name in at if "x" in name)
    # Three standard errors of a mean of 60, and of a spread of 60.
    for name, key in (("level", "level"), (effect, "x")):
        mean, sd = at[name]
        assert mean == pytest.approx(MEAN[key], abs=3 * SD[key] / np.sqrt(SERIES))
        assert sd == pytest.approx(SD[key], rel=3 / np.sqrt(2 * SERIES))
    size, spread = at["size"]
    assert size == pytest.approx(MEAN["size"], abs=0.2)
    assert spread < 0.3  # all series have the same


def test_padding_changes_nothing(work):
    few = np.array([3, 20, 41, 50])
    tight, wide = learnt(work, few, DAYS, 4), learnt(work, few, DAYS + 16, 8)
    np.testing.assert_allclose(tight.mean, wide.mean, atol=1e-5)
    np.testing.assert_allclose(tight.sd, wide.sd, rtol=1e-5)
    recipe, panel, machine = work[:3]
    theta = jnp.asarray(np.repeat(tight.mean[:, None], 8, axis=1))
    small = panel.block(few, DAYS, 4, recipe.seasons, np.float64)
    large = panel.block(few, DAYS + 16, 8, recipe.seasons, np.float64)
    one = filtered(small, theta[:, :4], **machine.static)
    other = filtered(large, theta, **machine.static)
    likelihood, rest = np.split(np.asarray(other.log_likelihood), [4])
    np.testing.assert_allclose(one.log_likelihood, likelihood, rtol=1e-12)
    np.testing.assert_array_equal(rest, 0.0)
    for mine, same in zip(one.state, other.state, strict=True):
        np.testing.assert_allclose(mine, same[..., :4], atol=1e-12)
        np.testing.assert_array_equal(same[..., 4:], 0.0)


def test_where_no_series_tells_anything_the_first_beliefs_stay(work):
    first = work[-1]
    nothing = (*work[:4], Told(work[4].one, 0.0 * work[4].rows), first)
    assert learnt(nothing, np.arange(4), DAYS, 4) is first


@pytest.mark.parametrize("share", [None, 0.5])
def test_futures_of_a_series_depend_on_no_other(forecast: Forecast, share: float | None):
    """Neither on their order nor on which there are."""
    forecast = replace(forecast, share=share)
    future, chosen = forecast.future, np.array([7, 2, 11])

    def of(rows: np.ndarray) -> np.ndarray:
        return rows[:, chosen] if rows.shape[1] > 1 else rows

    some = replace(
        future,
        keys=future.keys[chosen],
        names=[future.names[k] for k in chosen],
        place=future.place[chosen],
        offset=of(future.offset),
        features=future.features[:, :, chosen],
        is_open=of(future.is_open),
    )
    whole = np.concatenate([drawn.values for _, drawn in forecast.draws()], axis=1)
    alone = np.concatenate([d.values for _, d in replace(forecast, future=some).draws()], axis=1)
    np.testing.assert_array_equal(alone, whole[:, chosen])
    assert (alone[:, 0] != alone[:, 1]).any()
