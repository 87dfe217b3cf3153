"""Bands and means on projects drawn from another law than the prior.

The table that these figures repeat was simulated with 210 projects; 120 of them, at two distances,
give a standard error of about 3 points.
"""

import numpy as np
import pytest

from assay.portfolio import Curve

from .truth import TrueProject

COVERED = {0: (0.92, 0.92), 1: (0.87, 0.87), 5: (0.86, 0.83)}
ROOT_MEAN_SQUARE = {1: 0.095, 5: 0.075}


def last_effort(project: TrueProject, count: int) -> float:
    return project.attempts[count - 1].effort if count else 10.0


def errors(projects: list[TrueProject], curves: list[Curve], at: list[float]) -> np.ndarray:
    pairs = zip(projects, curves, at, strict=True)
    return np.array([float(curve.mean(x)) - project.headroom(x) for project, curve, x in pairs])


def covered(projects: list[TrueProject], curves: list[Curve], at: list[float]) -> float:
    inside = []
    for project, curve, x in zip(projects, curves, at, strict=True):
        low, high = curve.band(x)
        inside.append(low - 1e-12 <= project.headroom(x) <= high + 1e-12)
    return float(np.mean(inside))


@pytest.mark.parametrize("count", COVERED)
def test_the_band_covers_what_it_says_on_projects_that_the_prior_does_not_know(
    true_projects, count
):
    curves = [Curve.learn(project.seen(count)) for project in true_projects]
    for times, published in zip((2, 4), COVERED[count], strict=True):
        at = [times * last_effort(project, count) for project in true_projects]
        found = covered(true_projects, curves, at)
        assert found >= 0.74, f"{times}x: covered {found:.2f}, an 80 % band was promised"
        assert found == pytest.approx(published, abs=0.09), f"{times}x"
    if count:
        far = errors(true_projects, curves, at)
        assert np.sqrt(np.mean(far**2)) == pytest.approx(ROOT_MEAN_SQUARE[count], rel=0.35)


def test_hiding_failures_makes_curves_too_hopeful(true_projects):
    at = [4 * project.attempts[-1].effort for project in true_projects]
    everything = [Curve.learn(project.seen(5)) for project in true_projects]
    shown = [Curve.learn(project.improvements(5)) for project in true_projects]
    honest, hopeful = (
        float(errors(true_projects, curves, at).mean()) for curves in (everything, shown)
    )
    assert abs(honest) < 0.035
    assert hopeful - honest > 0.03


def test_a_dead_project_is_covered_because_0_has_a_probability_of_its_own(true_projects):
    dead = [project for project in true_projects if project.a == 0]
    bands = [Curve.learn(project.seen(5)).band(100.0) for project in dead]
    assert len(dead) > 15
    assert np.mean([low <= 0.0 for low, _ in bands]) > 0.75
