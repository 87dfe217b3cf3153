"""Policies spend what a round has, see what they may, and differ as they are meant to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import ConfigError, UnknownNameError
from assay.portfolio import Curve, Observation, ProjectState, plan_projects
from assay.simulate import POLICIES, Policy, Round, Standing, company, compare, play, policy
from assay.simulate.standing import (
    best_so_far,
    everything,
    failures_hidden,
    learnt,
    least_squares,
    one_bit,
    one_possible,
)
from assay.simulate.streams import stream

SEEN = tuple(
    Observation(x, score, 0.02)
    for x, score in ((2.0, -0.1), (4.0, 0.2), (6.0, 0.1), (9.0, 0.3), (12.0, 0.3))
)


def asked(*standings: Standing, units: int = 10, left: int = 40) -> Round:
    return Round(standings=standings, units=units, left=left, rng=stream(1, "test"))


@pytest.mark.parametrize("each", POLICIES.values(), ids=lambda each: each.name)
def test_every_policy_spends_whole_units_within_the_round(each: Policy):
    course = play(company(4, projects=4, share_late=0.5), each, budget=43, rounds=6)
    spent = [sum(step.units) for step in course.steps]
    assert [step.effort for step in course.steps] == [7, 14, 21, 28, 35, 43]
    assert all(have <= step.effort for have, step in zip(spent, course.steps, strict=True))
    assert spent == sorted(spent)
    assert all(0 <= step.regret <= 100 for step in course.steps)


@pytest.mark.parametrize("each", POLICIES.values(), ids=lambda each: each.name)
def test_the_same_company_is_played_the_same_way_again(each: Policy):
    first, again = (play(company(9, projects=3), each, 12, 3) for _ in range(2))
    assert first == again


def test_luck_is_the_same_for_all_policies():
    """Attempt k of a project misses its curve by as much, whatever effort it is made at."""
    firm = company(6, projects=3, share_dead=0.0)
    courses = [play(firm, POLICIES[name], 30, 5) for name in ("equal", "thompson")]
    missed = [
        [
            [float(true.headroom(seen.effort)) - seen.level for seen in now.attempts]
            for true, now in zip(firm.projects, course.standings, strict=True)
        ]
        for course in courses
    ]
    for one, other in zip(*missed, strict=True):
        both = min(len(one), len(other))
        assert both > 0
        assert one[:both] == pytest.approx(other[:both])


def test_the_product_s_own_plan_is_what_the_posterior_mean_carries_out():
    standings = [
        Standing(importance=1.0, spent=12, attempts=SEEN),
        Standing(importance=1.5),
        Standing(importance=0.7, spent=4, attempts=SEEN[:2]),
    ]
    split = POLICIES["posterior-mean"].split(asked(*standings, units=17))
    states = [
        ProjectState(
            key=str(at), question="", importance=now.importance, effort_spent=now.spent,
            curve=Curve.learn(now.attempts),
        )
        for at, now in enumerate(standings)
    ]  # fmt: skip
    plan = plan_projects(states, budget=17, effort_unit="person-day")
    assert split.tolist() == [line.units for line in plan.lines]


def test_equal_shares_even_out():
    standings = [Standing(importance=1, spent=spent) for spent in (5, 0, 2)]
    assert POLICIES["equal"].split(asked(*standings, units=6)).tolist() == [0, 4, 2]


def test_only_the_plan_pays_for_a_start_up():
    late = Standing(importance=50.0, start_up=12)
    soon = Standing(importance=0.1)
    assert POLICIES["greedy"].split(asked(late, soon)).tolist() == [0, 10]
    assert POLICIES["posterior-mean"].split(asked(late, soon)).tolist() == [10, 0]


def test_effort_within_a_start_up_teaches_nothing_of_the_curve():
    now = Standing(importance=1, start_up=5, spent=12, attempts=SEEN)
    assert [seen.effort for seen in now.evidence] == [0.0, 0.0, 1.0, 4.0, 7.0]
    assert [seen.score for seen in now.evidence] == [seen.score for seen in SEEN]


def test_what_each_reading_of_the_attempts_keeps():
    assert everything(SEEN) == SEEN
    assert failures_hidden(SEEN) == (SEEN[1], SEEN[3])
    told = one_bit(SEEN)
    assert [seen.bound for seen in told] == [0.0, None, 0.2, None, 0.3]
    assert [seen.effort for seen in told] == [seen.effort for seen in SEEN]
    assert [seen.level for seen in best_so_far(SEEN)] == [0.0, 0.2, 0.2, 0.3, 0.3]


@given(slope=st.floats(0.01, 1), efforts=st.lists(st.integers(2, 90), min_size=1, max_size=6))
def test_least_squares_finds_a_curve_that_is_one(slope, efforts):
    seen = tuple(Observation(float(x), slope * np.log(x), 0.02) for x in efforts)
    at = np.array([1.0, 3.0, 50.0])
    np.testing.assert_allclose(least_squares(seen)(at), slope * np.log(at), rtol=1e-9)


def test_least_squares_never_falls_and_gives_up_after_one_bad_attempt():
    flat = least_squares((Observation(5.0, -0.1, 0.02),))(np.array([5.0, 500.0]))
    assert flat.tolist() == [0.0, 0.0]


def test_before_the_second_unit_least_squares_believes_what_all_believe():
    at = np.array([1.0, 9.0])
    expected = learnt(()).mean(at)
    for seen in ((), (Observation(1.0, 0.3, 0.02),)):
        np.testing.assert_array_equal(least_squares(seen)(at), expected)


def test_drawn_curves_average_to_the_mean():
    curve, rng, at = learnt(SEEN), stream(3, "test"), np.array([12.0, 30.0, 90.0])
    drawn = np.array([one_possible(curve, rng)(at) for _ in range(3000)])
    error = drawn.std(axis=0) / np.sqrt(3000)
    assert (np.abs(drawn.mean(axis=0) - curve.mean(at)) < 4 * error).all()


def test_an_unknown_policy_names_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"`best` is unknown\. Known: equal, .*thompson"):
        policy("best")
    assert policy(" equal ").name == "equal"


@pytest.mark.parametrize(("budget", "rounds"), [(0, 1), (-3, 1), (10, 0), (10, 11), (30_000, 10)])
def test_impossible_rounds_are_refused(budget, rounds):
    with pytest.raises(ConfigError, match=r"`budget` is|`rounds` is"):
        play(company(1), POLICIES["equal"], budget, rounds)


def test_a_company_without_anything_to_gain_has_no_regret():
    course = play(company(1, share_dead=1.0), POLICIES["equal"], 10, 2)
    assert [step.regret for step in course.steps] == [0.0, 0.0]


def test_who_knows_the_importances_and_learns_loses_less_than_equal_shares():
    found = compare(
        [company(seed) for seed in range(6)],
        [POLICIES["posterior-mean"], POLICIES["equal"]],
        budget=100,
        rounds=5,
    )
    plan, equal = found.regrets()[:, :, -1]
    assert plan.mean() + 5 < equal.mean()


@pytest.mark.parametrize("companies", [1, 3])
def test_a_comparison_is_a_table_with_errors_where_there_are_several(companies):
    found = compare(
        [company(seed, projects=2) for seed in range(companies)],
        [POLICIES["equal"], POLICIES["least-squares"]],
        budget=9,
        rounds=3,
    )
    table = found.table()
    assert table.columns == ["policy", "round", "effort", "regret", "se"]
    assert table["effort"].to_list() == [3, 6, 9] * 2
    assert table["se"].null_count() == (6 if companies == 1 else 0)
    ends = [courses[at].regret for courses in found.courses for at in range(companies)]
    assert found.regrets()[:, :, -1].ravel().tolist() == ends
    split = found.splits()
    assert split["equal"].to_list() == [5, 4]
    assert sum(split["oracle"].to_list()) <= 9


@pytest.mark.parametrize("names", [(), ("equal", "equal")])
def test_a_comparison_needs_policies_that_differ(names):
    with pytest.raises(ConfigError, match="Name each policy once"):
        compare([company(1)], [POLICIES[name] for name in names], budget=9)
