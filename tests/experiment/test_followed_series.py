"""A score-driven model as an attempt: fitted once, and moved over the history of each origin."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

import assay
import assay.experiment.open_score as folds
from assay.adapter import Setting
from assay.errors import ConfigError, DataError, PredictionsError
from assay.experiment import register
from assay.model import build
from assay.predictive import from_bytes
from assay.problem import profile
from assay.series.fitting import fit as fitting

DAYS, HORIZON = 126, 7
START = date(2024, 1, 1)
ROLES = {
    "target": "units",
    "time": "date",
    "series": ["store"],
    "season": 7,
    "horizon": HORIZON,
    "known_ahead": ["price", "stock"],
}
RECIPE = {"family": "negative-binomial", "mean": "score-driven(season=7) + linear('log(price)')"}


@pytest.fixture(scope="module")
def sales():
    random = np.random.default_rng(3)
    rows = []
    for store in ("east", "north", "south"):
        week = np.exp(0.5 * np.sin(2 * np.pi * np.arange(DAYS) / 7 + len(store)))
        price = np.where(random.random(DAYS) < 0.3, 0.8, 1.0)
        demand = random.poisson(8 * week * price**-2 * random.gamma(8, 1 / 8, DAYS))
        stock = np.where(random.random(DAYS) < 0.3, 6, 60)
        for day in range(DAYS):
            when, units = START + timedelta(day), min(demand[day], stock[day])
            rows.append((store, when, units, stock[day], price[day]))
    return pl.DataFrame(rows, schema=["store", "date", "units", "stock", "price"], orient="row")


@pytest.fixture
def begin(ledger):
    def begun(data, **other):
        return register(
            profile(data, **{**ROLES, "censored_above": "stock", **other}),
            ledger=ledger,
            folder=ledger.path.parent,
            hypothesis="a model that follows each store beats last week",
            metric="crps",
            baseline="seasonal-naive",
            improve_by=0.05,
            expect=0.2,
            tries=3,
            seal=0.3,
            accept_underpowered="a test",
        )

    return begun


@pytest.fixture
def model():
    return build(RECIPE, censored_above="stock")


def test_an_attempt_is_fitted_once_and_asked_at_every_origin(
    begin, sales, model, ledger, monkeypatch
):
    # All open spans in blocks of one length, and one fold alone: little is compiled.
    monkeypatch.setattr(fitting, "LENGTHS", 1)
    monkeypatch.setattr(folds, "ORIGINS", 1)
    experiment = begin(sales)
    answer = experiment.attempt(model, effort=2)
    assert answer.look == 1
    assert "below 0" not in answer.message
    body = experiment.attempts[0]
    assert body.model == (
        "censored(negative-binomial, above='stock') with mean = score-driven(season=7) + "
        "linear('log(price)'), size = constant()"
    )
    assert 0.1 < body.open_skill < 0.6
    predictive, row_id = from_bytes(ledger.read_file(body.predictions))
    task, rows = experiment.task, np.sort(experiment.task.sealing.sealed_rows)
    assert row_id.tolist() == task.frame.column("row_id").gather(rows).to_list()
    assert predictive.family == assay.NegativeBinomial()
    assert {each.shape[0] for each in predictive.linked} == {64}
    # Of demand, not of sales: the stock of a day does not cut it.
    assert predictive.quantile(0.99)[task.limit[rows] == 6].min() > 6
    ours, base = (task.losses(each, rows) for each in (predictive, task.baseline_at(rows)))
    assert ours.mean() < 0.85 * base.mean()
    bound = task.fittable(model)
    fitted = bound.fit(task.frame.take(task.open_rows), "units", seed=task.seed)
    np.testing.assert_allclose(task.predict(fitted, rows).mean(), predictive.mean(), rtol=1e-9)
    # No forecast knows what came after its origin; those of later origins do.
    origins = np.unique(task.origins(rows))
    when = task.frame.column("date").unique().sort()[int(origins[1])]
    units = pl.when(pl.col("date") > when).then(0).otherwise("units").alias("units")
    other = replace(task, frame=task.frame.having(task.frame.table.with_columns(units)))
    found, early = other.predict(fitted, rows).mean(), task.origins(rows) <= origins[1]
    np.testing.assert_array_equal(found[early], predictive.mean()[early])
    assert (found[~early] < predictive.mean()[~early]).mean() > 0.9


REFUSED = {
    "unknown ahead": (
        {"known_ahead": ["stock"]},
        r"no column `price`.* In forecasts only the keys, `date` and the columns",
    ),
    "hidden below": (
        {"censored_above": None, "censored_below": "least"},
        "`least` hides the target below a limit",
    ),
    "no time": (
        {"time": None, "series": (), "horizon": None, "season": None, "known_ahead": (),
         "censored_above": None},
        "no `time` column is named",
    ),
    "classes": (
        {"target": "kind", "censored_above": None},
        "forecasts numbers, but `kind` is one of 2 classes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_an_attempt_is_refused_before_any_fit(sales, model, monkeypatch, what):
    changed, text = REFUSED[what]
    roles = {**ROLES, "censored_above": "stock", **changed}
    table = sales.with_columns(
        least=pl.lit(1), kind=pl.when(pl.col("units") > 5).then(pl.lit("a")).otherwise(pl.lit("b"))
    )
    problem = profile(table, **roles)
    hidden = {roles["target"]} if roles["time"] is None else {roles["target"], "least", "kind"}
    kept = {"store", "date", *roles["known_ahead"], "row_id"}
    visible = problem.frame.table
    if roles["time"] is not None:
        visible = visible.select(name for name in visible.columns if name in kept)
    setting = Setting(
        where='experiment "e"',
        roles=problem.roles,
        visible=problem.frame.having(visible.drop(hidden, strict=False)),
        y=problem.frame.numbers(roles["target"]),
        classes=problem.frame.classes.get(roles["target"], ()),
    )
    with pytest.raises(PredictionsError, match=text):
        assay.adapt(model).bind(setting)


def test_what_the_table_does_not_hold_costs_nothing(begin, sales, ledger):
    experiment = begin(sales)
    wrong = build(RECIPE, censored_above="shelf")
    with pytest.raises(DataError, match="no column `shelf`"):
        experiment.attempt(wrong)
    below = assay.Censored(assay.NegativeBinomial(), below=float(sales["units"].min()))
    with pytest.raises(ConfigError, match="Leave `below` out, or fit a model without"):
        experiment.attempt(assay.Model(below, mean=assay.ScoreDriven(season=7)))
    with pytest.raises(PredictionsError, match="takes no `features`"):
        experiment.attempt(assay.adapt(build(RECIPE), spread="residuals"))
    assert not experiment.attempts
