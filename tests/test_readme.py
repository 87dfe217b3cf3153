"""What the README shows runs, word for word, and says what it says."""

import re
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_first_example_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn", reason="the README's data come with scikit-learn")
    pytest.importorskip("pandas", reason="scikit-learn hands its data over as pandas")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(BLOCKS[0], "README.md", "exec"), names)
    said = capsys.readouterr().out
    assert "positive: above 0, from 25 to 346" in said
    assert re.search(r"^(supported|not yet): Look 1 of 3", said, re.MULTILINE)
    assert "20 person-days: 20 to target" in said
    assert (tmp_path / "assay.db").exists()


def test_the_second_example_fits():
    names: dict[str, object] = {}
    exec(compile("import assay\n" + BLOCKS[1], "README.md", "exec"), names)
    table = pl.DataFrame(
        {
            "item": ["a", "b"] * 40,
            "price": [1.0 + 0.01 * day for day in range(80)],
            "temperature": [float(day % 9) for day in range(80)],
            "units": [4 + (3 * day) % 5 for day in range(80)],
            "stock": [6.0, 9.0] * 40,
        }
    )
    fitted = names["demand"].fit(table, "units")  # type: ignore[attr-defined]
    assert fitted.result.converged
    assert fitted.result.hidden == sum(table["units"] >= table["stock"])


def test_every_command_shown_exists():
    from typer.main import get_command

    from assay.cli import app

    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    shown = set(re.findall(r"^assay ([a-z]+)", README, re.MULTILINE))
    assert shown <= known
    assert {"init", "run", "plan", "report"} <= shown


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
