"""Attempts that were imported stand in the report as what they are, and bend the curve."""

import pytest

from assay.cli.standing import standing
from assay.experiment import Workspace
from assay.record import AttemptBody
from assay.report import build_report, render

FILE = """
version = 1
[portfolio]
budget = 10
[[project]]
key = "idea"
[[project]]
key = "other"
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ideas")
    (folder / "assay.toml").write_text(FILE)
    with Workspace.open(folder) as opened:
        for day, (name, fields) in enumerate(
            {
                "naive": {"effort": 1.0, "open_loss": 10.0, "open_skill": 0.0, "stage": "baseline"},
                "tree": {"effort": 2.0, "open_loss": 6.0, "open_skill": 0.4, "open_se": 0.03},
                "net": {"effort": 2.0, "broke": "MLflow says that it failed"},
            }.items(),
            start=1,
        ):
            told = {"source": f"mlflow:{name}", "started": f"2026-01-0{day}T00:00:00.000000Z"}
            body = AttemptBody(**{"name": name, "stage": None, "imported": told, **fields})
            opened.ledger.append(body, key="idea")
        opened.history.refresh()
        yield opened


def test_the_card_of_an_idea_says_that_it_was_worked_on_elsewhere(workspace):
    idea, other = build_report(workspace).projects
    assert idea.verdict == "An idea that was worked on elsewhere: 3 attempts imported."
    assert other.verdict.startswith("An idea: no data and no attempt yet.")
    assert [(row.name, row.stage, row.open_skill) for row in idea.attempts] == [
        ("naive", "baseline", "0.0 points"), ("tree", "", "40.0 ± 3.0 points"), ("net", "", ""),
    ]  # fmt: skip
    assert idea.curve_sentence.startswith("After 5 person-days the best attempt reached 40 %")
    assert "MLflow says that it failed" in render(build_report(workspace))


def test_where_it_stands_names_them_too(workspace):
    idea, other = (
        standing(workspace.portfolio.project(key), workspace.history) for key in ("idea", "other")
    )
    assert idea.sentence == "No data yet: planned by 3 imported attempts."
    assert other.sentence == "No data yet: planned by its belief or curve."
    assert idea.holds  # nothing that was to be shown is left unshown
