from collections.abc import Callable
from pathlib import Path

import pytest

DEMAND = """
version = 1
[portfolio]
name = "Rapid grocery"
budget = 100

[[project]]
key = "demand"
question = "How many units will each store sell tomorrow if stock never ran out?"
importance = 3.0
data = "data/demand.parquet"
target = "units"
time = "date"
series = ["store", "item"]
season = 7
censored_above = "stock"
horizon = 14
seal = { from = "2025-01-01" }
effort_budget = 25
belief = { share = 0.6, effort = 20, give_or_take = 0.2 }
"""

ATTEMPT = """
[[project.attempt]]
name = "score-driven"
stage = "ml"
effort = 3
model = { family = "negative-binomial", mean = "score-driven(season=7)" }
close = true
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes the design's example with lines added to its project, and returns its folder."""

    def write_file(keys: str = "", after: str = "") -> Path:
        text = DEMAND + keys + "\n" + ATTEMPT + after
        (tmp_path / "assay.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write_file
