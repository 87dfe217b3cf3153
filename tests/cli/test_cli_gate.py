"""`assay gate`: its words, its exit codes, and where it shows afterwards."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assay.record import GATE_PARTS

LINE = """
version = 1
[portfolio]
name = "Lines"
budget = 10

[[project]]
key = "line"
question = "Does x tell y?"
data = "rows.csv"
target = "y"
metric = "absolute"
improve_by = 0.1
expect = 0.4
seal = { rows = 300 }
tries = 2

[[project.attempt]]
name = "half"
effort = 1
model = { family = "normal", mean = "linear('x')" }
"""


@pytest.fixture(scope="module")
def supported_once(tmp_path_factory) -> Path:
    """A portfolio whose model is supported and sound."""
    from assay.experiment import Workspace

    folder = tmp_path_factory.mktemp("line")
    random = np.random.default_rng(4)
    x, kind = random.normal(size=450), np.arange(450) % 3
    y = 20 + 2 * x + random.normal(size=450)
    pl.DataFrame({"x": x, "kind": kind, "y": y}).write_csv(folder / "rows.csv")
    (folder / "assay.toml").write_text(LINE)
    with Workspace.open(folder) as workspace:
        workspace.record_projects()
        experiment = workspace.register("line")
        plan = workspace.project("line").attempts[0]
        assert experiment.attempt_planned(plan).supported
    return folder


def test_a_sound_model_passes_is_released_and_stands_on_the_page(supported_once, assay):
    done = assay("gate", supported_once, "line", "--release", "--note", "to the shops")
    assert done.exit_code == 0, done.output
    assert "line: half passes." in done.stdout
    assert "marked for production" in done.stdout
    for name in GATE_PARTS:
        assert f"{name}: holds" in done.stderr
    page = supported_once / "page.html"
    assert assay("report", supported_once, "--out", page).exit_code == 0
    html = page.read_text(encoding="utf-8")
    assert "to the shops." in html
    assert "all 7 parts hold" in html
    assert "What the gain rests on" in html
    assert "What moves its predictions" in html
    assert "No labelled row has come in since the release." in html


def test_the_answer_is_there_for_programs(supported_once, answered):
    found = answered("gate", supported_once, "line")
    assert [part["name"] for part in found["gate"]["parts"]] == list(GATE_PARTS)
    assert found["released"] is False
    assert found["gate"]["passed"] is True
    json.dumps(found, allow_nan=False)


def test_what_does_not_pass_exits_with_one_and_is_not_released(tiny, assay, answered):
    assert assay("register", tiny, "dose").exit_code == 0
    assert assay("attempt", tiny, "dose", "--name", "weight").exit_code == 0
    done = assay("gate", tiny, "dose", "--release")
    assert done.exit_code == 1
    assert "dose: weight does not pass." in done.stdout
    assert "cannot be told" in done.stdout
    assert answered("ledger", "ls", tiny, "--kind", "release")["records"] == []
    assert len(answered("ledger", "ls", tiny, "--kind", "gate")["records"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--accept", "segments"), "must name a part and say why"),
        (("--accept", "gap=no matter"), "`gap` cannot be accepted"),
        (("--accept", "segmets=x"), "Did you mean `segments`?"),
        (("--note", "x"), "--note goes with --release"),
        (("--alpha", "0.1"), "--alpha goes with --release"),
        (("--release", "--alpha", "0"), "must lie between 0 and 1"),
    ],
)
def test_bad_words_are_refused_and_nothing_is_recorded(tiny, assay, head, words, said):
    assert assay("register", tiny, "dose").exit_code == 0
    before = head(tiny / "assay.db")
    done = assay("gate", tiny, "dose", *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert head(tiny / "assay.db") == before


def test_a_closed_seal_is_not_for_the_gate(tiny, assay):
    assert assay("register", tiny, "dose").exit_code == 0
    done = assay("gate", tiny, "dose")
    assert done.exit_code == 2
    assert "its seal is closed" in done.stderr
