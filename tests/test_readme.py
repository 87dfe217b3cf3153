"""What the README shows runs, word for word, and says what it says."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import assay

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_first_example_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn", reason="the README's data come with scikit-learn")
    pytest.importorskip("pandas", reason="scikit-learn hands its data over as pandas")
    monkeypatch.chdir(tmp_path)
    # Tests compile quickly and compute slowly: 64 draws a row would take a minute.
    monkeypatch.setattr("assay.model.uncertain.draw_count", lambda rows, coefficients: 8)
    names: dict[str, object] = {}
    exec(compile(BLOCKS[0], "README.md", "exec"), names)
    said = capsys.readouterr().out
    assert "positive: above 0, from 25 to 346" in said
    assert re.search(r"^(supported|not yet): Look 1 of 3", said, re.MULTILINE)
    assert "20 person-days: 20 to target" in said
    assert (tmp_path / "assay.db").exists()


def test_the_second_example_fits_compares_and_saves(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    price, stock = rng.uniform(7, 14, 160), rng.choice([15.0, 25.0, 40.0], 160)
    demand = rng.gamma(4, 30 * (price / 10) ** -1.5 / 4)
    columns = {"price": price, "stock": stock, "kg": np.minimum(demand, stock)}
    others = {"temperature": rng.normal(15, 5, 160), "shop": rng.choice(["a", "b", "c"], 160)}
    table = pl.DataFrame(columns | others).filter(pl.col("kg") >= 8)
    names: dict[str, Any] = {"assay": assay, "table": table}
    exec(compile(BLOCKS[1], "README.md", "exec"), names)
    said = capsys.readouterr().out
    assert re.search(r"1 +┆ (censored, truncated|with weather and shops)", said)
    assert re.search(r"3 +┆ seen as it is", said)
    assert names["fitted"].result.hidden == (table["kg"] >= table["stock"]).sum()
    loaded = assay.load("demand.assay").coefficients()
    assert loaded.equals(names["fitted"].coefficients())


def test_the_recipe_for_scikit_learn_is_one():
    sklearn = pytest.importorskip("assay.sklearn", reason="scikit-learn comes with the examples")
    found = re.findall(r"`assay.sklearn.(DistributionRegressor\(.*?\))`", README)
    assert len(found) == 1
    x = np.random.default_rng(6).uniform(0, 1, (60, 1))
    regressor = eval(found[0], {"DistributionRegressor": sklearn.DistributionRegressor})
    assert (regressor.fit(x, 2.5 + x[:, 0]).predict(x) > 2).all()


def test_every_command_shown_exists():
    from typer.main import get_command

    from assay.cli.app import app

    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    shown = set(re.findall(r"^assay ([a-z]+)", README, re.MULTILINE))
    assert shown <= known
    assert {"init", "run", "plan", "report"} <= shown


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
