"""Imports that are killed, disks that are full, and copies made while others write."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from assay.errors import LedgerError
from assay.ledger import Ledger, import_jsonl, verify_ledger


def stored(path: Path) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM record ORDER BY sequence").fetchall()


def files(path: Path) -> dict[str, bytes]:
    folder = path.with_name(path.name + ".files")
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file()
    }


FULL = """
import resource, sys
from assay.errors import LedgerError
from assay.ledger import Ledger, import_jsonl
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
what, source, target = sys.argv[2:]
try:
    if what == "import":
        import_jsonl(source, target)
    else:
        with Ledger(source, create=False) as ledger:
            getattr(ledger, what)(target)
except LedgerError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
@pytest.mark.parametrize("what", ["import", "export", "backup"])
def test_a_full_disk_leaves_nothing_behind(path, tmp_path, attempt, what):
    with Ledger(path) as ledger:
        sha = ledger.put(b"p" * 50_000)
        bodies = [attempt(f"{n}", note="x" * 900, predictions=sha) for n in range(300)]
        ledger.append_many([(body, "k") for body in bodies])
        ledger.export(tmp_path / "large.jsonl")
    source = tmp_path / "large.jsonl" if what == "import" else path
    before = sorted(each.name for each in tmp_path.iterdir())
    command = [sys.executable, "-c", FULL, "80000", what, str(source), str(tmp_path / "new")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Make room" in done.stdout
    assert sorted(each.name for each in tmp_path.iterdir()) == before
    with Ledger(path, create=False) as ledger:
        assert ledger.verify().ok


KILLED = """
import sys
from assay.ledger import import_jsonl
print("ready", flush=True)
import_jsonl(sys.argv[1], sys.argv[2])
print("done", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX's")
@pytest.mark.parametrize("is_there", [False, True])
def test_a_killed_import_leaves_a_path_that_can_be_imported_to(path, tmp_path, attempt, is_there):
    chance = random.Random(7)
    target = tmp_path / "two.db"
    with Ledger(path) as ledger:
        if is_there:
            ledger.export(tmp_path / "first.jsonl")
            import_jsonl(tmp_path / "first.jsonl", target)
        bodies = []
        for number in range(80):
            sha = ledger.put(b"%d" % number)
            bodies.append((attempt(str(number), predictions=sha), "k"))
        ledger.append_many(bodies)
        ledger.export(tmp_path / "whole.jsonl")
        whole = [record.hash for record in ledger.records()]
    for _ in range(2):
        command = [sys.executable, "-c", KILLED, str(tmp_path / "whole.jsonl"), str(target)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.4))
            child.send_signal(signal.SIGKILL)
            is_done = "done" in child.stdout.read()
        if not target.exists():
            assert not is_done
            assert not is_there
            continue
        with Ledger(target, create=False) as ledger:
            held = [record.hash for record in ledger.records()]
            assert ledger.verify().ok
        assert held in ([whole, whole[:1]] if is_there and not is_done else [whole])
    found = import_jsonl(tmp_path / "whole.jsonl", target)
    assert found.records == 81
    with Ledger(target) as ledger:
        assert [record.hash for record in ledger.records()] == whole
        assert ledger.verify().ok


WRITER = """
import sys
from assay.ledger import Ledger
from assay.record import AttemptBody
with Ledger(sys.argv[1], author=sys.argv[2]) as ledger:
    print("ready", flush=True)
    number = 0
    while True:
        sha = ledger.put(f"{sys.argv[2]} {number}".encode() * 100)
        body = AttemptBody(experiment="a" * 64, name=f"{number}", predictions=sha)
        ledger.append(body, key=sys.argv[2])
        number += 1
"""


def test_a_backup_while_others_write_is_a_beginning_that_holds(path, tmp_path, attempt):
    with Ledger(path) as ledger:
        ledger.append_many([(attempt(str(number)), "k") for number in range(300)])
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [
        subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True)
        for name in ("ann", "bob")
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()
        with Ledger(path) as ledger:
            told: list[str] = []
            for number in range(2):
                time.sleep(0.05)
                found = ledger.backup(
                    tmp_path / f"copy{number}.db", lambda doing, *_: told.append(doing)
                )
                assert found.ok
        assert {"copying pages", "copying files", "records", "files"} <= set(told)
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    whole = stored(path)
    sizes = []
    for number in range(2):
        copy = tmp_path / f"copy{number}.db"
        checked = verify_ledger(copy)
        assert checked.ok, checked.message
        assert stored(copy) == whole[: checked.records]
        assert len(files(copy)) == checked.files
        sizes.append(checked.records)
    assert 301 < sizes[0] < sizes[1]
    assert sorted(each.name for each in tmp_path.iterdir() if each.name.startswith(".")) == []


def test_a_backup_is_never_written_over_anything(ledger, tmp_path):
    (tmp_path / "there.db").write_text("mine")
    (tmp_path / "other.db.files").mkdir()
    for name in ("there.db", "other.db"):
        with pytest.raises(LedgerError, match=r"is there already, and is never overwritten"):
            ledger.backup(tmp_path / name)
    assert (tmp_path / "there.db").read_text() == "mine"
    assert not (tmp_path / "other.db").exists()


def test_a_ledger_that_does_not_hold_is_not_backed_up(path, tmp_path, attempt):
    with Ledger(path) as ledger:
        sha = ledger.put(b"predictions")
        ledger.append(attempt(predictions=sha), key="k")
        ledger.files.path(sha).unlink()
        with pytest.raises(LedgerError, match=r"no such file\. Restore it from a backup"):
            ledger.backup(tmp_path / "copy.db")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER record_is_never_updated")
        connection.execute("UPDATE record SET author = 'Eve' WHERE sequence = 2")
    with Ledger(path) as ledger, pytest.raises(LedgerError, match="the chain breaks: record 2"):
        ledger.backup(tmp_path / "copy.db")
    assert not [each for each in tmp_path.iterdir() if "copy" in each.name]
