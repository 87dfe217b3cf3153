"""A company keeps to its law, shows noisy attempts that fall short, and knows its best split."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import ConfigError, PlanError
from assay.portfolio import SHAPES
from assay.simulate import Company, TrueProject, company
from assay.simulate.companies import SE, STEEPNESS
from assay.simulate.streams import stream

BASE = TrueProject(
    key="P", team="T", importance=2.0, family="exponential", tau=10.0, q=1.0, height=0.5, kappa=0.05
)


@pytest.fixture(scope="module")
def many() -> Company:
    return company(11, projects=1000)


def test_the_same_seed_makes_the_same_company_and_another_another():
    assert company(3) == company(3)
    assert company(3) != company(4)


def test_more_projects_leave_the_first_ones_as_they_were():
    assert company(3, projects=40).projects[:5] == company(3, projects=5).projects


def test_shares_move_nothing_else():
    without = company(3, projects=40, share_dead=0.0).projects
    half = company(3, projects=40, share_dead=0.5).projects
    assert 8 < sum(project.is_dead for project in half) < 32
    for alive, same in zip(without, half, strict=True):
        assert same in (alive, replace(alive, height=0.0))


def test_projects_follow_the_law_that_is_stated(many):
    importance = np.log([project.importance for project in many.projects])
    tau = np.log([project.tau for project in many.projects])
    assert np.mean([p.is_dead for p in many.projects]) == pytest.approx(0.25, abs=0.05)
    assert importance.mean() == pytest.approx(0.0, abs=0.09)
    assert importance.std() == pytest.approx(0.8, abs=0.06)
    assert tau.std() == pytest.approx(0.9, abs=0.07)
    assert {project.family for project in many.projects} == set(SHAPES)
    assert {project.team for project in many.projects} == {"T1", "T2", "T3"}


def test_late_projects_are_half_s_curves_and_half_start_ups():
    late = company(5, projects=1000, share_late=1.0).projects
    curved = [project.family == "s-curve" for project in late]
    starting = [project.start_up > 0 for project in late]
    assert np.mean(curved) == pytest.approx(0.5, abs=0.06)
    assert [a != b for a, b in zip(curved, starting, strict=True)] == [True] * 1000
    assert {8, 30} <= {project.start_up for project in late} <= {0, *range(8, 31)}


def test_headroom_by_hand():
    assert float(BASE.headroom(10.0)) == pytest.approx(0.5 * (1 - np.exp(-1)))
    assert float(BASE.value(10.0)) == pytest.approx(2 * 100 * 0.5 * (1 - np.exp(-1)))
    late = replace(BASE, start_up=4)
    np.testing.assert_array_equal(late.headroom([0, 3, 4]), 0.0)
    assert float(late.headroom(14.0)) == float(BASE.headroom(10.0))
    curved = replace(BASE, family="s-curve")
    assert float(curved.headroom(20.0)) == pytest.approx(0.5 * 2**STEEPNESS / (1 + 2**STEEPNESS))


def test_attempts_fall_short_by_the_law_that_is_stated():
    one = company(2, projects=1, share_dead=0.0)
    rng = stream(2, "test")
    seen = [one.attempt(BASE, 10.0, rng) for _ in range(20_000)]
    missed = float(BASE.headroom(10.0)) - np.array([each.score for each in seen], float)
    kappa = BASE.kappa
    assert missed.mean() == pytest.approx(kappa * (0.85 + 0.15 * 4), rel=0.03)
    # Of an exponential law the square averages 2 mean^2.
    square = 2 * kappa**2 * (0.85 + 0.15 * 16) + SE**2
    assert np.mean(missed**2) == pytest.approx(square, rel=0.1)
    assert {each.se for each in seen} == {SE}


def test_no_split_beats_the_oracle():
    firm = company(8, projects=3, share_dead=0.0, share_late=0.6)
    splits = [s for s in product(range(31), repeat=3) if sum(s) <= 30]
    found = firm.oracle(30)
    assert found.value == pytest.approx(max(firm.value(split) for split in splits), rel=1e-12)
    assert firm.value(found.units) == pytest.approx(found.value)


@given(seed=st.integers(0, 500), late=st.sampled_from([0.0, 0.5]), budget=st.integers(0, 60))
def test_more_effort_is_never_worth_less(seed, late, budget):
    firm = company(seed, projects=4, share_late=late)
    for project, values in zip(firm.projects, firm.values(budget), strict=True):
        assert values[0] == 0.0
        assert (np.diff(project.value(np.arange(budget + 1.0))) >= -1e-12).all()
        assert (values <= 100 * project.importance).all()


def test_a_notebook_shows_the_truth():
    shown = company(1, projects=7)._repr_html_()
    assert shown.count("<tr>") == 8
    assert "P07" in shown


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"seed": -1}, "`seed` is -1"),
        ({"seed": 0.5}, r"`seed` is 0\.5"),
        ({"projects": 0}, "`projects` is 0"),
        ({"projects": 2.5}, r"`projects` is 2\.5"),
        ({"projects": 2000}, "`projects` is 2000"),
        ({"share_dead": 1.5}, r"`share_dead` is 1\.5"),
        ({"share_late": float("nan")}, "`share_late` is nan"),
    ],
)
def test_an_impossible_company_is_refused(wrong, found):
    with pytest.raises(ConfigError, match=found):
        company(**wrong)


def test_an_oracle_without_a_budget_is_refused():
    with pytest.raises(PlanError, match="`budget` is -1"):
        company(1).oracle(-1)
