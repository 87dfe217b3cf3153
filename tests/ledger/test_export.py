"""What is exported and imported is the same, to the byte; anything less is refused."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import LedgerError
from assay.ledger import Ledger, import_jsonl, verify_ledger
from assay.ledger.chain import Head, head_after, linked
from assay.record import (
    AnswerBody,
    AttemptBody,
    LessonBody,
    ProjectBody,
    RegistrationBody,
    VerdictBody,
    canonical,
)

SHA = "0123456789abcdef" * 4

text = st.text(st.characters(codec="utf-8"), max_size=30)
key_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
numbers = st.floats() | st.integers() | st.integers(-(10**600), 10**600) | st.just(-0.0)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
contents = st.binary(max_size=300) | st.integers(1, 3).map(lambda n: bytes(range(256)) * 200 * n)


@st.composite
def bodies(draw):
    """A maker of a record's body that stores the files it names."""
    kind = draw(st.sampled_from(["project", "attempt", "registration", "answer", "lesson"]))
    content, words, value = draw(contents), draw(text), draw(values)

    def make(ledger: Ledger):
        if kind == "project":
            return ProjectBody(key="k", question=words)
        if kind == "answer":
            return AnswerBody(attempt=SHA, answer="not yet")
        if kind == "lesson":
            return LessonBody(project="k", words=words or "none")
        if kind == "attempt":
            return AttemptBody(
                experiment=SHA, name=words, environment={"value": value},
                predictions=ledger.put(content), open_loss=value if isinstance(value, float) else 1,
            )  # fmt: skip
        rows = ledger.put((content + bytes(16))[:16])
        return RegistrationBody(
            project="k", data_sha=SHA, target="y", metric="crps", baseline="naive", improve_by=0.05,
            expect=0.15, alpha=0.05, tries=10, seal={"rows": 1}, n_open=5, n_sealed=1,
            sealed_rows_file=rows, order_file=ledger.put(content), test="independent",
            baseline_open_loss=1.0, sd0=1.0, spec_sha=SHA, spec={"value": value}, question=words,
        )  # fmt: skip

    return make


def append_unknown(path: Path, kind: str, key: str, fields: dict) -> None:
    """As a newer Assay would, with kinds of its own."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        last = connection.execute("SELECT * FROM record ORDER BY sequence DESC LIMIT 1").fetchone()
        head = head_after(dict(last)) if last else Head()
        row = linked(head, kind=kind, key=key, author="new", body=canonical(fields))
        places = ", ".join(f":{name}" for name in row)
        connection.execute(f"INSERT INTO record VALUES ({places})", row)


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


def exported(path: Path, target: Path) -> bytes:
    with Ledger(path, create=False) as ledger:
        ledger.export(target)
    content = target.read_bytes()
    target.unlink()
    return content


@pytest.fixture
def place(tmp_path):
    """A fresh folder for each example."""

    def fresh() -> Path:
        folder = tmp_path / "example"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    return fresh


@given(
    made=st.lists(bodies() | st.tuples(key_text, values), max_size=6),
    keys=st.lists(key_text, min_size=6, max_size=6),
    author=key_text.filter(bool),
)
def test_export_import_export_is_the_same_to_the_byte(place, made, keys, author):
    folder = place()
    path, again = folder / "one.db", folder / "two.db"
    with Ledger(path, author=author) as ledger:
        for item, key in zip(made, keys, strict=False):
            if isinstance(item, tuple):
                sha = ledger.put(repr(item).encode())
                fields = {"value": item[1], "inside": [{"file": sha}], "other": "f" * 64}
                append_unknown(path, f"omen {item[0]}", key, fields)
            else:
                ledger.append(item(ledger), key=key)
    first = exported(path, folder / "one.jsonl")
    (folder / "one.jsonl").write_bytes(first)
    found = import_jsonl(folder / "one.jsonl", again)
    assert found.appended == found.records == len(stored(path))
    assert stored(again) == stored(path)
    assert files(again) == files(path)
    assert exported(again, folder / "two.jsonl") == first
    checked = verify_ledger(again)
    assert checked.ok, checked.message
    assert sorted(each.name for each in folder.iterdir() if each.name[0] == ".") == []


@pytest.fixture
def small(path, tmp_path):
    """A ledger with files, one of them of two pieces, and its export."""
    with Ledger(path, author="Ann") as ledger:
        fill(ledger)
        ledger.export(tmp_path / "small.jsonl")
    return tmp_path / "small.jsonl"


def fill(ledger: Ledger) -> None:
    rows = ledger.put(b"r" * 32)
    body = RegistrationBody(
        project="k", data_sha=SHA, target="y", metric="crps", baseline="naive", improve_by=0.05,
        expect=0.15, alpha=0.05, tries=10, seal={"rows": 2}, n_open=5, n_sealed=2,
        sealed_rows_file=rows, test="independent", baseline_open_loss=1.0, sd0=1.0, spec_sha=SHA,
        question="is it?",
    )  # fmt: skip
    experiment = ledger.append(body, key="k").hash
    predictions = ledger.put(bytes(range(256)) * 200)
    empty = ledger.put(b"")
    for name, sha in (("tree", predictions), ("net", predictions), ("none", empty)):
        made = AttemptBody(experiment=experiment, name=name, predictions=sha)
        ledger.append(made, key="k")
    verdict = VerdictBody(experiment=experiment, outcome="refuted", sentence="No: it is not.")
    ledger.append(verdict, key="k")


def test_every_line_is_an_object_and_says_what_it_is(small, path):
    lines = [json.loads(line) for line in small.read_text("utf-8").splitlines()]
    assert lines[0] == {"format": 1, "holds": "assay ledger"}
    assert [line["line"] for line in lines[1:]] == [
        "record", "file", "record", "file", "file", "record", "record", "file", "record",
        "record", "end",
    ]  # fmt: skip
    with Ledger(path) as ledger:
        assert lines[-1] == {"line": "end", "records": 6, "files": 3, "head": ledger.head()}
        record = next(line for line in lines[1:] if line.get("sequence") == 6)
        assert record["body"]["sentence"] == "No: it is not."
        assert record["hash"] == ledger.head()


def test_views_come_out_the_same(small, path, tmp_path):
    import_jsonl(small, tmp_path / "new" / "two.db")
    with Ledger(path) as one, Ledger(tmp_path / "new" / "two.db") as two:
        for words in ("tree", "net", "no", "is it"):
            found = [record.hash for record in two.search(words)]
            assert found == [record.hash for record in one.search(words)] != []
        assert two.overlapping([b"r" * 16]) == one.overlapping([b"r" * 16]) == {2}
        assert two.verify().ok


def test_a_second_import_changes_nothing(small, path, tmp_path):
    target = tmp_path / "two.db"
    assert import_jsonl(small, target).appended == 6
    before = (target.read_bytes(), files(target))
    found = import_jsonl(small, target)
    assert (found.records, found.appended, found.files) == (6, 0, 3)
    assert (target.read_bytes(), files(target)) == before


def test_only_what_is_lacking_is_appended(small, path, tmp_path):
    target = tmp_path / "two.db"
    import_jsonl(small, target)
    with Ledger(path) as ledger:
        sha = ledger.put(b"later")
        ledger.append(AttemptBody(experiment=SHA, name="late", predictions=sha), key="k")
        ledger.export(tmp_path / "longer.jsonl")
    found = import_jsonl(tmp_path / "longer.jsonl", target)
    assert (found.records, found.appended) == (7, 1)
    assert stored(target) == stored(path)
    with pytest.raises(LedgerError, match=r"its record 7 is an attempt of 'k'.*small.jsonl ends"):
        import_jsonl(small, target)


def test_a_file_that_was_lost_comes_back(small, path):
    with Ledger(path) as ledger:
        sha = ledger.get(3).body.predictions
        ledger.files.path(sha).write_bytes(b"damaged")
        assert not ledger.verify().ok
        assert import_jsonl(small, path).appended == 0
        assert ledger.verify().ok


def test_another_ledger_is_refused_with_both_records(small, tmp_path):
    target = tmp_path / "other.db"
    with Ledger(target, author="Bob") as other:
        other.append(LessonBody(project="k", words="mine"), key="k")
    before = stored(target)
    with pytest.raises(LedgerError) as raised:
        import_jsonl(small, target)
    said = str(raised.value)
    assert said.startswith(f"{target}: is another ledger than the exported one: its record 1 is a")
    assert "genesis by Bob at" in said
    assert "small.jsonl it is a genesis by Ann" in said
    assert stored(target) == before
    assert files(target) == {}


def test_a_fork_is_refused_at_the_first_record_that_differs(small, path, tmp_path):
    target = tmp_path / "two.db"
    import_jsonl(small, target)
    with Ledger(path, author="Ann") as one, Ledger(target, author="Bob") as two:
        one.append(LessonBody(project="k", words="ours"), key="k")
        one.export(tmp_path / "fork.jsonl")
        two.append(LessonBody(project="k", words="mine"), key="k")
        with pytest.raises(LedgerError, match=r"record 7 is a lesson of 'k' by Bob .* by Ann"):
            import_jsonl(tmp_path / "fork.jsonl", target)
        assert len(list(two.records())) == 7


def cases(content: bytes) -> dict[str, tuple[bytes, str]]:
    lines = content.splitlines(keepends=True)

    def without(*numbers: int) -> bytes:
        return b"".join(line for at, line in enumerate(lines) if at not in numbers)

    def swapped(one: int, other: int) -> bytes:
        order = list(lines)
        order[one], order[other] = order[other], order[one]
        return b"".join(order)

    return {
        "empty": (b"", "is no export of a ledger"),
        "other file": (b"date,units\n1,2\n", "is no export of a ledger"),
        "other json": (b'{"a": 1}\n', "is no export of a ledger"),
        "no text": (b"\xff\xfe" * 50, "is no export of a ledger"),
        "newer": (content.replace(b'"format":1', b'"format":2', 1), "is an export of format 2"),
        "last newline": (content[:-1], "cut off"),
        "no end": (without(len(lines) - 1), "cut off: its last line is missing"),
        "more": (content + lines[1], "stands after the end"),
        "twice": (content + content, "is not as"),
        "no genesis": (without(1), "record 1 is missing"),
        "no record": (without(6), "record 3 is missing"),
        "no piece": (without(5), "a piece of the file .* is missing"),
        "no file": (without(2), "the files before this record are not those"),
        "swapped records": (swapped(6, 7), "record 3 is missing"),
        "swapped pieces": (swapped(4, 5), "a piece of the file .* is missing"),
        "file twice": (without() and b"".join([*lines[:3], *lines[2:]]), "comes a second time"),
        "edited author": (content.replace(b'"Ann"', b'"Eve"'), "record 1 was changed after"),
        "edited body": (content.replace(b"No: it", b"Yes it", 1), "record 6 was changed after"),
        "edited file": (content.replace(b'"base64":"cnJy', b'"base64":"cnJz'), "was changed"),
        "bad base64": (content.replace(b'"base64":"cnJy', b'"base64":"c*Jy'), "is not as"),
        "spaces": (content.replace(b'"line":"record"', b'"line": "record"'), "is not as"),
        "no json": (
            without(3) and content.replace(b'{"line":"end"', b'("line":"end"'),
            "is not as",
        ),
        "other line": (content.replace(b'"line":"end"', b'"line":"fin"'), "is not as"),
        "name of a file": (content.replace(b'"sha":"', b'"sha":"../'), "is not as"),
        "half a record": (content.replace(b'"records":6', b'"records":6.0'), "is not as"),
        "counts": (content.replace(b'"records":6', b'"records":7'), "the end tells of 7 records"),
        "files": (content.replace(b'"files":3', b'"files":2'), "the end tells of 6 records and 2"),
        "deep": (content.replace(b'{"line":"end"', b'{"x":' + b"[" * 5000), "is not as"),
    }


@pytest.mark.parametrize("name", sorted(cases(b"\n" * 12)))
def test_an_export_that_is_not_whole_is_refused(small, tmp_path, name):
    content, said = cases(small.read_bytes())[name]
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(content)
    target = tmp_path / "new" / "two.db"
    with pytest.raises(LedgerError, match=rf"bad\.jsonl: .*{said}"):
        import_jsonl(bad, target)
    assert not target.parent.exists()
    existing = tmp_path / "existing.db"
    Ledger(existing).close()
    before = (stored(existing), files(existing))
    with pytest.raises(LedgerError):
        import_jsonl(bad, existing)
    assert (stored(existing), files(existing)) == before


def test_an_export_cut_at_any_byte_is_refused(path, tmp_path):
    with Ledger(path, author="Ann") as ledger:
        sha = ledger.put(b"x" * 30)
        body = AttemptBody(experiment=SHA, name="tree", predictions=sha)
        ledger.append(body, key="k")
        ledger.export(tmp_path / "whole.jsonl")
    content, bad = (tmp_path / "whole.jsonl").read_bytes(), tmp_path / "bad.jsonl"
    for size in range(len(content)):
        bad.write_bytes(content[:size])
        with pytest.raises(LedgerError, match=r"bad\.jsonl: "):
            import_jsonl(bad, tmp_path / "two.db")
    assert not (tmp_path / "two.db").exists()


@settings(max_examples=60)
@given(data=st.data())
def test_an_export_with_other_bytes_is_refused_or_the_same(small, tmp_path, data):
    content = bytearray(small.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    (tmp_path / "bad.jsonl").write_bytes(content)
    with pytest.raises(LedgerError, match=r"bad\.jsonl: "):
        import_jsonl(tmp_path / "bad.jsonl", tmp_path / "two.db")
    assert not (tmp_path / "two.db").exists()
    assert not (tmp_path / "two.db.files").exists()


def test_an_export_is_never_written_over_a_file(ledger, tmp_path):
    (tmp_path / "there.jsonl").write_text("mine")
    with pytest.raises(LedgerError, match=r"there\.jsonl: is there already"):
        ledger.export(tmp_path / "there.jsonl")
    assert (tmp_path / "there.jsonl").read_text() == "mine"


@pytest.mark.parametrize("state", ["missing", "damaged"])
def test_a_ledger_whose_file_is_wrong_is_not_exported(small, path, tmp_path, state):
    with Ledger(path) as ledger:
        place = ledger.files.path(ledger.get(3).body.predictions)
        if state == "missing":
            place.unlink()
        else:
            place.write_bytes(b"\0" * place.stat().st_size)
        with pytest.raises(LedgerError, match="Restore it from a backup"):
            ledger.export(tmp_path / "new.jsonl")
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "assay.db", "assay.db.files", "small.jsonl"
    ]  # fmt: skip


def test_an_export_is_of_one_moment_though_others_write(path, tmp_path, attempt, monkeypatch):
    with Ledger(path) as ledger, Ledger(path) as other:
        ledger.append_many([(attempt(str(number)), "k") for number in range(20)])

        def write(doing: str, done: int, total: int) -> None:
            other.append(attempt("later"), key="k")

        found = ledger.export(tmp_path / "then.jsonl", write)
        assert found.records == 21
        assert len(list(ledger.records())) == 42
    assert import_jsonl(tmp_path / "then.jsonl", tmp_path / "two.db").records == 21
