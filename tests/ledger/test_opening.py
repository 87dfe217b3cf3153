import errno
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from assay.errors import LedgerError
from assay.ledger import Ledger, opening
from assay.record import LessonBody


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


def test_an_empty_file_can_be_refused(path):
    path.touch()
    with pytest.raises(LedgerError, match=r"assay\.db: the file is empty: no ledger was made"):
        Ledger(path, create=False)
    assert path.read_bytes() == b""


def test_a_path_where_nothing_is_can_be_refused(path):
    with pytest.raises(LedgerError, match=r"assay\.db: no such ledger. Check the path"):
        Ledger(path, create=False)
    assert not path.exists()


def test_a_text_file_is_no_ledger(path):
    path.write_text("version = 1\n" * 100)
    with pytest.raises(LedgerError, match=r"assay\.db: is not a ledger, but some other file"):
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
import os, sys, tempfile
from assay.errors import LedgerError
from assay.ledger import Ledger, verify_ledger
from assay.ledger.migrations import upgrade
from assay.record import LessonBody
with tempfile.TemporaryDirectory() as folder, Ledger(folder + "/warm.db") as ledger:
    ledger.append(LessonBody(project="k", words="warm"), key="k")
    ledger.search("warm")  # whatever is imported late is imported now: nobody may not read it
    ledger.verify()
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)  # root may write everywhere: become nobody
path = sys.argv[1]
try:
    with Ledger(path, create=False) as ledger:
        print(len(list(ledger.records())), len(ledger.search("lesson")), ledger.get(2).body.words)
        print(verify_ledger(path).ok, ledger.verify().ok)
        for write in (
            lambda: ledger.append(LessonBody(project="k", words="w"), key="k"),
            lambda: ledger.put(b"other"),
            ledger.rebuild_views,
        ):
            try:
                write()
            except LedgerError as error:
                print(type(error).__name__, error)
        print(len(list(ledger.records())))
except LedgerError as error:
    print(type(error).__name__, error)
"""


def as_nobody(code: str, *words: object, folder: Path, tmp_path: Path) -> list[str]:
    """What a process prints that may only read `folder`."""
    modes = {each: each.stat().st_mode for each in (folder, *folder.rglob("*"))}
    for outer in (tmp_path, *tmp_path.parents):
        if outer == Path(tempfile.gettempdir()):
            break
        outer.chmod(0o755)  # pytest keeps its folders to itself
    for each in modes:
        each.chmod(0o555 if each.is_dir() else 0o444)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
    )
    for each, mode in modes.items():
        each.chmod(mode)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def shared(tmp_path):
    """A folder with a ledger of two lessons; whether its log is still there is the parameter."""
    folder = tmp_path / "shared"
    with Ledger(folder / "assay.db", author="Ann") as ledger:
        ledger.append(LessonBody(project="k", words="first lesson"), key="k")
        ledger.append(LessonBody(project="k", words="second lesson"), key="k")
    return folder


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("state", ["closed", "log left behind", "open elsewhere"])
def test_a_ledger_that_may_only_be_read_is_read(shared, tmp_path, state):
    path = shared / "assay.db"
    if state == "log left behind":
        with Ledger(path) as ledger:
            ledger.append(LessonBody(project="k", words="third lesson"), key="k")
            log = path.with_name("assay.db-wal").read_bytes()
            before = path.read_bytes()
        path.write_bytes(before)
        path.with_name("assay.db-wal").write_bytes(log)
    with Ledger(path) if state == "open elsewhere" else nullcontext() as other:
        if other:
            other.append(LessonBody(project="k", words="third lesson"), key="k")
        said = as_nobody(READ_ONLY, path, folder=shared, tmp_path=tmp_path)
    count = "3" if state == "closed" else "4"
    lessons = "2" if state == "closed" else "3"
    assert said[0] == f"{count} {lessons} first lesson"
    assert said[1] == "True True"
    assert said[2].startswith(f"ReadOnlyError {path}: the ledger is read-only, or its folder is")
    assert "cannot be written: Permission denied" in said[3]
    assert said[4].startswith("ReadOnlyError")
    assert said[5] == count


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_ledger_of_an_older_assay_that_may_only_be_read_is_read(shared, tmp_path):
    with closing(sqlite3.connect(shared / "assay.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
    said = as_nobody(READ_ONLY, shared / "assay.db", folder=shared, tmp_path=tmp_path)
    assert said[:2] == ["3 2 first lesson", "True True"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_ledger_that_may_not_even_be_read_is_said(shared, tmp_path):
    closed = READ_ONLY.replace("import os,", "import os, sys; os.chmod(sys.argv[1], 0); import")
    (said,) = as_nobody(closed, shared / "assay.db", folder=shared, tmp_path=tmp_path)
    assert said.startswith("LedgerError")
    assert "Permission denied" in said


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_new_ledger_in_a_folder_that_may_not_be_written_is_said(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    code = READ_ONLY.replace(", create=False", "")
    (said,) = as_nobody(code, folder / "assay.db", folder=folder, tmp_path=tmp_path)
    assert said.startswith("ReadOnlyError")
    assert list(folder.iterdir()) == []


def test_a_copy_that_is_read_goes_when_the_ledger_does(shared, tmp_path, monkeypatch):
    """As in a read-only folder; the engine on the file itself refuses."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    prepare = opening.open_schema
    left = [sqlite3.OperationalError("unable to open database file")]

    def refuse_once(*words: object, **named: object) -> None:
        if left:
            raise left.pop()
        prepare(*words, **named)

    monkeypatch.setattr(opening, "open_schema", refuse_once)
    ledger = Ledger(shared / "assay.db")
    assert len(list(ledger.records())) == 3
    assert len(list(place.iterdir())) == 1
    ledger.close()
    assert list(place.iterdir()) == []


FILE_LIMIT = """
import resource, sys
from assay.errors import LedgerError
from assay.ledger import Ledger
from assay.record import LessonBody
with Ledger(sys.argv[1]) as ledger:
    print(ledger.append(LessonBody(project="k", words="kept"), key="k").hash)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
    for body in ("x" * 200_000, "y" * 100):
        for _ in range(30):
            try:
                ledger.append(LessonBody(project="k", words=body), key="k")
            except LedgerError as error:
                print(error)
                break
    try:
        ledger.put(b"z" * 100_000)
    except LedgerError as error:
        print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_limit_on_the_size_of_files_loses_nothing(path):
    done = subprocess.run(
        [sys.executable, "-c", FILE_LIMIT, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kept, large, *_, file = done.stdout.splitlines()
    assert "Make room, or check the disk" in large
    assert "File too large. Make room" in file
    with Ledger(path) as ledger:
        assert ledger.get(2).hash == kept
        assert ledger.verify().ok
        words = [record.body.words for record in ledger.records("lesson")]
        assert set(words[1:]) <= {"y" * 100}
        assert ledger.append(LessonBody(project="k", words="after"), key="k").sequence > 2
    assert not [each for each in ledger.files.folder.rglob("*") if each.is_file()]
