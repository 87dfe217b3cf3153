"""The sums behind a history's curve, against dense matrices and numerical integrals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import simpson
from scipy.stats import multivariate_normal

from assay.portfolio import Curve
from assay.portfolio.curves import grid, weighing
from assay.portfolio.curves.past import past_of
from assay.portfolio.curves.shape import SHAPES
from assay.portfolio.curves.stray import strayed, strayed_twice
from assay.portfolio.curves.wander import covariance, wander_of

EFFORT = np.array([10.0, 14.0, 30.0, 55.0, 90.0])
SCORE = np.array([0.35, 0.42, 0.55, 0.61, 0.66])
SE = np.array([0.03, 0.02, 0.02, 0.01, 0.01])


def given_past(se=SE):
    return past_of(EFFORT, SCORE, se=se, direction="max", ceiling=1.0, baseline=None, best=False)


def two_sided_brownian_motion(one: float, other: float) -> float:
    return min(abs(one), abs(other)) if one * other > 0 else 0.0


@given(
    at=st.lists(st.floats(-8, 0), min_size=2, max_size=8, unique=True).map(sorted),
    strength=st.floats(0.01, 3),
    factor=st.floats(0.1, 3),
)
def test_noise_and_wander_are_independent_along_the_directions(at, strength, factor):
    rows = np.array(at) - at[-1]
    noise = np.linspace(0.5, 1.5, rows.size)
    wander = wander_of(rows, noise)
    dense = [[two_sided_brownian_motion(one, other) for other in rows] for one in rows]
    whole = np.diag((factor * noise) ** 2) + strength**2 * np.array(dense)
    turned = wander.basis.T @ whole @ wander.basis
    expected = np.diag(factor**2 + strength**2 * wander.spread)
    np.testing.assert_allclose(turned, expected, atol=1e-9 * expected.max())
    found = multivariate_normal(cov=whole).logpdf(np.ones(rows.size))
    along = factor**2 + strength**2 * wander.spread
    seen = wander.onto(np.ones(rows.size))
    by_directions = -0.5 * np.sum(seen**2 / along + np.log(2 * np.pi * along)) - wander.log_volume
    assert by_directions == pytest.approx(found, rel=1e-7, abs=1e-7)


def test_the_evidence_is_the_integral_over_level_and_rise(monkeypatch):
    monkeypatch.setattr(grid, "SCALES", 3)
    monkeypatch.setattr(grid, "EXPONENTS", 2)
    monkeypatch.setattr(weighing, "STRENGTHS", np.array([0.02, 0.3]))
    monkeypatch.setattr(weighing, "FACTORS", np.array([0.5, 1.0]))
    past = given_past()
    at = past.log_effort(past.effort)
    found = weighing.weigh(past, wander_of(at, past.noise))

    unit, far = 1.0 - SCORE[0], weighing.LONG_RUN * EFFORT[-1]
    width = -at[0]
    pairs = [
        (
            np.exp(-0.5 * ((np.log(s) - np.log(0.2)) / 1.25) ** 2 - 0.5 * (np.log(m) / 0.7) ** 2),
            (m * past.noise) ** 2 * np.eye(5)
            + (s * unit) ** 2 / max(1.0, width) * covariance(at, at)
            + (weighing.VAGUE * unit) ** 2,
        )
        for s in (0.02, 0.3)
        for m in (0.5, 1.0)
    ]
    shapes = grid.shapes_between(10.0, 90.0)
    functions = list(SHAPES.values())
    live = dead = 0.0
    away = SCORE - SCORE[-1]
    for share, whole in pairs:
        law = multivariate_normal(cov=whole)
        dead += share * law.pdf(away)
        for family, tau, q, log_share in zip(
            shapes.family, shapes.tau, shapes.q, shapes.log_share, strict=True
        ):
            heights = functions[family](np.append(EFFORT, far), tau, q)
            span = heights[4] - heights[0]
            column = (heights[:5] - heights[4]) / span
            scale = weighing.RISE * unit * min(span / (heights[5] - heights[0]), width)
            rise = np.linspace(0.0, 6 * scale, 4001)
            prior = 2 * np.exp(-0.5 * (rise / scale) ** 2) / (scale * np.sqrt(2 * np.pi))
            values = law.pdf(away - np.multiply.outer(rise, column)) * prior
            live += share * np.exp(log_share) * simpson(values, x=rise)
    total = sum(share for share, _ in pairs)
    evidence = (0.8 * live + 0.2 * dead) / total
    assert found.log_evidence == pytest.approx(np.log(evidence), abs=1e-4)
    assert found.probability_dead == pytest.approx(0.2 * dead / total / evidence, rel=1e-3)


@pytest.mark.parametrize("x", [(20.0, 40.0), (12.0, 200.0), (150.0, 400.0)])
def test_the_wander_between_and_beyond_the_rows_is_that_of_a_gaussian_process(x):
    past = given_past()
    at = past.log_effort(past.effort)
    wander = wander_of(at, past.noise)
    draws = weighing.weigh(past, wander)
    new = past.log_effort(np.array(x))
    drawn = int(np.argmax(np.bincount(draws.group)))
    strength, factor = draws.strengths[drawn], draws.factors[drawn]
    whole = np.diag((factor * past.noise) ** 2) + strength**2 * covariance(at, at)
    towards = strength**2 * covariance(new, at)
    left = strength**2 * covariance(new, new) - towards @ np.linalg.solve(whole, towards.T)
    of_group = draws.group == drawn
    heights = draws.shapes.height(past.effort)
    smooth = draws.level[:, None] + draws.steepness[:, None] * (heights - heights[:, -1:])
    mean = (past.score - smooth) @ np.linalg.solve(whole, towards.T)
    for found in (strayed(draws, wander, new), strayed_twice(draws, wander, new)):
        beyond = found[of_group] - mean[of_group]
        tolerance = 5 * np.sqrt(np.diag(left) / of_group.sum())
        assert (np.abs(beyond.mean(axis=0)) < tolerance).all()
        np.testing.assert_allclose(beyond.std(axis=0), np.sqrt(np.diag(left)), rtol=0.2)
    together = np.cov((strayed_twice(draws, wander, new) - mean)[of_group].T)
    bound = np.sqrt(left[0, 0] * left[1, 1])
    assert together[0, 1] == pytest.approx(left[0, 1], abs=0.2 * bound)


def test_grid_points_share_the_prior_evenly_among_families():
    shapes = grid.shapes_between(3.0, 700.0)
    share = np.bincount(shapes.family, weights=np.exp(shapes.log_share))
    np.testing.assert_allclose(share, 1 / len(SHAPES))
    assert shapes.tau.min() == pytest.approx(0.3)
    assert shapes.tau.max() == pytest.approx(21_000.0)


def test_the_same_history_gives_the_same_curve_each_time():
    one, other = (Curve.fit(EFFORT, SCORE, se=SE).mean([5, 500]) for _ in range(2))
    np.testing.assert_array_equal(one, other)
