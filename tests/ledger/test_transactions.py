import sqlite3
import threading
from contextlib import suppress

import pytest

from assay.errors import LedgerError
from assay.ledger import Ledger, sqlite


def names(ledger: Ledger) -> list[str]:
    return [found.body.name for found in ledger.records(kind="attempt")]


def test_a_transaction_is_recorded_as_a_whole(ledger, attempt, path):
    with Ledger(path) as other:
        with ledger.transaction() as inside:
            inside.append(attempt("a"), key="k")
            assert names(inside) == ["a"]
            assert names(other) == []
            inside.append(attempt("b"), key="k")
        assert names(other) == ["a", "b"]
    assert ledger.verify().ok


def test_a_transaction_that_raises_leaves_nothing(ledger, attempt):
    head = ledger.head()
    with suppress(ZeroDivisionError), ledger.transaction():
        ledger.append(attempt("a"), key="k")
        raise ZeroDivisionError
    assert ledger.head() == head
    ledger.append(attempt("b"), key="k")
    assert names(ledger) == ["b"]
    assert ledger.verify().ok


def test_an_inner_block_may_fail_alone(ledger, attempt):
    with ledger.transaction():
        ledger.append(attempt("a"), key="k")
        with suppress(ZeroDivisionError), ledger.transaction():
            ledger.append(attempt("lost"), key="k")
            raise ZeroDivisionError
        ledger.append(attempt("b"), key="k")
    assert names(ledger) == ["a", "b"]
    assert ledger.verify().ok


def test_many_are_recorded_together_or_not_at_all(ledger, attempt):
    with pytest.raises(LedgerError, match="is not beside the ledger"):
        ledger.append_many([(attempt("a"), "k"), (attempt("b", predictions="f" * 64), "k")])
    assert names(ledger) == []
    assert ledger.append_many([]) == []
    appended = ledger.append_many([(attempt("a"), "k"), (attempt("b"), "l")], author="Bob")
    assert [(found.sequence, found.key, found.author) for found in appended] == [
        (2, "k", "Bob"),
        (3, "l", "Bob"),
    ]


def test_a_read_within_a_transaction_stays_true_until_it_ends(ledger, attempt, path):
    """Two lookers count the looks so far and record the next: none may be counted twice."""

    def look(opened: Ledger) -> None:
        for _ in range(10):
            with opened.transaction():
                count = len(list(opened.records(kind="attempt")))
                opened.append(attempt(str(count + 1)), key="k")

    with Ledger(path) as other:
        threads = [
            threading.Thread(target=look, args=[opened])
            for opened in (ledger, ledger, other, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert names(ledger) == [str(number) for number in range(1, 41)]
    assert ledger.verify().ok


def test_another_process_that_writes_too_long_is_said(path, attempt):
    with Ledger(path, timeout_s=0.1) as ledger:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match=r"locked by another process for longer than 0\.1 s"):
            ledger.append(attempt("a"), key="k")
        assert names(ledger) == []  # reading never waits
        other.execute("ROLLBACK")
        other.close()
        ledger.append(attempt("b"), key="k")
        assert names(ledger) == ["b"]


def test_another_thread_that_writes_too_long_is_said(path, attempt):
    with Ledger(path, timeout_s=0.1) as ledger, ledger.transaction():
        said = []

        def write() -> None:
            with pytest.raises(LedgerError, match="locked by another thread") as raised:
                ledger.append(attempt(), key="k")
            said.append(raised.value)

        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert len(said) == 1


def test_a_full_disk_leaves_what_was_there(ledger, attempt, monkeypatch):
    ledger.append(attempt("a"), key="k")
    # SQLite's own way to a full disk: the file may not grow beyond what it is.
    with ledger._connections.writing() as writing:
        writing.connection.exec_driver_sql("PRAGMA max_page_count = 1")
        with pytest.raises(LedgerError, match=r"since the disk is full\. Make room and try again"):
            ledger.append(attempt("b", note="x" * 100_000), key="k")
        writing.connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert names(ledger) == ["a"]
    ledger.append(attempt("c"), key="k")
    assert names(ledger) == ["a", "c"]
    assert ledger.verify().ok


@pytest.mark.parametrize("is_first", [True, False])
def test_nothing_is_recorded_of_a_transaction_that_sqlite_gave_up(ledger, attempt, is_first):
    """As it does where the disk fails: what follows is not recorded without what came before."""

    def give_up():
        with ledger.transaction():
            if is_first:
                ledger.append(attempt("a"), key="k")
            with ledger._connections.reading() as connection:
                sqlite.driver(connection).execute("ROLLBACK")
            with pytest.raises(LedgerError, match="gave up the transaction"):
                ledger.append(attempt("b"), key="k")

    with pytest.raises(LedgerError, match="no transaction is active"):
        give_up()
    assert names(ledger) == []
    ledger.append(attempt("c"), key="k")
    assert names(ledger) == ["c"]
    assert ledger.verify().ok


@pytest.mark.parametrize("room", range(0, 12, 3))
def test_a_disk_that_fills_up_keeps_what_was_acknowledged(ledger, attempt, room):
    kept = [ledger.append(attempt("a"), key="k")]
    with ledger._connections.writing() as writing:
        driver = sqlite.driver(writing.connection)
    (pages,) = driver.execute("PRAGMA page_count").fetchone()
    driver.execute(f"PRAGMA max_page_count = {pages + room}")
    said = ""
    while not said:
        try:
            kept += ledger.append_many([(attempt("b", note="x" * 1500), "k")] * 2)
        except LedgerError as error:
            said = str(error)
    assert "since the disk is full" in said
    assert list(ledger.records("attempt")) == kept
    assert ledger.verify().ok
    ledger.append(attempt("c"), key="k")
    assert ledger.verify().records == len(kept) + 2


def test_a_closed_ledger_says_so(path, attempt):
    with Ledger(path) as ledger:
        pass
    ledger.close()
    for use in (lambda: ledger.append(attempt(), key="k"), ledger.head, ledger.verify):
        with pytest.raises(LedgerError, match=r"assay\.db: the ledger is closed. Open it again"):
            use()
