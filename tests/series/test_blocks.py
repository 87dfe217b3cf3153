"""Panels are cut into blocks of few shapes, and what comes out does not depend on the cut."""

import numpy as np
import polars as pl
import pytest

import assay
import assay.series.fitting.fit as fitting
from assay.frame import read
from assay.series.fitting.fit import Work, blocks_of, levels_of, sample_of, shape_of
from assay.series.panel.arrange import Panel, Recipe, arrange

MODEL = assay.Model(assay.NegativeBinomial(), mean=assay.ScoreDriven())


def sales(lengths: list[int], seed: int = 0) -> pl.DataFrame:
    """Counts of series that start late and end together."""
    rng = np.random.default_rng(seed)
    days = max(lengths)
    day = np.concatenate([np.arange(days - length, days) for length in lengths])
    item = np.repeat(np.arange(len(lengths)), lengths)
    rate = np.exp(rng.normal(1.0, 0.7, len(lengths)))[item]
    units = rng.poisson(rate * rng.gamma(3.0, 1 / 3.0, item.size)).astype(float)
    return pl.DataFrame({"item": item, "day": day, "units": units})


def panel_of(table: pl.DataFrame) -> Panel:
    term = assay.ScoreDriven()
    recipe = Recipe(assay.NegativeBinomial(), "mean", term, None, "units", "day", ("item",))
    return arrange(read(table), recipe)


def test_each_series_is_in_one_block_that_holds_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fitting, "COLUMNS", (2, 8))
    monkeypatch.setattr(fitting, "FEW", 0)
    panel = panel_of(sales([60, 7, 30, 60, 60, 25, 14, 60, 60, 12, 3, 2, 60, 5, 33, 60, 6, 8]))
    blocks = blocks_of(panel)
    assert sorted(np.concatenate(blocks)) == list(range(panel.series))
    for block in blocks:
        steps, columns = shape_of(panel, block)
        assert steps >= panel.lengths[block].max()
        assert columns >= block.size
    assert {shape_of(panel, block) for block in blocks} == {(60, 8), (30, 8), (15, 8)}


def test_a_few_more_days_make_no_new_shape(monkeypatch: pytest.MonkeyPatch):
    panels = [panel_of(sales([days, 90])) for days in range(353, 385)]
    assert {shape_of(panel, np.array([0, 1])) for panel in panels} == {(512, 8)}
    monkeypatch.setattr(fitting, "FEW", 0)
    assert {shape_of(panel, np.array([0, 1])) for panel in panels} == {(384, 8)}


def test_long_series_share_a_block_with_fewer_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fitting, "COLUMNS", (2, 8))
    monkeypatch.setattr(fitting, "CELLS", 200)
    monkeypatch.setattr(fitting, "FEW", 0)
    panel = panel_of(sales([60] * 5))
    assert [block.size for block in blocks_of(panel)] == [2, 2, 1]
    assert shape_of(panel, np.array([4])) == (60, 2)


def test_a_fit_does_not_depend_on_how_series_are_cut(monkeypatch: pytest.MonkeyPatch):
    whole = MODEL.fit(
        sales([40, 40, 12, 40, 25, 40, 9, 40, 40, 31]), "units", time="day", by="item"
    )
    panel, machine = whole.panel, whole.machine
    levels = levels_of(panel, whole.recipe, machine, whole.common)
    monkeypatch.setattr(fitting, "COLUMNS", (2, 8))
    monkeypatch.setattr(fitting, "CELLS", 100)
    work = Work(panel, whole.recipe, machine, levels, np.float64)
    parts = [work.fit(block, whole.common) for block in blocks_of(panel)]
    assert len(parts) == 5
    for part in parts:
        assert np.all(part.left < fitting.TOLERANCE)
        # A search ends where 1e-3 of a log posterior is left, not at the same digit.
        likelihood = whole.fits.log_likelihood[part.chosen]
        assert np.allclose(part.log_likelihood, likelihood, atol=0.05)
        assert np.allclose(part.theta[0], whole.fits.theta[0, part.chosen], atol=0.05)


def test_the_sample_of_long_series_fits_in_a_block(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fitting, "COLUMNS", (2, 8))
    monkeypatch.setattr(fitting, "CELLS", 100)
    panel = panel_of(sales([40] * 5))
    chosen = sample_of(panel)
    assert chosen.size == shape_of(panel, chosen)[1] == 2
