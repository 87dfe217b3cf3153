"""Whatever is done to a ledger, `verify` says what still stands and nothing breaks."""

import json
import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import DamagedError, LedgerError
from assay.ledger import History, Ledger, import_jsonl, verify_ledger
from assay.record import AnswerBody, AttemptBody, LessonBody, RegistrationBody, VerdictBody

SHA = "0123456789abcdef" * 4


def register(ledger: Ledger, key: str) -> str:
    body = RegistrationBody(
        project=key, data_sha=SHA, target="y", metric="crps", baseline="naive", improve_by=0.05,
        expect=0.15, alpha=0.05, tries=10, seal={"rows": 2}, n_open=5, n_sealed=2,
        sealed_rows_file=ledger.put(key.encode().ljust(32, b".")), test="independent",
        baseline_open_loss=1.0, sd0=1.0, spec_sha=SHA,
    )  # fmt: skip
    return ledger.append(body, key=key).hash


def attempt(ledger: Ledger, key: str, experiment: str) -> str:
    sha = ledger.put(f"predictions of {key}".encode())
    body = AttemptBody(experiment=experiment, name=f"tree of {key}", predictions=sha)
    return ledger.append(body, key=key).hash


def close(ledger: Ledger, key: str, experiment: str) -> None:
    body = VerdictBody(experiment=experiment, outcome="refuted", sentence=f"{key} is refuted")
    ledger.append(body, key=key)


def fill(path) -> None:
    """Records 2 to 4 are of `early`, 5 to 9 of `late`, 10 of nobody, 11 of `open`."""
    with Ledger(path, author="Ann") as ledger:
        early = register(ledger, "early")
        attempt(ledger, "early", early)
        close(ledger, "early", early)
        late = register(ledger, "late")
        made = attempt(ledger, "late", late)
        ledger.append(AnswerBody(attempt=made, answer="not yet"), key="late")
        close(ledger, "late", late)
        ledger.append(LessonBody(experiment=late, words="next time"), key="late")
        ledger.append(LessonBody(project="other", words="alone"), key="other")
        register(ledger, "open")


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "assay.db"
    fill(path)
    return path


@pytest.fixture
def filled(made_once, path):
    shutil.copytree(made_once.parent, path.parent, dirs_exist_ok=True)
    return path


def raw(path, *statements: str) -> None:
    """Edit the file as somebody would who wants a different past, and hides that it was done."""
    with closing(sqlite3.connect(path)) as connection:
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)
        connection.commit()


def standing(found):
    return {each.project: (each.holds, each.verdict_holds) for each in found.experiments}


def test_a_whole_ledger_says_so_for_each_experiment(filled):
    found = verify_ledger(filled)
    assert (found.ok, found.records, found.breaks, found.runs) == (True, 11, (), ())
    assert found.files == 5
    assert standing(found) == {"early": (True, True), "late": (True, True), "open": (True, None)}
    with Ledger(filled) as ledger:
        assert found.head == ledger.head()


def test_a_changed_record_leaves_what_came_before_and_doubts_what_follows(filled):
    raw(filled, "UPDATE record SET author = 'Eve' WHERE sequence = 6")
    found = verify_ledger(filled)
    assert (found.ok, found.records, found.broken_at, found.after) == (False, 5, 6, 5)
    assert [(each.at, each.why) for each in found.breaks] == [
        (6, "was changed after it was recorded")
    ]
    assert [(each.first, each.last) for each in found.runs] == [(7, 11)]
    assert standing(found) == {
        "early": (True, True),
        "late": (False, False),
        "open": (False, None),
    }
    late = found.experiments[1]
    assert (late.registration, late.verdict, late.outcome) == (5, 8, "refuted")
    assert late.records == (6, 7, 8, 9)


def test_a_verdict_stands_where_only_a_lesson_was_changed(filled):
    raw(filled, "UPDATE record SET author = 'Eve' WHERE sequence = 9")
    found = verify_ledger(filled)
    assert standing(found)["late"] == (False, True)


def test_a_missing_record_is_named_and_so_are_the_runs_around_the_breaks(filled):
    raw(
        filled,
        "DELETE FROM record WHERE sequence IN (3, 7, 8)",
        "UPDATE record SET key = 'x' WHERE sequence = 10",
    )
    found = verify_ledger(filled)
    assert [(each.at, each.why) for each in found.breaks] == [
        (3, "is missing"),
        (7, "and all up to record 8 are missing"),
        (10, "was changed after it was recorded"),
    ]
    assert [(each.first, each.last) for each in found.runs] == [(4, 6), (9, 9), (11, 11)]
    assert (found.records, found.after) == (2, 6)
    assert "record 3 is missing; records up to 2 hold" in found.message


def test_a_record_with_a_right_hash_in_a_wrong_place_is_doubted_with_its_neighbour(filled):
    raw(
        filled,
        "UPDATE record SET sequence = 99 WHERE sequence = 2",
        "UPDATE record SET sequence = 2 WHERE sequence = 3",
        "UPDATE record SET sequence = 3 WHERE sequence = 99",
    )
    found = verify_ledger(filled)
    assert (found.broken_at, found.records) == (2, 1)
    assert standing(found)["early"] == (False, False)


def test_a_registration_that_is_gone_takes_its_verdict_along(filled):
    raw(filled, "DELETE FROM record WHERE sequence = 5")
    late = verify_ledger(filled).experiments[1]
    assert (late.project, late.registration, late.verdict) == ("late", None, 8)
    assert (late.holds, late.verdict_holds) == (False, False)


def test_a_body_that_does_not_read_counts_to_the_last_experiment_of_its_project(filled):
    raw(filled, "UPDATE record SET body = '{]' WHERE sequence = 7")
    found = verify_ledger(filled)
    assert found.breaks[0].at == 7
    assert 7 in found.experiments[1].records


def test_a_stranger_before_the_first_record_is_found(filled):
    raw(
        filled,
        "INSERT INTO record SELECT -5, kind, key, at, author, body, previous, 'x' FROM record "
        "WHERE sequence = 4",
    )
    found = verify_ledger(filled)
    assert (found.ok, found.broken_at, found.records) == (False, -5, 11)
    assert standing(found)["open"] == (True, None)


def test_files_name_their_records_and_experiments(filled):
    with Ledger(filled) as ledger:
        lost = ledger.get(6).body.predictions
        changed = ledger.get(2).body.sealed_rows_file
        ledger.files.path(lost).unlink()
        ledger.files.path(changed).write_bytes(b"?")
    found = verify_ledger(filled)
    wrong = {each.sha: (each.state, each.records, each.projects) for each in found.files_wrong}
    assert wrong == {lost: ("missing", (6,), ("late",)), changed: ("damaged", (2,), ("early",))}
    assert (found.records, found.broken_at) == (11, None)
    assert standing(found) == {
        "early": (False, False),
        "late": (False, False),
        "open": (True, None),
    }


@pytest.mark.parametrize(
    "edit",
    [
        "INSERT INTO passage (rowid, words) VALUES (70, 'never said')",
        "INSERT INTO passage (passage, rowid, words) VALUES ('delete', 4, 'refuted' || char(10) || "
        "'early is refuted')",
        "INSERT INTO passage (passage) VALUES ('delete-all')",
        "DROP TABLE passage",
        "DROP TABLE sealed_row",
        "DELETE FROM sealed_row WHERE registration = 5",
        "DROP INDEX record_kind_key",
        "DROP TRIGGER record_is_never_updated",
        "CREATE TRIGGER quiet BEFORE INSERT ON record BEGIN SELECT RAISE(IGNORE); END",
        "DROP TRIGGER record_is_only_appended; CREATE TRIGGER record_is_only_appended BEFORE "
        "INSERT ON record BEGIN SELECT 1; END",
    ],
)
def test_all_that_is_not_a_record_is_noticed_and_made_anew(filled, edit):
    with closing(sqlite3.connect(filled)) as connection:
        connection.executescript(edit)
    found = verify_ledger(filled)
    assert (found.ok, found.broken_at, found.records) == (False, None, 11)
    assert "run `assay ledger rebuild`" in found.message
    with Ledger(filled) as ledger:
        assert ledger.rebuild_views() == 3
        assert ledger.verify().ok, ledger.verify().message
        assert [each.sequence for each in ledger.search("early")][:1] == [4]
        assert ledger.overlapping([b"late".ljust(16, b".")]) == {5}


def test_words_at_another_place_are_noticed_though_their_number_is_right(filled):
    with closing(sqlite3.connect(filled)) as connection, connection:
        words = "'refuted' || char(10) || 'early is refuted'"
        connection.execute(
            f"INSERT INTO passage (passage, rowid, words) VALUES ('delete', 4, {words})"
        )
        connection.execute("INSERT INTO passage (rowid, words) VALUES (4, 'is refuted refuted')")
    found = verify_ledger(filled)
    assert (found.ok, found.words_wrong, found.views_wrong) == (False, True, ())


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE record SET author = 'Eve' WHERE sequence = 6", "record 6 was changed"),
        ("DELETE FROM record WHERE sequence = 6", "record 6 is missing"),
        ("UPDATE record SET body = '{]' WHERE sequence = 6", "record 6 was changed"),
        ("DELETE FROM record WHERE sequence = 1", "record 1 is missing"),
    ],
)
def test_nobody_builds_on_a_chain_that_breaks(filled, statement, said):
    raw(filled, statement)
    with Ledger(filled) as ledger:
        with pytest.raises(LedgerError, match=f"the chain breaks: {said}.*`assay ledger verify`"):
            History(ledger).refresh()
        with pytest.raises(LedgerError, match="the chain breaks"):
            ledger.rebuild_views()


def test_a_database_that_lost_its_records_is_damaged(filled):
    with closing(sqlite3.connect(filled)) as connection:
        connection.execute("DROP TABLE record")
    found = verify_ledger(filled)
    assert (found.ok, found.records, found.broken_at) == (False, 0, 1)
    with pytest.raises(DamagedError, match="no such table: record"), Ledger(filled) as ledger:
        ledger.head()


@pytest.mark.parametrize("table", ["alembic_version", "sealed_row", "passage", "trial_docsize"])
def test_records_are_checked_though_another_table_is_gone(filled, table):
    with closing(sqlite3.connect(filled)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = ?", [table])
        connection.commit()
    found = verify_ledger(filled)
    assert (found.ok, found.records) == (False, 11), found.message


def test_a_ledger_that_lost_its_mark_is_damaged_and_not_another_database(filled):
    with closing(sqlite3.connect(filled)) as connection, connection:
        connection.execute("PRAGMA application_id = 7")
    with pytest.raises(DamagedError, match="its first page no longer says that it is one"):
        Ledger(filled)
    found = verify_ledger(filled)
    assert (found.ok, found.records, found.broken_at) == (False, 11, None)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A ledger of several pages, closed; tests damage copies of it."""
    path = tmp_path_factory.mktemp("original") / "assay.db"
    fill(path)
    with Ledger(path, author="Ann") as ledger:
        bodies = [AttemptBody(experiment=SHA, name=f"tree {n}", note="x" * 600) for n in range(60)]
        ledger.append_many([(body, "k") for body in bodies])
    return path


def damaged(original, folder, content: bytes):
    path = folder / "assay.db"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(original.parent, folder)
    path.write_bytes(content)
    return path


def checked(path, hashes: list[str]) -> None:
    """Verification and every reader end with an answer or with one sentence."""
    said = []
    try:
        found = verify_ledger(path)
    except LedgerError as error:
        said.append(str(error))
    else:
        json.dumps(asdict(found))
        assert found.records <= len(hashes)
        assert not found.ok or found.head in hashes
        said.append(found.message)
    try:
        with Ledger(path, create=False) as ledger:
            list(ledger.records())
            History(ledger).refresh()
            ledger.search("tree")
    except LedgerError as error:
        said.append(str(error))
    assert all(each.startswith(str(path)) for each in said)


@settings(max_examples=30)
@given(data=st.data())
def test_flipped_bytes_never_break_the_check(original, tmp_path, data):
    content = bytearray(original.read_bytes())
    places = st.integers(0, len(content) - 1) | st.integers(0, 200)
    for at in data.draw(st.lists(places, min_size=1, max_size=4)):
        content[at] ^= data.draw(st.integers(1, 255))
    with Ledger(original) as ledger:
        hashes = [record.hash for record in ledger.records()]
    checked(damaged(original, tmp_path / "copy", bytes(content)), hashes)


def test_a_file_cut_off_anywhere_never_breaks_the_check(original, tmp_path):
    content = original.read_bytes()
    with Ledger(original) as ledger:
        hashes = [record.hash for record in ledger.records()]
    chance = random.Random(4)
    sizes = [0, 1, 50, 100, 511, 512, 4096, len(content) - 1, len(content) - 4096]
    for size in sizes + [chance.randrange(len(content)) for _ in range(10)]:
        checked(damaged(original, tmp_path / "copy", content[:size]), hashes)


def test_records_before_a_page_of_noise_hold_and_those_after_it_are_read(original, tmp_path):
    content = bytearray(original.read_bytes())
    with Ledger(original) as ledger:
        middle = content.find(ledger.get(40).hash.encode())
    page = middle // 4096 * 4096
    content[page : page + 4096] = b"\xff" * 4096
    found = verify_ledger(damaged(original, tmp_path / "copy", bytes(content)))
    assert not found.ok
    assert 0 < found.records < 41
    assert found.runs
    assert found.runs[-1].last == 71
    assert standing(found)["late"] == (True, True)


@pytest.mark.parametrize(
    "part", ["record_kind_key", "sqlite_autoindex_record_1", "sealed_row", "passage_data"]
)
def test_whole_records_beside_broken_pages_are_brought_into_a_new_ledger(original, tmp_path, part):
    """What the check recommends works, and it is not to rebuild, which such a file refuses."""
    with closing(sqlite3.connect(original)) as connection:
        asked = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = connection.execute(asked, [part]).fetchone()
    content = bytearray(original.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    path = damaged(original, tmp_path / "copy", bytes(content))
    found = verify_ledger(path)
    assert (found.ok, found.records, found.breaks) == (False, 71, ())
    assert "rebuild" not in found.message
    assert "`assay ledger export LEDGER whole.jsonl`" in found.message
    with Ledger(path) as ledger:
        ledger.export(tmp_path / "whole.jsonl")
    import_jsonl(tmp_path / "whole.jsonl", tmp_path / "new.db")
    mended = verify_ledger(tmp_path / "new.db")
    assert (mended.ok, mended.head) == (True, found.head)


def test_a_check_never_recommends_itself(original, tmp_path):
    content = original.read_bytes()
    for size in (512, 4096, len(content) // 2):
        found = verify_ledger(damaged(original, tmp_path / "copy", content[:size]))
        assert not found.ok
        assert "ledger verify" not in found.message
        assert "ledger rebuild" not in found.message


def test_a_log_that_was_cut_leaves_a_beginning_of_the_ledger(path, attempt):
    with Ledger(path, author="Ann") as ledger:
        for number in range(20):
            ledger.append(attempt(f"tree {number}"), key="k")
        hashes = [record.hash for record in ledger.records()]
        log = path.with_name("assay.db-wal").read_bytes()
        main = path.read_bytes()
    assert len(log) > 50_000
    for size in (0, 10, 32, 4000, 20_000, 50_000, len(log) - 1, len(log)):
        path.write_bytes(main)
        path.with_name("assay.db-wal").write_bytes(log[:size])
        path.with_name("assay.db-shm").unlink(missing_ok=True)
        with Ledger(path, create=False) as ledger:
            held = [record.hash for record in ledger.records()]
            assert ledger.verify().ok
        assert held == hashes[: len(held)]
