"""Learning a curve from attempts: what each kind of attempt teaches."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import ConfigError, PlanError
from assay.portfolio import Belief, Curve, KnownCurve, Observation
from assay.portfolio.curves.evidence import log_likelihood_of
from assay.portfolio.curves.prior import draw_atoms, prior_atoms
from assay.portfolio.curves.resample import DRAWN, ENOUGH, resample_locally
from assay.portfolio.curves.smooth import nodes_needed

GOOD = (Observation(4.0, 0.2, 0.02), Observation(10.0, 0.31, 0.02))
FLAT = tuple(Observation(x, 0.0, 0.01) for x in (3.0, 6.0, 10.0, 15.0))
SHARP = tuple(Observation(4.0 * k, 0.4 * (1 - math.exp(-k / 5)), 0.014) for k in range(1, 9))


def test_attempts_that_bring_nothing_say_that_the_project_may_be_dead():
    dead = [Curve.learn(FLAT[:count]).probability_dead() for count in range(5)]
    assert all(later > earlier for earlier, later in pairwise(dead))
    assert dead[4] > 0.3


def test_a_score_well_above_0_says_that_the_project_lives():
    assert Curve.learn(GOOD).probability_dead() < 1e-6


def test_one_bad_attempt_does_not_bury_a_project():
    after = Curve.learn((*GOOD, Observation(13.0, 0.02, 0.02)))
    assert float(after.mean(40.0)) > 0.75 * float(Curve.learn(GOOD).mean(40.0))


def test_one_bit_teaches_nearly_what_a_failed_score_does():
    scored = Curve.learn((*GOOD, Observation(20.0, 0.29, 0.02)))
    one_bit = Curve.learn((*GOOD, Observation(20.0, bound=0.31)))
    without = Curve.learn(GOOD)
    fall = float(without.mean(60.0) - one_bit.mean(60.0))
    assert fall > 0.0
    assert abs(float(scored.mean(60.0) - one_bit.mean(60.0))) < fall


def test_the_order_of_attempts_is_irrelevant():
    one, other = Curve.learn(GOOD + FLAT), Curve.learn((FLAT + GOOD)[::-1])
    np.testing.assert_allclose(one.mean([5, 50]), other.mean([5, 50]), rtol=1e-10)


def test_the_unit_of_effort_changes_only_the_axis():
    in_hours = [Observation(8 * seen.effort, seen.score, seen.se) for seen in GOOD]
    hours = Curve.learn(in_hours, Belief(0.5, 160, 0.2), effort_per_person_day=8.0)
    days = Curve.learn(GOOD, Belief(0.5, 20, 0.2))
    np.testing.assert_allclose(hours.mean([40, 400]), days.mean([5, 50]), rtol=1e-12)
    assert hours.gain_band(80.0, 80.0) == pytest.approx(days.gain_band(10.0, 10.0))


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_a_band_holds_the_probability_it_names(level):
    curve = Curve.learn(GOOD)
    low, high = curve.band(30.0, level)
    height = curve.atoms.headroom(np.array([30.0]))[:, 0]
    inside = curve.weights[(height >= low) & (height <= high)].sum()
    assert inside == pytest.approx(level, abs=0.005)


@given(
    x0=st.floats(0, 50),
    scores=st.lists(st.floats(-0.2, 0.9), min_size=0, max_size=4),
)
def test_gains_start_at_0_never_fall_and_add_up(x0, scores):
    curve = Curve.learn([Observation(3.0 * k + 3, s, 0.05) for k, s in enumerate(scores)])
    gain = curve.gain(x0, 30)
    assert gain[0] == 0.0
    assert (np.diff(gain) >= 0).all()
    rise = float(curve.mean(x0 + 30.0) - curve.mean(x0))
    assert gain[30] == pytest.approx(rise, abs=1e-11)  # many efforts are interpolated


def test_a_mean_far_out_is_computed_in_pieces_with_the_same_result():
    curve = Curve.learn(GOOD)
    whole = curve.mean(np.arange(200.0))
    assert whole.shape == (200,)
    np.testing.assert_allclose(
        whole[[0, 63, 64, 199]], [float(curve.mean(x)) for x in (0, 63, 64, 199)]
    )
    assert curve.mean(np.zeros((0,))).shape == (0,)


def test_sharp_attempts_are_resampled_to_what_many_more_atoms_say():
    curve = Curve.learn(SHARP)
    assert curve.atoms.size <= DRAWN
    assert curve.effective_atoms >= ENOUGH
    many = draw_atoms(600_000, 1)
    scores = log_likelihood_of(SHARP, None, 1.0)(many)
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    assert 1.0 / np.sum(weights**2) > 200.0
    truth = weights @ many.headroom(np.array([20.0, 90.0]))
    np.testing.assert_allclose(curve.mean([20.0, 90.0]), truth, rtol=0.0, atol=0.01)


def test_a_thousand_efforts_are_read_off_few_without_a_difference_that_a_plan_could_see():
    for seen in ((), GOOD, SHARP):
        curve = Curve.learn(seen)
        for start in (0.0, 0.4, 150.0):
            efforts = start + np.arange(1001.0)
            assert 2 * nodes_needed(max(start, 1.0), start + 1000.0) < efforts.size
            exact = np.array([float(curve.mean(x)) for x in efforts[::50]])
            np.testing.assert_allclose(curve.mean(efforts)[::50], exact, rtol=0.0, atol=1e-12)


def test_a_dead_project_stays_at_exactly_0_over_a_thousand_units():
    prior = prior_atoms()
    atoms = prior.take(prior.dead)
    curve = Curve(atoms, np.full(atoms.size, 1.0 / atoms.size), float(atoms.size))
    assert (curve.gain(3.0, 1000) == 0.0).all()


@pytest.mark.parametrize("x0", [0.0, 3.5, 80.0])
def test_the_gain_of_the_next_unit_is_the_rise_of_the_mean_over_it(x0):
    curve = Curve.learn(GOOD)
    rise = float(curve.mean(x0 + 1.0) - curve.mean(x0))
    assert curve.gain_of_next(x0) == pytest.approx(rise, rel=1e-9)
    assert KnownCurve(10.0, 0.5).gain_of_next(x0) == pytest.approx(
        10 * math.log((1 + 0.5 * (x0 + 1)) / (1 + 0.5 * x0))
    )


def test_what_was_learnt_once_is_not_learnt_again():
    assert Curve.learn(GOOD) is Curve.learn(list(GOOD))
    assert Curve.learn(GOOD) is not Curve.learn(GOOD, effort_per_person_day=8.0)


def test_resampling_gives_the_same_curve_each_time():
    likelihood = log_likelihood_of(SHARP, None, 1.0)
    once, again = (
        resample_locally(prior_atoms(), likelihood(prior_atoms()), likelihood) for _ in range(2)
    )
    np.testing.assert_array_equal(once[0].tau, again[0].tau)
    np.testing.assert_array_equal(once[1], again[1])


def test_resampling_keeps_the_chance_of_a_dead_project():
    # With more attempts too few of the many atoms would be left to tell the truth.
    flat = [Observation(4.0 * k, 0.0, 0.01) for k in range(1, 13)]
    curve = Curve.learn(flat)
    assert curve.atoms.size <= DRAWN
    many = draw_atoms(800_000, 2)
    scores = log_likelihood_of(flat, None, 1.0)(many)
    weights = np.exp(scores - scores.max())
    truth = weights[many.dead].sum() / weights.sum()
    assert curve.probability_dead() == pytest.approx(truth, abs=0.05)


@pytest.mark.parametrize("score", [-3.0, 1.4, 20.0])
def test_a_score_off_the_scale_still_gives_a_curve(score):
    curve = Curve.learn([Observation(5.0, score, 0.01)])
    assert 0.0 <= float(curve.mean(10.0)) <= 1.0
    assert curve.weights.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"effort": -1.0, "score": 0.1, "se": 0.1}, "`effort` is -1.0"),
        ({"effort": math.nan, "score": 0.1, "se": 0.1}, "`effort` is nan"),
        ({"effort": 1.0}, r"is \(None, None\)"),
        ({"effort": 1.0, "score": 0.1, "se": 0.1, "bound": 0.2}, r"is \(0.1, 0.2\)"),
        ({"effort": 1.0, "score": math.inf, "se": 0.1}, "is inf"),
        ({"effort": 1.0, "score": 0.1}, "`se` is None"),
        ({"effort": 1.0, "score": 0.1, "se": 0.0}, "`se` is 0.0"),
        ({"effort": 1.0, "bound": 0.1, "se": math.nan}, "`se` is nan"),
    ],
)
def test_an_impossible_observation_is_refused(fields, found):
    with pytest.raises(PlanError, match=found):
        Observation(**fields)


@pytest.mark.parametrize(
    ("fields", "found"),
    [((1.2, 20, 0.2), "share"), ((0.5, 0, 0.2), "effort"), ((0.5, 20, math.nan), "give_or_take")],
)
def test_an_impossible_belief_is_refused(fields, found):
    with pytest.raises(ConfigError, match=f"`{found}` is"):
        Belief(*fields)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ((-1.0, 1.0), "a"),
        ((1.0, 0.0), "b"),
        ((1.0, math.nan), "b"),
        ((1.0, 1.0, "cubic"), "family"),
    ],
)
def test_an_impossible_known_curve_is_refused(fields, found):
    with pytest.raises(ConfigError, match=f"`{found}` is"):
        KnownCurve(*fields)


@pytest.mark.parametrize("level", [0.0, 1.0, math.nan])
def test_an_impossible_level_is_refused(level):
    with pytest.raises(PlanError, match="`level`"):
        Curve.prior().band(3.0, level)


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan])
def test_an_impossible_unit_is_refused(rate):
    with pytest.raises(PlanError, match="effort_per_person_day"):
        Curve.prior(effort_per_person_day=rate)


def test_a_known_curve_is_its_formula_without_a_band():
    curve = KnownCurve(10.0, 0.5)
    assert float(curve.mean(6.0)) == pytest.approx(10 * math.log(4))
    low, high = curve.band([6.0])
    assert low == high == pytest.approx(10 * math.log(4))
    assert curve.gain(2.0, 4)[4] == pytest.approx(10 * math.log(2))
    assert curve.probability_dead() == 0.0
    assert KnownCurve(0.0, 1.0).probability_dead() == 1.0
