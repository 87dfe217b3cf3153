"""A series is judged as a procedure: asked at every origin, from what is known there."""

import re
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.errors import PredictionsError
from assay.experiment import register
from assay.ledger import Ledger
from assay.predictive import EnsemblePredictive, QuantilePredictive, from_bytes
from assay.problem import profile

DAYS, SHOPS, HORIZON = 200, 2, 7
START = date(2024, 1, 1)


def panel(seed: int = 3) -> pl.DataFrame:
    """Two shops, each the sum of its week, its past and a promotion that is known ahead."""
    random = np.random.default_rng(seed)
    rows = []
    for shop in range(SHOPS):
        promo = random.integers(2, size=DAYS)
        level = 20 + 5 * np.sin(np.arange(DAYS) * 2 * np.pi / 7 + shop) + 4 * promo
        noise = random.normal(size=DAYS)
        for day in range(DAYS):
            y = level[day] + noise[day]
            when = START + timedelta(days=day)
            rows.append((f"s{shop}", when, int(promo[day]), float(noise[day]), float(y)))
    return pl.DataFrame(rows, schema=["shop", "day", "promo", "weather", "y"], orient="row")


class LastWeek:
    """Says what was a week before, from the history it is given; notes what it was shown."""

    def __init__(self, *, spread: bool = False) -> None:
        self.spread, self.fits, self.seen = spread, 0, []

    def fit(self, frame: Any, target: str, /, *, seed: int) -> "LastWeek":
        self.fits += 1
        self.rows = frame.rows
        return self

    def forecast(self, history: Any, asked: Any, /) -> Any:
        self.seen.append((history.table, asked.table))
        past = history.table.select("shop", "y", day=pl.col("day") + timedelta(days=7))
        found = asked.table.join(past, on=["shop", "day"], how="left", maintain_order="left")
        values = found["y"].fill_null(20.0).to_numpy()
        return values[:, None] + [-1.0, 0.0, 1.0] if self.spread else values


@pytest.fixture
def series(begin):
    def begun(table: pl.DataFrame | None = None, **terms: Any):
        table = panel() if table is None else table
        roles = {"time": "day", "series": "shop", "horizon": HORIZON, "known_ahead": ["promo"]}
        why = "a test of procedures"
        terms = {"baseline": "climatology", "seal": {"share": 0.35}, **terms}
        return begin(table, accept_underpowered=why, **roles, **terms)

    return begun


def test_a_procedure_is_fitted_once_and_asked_at_every_origin(series):
    experiment, model = series(), LastWeek()
    answer = experiment.attempt(model)
    assert answer.text in ("not yet", "supported")
    task = experiment.task
    sealed = np.unique(task.origins(task.sealing.sealed_rows))
    shown = model.seen[: len(sealed)]  # the folds of the open score come after
    assert model.fits == 1 + 3  # on open rows, and for three rolling origins of the open score
    days = [START + timedelta(days=int(origin)) for origin in sealed]
    assert [history["day"].max() for history, _ in shown] == days
    assert np.diff(sealed).tolist() == [HORIZON] * (len(sealed) - 1)
    for history, asked in shown:
        assert set(history.columns) == {"shop", "day", "promo", "weather", "y", "row_id"}
        assert set(asked.columns) == {"shop", "day", "promo", "row_id"}
        first = history["day"].max() + timedelta(days=1)
        assert (asked["day"].min(), asked["day"].n_unique()) in {(first, k) for k in range(1, 8)}
        assert asked["shop"].n_unique() == SHOPS


def test_forecasts_stand_beside_the_rows_they_are_for(series, ledger):
    experiment = series(metric="squared")
    experiment.attempt(LastWeek())
    predictive, row_id = from_bytes(ledger.read_file(experiment.attempts[0].predictions))
    table = experiment.task.frame.table
    lagged = table.with_columns(past=pl.col("y").shift(7).over("shop"))
    assert predictive.mean() == pytest.approx(lagged[row_id.tolist()]["past"].to_numpy())


def test_samples_of_all_origins_are_one_predictive(series, ledger):
    experiment = series(metric="crps")
    answer = experiment.attempt(LastWeek(spread=True))
    assert "certainty" not in answer.message
    predictive, row_id = from_bytes(ledger.read_file(experiment.attempts[0].predictions))
    assert predictive.values.shape == (len(row_id), 3)


class Total(LastWeek):
    """Says the sum of all that it is shown, so that nothing can be shown in secret."""

    def forecast(self, history: Any, asked: Any, /) -> Any:
        shown = history.table["y"].sum() + history.table["weather"].sum()
        return np.full(asked.rows, shown) + asked.table["promo"].to_numpy()


@settings(max_examples=10)
@given(origin=st.integers(0, 8), shift=st.floats(1e-3, 50))
def test_no_forecast_knows_what_came_after_its_origin(origin, shift, tmp_path_factory):
    """What comes after an origin changes: forecasts from there stay, later ones do not."""
    table, start = panel(), int(DAYS * 0.65) + HORIZON * origin
    later = pl.col("day") >= START + timedelta(days=start)
    moved = table.with_columns(
        pl.when(later).then(pl.col(name) + shift).otherwise(pl.col(name)).alias(name)
        for name in ("y", "weather")
    )
    first, second = (_forecasts(each, tmp_path_factory) for each in (table, moved))
    known = pl.col("day") < START + timedelta(days=start + HORIZON)
    assert first.filter(known).equals(second.filter(known))
    assert (first.filter(~known)["said"] < second.filter(~known)["said"]).all()


def _forecasts(table: pl.DataFrame, factory: Any) -> pl.DataFrame:
    """What a procedure says for the sealed rows, by their day."""
    roles = {"time": "day", "series": "shop", "horizon": HORIZON, "known_ahead": "promo"}
    with Ledger(factory.mktemp("ledger") / "assay.db", author="Ann") as ledger:
        experiment = register(
            profile(table, target="y", **roles),
            ledger=ledger,
            hypothesis="the past tells the next week",
            metric="absolute",
            baseline="climatology",
            seal={"share": 0.35},
            accept_underpowered="a test",
        )
        task = experiment.task
        rows = task.sealing.sealed_rows
        fitted = Total().fit(task.frame.take(task.open_rows), "y", seed=0)
        found = task.predict(fitted, rows)
        return task.frame.table[rows.tolist()].select("day", said=pl.lit(found.mean()))


BAD = {
    "too few": (lambda asked: np.zeros(asked.rows - 1), r"LastDay predicted \d+ rows, \d+ were"),
    "no number": (lambda asked: np.full(asked.rows, np.nan), "LastDay predicted nan for row 1"),
    "text": (lambda asked: ["much"] * asked.rows, "LastDay returned list. Accepted are"),
    "cubes": (lambda asked: np.zeros((asked.rows, 2, 2)), r"of shape \(\d+, 2, 2\)"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_a_procedure_returns_is_checked(series, kind):
    returned, message = BAD[kind]

    class LastDay:
        def fit(self, frame, target, /, *, seed):
            return self

        def forecast(self, history, asked, /):
            return returned(asked)

    answer = series().attempt(LastDay(), effort=1)
    assert answer.text == "broke"
    assert re.search(message, answer.message)


def test_forecasts_of_two_kinds_cannot_be_one(series):
    class Moody:
        def fit(self, frame, target, /, *, seed):
            self.calls = 0
            return self

        def forecast(self, history, asked, /):
            self.calls += 1
            values = np.zeros((asked.rows, 2))
            if self.calls % 2:
                return EnsemblePredictive(values)
            return QuantilePredictive(np.array([0.1, 0.9]), values)

    answer = series().attempt(Moody())
    assert "differ in kind from one origin to the next: quantiles at [0.1, 0.9], and samples" in (
        answer.message
    )


def rows_of(experiment, origin: date | None) -> pl.DataFrame:
    sealed = experiment.task.asked.table
    told = sealed.select("row_id", mean=pl.col("promo") * 4.0 + 20.0)
    return told if origin is None else told.with_columns(origin=pl.lit(origin))


def test_a_file_whose_origins_are_open_needs_no_word(series, ledger):
    experiment = series()
    end = experiment.task.setting.open_end
    head = ledger.head()
    with pytest.raises(PredictionsError, match="add a column `origin`"):
        experiment.attempt(predictions=rows_of(experiment, None))
    late = rows_of(experiment, end).with_row_index("n").with_columns(
        origin=pl.when(pl.col("n") == 4).then(end + timedelta(days=1)).otherwise(pl.col("origin"))
    )  # fmt: skip
    row = late["row_id"][4]
    with pytest.raises(PredictionsError, match=rf"row_id = {row}: `origin` is .* \(1 rows\)"):
        experiment.attempt(predictions=late.drop("n"))
    gone = rows_of(experiment, None).with_columns(origin=pl.lit(None, dtype=pl.Date))
    with pytest.raises(PredictionsError, match="column `origin` is Date"):
        experiment.attempt(predictions=gone)
    assert ledger.head() == head
    answer = experiment.attempt(predictions=rows_of(experiment, end), name="from the end")
    assert answer.look == 1
    assert not experiment.attempts[0].attested
    assert experiment.attempt(predictions=late.drop("n"), attested=True).look == 1


@pytest.fixture(scope="module")
def forecasters(library) -> Any:
    return library("statsforecast.models")


def test_a_forecaster_moves_forward_or_is_fitted_again(series, forecasters, ledger):
    experiment = series(metric="crps", season=7)
    forward = forecasters.AutoETS(season_length=7, model="ANA")
    again = forecasters.SeasonalNaive(season_length=7)
    first = experiment.attempt(forward, effort=1)
    second = experiment.attempt(again, effort=1)
    assert "fitted at each origin" not in first.message
    assert "SeasonalNaive cannot move forward: it is fitted at each origin." in second.message
    bodies = experiment.attempts
    assert [body.model for body in bodies] == [
        "AutoETS(season_length=7, model='ANA')",
        "SeasonalNaive(season_length=7)",
    ]
    assert "statsforecast" in bodies[0].environment
    predictive, row_id = from_bytes(ledger.read_file(bodies[1].predictions))
    table = experiment.task.frame.table
    lagged = table.with_columns(past=pl.col("y").shift(7).over("shop"))
    middle = (predictive.quantile(0.45) + predictive.quantile(0.55)) / 2
    assert middle == pytest.approx(lagged[row_id.tolist()]["past"].to_numpy(), abs=1e-3)
    y = table[row_id.tolist()]["y"].to_numpy()
    low, high = predictive.interval(0.8)
    assert 0.7 < np.mean((low <= y) & (y <= high)) < 0.97
    assert experiment.close().scores[0]["loss"] < 2.5


def test_a_forecaster_without_intervals_gives_points(series, forecasters, library):
    experiment = series(metric="crps")
    whole = library("statsforecast").StatsForecast(
        models=[forecasters.SimpleExponentialSmoothing(0.3)], freq="1d"
    )
    answer = experiment.attempt(whole)
    assert "a point forecast is scored as certainty" in answer.message
    assert experiment.attempts[0].model == "SimpleExponentialSmoothing(alpha=0.3)"


def test_a_forecaster_is_refused_where_it_cannot_be_judged(series, begin, forecasters, library):
    table, naive = panel(), forecasters.Naive()
    StatsForecast = library("statsforecast").StatsForecast
    experiment = series()
    with pytest.raises(PredictionsError, match="holds 2 models"):
        experiment.attempt(StatsForecast(models=[naive, forecasters.HistoricAverage()], freq="1d"))
    with pytest.raises(PredictionsError, match="takes no `features`"):
        experiment.attempt(assay.adapt(naive, spread="residuals"))
    whole = table.select(pl.col("y"), unique_id="shop", ds="day")
    later = StatsForecast(models=[naive], freq="1d").fit(whole)
    with pytest.raises(PredictionsError, match=r"fitted up to 2024-07-18.*open rows end at"):
        experiment.attempt(later)
    single = forecasters.Naive().fit(table.filter(shop="s0")["y"].to_numpy())
    with pytest.raises(PredictionsError, match=r"Naive was fitted on 200 times, but only 130 are"):
        experiment.attempt(single)
    assert len(experiment.attempts) == 0
    with pytest.raises(PredictionsError, match="no `time` column is named"):
        begin(key="rows").attempt(naive)


def test_an_estimator_reads_what_is_known_ahead(series, library):
    linear = library("sklearn.linear_model").LinearRegression
    experiment = series(metric="squared")
    experiment.attempt(linear(), name="promo")
    assert experiment.attempts[0].open_skill > 0.05
    with pytest.raises(PredictionsError, match=r"needs `weather`.*listed in `known_ahead`"):
        experiment.attempt(assay.adapt(linear(), features=["promo", "weather"]))
    by_shop = assay.adapt(linear(), features=["promo", "shop"], spread="residuals")
    assert experiment.attempt(by_shop, name="shop").look == 2


def test_an_error_of_a_procedure_does_not_hand_over_its_history(series, ledger):
    class Talker(LastWeek):
        def forecast(self, history, asked, /):
            raise ValueError(f"did not converge on {history.table['y'].tail(3).to_list()}")

    experiment = series()
    answer = experiment.attempt(Talker(), name="talker")
    assert answer.text == "broke"
    assert "ValueError" in answer.message
    assert "converge" not in answer.message
    assert "converge" not in str(experiment.attempts[0].broke)
