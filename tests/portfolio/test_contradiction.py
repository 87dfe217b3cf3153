"""Attempts that rise late are told from attempts that fall short, and few are accused wrongly."""

import numpy as np
import pytest

from assay.portfolio import Observation, StageOfWork, Stages, contradiction

from .truth import draw_project

# Nothing for 20 days, then returns that diminish as they should.
LATE = tuple(
    Observation(x, y, 0.02)
    for x, y in [(4, 0.0), (9, -0.02), (14, 0.01), (19, -0.01), (24, 0.2), (30, 0.34), (36, 0.4)]
)
USUAL = tuple(
    Observation(x, y, 0.02)
    for x, y in [(4, 0.12), (9, 0.21), (14, 0.02), (19, 0.3), (24, 0.1), (30, 0.36), (36, 0.38)]
)


def s_curve(seed: int, attempts: int = 8) -> tuple[Observation, ...]:
    rng = np.random.default_rng([77, seed])
    efforts = np.cumsum(1.0 + rng.exponential(5.0, attempts))
    steep = (efforts / (efforts[-1] * rng.uniform(0.4, 0.7))) ** 6.0
    short = rng.exponential(0.06, attempts) - rng.normal(0.0, 0.02, attempts)
    heights = 0.6 * steep / (1.0 + steep) - short
    return tuple(
        Observation(float(x), float(y), 0.02) for x, y in zip(efforts, heights, strict=True)
    )


def test_a_start_up_that_nobody_declared_is_found_with_what_to_do():
    found = contradiction(LATE)
    assert found is not None
    assert found.factor > 50
    assert 14 <= found.start_up <= 24
    assert f"{found.factor:,.0f} times as probable" in found.evidence
    assert "start-up" in found.meaning
    assert "declare a stage with its start-up cost" in found.remedy


def test_once_it_is_declared_nothing_is_left_to_find():
    declared = Stages((StageOfWork("data", 0.0, 20.0),))
    assert contradiction(LATE, stages=declared) is None


def test_attempts_that_fall_short_are_no_contradiction():
    assert contradiction(USUAL) is None
    assert contradiction([Observation(x, 0.0, 0.02) for x in (3.0, 6.0, 10.0, 15.0)]) is None


def test_the_unit_of_effort_and_the_order_of_attempts_change_nothing_but_the_unit():
    days = contradiction(LATE)
    in_hours = [Observation(8 * seen.effort, seen.score, seen.se) for seen in LATE[::-1]]
    hours = contradiction(in_hours, effort_per_person_day=8.0)
    assert days is not None
    assert hours is not None
    assert hours.factor == pytest.approx(days.factor, rel=1e-9)
    assert hours.start_up == pytest.approx(8 * days.start_up)


@pytest.mark.parametrize("seen", [(), LATE[:1], LATE[3:5]])
def test_too_few_attempts_tell_nothing(seen):
    assert contradiction(seen) is None


def test_attempts_at_one_effort_tell_nothing():
    assert contradiction([Observation(5.0, y, 0.02) for y in (0.0, 0.1, 0.5)]) is None


def test_few_companies_whose_returns_diminish_are_accused_and_most_others_are():
    # Whoever accuses one in twenty accuses 10 of 100 or more with a probability of 3 %.
    honest = [draw_project(7000 + seed, 3 + seed % 13).attempts for seed in range(100)]
    assert sum(contradiction(seen) is not None for seen in honest) < 10
    assert sum(contradiction(s_curve(seed)) is not None for seed in range(20)) >= 10
