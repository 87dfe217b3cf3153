"""The optimum is the one that other optimisers find, and says so when it is none."""

import numpy as np
import pytest
import scipy.stats as st
from scipy.optimize import minimize

from assay.errors import FitError
from assay.family import Bernoulli, Gamma, Known, NegativeBinomial, Normal
from assay.fit import PartRows, Prior, covariance, judge, maximise
from assay.fit.likelihood import Likelihood
from assay.fit.newton import THINNED
from assay.fit.row_terms import BLOCK, row_slopes, row_terms
from assay.predictor.matrix import ones

ROWS = 300
RNG = np.random.default_rng(4)
X = np.column_stack([np.ones(ROWS), RNG.normal(size=ROWS), RNG.random(ROWS) < 0.4])
ONE = np.ones((ROWS, 1))


def flat(coefficients):
    return Prior(np.zeros(coefficients), np.full(coefficients, np.inf))


def all_seen(family, *designs, y):
    return (PartRows(family, Known.VALUE, designs, y),)


def scipy_optimum(loss, start):
    found = minimize(loss, start, method="BFGS", options={"gtol": 1e-9})
    return minimize(loss, found.x, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14}).x


def test_a_normal_fit_is_least_squares():
    y = X @ [3.0, -1.0, 2.0] + RNG.normal(size=ROWS)
    optimum = maximise(all_seen(Normal(), X, ONE, y=y), flat(4), np.zeros(4))
    coefficients, residuals = np.linalg.lstsq(X, y, rcond=None)[:2]
    assert optimum.is_settled
    assert optimum.coefficients[:3] == pytest.approx(coefficients, rel=1e-9)
    # Maximum likelihood divides by the rows, not by the degrees of freedom.
    assert np.exp(optimum.coefficients[3]) == pytest.approx(np.sqrt(residuals[0] / ROWS), rel=1e-9)


def test_a_bernoulli_fit_is_scikit_learns_logistic_regression():
    linear_model = pytest.importorskip("sklearn.linear_model")
    y = (RNG.random(ROWS) < 1 / (1 + np.exp(-(X @ [-0.5, 1.0, 0.7])))).astype(float)
    optimum = maximise(all_seen(Bernoulli(), X, y=y), flat(3), np.zeros(3))
    other = linear_model.LogisticRegression(C=1e12, tol=1e-10, max_iter=1000).fit(X[:, 1:], y)
    wanted = [*other.intercept_, *other.coef_[0]]
    assert optimum.coefficients == pytest.approx(wanted, rel=1e-5, abs=1e-6)


def test_a_gamma_fit_is_the_maximum_that_scipy_finds():
    y = RNG.gamma(4.0, np.exp(X @ [1.0, 0.3, -0.5]) / 4.0)

    def loss(at):
        cv = np.exp(at[3])
        return -st.gamma.logpdf(y, cv**-2, scale=np.exp(X @ at[:3]) * cv**2).sum()

    optimum = maximise(all_seen(Gamma(), X, ONE, y=y), flat(4), np.zeros(4))
    assert optimum.coefficients == pytest.approx(scipy_optimum(loss, np.zeros(4)), abs=2e-6)
    assert optimum.log_likelihood == pytest.approx(-loss(optimum.coefficients), rel=1e-11)


def test_a_negative_binomial_fit_is_the_maximum_that_scipy_finds():
    mean = np.exp(X @ [1.5, 0.4, -0.5])
    y = RNG.negative_binomial(2.0, 2.0 / (2.0 + mean)).astype(float)

    def loss(at):
        size, mu = np.exp(at[3]), np.exp(X @ at[:3])
        return -st.nbinom.logpmf(y, size, size / (size + mu)).sum()

    optimum = maximise(all_seen(NegativeBinomial(), X, ONE, y=y), flat(4), np.zeros(4))
    assert optimum.coefficients == pytest.approx(scipy_optimum(loss, np.zeros(4)), abs=2e-6)


def tobit(sd_away):
    """A Normal regression of which only what lies below a limit is seen."""
    y = X @ [3.0, -1.0, 2.0] + RNG.normal(size=ROWS)
    limit = np.where(np.arange(ROWS) < 6, np.inf, y - sd_away)
    reached = y >= limit
    parts = (
        PartRows(Normal(), Known.VALUE, (X[~reached], ONE[~reached]), y[~reached]),
        PartRows(Normal(), Known.AT_LEAST, (X[reached], ONE[reached]), limit[reached]),
    )

    def loss(at):
        mean, sd = X @ at[:3], np.exp(at[3])
        hidden = st.norm.logsf(limit[reached], mean[reached], sd)
        return -hidden.sum() - st.norm.logpdf(y[~reached], mean[~reached], sd).sum()

    return parts, loss


def test_a_censored_fit_is_the_tobit_maximum_that_scipy_finds():
    parts, loss = tobit(sd_away=0.0)
    optimum = maximise(parts, flat(4), np.zeros(4))
    assert optimum.is_settled
    assert optimum.coefficients == pytest.approx(
        scipy_optimum(loss, optimum.coefficients), abs=2e-6
    )
    assert loss(np.array([3.0, -1.0, 2.0, 0.0])) > loss(optimum.coefficients)


def test_a_fit_that_starts_12_sd_off_still_moves():
    # All but 6 rows say only that they lie beyond a limit; from here each is 12 sd or more away.
    parts, loss = tobit(sd_away=0.5)
    prior = Prior(np.array([-12.0, 0, 0, 0]), np.full(4, 100.0))
    hidden = parts[1]
    assert np.median(hidden.y - hidden.designs[0] @ prior.mean[:3]) > 12
    optimum = maximise(parts, prior)
    assert optimum.is_settled
    assert loss(optimum.coefficients) < loss(prior.mean) - 1000
    assert optimum.coefficients[0] > 0


def test_curvature_and_gradient_are_finite_differences():
    y = RNG.gamma(4.0, np.exp(X @ [1.0, 0.3, -0.5]) / 4.0)
    prior = Prior(np.zeros(4), np.array([5.0, 2.0, 2.0, 5.0]))
    parts = all_seen(Gamma(), X, ONE, y=y)
    optimum = maximise(parts, prior, np.zeros(4))
    mode, step = optimum.coefficients, 1e-4

    def value(at):
        cv = np.exp(at[3])
        fit = st.gamma.logpdf(y, cv**-2, scale=np.exp(X @ at[:3]) * cv**2).sum()
        return fit + st.norm.logpdf(at, prior.mean, prior.sd).sum()

    moves = step * np.eye(4)
    bend = np.array(
        [
            [
                value(mode + a + b)
                - value(mode + a - b)
                - value(mode - a + b)
                + value(mode - a - b)
                for b in moves
            ]
            for a in moves
        ]
    )
    assert optimum.curvature == pytest.approx(-bend / (4 * step**2), rel=1e-4, abs=1e-3)
    inverse = np.linalg.inv(optimum.curvature)
    assert covariance(optimum.curvature) == pytest.approx(inverse, rel=1e-9, abs=1e-15)
    assert np.abs(optimum.gradient).max() < 1e-4


def test_many_rows_take_a_thinned_start_and_end_at_the_same_place():
    rows = 4 * THINNED + 7
    rng = np.random.default_rng(8)
    design = np.column_stack([np.ones(rows), rng.normal(size=rows)])
    y = rng.gamma(2.0, np.exp(design @ [0.5, 0.2]) / 2.0)
    parts = all_seen(Gamma(), design, np.ones((rows, 1)), y=y)
    prior = Prior(np.zeros(3), np.full(3, 5.0))
    thinned, whole = maximise(parts, prior), maximise(parts, prior, np.zeros(3))
    assert thinned.is_settled
    assert whole.is_settled
    assert thinned.coefficients == pytest.approx(whole.coefficients, abs=1e-7)
    assert thinned.iterations < whole.iterations


@pytest.mark.parametrize("sd", [5.0, np.inf])
def test_rows_that_a_thinned_start_never_sees_are_fitted_like_all(sd, monkeypatch):
    rows = 4 * THINNED + 7
    rng = np.random.default_rng(9)
    rare = np.zeros(rows)
    rare[[101, 5003, 12_341, 20_001, 30_003]] = 1.0  # one row in 4 is looked at first
    design = np.column_stack([np.ones(rows), rng.normal(size=rows), rare])
    y = rng.gamma(2.0, np.exp(design @ [0.5, 0.2, 3.0]) / 2.0)
    parts = all_seen(Gamma(), design, ones(rows), y=y)
    prior, rough = Prior(np.zeros(4), np.full(4, sd)), Prior(np.zeros(4), np.full(4, 5.0))
    thinned = maximise(parts, prior, rough=rough)
    monkeypatch.setattr("assay.fit.newton.SMALL", 10**9)
    whole = maximise(parts, prior)
    assert thinned.is_settled
    assert thinned.coefficients == pytest.approx(whole.coefficients, abs=1e-9)


def test_what_some_rows_foresee_is_what_all_rows_find(monkeypatch):
    rows = 8 * THINNED
    rng = np.random.default_rng(10)
    design = np.column_stack([np.ones(rows), rng.normal(size=(rows, 3))])
    y = rng.gamma(0.8, np.exp(design @ [0.5, 0.2, -0.7, 0.4]) / 0.8)
    parts = all_seen(Gamma(), design, ones(rows), y=y)
    quick = maximise(parts, flat(5), rough=Prior(np.zeros(5), np.full(5, 5.0)))
    assert quick.is_settled
    assert quick.iterations == 2
    monkeypatch.setattr("assay.fit.newton.SMALL", 10**9)
    slow = maximise(parts, flat(5), quick.coefficients)
    assert slow.iterations <= 2
    errors = [np.sqrt(np.diag(np.linalg.inv(each.curvature))) for each in (quick, slow)]
    assert np.abs(quick.coefficients - slow.coefficients).max() < 1e-4 * errors[1].min()
    assert errors[0] == pytest.approx(errors[1], rel=1e-4)
    assert quick.log_likelihood == pytest.approx(slow.log_likelihood, abs=1e-5)


@pytest.mark.parametrize("kind", ["a level of 200 rows", "heavy tails", "a period"])
def test_settled_is_settled_over_all_rows(kind):
    rows = 16 * THINNED
    rng = np.random.default_rng(11)
    extra = {
        "a level of 200 rows": np.arange(rows) < 200,
        "heavy tails": rng.standard_t(3, rows),
        "a period": np.arange(rows) % 16 == 3,
    }[kind]
    design = np.column_stack([np.ones(rows), rng.normal(size=rows), extra])
    y = rng.gamma(2.0, np.exp(design @ [0.5, 0.2, 0.3]) / 2.0)
    parts = all_seen(Gamma(), design, ones(rows), y=y)
    optimum = maximise(parts, flat(4), rough=Prior(np.zeros(4), np.full(4, 5.0)))
    value, gradient, curvature = Likelihood(parts)(optimum.coefficients)
    left = 0.5 * float(gradient @ np.linalg.solve(curvature, gradient))
    assert optimum.is_settled
    assert left < 1e-13 + 1e-14 * abs(value)


def test_what_all_rows_share_is_given_once():
    rng = np.random.default_rng(3)
    mean, y = rng.normal(size=BLOCK + 3), rng.gamma(2.0, size=BLOCK + 3)
    cv = np.array([0.3])
    for ask in (row_terms, row_slopes):
        once = ask(Gamma(), Known.AT_LEAST, [mean, cv], y, {})
        written = ask(Gamma(), Known.AT_LEAST, [mean, np.full(len(y), cv[0])], y, {})
        for one, other in zip(once, written, strict=True):
            assert one == pytest.approx(other, rel=1e-10, abs=1e-10)


def test_slopes_alone_are_those_of_the_terms():
    rng = np.random.default_rng(3)
    linked, y = list(rng.normal(size=(2, 77))), rng.normal(size=77)
    for one, other in zip(
        row_slopes(Normal(), Known.VALUE, linked, y, {}),
        row_terms(Normal(), Known.VALUE, linked, y, {}),
        strict=False,
    ):
        assert one == pytest.approx(other, rel=1e-13)


def test_rows_are_taken_in_blocks_without_changing_what_they_say():
    rng = np.random.default_rng(3)
    rows = BLOCK + 3
    linked, y = list(rng.normal(size=(2, rows))), rng.normal(size=rows)
    value, first, second = row_terms(Normal(), Known.VALUE, linked, y, {})
    assert value == pytest.approx(st.norm.logpdf(y, linked[0], np.exp(linked[1])), rel=1e-12)
    some = np.array([0, 5, rows - 1])
    again = row_terms(Normal(), Known.VALUE, [each[some] for each in linked], y[some], {})
    for whole, part in zip((value, first, second), again, strict=True):
        assert whole[..., some] == pytest.approx(part, rel=1e-13)
    assert second == pytest.approx(np.swapaxes(second, 0, 1), rel=1e-12, abs=1e-12)


def test_a_fit_without_an_optimum_is_refused():
    # Perfect separation under a flat prior: the likelihood rises for ever.
    x = np.linspace(-1, 1, 40)
    parts = all_seen(Bernoulli(), np.column_stack([np.ones(40), x]), y=(x > 0).astype(float))
    optimum = maximise(parts, flat(2), np.zeros(2))
    assert not optimum.is_settled or np.abs(optimum.coefficients).max() > 100
    unsettled = maximise(all_seen(Normal(), ONE, ONE, y=np.full(ROWS, 2.0)), flat(2), np.zeros(2))
    with pytest.raises(
        FitError, match=r"t\.csv: the fit stopped after .* steps.*Likely causes: \(a\)"
    ):
        judge(unsettled, rows=ROWS, hidden=0, where="t.csv")


def test_a_verdict_on_a_good_fit_says_how_it_went():
    y = X @ [3.0, -1.0, 2.0] + RNG.normal(size=ROWS)
    optimum = maximise(all_seen(Normal(), X, ONE, y=y), flat(4), np.zeros(4))
    result = judge(optimum, rows=ROWS, hidden=0, where="t.csv")
    assert result.converged
    assert (
        result.message == f"converged in {result.iterations} steps on 300 rows (0 of them hidden)"
    )
