"""Models against least squares, published fits and what is known of simulated data."""

import json

import numpy as np
import polars as pl
import pytest
import scipy.stats as st

from assay.errors import ConfigError, DataError
from assay.family import Bernoulli, Censored, Gamma, LogNormal, NegativeBinomial, Normal
from assay.frame import read
from assay.model import Model, build
from assay.predictive import DistributionPredictive, Hidden
from assay.predictor import Linear, Polynomial, Quadratic

WIDE = 1e6


@pytest.fixture(scope="module")
def sales():
    """Sales of 400 days under a stock that ran out on half of them."""
    rng = np.random.default_rng(6)
    rows = 400
    price, promo = rng.uniform(1, 3, rows), rng.random(rows) < 0.3
    mean = np.exp(2.7 - 0.5 * price + 0.6 * promo)
    demand = rng.gamma(5.0, mean / 5.0)
    stock = np.where(rng.random(rows) < 0.8, rng.gamma(6.0, 1.0, rows), np.nan)
    units = np.fmin(demand, stock)
    columns = {"price": price, "promo": promo, "units": units, "stock": stock, "demand": demand}
    return read(pl.DataFrame(columns), source="sales.csv")


def estimates(fitted, parameter="mean"):
    table = fitted.coefficients().filter(pl.col("parameter") == parameter)
    return dict(zip(table["name"], table["estimate"], strict=True))


def table_of(root, *path):
    file = root.parent / "shared" / "data" / "/".join(path)
    if not file.exists():
        pytest.skip(f"the reference data {file.name} is not here")
    return file


def test_a_normal_model_with_a_wide_prior_is_least_squares():
    rng = np.random.default_rng(1)
    x, z = rng.normal(50, 9, 80), rng.normal(-3, 0.1, 80)
    y = 2.0 - 0.3 * x + 5.0 * z + rng.normal(size=80)
    frame = read(pl.DataFrame({"x": x, "z": z, "y": y}))
    fitted = Model(Normal(), mean=Linear("x * z", prior_sd=WIDE)).fit(frame, "y")
    design = np.column_stack([np.ones(80), x, z, x * z])
    wanted, residual = np.linalg.lstsq(design, y, rcond=None)[:2]
    assert list(estimates(fitted).values()) == pytest.approx(wanted, rel=1e-6)
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * residual[0] / 80)
    assert fitted.coefficients()["se"][:4].to_numpy() == pytest.approx(errors, rel=1e-3)


def test_the_prior_shrinks_and_says_so():
    frame = read(pl.DataFrame({"x": np.arange(20.0), "y": 3 * np.arange(20.0) + [0, 1] * 10}))
    tight = Model(Normal(), mean=Linear("x", prior_sd=0.01)).fit(frame, "y")
    weak = Model(Normal(), mean=Linear("x")).fit(frame, "y")
    assert 0 < estimates(tight)["x"] < 0.9 * estimates(weak)["x"]
    assert weak.priors()[0].startswith("mean (identity link): standardised coefficients ~ Normal(0")


def test_braking_distances_give_the_published_parabola(root):
    # Least squares of R's `cars` without intercept: 1.23903 v + 0.090139 v^2.
    cars = read(table_of(root, "physical_small", "cars.csv"))
    parabola = Linear("speed_mph + I(speed_mph**2) - 1", prior_sd=WIDE)
    fitted = Model(Normal(), mean=parabola).fit(cars, "stop_dist_ft")
    assert list(estimates(fitted).values()) == pytest.approx([1.23903, 0.090139], rel=1e-5)
    growing = Model(Gamma(), mean=Quadratic("speed_mph")).fit(cars, "stop_dist_ft")
    low, high = growing.predict(cars).interval(0.9)
    assert np.all(low > 0)
    assert (high - low)[-1] > 2 * (high - low)[0]


def test_longley_is_fitted_to_the_certified_digits(root):
    file = table_of(root, "nist_linear", "Longley.csv")
    certified = json.loads(file.with_name("certified.json").read_text())["Longley"]["coef"]
    formula = Linear(" + ".join(f"x{k}" for k in range(1, 7)), prior_sd=1e7)
    fitted = Model(Normal(), mean=formula).fit(read(file), "y")
    assert list(estimates(fitted).values()) == pytest.approx(certified, rel=1e-5)


def test_a_published_tobit_is_reproduced(root):
    # Affairs (Fair 1978), left-censored at 0; the fit of R's package AER, refitted for digits.
    file = table_of(root, "censored_affairs", "data.csv")
    models = json.loads(file.with_name("reference.json").read_text())["models"]
    reference = models["tobit_left0"]["recomputed"]
    affairs = read(file)
    affairs = read(affairs.table.with_columns(zero=pl.lit(0.0)))
    predictor = Linear("age + yearsmarried + religiousness + occupation + rating", prior_sd=WIDE)
    fitted = Model(Censored(Normal(), below="zero"), mean=predictor).fit(affairs, "affairs")
    wanted = reference["coef"]
    names = [name if name != "(Intercept)" else "intercept" for name in wanted]
    found = {**estimates(fitted), "log(scale)": estimates(fitted, "sd")["intercept"]}
    # The weak prior of the intercept moves each estimate by less than 1 % of its standard error.
    away = [found[name] - value for name, value in zip(names, wanted.values(), strict=True)]
    assert away == pytest.approx([0.0] * 7, abs=0.004)
    errors = [reference["se"][name] for name in wanted]
    assert fitted.coefficients()["se"].to_numpy() == pytest.approx(errors, rel=0.005)
    assert fitted.result.log_likelihood == pytest.approx(reference["loglik"], abs=1e-3)
    assert fitted.result.hidden == 451


def test_hidden_demand_is_recovered_and_ignoring_it_is_not(sales):
    mean = Linear("price + promo")
    aware = Model(Censored(Gamma(), above="stock"), mean=mean).fit(sales, "units")
    blind = Model(Gamma(), mean=mean).fit(sales, "units")
    oracle = Model(Gamma(), mean=mean).fit(sales, "demand")
    for name, value in estimates(oracle).items():
        assert estimates(aware)[name] == pytest.approx(value, abs=0.15)
    demand = sales.numbers("demand").mean()
    assert aware.predict(sales).mean().mean() == pytest.approx(demand, rel=0.06)
    assert blind.predict(sales).mean().mean() < 0.8 * demand


def test_a_predictive_answers_for_both_sides_of_a_limit(sales):
    model = Model(Censored(Gamma(), above="stock"), mean=Linear("price"))
    predictive = model.fit(sales, "units").predict(sales)
    assert isinstance(predictive, Hidden)
    stock = sales.numbers("stock")
    limit = np.where(np.isnan(stock), np.inf, stock)
    assert np.all(predictive.observed.quantile(0.99) <= limit)
    assert np.all(predictive.observed.mean() <= predictive.underlying.mean())
    assert predictive.mean() == pytest.approx(predictive.underlying.mean())
    without = model.fit(sales, "units").predict(read(sales.table.drop("stock")))
    assert isinstance(without, DistributionPredictive)


def test_limits_that_are_numbers_show_on_both_sides():
    rng = np.random.default_rng(3)
    truth = rng.normal(2.0, 1.5, 400)
    table = pl.DataFrame({"y": np.clip(truth, 0.5, 4.0), "least": np.full(400, 0.5)})
    fitted = Model(Censored(Normal(), above=4.0, below="least")).fit(table, "y")
    seen = fitted.predict(table).observed
    assert np.all((seen.quantile(0.01) == 0.5) & (seen.quantile(0.99) == 4.0))
    assert seen.mean() == pytest.approx(table["y"].mean(), abs=0.03)
    # Of what one lost limit hides nothing can be said.
    assert isinstance(fitted.predict(table.drop("least")), DistributionPredictive)
    crossed = table.with_columns(least=pl.lit(5.0))
    with pytest.raises(DataError, match=r"hidden above 4 and below 5 at once"):
        fitted.predict(crossed)


def test_limits_and_flags_that_say_the_same_fit_the_same(sales):
    stock, units = sales.numbers("stock"), sales.numbers("units")
    flagged = read(
        sales.table.with_columns(out=pl.Series(units >= np.nan_to_num(stock, nan=np.inf)))
    )
    by_limit = Model(Censored(Gamma(), above="stock"), mean=Linear("price")).fit(flagged, "units")
    by_flag = Model(Censored(Gamma(), above="out"), mean=Linear("price")).fit(flagged, "units")
    assert by_flag.mode == pytest.approx(by_limit.mode, rel=1e-9)
    assert isinstance(by_flag.predict(flagged), DistributionPredictive)


def test_every_parameter_may_have_a_predictor():
    rng = np.random.default_rng(9)
    x = rng.uniform(-1, 1, 3000)
    frame = read(pl.DataFrame({"x": x, "y": rng.normal(1 + 2 * x, np.exp(0.5 - 0.7 * x))}))
    fitted = Model(Normal(), mean=Linear("x"), sd=Linear("x")).fit(frame, "y")
    assert estimates(fitted) == pytest.approx({"intercept": 1, "x": 2}, abs=0.15)
    assert estimates(fitted, "sd") == pytest.approx({"intercept": 0.5, "x": -0.7}, abs=0.08)


@pytest.mark.parametrize(
    ("family", "draw"),
    [
        (LogNormal(), lambda rng, m: m * np.exp(0.4 * rng.normal(size=len(m)))),
        (NegativeBinomial(), lambda rng, m: rng.negative_binomial(3, 3 / (3 + m)).astype(float)),
        (NegativeBinomial(), lambda rng, m: rng.poisson(m).astype(float)),
    ],
)
def test_other_families_find_the_slope(family, draw):
    rng = np.random.default_rng(10)
    x = rng.uniform(-1, 1, 1500)
    frame = read(pl.DataFrame({"x": x, "y": draw(rng, np.exp(1.5 + 0.8 * x))}))
    first = family.parameters[0].name
    fitted = Model(family, **{first: Linear("x")}).fit(frame, "y")
    table = fitted.coefficients().row(1, named=True)
    assert fitted.result.converged
    assert table["lo-95"] < 0.8 < table["hi-95"]


def test_intervals_cover_what_they_say():
    rng = np.random.default_rng(12)
    inside = []
    for _ in range(60):
        x = rng.normal(size=40)
        frame = read(pl.DataFrame({"x": x, "y": 1 + 0.5 * x + rng.normal(size=40)}))
        fitted = Model(Normal(), mean=Linear("x")).fit(frame.take(np.arange(25)), "y")
        low, high = fitted.predict(frame.take(np.arange(25, 40))).interval(0.9)
        y = frame.numbers("y")[25:]
        inside.append(np.mean((low <= y) & (y <= high)))
    # 900 values: a standard error of 0.01 and a little for rows that share a fit.
    assert np.mean(inside) == pytest.approx(0.9, abs=0.04)


def test_a_near_fit_is_a_place_to_begin_and_no_more(sales):
    model = Model(Gamma(), mean=Linear("price + promo"))
    whole = model.fit(sales, "units")
    fold = sales.take(np.arange(0, 400, 2))
    alone, near = model.fit(fold, "units"), model.fit(fold, "units", near=whole)
    assert near.mode == pytest.approx(alone.mode, abs=1e-6)
    assert near.result.iterations <= alone.result.iterations


def test_the_seed_changes_the_draws_alone(sales):
    model = Model(Gamma(), mean=Linear("price"))
    one, two = model.fit(sales, "units", seed=1), model.fit(sales, "units", seed=2)
    assert np.array_equal(one.mode, two.mode)
    assert not np.array_equal(one.draws, two.draws)
    assert one.draws.mean(axis=0) == pytest.approx(one.mode, abs=1e-12)
    assert Model(Gamma(), method="map").fit(sales, "units").draws.shape == (1, 2)


def test_rows_without_a_target_are_left_out(sales):
    gaps = read(
        sales.table.with_columns(
            units=pl.when(pl.int_range(pl.len()) < 100).then(None).otherwise(pl.col("units"))
        )
    )
    fitted = Model(Gamma(), mean=Linear("price")).fit(gaps, "units")
    assert fitted.result.rows == 300
    rest = Model(Gamma(), mean=Linear("price")).fit(sales.take(np.arange(100, 400)), "units")
    assert fitted.mode == pytest.approx(rest.mode, rel=1e-12)


def test_values_off_the_support_are_named_with_families_that_take_them():
    frame = read(pl.DataFrame({"y": [1.0, 0.0, 2.5, -1.0]}), source="y.csv")
    with pytest.raises(
        DataError, match=r"column `y`, row 2, row 4: found 0, -1 \(2 rows\).*`normal`"
    ):
        Model(Gamma()).fit(frame, "y")
    with pytest.raises(DataError, match=r"`bernoulli` accepts 0 or 1"):
        Model(Bernoulli()).fit(frame, "y")


def test_a_target_that_is_hidden_throughout_is_refused():
    frame = read(pl.DataFrame({"y": [1.0, 2.0], "stock": [1.0, 2.0]}))
    with pytest.raises(DataError, match=r"all 2 rows of `y` are hidden beyond a limit"):
        Model(Censored(Normal(), above="stock")).fit(frame, "y")


def test_a_target_without_values_is_refused():
    frame = read(pl.DataFrame({"x": [1.0, 2.0], "y": pl.Series([None, None], dtype=pl.Float64)}))
    with pytest.raises(DataError, match="column `y` has no value on any row"):
        Model(Normal()).fit(frame, "y")


def test_a_column_that_others_determine_is_named(sales):
    table = read(sales.table.with_columns(euro=2 * pl.col("price") + 1))
    with pytest.raises(
        DataError, match=r"column `euro` is a combination of .*`intercept`, `price`"
    ):
        Model(Gamma(), mean=Linear("price + euro")).fit(table, "units")
    Model(Gamma(), mean=Linear("price")).check(table, "units")
    with pytest.raises(DataError, match="`euro` is a combination"):
        Model(Gamma(), mean=Linear("price + euro")).check(table, "units")


def test_a_measure_with_one_value_is_refused_and_a_count_is_not():
    frame = read(pl.DataFrame({"y": [5.0, 5.0, None, 5.0]}))
    with pytest.raises(DataError, match=r"`y` is 5 on all 3 rows that have it.*`normal` needs two"):
        Model(Normal()).fit(frame, "y")
    assert Model(NegativeBinomial()).fit(frame, "y").result.converged


def test_unknown_parameters_and_things_that_are_no_predictor_are_refused():
    with pytest.raises(ConfigError, match=r"family `gamma` has no parameter `maen`.*`mean`"):
        Model(Gamma(), maen=Linear("x"))
    with pytest.raises(ConfigError, match=r"parameter `mean` is given 'x', needs a predictor"):
        Model(Gamma(), mean="x")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"method is 'mcmc', must be `map`, `laplace` or `nuts`"):
        Model(Gamma(), method="mcmc")  # type: ignore[arg-type]


def test_a_model_is_built_from_text_and_says_what_it_is():
    recipe = {"family": "negative-binomial", "mean": "linear('price') + quadratic('speed')"}
    model = build(recipe, censored_above="stock", where='project "demand"')
    assert repr(model) == (
        "censored(negative-binomial, above='stock') with "
        "mean = linear('price') + quadratic('speed'), size = constant()"
    )
    assert repr(build({"family": "bernoulli"})) == "bernoulli with probability = constant()"


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"mean": "linear('x')"}, r'project "demand": the model names no `family`'),
        ({"family": "gama"}, r'project "demand": unknown family `gama`.*`gamma`'),
        ({"family": "gamma", "mu": "linear('x')"}, r'project "demand": family `gamma` has no'),
        ({"family": "gamma", "mean": "lin('x')"}, r'project "demand": `mean`: unknown predictor'),
        ({"family": "gamma", "mean": "linear(open('x'))"}, "cannot read"),
        ({"family": "gamma", "mean": "linear('x')", "method": "mcmc"}, "method is 'mcmc'"),
    ],
)
def test_a_recipe_that_cannot_be_built_says_where(recipe, message):
    with pytest.raises(ConfigError, match=message):
        build(recipe, where='project "demand"')


def test_more_powers_than_the_data_can_tell_apart_are_refused():
    speed = np.linspace(100, 101, 30)
    frame = read(pl.DataFrame({"speed": speed, "y": st.norm.ppf(np.linspace(0.02, 0.98, 30))}))
    with pytest.raises(DataError, match=r"`speed\^\d` is a combination of the columns before it"):
        Model(Normal(), mean=Polynomial("speed", 5)).fit(frame, "y")


def test_relative_weights_count_rows_also_where_some_are_whole():
    table = pl.DataFrame({"y": [1.0, 2.0, 3.0, 4.0], "most": [None, None, None, 4.0]})
    model = Model(Censored(Normal(), above="most"))
    fitted = model.fit(table, "y", weights=np.array([0.5, 0.5, 0.5, 4.0]))
    assert "4 rows (1 of them hidden)" in fitted.result.message


@pytest.fixture(scope="module")
def years():
    """A parabola far from 0, where years and their squares tell nearly the same."""
    rng = np.random.default_rng(3)
    year = rng.integers(1990, 2025, 2000).astype(float)
    y = 3 + 0.002 * (year - 2007) ** 2 + 0.1 * (year - 2007) + rng.normal(size=2000)
    return pl.DataFrame({"year": year, "y": y})


def test_a_parabola_far_from_zero_is_that_of_least_squares(years):
    fitted = Model(Normal(), mean=Quadratic("year")).fit(years, "y")
    away = years["year"].to_numpy() - 2007
    wanted, cov = np.polyfit(away, years["y"].to_numpy(), 2, cov="unscaled")
    found = fitted.coefficients().filter(pl.col("name") == "year^2").row(0, named=True)
    assert found["estimate"] == pytest.approx(wanted[0], rel=1e-3)
    assert found["se"] == pytest.approx(np.sqrt(cov[0, 0]), rel=0.05)
    assert not any("prior" in note for note in fitted.result.notes)


def test_a_prior_that_overrules_the_rows_is_said_to(years):
    fitted = Model(Normal(), mean=Linear("year + I(year**2)")).fit(years, "y")
    (note,) = fitted.result.notes
    assert note.startswith("The prior holds `mean: I(year ** 2)`, `mean: year` back by")
    assert "`poly(x, 2)`" in note
    assert Model(Normal(), mean=Linear("poly(year, 2)")).fit(years, "y").result.notes == ()


def test_intervals_show_where_the_target_lies():
    y = np.random.default_rng(4).weibull(1.5, 600) * 3
    table = pl.DataFrame({"low": np.floor(4 * y) / 4, "high": np.floor(4 * y) / 4 + 0.25})
    table = table.with_columns(y=pl.lit(None, dtype=pl.Float64))
    result = Model(Censored(LogNormal(), between=("low", "high"))).fit(table, "y").result
    assert result.hidden == 0
    assert result.notes == ()
