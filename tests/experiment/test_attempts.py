"""What may be offered to a seal, and what a refused or broken offer leaves behind."""

import datetime

import numpy as np
import polars as pl
import pytest

from assay.errors import AssayError, ConfigError, ExperimentError, PredictionsError
from assay.experiment import split
from assay.experiment.open_score import folds_of, open_score
from assay.predictive import EnsemblePredictive, from_bytes
from assay.record import AttemptPlan


@pytest.mark.parametrize("how", ["fit", "rows", "nan"])
def test_a_model_that_breaks_is_recorded_and_costs_effort(begin, scaled, ledger, how):
    experiment = begin()
    answer = experiment.attempt(scaled(1.0, broken=how), name="ill", effort=3)
    assert (answer.text, answer.look, answer.level) == ("broke", None, None)
    (body,) = experiment.attempts
    assert (body.effort, body.predictions, body.look) == (3.0, None, None)
    assert body.broke.startswith({"fit": "FitError", "rows": "Pred", "nan": "Pred"}[how])
    assert experiment.resume("ill").text == "broke"
    assert experiment.attempt(scaled(0.0), name="well").look == 1


BAD = {
    "other rows": lambda given: given.with_columns(row_id=pl.col("row_id") + 1000),
    "too few": lambda given: given.head(149),
    "one twice": lambda given: pl.concat([given, given.head(1)]),
    "missing": lambda given: given.with_columns(mean=pl.lit(None, dtype=pl.Float64)),
    "nan": lambda given: given.with_columns(mean=pl.lit(float("nan"))),
    "infinite": lambda given: given.with_columns(
        mean=pl.when(pl.int_range(150) == 3).then(float("inf")).otherwise(pl.col("mean"))
    ),
    "text": lambda given: given.with_columns(mean=pl.lit("much")),
    "no prediction": lambda given: given.select("row_id"),
    "no key": lambda given: given.select("mean"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_leaves_the_ledger_as_it_was(begin, guess, ledger, kind):
    experiment = begin()
    head = ledger.head()
    with pytest.raises(PredictionsError):
        experiment.attempt(predictions=BAD[kind](guess(experiment, 0.0)))
    assert ledger.head() == head


def test_predictions_that_the_metric_cannot_score_spend_nothing(begin, guess, ledger):
    experiment = begin(
        metric="log", baseline={"family": "normal"}, improve_by=None, improve_by_absolute=0.1,
        accept_underpowered="a test of the offer",
    )  # fmt: skip
    head = ledger.head()
    with pytest.raises(PredictionsError, match="has no density"):
        experiment.attempt(predictions=guess(experiment, 1.0))
    assert ledger.head() == head
    assert experiment.close().outcome == "inconclusive"


def test_an_offer_is_one_thing(begin, guess, scaled):
    experiment = begin()
    for offer in ({}, {"model": scaled(1.0), "predictions": guess(experiment, 1.0)}):
        with pytest.raises(ExperimentError, match="either a model or predictions"):
            experiment.attempt(**offer)
    with pytest.raises(ExperimentError, match=r"dict has no `fit\(frame, target, seed=...\)`"):
        experiment.attempt({})


def test_an_opened_seal_takes_no_more(begin, guess, scaled, ledger):
    experiment = begin()
    assert experiment.attempt(predictions=guess(experiment, 1.0)).supported
    assert not experiment.is_open
    head = ledger.head()
    for offer in ({"predictions": guess(experiment, 0.9)}, {"model": scaled(0.9)}):
        with pytest.raises(ExperimentError, match="the seal was opened"):
            experiment.attempt(**offer)
    with pytest.raises(ExperimentError, match="open already"):
        experiment.close()
    assert ledger.head() == head


@pytest.fixture
def series(begin):
    """Sixty sealed days, forecast a week at a time."""
    random = np.random.default_rng(3)
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(day) for day in range(160)]
    x = random.normal(size=160)
    table = pl.DataFrame({"d": days, "x": x, "y": x + 0.1 * random.normal(size=160)})

    def begun(**terms):
        return begin(table, time="d", baseline="climatology", seal={"rows": 60}, **terms)

    return begun


def test_a_file_for_a_series_needs_the_authors_word(series, guess, ledger):
    experiment = series(horizon=7)
    assert experiment.registration.test == "series"
    head = ledger.head()
    with pytest.raises(PredictionsError, match=r"judged as a procedure.*7 steps apart"):
        experiment.attempt(predictions=guess(experiment, 1.0))
    assert ledger.head() == head
    answer = experiment.attempt(predictions=guess(experiment, 1.0), name="mine", attested=True)
    assert answer.supported
    assert any(
        "author's word that the forecasts of mine" in c for c in experiment.verdict.conditions
    )


def test_a_file_that_forecasts_from_one_origin_needs_no_word(series, guess):
    experiment = series(horizon=60)
    assert experiment.attempt(predictions=guess(experiment, 1.0), attested=True).supported
    assert not experiment.attempts[0].attested
    assert not any("word" in condition for condition in experiment.verdict.conditions)


def test_a_forecast_sees_only_what_is_known_ahead(series, scaled):
    blind = series(horizon=7)
    assert set(blind.task.visible(blind.task.sealing.sealed_rows).columns) == {"d", "row_id"}
    answer = blind.attempt(scaled(1.0), name="peeks")
    assert answer.text == "broke"
    assert "`known_ahead`" in answer.message
    told = series(horizon=7, known_ahead=["x"], key="told")
    assert told.attempt(scaled(1.0)).supported


def test_the_open_score_is_out_of_fold_and_beside_the_baseline(begin, scaled):
    task = begin().task
    tested = np.concatenate([fold.test for fold in folds_of(task)])
    assert np.bincount(tested).tolist() == [2] * 100  # each open row twice
    assert all(set(fold.train).isdisjoint(fold.test) for fold in folds_of(task))
    perfect = open_score(scaled(1.0), task, scaled(1.0))
    y, x = task.y[task.open_rows], task.frame.numbers("x")[task.open_rows]
    assert perfect.loss == pytest.approx(np.abs(y - x).mean())
    assert perfect.skill == pytest.approx(1 - perfect.loss / perfect.baseline_loss)
    # Out of fold the usual value is no better than what it is compared with: itself.
    usual = open_score(scaled(0.0), task, scaled(0.0))
    assert abs(usual.skill) < 3 * usual.se


def test_folds_keep_groups_whole_and_time_forward(begin, series):
    random = np.random.default_rng(8)
    table = pl.DataFrame({"g": np.repeat(range(60), 4), "x": random.normal(size=240)})
    task = begin(table.with_columns(y=pl.col("x")), group="g", seal={"groups": 0.75}, key="g").task
    groups = task.frame.column("g").to_numpy()[task.open_rows]
    assert all(set(groups[f.train]).isdisjoint(groups[f.test]) for f in folds_of(task))
    later = series(horizon=5).task
    assert all(fold.train.max() < fold.test.min() for fold in folds_of(later))


def test_a_planned_attempt_is_a_file_or_a_recipe(begin, guess, ledger):
    experiment = begin()
    guess(experiment, 0.0).write_csv(ledger.path.parent / "mine.csv")
    plan = AttemptPlan(name="file", model={"predictions": "mine.csv"}, effort=2, stage="data")
    assert experiment.attempt_planned(plan).look == 1
    assert (experiment.attempts[0].effort, experiment.attempts[0].stage) == (2.0, "data")
    with pytest.raises(ConfigError, match=r'attempt "recipe".*`mean`'):
        experiment.attempt_planned(
            AttemptPlan(name="recipe", model={"family": "normal", "mean": "magic('x')"})
        )
    with pytest.raises(AssayError, match=r"gone\.csv"):
        experiment.attempt_planned(AttemptPlan(name="gone", model={"predictions": "gone.csv"}))
    assert len(experiment.attempts) == 1


def test_a_model_of_assays_own_is_judged(begin):
    from assay.family import Normal
    from assay.model import Model
    from assay.predictor import Linear

    experiment = begin(metric="crps")
    answer = experiment.attempt(Model(Normal(), mean=Linear("x")), effort=1)
    assert answer.supported
    (body,) = experiment.attempts
    assert body.model.startswith("normal with mean = linear('x')")
    assert body.open_skill == pytest.approx(0.8, abs=0.05)  # noise of .2 beside a sd of 1


def test_split_files_lead_back_to_an_attempt(begin, scaled, ledger):
    experiment = begin()
    task = experiment.task

    class Held:  # what `split` needs of a workspace
        @staticmethod
        def task(_: str) -> object:
            return task

    out = ledger.path.parent / "rows"
    report = split(Held(), "y", out)  # type: ignore[arg-type]
    opened, hidden = pl.read_parquet(out / "open.parquet"), pl.read_parquet(out / "sealed.parquet")
    assert (report.n_open, report.n_sealed) == (opened.height, hidden.height) == (100, 150)
    assert hidden.columns == ["x", "row_id"]
    assert hidden["row_id"].is_sorted()  # the order of judging stays with the seal
    assert "100 rows with the target `y`" in (out / "SPLIT.md").read_text()
    slope = float((opened["x"] * opened["y"]).sum() / (opened["x"] ** 2).sum())
    hidden.select("row_id", mean=slope * pl.col("x")).write_parquet(out / "mine.parquet")
    assert experiment.attempt(predictions=out / "mine.parquet", effort=1).supported


def test_a_chance_above_one_is_refused_and_costs_nothing(begin):
    random = np.random.default_rng(1)
    table = pl.DataFrame({"x": random.uniform(size=400), "y": random.integers(0, 2, 400)})
    experiment = begin(table, metric="brier", accept_underpowered="a test", seal={"rows": 150})
    sealed = experiment.task.asked.table
    with pytest.raises(PredictionsError, match=r"the mean predicted for the row .* is 1\.\d+"):
        experiment.attempt(predictions=sealed.select("row_id", mean=pl.col("x") + 0.5), effort=1)
    assert experiment.attempts == []


def test_mass_below_zero_is_said_aloud(begin):
    random = np.random.default_rng(1)
    x = random.gamma(2.0, 1.0, 400)
    table = pl.DataFrame({"x": x, "y": x * random.gamma(9.0, 1 / 9, 400)})
    experiment = begin(table)
    sealed = experiment.task.asked.table
    for shift, says in ((-1.0, True), (0.0, False)):  # the second one is supported
        offered = sealed.select("row_id", mean=pl.col("x") + shift)
        message = experiment.attempt(predictions=offered, effort=1).message
        assert ("lies below 0" in message) == says


def test_chances_of_a_number_and_lonely_quantiles_are_refused_before_a_look(begin):
    experiment = begin(metric="crps")
    sealed = experiment.task.asked.table
    for column, says in (("p_1", "probabilities of 1"), ("q0.05", "alone is no forecast")):
        with pytest.raises(PredictionsError, match=says):
            experiment.attempt(predictions=sealed.select("row_id", pl.lit(0.5).alias(column)))
    levels = {name: pl.lit(0.5) for name in ("q0.1", "q0.9", "q1.5")}
    with pytest.raises(PredictionsError, match=r"`q1\.5` is no quantile"):
        experiment.attempt(predictions=sealed.select("row_id", **levels))
    assert experiment.attempts == []


def test_a_model_whose_fit_returns_itself_is_judged_as_it_was_fitted_on_all_open_rows(begin):
    class Mean:
        """Remembers how many rows it saw last."""

        def fit(self, data, target, /, *, seed):
            self.rows = data.rows
            return self

        def predict(self, data, /):
            return EnsemblePredictive(np.full((data.rows, 1), float(self.rows)))

    experiment = begin()
    experiment.attempt(Mean(), name="mean")
    content = experiment._ledger.read_file(experiment.attempts[0].predictions)
    assert set(from_bytes(content)[0].mean()) == {100.0}
