"""The three tests behind one interface: every promise is asked of each of them."""

import math
from dataclasses import replace

import numpy as np
import pytest

from assay.errors import ConfigError, DataError
from assay.verdict import AbstractTest, GroupTest, IndependentTest, SeriesTest

ROWS = 420
TESTS: dict[str, AbstractTest] = {
    "independent": IndependentTest(delta=0.1, lower=-1.0, upper=1.0, sd0=0.3),
    "series": SeriesTest(delta=0.1, dates=np.arange(ROWS), season=7),
    "groups": GroupTest(delta=0.1, groups=np.arange(ROWS) // 7),
}


def gains(mean: float, *, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(mean - 0.5, mean + 0.5, ROWS)


@pytest.fixture(params=list(TESTS.values()), ids=list(TESTS))
def kind(request: pytest.FixtureRequest) -> AbstractTest:
    """Each of the three tests in turn."""
    return request.param


def test_a_clear_gain_is_supported_and_not_refuted(kind):
    assert kind.supports(gains(0.3), 0.004)
    assert not kind.refutes(gains(0.3), 0.05)


def test_a_clear_shortfall_is_refuted_and_not_supported(kind):
    assert kind.refutes(gains(-0.1), 0.004)
    assert not kind.supports(gains(-0.1), 0.05)


def test_at_the_boundary_the_answer_is_neither(kind):
    seen = gains(0.1) - gains(0.1).mean() + 0.1
    assert not kind.supports(seen, 0.05)
    assert not kind.refutes(seen, 0.05)


@pytest.mark.parametrize("mean", [-0.1, 0.09, 0.14, 0.3])
def test_the_interval_agrees_with_both_answers(kind, mean):
    low, high = kind.interval(gains(mean), 0.1)
    assert low < gains(mean).mean() < high
    assert kind.supports(gains(mean), 0.05) == (low >= 0.1)
    assert kind.refutes(gains(mean), 0.05) == (high <= 0.1)


def test_the_p_value_agrees_with_the_answer(kind):
    p = kind.p_value(gains(0.17))
    assert 0 < p < 0.05
    assert kind.supports(gains(0.17), p)
    assert kind.p_value(gains(0.0)) > 0.5


def test_the_condition_speaks_of_drift_and_of_exactness(kind):
    assert "Drift after the sealed rows is not covered." in kind.condition
    assert kind.condition.startswith("Exact" if kind.exact else "Asymptotic")


def test_the_gate_gives_its_reason(kind):
    gate = kind.gate(gains(0.3))
    assert gate.passed
    assert any(character.isdigit() for character in gate.reason)


def test_a_level_out_of_range_is_refused(kind):
    for ask in (kind.supports, kind.refutes, kind.interval):
        with pytest.raises(ConfigError, match="`level` is 1"):
            ask(gains(0.3), 1.0)


@pytest.mark.parametrize(
    ("declining", "reason"),
    [
        (SeriesTest(delta=0.1, dates=np.arange(ROWS) // 40), "Too few independent periods"),
        (SeriesTest(delta=0.1, dates=np.arange(ROWS), season=500), "Too few independent periods"),
        (GroupTest(delta=0.1, groups=np.arange(ROWS) // 40), "Too few groups: 11 independent"),
    ],
)
def test_a_failed_gate_makes_everything_inconclusive(declining: AbstractTest, reason: str):
    seen = gains(5.0)
    gate = declining.gate(seen)
    assert not gate.passed
    assert reason in gate.reason
    assert not declining.supports(seen, 0.5)
    assert not declining.refutes(-seen, 0.5)
    assert declining.interval(seen, 0.05) == (-math.inf, math.inf)
    assert declining.p_value(seen) == 1.0


@pytest.mark.parametrize("kind_name", ["series", "groups"])
def test_gains_that_never_vary_fail_the_gate(kind_name: str):
    gate = TESTS[kind_name].gate(np.full(ROWS, 0.3))
    assert not gate.passed
    assert "do not vary" in gate.reason


def test_the_bet_answers_with_a_single_row():
    test = TESTS["independent"]
    assert test.gate([0.5]).passed
    assert not test.supports([0.5], 0.05)


def test_a_gain_out_of_bounds_voids_either_answer():
    test = TESTS["independent"]
    for ask in (test.supports, test.refutes, test.interval):
        with pytest.raises(DataError, match=r"row 0 is 1\.5"):
            ask([1.5, 0.0], 0.05)


def test_a_panel_is_averaged_by_date_before_it_is_tested():
    # Copies of one series tell no more than the series.
    one = SeriesTest(delta=0.1, dates=np.arange(ROWS))
    panel = SeriesTest(delta=0.1, dates=np.tile(np.arange(ROWS), 3))
    assert panel.p_value(np.tile(gains(0.12), 3)) == pytest.approx(one.p_value(gains(0.12)))


def test_the_condition_counts_the_dates_left_out():
    test = SeriesTest(delta=0.0, dates=np.arange(366), season=7)
    assert "first 2 dates" in test.condition
    assert "left out" not in SeriesTest(delta=0.0, dates=np.arange(366)).condition


@pytest.mark.parametrize("delta", [-1.0, 1.0, math.nan])
def test_a_delta_outside_the_bounds_is_refused(delta: float):
    with pytest.raises(ConfigError, match="`delta` is"):
        IndependentTest(delta=delta, lower=-1.0, upper=1.0, sd0=0.1)


def test_near_copies_count_once(agrees):
    """Ten copies of each case at the boundary: judged row by row, more than alpha would pass."""
    random = np.random.default_rng(17)
    once = twice = 0
    for _ in range(600):
        gains = np.repeat(random.choice([-1.0, 1.0], 90), 10)
        plain = IndependentTest(delta=0.0, lower=-1.0, upper=1.0, sd0=1.0)
        cased = replace(plain, cases=np.repeat(np.arange(90), 10))
        once += cased.supports(gains, 0.05)
        twice += plain.supports(gains, 0.05)
    assert once <= 45  # 600 times .05 is 30; more than 45 has a chance of 0.003
    assert twice > 100
    assert "count as one" in cased.condition


def test_cases_are_judged_in_the_order_of_their_first_rows():
    gains = np.array([0.5, -0.5, 0.25, 0.75])
    cased = IndependentTest(delta=0.0, lower=-1.0, upper=1.0, sd0=1.0, cases=[7, 3, 3, 9])
    assert cased._checked(gains).tolist() == [0.5, -0.125, 0.75]
