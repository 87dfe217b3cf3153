"""Looks are counted before they are tested, and one budget covers all rows that hang together."""

import datetime
import math
import threading

import numpy as np
import polars as pl
import pytest

from assay.errors import ExperimentError
from assay.experiment import keeper
from assay.ledger import Ledger


def spent(ledger: Ledger) -> list[tuple[int | None, float | None]]:
    """Number and level of each attempt in the ledger."""
    return [(record.body.look, record.body.level) for record in ledger.records("attempt")]


def published_level(k: int, alpha: float = 0.05, tries: int = 5) -> float:
    """As published: four fifths over the registered tries, a fifth over all beyond."""
    beyond = k - tries
    return 0.8 * alpha / tries if beyond <= 0 else 0.2 * alpha / (beyond * (beyond + 1))


def test_every_look_spends_exactly_its_level(begin, guess, ledger):
    experiment = begin()
    answers = [experiment.attempt(predictions=guess(experiment, -0.1, shift)) for shift in range(9)]
    levels = [published_level(k) for k in range(1, 10)]
    assert [answer.text for answer in answers] == ["not yet"] * 9
    assert [answer.look for answer in answers] == list(range(1, 10))
    assert [answer.level for answer in answers] == pytest.approx(levels, rel=1e-12)
    assert spent(ledger) == [(answer.look, answer.level) for answer in answers]
    assert math.fsum(published_level(k) for k in range(1, 10**5)) <= 0.05


def test_an_answer_is_one_bit(begin, guess):
    experiment = begin()
    said = [experiment.attempt(predictions=guess(experiment, f), name="a model").message
            for f in (0.0,)]  # fmt: skip
    near = begin(key="other")
    said.append(near.attempt(predictions=guess(near, -3.0), name="a model").message)
    assert said == [
        "Look 1 of 5 planned. The seal stays closed and shows no score.",
        "Look 2 of 5 planned. The seal stays closed and shows no score.",
    ]


def test_a_renamed_project_with_another_claim_shares_the_budget(begin, guess, ledger):
    first = begin(key="first")
    first.attempt(predictions=guess(first, 0.0))
    second = begin(key="second", metric="squared", tries=2, alpha=0.1)
    assert second.registration.overlaps == (3,)
    answer = second.attempt(predictions=guess(second, 0.01))
    # The second look at these rows, at the lesser of .8 * .05 / 5 and .8 * .1 / 2.
    assert (answer.look, answer.level) == (2, pytest.approx(0.008))
    assert first.attempt(predictions=guess(first, 0.02)).look == 3


@pytest.fixture
def three(begin, guess):
    """Three seals in time: left and right share no row, both shares rows with each."""
    random = np.random.default_rng(2)
    x = random.normal(size=300)
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(day) for day in range(300)]
    rows = pl.DataFrame({"t": days, "x": x, "y": x + 0.1 * random.normal(size=300)})
    terms = {"time": "t", "baseline": "climatology", "accept_underpowered": "a rehearsal"}
    left = begin(rows[:100], key="left", seal={"from": str(days[50])}, **terms)
    right = begin(rows[200:], key="right", seal={"from": str(days[250])}, **terms)

    def both():
        table = pl.concat([rows[:20], rows[50:100], rows[250:]])
        return begin(table, key="both", seal={"from": str(days[50])}, **terms)

    def look(experiment, factor):
        return experiment.attempt(predictions=guess(experiment, factor), attested=True)

    return left, right, both, look


def test_rows_that_hang_together_by_a_third_seal_share_the_budget(three):
    left, right, both, look = three
    assert look(left, 0.0).look == 1
    assert look(right, 0.0).look == 1  # nothing in common yet
    third = both()
    assert len(third.registration.overlaps) == 2
    assert look(third, 0.0).look == 3
    assert look(left, 0.1).look == 4
    assert look(right, 0.1).look == 5


def test_an_opened_seal_ends_all_looks_at_its_rows_and_no_others(three):
    left, right, both, look = three
    third = both()
    right.close()
    with pytest.raises(ExperimentError, match='the seal was opened by experiment "right"'):
        look(third, 0.0)
    assert look(left, 0.0).text == "not yet"
    # What was tried before may still be judged: nobody saw these rows when it was offered.
    assert third.close().outcome == "inconclusive"


def test_identical_predictions_get_the_earlier_answer_and_spend_nothing(begin, guess, ledger):
    experiment = begin()
    first = experiment.attempt(predictions=guess(experiment, 0.0), name="one")
    shuffled = guess(experiment, 0.0).sample(fraction=1.0, shuffle=True, seed=1)
    again = experiment.attempt(predictions=shuffled, name="two", effort=2)
    assert (again.text, again.look, again.level) == (first.text, first.look, first.level)
    assert spent(ledger) == [(1, pytest.approx(0.008)), (None, None)]  # it cost effort, no alpha
    head = ledger.head()
    assert experiment.attempt(predictions=shuffled, name="one") == first
    assert ledger.head() == head
    assert experiment.attempt(predictions=guess(experiment, 0.1)).look == 2


def test_a_name_stands_for_one_model(begin, guess, scaled, ledger):
    experiment = begin()
    experiment.attempt(scaled(0.0), name="one")
    head = ledger.head()
    with pytest.raises(ExperimentError, match='named "one" was made before'):
        experiment.attempt(predictions=guess(experiment, 0.5), name="one")
    with pytest.raises(ExperimentError, match='named "one" was made before'):
        experiment.attempt(scaled(0.5), name="one")
    assert ledger.head() == head
    for _ in range(3):
        experiment.attempt(scaled(0.0))
    assert [each.name for each in experiment.attempts] == [
        "one", "Scaled", "Scaled (3)", "Scaled (4)",
    ]  # fmt: skip


@pytest.fixture
def interrupted(monkeypatch):
    """Within it, nothing that was committed as a look is tested."""

    def stop(*_):
        raise KeyboardInterrupt

    def begin_to_interrupt():
        monkeypatch.setattr(keeper.Keeper, "_tested", stop)

    yield begin_to_interrupt
    monkeypatch.undo()


def test_a_look_is_committed_before_it_is_tested_and_resumed(
    begin, guess, ledger, interrupted, monkeypatch
):
    experiment = begin()
    interrupted()
    with pytest.raises(KeyboardInterrupt):
        experiment.attempt(predictions=guess(experiment, 0.0), name="cut")
    assert spent(ledger) == [(1, pytest.approx(0.008))]
    assert not list(ledger.records("answer"))
    monkeypatch.undo()
    # Its number is gone for others, and its own predictions take it up again.
    assert experiment.attempt(predictions=guess(experiment, 0.1)).look == 2
    assert experiment.attempt(predictions=guess(experiment, 0.0), name="cut").look == 1
    assert experiment.attempt(predictions=guess(experiment, 0.0), name="new").look == 1
    assert len(list(ledger.records("answer"))) == 2


def test_a_model_whose_look_was_cut_short_may_be_offered_again(
    begin, scaled, ledger, interrupted, monkeypatch
):
    experiment = begin()
    interrupted()
    with pytest.raises(KeyboardInterrupt):
        experiment.attempt(scaled(0.0), name="cut")
    monkeypatch.undo()
    assert experiment.attempt(scaled(0.0), name="cut").look == 1
    assert len(spent(ledger)) == 1


def test_resume_finishes_what_was_cut_short(begin, guess, interrupted, monkeypatch):
    experiment = begin()
    interrupted()
    with pytest.raises(KeyboardInterrupt):
        experiment.attempt(predictions=guess(experiment, 1.0), name="cut")
    monkeypatch.undo()
    assert experiment.resume("other") is None
    answer = experiment.resume("cut")
    assert answer is not None
    assert answer.supported
    assert experiment.verdict.at_look == 1


def test_closing_answers_first_what_was_cut_short(begin, guess, interrupted, monkeypatch):
    experiment = begin()
    interrupted()
    with pytest.raises(KeyboardInterrupt):
        experiment.attempt(predictions=guess(experiment, 1.0), name="cut")
    monkeypatch.undo()
    verdict = experiment.close()
    assert (verdict.outcome, verdict.at_look) == ("supported", 1)


def test_a_failure_while_the_seal_opens_leaves_nothing_behind(begin, guess, ledger, monkeypatch):
    experiment = begin()

    def fail(*_, **__):
        raise OSError("no room")

    monkeypatch.setattr(keeper, "verdict_body", fail)
    with pytest.raises(OSError, match="no room"):
        experiment.attempt(predictions=guess(experiment, 1.0), name="good")
    assert not list(ledger.records("answer"))
    monkeypatch.undo()
    other = begin(key="other", metric="squared")
    other.attempt(predictions=guess(other, 0.0))  # takes the number of what was rolled back
    answer = experiment.resume("good")
    assert answer is not None
    assert answer.supported
    assert experiment.verdict.outcome == "supported"
    assert ledger.verify().ok


def test_a_look_cannot_be_taken_back(begin, guess, ledger):
    experiment = begin()
    with ledger.transaction(), pytest.raises(ExperimentError, match="could take the look back"):
        experiment.attempt(predictions=guess(experiment, 0.0))
    with ledger.transaction(), pytest.raises(ExperimentError, match="could take the look back"):
        experiment.close()
    assert experiment.attempts == []


def test_a_second_verdict_is_never_written(begin, guess, ledger, interrupted, monkeypatch):
    experiment = begin()
    interrupted()
    with pytest.raises(KeyboardInterrupt):
        experiment.attempt(predictions=guess(experiment, 1.0), name="cut")
    monkeypatch.undo()
    # Meanwhile another looker is supported and opens the seal.
    assert experiment.attempt(predictions=guess(experiment, 1.01), name="next").supported
    answer = experiment.resume("cut")
    assert answer is not None
    assert answer.supported
    assert len(list(ledger.records("verdict"))) == 1
    assert experiment.verdict.at_look == 2


def test_lookers_are_served_one_after_the_other(begin, guess, ledger):
    experiment = begin()
    offered = [guess(experiment, 0.0, shift) for shift in range(8)]
    answers, errors = [], []

    def look(mine):
        try:
            with Ledger(ledger.path, create=False) as opened:
                own = begin(ledger=opened)
                answers.extend(own.attempt(predictions=each) for each in mine)
        except Exception as error:  # shown below, in the thread that can fail the test
            errors.append(error)

    threads = [threading.Thread(target=look, args=(offered[at::4],)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(answer.look for answer in answers) == list(range(1, 9))
    assert sorted(spent(ledger)) == [(k, pytest.approx(published_level(k))) for k in range(1, 9)]


def test_threads_may_share_one_experiment(begin, guess, ledger):
    experiment = begin()
    offered = [guess(experiment, 0.0, shift) for shift in range(8)]
    looks = []

    def look(mine):
        looks.extend(experiment.attempt(predictions=each, name=str(each["mean"][0])).look
                     for each in mine)  # fmt: skip

    threads = [threading.Thread(target=look, args=(offered[at::4],)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(looks) == list(range(1, 9))
    assert len(experiment.attempts) == 8
