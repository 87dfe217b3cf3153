"""Flat priors: certified and published fits, to all their digits.

A Normal's `sd` is the maximum of the likelihood and divides by the rows, as all standard errors do
that follow from it. NIST's convention divides by the degrees of freedom, so theirs are
sqrt(n / (n - p)) times ours; coefficients are the same under both.
"""

import json

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_array_less

from assay.errors import ConfigError
from assay.family import Censored, Normal
from assay.frame import read
from assay.model import Model
from assay.predictor import Linear

DIGITS = 1e-10


@pytest.fixture(scope="module")
def shared(root):
    """The folder of reference data, which is not part of the project."""
    folder = root.parent / "shared" / "data"
    if not folder.exists():
        pytest.skip("the reference data are not here")
    return folder


def reference(folder, name="reference.json"):
    return json.loads((folder / name).read_text())


def rows_of(fitted, parameter=None):
    """Name → (estimate, standard error)."""
    table = fitted.coefficients()
    if parameter is not None:
        table = table.filter(pl.col("parameter") == parameter)
    columns = zip(table["name"], table["estimate"], table["se"], strict=True)
    return {name: (estimate, se) for name, estimate, se in columns}


def half_a_unit(printed: float) -> float:
    """Half a unit of the last digit that was printed."""
    text = f"{printed!r}"
    return 0.5000001 * 10.0 ** -len(text.partition(".")[2])


def assert_printed(found, printed):
    """Every printed digit is right."""
    for name, value in printed.items():
        assert found[name] == pytest.approx(value, abs=half_a_unit(value), rel=0), name


@pytest.mark.parametrize(
    ("name", "formula"),
    [("Norris", "x"), ("Longley", " + ".join(f"x{k}" for k in range(1, 7)))],
)
def test_certified_coefficients_have_ten_digits(shared, name, formula):
    certified = reference(shared / "nist_linear", "certified.json")[name]
    table = read(shared / "nist_linear" / f"{name}.csv")
    fitted = Model(Normal(), mean=Linear(formula), prior="flat").fit(table, "y")
    found = np.array(list(rows_of(fitted, "mean").values()))
    n, dof = certified["n"], certified["dof"]
    wider = np.sqrt(n / dof)
    off = np.abs(found[:, 0] / certified["coef"] - 1)
    off_se = np.abs(found[:, 1] * wider / certified["se"] - 1)
    assert_array_less(off, DIGITS)
    assert_array_less(off_se, DIGITS)
    sd = np.exp(rows_of(fitted, "sd")["intercept"][0])
    assert sd * wider == pytest.approx(certified["residual_sd"], rel=DIGITS)
    assert fitted.priors() == [
        "mean (identity link): flat, the data alone speak",
        "sd (log link): flat, the data alone speak",
    ]


LUNG = {
    "weibull_intercept": None,
    "weibull_age": "age",
    "weibull_sex_age_phecog": "sex + age + ph_ecog",
    "weibull_phecog_sex": "ph_ecog + sex",
}


@pytest.mark.parametrize("name", LUNG)
def test_published_weibull_fits_of_lung_cancer(shared, name):
    # R's survreg reports log(scale), which is -log(shape) with the same standard error.
    module = pytest.importorskip("assay.family.weibull")
    folder = shared / "censored_lung"
    wanted = reference(folder)["models"][name]
    lung = read(folder / "data.csv")
    table = read(lung.table.with_columns(alive=pl.col("event") == 0).drop_nulls("ph_ecog"))
    if wanted["n"] == 228:
        table = read(lung.table.with_columns(alive=pl.col("event") == 0))
    formula = LUNG[name]
    predictors = {} if formula is None else {"scale": Linear(formula)}
    family = Censored(module.Weibull(), above="alive")
    fitted = Model(family, prior="flat", **predictors).fit(table, "time")
    found = rows_of(fitted, "scale")
    found["(Intercept)"] = found.pop("intercept")
    shape, shape_se = rows_of(fitted, "shape")["intercept"]
    found["log(scale)"] = (-shape, shape_se)
    assert_printed({k: v[0] for k, v in found.items()}, wanted["published"]["coef"])
    assert np.exp(-shape) == pytest.approx(wanted["published"]["scale"], abs=5.1e-8)
    again = wanted["recomputed"]
    assert_printed({k: v[1] for k, v in found.items()}, again["se"])
    for key, value in again["coef"].items():
        assert found[key][0] == pytest.approx(value, rel=1e-7), key
    assert fitted.result.log_likelihood == pytest.approx(again["loglik"], abs=5.1e-5)


@pytest.mark.parametrize("name", ["tobit_left0", "tobit_left0_right4"])
def test_published_tobit_fits_of_affairs(shared, name):
    folder = shared / "censored_affairs"
    wanted = reference(folder)["models"][name]
    table = read(folder / "data.csv").table.with_columns(zero=pl.lit(0.0), four=pl.lit(4.0))
    above = "four" if "right" in wanted else None
    family = Censored(Normal(), below="zero", above=above)
    predictor = Linear("age + yearsmarried + religiousness + occupation + rating")
    fitted = Model(family, mean=predictor, prior="flat").fit(read(table), "affairs")
    found = rows_of(fitted, "mean")
    found["(Intercept)"] = found.pop("intercept")
    found["log(scale)"] = rows_of(fitted, "sd")["intercept"]
    published, again = wanted["published"], wanted["recomputed"]
    for key in published["coef"]:
        assert found[key][0] == pytest.approx(published["coef"][key], abs=5.01e-5), key
        assert found[key][1] == pytest.approx(published["se"][key], abs=5.01e-5), key
        assert found[key][0] == pytest.approx(again["coef"][key], rel=1e-6), key
        assert found[key][1] == pytest.approx(again["se"][key], rel=5e-5), key
    assert fitted.result.log_likelihood == pytest.approx(again["loglik"], abs=5.1e-6)
    assert fitted.result.hidden == sum(v for k, v in published.items() if k.endswith("t_censored"))


def test_the_published_beta_fit_of_gasoline_yield(shared):
    module = pytest.importorskip("assay.family.beta")
    folder = shared / "bounded_gasoline_yield"
    wanted = reference(folder)
    predictor = Linear("C(batch, Treatment(10)) + temp")
    # R's betareg reports standard errors by the expected information.
    model = Model(module.Beta(), mean=predictor, prior="flat", information="expected")
    fitted = model.fit(read(folder / "data.csv"), "yield")
    renamed = {
        name.replace("C(batch, Treatment(10))[T.", "batch").removesuffix("]"): value
        for name, value in rows_of(fitted, "mean").items()
    }
    renamed["(Intercept)"] = renamed.pop("intercept")
    published = wanted["published"]
    for key in published["coef"]:
        assert renamed[key][0] == pytest.approx(published["coef"][key], abs=5.01e-7), key
        assert renamed[key][1] == pytest.approx(published["se"][key], abs=5.01e-7), key
    log_phi, log_phi_se = rows_of(fitted, "precision")["intercept"]
    phi = np.exp(log_phi)
    assert phi == pytest.approx(wanted["recomputed"]["phi"], abs=5.1e-5)
    # The precision's own standard error, by the delta method.
    assert phi * log_phi_se == pytest.approx(published["phi_se"], abs=0.5)
    assert phi * log_phi_se == pytest.approx(wanted["recomputed"]["phi_se"], abs=0.01)
    assert fitted.result.log_likelihood == pytest.approx(wanted["recomputed"]["loglik"], abs=5.1e-7)


def test_a_prior_of_another_name_is_refused():
    with pytest.raises(ConfigError, match=r"prior is 'none', must be `weak`"):
        Model(Normal(), prior="none")
