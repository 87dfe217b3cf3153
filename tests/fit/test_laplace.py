"""Draws from the Normal at the mode."""

import numpy as np
import pytest

from assay.fit import covariance, draw, draw_count

CURVATURE = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, -0.5], [0.0, -0.5, 2.0]])
MODE = np.array([1.0, -2.0, 0.5])


def test_draws_have_the_mode_as_their_mean_and_the_covariance_nearly():
    draws = draw(MODE, CURVATURE, count=256, seed=3)
    assert draws.shape == (256, 3)
    assert draws.mean(axis=0) == pytest.approx(MODE, abs=1e-13)
    inverse = np.linalg.inv(CURVATURE)
    assert np.cov(draws.T, bias=True) == pytest.approx(inverse, abs=0.03)
    assert covariance(CURVATURE) == pytest.approx(inverse, rel=1e-12)


def test_the_seed_and_nothing_else_chooses_the_draws():
    one, same, other = (draw(MODE, CURVATURE, count=16, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_more_rows_need_fewer_draws():
    counts = [draw_count(rows, 10) for rows in (50, 500, 5000, 50_000)]
    assert counts == [256, 128, 16, 8]


def test_a_curvature_that_is_none_is_refused():
    with pytest.raises(np.linalg.LinAlgError):
        draw(MODE, -CURVATURE, count=8, seed=0)
