"""The fixed atoms: the laws they are drawn from, and that all projects share them."""

import numpy as np
import pytest
from scipy import stats

from assay.portfolio import SHAPES, Belief, Curve
from assay.portfolio.curves.prior import draw_atoms, prior_atoms

FAMILIES = list(SHAPES)


def test_atoms_are_made_once_and_always_the_same():
    again = draw_atoms(20_000, 505)
    assert prior_atoms() is prior_atoms()
    np.testing.assert_array_equal(prior_atoms().tau, again.tau)


@pytest.mark.parametrize(
    ("values", "law"),
    [
        (prior_atoms().tau, stats.lognorm(1.2, scale=20.0)),
        (prior_atoms().kappa, stats.lognorm(0.6, scale=0.06)),
        (prior_atoms().a[~prior_atoms().dead], stats.beta(1.3, 1.6)),
        (
            prior_atoms().q[prior_atoms().family == FAMILIES.index("power")],
            stats.lognorm(0.5, scale=0.7),
        ),
        (
            prior_atoms().q[prior_atoms().family == FAMILIES.index("hill")],
            stats.uniform(0.5, 0.5),
        ),
        (
            prior_atoms().q[prior_atoms().family == FAMILIES.index("janoschek")],
            stats.uniform(0.5, 0.5),
        ),
    ],
    ids=["tau", "kappa", "a", "q of power", "q of hill", "q of janoschek"],
)
def test_parameters_follow_their_laws(values, law):
    assert stats.kstest(values, law.cdf).pvalue > 0.001


def test_families_are_equally_likely():
    counts = np.bincount(prior_atoms().family, minlength=len(SHAPES))
    assert counts.max() - counts.min() <= 1


def test_one_project_in_five_is_dead_before_any_attempt():
    assert Curve.prior().probability_dead() == pytest.approx(0.2, abs=1e-12)


def test_dead_projects_make_the_lower_end_of_the_band_exactly_0():
    low, high = Curve.prior().band([5.0, 50.0])
    assert (low == 0.0).all()
    assert (high > 0.1).all()


@pytest.mark.parametrize(("share", "effort"), [(0.6, 20.0), (0.15, 60.0)])
def test_a_sharp_belief_moves_live_curves_to_it_and_leaves_the_chance_of_a_dead_one(share, effort):
    curve = Curve.prior(Belief(share, effort, 0.02))
    assert float(curve.mean(effort)) / 0.8 == pytest.approx(share, abs=0.01)
    assert curve.probability_dead() == pytest.approx(0.2, abs=0.01)


def test_a_wide_belief_says_nothing():
    vague, prior = Curve.prior(Belief(0.5, 20, 1e4)), Curve.prior()
    np.testing.assert_allclose(vague.mean([5, 50]), prior.mean([5, 50]), rtol=1e-6)
