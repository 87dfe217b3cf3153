"""`assay plan` and `assay report`."""

from shutil import copytree

import pytest


@pytest.fixture
def grocery(root, tmp_path):
    return copytree(root / "examples" / "grocery", tmp_path / "grocery")


# The split that a published lecture on such a start-up arrives at, for the same curves.
KNOWN = {
    100: {"pricing": 40, "dispatching": 32, "onboarding": 16, "recommendations": 12},
    300: {"pricing": 111, "dispatching": 90, "onboarding": 52, "recommendations": 34},
}


def test_it_splits_without_a_ledger_and_makes_none(answered, grocery):
    got = answered("plan", grocery, "--budget", "100,300")
    assert got["budgets"] == [100, 300]
    for plan, budget in zip(got["plans"], (100, 300), strict=True):
        units = {line["key"]: line["units"] for line in plan["lines"]}
        assert {key: units[key] for key in KNOWN[budget]} == KNOWN[budget]
        assert sum(units.values()) == budget
    assert got["units_by_budget"]["menu-images"] == [0, 13]
    assert not (grocery / "assay.db").exists()


def test_the_budget_in_the_file_is_the_default(answered, grocery):
    assert answered("plan", grocery / "assay.toml")["budgets"] == [100]


def test_every_line_fits_the_terminal_and_every_project_has_its_reason(assay, answered, grocery):
    done = assay("plan", grocery, "--budget", "100,300")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "Person-days by budget" in done.stdout
    words = " ".join(done.stdout.split())
    plans = answered("plan", grocery, "--budget", "100,300")["plans"]
    for line in [line for plan in plans for line in plan["lines"]]:
        assert line["reason"] in words


def test_what_was_tried_moves_the_plan(answered, tiny):
    before = answered("plan", tiny, "--budget", "10")["units_by_budget"]["dose"]
    answered("run", tiny)
    after = answered("plan", tiny, "--budget", "10")["units_by_budget"]["dose"]
    assert before != after  # nearly all that can be had has been reached


def test_no_budget_anywhere_is_said(assay, grocery):
    toml = grocery / "assay.toml"
    toml.write_text(toml.read_text().replace("\nbudget = 100\n", "\n"))
    done = assay("plan", grocery)
    assert done.exit_code == 2
    assert "--budget" in done.stderr


@pytest.mark.parametrize(
    ("name", "begins"), [("a.svg", b"<svg"), ("a.png", b"\x89PNG"), ("A.HTML", b"<!DOCTYPE html>")]
)
def test_a_plan_is_drawn(assay, grocery, name, begins):
    done = assay("plan", grocery, "--picture", grocery / name)
    assert done.exit_code == 0, done.stderr
    assert (grocery / name).read_bytes().startswith(begins)
    assert str(grocery / name) in done.stderr


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("optimum", "pricing: 40"),
        ("curves", "40 person-days"),
        ("budgets", "this plan: 100"),
        ("marginal", "last unit: 0.241"),
        ("returns", "pricing: 0 to 30 points"),
    ],
)
def test_each_kind_of_picture_is_drawn_when_asked(assay, grocery, kind, words):
    file = grocery / "a.svg"
    done = assay("plan", grocery, "--picture", file, "--draw", kind)
    assert done.exit_code == 0, done.stderr
    assert words in file.read_text()


def test_what_attempts_are_worth_is_drawn_without_being_told(assay, answered, tiny):
    answered("run", tiny)
    for kind, words in (("information", "dose: weight"), ("credit", "tried, 1 failed")):
        file = tiny / f"{kind}.svg"
        got = answered("plan", tiny, "--budget", "10", "--picture", file, "--draw", kind)
        assert words in file.read_text()
        assert "answers" not in got
    both = ("--information", "--picture", tiny / "a.svg", "--draw", "information")
    assert "information" in answered("plan", tiny, "--budget", "10", *both)["answers"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("--draw", "marginal"), "--picture marginal.svg --draw marginal"),
        (("--draw", "bars", "--picture", "a.svg"), "must be one of optimum, curves, budgets"),
        (("--draw", "budgets", "--picture", "a.gif"), "must end in"),
        (("--draw", "credit", "--picture", "credit.svg"), "no attempt is recorded"),
    ],
)
def test_what_cannot_be_drawn_is_refused(assay, grocery, monkeypatch, said, words):
    monkeypatch.chdir(grocery)
    done = assay("plan", grocery, *said)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())
    assert not list(grocery.glob("*.svg"))


def test_a_report_needs_a_ledger_and_names_its_page(assay, answered, fresh, head):
    assert assay("report", fresh, "--out", fresh / "page.html").exit_code == 2
    answered("register", fresh, "dose")
    before = head(fresh / "assay.db")
    got = answered("report", fresh, "--out", fresh / "page.html")
    assert got["report"] == str(fresh / "page.html")
    assert "How long does a dose last?" in (fresh / "page.html").read_text()
    assert head(fresh / "assay.db") == before
