"""`assay ledger`: what was recorded, and whether it still says so."""

import json
import sqlite3

import pytest

from assay.ledger import Ledger


@pytest.fixture
def closed(assay, tiny):
    """The tiny portfolio after its run."""
    assert assay("run", tiny).exit_code == 0
    return tiny


def tamper(file) -> None:
    with sqlite3.connect(file) as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE record SET author = 'Mallory' WHERE sequence = 4")
    database.close()


def test_ls_shows_a_line_for_each_record(assay, answered, closed):
    records = answered("ledger", "ls", closed, "--records")["records"]
    lines = assay("ledger", "ls", closed, "--records").stdout.splitlines()
    assert len(lines) == len(records) + 1
    assert [line.split()[0] for line in lines[1:]] == [str(r["sequence"]) for r in records]
    assert max(map(len, lines)) <= 80


def test_a_ledger_is_named_by_its_file_its_portfolio_or_its_folder(answered, closed):
    by = [closed, closed / "assay.toml", closed / "assay.db"]
    heads = {answered("ledger", "verify", path)["head"] for path in by}
    assert len(heads) == 1


def test_what_is_finished_is_in_the_library_and_not_in_the_way(assay, answered, closed):
    assert answered("ledger", "ls", closed)["experiments"] == []
    said = assay("ledger", "ls", closed)
    assert said.exit_code == 0
    assert "nothing is open" in said.stderr
    assert "1 more in the library: `--library`" in said.stderr
    entry = answered("ledger", "ls", closed, "--library")["experiments"][0]
    assert (entry["key"], entry["attempts"], entry["looks"]) == ("dose", 2, 2)
    assert entry["lesson"].startswith("Expected")
    assay("learn", closed, "dose", "a heavier patient needs more")
    shown = assay("ledger", "ls", closed, "--library").stdout
    assert "a heavier patient" in " ".join(shown.split())


def test_what_is_open_is_listed(assay, answered, tiny):
    assay("register", tiny, "dose")
    entry = answered("ledger", "ls", tiny)["experiments"][0]
    assert (entry["outcome"], entry["attempts"], entry["lesson"]) == ("open", 0, "")


def test_a_lesson_is_found_by_any_form_of_its_words(assay, answered, closed):
    assay("learn", closed, "dose", "Übergewicht: heavier patients, larger deliveries")
    for words in ("ubergewicht", "PATIENT", "delivery", "each delivered patient"):
        found = answered("ledger", "search", closed, words)["records"]
        assert found[0]["kind"] == "lesson", words
    assert answered("ledger", "search", closed, "zebra")["records"] == []
    assert answered("ledger", "search", closed, '"; DROP TABLE (*^')["records"] == []
    assert assay("ledger", "search", closed, "zebra").exit_code == 0


def test_an_attempt_is_found_after_what_was_learnt(answered, closed):
    found = answered("ledger", "search", closed, "coin", "dose")["records"]
    kinds = [record["kind"] for record in found]
    assert kinds[-1] == "attempt"
    assert kinds.index("attempt") > 0
    assert len(answered("ledger", "search", closed, "coin dose", "--limit", 1)["records"]) == 1


def test_ls_filters_by_kind_and_project(answered, closed):
    got = answered("ledger", "ls", closed, "--kind", "attempt")["records"]
    assert [record["body"]["name"] for record in got] == ["coin", "weight"]
    assert {r["key"] for r in answered("ledger", "ls", closed, "--project", "idea")["records"]} == {
        "idea"
    }


def test_an_unknown_kind_names_the_nearest(assay, closed):
    done = assay("ledger", "ls", closed, "--kind", "attemps")
    assert done.exit_code == 2
    assert "Did you mean `attempt`" in done.stderr


def test_show_takes_a_number_a_hash_or_how_it_begins(answered, closed):
    record = answered("ledger", "ls", closed, "--kind", "verdict")["records"][0]
    names = (record["sequence"], record["hash"], record["hash"][:8], record["hash"][:8].upper())
    for name in names:
        assert answered("ledger", "show", closed, name)["record"] == record


def test_show_prints_the_whole_hash(assay, answered, closed):
    record = answered("ledger", "show", closed, 2)["record"]
    shown = assay("ledger", "show", closed, 2).stdout
    assert record["hash"] in shown
    assert record["previous"] in shown


@pytest.mark.parametrize("which", ["0", "999", "ffff", "abcdef123456", "-x", "9" * 30])
def test_no_such_record(assay, closed, which):
    done = assay("ledger", "show", closed, "--", which)
    assert done.exit_code == 2
    assert which in done.stderr
    assert "assay ledger ls" in done.stderr


def test_verify_is_zero_where_all_holds_and_one_where_not(assay, closed):
    whole = assay("ledger", "verify", closed)
    assert whole.exit_code == 0
    assert whole.stdout.startswith("holds\n")
    tamper(closed / "assay.db")
    broken = assay("ledger", "verify", closed)
    assert broken.exit_code == 1
    assert broken.stdout.startswith("does not hold\n")
    assert "record 4" in broken.stdout


def test_verify_as_json_says_where_it_breaks(assay, closed):
    tamper(closed / "assay.db")
    done = assay("ledger", "verify", closed, "--json")
    got = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (got["format"], got["ok"], got["broken_at"]) == (1, False, 4)


def test_verify_says_what_still_stands(assay, closed):
    tamper(closed / "assay.db")
    said = assay("ledger", "verify", closed).stdout
    assert "record 4 was changed after it was recorded\nrecords 1 to 3 hold" in said
    assert "chain among themselves, but hang on a record that does not hold" in said
    assert "\ndose: does not hold: rests on records 4, 5" in said
    found = json.loads(assay("ledger", "verify", closed, "--json").stdout)
    assert [each["at"] for each in found["breaks"]] == [4]
    assert [each["project"] for each in found["experiments"]] == ["dose"]
    assert found["experiments"][0]["holds"] is False


def test_verify_names_who_needs_a_missing_file(assay, closed):
    with Ledger(closed / "assay.db") as ledger:
        attempt = next(ledger.records("attempt"))
        ledger.files.path(attempt.body.predictions).unlink()
    done = assay("ledger", "verify", closed)
    assert done.exit_code == 1
    words = " ".join(done.stdout.split())
    assert f"missing: file {attempt.body.predictions}, named by record {attempt.sequence}" in words
    assert "dose: does not hold: 1 of its files are missing or damaged" in words


@pytest.mark.parametrize(
    "words",
    [
        ("ls",), ("ls", "--library"), ("search", "dose"), ("export", "new.jsonl"),
        ("backup", "new.db"), ("rebuild",),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_broken_chain_names_verify(assay, closed, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect(closed / "assay.db") as database:
        database.execute("DROP TRIGGER record_is_never_updated")
        database.execute("UPDATE record SET body = '{]' WHERE kind != 'genesis'")
    database.close()
    done = assay("ledger", words[0], closed, *words[1:])
    assert done.exit_code == 2
    assert "ledger verify`" in " ".join(done.stderr.split())
    assert not list(tmp_path.glob("new*"))


def test_a_plan_is_not_made_on_a_broken_chain(assay, closed):
    tamper(closed / "assay.db")
    done = assay("plan", closed)
    assert done.exit_code == 2
    assert "the chain breaks: record 4 was changed" in " ".join(done.stderr.split())


def test_a_ledger_goes_out_and_comes_back_the_same(assay, answered, closed, tmp_path):
    file, copy = tmp_path / "out.jsonl", tmp_path / "copy.db"
    out = answered("ledger", "export", closed, file)
    assert set(out) == {"format", "ledger", "file", "records", "files", "head"}
    back = answered("ledger", "import", "jsonl", file, "--ledger", copy)
    assert (back["records"], back["appended"]) == (out["records"], out["records"])
    assert answered("ledger", "verify", copy)["head"] == out["head"]
    again = assay("ledger", "import", "jsonl", file, "--ledger", copy)
    assert again.stdout == f"{copy} holds all {out['records']} records\n"
    assert (
        assay("ledger", "ls", copy, "--library").stdout
        == assay("ledger", "ls", closed, "--library").stdout
    )


def test_an_import_goes_to_where_a_portfolio_says(answered, closed, tmp_path):
    file = tmp_path / "out.jsonl"
    answered("ledger", "export", closed, file)
    (closed / "assay.db").unlink()
    back = answered("ledger", "import", "jsonl", file, "--ledger", closed)
    assert back["appended"] == answered("ledger", "verify", closed)["records"]


def test_what_is_there_is_never_overwritten(assay, closed, tmp_path):
    there = tmp_path / "there"
    there.write_text("mine")
    for name in ("export", "backup"):
        done = assay("ledger", name, closed, there)
        assert done.exit_code == 2
        assert "is there already" in done.stderr
    assert there.read_text() == "mine"


def test_a_backup_holds_what_the_ledger_holds(answered, closed, tmp_path):
    found = answered("ledger", "backup", closed, tmp_path / "new" / "copy.db")
    checked = answered("ledger", "verify", tmp_path / "new" / "copy.db")
    assert (checked["head"], checked["records"]) == (found["head"], found["records"])


def test_views_are_rebuilt(assay, answered, closed):
    with sqlite3.connect(closed / "assay.db") as database:
        database.execute("DELETE FROM sealed_row")
    database.close()
    done = assay("ledger", "verify", closed)
    assert done.exit_code == 1
    assert "run `assay ledger rebuild`" in " ".join(done.stdout.split())
    assert answered("ledger", "rebuild", closed)["registrations"] == 1
    assert assay("ledger", "verify", closed).exit_code == 0


@pytest.mark.parametrize("content", [b"", b"version = 1\n" * 50, b"SQLite format 3\0" + b"x" * 99])
def test_a_file_that_is_no_ledger_is_bad_input(assay, tmp_path, content):
    file = tmp_path / "file.db"
    file.write_bytes(content)
    for words in (("ls",), ("verify",), ("export", tmp_path / "new.jsonl")):
        done = assay("ledger", words[0], file, *words[1:])
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith(f"error: {file}: ")
    assert file.read_bytes() == content


def test_reading_records_nothing(assay, head, closed):
    before = head(closed / "assay.db")
    for words in (("ls",), ("show", 1), ("verify",)):
        assay("ledger", words[0], closed, *words[1:])
    assert head(closed / "assay.db") == before
