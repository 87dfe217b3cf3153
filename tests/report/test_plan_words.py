"""What the report's plan says of values: their unit, and points that are not money."""

from dataclasses import replace

import pytest

from assay.portfolio import KnownCurve, ProjectState, plan_projects, returns_of
from assay.record.returns import Returns
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
