"""The best mix of two uses equals a search over all mixes, whatever their shapes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.portfolio import allocate
from assay.portfolio.answers import best_mix
from assay.portfolio.answers.max_plus import best_of_others

RISES = st.lists(st.integers(0, 20).map(float), min_size=5, max_size=5)


def values(rises: list[float], *, concave: bool = False) -> np.ndarray:
    ordered = sorted(rises, reverse=True) if concave else rises
    return np.concatenate([[0.0], np.cumsum(ordered)])


@given(RISES, RISES, st.booleans(), st.booleans())
def test_the_best_mix_is_the_best_of_all_and_takes_least_from_the_other(one, other, first, second):
    a, b = values(one, concave=first), values(other, concave=second)
    value, units = best_mix(a, b)
    for budget in range(a.size):
        mixes = [a[budget - j] + b[j] for j in range(budget + 1)]
        assert value[budget] == max(mixes)
        assert units[budget] == mixes.index(max(mixes))


@given(st.lists(RISES, min_size=1, max_size=4))
def test_what_the_others_make_of_a_budget_is_their_own_best_split(rises):
    curves = [values(each) for each in rises]
    others = best_of_others(curves)
    for at in range(len(curves)):
        left = curves[:at] + curves[at + 1 :]
        for budget in range(curves[0].size):
            assert others[at][budget] == allocate(left, budget).value


def test_a_dent_that_rounding_left_in_a_concave_curve_costs_nothing():
    smooth = 40.0 * np.log1p(np.arange(400.0))
    dented = smooth * (1.0 + 1e-15 * np.sin(np.arange(400.0)))
    assert best_mix(dented, smooth)[0] == pytest.approx(best_mix(smooth, smooth)[0], rel=1e-12)


def test_a_budget_of_nothing_has_one_mix():
    value, units = best_mix(np.zeros(1), np.zeros(1))
    assert (value.tolist(), units.tolist()) == ([0.0], [0])
