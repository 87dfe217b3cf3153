"""Fresh atoms near a sharp posterior: their laws are exact, and no kind of atoms is lost."""

import numpy as np
import pytest
from scipy import stats

from assay.portfolio import Curve, Observation
from assay.portfolio.curves.coordinates import KINDS, atoms_at, coordinates, kind_of, log_prior
from assay.portfolio.curves.cover import draw_over, noise
from assay.portfolio.curves.prior import SHARE_DEAD, draw_atoms, prior_atoms


@pytest.mark.parametrize("kind", KINDS)
def test_coordinates_lead_back_to_the_same_curves(kind):
    atoms = prior_atoms()
    atoms = atoms.take(kind_of(atoms) == kind)
    again = atoms_at(kind, coordinates(kind, atoms))
    efforts = np.array([1.0, 20.0, 300.0])
    np.testing.assert_allclose(again.headroom(efforts), atoms.headroom(efforts), atol=1e-11)
    np.testing.assert_allclose(again.kappa, atoms.kappa)
    assert (kind_of(again) == kind).all()


@pytest.mark.parametrize("kind", KINDS)
def test_weighed_draws_hold_the_share_of_the_prior_that_their_kind_has(kind):
    # Their mean weight estimates an integral, so a wrong density of any kind would show.
    atoms = draw_atoms(4000, 3)
    at = coordinates(kind, atoms.take(kind_of(atoms) == kind))
    even = np.full(at.shape[1], 1.0 / at.shape[1])
    points, log_density = draw_over(at, even, noise(4, 4000, 0).part(len(at), 0, 4000))
    weights = np.exp(log_prior(kind, points) - log_density)
    share = SHARE_DEAD if kind == 0 else (1.0 - SHARE_DEAD) / 6.0
    assert weights.mean() == pytest.approx(share, rel=5.0 * weights.std() / share / 4000**0.5)
    assert weights.std() < share
    kappa = np.average(points[0], weights=weights)
    assert kappa == pytest.approx(np.log(0.06), abs=0.06)


def test_a_law_covers_a_cloud_of_one_point():
    at = np.array([[1.0, 5.0], [2.0, -3.0]])
    points, log_density = draw_over(at, np.array([1.0, 0.0]), noise(4, 4000, 1).part(2, 0, 50))
    np.testing.assert_allclose(points.mean(axis=1), [1.0, 2.0], atol=1e-4)
    assert np.isfinite(log_density).all()


def test_the_noise_is_standard_and_differs_from_round_to_round():
    first, second = noise(4, 4000, 0), noise(4, 4000, 1)
    assert stats.kstest(first.normal.ravel(), "norm").pvalue > 1e-3
    assert np.abs(np.corrcoef(first.normal[0], second.normal[0])[0, 1]) < 0.06
    stretched = first.normal[0] * first.stretch
    assert stats.kstest(stretched, stats.t(5.0).cdf).pvalue > 1e-3


def test_attempts_that_tell_of_shortfalls_alone_leave_the_curve_as_it_was():
    # At no effort every curve is at 0: only the typical shortfall is learnt, and very sharply.
    curve = Curve.learn([Observation(0.0, 0.0, 1e-4)] * 20)
    assert curve.effective_atoms < 10_000  # it was resampled
    assert curve.probability_dead() == pytest.approx(0.2, abs=0.03)
    prior = Curve.prior()
    np.testing.assert_allclose(curve.mean([20.0, 90.0]), prior.mean([20.0, 90.0]), atol=0.012)


def test_a_kind_whose_atoms_all_lie_far_off_is_found():
    # So many flat attempts leave no live atom that fits. A hundred times as many draws, and long
    # Metropolis walks, give 0.93 to 0.98 for a dead project; to lose the live ones gives 1.
    curve = Curve.learn([Observation(1.0 * k, 0.0, 0.01) for k in range(1, 201)])
    assert 0.9 < curve.probability_dead() < 0.99


@pytest.mark.parametrize("se", [1e-4, 1e-6])
def test_scores_that_are_all_but_exact_are_fitted_within_their_shortfalls(se):
    short = (0.05, 0.0, 0.11, 0.02, 0.0, 0.3, 0.01, 0.04, 0.0, 0.07)
    efforts = np.arange(3.0, 33.0, 3.0)
    truth = 0.6 * -np.expm1(-efforts / 20.0)
    seen = [
        Observation(float(x), float(y), se) for x, y in zip(efforts, truth - short, strict=True)
    ]
    curve = Curve.learn(seen)
    assert curve.effective_atoms > 300.0
    low, high = curve.band(60.0, 0.95)
    assert low < 0.6 * -np.expm1(-3.0) < high
    assert high - low < 0.25
