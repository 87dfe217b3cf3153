"""Atoms without weight are sorted out early, and nothing else changes."""

import numpy as np
import pytest

from assay.portfolio import Belief, Curve, Observation
from assay.portfolio.curves.evidence import NEGLIGIBLE, log_likelihood_of, weigh
from assay.portfolio.curves.likelihood import log_density, log_peak
from assay.portfolio.curves.prior import prior_atoms

RISING = tuple(
    Observation(4.0 * k + 2.0, 0.5 * (1 - 0.8**k) - 0.07 * (k % 3), 0.02) for k in range(12)
)
FAILED = tuple(Observation(4.0 * k + 2.0, bound=0.05) for k in range(7))
SHARP = tuple(Observation(each.effort, each.score, 1e-4) for each in RISING)


@pytest.mark.parametrize("seen", [RISING[:1], RISING, RISING + FAILED, FAILED, SHARP, ()])
@pytest.mark.parametrize("belief", [None, Belief(0.6, 20.0, 0.1)])
def test_what_carries_weight_is_exact_and_what_does_not_is_bounded(seen, belief):
    atoms = prior_atoms()
    exact = log_likelihood_of(seen, belief, 1.0)(atoms)
    found = weigh(atoms, seen, belief, 1.0)
    cut = exact.max() + np.log(NEGLIGIBLE)
    matter = exact >= cut
    np.testing.assert_allclose(found[matter], exact[matter], rtol=1e-10, atol=1e-9)
    assert (found[~matter] < cut).all()
    assert (found >= exact - 1e-9 * np.abs(exact)).all()


def test_most_atoms_are_sorted_out_before_the_last_attempt():
    found = weigh(prior_atoms(), RISING, None, 1.0)
    exact = log_likelihood_of(RISING, None, 1.0)(prior_atoms())
    assert (found > exact + 1e-6).mean() > 0.3


def test_no_score_is_denser_than_the_peak():
    shortfall = np.linspace(-2.0, 3.0, 4001)
    for kappa in (0.001, 0.05, 0.5):
        for se in (0.0005, 0.02, 0.4):
            highest = log_density(shortfall, np.array(kappa), np.array(se)).max()
            assert highest <= float(log_peak(np.array([kappa]), se)[0]) + 1e-9


@pytest.mark.parametrize("score", [1e6, -1e150, 0.3])
@pytest.mark.parametrize("se", [1e-300, 1e-3, 1e300])
def test_numbers_off_any_scale_still_give_a_curve(score, se):
    curve = Curve.learn([Observation(5.0, score, se)])
    assert 0.0 <= float(curve.mean(10.0)) <= 1.0
    assert curve.weights.sum() == pytest.approx(1.0)
