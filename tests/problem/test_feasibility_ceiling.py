"""Ceilings from double labels: the formulas, and how often their bounds hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assay.problem.feasibility.ceiling import (
    class_ceiling,
    numeric_ceiling,
    pairs_that_bound,
    upper_limit,
)


def votes(agreed: int, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    return (np.arange(pairs) < agreed) * 1.0, np.ones(pairs)


HALF = np.tile([0.0, 1.0], 100)


def test_the_numeric_ceiling_is_that_of_its_formula():
    y = np.array([1.0, 4.0, 2.0, 8.0, 5.0, 7.0])
    found = numeric_ceiling(y, np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 1.0]))
    assert found.noise == pytest.approx((1 + 0 + 4) / 3 / 2)
    assert found.score == pytest.approx(1 - (5 / 6) / 7.5)
    # Upper 2.5 % point of chi-squared with 3 degrees of freedom 9.3484, lower with 5: 0.83121.
    assert found.bound == pytest.approx(1 - (5 / 6 * 3 / 9.3484) / (7.5 * 5 / 0.83121), abs=1e-5)
    assert found.agreement is None


@pytest.mark.parametrize(("pairs", "rows"), [(20, 40), (60, 80)])
@pytest.mark.parametrize("noise", [0.2, 1.5])
def test_the_numeric_bound_holds_as_often_as_it_says(pairs: int, rows: int, noise: float):
    draw = np.random.default_rng([7, pairs])
    truth = 1 - noise / (1 + noise)
    held = 0
    for _ in range(800):
        y = draw.normal(0, np.sqrt(1 + noise), rows)
        both = draw.normal(0, np.sqrt(noise), (2, pairs))
        held += numeric_ceiling(y, *both).bound >= truth
    assert held / 800 >= 0.95 - 3 * 0.0077


def test_the_limit_is_that_of_clopper_and_pearson():
    # Clopper & Pearson's own kind of limits, by SciPy's other road: inverting the binomial.
    assert upper_limit(40, 50, 0.025) == pytest.approx(
        stats.binomtest(40, 50).proportion_ci(0.95, "exact").high
    )
    assert upper_limit(50, 50, 0.025) == 1.0
    assert upper_limit(0, 50, 0.05) == pytest.approx(1 - 0.05 ** (1 / 50))


@pytest.mark.parametrize("pairs", [50, 100, 200])
@pytest.mark.parametrize("slip", [0.05, 0.15, 0.30])
def test_the_bound_of_the_accuracy_holds_in_955_to_978_of_1000(pairs: int, slip: float):
    agree = 1 - 2 * slip * (1 - slip)
    held = sum(
        stats.binom.pmf(hits, pairs, agree)
        for hits in range(pairs + 1)
        if (class_ceiling(HALF, *votes(hits, pairs)).accuracy_bound or 0.0) >= 1 - slip
    )
    assert 0.9499 < held < 0.98


@pytest.mark.parametrize(("pairs", "share", "slip"), [(60, 0.5, 0.1), (60, 0.1, 0.05)])
def test_the_bound_of_the_brier_skill_holds_as_often_as_it_says(
    pairs: int, share: float, slip: float
):
    draw = np.random.default_rng([8, pairs])

    def labels(truth: np.ndarray) -> np.ndarray:
        return np.where(draw.random(len(truth)) < slip, 1 - truth, truth) * 1.0

    seen = share + slip - 2 * share * slip
    skill = 1 - slip * (1 - slip) / (seen * (1 - seen))
    held = 0
    for _ in range(400):
        y, twice = labels(draw.random(100) < share), draw.random(pairs) < share
        held += class_ceiling(y, labels(twice), labels(twice)).bound >= skill
    assert held / 400 >= 0.95 - 3 * 0.011


def test_a_perfect_model_meets_one_label_as_often_as_it_is_right():
    found = class_ceiling(HALF, *votes(82, 100))  # 1 - 2 * .1 * .9
    assert found.agreement == pytest.approx(0.82)
    assert found.accuracy == pytest.approx(0.9)
    assert found.noise == pytest.approx(0.09)
    assert found.score == pytest.approx(1 - 0.09 / 0.25)


def test_labels_that_agree_like_coins_tell_no_accuracy_but_still_bound_the_skill():
    found = class_ceiling(HALF, *votes(24, 50))
    assert found.accuracy is None
    assert found.accuracy_bound is not None
    assert 0.5 < found.accuracy_bound < 0.8
    assert found.score == 0.0
    assert 0.0 < found.bound < 0.5
    assert class_ceiling(HALF, *votes(10, 50)).accuracy_bound is None


def test_labels_without_noise_leave_all_the_room_there_is():
    assert numeric_ceiling(HALF, HALF, HALF).bound == 1.0
    assert class_ceiling(HALF, HALF, HALF).bound == 1.0
    assert class_ceiling(HALF, HALF, HALF).accuracy == 1.0


@given(agreed=st.integers(1, 60))
def test_more_agreement_lifts_every_ceiling(agreed: int):
    less, more = (class_ceiling(HALF, *votes(hits, 60)) for hits in (agreed - 1, agreed))
    assert less.score <= more.score <= more.bound
    assert less.bound <= more.bound <= 1.0
    assert (less.accuracy_bound or 0.0) <= (more.accuracy_bound or 0.0)


@given(noise=st.floats(0.0, 5.0), more=st.floats(1.0, 3.0))
def test_more_noise_lowers_the_numeric_ceiling(noise: float, more: float):
    y, pairs = np.arange(30.0), np.full(20, noise)
    less = numeric_ceiling(y, more * pairs, np.zeros(20))
    assert less.bound <= numeric_ceiling(y, pairs, np.zeros(20)).bound
    assert less.score <= less.bound


def test_the_pairs_asked_for_are_enough_and_a_tenth_fewer_are_not():
    y = np.random.default_rng(3).normal(size=400)
    found = numeric_ceiling(y, np.full(20, 0.9), np.zeros(20))
    target = found.score + 0.12
    pairs = pairs_that_bound(y, found, target, most=6000)
    assert found.bound > target
    assert pairs is not None
    assert numeric_ceiling(y, np.full(pairs, 0.9), np.zeros(pairs)).bound < target
    fewer = int(pairs / 1.11)
    assert numeric_ceiling(y, np.full(fewer, 0.9), np.zeros(fewer)).bound >= target


def test_no_number_of_pairs_can_lower_a_ceiling_that_is_above_the_target():
    y = np.random.default_rng(3).normal(size=400)
    assert pairs_that_bound(y, numeric_ceiling(y, y[:20], y[:20]), 0.9, most=6000) is None
    found = class_ceiling(HALF, *votes(55, 60))
    assert pairs_that_bound(HALF, found, found.score - 0.05, most=6000) is None
