"""Splits under constraints: against trying every split, and what is said where there is none."""

import re

import numpy as np
import pytest

from assay.errors import PlanError
from assay.portfolio.allocation import Constraints, Prerequisite, allocate, allocate_each

from .small import (
    best_of_all,
    draw_all,
    draw_limits,
    draw_most_active,
    draw_prerequisites,
    draw_teams,
    draw_values,
    holds,
)

LINE = np.arange(11) * 1.0
PORTFOLIOS = 500  # of each kind
CASES = {
    "free": lambda rng, projects: {},
    "limits": draw_limits,
    "teams": draw_teams,
    "prerequisites": draw_prerequisites,
    "few active": draw_most_active,
    "all": draw_all,
}


@pytest.mark.parametrize("kind", CASES)
def test_no_split_that_respects_the_constraints_is_better(kind):
    draw, solved = CASES[kind], 0
    for seed in range(PORTFOLIOS):
        rng = np.random.default_rng([seed, len(kind)])
        projects, budget = int(rng.integers(1, 5)), int(rng.integers(0, 9))
        values = draw_values(rng, projects, 6)
        asked = Constraints(**draw(rng, projects))
        best = best_of_all(values, budget, asked)
        if best is None:
            with pytest.raises(PlanError):
                allocate(values, budget, constraints=asked)
            continue
        found = allocate(values, budget, constraints=asked)
        assert found.value == pytest.approx(best, abs=1e-9)
        assert found.bound >= best - 1e-9
        assert found.gap <= 1e-8
        assert sum(found.units) <= budget
        assert holds(found.units, asked)
        solved += 1
    assert solved > PORTFOLIOS // 8


def test_the_solver_finds_what_the_search_finds_where_nothing_couples():
    rng = np.random.default_rng(4)
    values = draw_values(rng, 12, 30)
    loose = Constraints(most_active=12, teams=["a"] * 12, capacity={"a": 40})
    searched, solved = allocate(values, 40), allocate(values, 40, constraints=loose)
    assert solved.value == pytest.approx(searched.value, rel=1e-9)
    assert solved.bound == pytest.approx(searched.value, rel=1e-6)


def test_teams_alone_split_as_one_search_for_each_team_and_one_over_teams():
    rng = np.random.default_rng(5)
    values = draw_values(rng, 12, 20)
    asked = Constraints(teams=["a", "b", "c"] * 4, capacity={"a": 11, "b": 7, "c": 15})
    by_team = [
        np.array([each.value for each in allocate_each(values[at::3], range(capacity + 1))])
        for at, capacity in enumerate(asked.capacity.values())
    ]
    found = allocate(values, 25, constraints=asked)
    assert found.value == pytest.approx(allocate(by_team, 25).value, rel=1e-9)


def test_what_a_prerequisite_costs_may_make_both_projects_not_worth_it():
    dull, good = np.array([0.0, 0.0, 0.0, 0.1]), np.array([0.0, 5.0])
    other = np.arange(5) * 2.0
    asked = Constraints(prerequisites=[Prerequisite(project=1, needs=0, units=3)])
    assert allocate([dull, good, other], 4, constraints=asked).units == (0, 0, 4)
    assert allocate([dull, good * 2, other], 4, constraints=asked).units == (3, 1, 0)


def test_a_prerequisite_that_is_done_costs_nothing():
    waits = [Prerequisite(project=1, needs=0, units=3)]
    values = [np.zeros(4), np.array([0.0, 5.0])]
    done = Constraints(prerequisites=waits, done=[0])
    assert not done.is_coupled
    assert allocate(values, 1, constraints=done).units == (0, 1)
    assert allocate(values, 1, constraints=Constraints(prerequisites=waits)).units == (0, 0)


def test_each_of_several_budgets_respects_the_limits():
    asked = Constraints(least=[2, 0], committed=[0, 1], most=[None, 3])
    found = allocate_each([LINE, LINE * 2], (3, 5, 9), constraints=asked)
    assert [each.units for each in found] == [(2, 1), (2, 3), (6, 3)]
    assert [each.certificate for each in found] == pytest.approx([1.0, 1.0, 1.0])


def test_a_search_out_of_time_says_what_may_be_missing():
    rng = np.random.default_rng(6)
    values = [np.cumsum([0.0, *rng.exponential(size=80)]) for _ in range(60)]
    waits = [Prerequisite(project=at + 1, needs=at, units=9) for at in range(0, 59, 2)]
    asked = Constraints(prerequisites=waits, most_active=20)
    found = allocate(values, 200, constraints=asked, time_limit_s=1e-4)
    assert holds(found.units, asked)
    assert 0 < found.gap <= 1
    assert found.bound * (1 - found.gap) == pytest.approx(found.value)
    assert re.match(r"The search was stopped after 0.0001 s: the best split may be", found.note)


def test_a_time_limit_must_be_above_nought():
    asked = Constraints(most_active=1)
    with pytest.raises(PlanError, match="`time_limit_s` is 0, must be above 0"):
        allocate([LINE], 1, constraints=asked, time_limit_s=0)


WAITS = [Prerequisite(project=0, needs=1, units=3)]


@pytest.mark.parametrize(
    ("asked", "budget", "said"),
    [
        ({"least": [3, 2]}, 4, 'budget is 4 units, .* at least 5: "x" 3, "y" 2'),
        ({"least": [1, 0], "prerequisites": WAITS}, 3, "at least 4, prerequisites included"),
        ({"least": [4, 0], "most": [3, None]}, 9, '"x" must get at least 4 .* `most` is 3'),
        ({"committed": [0, 12]}, 20, '"y" must get at least 12 .* its values cover 10'),
        (
            {"least": [2, 2], "teams": ["a", "a"], "capacity": {"a": 3}},
            9,
            'team "a" has 3 units left, .* at least 4',
        ),
        ({"least": [1, 1], "most_active": 1}, 9, "at most 1 may be active .* but 2 must be"),
        (
            {"least": [1, 0], "most": [None, 2], "prerequisites": WAITS},
            9,
            '"x" must be funded and needs 3 units of "y", which can get at most 2',
        ),
    ],
)
def test_constraints_that_clash_are_named(asked, budget, said):
    with pytest.raises(PlanError, match=said):
        allocate([LINE, LINE], budget, constraints=Constraints(**asked), names=["x", "y"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"least": [1]}, "`least` is given for 1 projects, but there are 3"),
        ({"most": [1, -1, 2]}, '"y": `most` is -1, must be a whole number, 0 or more'),
        ({"committed": [0.5, 0, 0]}, '"x": `committed` is 0.5'),
        ({"most_active": 1.5}, "`most_active` is 1.5"),
        ({"done": [3]}, "`done` names project 3, which is unknown; there are 3, from 0 to 2"),
        ({"prerequisites": [Prerequisite(project=0, needs=7)]}, "names project 7, which is unkn"),
        ({"prerequisites": [Prerequisite(project=0, needs=1, units=0)]}, "is 0, must be a whole"),
        (
            {"teams": ["a", None, "b"], "capacity": {"c": 2}},
            r"the team 'c', which does no project's work. Teams are \['a', 'b'\]",
        ),
    ],
)
def test_constraints_that_make_no_sense_are_refused(asked, said):
    with pytest.raises(PlanError, match=said):
        allocate([LINE] * 3, 5, constraints=Constraints(**asked), names=["x", "y", "z"])


def test_a_circle_of_prerequisites_is_named():
    links = [(0, 1), (1, 2), (2, 1), (3, 0)]
    waits = [Prerequisite(project=project, needs=needs) for project, needs in links]
    with pytest.raises(PlanError, match='in a circle: "b" needs "c" needs "b"'):
        allocate(
            [LINE] * 4, 5, constraints=Constraints(prerequisites=waits), names=["a", "b", "c", "d"]
        )
    cut = Constraints(prerequisites=waits, done=[2])
    assert sum(allocate([LINE] * 4, 5, constraints=cut).units) == 5


def test_names_are_one_for_each_project():
    with pytest.raises(PlanError, match="`names` has 1 entries, but there are 2 projects"):
        allocate([LINE, LINE], 5, names=["x"])


def test_constraints_do_not_change_with_what_they_were_built_from():
    least, capacity = [1, 2], {"a": 3}
    asked = Constraints(least=least, teams=["a", "a"], capacity=capacity)
    least[0], capacity["a"] = 9, 9
    assert asked.least == (1, 2)
    assert asked.capacity == {"a": 3}
    assert asked == Constraints(least=(1, 2), teams=("a", "a"), capacity={"a": 3})
