"""The density of scores that fall short of a curve, against numeric convolution."""

from itertools import pairwise

import mpmath
import numpy as np
import pytest
from scipy import integrate, stats

from assay.portfolio.curves.likelihood import log_density, log_not_above

CASES = [(0.05, 0.06, 0.02), (-0.03, 0.06, 0.02), (0.4, 0.03, 0.05), (0.0, 0.2, 0.01)]


def shortfall_density(d: float, kappa: float) -> float:
    return 0.9 * stats.expon.pdf(d, scale=kappa) + 0.1 * stats.expon.pdf(d, scale=5 * kappa)


def convolved(r: float, kappa: float, se: float) -> float:
    """Density of f - y = D - e at r, by quadrature over the noise."""

    def integrand(e: float) -> float:
        return shortfall_density(r + e, kappa) * stats.norm.pdf(e, scale=se)

    low = max(-r, -12 * se)
    return integrate.quad(integrand, low, max(low, 12 * se), epsabs=0, epsrel=1e-11, limit=400)[0]


def density(r: float, kappa: float, se: float) -> float:
    return float(np.exp(log_density(np.array(r), np.array(kappa), np.array(se))))


def not_above(r: float, kappa: float, se: float) -> float:
    return float(np.exp(log_not_above(np.array(r), np.array(kappa), np.array(se))))


@pytest.mark.parametrize(("r", "kappa", "se"), CASES)
def test_the_density_of_a_score_is_the_convolution_of_shortfall_and_noise(r, kappa, se):
    assert density(r, kappa, se) == pytest.approx(convolved(r, kappa, se), rel=1e-8)


@pytest.mark.parametrize(("kappa", "se"), [(0.06, 0.02), (0.01, 0.05)])
def test_the_density_holds_all_the_mass(kappa, se):
    ends = (-12 * se, 0.0, 5 * kappa, 200 * kappa)
    parts = [
        integrate.quad(density, low, high, args=(kappa, se), limit=400)[0]
        for low, high in pairwise(ends)
    ]
    assert sum(parts) == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize(("r", "kappa", "se"), CASES)
def test_not_beating_a_bound_is_the_mass_of_all_lower_scores(r, kappa, se):
    ends = (r, max(r, 0.0) + 5 * kappa, r + 200 * kappa)
    parts = [
        integrate.quad(density, low, high, args=(kappa, se), limit=400)[0]
        for low, high in pairwise(ends)
    ]
    assert not_above(r, kappa, se) == pytest.approx(sum(parts), rel=1e-7)


def exact(r: float, kappa: float, se: float, *, of_density: bool) -> float:
    """The formulas in 400 digits, where nothing cancels or underflows."""
    with mpmath.workdps(400):
        r, kappa, se = mpmath.mpf(r), mpmath.mpf(kappa), mpmath.mpf(se)
        total = mpmath.mpf(0)
        for p, mean in ((mpmath.mpf(9) / 10, kappa), (mpmath.mpf(1) / 10, 5 * kappa)):
            rate = 1 / mean
            tilted = mpmath.exp(rate**2 * se**2 / 2 - rate * r) * mpmath.ncdf(
                (r - rate * se**2) / se
            )
            total += p * (rate * tilted if of_density else 1 - (mpmath.ncdf(r / se) - tilted))
        return float(mpmath.log(total))


@pytest.mark.parametrize("r", [-0.9, -0.1, 0.0, 0.1, 0.9])
@pytest.mark.parametrize(("kappa", "se"), [(0.06, 0.02), (0.004, 0.05), (0.3, 0.001)])
def test_both_tails_are_right_in_log_space(r, kappa, se):
    at = np.array(r), np.array(kappa), np.array(se)
    assert float(log_density(*at)) == pytest.approx(
        exact(r, kappa, se, of_density=True), rel=1e-11, abs=1e-11
    )
    assert float(log_not_above(*at)) == pytest.approx(
        exact(r, kappa, se, of_density=False), rel=1e-10, abs=1e-11
    )
