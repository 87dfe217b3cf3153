"""The words of records are found at once, in old ledgers too, and the view can be made anew."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import LedgerError
from assay.ledger import Ledger, sqlite
from assay.ledger.search import words_of
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
