"""What is wrong is named, nothing is written, and the ledger stays as it was."""

from pathlib import Path

import pytest


def refused(done, *words: str) -> None:
    """One message on stderr that holds all `words`; nothing on stdout, no traceback."""
    assert done.exit_code == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def edit(folder: Path, before: str, after: str) -> None:
    toml = folder / "assay.toml"
    assert before in toml.read_text()
    toml.write_text(toml.read_text().replace(before, after))


@pytest.mark.parametrize("command", ["run", "plan", "report"])
def test_no_such_portfolio(assay, tmp_path, command):
    refused(assay(command, tmp_path / "nowhere"), "nowhere", "no such file", "assay init")


def test_an_unknown_key_names_the_nearest(assay, tiny):
    edit(tiny, "improve_by", "improve_buy")
    refused(assay("plan", tiny), 'project "dose"', "`improve_buy`", "Did you mean `improve_by`")


def test_a_broken_file_names_the_line(assay, tiny):
    (tiny / "assay.toml").write_text("version = \n")
    refused(assay("run", tiny), "broken TOML", "line 1")


def test_an_unknown_project_names_the_nearest(assay, tiny):
    refused(assay("register", tiny, "does"), "does", "Did you mean `dose`")
    refused(assay("run", tiny, "--only", "does"), "does", "Did you mean `dose`")


def test_an_unknown_column_names_the_nearest(assay, tiny):
    edit(tiny, 'target = "hours"', 'target = "hour"')
    refused(assay("register", tiny, "dose"), "doses.csv", "`hour`", "`hours`")


def test_a_project_without_data_cannot_be_registered(assay, tiny):
    refused(assay("register", tiny, "idea"), "idea", "data")


@pytest.mark.parametrize("name", ["note.txt", "note.csv", "nothing.csv"])
def test_not_a_table(assay, tmp_path, name):
    (tmp_path / "note.txt").write_text("Dear diary")
    (tmp_path / "note.csv").write_bytes(b"\x00\x01\x02PK")
    refused(assay("profile", tmp_path / name, "--target", "y"), name)


def test_a_profile_of_an_unknown_column_names_the_nearest(assay, tiny):
    done = assay("profile", tiny / "doses.csv", "--target", "weigth")
    refused(done, "weigth", "Did you mean `weight`")


@pytest.mark.parametrize(
    "words", [("attempt", "dose", "--name", "coin"), ("close", "dose"), ("learn", "dose", "words")]
)
def test_what_needs_a_ledger_makes_none(assay, fresh, words):
    command, *rest = words
    refused(assay(command, fresh, *rest), "assay.db", "no such ledger", "assay register")
    assert not (fresh / "assay.db").exists()


def test_a_slip_in_the_ledger_s_name_makes_none(assay, tiny):
    refused(assay("plan", tiny, "--ledger", tiny / "asay.db"), "asay.db", "no such ledger")
    refused(assay("ledger", "ls", tiny / "asay.db"), "asay.db", "no such ledger")
    assert not (tiny / "asay.db").exists()


def test_another_database_is_no_ledger(assay, tiny):
    (tiny / "assay.db").write_text("Dear diary, this is certainly no database of any kind.\n" * 20)
    refused(assay("ledger", "verify", tiny), "assay.db")


@pytest.mark.parametrize(
    "words",
    [
        ("register", "does"),
        ("attempt", "dose"),
        ("attempt", "dose", "--name", "wait"),
        ("attempt", "dose", "--name", "coin", "--effort", "3"),
        ("attempt", "dose", "--predictions", "nowhere.csv"),
        ("attempt", "dose", "--predictions", "doses.csv"),
        ("attempt", "dose", "--predictions", "weight.csv", "--stage", "magic"),
        ("attempt", "dose", "--predictions", "weight.csv", "--effort", "-1"),
        ("learn", "dose", "  "),
        ("close", "idea"),
    ],
    ids=" ".join,
)
def test_bad_input_leaves_the_ledger_as_it_was(assay, tiny, head, monkeypatch, words):
    monkeypatch.chdir(tiny)
    assert assay("register", ".", "dose").exit_code == 0
    before = head(tiny / "assay.db")
    command, *rest = words
    refused(assay(command, ".", *rest))
    assert head(tiny / "assay.db") == before


def test_changed_terms_are_refused_after_registration(assay, tiny, head):
    assert assay("register", tiny, "dose").exit_code == 0
    before = head(tiny / "assay.db")
    edit(tiny, "improve_by = 0.2", "improve_by = 0.1")
    refused(assay("register", tiny, "dose"), "improve_by")
    assert head(tiny / "assay.db") == before


def test_too_few_sealed_rows_are_refused_and_accepted_with_a_reason(assay, answered, tiny):
    edit(tiny, "expect = 0.8", "expect = 0.21")
    refused(assay("register", tiny, "dose"), "--accept-underpowered")
    got = answered("register", tiny, "dose", "--accept-underpowered", "it is all there is")
    assert got["registration"]["accepted_underpowered"] == "it is all there is"


@pytest.mark.parametrize("budget", ["1,000", "ten", "-5", "nan", "inf", "", "1,,2"])
def test_a_budget_is_a_number_above_zero(assay, tiny, budget):
    refused(assay("plan", tiny, "--budget", budget), "--budget", "above 0")


def test_one_budget_where_one_is_needed(assay, fresh):
    refused(assay("run", fresh, "--budget", "10,20"), "10,20", "assay plan")
    assert not (fresh / "assay.db").exists()


def test_a_page_in_no_folder_is_refused_before_the_work(assay, tiny, head):
    done = assay("run", tiny, "--report", tiny / "nowhere" / "page.html")
    refused(done, "nowhere")


def test_a_picture_of_no_known_kind_is_refused(assay, tiny):
    refused(assay("plan", tiny, "--picture", tiny / "plan.jpeg"), ".svg, .png, .html", "plan.jpeg")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="a folder where root cannot write")
@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("plan", "--budget", "5"), ("--picture", "/proc/self/plan.svg")),
        (("split", "dose"), ("--out", "/proc/self/split")),
        (("run",), ("--ledger", "/proc/self/assay.db")),
    ],
    ids=["plan", "split", "run"],
)
def test_a_folder_that_cannot_be_written_is_named(assay, tiny, words, option):
    command, *rest = words
    refused(assay(command, tiny, *rest, *option), "/proc/self")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="a folder where root cannot write")
def test_init_names_a_folder_that_cannot_be_written(assay, tmp_path):
    refused(assay("init", "/proc/self"), "/proc/self/assay.toml", "cannot be written")
    (tmp_path / "file").write_text("")
    refused(assay("init", tmp_path / "file" / "inside"), "cannot be written")
