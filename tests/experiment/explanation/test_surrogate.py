"""How much of a gain single effects reproduce, and predictions about another mean."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.experiment.explanation.additive import fit_additive, within_reach
from assay.experiment.explanation.features import familiar, features
from assay.experiment.explanation.moved import moved
from assay.experiment.explanation.surrogate import opened, surrogate
from assay.family import Gamma, NegativeBinomial, Normal
from assay.predictive import (
    ClassPredictive,
    DistributionPredictive,
    EnsemblePredictive,
    Hidden,
    QuantilePredictive,
)

pytest.importorskip("sklearn")


class Formula:
    """A model that is known: a function of the frame's columns, or of it and its spread."""

    def __init__(self, function):
        self.function = function

    def fit(self, data, target, /, *, seed):
        return self

    def predict(self, data, /):
        found = self.function(data.table)
        if not hasattr(found, "rows"):
            return EnsemblePredictive(np.asarray(found, dtype=float)[:, None])
        return found


def rows_of(function, rows: int = 1000) -> pl.DataFrame:
    random = np.random.default_rng(3)
    table = pl.DataFrame(random.normal(size=(rows, 4)), schema=["a", "b", "c", "d"])
    kinds = np.array(["u", "v", "w"])[random.integers(3, size=rows)]
    table = table.with_columns(kind=pl.Series(kinds.tolist()))
    noise = 0.2 * random.normal(size=rows)
    return table.with_columns(y=np.asarray(function(table), dtype=float) + noise)


def added(table):
    """A line, a wave, a step, a kink and a category, added up."""
    a, b, c, d = (table[name].to_numpy() for name in "abcd")
    worth = (table["kind"] == "w").to_numpy()
    return a + np.sin(2 * b) + 2.0 * (c > 0.3) + np.abs(d) + 1.5 * worth


def crossed(table):
    """Which of two signs: neither column tells anything alone."""
    return np.sign(table["a"].to_numpy() * table["b"].to_numpy())


COLUMNS = ("a", "b", "c", "d", "kind")


def test_what_adds_up_is_reproduced(subject):
    asked = subject(rows_of(added), Formula(added))
    found = surrogate(asked, opened(asked), COLUMNS, seed=1)
    assert 0.98 < found.share.mean < 1.01
    assert found.scale == "as it is"
    assert found.as_record()["unexplained"] < 0.02


def test_what_columns_tell_only_together_is_not(explained):
    found = explained(rows_of(crossed), Formula(crossed))
    assert found.surrogate.share.mean < 0.2
    assert found.holds is False
    assert "is left to interactions" in found.finding
    assert "how columns work together (`a`, `b`)" in found.remedy


def test_effects_that_multiply_add_up_on_the_scale_of_logarithms(subject):
    def product(table):
        return np.exp(0.5 * table["a"].to_numpy() + 0.8 * (table["kind"] == "u").to_numpy())

    asked = subject(rows_of(product), Formula(product), cap=1e6)
    found = surrogate(asked, opened(asked), COLUMNS, seed=1)
    assert found.scale == "logarithm"
    assert found.share.mean == pytest.approx(1.0, abs=0.01)


def test_half_of_what_a_model_gains_may_be_left_and_the_share_says_how_much(subject):
    # Two independent parts of variance 1 each: single effects tell one of them.
    def both(table):
        return table["c"].to_numpy() + crossed(table)

    asked = subject(rows_of(both, 2000), Formula(both), cap=1e6)
    found = surrogate(asked, opened(asked), COLUMNS, seed=1)
    assert abs(found.share.mean - 0.5) < 4 * found.share.se + 0.02
    assert 0.005 < found.share.se < 0.05


def test_chances_of_classes_are_reproduced_through_their_logarithms(subject, library):
    random = np.random.default_rng(2)
    table = rows_of(added, 800)
    score = table["a"].to_numpy() + 0.5 * random.logistic(size=800)
    names = np.where(score > 0.8, "much", np.where(score < -0.8, "little", "some"))
    model = library("sklearn.linear_model").LogisticRegression()
    data = table.with_columns(y=pl.Series(names.tolist()))
    asked = subject(data, model, metric="log", baseline="base-rate")
    assert set(asked.reading.labels) == {f"chance of {n}" for n in ("little", "much", "some")}
    found = surrogate(asked, opened(asked), COLUMNS, seed=1)
    assert found.share.mean == pytest.approx(1.0, abs=0.02)


def test_limits_that_hide_the_target_hide_it_from_the_surrogate_too(subject):
    random = np.random.default_rng(7)
    x, stock = random.normal(size=600), random.uniform(0, 4, size=600)
    demand = np.maximum(2 + x + 0.3 * random.normal(size=600), 0)
    table = pl.DataFrame({"x": x, "stock": stock, "y": np.minimum(demand, stock)})

    def spread(data):
        centre = np.maximum(2 + data["x"].to_numpy(), 0.05)
        base = EnsemblePredictive.of(centre[:, None] * [0.8, 1.0, 1.2])
        return Hidden(base, data["stock"].to_numpy())

    asked = subject(table, Formula(spread), roles={"censored_above": "stock"}, metric="crps")
    found = surrogate(asked, opened(asked), ("x",), seed=1)
    assert found.share.mean == pytest.approx(1.0, abs=0.03)


@given(
    family=st.sampled_from(["normal", "gamma", "negative-binomial"]),
    target=st.lists(st.floats(0.05, 40), min_size=3, max_size=3),
)
def test_a_family_moves_to_another_mean_and_keeps_its_support(family, target, numbers):
    task, reading = numbers
    own = np.array([1.0, 4.0, 9.0])
    made = {
        "normal": (Normal(), {"mean": own, "sd": np.full(3, 2.0)}),
        "gamma": (Gamma(), {"mean": own, "cv": np.full(3, 0.7)}),
        "negative-binomial": (NegativeBinomial(), {"mean": own, "size": np.full(3, 3.0)}),
    }[family]
    before = DistributionPredictive.bind(*made)
    after = moved(task, before, reading, np.array(target)[:, None])
    assert after.mean() == pytest.approx(target, rel=1e-8)
    assert after.family == before.family
    assert np.array_equal(after.linked[1], before.linked[1])
    if family == "normal":
        assert after.quantile(0.9) - after.mean() == pytest.approx(
            before.quantile(0.9) - before.mean()
        )
    else:
        assert after.cdf(np.full(3, -1e-9)).max() == 0.0


@pytest.fixture(scope="module")
def numbers():
    """A problem whose target is never negative, as far as `moved` looks at it."""

    class Setting:
        is_binary, is_never_negative = False, True

    class Task:
        setting = Setting()

    class Mean:
        classes = ()

        def all(self, predictive):
            return predictive.mean()[:, None]

    return Task(), Mean()


@given(st.lists(st.floats(-5, 40), min_size=2, max_size=2))
def test_samples_and_quantiles_stay_where_the_target_can_be(numbers, target):
    task, reading = numbers
    values = np.array([[0.0, 1.0, 5.0], [0.0, 0.0, 0.0]])
    expected = np.maximum(target, 0.0)
    for before in (
        EnsemblePredictive(values),
        QuantilePredictive(np.array([0.1, 0.5, 0.9]), values),
    ):
        after = moved(task, before, reading, np.array(target)[:, None])
        assert after.mean() == pytest.approx(expected, abs=1e-9)
        assert after.values.min() >= 0
        assert (np.diff(after.values, axis=1) >= 0).all()


def test_limits_that_a_prediction_knows_stay(numbers):
    base = EnsemblePredictive(np.array([[1.0, 3.0]]))
    before = Hidden(base, np.array([2.5]))
    after = moved(*numbers[:1], before, numbers[1], np.array([[4.0]]))
    assert after.limit.tolist() == [2.5]
    assert after.mean().tolist() == [4.0]


def test_chances_are_clipped_and_add_up_to_one(numbers):
    task, _ = numbers

    class Chances:
        classes = ("x", "y", "z")

    before = ClassPredictive(np.full((2, 3), 1 / 3))
    given_ = np.array([[0.5, 0.7, -0.2], [0.2, 0.2, 0.6]])
    after = moved(task, before, Chances(), given_).probabilities
    assert after.sum(axis=1) == pytest.approx(np.ones(2))
    assert after[0] == pytest.approx([5 / 12, 7 / 12, 0.0], abs=1e-9)
    assert after[1] == pytest.approx(given_[1])


def test_a_sum_goes_on_straight_beyond_what_it_was_fitted_to_or_stays_level():
    x = np.linspace(-2, 2, 300)
    table = pl.DataFrame({"x": x, "z": np.sin(40 * x)})
    fitted = fit_additive(table, (3 * x)[:, None], seed=0)
    beyond = pl.DataFrame({"x": [4.0], "z": [0.0]})
    assert fitted.predict(beyond)[0, 0] == pytest.approx(12.0, abs=0.2)
    assert fitted.predict(within_reach(beyond, table))[0, 0] == pytest.approx(6.0, abs=0.1)


def test_missing_and_new_values_have_a_place_in_the_sum():
    random = np.random.default_rng(1)
    x = pl.Series("x", random.normal(size=400)).set(pl.Series(random.random(400) < 0.3), None)
    kind = pl.Series("kind", np.array(["u", "v"])[random.integers(2, size=400)].tolist())
    target = x.fill_null(5.0).to_numpy() + (kind == "v").to_numpy()
    fitted = fit_additive(pl.DataFrame([x, kind]), target[:, None], seed=0)
    asked = pl.DataFrame({"x": [None, 0.5, 0.5], "kind": ["u", "v", "new"]})
    found = fitted.predict(asked.with_columns(pl.col("x").cast(pl.Float64)))[:, 0]
    assert found[:2] == pytest.approx([5.0, 1.5], abs=0.1)
    assert np.isfinite(found[2])


def series(days: int = 220) -> pl.DataFrame:
    """Two shops with a week of their own and a promotion that is known ahead."""
    random = np.random.default_rng(9)
    parts = []
    for shop in range(2):
        promo = random.integers(2, size=days)
        week = 20 + 5 * np.sin(np.arange(days) * 2 * np.pi / 7 + shop)
        parts.append(
            pl.DataFrame(
                {
                    "shop": f"s{shop}",
                    "day": [date(2024, 1, 1) + timedelta(days=d) for d in range(days)],
                    "promo": promo,
                    "idle": random.normal(size=days),
                    "y": week + 4 * promo + random.normal(size=days),
                }
            )
        )
    return pl.concat(parts)


class LastWeek:
    """What was a week before, and the promotion of the day; keeps what it was shown."""

    def __init__(self):
        self.shown = []

    def fit(self, data, target, /, *, seed):
        return self

    def forecast(self, history, asked, /):
        self.shown.append((history.table, asked.table))
        past = history.table.select(
            "shop", "y", then="promo", day=pl.col("day") + timedelta(days=7)
        )
        found = asked.table.join(past, on=["shop", "day"], how="left", maintain_order="left")
        change = found["promo"] - found["then"].fill_null(0)
        values = (found["y"].fill_null(20.0) + 4 * change).to_numpy()
        return values[:, None] + np.linspace(-1.5, 1.5, 5)


ROLES = {
    "time": "day",
    "series": "shop",
    "horizon": 7,
    "season": 7,
    "known_ahead": ["promo", "idle"],
}


@pytest.fixture
def forecast(subject):
    return subject(series(), LastWeek(), roles=ROLES, metric="crps", baseline="climatology")


def test_a_procedure_rests_on_its_past_and_on_what_is_known_ahead(explained):
    terms = {"roles": ROLES, "metric": "crps", "baseline": "climatology"}
    found = explained(series(), LastWeek(), **terms)
    by = {each.label: each for each in found.importance}
    assert by["history"].is_certain
    assert by["promo"].is_certain
    assert by["idle"].loss.mean == 0.0
    assert found.importance[0].label == "history"
    assert found.surrogate.share.mean > 0.95
    assert found.holds
    assert found.finding.startswith("The past of each series (")
    assert {each.column for each in found.effects} == {"promo"}
    low, high = (each for each in found.effects[0].estimate)
    assert high - low == pytest.approx(4.0)


def test_only_what_is_altered_differs_in_what_a_procedure_is_shown(forecast):
    from assay.experiment.explanation.importance import _alterations, groups_of
    from assay.experiment.explanation.together import Together

    plain = list(forecast.fitted.shown)
    every = np.arange(len(forecast.rows))
    (promo,) = (each for each in groups_of(forecast) if each.columns == ("promo",))
    for group, names in ((promo, {"promo"}), (Together(()), {"y"})):
        forecast.fitted.shown.clear()
        _, alterations = _alterations(forecast, group, 1, seed=3)
        list(forecast.answers(alterations, every))
        ahead = pl.concat([asked for _, asked in forecast.fitted.shown])
        before = pl.concat([asked for _, asked in plain])
        other = {name for name in before.columns if not before[name].equals(ahead[name])}
        assert other == names - {"y"}
        for (history, _), (known, _) in zip(forecast.fitted.shown, plain, strict=True):
            moved_ = {name for name in known.columns if not known[name].equals(history[name])}
            assert moved_ == names - {"promo"}
            by_shop = [table.sort("shop", "y").select("shop", "y") for table in (history, known)]
            assert by_shop[0].equals(by_shop[1])  # each shop keeps its own targets


def test_the_past_in_summary_is_what_was_known_at_the_origin(forecast):
    task, rows = forecast.task, forecast.rows
    found = features(task, rows, columns=("promo", "shop", "day"), of_procedure=True)
    table = task.frame.table
    at = 17
    origin = task.origins(rows)[at]
    day = date(2024, 1, 1) + timedelta(days=int(origin))
    own = table.filter(pl.col("shop") == table["shop"][int(rows[at])])
    known = own.filter(pl.col("day") <= day)["y"]
    asked = table["day"][int(rows[at])]
    row = found.row(at, named=True)
    assert row["steps ahead"] == (asked - day).days
    assert row["last value"] == known[-1]
    assert row["mean of the last season"] == pytest.approx(known.tail(7).mean())
    assert row["sd of the last season"] == pytest.approx(known.tail(7).std(ddof=0))
    assert row["mean so far"] == pytest.approx(known.mean())
    week_ago = own.filter(pl.col("day") == asked - timedelta(days=7))
    assert row["value one season ago"] == week_ago["y"][0]
    assert row["promo one season ago"] == week_ago["promo"][0]
    assert row["day: weekday"] == asked.isoweekday()
    assert "day" not in found.columns


def test_nothing_is_learnt_from_a_season_that_was_not_seen():
    seen = pl.DataFrame({"day: month": [1.0, 2.0], "day: weekday": [1.0, 2.0], "x": [0.0, 1.0]})
    later = pl.DataFrame({"day: month": [3.0, 2.0], "day: weekday": [2.0, 2.0], "x": [5.0, 1.0]})
    year = {"day: day of year": [10.0, 40.0]}
    assert familiar(seen, later) == ["day: weekday", "x"]
    assert familiar(pl.DataFrame(year), pl.DataFrame({"day: day of year": [41.0]})) == []


def test_too_few_dates_leave_the_certainty_open(explained):
    short = series(60).filter(pl.col("shop") == "s0")
    terms = {"roles": ROLES, "metric": "crps", "baseline": "climatology", "seal": {"share": 0.2}}
    found = explained(short, LastWeek(), **terms)
    first = found.importance[0]
    assert first.loss.se is None
    assert first.is_certain is None
    assert found.holds is None
    assert "too few sealed rows are independent of each other" in found.finding
    assert replace(first, is_certain=True).as_record()["loss_low"] is None
