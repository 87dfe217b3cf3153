import errno
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from assay.errors import LedgerError
from assay.ledger import Ledger


def test_opening_makes_the_folder_and_the_file(tmp_path):
    path = tmp_path / "new" / "folder" / "assay.db"
    with Ledger(path) as ledger:
        head = ledger.head()
    with Ledger(str(path), create=False) as ledger:
        assert ledger.head() == head


def test_the_settings_that_keep_it_safe_are_on(ledger):
    with ledger._connections.reading() as connection:
        said = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "recursive_triggers")
        ]
    assert said == ["wal", 2, 1]


def test_opening_imports_no_migrations(path):
    code = (
        "import sys; from assay.ledger import Ledger\n"
        f"Ledger({str(path)!r}).close(); Ledger({str(path)!r}).close()\n"
        "print([name for name in ('alembic', 'jax', 'numpyro') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_empty_file_becomes_a_ledger(path):
    path.touch()
    with Ledger(path) as ledger:
        assert ledger.verify().ok


def test_a_path_where_nothing_is_can_be_refused(path):
    with pytest.raises(LedgerError, match=r"assay\.db: no such ledger. Check the path"):
        Ledger(path, create=False)
    assert not path.exists()


def test_a_text_file_is_no_ledger(path):
    path.write_text("version = 1\n" * 100)
    with pytest.raises(LedgerError, match=r"assay\.db: the ledger is not a ledger, but some other"):
        Ledger(path)
    assert path.read_text() == "version = 1\n" * 100


def test_another_database_is_no_ledger_and_is_left_alone(path):
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="is not a ledger, but some other SQLite database"):
        Ledger(path)
    assert path.read_bytes() == before


def test_a_ledger_of_a_newer_assay_is_refused(path):
    Ledger(path).close()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerError, match=r"made by a newer Assay \(its schema is 9999"):
        Ledger(path)


def test_a_folder_is_no_ledger(tmp_path):
    with pytest.raises(LedgerError, match=r"is a folder\. Name a file in it"):
        Ledger(tmp_path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="its folder is missing and cannot be made"):
        Ledger(tmp_path / "file" / "assay.db")


def test_a_folder_that_may_not_be_read_is_said(path, monkeypatch):
    def refuse(_: object) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("pathlib.Path.exists", refuse)
    with pytest.raises(LedgerError, match="or may not be read: Permission denied"):
        Ledger(path)


def test_a_damaged_ledger_is_said(path, attempt):
    with Ledger(path) as ledger:
        ledger.append_many([(attempt(note="x" * 3000), "k")] * 50)
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    with (
        pytest.raises(LedgerError, match=r"is damaged\. Restore it from a backup"),
        Ledger(path) as ledger,
    ):
        list(ledger.records())


READ_ONLY = """
import os, sys
from assay.errors import LedgerError
from assay.ledger import Ledger
from assay.record import LessonBody
path = sys.argv[1]
if os.geteuid() == 0:
    os.seteuid(65534)  # root may write everywhere: become nobody
try:
    with Ledger(path) as ledger:
        ledger.append(LessonBody(project="k", words="w"), key="k")
except LedgerError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("what", ["file", "folder", "new"])
def test_a_place_that_cannot_be_written_is_said(tmp_path, what):
    folder = tmp_path / "shared"
    path = folder / "assay.db"
    folder.mkdir()
    if what != "new":
        Ledger(path).close()
    for outer in (tmp_path, *tmp_path.parents):
        if outer == Path(tempfile.gettempdir()):
            break
        outer.chmod(0o755)  # pytest keeps its folders to itself
    if what == "file":
        path.chmod(0o444)
        folder.chmod(0o777)
    else:
        folder.chmod(0o555)
        path.chmod(0o666) if what == "folder" else None
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(path)], capture_output=True, text=True, check=False
    )
    folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert "assay.db: the ledger " in done.stdout
    assert ("is read-only" in done.stdout) or ("cannot be opened" in done.stdout)
