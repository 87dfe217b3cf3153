"""What the records add up to, also after something was rolled back."""

import pytest

from assay.ledger import History
from assay.record import AttemptBody


def test_only_what_is_new_is_read(ledger, attempt):
    history = History(ledger).refresh()
    first = ledger.append(attempt("one"), key="k")
    assert history.refresh().attempts[first.body.experiment] == [first]
    ledger.append(attempt("two"), key="k")
    history.refresh()
    history.refresh()
    assert [each.body.name for each in history.attempts[first.body.experiment]] == ["one", "two"]


def test_what_was_rolled_back_is_forgotten(ledger, attempt):
    history = History(ledger).refresh()

    def fail():
        with ledger.transaction():
            assert ledger.is_in_transaction
            ledger.append(attempt("gone"), key="k")
            history.refresh()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not ledger.is_in_transaction
    history.forget()
    kept = ledger.append(attempt("kept"), key="k")  # under the number of the one that is gone
    assert history.refresh().attempts[kept.body.experiment] == [kept]


def test_overlaps_are_direct_and_sharing_goes_on(ledger, register, tmp_path):
    def seals(*rows: int, overlaps: tuple[int, ...] = ()) -> int:
        sequence = register([bytes([row]) * 16 for row in rows])
        body = ledger.get(sequence).body.model_copy(update={"overlaps": overlaps})
        return ledger.append(body, key="demand").sequence

    one = seals(1, 2)
    two = seals(2, 3, overlaps=(one,))
    three = seals(3, 4, overlaps=(two,))
    alone = seals(9)
    history = History(ledger).refresh()
    record = {sequence: ledger.get(sequence) for sequence in (one, two, three, alone)}

    def numbers(found):
        return [each.sequence for each in found]

    assert numbers(history.overlapping(record[one])) == [one, two]
    assert numbers(history.overlapping(record[two])) == [one, two, three]
    assert numbers(history.sharing(record[one])) == [one, two, three]
    assert numbers(history.sharing(record[alone])) == [alone]


def test_what_was_imported_stands_by_its_source_and_not_among_the_attempts_on_seals(ledger):
    def bring(source, started=None, key="k", **fields):
        facts = {"source": source, "started": started}
        return ledger.append(AttemptBody(name=source, imported=facts, **fields), key=key)

    early, late = "2020-01-01T00:00:00.000000Z", "2021-01-01T00:00:00.000000Z"
    bring("a", late)
    second, other = bring("b", early), bring("c", early, key="other")
    now = bring("a", late, effort=2.0)
    timeless = bring("d")
    history = History(ledger).refresh()
    assert dict(history.attempts) == {}
    assert history.imported == {"a": now, "b": second, "c": other, "d": timeless}
    assert history.imported_into("k") == [second, now, timeless]
    moved = bring("b", early, key="other")
    assert history.refresh().imported_into("k") == [now, timeless]
    assert history.imported_into("other") == [moved, other]


def test_looks_are_counted_and_found_by_name_and_predictions(ledger, register, attempt):
    record = ledger.get(register([b"a" * 16]))
    sha = ledger.put(b"predictions")
    facts = {"experiment": record.hash, "predictions": sha}
    look = ledger.append(attempt("one", **facts, look=1, level=0.004), key="demand")
    ledger.append(attempt("same", **facts), key="demand")
    history = History(ledger).refresh()
    assert history.looks([record]) == 1
    assert history.look_at(record, sha) == look
    assert history.look_at(record, "0" * 64) is None
    assert history.attempt(record, "same").body.look is None
    assert history.attempt(record, "other") is None


def test_numbers_that_are_used_anew_are_read_anew(ledger, attempt):
    """Its numbers are used anew, and what then stands there must be read."""
    history = History(ledger)
    ledger.append(attempt("first"), key="demand")
    history.refresh()

    def rolled_back():
        with ledger.transaction():
            for number in range(5):
                ledger.append(attempt(f"lost {number}"), key="demand")
            history.refresh()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        rolled_back()
    ledger.append(attempt("second"), key="demand")
    found = [each.body.name for made in history.refresh().attempts.values() for each in made]
    assert found == ["first", "second"]
