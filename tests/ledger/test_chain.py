import hashlib
import json
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.errors import LedgerError
from assay.ledger import Ledger
from assay.ledger.author import default_author
from assay.record import AttemptBody, GenesisBody, canonical


def raw(path, statement: str, *values) -> None:
    """Edit the file as somebody would who wants a different past: triggers dropped first."""
    connection = sqlite3.connect(path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def test_the_first_record_is_the_genesis(ledger):
    (first,) = ledger.records()
    assert isinstance(first.body, GenesisBody)
    assert (first.sequence, first.kind, first.previous) == (1, "genesis", "0" * 64)
    assert ledger.salt == first.body.salt
    assert len(bytes.fromhex(ledger.salt)) == 32


def test_two_ledgers_have_different_salts(ledger, tmp_path):
    with Ledger(tmp_path / "other.db") as other:
        assert other.salt != ledger.salt


def test_an_appended_record_reads_back(ledger, attempt):
    appended = ledger.append(attempt(open_loss=float("inf")), key="demand")
    assert ledger.get(appended.sequence) == ledger.get(appended.hash) == appended
    assert list(ledger.records())[-1] == appended
    assert (appended.key, appended.author, appended.at[-1]) == ("demand", "Ann", "Z")
    assert ledger.head() == appended.hash


def test_the_hash_can_be_recomputed_with_a_json_library_alone(ledger, attempt, path):
    ledger.append(attempt("Käse", open_loss=0.1), key="demand")
    rows = sqlite3.connect(path)
    found = rows.execute("SELECT * FROM record ORDER BY sequence").fetchall()
    rows.close()
    previous = "0" * 64
    for sequence, kind, key, at, author, body, before, digest in found:
        seven = [sequence, kind, key, at, author, json.loads(body), before]
        text = json.dumps(seven, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        assert before == previous
        assert hashlib.sha256(text.encode()).hexdigest() == digest
        previous = digest


def test_records_are_found_by_kind_and_key(ledger, attempt):
    for key in ("a", "b", "a"):
        ledger.append(attempt(), key=key)
    assert [found.sequence for found in ledger.records(kind="attempt", key="a")] == [2, 4]
    assert [found.sequence for found in ledger.records(key="b")] == [3]
    assert [found.sequence for found in ledger.records(kind="genesis")] == [1]
    assert list(ledger.records(kind="verdict")) == []


def test_all_records_come_back_over_several_batches(ledger, attempt):
    ledger.append_many([(attempt(str(number)), "k") for number in range(1201)])
    assert [found.sequence for found in ledger.records()] == list(range(1, 1203))
    assert ledger.verify().records == 1202


def test_records_may_be_appended_while_others_are_read(ledger, attempt):
    ledger.append_many([(attempt(), "k")] * 600)
    seen = 0
    for found in ledger.records(kind="attempt"):
        seen += 1
        if found.sequence == 300:
            ledger.append(attempt("late"), key="k")
    assert seen == 601


def test_a_missing_record_is_said(ledger):
    with pytest.raises(LedgerError, match=r"assay\.db: no record 7"):
        ledger.get(7)
    with pytest.raises(LedgerError, match="no record 'ffff'"):
        ledger.get("ffff")


def test_time_never_goes_back(ledger, attempt, monkeypatch):
    monkeypatch.setattr("assay.ledger.chain._now", lambda: "2031-01-01T00:00:00.000000Z")
    late = ledger.append(attempt(), key="k")
    monkeypatch.undo()
    assert ledger.append(attempt(), key="k").at == late.at == "2031-01-01T00:00:00.000000Z"
    assert ledger.verify().ok


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE record SET body = replace(body, '2.0', '1.0') WHERE sequence = 3", 3),
        ("UPDATE record SET author = 'Eve' WHERE sequence = 2", 2),
        ("UPDATE record SET at = '2020' WHERE sequence = 4", 4),
        ("UPDATE record SET key = 'other' WHERE sequence = 3", 3),
        ("UPDATE record SET kind = 'lesson' WHERE sequence = 3", 3),
        ("UPDATE record SET body = x'00' WHERE sequence = 3", 3),
        ("UPDATE record SET previous = hash WHERE sequence = 3", 3),
        ("DELETE FROM record WHERE sequence = 3", 3),
        ("DELETE FROM record WHERE sequence = 1", 1),
        ("DELETE FROM record", 1),
        ("UPDATE record SET sequence = 9 WHERE sequence = 5", 5),
    ],
)
def test_a_changed_past_is_found(ledger, attempt, path, statement, broken_at):
    ledger.append_many([(attempt(str(number)), "k") for number in range(4)])
    assert ledger.verify().ok
    raw(path, statement)
    found = ledger.verify()
    assert (found.ok, found.broken_at, found.records) == (False, broken_at, broken_at - 1)
    assert str(broken_at) in found.message


def test_a_forged_record_with_a_right_hash_breaks_the_next_link(ledger, attempt, path):
    ledger.append_many([(attempt(str(number)), "k") for number in range(3)])
    forged = list(ledger.records())[2]
    body = json.dumps(attempt("forged").model_dump(), sort_keys=True, separators=(",", ":"))
    seven = f'[3,"attempt","k","{forged.at}","Ann",{body},"{forged.previous}"]'
    digest = hashlib.sha256(seven.encode()).hexdigest()
    raw(path, "UPDATE record SET body = ?, hash = ? WHERE sequence = 3", body, digest)
    assert ledger.verify().broken_at == 4


def test_a_body_that_cannot_be_read_is_named(ledger, attempt, path):
    ledger.append(attempt(), key="k")
    raw(path, "UPDATE record SET body = '{]' WHERE sequence = 2")
    with pytest.raises(LedgerError, match=r"assay\.db: record 2: its body is not JSON"):
        list(ledger.records())
    raw(path, "UPDATE record SET body = '[1]' WHERE sequence = 2")
    with pytest.raises(LedgerError, match="must be a JSON object"):
        ledger.get(2)
    raw(path, "UPDATE record SET body = '{\"new\":1}' WHERE sequence = 2")
    with pytest.raises(
        LedgerError, match=r"(?s)a newer Assay may have written it.*unknown key `new`"
    ):
        ledger.get(2)


def test_a_kind_that_nobody_knows_reads_as_a_dict(ledger, path):
    raw(path, 'UPDATE record SET kind = \'omen\', body = \'{"x":{"$float":"inf"}}\'')
    assert ledger.get(1).body == {"x": float("inf")}


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    words=st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    number=st.floats(),
    spec=st.dictionaries(st.text(), st.floats() | st.text() | st.integers()),
)
def test_whatever_is_recorded_reads_back_and_verifies(ledger, words, number, spec):
    body = AttemptBody(
        experiment="a" * 64, name=words, note=words, open_loss=number, environment=spec
    )
    appended = ledger.append(body, key=words, author=words or None)
    found = ledger.get(appended.hash)
    # Compared as text, since nan differs from itself.
    assert canonical(found.body.model_dump()) == canonical(body.model_dump())
    assert found.key == words
    assert ledger.verify().ok


@pytest.mark.parametrize("key", ["a\0b", "\ud800"])
def test_a_key_that_no_database_takes_is_refused(ledger, attempt, key):
    with pytest.raises(LedgerError, match=r"a record's key is .* must be Unicode text without NUL"):
        ledger.append(attempt(), key=key)


def test_a_body_that_json_has_no_word_for_is_refused(ledger, attempt):
    with pytest.raises(LedgerError, match=r"attempt record: cannot be kept as JSON: .*set"):
        ledger.append(attempt(environment={"x": {1, 2}}), key="k")
    with pytest.raises(LedgerError, match=r"attempt record: cannot be kept as JSON: .*surrogates"):
        ledger.append(attempt(note="\ud800"), key="k")
    assert len(list(ledger.records())) == 1


def test_the_author_is_asked_from_git_and_the_environment(monkeypatch, tmp_path):
    default_author.cache_clear()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / "none"))
    monkeypatch.setenv("USER", "bob")
    monkeypatch.chdir(tmp_path)
    assert default_author() == "bob"
    default_author.cache_clear()
    (tmp_path / "gitconfig").write_text("[user]\nname = Ann Example\n")
    assert default_author() == "Ann Example"
    default_author.cache_clear()
    monkeypatch.setenv("PATH", "")
    for name in ("USER", "USERNAME", "LOGNAME"):
        monkeypatch.delenv(name, raising=False)
    assert default_author() == "unknown"
    default_author.cache_clear()
