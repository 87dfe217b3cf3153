"""From a ledger to what the answers need: whose attempt it was, and curves with some forgotten."""

import numpy as np
import pytest

from assay.ledger import History, Ledger
from assay.portfolio import Curve, Observation, plan_from
from assay.portfolio.answers import cases_of, today_of
from assay.record import AttemptBody, ProjectBody


@pytest.fixture
def history(tmp_path):
    with Ledger(tmp_path / "assay.db", author="keeper") as ledger:
        ledger.append(ProjectBody(key="demand", importance=2.0), key="demand")
        for day, (name, who, effort, skill) in enumerate(
            [("a", "zoe", 3.0, 0.2), ("b", None, 4.0, 0.1), ("c", "zoe", None, 0.3)], start=1
        ):
            body = AttemptBody(
                name=name,
                author=who,
                effort=effort,
                open_skill=skill,
                open_se=0.02,
                imported={"source": name, "started": f"2020-01-0{day}T00:00:00.000000Z"},
            )
            ledger.append(body, key="demand")
        yield History(ledger).refresh()


def test_an_attempt_is_of_whom_it_names_else_of_whoever_recorded_it(history):
    (case,) = cases_of(history)
    assert [(each.point.name, each.author) for each in case.tried] == [
        ("a", "zoe"),
        ("b", "keeper"),
        ("c", "zoe"),
    ]
    assert [each.is_failure for each in case.tried] == [False, True, False]
    assert [each.tells for each in case.tried] == [True, True, False]


def test_today_is_the_plan(history):
    made = plan_from(history, None, budget=12)
    today = today_of(cases_of(history), budget=12)
    assert today.units == tuple(line.units for line in made.lines)
    assert today.value == pytest.approx(made.value)
    assert today.price == pytest.approx(made.lines[0].price_of_last_unit)


def test_what_is_forgotten_leaves_the_effort_of_the_others_as_it_was(history):
    (case,) = cases_of(history)
    left = case.without([0])
    se = case.tried[1].point.se
    alone = Curve.learn([Observation(7.0, 0.1, se)])
    np.testing.assert_allclose(left.curve.mean(20.0), alone.mean(20.0))
    assert left.effort_spent == case.state.effort_spent == 7.0


def test_to_forget_what_told_nothing_changes_nothing(history):
    (case,) = cases_of(history)
    assert case.without([2]) is case.state
    assert case.without([]) is case.state


def test_without_a_ledger_there_are_no_attempts(root):
    from assay.record import load_portfolio

    cases = cases_of(None, load_portfolio(root / "examples" / "grocery"))
    assert [case.tried for case in cases] == [()] * 5
