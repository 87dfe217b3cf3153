import errno
import hashlib
import os

import pytest

from assay.errors import LedgerError


def test_a_file_is_named_by_its_hash(ledger, path):
    sha = ledger.put(b"predictions")
    assert sha == hashlib.sha256(b"predictions").hexdigest()
    assert (path.parent / "assay.db.files" / sha[:2] / sha[2:]).read_bytes() == b"predictions"
    assert ledger.read_file(sha) == b"predictions"
    assert ledger.put(b"predictions") == sha


def test_a_file_that_was_cut_off_is_written_anew(ledger):
    sha = ledger.put(b"predictions")
    ledger.files.path(sha).write_bytes(b"pre")
    ledger.put(b"predictions")
    assert ledger.read_file(sha) == b"predictions"


def test_nothing_but_the_file_is_left(ledger):
    sha = ledger.put(b"x")
    assert os.listdir(ledger.files.path(sha).parent) == [sha[2:]]


def test_a_missing_file_is_said(ledger):
    with pytest.raises(LedgerError, match=r"no such file\. Restore it from a backup"):
        ledger.read_file("f" * 64)


def test_a_changed_file_is_said(ledger):
    sha = ledger.put(b"predictions")
    ledger.files.path(sha).write_bytes(b"PREDICTIONS")
    with pytest.raises(LedgerError, match="its content no longer matches its name"):
        ledger.read_file(sha)


def test_a_record_needs_its_files_first(ledger, attempt):
    sha = hashlib.sha256(b"late").hexdigest()
    with pytest.raises(LedgerError, match=f"the file {sha} is not beside the ledger"):
        ledger.append(attempt(predictions=sha), key="k")
    ledger.put(b"late")
    assert ledger.append(attempt(predictions=sha), key="k").sequence == 2


def test_a_full_disk_leaves_no_half_file(ledger, monkeypatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("assay.ledger.files.os.fsync", full)
    with pytest.raises(LedgerError, match=r"No space left on device\. Make room"):
        ledger.put(b"large")
    monkeypatch.undo()
    assert not [path for path in ledger.files.folder.rglob("*") if path.is_file()]


def test_verify_names_missing_and_damaged_files(ledger, attempt):
    shas = [ledger.put(content) for content in (b"kept", b"lost", b"changed")]
    ledger.append_many([(attempt(predictions=sha), "k") for sha in shas])
    assert ledger.verify().message.endswith("all 4 records and 3 files hold.")
    ledger.files.path(shas[1]).unlink()
    ledger.files.path(shas[2]).write_bytes(b"CHANGED")
    found = ledger.verify()
    assert (found.ok, found.records, found.broken_at) == (False, 4, None)
    assert found.files_missing == (shas[1],)
    assert found.files_damaged == (shas[2],)
    assert "1 files are missing" in found.message
