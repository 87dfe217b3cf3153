"""Levels lean on their groups: crossed effects, as dense algebra and drawn truth have them."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

import assay
from assay.errors import ConfigError, DataError
from assay.series.fitting import crossed
from assay.series.fitting.crossed import learn_crossed
from assay.series.fitting.groups import Groups, learn_groups
from assay.series.fitting.kept import Kept
from assay.series.kinds import Floats, Whole

STORES, ITEMS, DAYS = 10, 12, 60
SPREADS = {"store": 0.5, "item": 0.8, "own": 0.3}
START = date(2024, 1, 1)
MODEL = assay.Model(assay.NegativeBinomial(), mean=assay.ScoreDriven())


def drawn(seed: int, series: int, sizes: tuple[int, ...]) -> tuple[Floats, Floats, list[Whole]]:
    """Levels with their information, of series whose values of some columns were drawn."""
    rng = np.random.default_rng(seed)
    codes = [np.append(np.arange(size), rng.integers(0, size, series - size)) for size in sizes]
    told = rng.gamma(1.0, 10.0, series) * (rng.random(series) < 0.9)
    told[:2] = 5.0
    level = 1.0 + sum(
        rng.normal(0.0, 0.7, size)[own] for own, size in zip(codes, sizes, strict=True)
    )
    return level + rng.normal(0.0, 0.5, series), told, codes


def dense(levels: Floats, told: Floats, codes: list[Whole], found: crossed.Crossed):
    """Generalised least squares, predictions of effects, and the covariance of all, by algebra."""
    used = told > 0
    each = [np.eye(own.max() + 1)[own[used]] for own in codes]
    every = np.concatenate(each, axis=1)
    wide = np.concatenate(
        [s**2 * np.ones(z.shape[1]) for s, z in zip(found.spreads, each, strict=True)]
    )
    v = np.diag(1.0 / told[used] + found.own_sd**2) + every * wide @ every.T
    one, y = np.ones(used.sum()), levels[used]
    mean = one @ np.linalg.solve(v, y) / (one @ np.linalg.solve(v, one))
    effects = wide * (every.T @ np.linalg.solve(v, y - mean))
    x = np.column_stack([one, every])
    weight = 1.0 / (1.0 / told[used] + found.own_sd**2)
    covariance = np.linalg.inv((x.T * weight) @ x + np.diag(np.append(0.0, 1.0 / wide)))
    return mean, effects, covariance


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    sizes=st.lists(st.integers(2, 9), min_size=1, max_size=3).map(tuple),
    more=st.integers(1, 30),
)
def test_effects_and_their_errors_are_those_of_dense_algebra(seed, sizes, more):
    levels, told, codes = drawn(seed, 9 + more, sizes)
    found = learn_crossed(levels, told, codes)
    mean, effects, covariance = dense(levels, told, codes, found)
    assert found.mean == pytest.approx(mean, abs=1e-8)
    np.testing.assert_allclose(np.concatenate(found.effects), effects, atol=1e-8)
    starts = 1 + np.cumsum([0, *sizes[:-1]])
    picked = np.zeros((levels.size, covariance.shape[0]))
    picked[:, 0] = 1.0
    for own, start in zip(codes, starts, strict=True):
        picked[np.arange(levels.size), start + own] = 1.0
    want = np.einsum("ip,pq,iq->i", picked, covariance, picked)
    np.testing.assert_allclose(found.errors.of(codes, found.spreads**2), want, atol=1e-8)
    # Of a value that nobody knows the effect is as wide as its column, and errs by itself.
    picked[:, starts[0] : starts[0] + sizes[0]] = 0.0
    want = np.einsum("ip,pq,iq->i", picked, covariance, picked) + found.spreads[0] ** 2
    unknown = [np.full(levels.size, -1), *codes[1:]]
    np.testing.assert_allclose(found.errors.of(unknown, found.spreads**2), want, atol=1e-8)


@pytest.mark.parametrize("sizes", [(40, 30), (60, 20, 10)])
def test_too_many_values_for_equations_give_the_same_effects(monkeypatch, sizes):
    levels, told, codes = drawn(1, 600, sizes)
    exact = learn_crossed(levels, told, codes)
    monkeypatch.setattr(crossed, "MOST", 16)
    steps = learn_crossed(levels, told, codes)
    # Variances were learnt from few series then.
    np.testing.assert_allclose(steps.spreads, exact.spreads, rtol=0.6)
    mean, effects, _ = dense(levels, told, codes, steps)
    assert steps.mean == pytest.approx(mean, abs=1e-6)
    np.testing.assert_allclose(np.concatenate(steps.effects), effects, atol=1e-6)
    ratio = steps.errors.of(codes, steps.spreads**2) / exact.errors.of(codes, exact.spreads**2)
    assert 0.3 < np.median(ratio) < 3.0


def test_variances_maximise_the_restricted_likelihood_with_one_more_effect(monkeypatch):
    monkeypatch.setattr(crossed, "CLOSE", 1e-7)
    monkeypatch.setattr(crossed, "ROUNDS", 500)
    levels, told, codes = drawn(4, 90, (8, 15))
    found = learn_crossed(levels, told, codes)
    used = told > 0
    believed = crossed.PRIOR**2 * np.var(levels[used])
    alike = [np.equal.outer(own[used], own[used]) for own in codes]

    def minus_log(log_sds: Floats) -> float:
        own, *spreads = np.exp(2.0 * np.asarray(log_sds))
        v = np.diag(1.0 / told[used] + own) + sum(
            s * z for s, z in zip(spreads, alike, strict=True)
        )
        one = np.ones(used.sum())
        inside = one @ np.linalg.solve(v, one)
        left = levels[used] - one @ np.linalg.solve(v, levels[used]) / inside
        fit = left @ np.linalg.solve(v, left)
        more = sum(np.log(each) + believed / each for each in (own, *spreads))
        return 0.5 * float(np.linalg.slogdet(v)[1] + np.log(inside) + fit + more)

    best = minimize(minus_log, np.log([0.5, 0.7, 0.7]), method="Nelder-Mead")
    np.testing.assert_allclose([found.own_sd, *found.spreads], np.exp(best.x), rtol=1e-3)


def test_intervals_of_new_series_hold_what_they_say():
    """Of levels in 200 panels, of stores and items that meet for the first time, or are new."""
    inside = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        store, item = np.repeat(np.arange(7), 11), np.tile(np.arange(11), 7)
        level = rng.normal(0, 0.5, 7)[store] + rng.normal(0, 0.8, 11)[item] + rng.normal(0, 0.3, 77)
        new = (store > 4) & (item > 7)
        told = rng.gamma(2.0, 10.0, 77) * ~(new | (store == 6) | (item == 10))
        seen = level + rng.normal(size=77) / np.sqrt(told.clip(1e-3))
        pools = pl.DataFrame({"store": store, "item": item}).cast(pl.String)
        taught = np.flatnonzero(told > 0)
        found = learn_groups(pools[taught], seen[taught], told[taught])
        mean, sd = found.offsets(pools, np.flatnonzero(new))
        error = (level[new] - found.mean - mean) / np.hypot(sd, found.own_sd)
        inside.append(np.mean(np.abs(error) < 1.645))
    # Three standard errors of the mean of 200 panels.
    assert np.mean(inside) == pytest.approx(0.9, abs=3 * np.std(inside) / np.sqrt(200))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_other_names_and_another_order_change_nothing(seed):
    levels, told, codes = drawn(seed, 40, (4, 9))
    rng = np.random.default_rng(seed)
    names = [
        rng.permutation([f"{k}-{n}" for n in range(own.max() + 1)]) for k, own in enumerate(codes)
    ]
    plain = pl.DataFrame({"a": codes[0], "b": codes[1]}).cast(pl.String)
    other = pl.DataFrame({"b": names[1][codes[1]], "a": names[0][codes[0]]})
    order = rng.permutation(40)
    one = learn_groups(plain, levels, told)
    two = learn_groups(other[order], levels[order], told[order])
    every = np.arange(40)
    for mine, same in zip(one.offsets(plain, every), two.offsets(other, every), strict=True):
        np.testing.assert_allclose(mine, same, atol=1e-8)
    assert one.own_sd == pytest.approx(two.own_sd)


def panel(seed: int = 2) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sales of items in stores whose levels add up of drawn effects, and those levels."""
    rng = np.random.default_rng(seed)
    keys = pl.DataFrame(
        {
            "store": [f"s{k}" for k in range(STORES) for _ in range(ITEMS)],
            "item": [k for _ in range(STORES) for k in range(ITEMS)],
        }
    )
    store, item = (rng.normal(0, SPREADS[n], k) for n, k in (("store", STORES), ("item", ITEMS)))
    level = 1.0 + store.repeat(ITEMS) + np.tile(item, STORES) + rng.normal(0, 0.3, keys.height)
    rate = np.exp(level)[:, None] * rng.gamma(4.0, 0.25, (keys.height, DAYS))
    sold = keys[np.arange(keys.height).repeat(DAYS)].with_columns(
        date=pl.Series([START + timedelta(day) for day in range(DAYS)] * keys.height),
        units=pl.Series(rng.poisson(rate).ravel()),
        kind=pl.Series(
            np.where(item > 0, "much", "little")[np.tile(np.arange(ITEMS), STORES)].repeat(DAYS)
        ),
    )
    return sold, keys.with_columns(level=level, is_new=rng.random(keys.height) < 0.2)


@pytest.fixture(scope="module")
def sold():
    return panel()


@pytest.fixture(scope="module")
def fitted(sold):
    table, truth = sold
    seen = table.join(truth.filter(~pl.col("is_new")), on=["store", "item"], how="semi")
    return MODEL.fit(seen, "units", time="date", by=["store", "item"])


def next_days(table: pl.DataFrame) -> pl.DataFrame:
    later = table.filter(pl.col("date") < START + timedelta(2)).drop("units")
    return later.with_columns(pl.col("date") + timedelta(DAYS))


def new_levels(found: assay.series.Forecast) -> tuple[Floats, Floats, pl.DataFrame]:
    """Levels of new series, how far they are known, and their keys."""
    new = np.flatnonzero(found.future.place < 0)
    offset, unsure = found.common.groups.offsets(found.future.pools, new)
    own = found.common.mean[0] + offset
    return own, np.hypot(found.common.sd[0], unsure), found.future.keys[new]


def test_new_series_are_where_their_groups_are_as_surely_as_is_said(sold, fitted):
    table, truth = sold
    level, sd, keys = new_levels(fitted.forecast(2, next_days(table)))
    want = keys.join(truth, on=["store", "item"], how="left", maintain_order="left")["level"]
    error = (level - want.to_numpy()) / sd
    assert np.mean(np.abs(error) < 1.645) > 0.9 - 3 * np.sqrt(0.9 * 0.1 / error.size)
    assert np.mean(sd) == pytest.approx(SPREADS["own"], rel=0.3)
    assert np.std(level - want.to_numpy()) < 1.5 * SPREADS["own"]


def test_effects_are_shown(fitted):
    found = fitted.groups()
    assert found.columns == ["column", "value", "effect", "sd", "series"]
    assert found.height == STORES + ITEMS
    assert found.group_by("column").agg(pl.col("effect").sum())["effect"].abs().max() < 1e-6
    seen = fitted.panel.keys["store"].value_counts().rename({"store": "value"})
    joined = found.filter(pl.col("column") == "store").join(seen, on="value")
    assert (joined["series"] == joined["count"]).all()


def test_what_is_kept_of_groups_is_what_they_were(fitted, tmp_path):
    groups = fitted.common.groups
    Kept(tmp_path).save("common", groups.arrays())
    kept = Kept(tmp_path).load("common")
    assert kept is not None
    pools, every = fitted.panel.pools, np.arange(len(fitted))
    again = Groups.of(kept)
    assert again.effects.equals(groups.effects)
    for mine, same in zip(again.offsets(pools, every), groups.offsets(pools, every), strict=True):
        np.testing.assert_array_equal(mine, same)


def with_ids(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(id=pl.col("store") + pl.lit("/") + pl.col("item").cast(pl.String))


def test_groups_of_new_series_are_read_from_the_future(sold):
    table = with_ids(sold[0]).filter(pl.col("store").is_in([f"s{k}" for k in range(4)]))
    found = MODEL.fit(table, "units", time="date", by="id", pool="kind")
    effect = dict(found.groups().select("value", "effect").iter_rows())
    assert effect["much"] - effect["little"] > 0.5
    new = next_days(table).with_columns(id=pl.lit("new") + pl.col("id"))
    level, sd, keys = new_levels(found.forecast(2, new))
    kind = keys.join(new.unique("id"), on="id", maintain_order="left")["kind"].to_list()
    mean = found.common.mean[0]
    np.testing.assert_allclose(level, [mean + effect[each] for each in kind])
    blind, wide, _ = new_levels(found.forecast(2, new.drop("kind")))
    np.testing.assert_allclose(blind, mean)
    assert (wide > sd).all()


def test_series_that_teach_nothing_lean_on_their_groups(sold):
    table = with_ids(sold[0]).filter(pl.col("store").is_in([f"s{k}" for k in range(4)]))
    first = table.filter((pl.col("kind") == "much") & (pl.col("date") == START))["id"][0]
    bad = pl.when((pl.col("id") == first) & (pl.col("date") == START)).then(-1)
    short = pl.when(pl.col("id") == first).then(None)
    pooled = {}
    for name, units in (("bad", bad), ("short", short)):
        rows = table.with_columns(units=units.otherwise(pl.col("units")))
        if name == "bad":  # of rows that can stand one is left
            rows = rows.filter((pl.col("id") != first) | (pl.col("date") < START + timedelta(2)))
        fits = [MODEL.fit(rows, "units", time="date", by="id", pool=p) for p in (("kind",), ())]
        pooled[name] = [
            each.parameters().filter(pl.col("id") == first)["level"].item() for each in fits
        ]
    for mine, other in pooled.values():
        assert mine > other + 0.05
    later = fits[0].after(
        pl.concat(
            [
                table,
                table.filter(pl.col("id") == first).with_columns(id=pl.lit("other"), units=None),
            ]
        )
    )
    level = dict(later.parameters().select("id", "level").iter_rows())
    groups = fits[0].groups()
    effect = groups.filter(pl.col("value") == "much")["effect"].item()
    assert level["other"] == pytest.approx(fits[0].common.mean[0] + effect)


@pytest.mark.parametrize("column", [["x"] * 20, [str(k) for k in range(20)], [None] * 20])
def test_columns_that_say_nothing_have_no_effects(column):
    levels, told, _ = drawn(0, 20, (2,))
    pools = pl.DataFrame({"kind": column}, schema={"kind": pl.String})
    assert learn_groups(pools, levels, told).effects.is_empty()


@pytest.mark.parametrize(
    ("pool", "error", "said"),
    [
        ("units", ConfigError, "must be columns, each once and neither the target `units`"),
        (["kind", "kind"], ConfigError, "each once"),
        ([3], ConfigError, "must be columns"),
        ("sort", DataError, "no column `sort`"),
        ("week", DataError, r"`week` is 1 and 9 for store='s0', item=0\. Series are pooled by"),
        ("list", DataError, "cannot be pooled by `list`, which is List"),
    ],
)
def test_what_cannot_be_a_group_is_refused(sold, pool, error, said):
    table = sold[0].with_columns(week=pl.col("date").dt.week(), list=pl.concat_list("item"))
    with pytest.raises(error, match=said):
        MODEL.fit(table, "units", time="date", by=["store", "item"], pool=pool)


def test_groups_belong_to_models_that_follow_series(sold):
    with pytest.raises(ConfigError, match="`pool`, `precision` and `checkpoint` belong"):
        assay.Model(assay.Poisson()).fit(sold[0], "units", pool="kind")


def test_a_backtest_reads_the_same_groups(sold):
    with pytest.raises(DataError, match="no column `sort`"):
        MODEL.backtest(sold[0], "units", time="date", by=["store", "item"], horizon=5, pool="sort")
