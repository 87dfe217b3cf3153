"""Models of other libraries as attempts: fitted here or elsewhere, refused where they saw more."""

import re

import numpy as np
import polars as pl
import pytest

import assay
from assay.errors import PredictionsError
from assay.predictive import from_bytes


@pytest.fixture(scope="module")
def numbers() -> pl.DataFrame:
    """250 rows: two numbers and a label tell y."""
    random = np.random.default_rng(5)
    x, z = random.normal(size=(2, 250))
    kind = random.integers(3, size=250)
    y = 2 * x + kind + 0.2 * random.normal(size=250)
    labels = np.array(["low", "middle", "top"])[kind]
    return pl.DataFrame({"x": x, "z": z, "kind": labels, "y": y})


@pytest.fixture(scope="module")
def yes_or_no() -> pl.DataFrame:
    """300 rows: x tells y nine times in ten."""
    random = np.random.default_rng(6)
    x, z = random.normal(size=(2, 300))
    y = (x + 0.3 * random.normal(size=300) > 0).astype(int)
    return pl.DataFrame({"x": x, "z": z, "y": y})


def kept(experiment, ledger):
    """What the last attempt predicts, in the order of row ids, and the sealed rows of the table."""
    predictive, row_id = from_bytes(ledger.read_file(experiment.attempts[-1].predictions))
    return predictive, experiment.task.frame.table[row_id.tolist()]


def open_table(experiment) -> pl.DataFrame:
    return experiment.task.frame.table[experiment.task.open_rows.tolist()]


MAKE = {
    "linear": lambda lib: lib("sklearn.linear_model").LinearRegression(),
    "forest": lambda lib: lib("sklearn.ensemble").RandomForestRegressor(n_estimators=40),
    "lightgbm": lambda lib: lib("lightgbm").LGBMRegressor(
        n_estimators=60, min_child_samples=5, verbose=-1, n_jobs=1
    ),
    "xgboost": lambda lib: lib("xgboost").XGBRegressor(n_estimators=40, n_jobs=1),
}
TEXT = {
    "linear": "LinearRegression()",
    "forest": "RandomForestRegressor(n_estimators=40)",
    "lightgbm": "LGBMRegressor(min_child_samples=5, n_estimators=60, n_jobs=1, verbose=-1)",
    "xgboost": "XGBRegressor(n_estimators=40, n_jobs=1)",
}


@pytest.mark.parametrize("name", MAKE)
def test_an_estimator_is_fitted_on_open_rows_and_scored_out_of_fold(begin, numbers, library, name):
    experiment = begin(numbers)
    model = MAKE[name](library)
    assert experiment.attempt(model, effort=2).supported
    (body,) = experiment.attempts
    assert body.model == TEXT[name]
    assert 0.5 < body.open_skill < 1
    assert body.open_se > 0
    package = name if name in ("lightgbm", "xgboost") else "scikit-learn"
    assert body.environment[package] == library(package.replace("scikit-", "sk")).__version__
    assert not hasattr(model, "n_features_in_") or name == "lightgbm"  # the author's is untouched
    best = experiment.verdict.scores[0]
    assert best["loss"] < 0.7 * experiment.verdict.baseline_loss


def test_the_same_seed_gives_the_same_fit(begin, numbers, library):
    experiment = begin(numbers, improve_by=0.9, expect=0.95, accept_underpowered="a test")
    model = MAKE["forest"](library)
    first = experiment.attempt(model, name="one")
    again = experiment.attempt(model, name="two")
    assert (first.look, again.look) == (1, 1)
    assert experiment.attempts[0].predictions == experiment.attempts[1].predictions


def test_a_pipeline_gets_the_table_as_it_is(begin, numbers, library):
    compose, make = library("sklearn.compose"), library("sklearn.pipeline").make_pipeline
    encoder = library("sklearn.preprocessing").OneHotEncoder()
    columns = compose.make_column_transformer((encoder, ["kind"]), remainder="passthrough")
    experiment = begin(numbers)
    answer = experiment.attempt(make(columns, library("sklearn.linear_model").Ridge(alpha=0.1)))
    assert answer.supported
    body = experiment.attempts[0]
    assert body.model.startswith("Pipeline(steps=[('columntransformer', ColumnTransformer(")
    assert "Ridge(alpha=0.1)" in body.model
    assert body.open_skill > 0.8  # the noise of .2 beside a sd of 2.2


@pytest.mark.parametrize("name", MAKE)
def test_a_fitted_estimator_is_used_as_it_is(begin, numbers, library, ledger, name):
    experiment = begin(numbers, metric="squared")
    rows = open_table(experiment)
    fitted = MAKE[name](library).fit(rows.select("z", "x").to_pandas(), rows["y"].to_numpy())
    with pytest.raises(PredictionsError, match=r"was fitted on \['z', 'x'\], and `features` is"):
        experiment.attempt(assay.adapt(fitted, features=["x", "z"]))
    experiment.attempt(fitted)
    predictive, sealed = kept(experiment, ledger)
    assert predictive.mean() == pytest.approx(fitted.predict(sealed.select("z", "x").to_pandas()))
    assert experiment.attempts[0].open_skill > 0.5  # by clones, fitted anew


def test_a_model_fitted_without_names_needs_them(begin, numbers, library, ledger):
    experiment = begin(numbers)
    rows = open_table(experiment)
    fitted = MAKE["linear"](library).fit(rows.select("z", "x").to_numpy(), rows["y"].to_numpy())
    with pytest.raises(PredictionsError, match=r"fitted on 2 features without names.* offers 3"):
        experiment.attempt(fitted)
    experiment.attempt(assay.adapt(fitted, features=["z", "x"]))
    predictive, sealed = kept(experiment, ledger)
    assert predictive.mean() == pytest.approx(fitted.predict(sealed.select("z", "x").to_numpy()))


def _lightgbm_booster(lib, X, y, objective="regression", **more):
    lightgbm = lib("lightgbm")
    settings = {"objective": objective, "verbose": -1, "min_data_in_leaf": 5, "num_threads": 1}
    return lightgbm.train(settings | more, lightgbm.Dataset(X, y), 30)


def _xgboost_booster(lib, X, y, objective="reg:squarederror", **more):
    xgboost = lib("xgboost")
    return xgboost.train({"objective": objective, "nthread": 1} | more, xgboost.DMatrix(X, y), 30)


SEES = {
    "a forest": lambda lib, X, y: lib("sklearn.ensemble").RandomForestRegressor(3).fit(X, y),
    "trees without a bootstrap": lambda lib, X, y: lib(
        "sklearn.ensemble"
    ).GradientBoostingRegressor(n_estimators=2).fit(X, y),
    "histograms": lambda lib, X, y: lib("sklearn.ensemble").HistGradientBoostingRegressor(
        max_iter=2
    ).fit(X, y),
    "neighbours": lambda lib, X, y: lib("sklearn.neighbors").KNeighborsRegressor().fit(X, y),
    "a support vector machine": lambda lib, X, y: lib("sklearn.svm").SVR().fit(X, y),
    "a Gaussian process": lambda lib, X, y: lib("sklearn.gaussian_process")
    .GaussianProcessRegressor(optimizer=None).fit(X, y),
    "a scaler in a pipeline": lambda lib, X, y: lib("sklearn.pipeline").make_pipeline(
        lib("sklearn.preprocessing").StandardScaler(), lib("sklearn.linear_model").Ridge()
    ).fit(X, y),
    "what a search found": lambda lib, X, y: lib("sklearn.model_selection").GridSearchCV(
        lib("sklearn.tree").DecisionTreeRegressor(), {"max_depth": [2]}, cv=2
    ).fit(X, y),
    "lightgbm": lambda lib, X, y: MAKE["lightgbm"](lib).fit(X, y),
    "xgboost": lambda lib, X, y: MAKE["xgboost"](lib).fit(X, y),
    "a booster of lightgbm": _lightgbm_booster,
    "a booster of xgboost": _xgboost_booster,
}  # fmt: skip


@pytest.mark.parametrize("kind", SEES)
def test_a_model_that_was_fitted_on_more_rows_than_are_open_is_refused(
    begin, numbers, library, ledger, kind
):
    experiment = begin(numbers)
    head = ledger.head()
    leaking = SEES[kind](library, numbers.select("x", "z").to_numpy(), numbers["y"].to_numpy())
    with pytest.raises(PredictionsError, match=r"was fitted on 250 rows \(.*only 100 are open"):
        experiment.attempt(assay.adapt(leaking, features=["x", "z"]))
    assert ledger.head() == head  # no look, no record
    rows = open_table(experiment)
    honest = SEES[kind](library, rows.select("x", "z").to_numpy(), rows["y"].to_numpy())
    assert experiment.attempt(assay.adapt(honest, features=["x", "z"])).look == 1


BOOSTERS = {"lightgbm": _lightgbm_booster, "xgboost": _xgboost_booster}
WORDS = {
    "lightgbm": "lightgbm.Booster(objective='regression', trees=30)",
    "xgboost": "xgboost.Booster(objective='reg:squarederror', rounds=30)",
}


@pytest.mark.parametrize("name", BOOSTERS)
def test_a_booster_is_used_as_it_is_and_has_no_open_score(begin, numbers, library, ledger, name):
    experiment = begin(
        numbers, metric="squared", improve_by=0.9, expect=0.95, accept_underpowered="a test"
    )
    rows = open_table(experiment)
    booster = BOOSTERS[name](library, rows.select("z", "x").to_pandas(), rows["y"].to_numpy())
    answer = experiment.attempt(booster)
    assert "cannot be fitted again, so it has no score on open rows" in answer.message
    predictive, sealed = kept(experiment, ledger)
    X = sealed.select("z", "x").to_pandas()
    expected = booster.predict(library("xgboost").DMatrix(X) if name == "xgboost" else X)
    assert predictive.mean() == pytest.approx(expected)
    (body,) = experiment.attempts
    assert (body.model, body.open_skill) == (WORDS[name], None)
    assert body.environment[name] == library(name).__version__


QUANTILE = {
    "lightgbm": ("quantile", {"alpha": 0.8}),
    "xgboost": ("reg:quantileerror", {"quantile_alpha": 0.8}),
}


@pytest.mark.parametrize("name", BOOSTERS)
def test_a_quantile_alone_is_judged_as_that_quantile_or_not_at_all(begin, numbers, library, name):
    objective, more = QUANTILE[name]
    terms = {"accept_underpowered": "a test of the offer"}
    experiment = begin(numbers, metric="crps")
    rows = open_table(experiment)
    X, y = rows.select("x", "z").to_pandas(), rows["y"].to_numpy()
    booster = BOOSTERS[name](library, X, y, objective, **more)
    with pytest.raises(PredictionsError, match=r"predicts the quantile at 0\.8 alone"):
        experiment.attempt(booster)
    judged = begin(numbers, metric="pinball", levels=(0.8,), key="pinball", **terms)
    assert judged.attempt(booster).look == 1


def test_several_quantiles_make_a_forecast(begin, numbers, library, ledger):
    model = library("xgboost").XGBRegressor(
        objective="reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9], n_estimators=30, n_jobs=1
    )
    experiment = begin(numbers, metric="crps")
    assert "certainty" not in experiment.attempt(model).message
    predictive, _ = kept(experiment, ledger)
    assert predictive.levels.tolist() == [0.1, 0.5, 0.9]
    assert (np.diff(predictive.values, axis=1) >= 0).all()


CHANCE = {
    "scikit-learn": lambda lib: lib("sklearn.linear_model").LogisticRegression(),
    "lightgbm": lambda lib: lib("lightgbm").LGBMClassifier(
        n_estimators=20, min_child_samples=5, verbose=-1, n_jobs=1
    ),
    "xgboost": lambda lib: lib("xgboost").XGBClassifier(n_estimators=20, n_jobs=1),
}


@pytest.mark.parametrize("name", CHANCE)
def test_a_classifier_gives_chances(begin, yes_or_no, library, ledger, name):
    experiment = begin(yes_or_no, metric="brier", baseline="base-rate", expect=0.5)
    assert experiment.attempt(CHANCE[name](library)).supported
    predictive, sealed = kept(experiment, ledger)
    assert np.mean((predictive.mean() > 0.5) == sealed["y"].to_numpy()) > 0.8
    assert experiment.attempts[0].open_skill > 0.4


@pytest.mark.parametrize("name", BOOSTERS)
def test_the_objective_of_a_booster_says_what_it_returns(begin, yes_or_no, library, ledger, name):
    experiment = begin(yes_or_no, metric="log", baseline="base-rate", expect=0.5)
    rows = open_table(experiment)
    objective = {"lightgbm": "binary", "xgboost": "binary:logistic"}[name]
    X, y = rows.select("x", "z").to_pandas(), rows["y"].to_numpy()
    booster = BOOSTERS[name](library, X, y, objective)
    experiment.attempt(booster)
    predictive, sealed = kept(experiment, ledger)
    X = sealed.select("x", "z").to_pandas()
    expected = booster.predict(library("xgboost").DMatrix(X) if name == "xgboost" else X)
    assert predictive.mean() == pytest.approx(expected, abs=1e-6)
    with pytest.raises(PredictionsError, match="which needs a probability"):
        experiment.attempt(BOOSTERS[name](library, rows.select("x", "z").to_pandas(), y))


def test_residuals_turn_points_into_a_forecast(begin, numbers, library, ledger):
    model = MAKE["linear"](library)
    terms = {"metric": "crps", "improve_by": 0.9, "expect": 0.95}
    plain = begin(numbers, accept_underpowered="a test of the offer", **terms)
    answer = plain.attempt(model, name="points")
    assert "a point forecast is scored as certainty" in answer.message
    spread = plain.attempt(assay.adapt(model, spread="residuals"), name="spread")
    assert "certainty" not in spread.message
    points, law = plain.attempts
    # A Normal law of sd s is worth s / sqrt(pi) where its mean alone costs s * sqrt(2 / pi).
    assert law.open_loss / points.open_loss == pytest.approx(np.sqrt(0.5), rel=0.05)
    predictive, sealed = kept(plain, ledger)
    low, high = predictive.interval(0.8)
    y = sealed["y"].to_numpy()
    assert np.mean((low <= y) & (y <= high)) == pytest.approx(0.8, abs=0.1)


def test_residuals_stay_where_a_count_can_be(begin, library, ledger):
    random = np.random.default_rng(9)
    x = random.uniform(size=250)
    table = pl.DataFrame({"x": x, "y": random.poisson(0.5 + 2 * x)})
    experiment = begin(table, metric="crps", accept_underpowered="a test of the offer")
    experiment.attempt(assay.adapt(MAKE["linear"](library), spread="residuals"))
    predictive, _ = kept(experiment, ledger)
    assert predictive.is_count
    assert predictive.values.min() >= 0
    assert (predictive.values == np.round(predictive.values)).all()


BAD = {
    "a classifier of numbers": (
        lambda lib: CHANCE["scikit-learn"](lib),
        r"LogisticRegression is a classifier, but `y` is a number with 100 values",
    ),
    "no predict": (
        lambda lib: lib("sklearn.preprocessing").StandardScaler(),
        r"StandardScaler has no `predict`",
    ),
    "a clusterer": (
        lambda lib: lib("sklearn.cluster").KMeans(2),
        r"KMeans is a clusterer, which does not predict `y`",
    ),
    "a feature that is not there": (
        lambda lib: assay.adapt(MAKE["linear"](lib), features=["x", "zz"]),
        r"needs `zz`, which the rows to be predicted do not have\. They have `x`, `z`, `kind`",
    ),
    "the target as a feature": (
        lambda lib: assay.adapt(MAKE["linear"](lib), features=["x", "y"]),
        r"needs `y`, which the rows to be predicted do not have",
    ),
    "a lonely quantile": (
        lambda lib: lib("sklearn.linear_model").QuantileRegressor(quantile=0.9),
        r"the quantile at 0\.9 alone, and metric `absolute` would score it as the whole",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_before_any_fit_costs_nothing(begin, numbers, library, ledger, kind):
    make, message = BAD[kind]
    experiment = begin(numbers)
    head = ledger.head()
    with pytest.raises(PredictionsError, match=message):
        experiment.attempt(make(library))
    assert ledger.head() == head


def test_a_regressor_has_no_probability(begin, yes_or_no, library, ledger):
    experiment = begin(yes_or_no, metric="log", baseline="base-rate", expect=0.5)
    head = ledger.head()
    with pytest.raises(PredictionsError, match="whose points have no probability"):
        experiment.attempt(MAKE["linear"](library))
    with pytest.raises(PredictionsError, match="has no `predict_proba`, and metric `log`"):
        experiment.attempt(library("sklearn.svm").LinearSVC())
    assert ledger.head() == head


def test_a_booster_with_an_objective_of_its_own_is_refused(begin, numbers, library):
    def squared(raw, data):
        return raw - data.get_label(), np.ones_like(raw)

    experiment = begin(numbers)
    rows = open_table(experiment)
    X, y = rows.select("x", "z").to_pandas(), rows["y"].to_numpy()
    with pytest.raises(PredictionsError, match=r"objective `none`, so what it returns are raw"):
        experiment.attempt(_lightgbm_booster(library, X, y, squared))
    booster = _lightgbm_booster(library, X, y)
    with pytest.raises(PredictionsError, match="cannot be fitted again"):
        experiment.attempt(assay.adapt(booster, spread="residuals"))
    classes = _lightgbm_booster(library, X, (y > 0).astype(int), "binary")
    with pytest.raises(PredictionsError, match="which is one of classes, but `y` is a number"):
        experiment.attempt(classes)


def test_text_that_a_pipeline_cannot_take_breaks_it_with_its_name(begin, numbers, library):
    scaled = library("sklearn.pipeline").make_pipeline(
        library("sklearn.preprocessing").StandardScaler(), MAKE["linear"](library)
    )
    experiment = begin(numbers)
    answer = experiment.attempt(scaled, effort=1)
    assert answer.text == "broke"
    assert "text among them (`kind`), and could not take them" in answer.message
    assert experiment.attempt(assay.adapt(scaled, features=["x", "z"])).look == 1


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda X: np.zeros(len(X) - 1), "predicted 149 rows, 150 were asked for|predicted 1"),
        (lambda X: np.full(len(X), np.nan), r"predicted \[nan\] for row 1, and no finite number"),
        (lambda X: np.zeros((len(X), 2)), r"returned an array of shape \(\d+, 2\)"),
    ],
)
def test_what_an_estimator_returns_is_checked(begin, numbers, library, returned, message):
    base = library("sklearn.base")

    class Odd(base.RegressorMixin, base.BaseEstimator):
        def fit(self, X, y):
            self.fitted_ = True
            return self

        def predict(self, X):
            return returned(X)

    answer = begin(numbers).attempt(Odd())
    assert answer.text == "broke"
    assert answer.message.startswith("Broke before predicting: PredictionsError: Odd ")
    assert re.search(message, answer.message)


def test_an_estimator_may_be_the_baseline(begin, numbers, library, ledger):
    (ledger.path.parent / "models.py").write_text(
        "def line():\n    from sklearn.linear_model import LinearRegression\n"
        "    return LinearRegression()\n"
    )
    experiment = begin(
        numbers, baseline={"python": "models.py:line"}, accept_underpowered="a test of the offer"
    )
    assert experiment.attempt(MAKE["linear"](library)).text == "not yet"
    assert experiment.close().baseline_loss == pytest.approx(
        experiment.verdict.scores[0]["loss"], rel=1e-9
    )


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ({}, {}, r"builtins\.dict is not known here"),
        ("line", {"spread": "wide"}, r"`spread` is 'wide'\. Known: `none`, `residuals`"),
        ("line", {"output": "logits"}, r"say what a PyTorch module returns; LinearRegression"),
        ("line", {"levels": [0.9, 0.1]}, r"say what a PyTorch module returns; LinearRegression"),
    ],
)
def test_options_are_checked_at_once(library, model, options, message):
    model = MAKE["linear"](library) if model == "line" else model
    with pytest.raises(PredictionsError, match=message):
        assay.adapt(model, **options)
