"""Models fitted by NUTS: against Laplace where that is exact, and where it is not."""

import sys

import numpy as np
import polars as pl
import pytest
import scipy.stats as st

from assay.errors import ConfigError, FitError
from assay.family import Bernoulli, Censored, Gamma, Normal
from assay.fit import LAPLACE_ROWS, Nuts, Prior, diagnostics
from assay.frame import read
from assay.model import Model
from assay.predictor import Linear
from assay.predictor.group import Group

SHORT = Nuts(warmup=300, samples=500, chains=4)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(5)
    x = rng.normal(10, 3, 60)
    demand = rng.gamma(4.0, np.exp(1 + 0.1 * x) / 4.0)
    stock = np.full(60, 12.0)
    return read(pl.DataFrame({"x": x, "units": np.minimum(demand, stock), "stock": stock}))


@pytest.fixture(scope="module")
def model():
    return Model(Censored(Gamma(), above="stock"), mean=Linear("x"), method=SHORT)


@pytest.fixture(scope="module")
def fitted(model, table):
    return model.fit(table, "units", seed=3)


def test_a_normal_posterior_has_the_mean_and_spread_of_laplace():
    rng = np.random.default_rng(1)
    x = rng.normal(size=400)
    frame = read(pl.DataFrame({"x": x, "y": 3 + 2 * x + rng.normal(size=400)}))
    laplace = Model(Normal(), mean=Linear("x")).fit(frame, "y").coefficients()
    nuts = Model(Normal(), mean=Linear("x"), method=SHORT).fit(frame, "y").coefficients()
    error = laplace["se"].to_numpy()
    for column in ("estimate", "lo-95", "hi-95"):
        assert np.abs((nuts[column] - laplace[column]).to_numpy() / error).max() < 1 / 3
    assert (nuts["se"] / laplace["se"]).to_numpy() == pytest.approx(1, abs=0.08)


def test_a_skewed_posterior_is_sampled_as_it_is():
    # Ten ones and a zero: by quadrature the posterior of the logit under this prior is skewed.
    y = np.array([1.0] * 10 + [0.0])
    fitted = Model(Bernoulli(), method=Nuts(samples=4000)).fit(read(pl.DataFrame({"y": y})), "y")
    logit = np.linspace(-10, 25, 20001)
    prior = fitted.prior
    log = 10 * -np.log1p(np.exp(-logit)) - np.log1p(np.exp(logit))
    weight = np.exp(log - (logit - prior.mean[0]) ** 2 / (2 * prior.sd[0] ** 2))
    cdf = np.cumsum(weight) / weight.sum()
    (row,) = fitted.coefficients().iter_rows(named=True)
    mean = np.sum(weight * logit) / weight.sum()
    sd = np.sqrt(np.sum(weight * (logit - mean) ** 2) / weight.sum())
    assert row["estimate"] == pytest.approx(mean, abs=4 * float(fitted.sampled.mcse_mean[0]))
    assert row["se"] == pytest.approx(sd, abs=4 * float(fitted.sampled.mcse_sd[0]))
    wanted = np.interp([0.025, 0.975], cdf, logit)
    assert [row["lo-95"], row["hi-95"]] == pytest.approx(wanted, abs=0.35)
    assert mean > fitted.mode[0] + 0.1  # else nothing was shown


def test_draws_repeat_with_the_seed_and_drive_predictions(fitted, model, table):
    again = model.fit(table, "units", seed=3)
    assert (again.sampled.matrix == fitted.sampled.matrix).all()
    assert (model.fit(table, "units", seed=4).sampled.matrix != fitted.sampled.matrix).any()
    assert fitted.draws.shape == (256, 3)
    laplace = Model(Censored(Gamma(), above="stock"), mean=Linear("x")).fit(table, "units")
    here, there = (each.predict(table).underlying for each in (fitted, laplace))
    assert here.mean() == pytest.approx(there.mean(), rel=0.1)
    assert (again.predict(table).quantile(0.9) == fitted.predict(table).quantile(0.9)).all()


def test_the_result_says_how_the_chains_went(fitted):
    assert "NUTS: 4 chains of 500 draws, largest R-hat 1.0" in fitted.result.message
    assert fitted.sampled.names == ("mean: intercept", "mean: x", "cv: intercept")
    assert fitted.sampled.has_converged


def test_chains_that_did_not_converge_never_return(table):
    hasty = Model(Gamma(), mean=Linear("x"), method=Nuts(warmup=20, samples=4, chains=2))
    with pytest.raises(FitError, match=r"NUTS did not converge: .*R-hat.*Tighten `prior_sd`"):
        hasty.fit(table, "units")


def test_laplace_says_where_it_was_measured_to_depart(table):
    rows = 3 * LAPLACE_ROWS
    many = read(pl.concat([table.table] * (rows // table.rows + 1)).head(rows))
    few = read(many.table.head(rows - 1))
    model = Model(Gamma(), mean=Linear("x"))
    assert "use method='nuts'" not in model.fit(many, "units").result.message
    said = model.fit(few, "units").result.message
    assert f"depart below {LAPLACE_ROWS} rows per coefficient" in said


def test_the_spread_of_groups_is_sampled_with_them():
    # By quadrature: given both spreads y is jointly Normal, and so is every group's effect.
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(6), 4)
    y = 2 + rng.normal(0, 0.8, 6)[group] + rng.normal(size=24)
    table = read(pl.DataFrame({"g": [f"g{k}" for k in group], "y": y}))
    how = Nuts(warmup=300, samples=1000)
    fitted = Model(Normal(), mean=Group("g"), method=how).fit(table, "y", seed=2)
    first, last = 0, len(fitted.mode) - 1  # the intercept, and the log of the sd
    prior, unit = fitted.prior, np.std(y)
    member = (group[:, None] == np.arange(6)).astype(float)
    log_spread, log_sd = np.linspace(-7, 3, 81) + np.log(unit), np.linspace(-1.2, 1.2, 49)
    weight = np.empty((81, 49))
    effects = np.empty((81, 49, 6))
    away = y - prior.mean[first]
    for i, spread in enumerate(np.exp(log_spread)):
        signal = spread**2 * member @ member.T
        common = prior.sd[first] ** 2 * np.ones((24, 24))
        for j, sd in enumerate(np.exp(log_sd)):
            whole = signal + common + sd**2 * np.eye(24)
            solved = np.linalg.solve(whole, away)
            weight[i, j] = -0.5 * away @ solved - 0.5 * np.linalg.slogdet(whole)[1]
            effects[i, j] = spread**2 * member.T @ solved
    weight += st.t(3, scale=2.5 * unit).logpdf(np.exp(log_spread))[:, None] + log_spread[:, None]
    weight += st.norm(prior.mean[last], prior.sd[last]).logpdf(log_sd)
    weight = np.exp(weight - weight.max()) / np.exp(weight - weight.max()).sum()
    spreads = fitted.spread_draws()[..., 0]
    wanted = np.sum(weight * np.exp(log_spread)[:, None])
    assert np.mean(spreads) == pytest.approx(wanted, abs=4 * diagnostics.mcse_mean(spreads))
    for k in range(6):
        drawn = fitted.coefficient_draws()[..., 1 + k]
        wanted = np.sum(weight * effects[..., k])
        assert drawn.mean() == pytest.approx(wanted, abs=4 * diagnostics.mcse_mean(drawn))
    assert fitted.sampled.names[-1] == "mean: spread of group(g)"
    assert "mean: spread of group(g) ~ half-t with 3 degrees of freedom" in fitted.priors()[0]


def test_a_prior_can_be_stated_whatever_the_data_are(table):
    stated = Prior(np.array([1.0, 0.0, -1.0]), np.array([0.1, 1e-3, 0.1]))
    model = Model(Gamma(), mean=Linear("x"), prior=stated)
    fitted = model.fit(table, "units")
    assert (fitted.prior.mean == stated.mean).all()
    assert fitted.mode[1] == pytest.approx(0, abs=3e-3)  # held by its prior, the data say 0.3


@pytest.mark.parametrize(
    ("prior", "says"),
    [
        (Prior(np.zeros(2), np.ones(2)), r"3 coefficients: `mean: intercept`, `mean: x`, `cv"),
        (Prior(np.zeros(3), np.zeros(3)), "every sd above 0"),
        (Prior(np.full(3, np.nan), np.ones(3)), "every mean must be finite"),
    ],
)
def test_a_prior_that_does_not_fit_is_refused(table, prior, says):
    with pytest.raises(ConfigError, match=says):
        Model(Gamma(), mean=Linear("x"), prior=prior).fit(table, "units")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"warmup": 3}, "`warmup` is 3, must be at least 20"),
        ({"samples": 2.5}, "`samples` is 2.5"),
        ({"target_accept": 1.0}, "`target_accept` is 1.0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, says):
    with pytest.raises(ConfigError, match=says):
        Nuts(**settings)


def test_arviz_gets_coefficients_statistics_and_likelihood(fitted, table):
    pytest.importorskip("arviz")
    found = fitted.to_arviz(table)
    mean = found["posterior"]["mean"]
    assert mean.shape == (4, 500, 2)
    assert list(mean["mean_coefficient"].values) == ["intercept", "x"]
    estimates = fitted.coefficients()["estimate"].to_numpy()
    assert mean.values.mean(axis=(0, 1)) == pytest.approx(estimates[:2])
    assert {"lp", "diverging", "energy", "tree_depth"} <= set(found["sample_stats"].data_vars)
    assert (found["sample_stats"]["lp"].values == fitted.sampled.log_density).all()
    units, stock = table.numbers("units"), table.numbers("stock")
    assert (found["observed_data"]["units"].values == units).all()
    # One draw by SciPy: a Gamma with mean exp(a + b x) and coefficient of variation exp(c).
    intercept, slope = mean.values[1, 7]
    cv = np.exp(found["posterior"]["cv"].values[1, 7, 0])
    law = st.gamma(cv**-2, scale=np.exp(intercept + slope * table.numbers("x")) * cv**2)
    wanted = np.where(units >= stock, law.logsf(stock), law.logpdf(units))
    assert found["log_likelihood"]["units"].values[1, 7] == pytest.approx(wanted, rel=1e-9)


def test_arviz_missing_names_the_extra(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "arviz", None)
    with pytest.raises(ConfigError, match=r"pip install 'assay-ml\[arviz\]'"):
        fitted.to_arviz()


def test_a_fit_without_chains_has_nothing_for_arviz(table):
    with pytest.raises(ConfigError, match=r"Fit it with `method=\"nuts\"`"):
        Model(Gamma()).fit(table, "units").to_arviz()
