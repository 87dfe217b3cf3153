"""Penalties by marginal likelihood, against closed forms and searches written out by hand."""

import numpy as np
import pytest
import scipy.stats as st
from scipy.optimize import minimize

from assay.family import Bernoulli, Known, NegativeBinomial, Normal
from assay.fit import PartRows, Prior
from assay.fit.likelihood import Likelihood
from assay.fit.marginal import Marginal
from assay.fit.smoothing import smooth

FLAT = np.inf


def groups(count, size):
    return np.repeat(np.arange(count), size)


def dummies(group):
    return np.column_stack([np.ones(len(group)), np.eye(group.max() + 1)[group]])


def setting(family, designs, y, weights, nuisance, mean=None):
    """What `smooth` takes: flat priors, penalties with these weights."""
    likelihood = Likelihood((PartRows(family, Known.VALUE, designs, y),))
    size = sum(design.shape[1] for design in designs)
    prior = Prior(np.zeros(size) if mean is None else mean, np.full(size, FLAT))
    masked = np.zeros(size, dtype=bool)
    masked[nuisance] = True
    return likelihood, prior, np.atleast_2d(weights), masked


def one_way(rng, count, size, between, within):
    """A Normal one-way layout and its setting; the log of the sd is a nuisance coefficient."""
    group = groups(count, size)
    y = 2.0 + rng.normal(0, between, count)[group] + rng.normal(0, within, len(group))
    weights = np.concatenate([[0.0], np.ones(count), [0.0]])
    mean = np.concatenate([[y.mean()], np.zeros(count), [np.log(y.std())]])
    designs = (dummies(group), np.ones((len(y), 1)))
    return y.reshape(count, size), setting(Normal(), designs, y, weights, [count + 1], mean)


@pytest.mark.parametrize(
    ("count", "size", "between", "within"),
    [(10, 5, 1.0, 1.0), (60, 3, 0.5, 1.0), (150, 2, 1.0, 0.3), (8, 20, 3.0, 1.0)],
)
def test_a_balanced_one_way_layout_has_the_closed_form(count, size, between, within):
    # REML: the expectations of the mean squares (Searle, Casella & McCulloch 1992, section 3.6).
    y, known = one_way(np.random.default_rng(count), count, size, between, within)
    found = smooth(*known)
    inside = np.sum((y - y.mean(axis=1, keepdims=True)) ** 2) / (count * (size - 1))
    across = size * np.var(y.mean(axis=1), ddof=1)
    assert found.optimum.is_settled
    assert np.exp(2 * found.optimum.coefficients[-1]) == pytest.approx(inside, rel=1e-3)
    assert 1 / found.lambdas[0] == pytest.approx((across - inside) / size, rel=3e-3)
    # What the levels are drawn to: the best linear predictor.
    share = 1 - inside / across
    wanted = share * (y.mean(axis=1) - y.mean())
    assert found.optimum.coefficients[1:-1] == pytest.approx(wanted, abs=2e-3 * np.ptp(wanted))
    covariance = np.linalg.inv(found.optimum.curvature)
    assert covariance[0, 0] == pytest.approx(across / y.size, rel=3e-3)
    assert found.freedom[1:-1].sum() == pytest.approx((count - 1) * share, rel=0.02)


def test_the_log_of_a_standard_deviation_is_as_sure_as_its_degrees_of_freedom():
    count, size = 150, 6
    _, known = one_way(np.random.default_rng(3), count, size, 3.0, 1.0)
    found = smooth(*known)
    error = np.sqrt(np.linalg.inv(found.optimum.curvature)[-1, -1])
    assert error == pytest.approx((2 * count * (size - 1)) ** -0.5, rel=0.01)


def test_groups_that_differ_no_more_than_chance_are_one():
    y, known = one_way(np.random.default_rng(0), 20, 4, 0.0, 1.0)
    assert 4 * np.var(y.mean(axis=1), ddof=1) < np.mean(np.var(y, axis=1, ddof=1))
    found = smooth(*known)
    assert found.optimum.is_settled
    assert found.is_gone.tolist() == [True]
    assert np.exp(2 * found.optimum.coefficients[-1]) == pytest.approx(np.var(y, ddof=1), rel=1e-3)
    assert np.abs(found.optimum.coefficients[1:-1]).max() < 1e-3


def laplace_of_counts(outer, y, group):
    """Minus log marginal likelihood of grouped negative-binomial counts, from SciPy and formulae.

    Intercept and levels are integrated out by Laplace's approximation.
    """
    precision, size = np.exp(outer)
    design = dummies(group)
    prior = np.concatenate([[0.0], np.full(group.max() + 1, precision)])

    def loss(b):
        mean = np.exp(design @ b)
        fit = st.nbinom.logpmf(y, size, size / (size + mean)).sum()
        slope = design.T @ ((y - mean) * size / (size + mean))
        return 0.5 * prior @ b**2 - fit, prior * b - slope

    def curvature(b):
        mean = np.exp(design @ b)
        bend = mean * size * (y + size) / (size + mean) ** 2
        return design.T @ (bend[:, None] * design) + np.diag(prior)

    start = np.concatenate([[np.log(y.mean())], np.zeros(group.max() + 1)])
    options = {"gtol": 1e-9}
    mode = minimize(loss, start, jac=True, hess=curvature, method="trust-exact", options=options).x
    constant = 0.5 * (group.max() + 1) * np.log(precision) + 0.5 * np.log(2 * np.pi)
    return loss(mode)[0] - constant + 0.5 * np.linalg.slogdet(curvature(mode))[1]


def test_counts_in_groups_end_where_a_search_by_hand_ends():
    rng = np.random.default_rng(5)
    group = groups(15, 6)
    mean = np.exp(1.0 + rng.normal(0, 0.6, 15)[group])
    y = rng.negative_binomial(3.0, 3.0 / (3.0 + mean)).astype(float)
    weights = np.concatenate([[0.0], np.ones(15), [0.0]])
    start = np.concatenate([[np.log(y.mean())], np.zeros(16)])
    designs = (dummies(group), np.ones((len(y), 1)))
    found = smooth(*setting(NegativeBinomial(), designs, y, weights, [16], start))
    outer = np.array([np.log(found.lambdas[0]), found.optimum.coefficients[-1]])
    here = laplace_of_counts(outer, y, group)
    assert found.log_marginal == pytest.approx(-here, rel=1e-9)
    best = minimize(
        laplace_of_counts, outer + 0.5, (y, group), method="Nelder-Mead", options={"xatol": 1e-5}
    )
    assert outer == pytest.approx(best.x, abs=3e-3)
    assert here <= best.fun + 1e-5


@pytest.fixture
def curves():
    """Zeros and ones along two columns, each with penalised waves."""
    rng = np.random.default_rng(9)
    x, z = rng.uniform(0, 1, (2, 400))
    waves = [np.sin(k * np.pi * each) for each in (x, z) for k in range(1, 9)]
    design = np.column_stack([np.ones(400), *waves])
    logit = 2 * np.sin(2 * np.pi * x) + 1.5 * np.sin(3 * np.pi * z)
    y = (rng.random(400) < 1 / (1 + np.exp(-logit))).astype(float)
    order = np.tile(np.arange(1.0, 9) ** 4, 2)
    along = np.repeat([0, 1], 8)
    weights = [np.concatenate([[0.0], order * (along == each)]) for each in (0, 1)]
    return setting(Bernoulli(), (design,), y, np.array(weights), [])


def test_the_slope_of_the_marginal_likelihood_is_its_finite_difference(curves):
    likelihood, prior, weights, nuisance = curves
    marginal = Marginal(likelihood, prior.mean, prior.sd**-2.0, weights, nuisance)
    at, step = np.array([-4.0, -3.0]), 1e-4
    slope = marginal.gradient(marginal.solve(at, prior.mean))
    for k in range(2):
        move = step * np.eye(2)[k]
        ahead, behind = (marginal.solve(at + s * move, prior.mean) for s in (1, -1))
        wanted = (ahead.log_marginal - behind.log_marginal) / (2 * step)
        assert slope[k] == pytest.approx(wanted, rel=1e-5)


def test_two_penalties_end_where_a_search_ends(curves):
    likelihood, prior, weights, nuisance = curves
    found = smooth(likelihood, prior, weights, nuisance)
    assert found.optimum.is_settled
    marginal = Marginal(likelihood, prior.mean, prior.sd**-2.0, weights, nuisance)

    def loss(at):
        return -marginal.solve(at, prior.mean).log_marginal

    best = minimize(loss, np.log(found.lambdas) - 0.7, method="Nelder-Mead")
    assert -found.log_marginal <= best.fun + 1e-5
    assert np.log(found.lambdas) == pytest.approx(best.x, abs=0.02)


def test_where_coefficients_begin_does_not_matter(curves):
    one = smooth(*curves)
    size = len(curves[1].mean)
    two = smooth(*curves, start=np.random.default_rng(2).normal(0, 0.5, size))
    assert np.log(two.lambdas) == pytest.approx(np.log(one.lambdas), abs=0.01)
    assert two.log_marginal == pytest.approx(one.log_marginal, abs=1e-5)


def test_a_likelihood_without_a_value_does_not_converge():
    def broken(at):
        return np.nan, np.full(2, np.nan), np.full((2, 2), np.nan)

    prior = Prior(np.zeros(2), np.full(2, FLAT))
    found = smooth(broken, prior, np.array([[0.0, 1.0]]), np.zeros(2, dtype=bool))
    assert not found.optimum.is_settled
