"""Attempts not yet made: worth nothing where nothing can be learnt, else what sums by hand say."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from assay.errors import PlanError
from assay.portfolio import Curve, KnownCurve, Observation, Point
from assay.portfolio.answers import Case, next_attempts, today_of, what_would_change
from assay.portfolio.answers.imagined import possible
from assay.portfolio.answers.next_attempt import SEED
from assay.portfolio.curves.prior import Atoms

from .companies import case, drawn, known, learnt, state, tried

FLAT = [Point(f"t{at}", 4.0 * at + 4, 0.0, 0.0, 0.01) for at in range(6)]


def live_or_dead(live: float = 0.5) -> Case:
    """A curve that is one of two: dead, or near its height of 1 after a unit, hardly ever short."""
    curve = Curve(
        Atoms(
            np.array([2, 2]),
            np.array([0.1, 0.1]),
            np.ones(2),
            np.array([0.0, 1.0]),
            np.array([1e-4, 1e-4]),
        ),
        np.array([1 - live, live]),
        2.0,
    )
    return Case(state=state("bet", curve), learn=lambda points: curve)


def test_an_attempt_that_shows_whether_a_project_lives_is_worth_the_better_of_both_plans():
    # Three units. `bet` takes one unit for 100 points if it lives, `sure` 60 for the first, 20, 10.
    today = today_of([live_or_dead(), known("sure", 0, 60, 80, 90)], budget=3)
    assert today.units == (1, 2)  # 50 expected, and 80
    found = next_attempts(today, steps=[1], outcomes=400).attempts[0]
    # Known to be dead (half of the time), its unit would bring 10 more in `sure`.
    assert found.information == pytest.approx(5.0, abs=3 * found.se)
    assert found.information == pytest.approx(5.0, rel=0.05)
    assert found.changes == pytest.approx(0.5, abs=0.1)
    assert (found.fewest, found.most) == (0, 1)
    # The unit must be spent to know: the outcome then comes too late to move it.
    assert found.net == pytest.approx(0.0, abs=1e-6)


def test_an_attempt_outside_the_plan_pays_where_its_outcome_may_turn_the_plan_round():
    # By its mean of 30 the bet is not worth a unit that brings 40; with two units it can be known.
    bet = live_or_dead(0.3)
    grown = possible(bet, bet.state.values(2))
    assert grown is not None
    today = today_of([bet, known("sure", 0, 40, 80)], budget=2)
    assert today.units == (0, 2)
    found = next_attempts(today, steps=[1], outcomes=200).attempts[0]
    # Free knowledge: 30 % of the time a unit goes where it brings 100 instead of 40.
    assert found.information == pytest.approx(0.3 * 60, rel=0.05)
    # Paid with a unit: 30 in place of 40 on average.
    assert found.net == pytest.approx(-10.0, abs=0.1)


def test_nothing_can_be_learnt_of_a_known_curve():
    found = next_attempts(today_of([known("a", 0, 3, 4), known("b", 0, 2, 3)], budget=2))
    assert {(each.information, each.se, each.changes) for each in found.attempts} == {(0, 0, 0)}
    assert max(each.net for each in found.attempts) <= 0.0
    assert found.best is None
    assert dict(found.verdicts)["a"].startswith("Its curve is known")


@settings(max_examples=6, deadline=None)
@given(st.sets(st.integers(0, 60), min_size=2, max_size=4), st.integers(1, 30))
def test_knowing_an_outcome_is_never_worth_less_than_nothing(seeds, budget):
    today = today_of([drawn(seed) for seed in sorted(seeds)], budget=budget)
    for each in next_attempts(today, outcomes=16).attempts:
        assert each.information >= -2 * each.se
        assert each.net <= each.information + 1e-9
        assert each.fewest <= each.most


def test_the_value_of_an_outcome_is_that_of_learning_each_curve_anew():
    cases = [drawn(seed) for seed in (1, 2, 4, 9)]
    today = today_of(cases, budget=30)
    found = {each.project: each for each in next_attempts(today, steps=[2]).attempts}
    for at in (1, 2):
        one = cases[at]
        curves = possible(one, today.values[at])
        assert curves is not None
        gained = []
        for score in curves.outcomes(2, 64, SEED):
            effort = one.state.effort_spent + 2
            seen = Point("next", effort, 0.0, float(score), curves.noise)
            curve = learnt([*(each.point for each in one.tried), seen])
            gains = one.state.worth(curve.gain(one.state.effort_spent, 30))
            total = today.rest(at) + gains
            gained.append(total.max() - total[today.units[at]])
        assert np.mean(gained) > 0.05
        assert found[one.state.key].information == pytest.approx(np.mean(gained), rel=0.2)


def test_averaged_over_outcomes_the_values_are_those_that_the_plan_stands_on():
    one = drawn(8)
    values = one.state.values(20)
    curves = possible(one, values)
    assert curves is not None
    scores = curves.outcomes(2.0, 600, 1)
    after = curves.values_after(2.0, scores)
    errors = after.std(axis=0) / np.sqrt(len(scores))
    assert (np.abs(after.mean(axis=0) - values) < 4 * errors + 1e-9).all()


def test_an_imagined_score_bends_the_curve_as_the_same_score_does_when_it_comes():
    made = tried(Point("a", 3.0, 0.0, 0.2, 0.02))
    one = case("a", made)
    curves = possible(one, one.state.values(20))
    assert curves is not None
    imagined = curves.values_after(2.0, np.array([0.35]))[0]
    both = learnt([made[0].point, Point("b", 5.0, 0.2, 0.35, 0.02)])
    real = 100 * (both.mean(3.0 + np.arange(21.0)) - both.mean(3.0))
    assert imagined[10:] == pytest.approx(real[10:], rel=0.05)


def test_outcomes_follow_the_law_that_attempts_follow():
    only = live_or_dead(1.0)
    curves = possible(only, only.state.values(5))
    assert curves is not None
    scores = np.sort(curves.outcomes(1.0, 2000, 3))
    # Shortfall is next to nothing, so what is left is the noise of an unscored project.
    law = norm(1 - np.exp(-10.0), 0.02).cdf(scores)
    assert np.abs(law - (np.arange(2000) + 0.5) / 2000).max() < 0.05


def test_a_project_that_failed_often_is_stopped_and_one_that_rises_goes_on():
    rising = [Point(f"r{at}", at + 1.0, 0.0, 0.1 * at, 0.02) for at in range(4)]
    cases = [case("dead", tried(*FLAT)), case("rising", tried(*rising))]
    found = next_attempts(today_of(cases, budget=10), steps=[1])
    assert dict(found.verdicts)["dead"].startswith(("Stop", "Wait"))
    assert dict(found.verdicts)["rising"].startswith("Go on")


def test_steps_above_the_budget_are_left_out():
    today = today_of([drawn(3), drawn(8)], budget=2)
    assert {each.step for each in next_attempts(today, steps=[1, 2, 5]).attempts} == {1, 2}
    nothing = next_attempts(today_of([drawn(3)], budget=0))
    assert nothing.verdicts == (("p3", "There is no effort left for another attempt."),)


@pytest.mark.parametrize("said", [{"steps": []}, {"steps": [0]}, {"outcomes": 1}])
def test_impossible_questions_are_refused(said):
    with pytest.raises(PlanError, match="next attempt: "):
        next_attempts(today_of([drawn(3)], budget=3), **said)


def test_the_sentence_of_change_names_a_factor_that_moves_a_unit():
    today = today_of([known("a", 0, 5, 9.5, 12.5), known("b", 0, 4, 7, 9)], budget=3)
    assert today.units == (2, 1)  # 5 + 4.5 + 4
    # The third unit of a adds 3, which 4 / 3 times the importance makes as good as b's first; below
    # 3 / 4 of its importance b's first adds less than that third.
    assert what_would_change(today, 0) == "Importance times 1.34 would bring it more."
    assert what_would_change(today, 1) == "Importance times 0.74 would take some away."


def test_the_sentence_of_change_names_an_outcome_that_moves_a_unit():
    today = today_of([live_or_dead(), known("sure", 0, 60, 80, 90)], budget=3)
    said = what_would_change(today, 0)
    assert "(0.50 is expected) would move it from 1 to 0." in said


def test_an_expected_score_below_the_baseline_is_explained():
    curve = Curve.learn([Observation(2.0, 0.0, 0.03)])
    weak = replace(state("weak", curve), effort_spent=2.0)
    sure = state("sure", KnownCurve(3.0, 0.3))
    cases = [Case(state=each, learn=lambda _: curve) for each in (weak, sure)]
    said = what_would_change(today_of(cases, budget=5), 0)
    assert "a skill of -0.05" in said
    assert "Expected is the mean of all outcomes, some of which fall far below" in said


def test_a_plan_of_nothing_has_nothing_to_change():
    assert (
        what_would_change(today_of([known("a", 0, 1)], budget=0), 0) == "There is nothing to split."
    )


@given(
    st.lists(st.floats(1e-9, 1e9), min_size=2, max_size=4),
    st.integers(1, 12),
)
@settings(max_examples=60, deadline=None)
def test_the_importance_that_is_told_moves_a_unit_and_no_rounding_undoes_it(importance, budget):
    cases = [
        Case(state=state(f"p{at}", KnownCurve(3.0 + at, 0.5), importance=each), learn=learnt)
        for at, each in enumerate(importance)
    ]
    today = today_of(cases, budget=budget)
    for at, one in enumerate(cases):
        said = re.match(
            r"Importance times (\S+) would (bring it more|take some)", what_would_change(today, at)
        )
        if said is None:
            continue
        factor, more = float(said[1]), said[2] == "bring it more"
        assert (factor > 1) is more
        assert factor > 0
        scaled = replace(one, state=replace(one.state, importance=factor * importance[at]))
        then = today_of([*cases[:at], scaled, *cases[at + 1 :]], budget=budget).units[at]
        assert then > today.units[at] if more else then < today.units[at]


def test_an_extreme_importance_is_told_in_few_digits():
    cases = [
        Case(state=state(key, KnownCurve(3.0, 0.5), importance=each), learn=learnt)
        for key, each in (("a", 1e12), ("b", 1.0))
    ]
    today = today_of(cases, budget=3)
    assert re.search(r"times \d\.\de-\d+ would take", what_would_change(today, 0))
    assert re.search(r"times \d\.\de\+\d+ would bring", what_would_change(today, 1))
