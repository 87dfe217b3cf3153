"""A target of several classes: profiled, registered, attempted and judged by probabilities."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import assay
from assay.errors import ConfigError, PredictionsError
from assay.experiment import split
from assay.predictive import ClassPredictive, EnsemblePredictive, from_bytes, to_bytes
from assay.problem import profile
from assay.record import AttemptPlan
from assay.score import row_losses

LABELS = ("iris", "rose", "tulip")


@pytest.fixture(scope="module")
def flowers() -> pl.DataFrame:
    """300 rows: a and b tell three flowers apart nine times in ten."""
    random = np.random.default_rng(4)
    kind = random.choice(3, size=300, p=[0.5, 0.3, 0.2])
    a = kind + 0.45 * random.normal(size=300)
    b = random.normal(size=300)
    return pl.DataFrame({"a": a, "b": b, "y": np.array(LABELS)[kind]})


TERMS = {"metric": "brier", "improve_by": 0.1, "expect": 0.6, "baseline": "base-rate"}


def shares(experiment, ledger) -> tuple[np.ndarray, np.ndarray]:
    predictive, row_id = from_bytes(ledger.read_file(experiment.attempts[-1].predictions))
    assert isinstance(predictive, ClassPredictive)
    return predictive.probabilities, experiment.task.frame.table["y"].to_numpy()[row_id]


def test_a_target_of_text_is_profiled_as_classes(flowers):
    problem = profile(flowers, target="y")
    assert [each.name for each in problem.properties] == ["size", "missing", "classes"]
    assert problem["classes"].finding.startswith("3 classes: 'iris' 1")
    assert problem.suggestions[0].family == "categorical(classes=3)"
    assert problem.suggest()[0].model.family == assay.Categorical(3)
    counts = flowers["y"].value_counts()["count"].to_numpy() / 300
    assert problem["classes"].evidence["brier"] == pytest.approx((1 - (counts**2).sum()) / 2)
    assert problem.pictures()["histogram"]["count"].sum() == 300


def test_the_base_rate_is_the_smoothed_share_of_each_class(begin, flowers, ledger):
    experiment = begin(flowers, **TERMS)
    body, task = experiment.registration, experiment.task
    base, _ = from_bytes(ledger.read_file(body.baseline_predictions))
    seen = flowers["y"].to_numpy()[task.open_rows]
    expected = [(np.sum(seen == label) + 0.5) / (len(seen) + 1.5) for label in LABELS]
    assert base.probabilities[0] == pytest.approx(expected)
    assert body.cap == 1.0
    truth = np.eye(3)[[LABELS.index(label) for label in seen]]
    assert body.baseline_open_loss == pytest.approx(
        np.mean(((np.array(expected) - truth) ** 2).sum(axis=1) / 2)
    )


@pytest.mark.parametrize("metric", ["brier", "log", "0-1"])
def test_a_classifier_is_judged_by_each_metric_of_classes(begin, flowers, library, ledger, metric):
    terms = TERMS | {"metric": metric, "accept_underpowered": "a test"}
    experiment = begin(flowers, **terms)
    assert experiment.attempt(library("sklearn.linear_model").LogisticRegression()).supported
    given, truth = shares(experiment, ledger)
    own = given[np.arange(len(truth)), [LABELS.index(label) for label in truth]]
    one_hot = np.eye(3)[[LABELS.index(label) for label in truth]]
    expected = {
        "brier": ((given - one_hot) ** 2).sum(axis=1) / 2,
        "log": -np.log(own),
        "0-1": np.array(LABELS)[given.argmax(axis=1)] != truth,
    }[metric]
    assert experiment.verdict.scores[0]["loss"] == pytest.approx(
        np.minimum(expected, experiment.registration.cap).mean()
    )


def _booster(library, X, y):
    lightgbm = library("lightgbm")
    settings = {"objective": "multiclass", "num_class": 3, "verbose": -1, "num_threads": 1}
    return lightgbm.train(settings, lightgbm.Dataset(X, y), 20)


def _trees(library, X, y):
    xgboost = library("xgboost")
    settings = {"objective": "multi:softprob", "num_class": 3, "nthread": 1}
    return xgboost.train(settings, xgboost.DMatrix(X, y), 20)


CLASSIFIERS = {
    "lightgbm": lambda lib, X, y: lib("lightgbm").LGBMClassifier(
        n_estimators=20, verbose=-1, n_jobs=1
    ),
    "xgboost": lambda lib, X, y: lib("xgboost").XGBClassifier(n_estimators=20, n_jobs=1),
    "a fitted one of labels": lambda lib, X, y: lib("sklearn.linear_model")
    .LogisticRegression().fit(X, np.array(LABELS)[y]),
    "a fitted one of numbers": lambda lib, X, y: lib("xgboost").XGBClassifier(
        n_estimators=20, n_jobs=1
    ).fit(X, y),
    "a booster of lightgbm": _booster,
    "a booster of xgboost": _trees,
}  # fmt: skip


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_every_library_knows_classes(begin, flowers, library, ledger, kind):
    experiment = begin(flowers, **TERMS)
    rows = flowers[experiment.task.open_rows.tolist()]
    y = rows["y"].replace_strict(dict(zip(LABELS, range(3), strict=True))).to_numpy()
    model = CLASSIFIERS[kind](library, rows.select("a", "b").to_pandas(), y)
    assert experiment.attempt(model).supported
    given, truth = shares(experiment, ledger)
    assert np.mean(np.array(LABELS)[given.argmax(axis=1)] == truth) > 0.75


@pytest.mark.parametrize("kind", ["lightgbm", "xgboost", "linear"])
def test_a_class_that_no_open_row_has_is_called_impossible(begin, library, ledger, kind):
    """Sealed days hold a label of their own; its loss under the log score ends at the cap."""
    random = np.random.default_rng(8)
    labels = np.where(random.uniform(size=300) < 0.5, "b", "d")
    labels[290:] = "c"  # between the others, so that its place matters
    table = pl.DataFrame({"t": range(300), "x": random.normal(size=300), "y": labels})
    terms = TERMS | {"metric": "log", "seal": {"rows": 100}, "accept_underpowered": "a test"}
    experiment = begin(table, time="t", known_ahead=["x"], **terms)
    models = {
        "lightgbm": lambda: library("lightgbm").LGBMClassifier(
            n_estimators=3, verbose=-1, n_jobs=1
        ),
        "xgboost": lambda: library("xgboost").XGBClassifier(n_estimators=3, n_jobs=1),
        "linear": lambda: library("sklearn.linear_model").LogisticRegression(),
    }
    assert experiment.attempt(models[kind]()).text == "not yet"
    given, truth = shares(experiment, ledger)
    assert (given[:, 1] == 0).all()
    assert (truth == "c").sum() == 10
    assert np.isfinite(experiment.close().scores[0]["loss"])


def test_assays_own_categorical_model_is_judged(begin, flowers):
    experiment = begin(flowers, **TERMS)
    model = assay.Model(assay.Categorical(3), logit_1=assay.Linear("a"), logit_2=assay.Linear("a"))
    assert experiment.attempt(model).supported
    assert experiment.attempts[0].open_skill > 0.3


def test_probabilities_come_from_a_file_too(begin, flowers, ledger):
    experiment = begin(flowers, **TERMS)
    sealed = experiment.task.asked.table
    far = {label: (pl.col("a") - k).abs() * -4 for k, label in enumerate(LABELS)}
    total = sum((each.exp() for each in far.values()), start=pl.lit(0.0))
    told = sealed.select(
        "row_id", **{f"p_{name}": each.exp() / total for name, each in far.items()}
    )
    bad = {
        "missing": (told.drop("p_rose"), r"no column `p_rose`; for a target of 3 classes"),
        "negative": (told.with_columns(p_iris=-pl.col("p_iris")), r"row_id = \d+: `p_iris` is -"),
        "sum": (told.with_columns(p_iris=pl.col("p_iris") / 2), r"row_id = \d+: the probabilities"),
        "no number": (told.with_columns(p_iris=pl.lit(None, dtype=pl.Float64)), "found nan"),
        "points": (sealed.select("row_id", mean=pl.col("a")), "no column `p_iris`"),
    }
    head = ledger.head()
    for table, message in bad.values():
        with pytest.raises(PredictionsError, match=message):
            experiment.attempt(predictions=table)
    assert ledger.head() == head
    assert experiment.attempt(predictions=told).supported
    task = experiment.task

    class Held:
        @staticmethod
        def task(_: str) -> object:
            return task

    report = split(Held(), "y", ledger.path.parent / "rows")  # type: ignore[arg-type]
    assert "`p_iris`, `p_rose`, `p_tulip`" in report.text
    assert pl.read_parquet(report.folder / "open.parquet")["y"].unique().sort().to_list() == list(
        LABELS
    )


def test_two_labels_score_as_0_and_1_do(begin, flowers, library, made, tmp_path):
    two = flowers.with_columns(y=pl.when(pl.col("y") == "iris").then(pl.lit("no")).otherwise(
        pl.lit("yes")))  # fmt: skip
    numbers = two.with_columns(y=(pl.col("y") == "yes").cast(pl.Int64))
    found = []
    for key, table in (("labels", two), ("numbers", numbers)):
        with made(tmp_path / f"{key}.db") as ledger:
            experiment = begin(table, ledger=ledger, **TERMS)
            experiment.attempt(library("sklearn.linear_model").LogisticRegression())
            found.append(experiment.verdict)
    assert found[0].baseline_loss == pytest.approx(found[1].baseline_loss)
    assert found[0].scores[0]["loss"] == pytest.approx(found[1].scores[0]["loss"])


BAD = {
    "a metric of numbers": ({"metric": "crps"}, r"metric `crps` scores numbers.* Take `brier`"),
    "a baseline of numbers": (
        {"baseline": "naive", "time": "t", "known_ahead": ["a"]},
        r"baseline `naive` forecasts numbers",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_terms_for_numbers_are_refused(begin, flowers, ledger, kind):
    terms, message = BAD[kind]
    table = flowers.with_row_index("t") if "time" in terms else flowers
    with pytest.raises(ConfigError, match=message):
        begin(table, **TERMS | terms)


def test_models_of_numbers_are_refused(begin, flowers, library, scaled, ledger):
    experiment = begin(flowers, **TERMS)
    linear = library("sklearn.linear_model")
    rows = flowers[experiment.task.open_rows.tolist()]
    head = ledger.head()
    with pytest.raises(PredictionsError, match="LinearRegression is a regressor, but `y` is one"):
        experiment.attempt(linear.LinearRegression())
    other = linear.LogisticRegression().fit(
        rows.select("a", "b").to_pandas(), rows["y"].replace("iris", "lily").to_numpy()
    )
    with pytest.raises(PredictionsError, match=r"fitted on the label 'lily', which `y` does not"):
        experiment.attempt(other)
    assert ledger.head() == head

    class Points(scaled):
        def predict(self, data, /):
            return EnsemblePredictive(np.zeros((data.rows, 1)))

    answer = experiment.attempt(Points(1.0))
    assert answer.text == "broke"
    assert "one of 3 classes, and the predictions are numbers" in answer.message


def test_a_plan_may_name_a_classifier(begin, flowers, ledger):
    (ledger.path.parent / "models.py").write_text(
        "def tree():\n    from sklearn.tree import DecisionTreeClassifier\n"
        "    return DecisionTreeClassifier(max_depth=3)\n"
    )
    experiment = begin(flowers, **TERMS)
    plan = AttemptPlan(name="tree", model={"python": "models.py:tree"}, effort=1)
    assert experiment.attempt_planned(plan).supported
    assert experiment.attempts[0].model == "DecisionTreeClassifier(max_depth=3)"


@given(
    weights=st.lists(
        st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda row: sum(row) > 0.1),
        min_size=1,
        max_size=6,
    ),
    seed=st.integers(0, 100),
)
def test_probabilities_obey_the_laws_of_a_predictive(weights, seed):
    given = np.array(weights) / np.sum(weights, axis=1, keepdims=True)
    predictive, y = ClassPredictive(given), np.random.default_rng(seed).integers(4, size=len(given))
    steps = np.arange(4.0)
    cdf = np.column_stack([predictive.cdf(np.full(len(given), k)) for k in steps])
    assert cdf == pytest.approx(np.cumsum(given, axis=1))
    # The score by its definition, a sum of squared distances of two step functions.
    assert predictive.crps(y) == pytest.approx(((cdf - (y[:, None] <= steps)) ** 2).sum(axis=1))
    assert predictive.mean() == pytest.approx(given @ steps)
    for level in (0.1, 0.5, 0.9):
        at = predictive.quantile(level)
        assert (predictive.cdf(at) >= level - 1e-9).all()
        assert (np.exp(predictive.log_reach(at)) >= 1 - level - 1e-9).all()
    for metric, most in (("brier", 1.0), ("0-1", 1.0)):
        losses = row_losses(metric, predictive, y, classes=4)
        assert ((losses >= 0) & (losses <= most + 1e-12)).all()
    kept, row_id = from_bytes(to_bytes(predictive, np.arange(len(given))[::-1]))
    assert kept.probabilities[::-1] == pytest.approx(given, abs=0)
    assert row_id.tolist() == list(range(len(given)))


def test_samples_follow_the_probabilities():
    predictive = ClassPredictive(np.array([[0.2, 0.0, 0.8], [1.0, 0.0, 0.0]]))
    drawn = predictive.sample(seed=1, count=4000)
    assert np.mean(drawn == 2, axis=0) == pytest.approx([0.8, 0.0], abs=0.03)
    assert not (drawn == 1).any()
    assert predictive.excess(np.array([0.5, 0.5])) == pytest.approx([1.2, 0.0])


def test_half_the_squared_distance_of_two_classes_is_that_of_one():
    chance = np.array([0.1, 0.6, 1.0])
    two = ClassPredictive(np.column_stack([1 - chance, chance]))
    y = np.array([0, 1, 0])
    assert row_losses("brier", two, y, classes=2) == pytest.approx((chance - y) ** 2)
