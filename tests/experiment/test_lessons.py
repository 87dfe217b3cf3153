"""What was believed and seen, in whose words, and who is told of it."""

import polars as pl
import pytest

from assay.errors import ExperimentError, LedgerError
from assay.record import AttemptBody, LessonBody


@pytest.fixture
def closed(begin, guess):
    """One attempt that fell short and one that broke, in a closed experiment."""

    def close(**terms):
        experiment = begin(**{"expect": 0.5, **terms})
        offered = guess(experiment, 0.0)
        experiment.attempt(
            predictions=offered, name="zero", effort=2, belief_about="all are alike", expect=0.2
        )
        experiment.close()
        return experiment

    return close


def lesson(ledger) -> LessonBody:
    return next(record.body for record in ledger.records("lesson"))


def test_the_measured_half_says_what_was_expected_and_seen(closed, ledger):
    closed()
    body = lesson(ledger)
    assert body.findings[0].startswith('`zero`: Believed: "all are alike". Expected 20 %, saw ')
    assert "95 % interval" in body.findings[0]


def test_a_broken_attempt_is_a_finding(begin, scaled, ledger):
    experiment = begin()
    experiment.attempt(scaled(1.0, broken="fit"), name="ran away", effort=1)
    experiment.close()
    assert lesson(ledger).findings == (
        "`ran away`: Hoped for 60 %; broke: FitError: the optimum ran away",
    )


def test_an_attempt_records_belief_seed_data_and_place(begin, guess, ledger):
    experiment = begin()
    experiment.attempt(
        predictions=guess(experiment, 0.1), effort=1, seed=7, belief_about="x helps", expect=0.3
    )
    body = next(record.body for record in ledger.records("attempt"))
    assert isinstance(body, AttemptBody)
    assert (body.belief_about, body.expect, body.seed) == ("x helps", 0.3, 7)
    assert body.data_sha == experiment.registration.data_sha


def test_words_carry_a_reason_an_assumption_and_links(closed, begin, ledger):
    other = pl.DataFrame({"x": [float(k) for k in range(250)]}).with_columns(
        y=2.0 * pl.col("x") + 1
    )
    begin(other, key="other")
    first = closed(key="first")
    body = first.learn(
        "x was measured in two units",
        attempt="zero",
        reason="data-quality",
        assumption="one unit",
        reopen="units by clinic",
        contradicts=["other"],
    )
    with pytest.raises(ExperimentError, match="not to its own"):
        first.learn("w", supports=["first"])
    assert (body.reason, body.assumption, body.reopen) == (
        "data-quality", "one unit", "units by clinic",
    )  # fmt: skip
    found = [record.body for record in ledger.search("clinic")]
    assert found == [body]


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"words": "  "}, ExperimentError, "is empty"),
        ({"words": "w", "attempt": "zeros"}, ExperimentError, "Did you mean `zero`"),
        ({"words": "w", "supports": ["frist"]}, ExperimentError, "Did you mean `first`"),
        ({"words": "w", "reason": "luck"}, LedgerError, "data-missing"),
    ],
)
def test_bad_words_are_refused(closed, ledger, options, error, says):
    experiment = closed(key="first")
    head = ledger.head()
    with pytest.raises(error, match=says):
        experiment.learn(**options)
    assert ledger.head() == head


def test_similar_work_is_offered_unasked(begin, closed, table):
    table = table.with_columns(y=pl.col("y") ** 3)  # other rows altogether
    closed(key="arrival", question="How long does a delivery to the customer take?")
    asked = "Which customers will ask for deliveries at night?"
    other = begin(table.with_columns(x=-table["x"]), key="night", question=asked)
    assert {record.key for record in other.similar()} == {"arrival"}
    unlike = begin(
        table.with_columns(x=2 * table["x"]), key="beds", question="How many beds?", expect=0.7
    )
    assert unlike.similar() == []
