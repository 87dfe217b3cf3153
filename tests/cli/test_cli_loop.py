"""From registration to verdict, step by step and in one run."""

from pathlib import Path
from shutil import copy

import polars as pl
import pytest

from assay.ledger import Ledger


def kinds(file) -> list[str]:
    with Ledger(file, create=False) as ledger:
        return [record.kind for record in ledger.records()]


def test_step_by_step(assay, answered, tiny, tmp_path):
    shown = assay("register", tiny, "dose")
    assert shown.exit_code == 0
    assert "alpha" in shown.stdout  # nobody wrote it down, so it is said
    split = answered("split", tiny, "dose", "--out", tmp_path / "rows")
    sealed = pl.read_parquet(tmp_path / "rows" / "sealed.parquet")
    assert split["sealed_rows"] == sealed.height == 90
    assert "hours" not in sealed.columns
    coin = answered("attempt", tiny, "dose", "--name", "coin")
    assert (coin["text"], coin["supported"], coin["look"], coin["tries"]) == (
        "not yet",
        False,
        1,
        2,
    )
    sealed.select("row_id", mean="weight").write_csv(tmp_path / "mine.csv")
    words = ("--predictions", tmp_path / "mine.csv", "--effort", "2.5", "--stage", "features")
    mine = answered("attempt", tiny, "dose", *words)
    assert (mine["text"], mine["attempt"]) == ("supported", "mine")
    lesson = answered("learn", tiny, "dose", "weight is what counts")
    assert lesson["lesson"]["words"] == "weight is what counts"
    with Ledger(tiny / "assay.db", create=False) as ledger:
        efforts = [(r.body.name, r.body.stage, r.body.effort) for r in ledger.records("attempt")]
    assert efforts == [("coin", "baseline", 1.0), ("mine", "features", 2.5)]


def test_an_answer_says_no_more_than_one_bit_before_the_seal_opens(assay, answered, tiny):
    assay("register", tiny, "dose")
    got = answered("attempt", tiny, "dose", "--name", "coin")
    assert set(got) == {
        "format", "project", "attempt", "text", "supported", "look", "tries", "level", "message",
    }  # fmt: skip


def test_closing_shows_every_score(assay, tiny):
    assay("register", tiny, "dose")
    assay("attempt", tiny, "dose", "--name", "coin")
    done = assay("close", tiny, "dose")
    assert done.exit_code == 0
    assert done.stdout.startswith("dose: refuted\n")
    assert "the baseline" in done.stdout
    assert "coin" in done.stdout
    assert assay("attempt", tiny, "dose", "--name", "weight").exit_code == 2
    assert assay("close", tiny, "dose").stdout == done.stdout


def test_registering_twice_records_once(assay, tiny, head):
    assay("register", tiny, "dose")
    before = head(tiny / "assay.db")
    assert assay("register", tiny, "dose").exit_code == 0
    assert head(tiny / "assay.db") == before


@pytest.mark.parametrize(("name", "code"), [("coin", 1), ("weight", 0)])
def test_check_turns_an_answer_into_an_exit_code(assay, tiny, name, code):
    assay("register", tiny, "dose")
    assert assay("attempt", tiny, "dose", "--name", name, "--check").exit_code == code


def test_a_run_registers_attempts_closes_and_plans(assay, tiny):
    done = assay("run", tiny, "--report", tiny / "page.html")
    assert done.exit_code == 0, done.stderr
    for words in ("How long does a dose last?", "look 1: not yet", "look 2: supported", "3 person"):
        assert words in done.stdout
    assert "7 person-days" in done.stdout  # ten less the three that were spent
    assert done.stdout.endswith(f"report: {tiny / 'page.html'}\n")
    assert "<html" in (tiny / "page.html").read_text()
    assert "dose: " in done.stderr
    assert max(map(len, done.stdout.splitlines()[:-1])) <= 80


def test_a_run_as_json_is_json_alone(answered, tiny):
    got = answered("run", tiny)
    dose, idea = got["projects"]
    assert (dose["outcome"], dose["effort"], dose["holds"]) == ("supported", 3.0, True)
    assert [tried["answer"] for tried in dose["attempts"]] == ["not yet", "supported"]
    assert (idea["outcome"], idea["attempts"]) == ("idea", [])
    assert sum(line["units"] for line in got["plan"]["lines"]) <= got["plan"]["budget"] == 7


def test_a_run_that_is_run_again_records_nothing_new(answered, tiny, head):
    first = answered("run", tiny)
    before = head(tiny / "assay.db")
    assert answered("run", tiny)["projects"] == first["projects"]
    assert head(tiny / "assay.db") == before


def test_a_run_goes_on_from_what_was_done_by_hand(answered, tiny):
    answered("register", tiny, "dose")
    answered("attempt", tiny, "dose", "--name", "coin")
    answered("run", tiny)
    assert kinds(tiny / "assay.db").count("attempt") == 2
    assert kinds(tiny / "assay.db").count("registration") == 1


def test_check_is_about_every_project_with_attempts(assay, tiny):
    empty = Path(copy(tiny / "assay.db", tiny / "other.db"))
    assert assay("run", tiny, "--check").exit_code == 0
    toml = tiny / "assay.toml"
    toml.write_text(toml.read_text().replace('"weight.csv"', '"coin.csv"'))
    ledger = ("--ledger", empty)
    assert assay("run", tiny, *ledger).exit_code == 0
    assert assay("run", tiny, *ledger, "--check").exit_code == 1


def test_one_project_alone(answered, tiny):
    got = answered("run", tiny, "--only", "idea")
    assert [project["key"] for project in got["projects"]] == ["idea"]
    assert "registration" not in kinds(tiny / "assay.db")


def test_a_project_whose_data_cannot_be_read_does_not_stop_the_others(assay, tiny):
    toml = tiny / "assay.toml"
    bad = '[[project]]\nkey = "bad"\ndata = "gone.csv"\ntarget = "y"\n\n'
    head, mark, rest = toml.read_text().partition("[[project]]\n")
    toml.write_text(head + bad + mark + rest)
    done = assay("run", tiny)
    assert done.exit_code == 2
    assert "bad  failed" in done.stdout
    assert "gone.csv" in done.stdout
    assert "dose  supported" in done.stdout


def test_without_a_budget_a_run_still_ends_well(assay, tiny):
    toml = tiny / "assay.toml"
    toml.write_text(toml.read_text().replace("budget = 10\n", ""))
    done = assay("run", tiny)
    assert done.exit_code == 0
    assert "no plan: " in done.stderr
    assert "--budget" in done.stderr


def test_another_ledger_is_used_throughout(answered, tiny):
    words = ("--ledger", (tiny / "assay.db").rename(tiny / "other.db"))
    answered("register", tiny, "dose", *words)
    answered("attempt", tiny, "dose", "--name", "coin", *words)
    answered("close", tiny, "dose", *words)
    assert not (tiny / "assay.db").exists()
    assert "verdict" in kinds(tiny / "other.db")
