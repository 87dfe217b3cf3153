"""The verdict for grouped rows: Student's t where groups are rows, the gate, error rates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assay.errors import DataError
from assay.verdict import cluster_t, group_design_effect


def one_sample_p(gains: np.ndarray, delta: float) -> float:
    # SciPy returns a named tuple: the statistic and its p-value.
    return float(np.asarray(stats.ttest_1samp(gains, delta, alternative="greater"))[1])


@given(st.integers(40, 90), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_groups_of_one_row_give_the_one_sample_t(rows, seed):
    gains = np.random.default_rng(seed).gumbel(size=rows)
    result = cluster_t(gains, np.arange(rows), delta=0.4)
    assert result.p_support == pytest.approx(one_sample_p(gains, 0.4))
    assert result.p_refute == pytest.approx(1 - one_sample_p(gains, 0.4))
    assert result.dof == rows - 1


def test_equal_rows_within_groups_give_the_t_of_the_groups():
    means = np.random.default_rng(2).normal(size=50)
    result = cluster_t(np.repeat(means, 7), np.repeat(np.arange(50), 7), delta=0.0)
    assert result.p_support == pytest.approx(one_sample_p(means, 0.0))


def test_error_rates_of_fifty_groups(agrees):
    random, group, naive, robust = np.random.default_rng(107), np.repeat(np.arange(50), 10), 0, 0
    for _ in range(1200):
        gains = random.normal(size=50)[group] + random.normal(size=500)
        naive += one_sample_p(gains, 0.0) <= 0.05
        robust += cluster_t(gains, group, delta=0.0).p_support <= 0.05
    assert agrees(robust, 1200, 0.054)
    assert 0.19 <= naive / 1200 <= 0.36


@pytest.mark.parametrize(("groups", "passed"), [(1, False), (39, False), (40, True)])
def test_the_gate_opens_at_forty_groups(groups, passed):
    group = np.repeat(np.arange(groups), 3)
    gains = 5.0 + np.random.default_rng(4).normal(size=group.size)
    result = cluster_t(gains, group, delta=0.0)
    assert result.passed_gate == passed
    assert (result.p_support < 0.01) == passed


def test_gains_that_never_vary_are_declined():
    assert not cluster_t(np.full(100, 0.1), np.arange(100), delta=0.0).passed_gate


def test_the_design_effect_counts_copies():
    values = np.random.default_rng(5).normal(size=400)
    copied = group_design_effect(np.repeat(values, 5), np.repeat(np.arange(400), 5))
    assert copied == pytest.approx(5.0, rel=0.01)
    assert group_design_effect(values, np.arange(400)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: cluster_t([1.0, 2.0], ["a"], delta=0.0), "`groups` has the shape"),
        (lambda: group_design_effect([1.0, 2.0], ["a", "a"]), "at least two groups"),
        (lambda: group_design_effect([1.0, 1.0], ["a", "b"]), "values that differ"),
    ],
)
def test_bad_input_is_refused(call, says):
    with pytest.raises(DataError, match=says):
        call()
