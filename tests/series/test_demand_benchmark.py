"""What the benchmark of demand measures with: losses, shares of a day, and stock-outs it makes."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("_demand_scores")


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("_demand_tables")


def test_a_point_forecast_loses_its_absolute_error(scores: ModuleType):
    truth = np.array([2.0, 4.0, 6.0])
    point = np.tile([1.0, 4.0, 8.0], (len(scores.LEVELS), 1))
    found = scores.scores_of(truth, point, point[0])
    # Levels are symmetric around the median: the mean pinball loss is half the absolute error.
    assert found.wql == pytest.approx(3.0 / 12.0)
    assert found.crps == pytest.approx(3.0 / 12.0)
    assert found.bias == pytest.approx(1.0 / 12.0)
    assert found.coverage == pytest.approx(1 / 3)
    assert found.lowest == 1.0
    assert np.isnan(found.pit)


def test_the_crps_is_that_of_the_law(scores: ModuleType):
    # Uniform on (0, 1) against the truth y: y² - y + 1/3.
    quantiles = np.array(scores.LEVELS)[:, None] * np.ones(2)
    found = scores.scores_of(np.array([0.5, 0.5]), quantiles, np.array([0.5, 0.5]))
    assert found.crps * 0.5 == pytest.approx(1 / 12, abs=1e-3)


def test_places_of_the_truth_among_its_own_draws_are_uniform(scores: ModuleType):
    rng = np.random.default_rng(0)
    truth, draws = rng.poisson(0.7, 20_000), rng.poisson(0.7, (20_000, 100))
    pit = scores.pit_of(truth, draws, rng)
    assert np.allclose(np.quantile(pit, [0.05, 0.5, 0.95]), [0.05, 0.5, 0.95], atol=0.01)
    assert scores.pit_of(np.array([9.0]), np.array([[1.0, 2.0]]), rng)[0] == 1.0


def test_hours_in_stock_are_a_share_of_the_day(tables: ModuleType):
    out = np.zeros((3, 24), int)
    out[1, 20:] = 1  # sold out at 20
    out[2, :] = 1  # nothing all day
    hourly = pl.DataFrame(
        {
            "series_id": np.repeat("a", 72),
            "date": np.repeat(["1", "2", "3"], 24),
            "hour": np.tile(np.arange(24), 3),
            "stockout": out.ravel(),
        }
    )
    found = tables.shares(hourly, np.full(24, 1 / 24))
    assert found["share"].to_list() == pytest.approx([1.0, 20.5 / 24, tables.EMPTY_SHELF])
    assert found["date"].to_list() == ["1", "2", "3"]


def test_rivals_are_taken_as_a_fair_user_would(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("pandas")
    monkeypatch.syspath_prepend(BENCHMARKS)
    rivals = importlib.import_module("_demand_rivals")
    raw = np.array([-1.0, 0.4, 3.0])
    assert rivals.honest(raw, whole=True).tolist() == [0.0, 0.0, 3.0]
    half = np.array([0.5, 0.5, 0.5])
    assert rivals.honest(raw, whole=False, share=half).tolist() == [0.0, 0.2, 1.5]
    past = np.full((90, 3), 1.0)
    past[:60, 1], past[:85, 2] = np.nan, np.nan
    assert rivals.windows(past, 7).tolist() == [9, 4, 2]  # whole horizons, with a value before
    short = rivals.long_table(np.array([[np.nan, 1.0], [2.0, 3.0]]), least=2)
    assert short["y"].tolist() == [0.0, 2.0, 1.0, 3.0]
    assert len(rivals.long_table(np.array([[np.nan, 1.0], [2.0, 3.0]]))) == 3
