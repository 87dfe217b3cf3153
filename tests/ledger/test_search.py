"""The words of records are found at once, in old ledgers too, and the view can be made anew."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import LedgerError
from assay.ledger import Ledger, sqlite
from assay.ledger.search import AT_ONCE, words_of
from assay.record import LessonBody, ProjectBody


@pytest.fixture
def lesson(ledger):
    def learn(words, key="demand"):
        return ledger.append(LessonBody(project=key, words=words), key=key)

    return learn


def test_the_most_telling_comes_first(ledger, lesson):
    lesson("stock and demand and stock-outs, again and again, in every store of the town")
    best = lesson("stock-outs hide demand")
    assert ledger.search("stock-outs hide demand")[0] == best


def test_what_was_learnt_comes_before_what_was_tried(ledger, lesson, attempt):
    for number in range(30):
        ledger.append(attempt(f"booster {number}"), key="demand")
    told = lesson("a booster needs more rows")
    found = ledger.search("booster", limit=5)
    assert found[0] == told
    assert [record.body.name for record in found[1:]] == [f"booster {n}" for n in (29, 28, 27, 26)]


@given(st.text())
def test_whatever_is_typed_is_no_error(tmp_path_factory, text):
    with Ledger(tmp_path_factory.mktemp("typed") / "assay.db") as ledger:
        ledger.append(ProjectBody(key="k", question=text), key="k") if text.isprintable() else None
        ledger.search(text)


def test_a_record_without_words_is_not_indexed(ledger):
    ledger.append(ProjectBody(key="silent"), key="silent")
    assert ledger.verify().ok


def test_a_ledger_from_before_the_search_is_upgraded_with_all_its_words(ledger, lesson, path):
    record = lesson("an early lesson")
    ledger.close()
    # As the first version left it: the same tables, without the words.
    with closing(sqlite3.connect(path)) as connection:
        for statement in sqlite.SEARCH_0002:
            connection.execute(f"DROP TABLE {statement.split()[3]}")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    with Ledger(path) as upgraded:
        assert [found.hash for found in upgraded.search("lessons")] == [record.hash]
        assert upgraded.verify().ok


def test_words_that_were_lost_are_noticed_and_made_anew(ledger, lesson, path):
    lesson("one lesson")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO passage (passage) VALUES ('delete-all')")
        connection.commit()
    assert "run `assay ledger rebuild`" in ledger.verify().message
    assert ledger.search("lesson") == []
    ledger.rebuild_views()
    assert ledger.verify().ok
    assert len(ledger.search("lesson")) == 1


@pytest.mark.parametrize("at_once", [1, 7, 200])
@pytest.mark.parametrize("count", [AT_ONCE - 1, AT_ONCE, 3 * AT_ONCE + 5])
def test_attempts_that_wait_are_found_like_those_that_are_indexed(ledger, attempt, count, at_once):
    bodies = [(attempt(f"tree {number}, leaf {number % 7}"), "k") for number in range(count)]
    for start in range(0, count, at_once):
        ledger.append_many(bodies[start : start + at_once])

    def found():
        words = ("trees", "leaf 3", "tree 5", str(count - 1), "none")
        return [[each.sequence for each in ledger.search(word, limit=50)] for word in words]

    before = found()
    assert before[0] == list(range(count + 1, max(1, count - 49), -1))
    assert before[-1] == []
    assert ledger.verify().ok
    ledger.rebuild_views()
    assert found() == before
    assert ledger.verify().ok


def test_attempts_of_a_process_that_ended_wait_for_the_next(path, attempt):
    for start in range(0, 2 * AT_ONCE, 10):
        with Ledger(path) as ledger:
            for number in range(start, start + 10):
                ledger.append(attempt(f"tree {number}"), key="k")
    with Ledger(path) as ledger:
        assert len(ledger.search("tree", limit=999)) == 130
        assert ledger.verify().ok


def test_too_many_attempts_that_wait_are_noticed(ledger, attempt, path):
    ledger.append_many([(attempt(f"tree {number}"), "k") for number in range(AT_ONCE)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO trial (trial) VALUES ('delete-all')")
        connection.commit()
    assert ledger.verify().words_wrong
    assert len(ledger.search("tree", limit=999)) == AT_ONCE  # and found all the same
    ledger.rebuild_views()
    assert ledger.verify().ok


def test_what_is_rolled_back_is_not_found(ledger, lesson):
    def interrupted():
        with ledger.transaction():
            lesson("a lesson that never was")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert ledger.search("lesson") == []
    assert ledger.verify().ok


def test_a_python_without_full_text_search_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "SEARCH_0002", ("CREATE VIRTUAL TABLE p USING fts5x(words)",))
    with pytest.raises(LedgerError, match="needs an SQLite with full-text search"):
        Ledger(tmp_path / "assay.db")


def test_words_of_every_kind_of_record(attempt):
    assert words_of(attempt("tree", note="by hand")) == "tree\nby hand"
    assert words_of({"unknown": "kind"}) == ""
