"""What a model's gain rests on, and what it predicts as one column moves."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats.contingency import association

from assay.experiment.explanation.certainty import estimate
from assay.experiment.explanation.effects import effects
from assay.experiment.explanation.importance import importances
from assay.experiment.explanation.shuffling import DATES, GROUPS, IN_SERIES, ROWS, SERIES, shuffling
from assay.experiment.explanation.subject import Alteration
from assay.experiment.explanation.together import cramers_v, together
from assay.frame import Roles
from assay.predictive import EnsemblePredictive


class Formula:
    """A model that is known: a function of the frame's columns."""

    def __init__(self, function):
        self.function, self.calls = function, []

    def fit(self, data, target, /, *, seed):
        return self

    def predict(self, data, /):
        self.calls.append(data.table)
        return EnsemblePredictive(np.asarray(self.function(data.table), dtype=float)[:, None])


def independent(rows: int = 1500) -> pl.DataFrame:
    """y = 3a + 2b + c and noise of variance 1; d tells nothing."""
    random = np.random.default_rng(3)
    table = pl.DataFrame(random.normal(size=(rows, 4)), schema=["a", "b", "c", "d"])
    noise = pl.Series(random.normal(size=rows))
    return table.with_columns(y=3 * pl.col("a") + 2 * pl.col("b") + pl.col("c") + noise)


def linear(table: pl.DataFrame) -> np.ndarray:
    return (3 * table["a"] + 2 * table["b"] + table["c"]).to_numpy()


def by_label(found):
    return {each.label: each for each in found}


def test_the_importance_of_a_linear_model_is_known_in_closed_form(subject):
    # Squared error with a column exchanged for an independent copy: 2 b² var more.
    found = importances(subject(independent(), Formula(linear), cap=1e6), seed=1)
    assert [each.label for each in found] == ["a", "b", "c", "d"]
    for each, coefficient in zip(found, (3, 2, 1), strict=False):
        assert abs(each.loss.mean - 2 * coefficient**2) < 4 * each.loss.se
        assert each.is_certain
    assert (found[3].loss.mean, found[3].is_certain, found[3].is_read) == (0.0, False, False)


def test_a_column_of_noise_is_not_certain_though_the_model_reads_it(subject, library):
    model = library("sklearn.linear_model").LinearRegression()
    rows = independent(600).select("a", "d", "y")
    noise = {f"e{k}": np.random.default_rng(k).normal(size=600) for k in range(6)}
    found = by_label(importances(subject(rows.with_columns(**noise), model), seed=1))
    assert found["a"].is_certain
    assert [name for name, each in found.items() if each.is_certain] == ["a"]
    assert all(each.is_read for each in found.values())


def test_shares_are_of_the_gain_over_the_baseline(subject):
    asked = subject(independent(), Formula(linear), cap=1e6)
    first = importances(asked, seed=1)[0]
    gain = float(np.mean(asked.judge.baseline_losses - asked.judge.losses(asked.predictive)))
    assert first.gain == pytest.approx(gain)
    assert first.share.mean == pytest.approx(first.loss.mean / gain)
    record = first.as_record()
    assert record["loss_low"] < record["loss"] < record["loss_high"]


@given(order=st.permutations(["a", "b", "c", "d"]), seed=st.integers(0, 3))
def test_the_order_of_columns_changes_no_group(order, seed):
    random = np.random.default_rng(seed)
    table = independent(200).with_columns(d=pl.col("a") + 0.01 * pl.Series(random.normal(size=200)))
    roles = Roles(target="y")
    groups = together(table.select(order), roles)
    assert [each.columns for each in groups] == [("a", "d"), ("b",), ("c",)]


def test_the_same_seed_gives_the_same_whatever_the_order_of_the_columns(explained, library):
    rows = independent(400)
    model = library("sklearn.ensemble").HistGradientBoostingRegressor(max_iter=20)
    first = explained(rows, model, seed=5).as_record()
    fixed = {"metric": "squared"}
    again = explained(rows.select("y", "d", "c", "b", "a"), model, seed=5, **fixed).as_record()
    one, two = (
        [(each["label"], each["permuted"]) for each in found["importance"]]
        for found in (first, again)
    )
    assert one == two
    assert [each["loss"] for each in first["importance"]] == pytest.approx(
        [each["loss"] for each in again["importance"]]
    )
    assert first["surrogate"]["share"] == pytest.approx(again["surrogate"]["share"])


def test_another_seed_permutes_otherwise(subject):
    asked = subject(independent(300), Formula(linear))
    first, second = (importances(asked, seed=seed)[0].loss.mean for seed in (1, 2))
    assert first != second
    assert first == pytest.approx(second, rel=0.3)


def test_twins_one_hot_columns_and_keys_stand_together():
    random = np.random.default_rng(0)
    kind, x = random.integers(3, size=400), random.normal(size=400)
    place = np.array(["Berlin", "Bonn", "Ulm"])[random.integers(3, size=400)]
    table = pl.DataFrame(
        {f"kind_{k}": (kind == k).astype(int) for k in range(3)}
        | {"x": x, "alone": random.normal(size=400)}
        | {"place": place, "code": [len(each) for each in place], "cube": x**3}
        | {
            "shop": random.integers(9, size=400).astype(str),
            "item": random.integers(2, size=400).astype(str),
        }
    )
    roles = Roles(target="y", time="t", series=("shop", "item"))
    found = {each.columns: each.is_one_hot for each in together(table, roles)}
    assert ("code", "place") in found
    assert found["kind_0", "kind_1", "kind_2"]
    assert ("alone",) in found
    assert ("cube", "x") in found
    assert ("item", "shop") in found


def test_cramers_v_agrees_with_scipy_on_many_rows_and_corrects_for_chance():
    random = np.random.default_rng(1)
    first = random.integers(4, size=50_000)
    second = np.where(random.random(50_000) < 0.6, first, random.integers(4, size=50_000))
    counts = np.histogram2d(first, second, bins=4)[0].astype(int)
    assert cramers_v(first, second) == pytest.approx(association(counts, "cramer"), abs=1e-3)
    assert cramers_v(first, first) == pytest.approx(1.0)
    few, other = random.integers(6, size=60), random.integers(6, size=60)
    raw = association(np.histogram2d(few, other, bins=6)[0].astype(int), "cramer")
    assert cramers_v(few, other) < raw / 2


def test_twins_would_look_useless_alone_and_do_not_together(subject):
    rows = independent().with_columns(twin=pl.col("a") + 1e-6 * pl.col("d"))
    half = Formula(lambda table: 1.5 * table["a"] + 1.5 * table["twin"] + 2 * table["b"])
    found = by_label(importances(subject(rows, half, cap=1e6), seed=1))
    assert found["a, twin"].loss.mean == pytest.approx(18.0, rel=0.2)


ROLES_IN_TIME = {"time": "t", "series": "shop", "known_ahead": ["price", "size", "rain"]}


def panel() -> pl.DataFrame:
    random = np.random.default_rng(4)
    rain = random.normal(size=60)
    rows = [
        {"shop": f"s{s}", "t": t, "size": s + 0.5, "rain": rain[t], "price": 100.0 * s + 50.0 + p}
        for s in range(5)
        for t, p in enumerate(random.normal(size=60))
    ]
    noise = pl.Series(random.normal(size=300))
    return pl.DataFrame(rows).with_columns(y=pl.col("size") + pl.col("rain") + noise)


def test_permutations_keep_series_dates_and_groups_whole(subject):
    model = Formula(lambda table: table["size"])
    task = subject(panel(), model, roles=ROLES_IN_TIME).task
    table = task.asked.table
    ways = {"price": IN_SERIES, "size": SERIES, "rain": DATES, "t": DATES, "shop": SERIES}
    for name, how in ways.items():
        dealt = shuffling(task, (name,))
        moved = table[name].gather(dealt.source(np.random.default_rng(2)))
        assert dealt.how == how
        assert sorted(moved) == sorted(table[name])
        if how == IN_SERIES:
            assert (moved // 100 == table[name] // 100).all()  # the price stays that of its shop
        else:
            whole = table["shop" if how == SERIES else "t"]
            assert pl.DataFrame([whole.alias("of"), moved]).n_unique() == whole.n_unique()
    assert moved.ne(table["shop"]).any()


def test_what_is_the_same_in_a_group_moves_with_it(subject):
    random = np.random.default_rng(8)
    group = np.repeat(np.arange(100), 4)
    age, x = random.normal(size=100)[group], random.normal(size=400)
    rows = pl.DataFrame({"g": group, "age": age, "x": x, "y": age + x})
    model = Formula(lambda table: table["age"] + table["x"])
    seal = {"groups": 0.5}
    asked = subject(rows, model, roles={"group": "g"}, seal=seal, cap=1e6)
    assert shuffling(asked.task, ("age",)).how == GROUPS
    assert shuffling(asked.task, ("x",)).how == ROWS
    found = by_label(importances(asked, seed=1))
    assert found["age"].loss.dof == 49  # groups are counted, not rows
    assert found["age"].loss.se > 1.5 * found["x"].loss.se


def test_the_error_of_a_mean_grows_with_the_copies_among_its_rows(subject):
    rows = independent(200)
    twice = pl.concat([rows, rows])
    asked = subject(twice, Formula(linear))
    values = asked.judge.losses(asked.predictive)
    found = estimate(asked.judge, values)
    assert found.se > 1.3 * values.std(ddof=1) / len(values) ** 0.5
    assert found.dof == len(values) // 2 - 1


def test_a_model_that_looks_at_the_whole_table_is_asked_for_it_whole(subject):
    centred = Formula(lambda table: linear(table) - linear(table).mean())
    alone = subject(independent(300), Formula(linear))
    whole = subject(independent(300), centred)
    assert alone.stands_alone
    assert not whole.stands_alone
    every = np.arange(len(whole.rows))
    list(whole.answers([Alteration(("a",), every[::-1])] * 3, every))
    assert {table.height for table in whole.fitted.calls[-3:]} == {len(every)}


class Remembering(Formula):
    """Predicts only pairs of a and b that it was fitted on, or asked for first."""

    def predict(self, data, /):
        pairs = set(data.table.select("a", "b").iter_rows())
        self.known = getattr(self, "known", pairs)
        if not pairs <= self.known:
            raise ValueError("no such pair")
        return super().predict(data)


def test_a_model_that_breaks_on_what_it_never_saw_is_said_to_break(explained):
    found = explained(independent(200), Remembering(linear))
    by = by_label(found.importance)
    assert by["a"].broke == "ValueError: no such pair"
    assert by["a"].loss is None
    assert by["c"].is_certain
    assert [each.label for each in found.importance[-2:]] == ["a", "b"]
    assert "`a` could not be permuted: ValueError: no such pair" in found.notes
    assert found.holds is None
    assert "could not be asked about open rows" in found.remedy


def test_the_accumulated_local_effect_of_a_line_is_that_line(subject):
    asked = subject(independent(), Formula(linear))
    found = effects(asked, importances(asked, seed=1), seed=1)
    assert [each.column for each in found] == ["a", "b", "c"]
    for each, slope in zip(found, (3, 2, 1), strict=True):
        rise = np.diff(each.estimate) / np.diff(each.at)
        assert rise == pytest.approx(np.full(len(rise), slope))
        assert each.high - each.low == pytest.approx(np.zeros(len(each.at)), abs=1e-9)
        # The line goes through the mean prediction, about where the column has its mean.
        middle = np.interp(0.0, each.at, each.estimate)
        assert middle == pytest.approx(asked.predictive.mean().mean(), abs=0.5)


def test_an_interaction_shows_as_a_band_that_opens(subject):
    rows = independent().with_columns(y=pl.col("a") * pl.col("b"))
    asked = subject(rows, Formula(lambda table: table["a"] * table["b"]))
    found = {each.column: each for each in effects(asked, importances(asked, seed=1), seed=1)}
    width = found["a"].high - found["a"].low
    assert np.ptp(found["a"].estimate) < 0.5 * width.max()
    assert width[0] > 3 * width.min()
    assert width[-1] > 3 * width.min()


def test_a_local_effect_does_not_borrow_from_a_correlated_column(subject):
    # Setting `a` in all rows would leave the data and find curvature there; b goes along with a.
    random = np.random.default_rng(5)
    a = random.normal(size=2000)
    b = a + 0.6 * random.normal(size=2000)  # rank correlation about .86: not one group
    rows = pl.DataFrame({"a": a, "b": b, "y": a})
    model = Formula(
        lambda table: table["a"] + 50.0 * ((table["a"] - table["b"]).abs() > 2.7).cast(pl.Float64)
    )
    asked = subject(rows, model, cap=1e6)
    found = {each.column: each for each in effects(asked, importances(asked, seed=1), seed=1)}
    inner = slice(3, -3)
    rise = np.diff(found["a"].estimate[inner]) / np.diff(np.array(found["a"].at)[inner])
    assert np.median(rise) == pytest.approx(1.0, abs=0.05)


def test_values_of_categories_and_missing_ones_are_set_one_by_one(subject):
    random = np.random.default_rng(6)
    names = np.array(["Berlin", "Bonn", "Ulm"])[random.integers(3, size=600)]
    place = pl.Series(names.tolist()).set(pl.Series(random.random(600) < 0.2), None)
    worth = {"Berlin": 0.0, "Bonn": 1.0, "Ulm": 4.0}
    y = place.replace_strict(worth, default=2.0, return_dtype=pl.Float64)
    rows = pl.DataFrame({"place": place, "x": random.normal(size=600), "y": y})
    model = Formula(
        lambda table: table["place"].replace_strict(worth, default=2.0, return_dtype=pl.Float64)
    )
    asked = subject(rows, model)
    (found,) = effects(asked, importances(asked, seed=1), seed=1)
    assert found.kind == "levels"
    assert found.at == ("Berlin", "Bonn", "Ulm", "missing")
    assert found.estimate.tolist() == [0.0, 1.0, 4.0, 2.0]
    assert json.loads(json.dumps(found.as_record()))["at"][-1] == "missing"


def test_constant_columns_matter_nothing_and_break_nothing(subject):
    rows = independent(200).with_columns(same=pl.lit(1.0), empty=pl.lit(None, dtype=pl.Float64))
    found = by_label(importances(subject(rows, Formula(linear)), seed=1))
    assert found["same"].loss.mean == 0.0
    assert found["empty"].is_certain is False
