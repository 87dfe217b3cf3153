"""Stages of work: what their start-ups cost, and what curves make of the effort that is left."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import ConfigError
from assay.portfolio import Belief, Curve, KnownCurve, Observation, StageOfWork, Stages
from assay.portfolio.state import curve_of
from assay.record import ProjectBody, canonical, read_canonical

NAMES = ("baseline", "data", "features", "ml", "deep", "research")
DEEP = Stages((StageOfWork("ml", 5.0), StageOfWork("deep", 40.0, 10.0)))
GOOD = (Observation(4.0, 0.2, 0.02), Observation(10.0, 0.31, 0.02))


@st.composite
def stages(draw: st.DrawFn) -> Stages:
    """Any stages whose start-ups do not overlap."""
    made, free = [], draw(st.floats(0, 20))
    for name in NAMES[: draw(st.integers(0, 4))]:
        start_up = draw(st.floats(0, 30))
        made.append(StageOfWork(name, free, start_up))
        free += start_up + draw(st.floats(0.1, 20))
    return Stages(tuple(made))


@given(stages(), st.lists(st.floats(0, 300), min_size=2, max_size=30))
def test_the_effort_that_counts_never_falls_and_never_exceeds_what_was_spent(made, spent):
    spent = np.sort(spent)
    counts = made.effective(spent)
    assert (np.diff(counts) >= 0).all()
    assert (counts <= spent).all()
    assert (counts >= 0).all()


@given(stages(), st.floats(1, 300))
def test_start_ups_cost_exactly_what_they_say(made, beyond):
    end = max([0.0, *(stage.starts_to_pay for stage in made.stages)]) + beyond
    cost = math.fsum(stage.start_up for stage in made.stages)
    assert float(made.effective(end)) == pytest.approx(end - cost, abs=1e-9)
    for stage in made.stages:
        inside = stage.begins + np.linspace(0, stage.start_up, 5)
        assert np.ptp(made.effective(inside)) <= 1e-12


@given(st.floats(0, 60), st.floats(0, 40), st.floats(0, 40), st.integers(0, 80))
def test_more_start_up_never_raises_what_lies_beyond_it(begins, start_up, more, units):
    known = (
        KnownCurve(10.0, 0.5, stages=Stages((StageOfWork("deep", begins, each),)))
        for each in (start_up, start_up + more)
    )
    less, costlier = (curve.gain(0.0, units) for curve in known)
    assert (costlier <= less + 1e-12).all()


def test_the_effort_that_counts_stands_still_for_as_long_as_the_start_up_takes():
    np.testing.assert_array_equal(
        DEEP.effective([0, 5, 39, 40, 45, 50, 51, 90]), [0, 5, 39, 40, 40, 40, 41, 80]
    )
    assert [DEEP.at(x) for x in (0, 5, 39.9, 40, 99)] == [None, "ml", "ml", "deep", "deep"]
    assert DEEP.begins == {"ml": 5.0, "deep": 40.0}


def test_a_known_curve_stands_still_with_it():
    curve = KnownCurve(10.0, 0.5, stages=DEEP)
    assert float(curve.mean(60.0)) == pytest.approx(10 * math.log(1 + 0.5 * 50))
    gain = curve.gain(38.0, 16)
    assert gain[2] == gain[12] < gain[13]
    assert curve.gain_band(40.0, 10.0) == (0.0, 0.0)
    assert curve.band(45.0)[0] == KnownCurve(10.0, 0.5).mean(40.0)


def test_a_learnt_curve_reads_attempts_and_answers_at_the_effort_that_counts():
    late = [Observation(o.effort + 10.0, o.score, o.se) for o in GOOD]
    first = Stages((StageOfWork("data", 0.0, 10.0),))
    plain = Curve.learn(GOOD, Belief(0.5, 20, 0.2))
    staged = Curve.learn(late, Belief(0.5, 30, 0.2), stages=first)
    np.testing.assert_array_equal(staged.mean([5, 10, 20, 50]), plain.mean([0, 0, 10, 40]))
    np.testing.assert_array_equal(staged.band([20.0])[1], plain.band([10.0])[1])
    assert staged.gain_band(20.0, 30.0) == plain.gain_band(10.0, 30.0)
    assert staged.gain(0.0, 30)[:11].max() == 0.0
    np.testing.assert_allclose(staged.gain(0.0, 1000)[10:], plain.gain(0.0, 990), atol=1e-12)
    assert staged.probability_dead() == plain.probability_dead()


def test_without_stages_nothing_changes():
    assert not Stages()
    assert Curve.learn(GOOD, stages=Stages()) is Curve.learn(GOOD)
    assert float(Stages().effective(7.3)) == 7.3


def test_a_project_states_its_stages_and_old_records_without_them_are_still_read():
    said = {"ml": 5, "deep": {"from": 40, "start_up": 10}}
    direct = ProjectBody(key="a", stages=said)
    known = ProjectBody(key="a", curve={"a": 10, "b": 0.5, "stages": said})
    assert curve_of(direct, ()).stages == DEEP
    assert curve_of(known, ()) == KnownCurve(10.0, 0.5, stages=DEEP)
    for body in (direct, known):
        assert ProjectBody(**read_canonical(canonical(body.model_dump()))) == body
    old = {name: value for name, value in direct.model_dump().items() if name != "stages"}
    assert curve_of(ProjectBody(**old), ()).stages == Stages()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: StageOfWork("ml", -1.0), "`from` of ml is -1.0"),
        (lambda: StageOfWork("ml", 1.0, math.nan), "`start_up` of ml is nan"),
        (
            lambda: Stages((StageOfWork("ml", 5.0), StageOfWork("deep", 5.0))),
            "deep begins at 5, must begin after ml at 5",
        ),
        (
            lambda: Stages((StageOfWork("ml", 5.0, 9.0), StageOfWork("deep", 8.0))),
            "when its start-up is over, at 14",
        ),
        (
            lambda: Curve.prior(Belief(0.5, 8, 0.2), stages=Stages((StageOfWork("ml", 0.0, 9.0),))),
            "all of which goes into a start-up",
        ),
    ],
)
def test_impossible_stages_are_refused(made, said):
    with pytest.raises(ConfigError, match=said):
        made()
