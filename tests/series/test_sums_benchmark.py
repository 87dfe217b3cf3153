"""What the benchmark of sums draws its truth from, and when it falls short."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def sums(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("sums")


@pytest.mark.parametrize("law", ["static", "walk", "filter"])
def test_counts_vary_around_their_mean_as_the_law_says(sums: ModuleType, law: str):
    truth = sums.LAWS[law](56, 4000, np.random.default_rng(1))
    assert truth.mean.shape == truth.units.shape == (56, 4000)
    z = (truth.units - truth.mean) / np.sqrt(truth.mean + truth.mean**2 / sums.SIZE)
    assert np.mean(z) == pytest.approx(0.0, abs=0.01)
    assert np.mean(z**2) == pytest.approx(1.0, abs=0.03)


def test_only_a_static_truth_returns_each_week(sums: ModuleType):
    moved = {}
    for law, draw in sums.LAWS.items():
        log_mean = np.log(draw(56, 200, np.random.default_rng(2)).mean)
        moved[law] = float(np.std(log_mean[49:] - log_mean[:7]))
    assert moved["static"] == pytest.approx(0.0, abs=1e-9)
    assert moved["walk"] == pytest.approx(0.03 * np.sqrt(49), rel=0.2)
    assert moved["filter"] > 0.1


def test_the_table_keeps_each_series_in_order(sums: ModuleType):
    table = sums.table_of(np.array([[1.0, 10.0], [2.0, 20.0]]))
    assert table["item"].to_list() == [0, 0, 1, 1]
    assert table["units"].to_list() == [1.0, 2.0, 10.0, 20.0]


@pytest.mark.parametrize(
    ("shares", "lacks"),
    [((0.90, 0.91), 0), ((0.79, 0.95), 1), ((0.98, 0.90), 1), ((0.81, 0.82), 1), ((0.7, 0.7), 3)],
)
def test_sums_that_are_told_too_narrowly_or_too_widely_fall_short(
    sums: ModuleType, shares: tuple[float, ...], lacks: int
):
    found = [sums.Found("walk", 60, share, 0.05, 0.05, 0.9, 0.0, 1.0) for share in shares]
    assert len(sums.shortfalls_of(found)) == lacks
