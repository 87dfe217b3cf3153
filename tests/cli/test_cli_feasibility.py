"""`assay feasibility`: the call on the terminal, as JSON and as a picture."""

import numpy as np
import polars as pl
import pytest

from assay.problem import feasibility


@pytest.fixture
def pilot(tmp_path):
    random = np.random.default_rng(2)
    x = random.normal(size=90)
    labels = x + random.normal(0, 0.4, (2, 90))
    table = pl.DataFrame({"x": x, "y": labels[0], "again": labels[1], "ward": np.arange(90) // 3})
    table.drop("again", "ward").write_csv(tmp_path / "pilot.csv")
    table.write_csv(tmp_path / "all.csv")
    table.select("y", "again").head(60).write_csv(tmp_path / "twice.csv")
    return tmp_path


def test_the_call_and_all_that_it_rests_on_are_shown(assay, pilot):
    done = assay("feasibility", pilot / "pilot.csv", "--target", "y", "--score", "0.95")
    assert done.exit_code == 0
    words = " ".join(done.stdout.split())
    found = feasibility(pilot / "pilot.csv", target="y", target_score=0.95)
    assert "CANNOT TELL YET" in words
    assert found.settle
    for sentence in (*found.sentences(), *found.settle, *found.notes):
        assert " ".join(sentence.split()) in words
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(("score", "call"), [("0.5", "GO"), ("0.99", "NO-GO")])
def test_the_exit_code_is_0_whatever_the_call(answered, pilot, score, call):
    asked = ("--target", "y", "--score", score, "--double-labels", pilot / "twice.csv")
    got = answered("feasibility", pilot / "pilot.csv", *asked)
    assert got["call"] == call
    assert got["ceiling"]["pairs"] == 60


def test_all_settings_reach_the_study(answered, pilot):
    got = answered(
        "feasibility", pilot / "all.csv", "--target", "y", "--score", 0.6, "--full-rows", 500,
        "--label-a", "y", "--label-b", "again", "--group", "ward", "--alpha", 0.1, "--tries", 4,
        "--expect", 0.7, "--improve-by", 0.3, "--seed", 5,
    )  # fmt: skip
    found = feasibility(
        pilot / "all.csv", target="y", target_score=0.6, full_rows=500,
        double_labels=("y", "again"), group="ward", alpha=0.1, tries=4, expect=0.7,
        improve_by=0.3, seed=5,
    )  # fmt: skip
    assert got == found.as_dict()
    assert got["verdict"]["improve_by"] == 0.3
    assert got["used"] == ["x"]


def test_the_picture_is_drawn(assay, pilot):
    file = pilot / "curve.svg"
    done = assay(
        "feasibility", pilot / "pilot.csv", "--target", "y", "--score", 0.6, "--picture", file
    )
    assert done.exit_code == 0
    assert "target 0.60" in file.read_text("utf-8")
    assert "picture: " in done.stderr


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("no such file", ("nowhere.csv", "--target", "y", "--score", "0.5")),
        ("no column `z`", ("pilot.csv", "--target", "z", "--score", "0.5")),
        ("`target_score` is 5", ("pilot.csv", "--target", "y", "--score", "5")),
        ("Give either", ("pilot.csv", "--target", "y", "--score", "0.5", "--label-a", "y")),
        ("no such file",
         ("pilot.csv", "--target", "y", "--score", "0.5", "--double-labels", "none.csv")),
        ("a picture's name", ("pilot.csv", "--target", "y", "--score", "0.5", "--picture", "a.b")),
        ("--score", ("pilot.csv", "--target", "y")),
    ],
)  # fmt: skip
def test_bad_input_is_one_message(assay, pilot, monkeypatch, said, words):
    monkeypatch.chdir(pilot)
    done = assay("feasibility", *words)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
