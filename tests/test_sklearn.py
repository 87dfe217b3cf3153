"""The contract of scikit-learn, in full, and what goes beyond it."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.stats as st

pytest.importorskip("sklearn", reason="scikit-learn is an extra: pip install 'assay-ml[sklearn]'")

from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from assay import Gamma
from assay.sklearn import DistributionClassifier, DistributionRegressor


def _checks(estimator):
    for made, check in estimator_checks_generator(estimator, mark="skip"):
        yield pytest.param(made, check, id=getattr(check, "func", check).__name__)


@pytest.mark.filterwarnings("ignore")  # the checks provoke warnings on purpose
@pytest.mark.parametrize(
    ("estimator", "check"),
    [*_checks(DistributionRegressor()), *_checks(DistributionClassifier())],
)
def test_scikit_learns_own_checks_pass(estimator, check):
    check(estimator)


@pytest.fixture
def rows():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(300, 2))
    y = rng.gamma(4.0, np.exp(1 + x @ [0.5, -0.3]) / 4.0)
    return x, y


def test_quantiles_and_intervals_are_those_of_the_distribution(rows):
    x, y = rows
    made = DistributionRegressor("gamma").fit(x, y)
    low, middle, high = made.predict_quantile(x, [0.05, 0.5, 0.95]).T
    assert np.all((low < middle) & (middle < high))
    assert made.predict_quantile(x) == pytest.approx(middle)
    assert made.predict_interval(x, 0.9) == pytest.approx(np.column_stack([low, high]))
    inside = np.mean((y > low) & (y < high))
    assert st.binomtest(round(inside * len(y)), len(y), 0.9).pvalue > 1e-3
    assert made.predict(x) == pytest.approx(made.predict_distribution(x).mean())


def test_a_recipe_and_a_family_are_the_same_thing(rows):
    x, y = rows
    by_name = DistributionRegressor("gamma").fit(x, y)
    by_object = DistributionRegressor(Gamma()).fit(x, y)
    assert np.array_equal(by_name.predict(x), by_object.predict(x))


def test_it_works_in_pipelines_and_searches(rows):
    x, y = rows
    pipeline = make_pipeline(StandardScaler(), DistributionRegressor())
    scores = cross_val_score(pipeline, x, y, cv=3)
    assert scores.min() > 0.1
    search = GridSearchCV(DistributionRegressor(), {"family": ["normal", "gamma"]}, cv=3)
    assert search.fit(x, y).best_params_["family"] in ("normal", "gamma")


def test_a_copy_and_a_pickle_predict_the_same(rows):
    x, y = rows
    made = DistributionRegressor("gamma").fit(x, y)
    again = pickle.loads(pickle.dumps(made))
    assert np.array_equal(again.predict(x), made.predict(x))
    assert clone(made).get_params() == made.get_params()


def test_predictors_read_columns_by_name():
    rng = np.random.default_rng(2)
    shop = rng.choice(["a", "b", "c"], 200)
    price = rng.uniform(1, 2, 200)
    y = rng.gamma(5.0, np.exp((shop == "b") * 0.7 - price) / 5.0)
    frame = pl.DataFrame({"shop": shop, "price": price})
    made = DistributionRegressor(
        "gamma", {"mean": "linear('C(shop) + price')", "cv": "linear('price')"}
    )
    table = made.fit(frame, y).model_.coefficients()
    assert "C(shop)[T.b]" in table["name"].to_list()
    assert made.predict(frame).shape == (200,)


def test_classes_of_any_kind_come_back():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 2))
    y = np.array(["low", "mid", "top"])[
        np.digitize(x[:, 0] + 0.3 * rng.normal(size=400), [-0.5, 0.5])
    ]
    made = DistributionClassifier().fit(x, y)
    assert set(made.predict(x)) <= {"low", "mid", "top"}
    assert made.predict_proba(x).sum(axis=1) == pytest.approx(np.ones(400))
    assert made.score(x, y) > 0.8


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x, y: DistributionRegressor("gama").fit(x, y), "Did you mean `gamma`"),
        (lambda x, y: DistributionRegressor("gamma").fit(x, -y), "accepts above 0"),
        (lambda x, y: DistributionRegressor(method="mcmc").fit(x, y), "method is 'mcmc'"),
        (
            lambda x, y: DistributionRegressor().fit(x, y).predict_quantile(x, 1.0),
            "strictly between 0 and 1",
        ),
        (
            lambda x, y: DistributionRegressor("gamma", {"mena": "constant"}).fit(x, y),
            "no parameter `mena`",
        ),
        (lambda x, y: DistributionRegressor(3.0).fit(x, y), "must be a family or its recipe"),
        (lambda x, y: DistributionRegressor("gamma", {"mean": "linear('x7')"}).fit(x, y), "`x7`"),
        (lambda x, y: DistributionClassifier().fit(x, y > 0), "found one class only"),
    ],
)
def test_bad_input_is_a_value_error_in_assays_words(rows, make, message):
    with pytest.raises(ValueError, match=message):
        make(*rows)


def test_nothing_is_predicted_before_a_fit(rows):
    with pytest.raises(NotFittedError):
        DistributionRegressor().predict(rows[0])


@pytest.mark.parametrize("family", ["normal", "student-t", "gamma", "log-normal"])
def test_targets_that_the_features_tell_exactly_are_foretold(family):
    x = np.random.default_rng(1).normal(size=(60, 3))
    y = x @ [1.0, -2.0, 0.5] + 0.3
    y = y if family in ("normal", "student-t") else np.exp(0.3 * y)
    with pytest.warns(ConvergenceWarning, match="drawn at random"):
        made = DistributionRegressor(family).fit(x, y)
    # A Student t whose tails nothing shows may have no mean: its median then.
    assert made.predict(x) == pytest.approx(y, abs=1e-5 * np.ptp(y))
    assert np.ptp(made.predict_interval(x), axis=1).max() < 1e-4 * np.ptp(y)
    with pytest.warns(ConvergenceWarning, match="drawn at random"):
        again = DistributionRegressor(family).fit(x, y)
    assert np.array_equal(again.predict(x), made.predict(x))


def test_a_flag_hides_targets_and_is_no_feature():
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    y = x + rng.normal(size=400)
    rows = pd.DataFrame({"x": x, "hidden": y > 0.7})
    made = DistributionRegressor("censored(normal, above='hidden')").fit(rows, np.minimum(y, 0.7))
    found = made.model_.coefficients()
    assert found["name"].to_list() == ["intercept", "x", "intercept"]
    assert found["estimate"].to_list() == pytest.approx([0.0, 1.0, 0.0], abs=0.2)


def test_counts_and_classes_are_told_apart_in_searches_and_pipelines():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(240, 2))
    y = np.where(rng.random(240) < 1 / (1 + np.exp(-2 * x[:, 0])), "yes", "no")
    search = GridSearchCV(
        make_pipeline(StandardScaler(), DistributionClassifier()),
        {"distributionclassifier__method": ["map", "laplace"]},
        cv=3,
        scoring="neg_log_loss",
    ).fit(x, y)
    assert search.best_score_ > -0.6
    copy = clone(search.best_estimator_).fit(x, y)
    again = pickle.loads(pickle.dumps(copy))
    assert np.array_equal(again.predict_proba(x), copy.predict_proba(x))
    assert list(copy.classes_) == ["no", "yes"]
    assert np.mean(copy.predict(x) == y) > 0.7
    counts = rng.poisson(np.exp(1 + 0.5 * x[:, 1]))
    assert cross_val_score(DistributionRegressor("poisson"), x, counts, cv=3).min() > 0.1


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ([1.0, -1.0, 2.0, 3.0], r"row 2: found -1 .*accepts above 0.*`normal`"),
        ([1.0, np.nan, 2.0, 3.0], "NaN"),
        ([2.0] * 4, "a spread cannot be learnt from one value"),
    ],
)
def test_targets_that_no_fit_can_use_are_refused(y, said):
    x = np.arange(8.0).reshape(4, 2) ** 2
    with pytest.raises(ValueError, match=said):
        DistributionRegressor("gamma").fit(x, y)


def test_a_weight_is_a_repetition(rows):
    X, y = rows
    weights = np.arange(len(y)) % 3.0
    weighted = DistributionRegressor(method="map").fit(X, y, sample_weight=weights)
    often = np.repeat(np.arange(len(y)), weights.astype(int))
    repeated = DistributionRegressor(method="map").fit(X[often], y[often])
    assert weighted.predict(X) == pytest.approx(repeated.predict(X), rel=1e-9)
    plain = DistributionRegressor(method="map").fit(X, y)
    assert weighted.predict(X) != pytest.approx(plain.predict(X), rel=1e-6)
    halves = DistributionRegressor(method="map").fit(X, y, sample_weight=weights / 2)
    assert halves.model_.mode == pytest.approx(weighted.model_.mode, rel=0.05, abs=0.05)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (lambda n: np.zeros(n), "all are 0, so no row counts|at least one non-zero"),
        (lambda n: -np.ones(n), "found -1, a weight is a number of 0 or more"),
        (lambda n: np.ones(n - 1), "shape"),
    ],
)
def test_weights_that_cannot_be_are_refused(rows, weights, said):
    X, y = rows
    with pytest.raises(ValueError, match=said):
        DistributionRegressor().fit(X, y, sample_weight=weights(len(y)))


def test_more_columns_than_rows_keep_what_tells_something():
    rng = np.random.default_rng(0)
    same, other = rng.normal(size=(2, 10))
    X = np.column_stack([same] * 12 + [other])
    assert DistributionRegressor().fit(X, other + 0.01 * rng.normal(size=10)).score(X, other) > 0.99
