"""Learning curves and leaderboards of others, cut and foretold; the benchmark measures them all."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture
def histories(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(root / "benchmarks")
    module = importlib.import_module("_histories")
    for name in ("effort_lcdb", "effort_leaderboards"):
        if not (module.DATA / name).is_dir():
            pytest.skip(f"the data set {name} is not here")
    return module


@pytest.mark.parametrize("kind", ["learning curves", "leaderboards"])
def test_half_of_a_history_foretells_its_end_better_than_the_last_value(histories, kind):
    is_board = kind == "leaderboards"
    cuts = histories.leaderboards(0.5) if is_board else histories.learning_curves(0.5, 0.25)
    own, last, held = [], [], []
    for cut in cuts:
        terms = {"se": cut.se, "ceiling": cut.ceiling, "best": is_board}
        curve = histories.Curve.fit(cut.effort, cut.score, **terms)
        low, high = curve.band(cut.end)
        own.append((float(curve.mean(cut.end)) - cut.truth) / cut.scale)
        last.append((cut.score[-1] - cut.truth) / cut.scale)
        held.append(low - 1e-9 <= cut.truth <= high + 1e-9)
    assert np.sqrt(np.mean(np.square(own))) < 0.75 * np.sqrt(np.mean(np.square(last)))
    assert np.mean(np.abs(own)) < 0.75 * np.mean(np.abs(last))
    assert 0.7 <= np.mean(held) <= 0.95


def test_without_data_the_benchmark_says_so(histories, monkeypatch, tmp_path):
    monkeypatch.setattr(histories, "DATA", tmp_path)
    found = histories.tables(quick=True)
    assert "skipped, the data effort_lcdb and effort_leaderboards are not here" in found.figure
    assert not found.shown
    assert not found.shortfalls
