"""Returns functions: what each says of a skill, and that none of them ever falls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.portfolio.returns import (
    LINEAR,
    ConcaveReturns,
    ListedReturns,
    ThresholdReturns,
    returns_of,
)
from assay.record import Returns

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
