"""What the report's plan says of values: their unit, and points that are not money."""

from dataclasses import replace

import pytest

from assay.portfolio import Curve, KnownCurve, ProjectState, plan_projects, returns_of
from assay.record.returns import Returns
from assay.report.build_curve import curve_sentence
from assay.report.build_plan import plan_content

CURVE = KnownCurve(10.0, 1.0)
MONEY = returns_of(Returns(points=((0.0, 0.0), (0.5, 900.0))))
LINEAR = ProjectState(key="a", question="", importance=2.0, curve=CURVE)


def content(state, **named):
    return plan_content(plan_projects([state], budget=10, effort_unit="day", **named), {})


def test_the_unit_of_value_is_in_the_sentence_and_kept_for_the_table():
    made = content(LINEAR, value_unit="k€ a month")
    assert made.sentence.endswith("expected to return 48.0 k€ a month.")
    assert made.value_unit == "k€ a month"
    assert content(LINEAR).sentence.endswith("return 48.0 (points of skill × importance).")


def test_points_stay_points_where_skill_is_worth_money():
    (row,) = content(replace(LINEAR, returns=MONEY), value_unit="k€").rows
    assert row.expected_gain == "+24.0 points"  # 10 log(11)
    assert float(row.worth) == pytest.approx(2 * 900 * 0.2398 / 0.5, abs=1)
    assert content(LINEAR).rows[0].expected_gain == "+24.0 points"


@pytest.mark.parametrize(
    ("stated", "worth"),
    [({"concave": 0.5}, 24), ({"points": ((0.0, 0.0), (0.5, 90.0))}, 10), ({"threshold": 0.4}, 0)],
)
def test_the_next_unit_adds_points_whatever_they_are_worth(stated, worth):
    state = ProjectState(
        key="a",
        question="",
        importance=1.0,
        curve=KnownCurve(8.0, 1.0),
        returns=returns_of(Returns(**stated)),
    )
    said = curve_sentence(state, (), "day", "k€ a month")
    assert f"is expected to add 5.5 points, worth {worth} k€ a month." in said  # 8 log 2


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("linear", "A point (0.01 of skill) is worth 2 k€"),
        (
            {"threshold": 0.4},
            "From a skill of 0.4 on, a point (0.01) is worth 2 k€; below, nothing",
        ),
        ({"concave": 0.5}, "A skill s is worth s^0.5 times 200 k€: the first points most"),
        (
            {"points": ((0.0, 0.0), (0.2, 10.0), (0.5, 90.0))},
            "A skill of 0 is worth 0 k€, of 0.5 180 k€, with bends between",
        ),
    ],
)
def test_what_accuracy_is_worth_is_said_as_its_owner_stated_it(stated, words):
    returns = returns_of(stated if stated == "linear" else Returns(**stated))
    assert returns.words(2.0, "k€") == words


def test_the_range_of_points_stands_beside_them_however_they_are_paid():
    learnt = replace(LINEAR, curve=Curve.prior(), importance=1.0)
    plain, paid = (content(each).rows[0] for each in (learnt, replace(learnt, returns=MONEY)))
    assert plain.band.startswith("0 to ")
    assert paid.band == plain.band
