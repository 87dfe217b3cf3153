"""`assay init`: a first file that loads, and that is never written over another."""

import subprocess
import sys
import tomllib
from pathlib import Path

import polars as pl
import pytest

from assay.record import load_portfolio


def test_the_starter_loads_and_can_be_planned(assay, answered, tmp_path):
    done = assay("init", tmp_path / "new")
    assert done.exit_code == 0
    assert done.stdout == f"wrote {tmp_path / 'new' / 'assay.toml'}\n"
    assert [project.key for project in load_portfolio(tmp_path / "new").projects] == ["first-idea"]
    assert answered("plan", tmp_path / "new")["plans"][0]["lines"][0]["units"] > 0


def test_the_example_inside_the_starter_loads_once_it_is_uncommented(assay, tmp_path):
    assay("init", tmp_path)
    file = tmp_path / "assay.toml"
    head, mark, example = file.read_text().partition("# [[project]]\n")
    lines = [line.removeprefix("#").removeprefix(" ") for line in (mark + example).splitlines()]
    file.write_text(head + "\n".join(lines))
    project = load_portfolio(tmp_path).project("demand")
    assert project.attempts[0].close
    assert project.season == 7


def test_what_is_there_is_never_overwritten(assay, tmp_path):
    file = tmp_path / "assay.toml"
    file.write_text("mine")
    done = assay("init", tmp_path)
    assert done.exit_code == 2
    assert "never overwritten" in done.stderr
    assert file.read_text() == "mine"


def test_where_the_folder_is_a_file(assay, tmp_path):
    (tmp_path / "file").write_text("mine")
    done = assay("init", tmp_path / "file")
    assert done.exit_code == 2
    assert (tmp_path / "file").read_text() == "mine"


def test_a_name_with_quotes_stays_toml(assay, tmp_path):
    folder = tmp_path / 'say "hi" \\ ü'
    assert assay("init", folder).exit_code == 0
    assert load_portfolio(folder).settings.name == 'say "hi" \\ ü'


def test_a_table_begins_a_project_that_can_be_registered(answered, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    got = answered("init", "begun", "--from", "tiny/doses.csv", "--target", "hours")
    assert got["projects"] == ["hours"]
    project = load_portfolio("begun").projects[0]
    assert (project.data, project.target, project.metric) == ("../tiny/doses.csv", "hours", "crps")
    got = answered("register", "begun", "hours", "--accept-underpowered", "a first look")
    assert got["registration"]["n_sealed"] == 90


def test_the_first_attempt_is_offered_as_a_comment_that_loads(answered, tiny, tmp_path):
    answered("init", tmp_path / "begun", "--from", tiny / "doses.csv", "--target", "hours")
    file = tmp_path / "begun" / "assay.toml"
    head, mark, attempt = file.read_text().partition("# [[project.attempt]]\n")
    file.write_text(
        head + "".join(line.removeprefix("# ") for line in (mark, *attempt.splitlines(True)))
    )
    planned = load_portfolio(file).projects[0].attempts[0]
    assert "linear('weight')" in planned.model.parameters.values()


def test_a_panel_with_zeros_and_ones_is_scored_by_brier(answered, tmp_path):
    days = [f"2024-01-{day:02d}" for day in range(1, 29)]
    table = {"shop": ["a"] * 28 + ["b"] * 28, "day": days * 2, "open": ([0, 1] * 14) * 2}
    pl.DataFrame(table).write_csv(tmp_path / "shops.csv")
    words = ("--target", "open", "--time", "day", "--series", "shop")
    answered("init", tmp_path / "new", "--from", tmp_path / "shops.csv", *words)
    table = tomllib.loads((tmp_path / "new" / "assay.toml").read_text())["project"][0]
    assert table["metric"] == "brier"
    assert (table["time"], table["series"]) == ("day", ["shop"])


@pytest.mark.parametrize(
    ("words", "missing"),
    [(("--target", "hours"), "--from"), (("--from", "doses.csv"), "--target")],
)
def test_the_table_and_its_target_go_together(assay, tiny, words, missing):
    done = assay("init", tiny / "new", *words)
    assert done.exit_code == 2
    assert f"{missing} is missing" in done.stderr
    assert not (tiny / "new").exists()


def test_a_python_loader_is_named_from_the_new_folder(answered, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data.py").write_text(
        "import polars as pl\ndef load(): return pl.DataFrame({'y': [1.5, 2.5, 4.0, 7.0]})\n"
    )
    answered("init", "a/b", "--from", "python:data.py:load", "--target", "y")
    assert load_portfolio("a/b").projects[0].data == "python:../../data.py:load"


def test_of_two_that_begin_at_once_one_wins(tmp_path):
    command = [sys.executable, "-c", "from assay.cli import main; main()", "init", str(tmp_path)]
    both = [subprocess.Popen(command, stdout=-3, stderr=-3) for _ in range(2)]
    assert sorted(each.wait() for each in both) == [0, 2]
    assert load_portfolio(tmp_path).projects
