"""Returns functions: what each says of a skill, and that none of them ever falls."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.portfolio import Curve, KnownCurve, Observation, ProjectState
from assay.portfolio.returns import (
    LINEAR,
    ConcaveReturns,
    ListedReturns,
    ThresholdReturns,
    returns_of,
)
from assay.record import Returns

SEEN = (Observation(4.0, 0.15, 0.02), Observation(10.0, 0.24, 0.02))
SKILLS = np.array([-0.2, 0.0, 0.25, 0.5, 0.8, 1.0])
EACH = [
    (LINEAR, [-20, 0, 25, 50, 80, 100]),
    (ThresholdReturns(0.8), [0, 0, 0, 0, 80, 100]),
    (ConcaveReturns(0.5), [0, 0, 50, 100 * np.sqrt(0.5), 100 * np.sqrt(0.8), 100]),
    (ListedReturns((0.0, 0.5, 0.9), (0.0, 10.0, 90.0)), [0, 0, 5, 10, 70, 90]),
]


@pytest.mark.parametrize(("returns", "worth"), EACH)
def test_the_worth_of_skills(returns, worth):
    assert returns(SKILLS) == pytest.approx(np.array(worth, float))


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=20))
def test_more_skill_is_never_worth_less(skills):
    for returns, _ in EACH:
        assert np.all(np.diff(returns(np.sort(skills))) >= 0)


def test_what_a_file_states_is_what_is_used():
    assert returns_of("linear") is LINEAR
    assert returns_of(Returns(threshold=0.8)) == ThresholdReturns(0.8)
    assert returns_of(Returns(concave=0.5)) == ConcaveReturns(0.5)
    listed = returns_of(Returns(points=((0.0, 0.0), (0.5, 10.0))))
    assert listed == ListedReturns((0.0, 0.5), (0.0, 10.0))


def state(returns, curve=None):
    return ProjectState(
        key="a", question="", importance=2.0, curve=curve or Curve.learn(SEEN), returns=returns
    )


def test_a_known_curve_is_worth_what_its_points_are():
    known = KnownCurve(40.0, 1.0)
    values = state(ThresholdReturns(0.8), known).values(20)
    points = 40.0 * np.log1p(np.arange(21.0))
    assert values == pytest.approx(2.0 * np.where(points >= 80.0, points, 0.0))


def test_a_learnt_curve_is_worth_what_its_possible_curves_are_on_average():
    curve = Curve.learn(SEEN)
    heights = curve.atoms.headroom(np.array([0.0, 30.0]))
    worth = 200.0 * np.where(heights >= 0.3, heights, 0.0)
    wanted = curve.weights @ (worth[:, 1] - worth[:, 0])
    assert state(ThresholdReturns(0.3)).values(30)[30] == pytest.approx(wanted, rel=1e-9)
    low, high = state(ThresholdReturns(0.3)).band(30)
    assert low <= wanted <= high


def test_straight_returns_that_were_listed_are_the_linear_ones():
    listed = ListedReturns((-1.0, 2.0), (-100.0, 200.0))
    assert state(listed).values(40) == pytest.approx(state(LINEAR).values(40), rel=1e-9)


def test_a_threshold_makes_the_first_units_worth_less_than_those_that_reach_it():
    rises = np.diff(state(ThresholdReturns(0.4)).values(60))
    assert rises[:3].sum() < rises[10:13].sum()


def test_a_history_is_worth_its_expected_worth():
    rows, error = [50, 100, 200, 400, 800], [0.31, 0.26, 0.21, 0.18, 0.155]
    curve = Curve.fit(rows, error, se=0.01, ceiling=0, baseline=0.5)
    listed = ListedReturns((-9.0, 9.0), (-900.0, 900.0))
    plain = ProjectState(key="a", question="", importance=1.0, curve=curve, effort_spent=800.0)
    same = replace(plain, returns=listed)
    assert same.values(300) == pytest.approx(plain.values(300), rel=1e-6, abs=1e-9)
    assert same.band(300) == pytest.approx(plain.band(300), rel=1e-6, abs=1e-9)
    late = replace(plain, returns=ThresholdReturns(0.9)).values(300)
    assert np.all(np.diff(late) >= 0)


STEEP = ListedReturns((-0.1, 0.2, 0.21, 0.6), (0.0, 0.0, 100.0, 120.0))


@pytest.mark.parametrize("returns", [*(each for each, _ in EACH[1:]), ConcaveReturns(0.1), STEEP])
@pytest.mark.parametrize("seen", [(), SEEN])
@pytest.mark.parametrize("spent", [0.0, 10.0])
def test_many_units_are_worth_what_each_alone_is(returns, seen, spent):
    project = replace(state(returns, Curve.learn(seen)), effort_spent=spent)
    values = project.values(600)
    efforts = spent + np.arange(601.0)
    one_by_one = project.curve.expected(efforts, project.worth)
    assert values == pytest.approx(one_by_one - one_by_one[0], rel=1e-9, abs=1e-9)


def test_the_turns_of_a_worth_are_in_the_height_of_the_curve():
    project = replace(state(ThresholdReturns(0.3)), skill_at_ceiling=0.5)
    assert project.turns == pytest.approx((0.6,))
    assert project.worth(np.array([0.59, 0.61])) == pytest.approx([0.0, 61.0])
    values = project.values(600)
    one_by_one = project.curve.expected(np.arange(601.0), project.worth)
    assert values == pytest.approx(one_by_one - one_by_one[0], rel=1e-9, abs=1e-9)
