import os
import sqlite3
from contextlib import suppress

import pytest

from assay.errors import LedgerError


def rows(count: int, width: int = 16) -> list[bytes]:
    return [os.urandom(width) for _ in range(count)]


@pytest.mark.parametrize("width", [16, 32])
def test_an_overlap_names_the_registrations(ledger, register, width):
    old, shared, new = (rows(5, width) for _ in range(3))
    first, second = register(old + shared), register(shared + new)
    assert ledger.overlapping(old) == {first}
    assert ledger.overlapping(shared[:1]) == {first, second}
    assert ledger.overlapping([*old, *new]) == {first, second}
    assert ledger.overlapping(rows(3, width)) == set()
    assert ledger.overlapping([]) == set()


def test_an_overlap_is_seen_within_the_transaction_that_makes_it(ledger, register):
    sealed = rows(3)
    with suppress(ZeroDivisionError), ledger.transaction():
        assert ledger.overlapping(sealed) == set()
        sequence = register(sealed)
        assert ledger.overlapping(sealed) == {sequence}
        raise ZeroDivisionError
    assert ledger.overlapping(sealed) == set()


def test_equal_rows_count_once(ledger, register):
    row = rows(1)
    assert ledger.overlapping(row * 2) == set()
    assert ledger.overlapping(row) == set()
    assert {register(row * 2)} == ledger.overlapping(row)
    assert ledger.verify().ok


def test_the_view_can_be_rebuilt(ledger, register, path):
    first, second = rows(4), rows(4)
    sequences = [register(first), register(second)]
    with sqlite3.connect(path) as other:
        other.execute("DELETE FROM sealed_row WHERE registration = ?", [sequences[0]])
        other.execute("INSERT INTO sealed_row VALUES (?, 99)", rows(1))
    other.close()
    found = ledger.verify()
    assert (found.ok, found.broken_at, found.views_wrong) == (False, None, (sequences[0], 99))
    assert "run `assay ledger rebuild`" in found.message
    assert ledger.rebuild_views() == 2
    assert ledger.verify().ok
    assert ledger.overlapping(first) == {sequences[0]}


def test_a_rebuild_without_its_file_leaves_the_view(ledger, register):
    sealed = rows(4)
    sequence = register(sealed)
    ledger.files.path(ledger.get(sequence).body.sealed_rows_file).unlink()
    with pytest.raises(LedgerError, match="no such file"):
        ledger.rebuild_views()
    assert ledger.overlapping(sealed) == {sequence}
    assert len(ledger.verify().files_missing) == 1


def test_a_file_of_another_size_is_refused(register):
    with pytest.raises(LedgerError, match="holds 40 bytes for n_sealed = 2, must hold 16 or 32"):
        register([b"x" * 20, b"y" * 20])
    with pytest.raises(LedgerError, match="holds 33 bytes for n_sealed = 2"):
        register([b"x" * 16, b"y" * 17])
