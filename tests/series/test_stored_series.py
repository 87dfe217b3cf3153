"""Fitted series that are saved and loaded answer the same, to the last bit."""

import hashlib
import json
import zipfile
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest

import assay
from assay.errors import AssayError, ConfigError, DataError
from assay.frame import read
from assay.predictor import Sum
from assay.series import FittedSeries, Recipe
from assay.series.filter.recursion import State
from assay.series.fitting.doubt import DRAWS, Drawn
from assay.series.fitting.fit import Fits, first_beliefs, machine_of, rough_levels
from assay.series.panel.arrange import arrange

DAYS = 30
MOMENT = datetime(2024, 3, 30, tzinfo=UTC)


def same(one, other):
    """Whether two values hold the same, kinds of numbers included."""
    if type(one) is not type(other) and not isinstance(one, dict):
        return False
    if isinstance(one, np.ndarray | jax.Array):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)
    if isinstance(one, pl.DataFrame):
        return one.schema == other.schema and one.equals(other)
    if is_dataclass(one) and not isinstance(one, assay.Model):
        names = [each.name for each in fields(one)]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    return one == other


def made(table, family=None, others=None, term=None, by=("item",)):
    """A panel with parameters that no search has found: quick to make, as good to save."""
    term = term or assay.ScoreDriven(season=7)
    recipe = Recipe(
        family or assay.NegativeBinomial(), "mean", term, others, "units", "time", tuple(by)
    )
    panel = arrange(read(table), recipe)
    machine, rng = machine_of(recipe, panel), np.random.default_rng(4)
    rough, _ = rough_levels(panel, recipe.family, "mean")
    common = first_beliefs(panel, machine, recipe.family, rough)
    theta = common.mean[:, None] + 0.1 * rng.normal(size=(common.mean.size, panel.series))
    states = len(machine.layout.owners)
    rest = (jnp.asarray(0.1 * rng.normal(size=panel.series)) for _ in range(3))
    state = State(*rest, jnp.zeros((states, panel.series)))
    ones = np.ones(panel.series)
    draws = theta[:, :, None] + 0.1 * rng.normal(size=(*theta.shape, DRAWS))
    ends = State(*(jnp.repeat(each[..., None], DRAWS, axis=-1) for each in state))
    drawn = Drawn(draws, ends)
    fits = Fits(theta, 0.1 * ones, state, drawn, ones, ones)
    return FittedSeries(recipe, panel, common, fits, 3)


def rows(items=("a", "b", "ünü/x"), times=None):
    times = times or [date(2024, 1, 1) + timedelta(day) for day in range(DAYS)]
    rng = np.random.default_rng(8)
    count = len(items) * len(times)
    return pl.DataFrame(
        {
            "item": [item for item in items for _ in times],
            "time": list(times) * len(items),
            "units": rng.poisson(4, count),
            "price": rng.uniform(1, 3, count),
            "promo": rng.choice(["none", "half"], count),
            "share": rng.uniform(0.2, 1, count),
            "stock": rng.choice([3, 99], count),
            "shut": rng.random(count) < 0.2,
        }
    )


def zoned(kind):
    hours = [MOMENT + timedelta(hours=hour) for hour in range(60)]  # across a change of clocks
    return rows(times=hours).with_columns(pl.col("time").cast(pl.Datetime(kind, "Europe/Berlin")))


KEYS = {
    "whole": pl.col("item").rank("dense").cast(pl.Int32),
    "days": pl.date(2024, 1, pl.col("item").rank("dense")),
    "categories": pl.col("item").cast(pl.Categorical),
    "enum": pl.col("item").cast(pl.Enum(["ünü/x", "b", "a"])),
    "flags": pl.col("item") == "a",
}
GRIDS = {
    "days": rows(),
    "zoned hours": zoned("us"),
    "zoned hours, finely": zoned("ns"),
    "months": rows(times=[date(2022 + k // 12, k % 12 + 1, 1) for k in range(30)]),
    "numbers": rows(times=list(range(100, 200, 5))),
    "broken numbers": rows(times=[k * 0.25 for k in range(20)]),
    "month texts": rows(times=[f"{2022 + k // 12}-{k % 12 + 1:02d}" for k in range(30)]),
}
TERMS = {
    "numbers": assay.Linear("log(price)", prior_sd=0.3),
    "factors and exposure": assay.Linear("promo * price") + assay.Offset("share", log=True),
    "curves and groups": assay.Spline("price", knots=4) + assay.Group("promo"),
}
FAMILIES = {
    "censored": assay.Censored(assay.NegativeBinomial(), above="stock"),
    "hurdle": assay.Hurdle(assay.Gamma()),
    "tweedie": assay.Tweedie(),
    "many zeros": assay.Censored(assay.ZeroInflated(assay.Poisson()), above="stock"),
    "rounded": assay.Rounded(assay.Gamma(), grid=1.0),
}


def kept(fitted, tmp_path):
    fitted.save(tmp_path / "demand.assay")
    return assay.load(tmp_path / "demand.assay")


@pytest.mark.parametrize("name", KEYS)
def test_keys_of_any_kind_come_back(tmp_path, name):
    table = rows().with_columns(KEYS[name].alias("item"))
    if name == "flags":
        table = table.filter(pl.struct("item", "time").is_first_distinct())
    fitted = made(table)
    found = kept(fitted, tmp_path)
    assert same(found, fitted)
    assert found.forecast(2, paths=4).table().equals(fitted.forecast(2, paths=4).table())


@pytest.mark.parametrize("name", GRIDS)
def test_steps_of_any_kind_come_back(tmp_path, name):
    fitted = made(GRIDS[name])
    found = kept(fitted, tmp_path)
    assert same(found, fitted)
    steps = np.arange(-2, 40)
    assert found.panel.grid.times(steps).equals(fitted.panel.grid.times(steps))


@pytest.mark.parametrize("name", TERMS)
def test_features_are_made_alike(tmp_path, name):
    term = TERMS[name]
    fitted = made(rows(), others=term if isinstance(term, Sum) else Sum((term,)))
    found = kept(fitted, tmp_path)
    assert found.recipe == fitted.recipe
    assert same(found.panel.features, fitted.panel.features)
    frame = read(rows().reverse())
    assert same(found.panel.design.matrix(frame), fitted.panel.design.matrix(frame))
    assert same(found.panel.design.offset(frame), fitted.panel.design.offset(frame))
    moved = [each.after(rows().tail(40)) for each in (found, fitted)]
    assert same(moved[0].fits, moved[1].fits)


@pytest.mark.parametrize("name", FAMILIES)
def test_families_in_wrappers_come_back(tmp_path, name):
    family = FAMILIES[name]
    table = rows().with_columns(pl.max_horizontal("units", "shut").alias("units"))
    term = assay.ScoreDriven(season=(7, 30.5), scaling="inverse", trend="damped", open="shut")
    fitted = made(table, family, term=term)
    found = kept(fitted, tmp_path)
    assert same(found, fitted)
    assert found.machine == fitted.machine


def test_without_keys_and_with_series_set_aside(tmp_path):
    lonely = made(rows(items=("a",)).drop("item"), by=())
    assert same(kept(lonely, tmp_path), lonely)
    table = rows().with_columns(
        units=pl.when(pl.int_range(pl.len()) == 3).then(-1).otherwise("units")
    )
    fitted = made(table)
    assert fitted.panel.set_aside
    found = kept(fitted, tmp_path)
    assert same(found, fitted)
    assert found.notes == fitted.notes


def test_everything_that_is_asked_is_answered_the_same(fitted, past, ahead, tmp_path):
    found = kept(fitted, tmp_path)
    assert same(found, fitted)
    for one, other in zip(asked_of(found), asked_of(fitted), strict=True):
        assert one.equals(other)
    here, there = (each.forecast(7, ahead) for each in (found, fitted))
    for ask in (
        lambda each: each.table([50, 95]),
        lambda each: each.sums("store", each_step=True),
        lambda each: each.order(under=3, over=1, on_hand="stock"),
        lambda each: each.observed().table(),
    ):
        assert ask(here).equals(ask(there))
    assert np.array_equal(found.laws(ahead).mean(), fitted.laws(ahead).mean())
    more = pl.concat([past, past.head(40).with_columns(store=pl.lit("west"))])
    assert same(found.after(more).fits, fitted.after(more).fits)


def asked_of(fitted):
    return (
        fitted.parameters(),
        fitted.results(),
        fitted.demand(),
        fitted.lost_sales().table(),
        fitted.lost_sales().sums("store"),
    )


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "demand.assay"
    made(rows(), others=Sum((assay.Linear("price"),))).save(path)
    return path


def test_the_same_model_gives_the_same_bytes_and_no_code(saved, tmp_path):
    again = tmp_path / "again.assay"
    assay.load(saved).save(again)
    assert again.read_bytes() == saved.read_bytes()
    with zipfile.ZipFile(saved) as archive:
        assert {name.rpartition(".")[2] for name in archive.namelist()} == {
            "json",
            "npy",
            "parquet",
        }


def forged(path, was, becomes):
    """The file with another content and hashes that fit it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    head = json.loads(members.pop("manifest.json"))
    body = members["body.json"].decode()
    assert was in body
    members["body.json"] = body.replace(was, becomes, 1).encode()
    head["sha256"] = {name: hashlib.sha256(each).hexdigest() for name, each in members.items()}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps(head))
        for name, each in members.items():
            archive.writestr(name, each)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"record": "FittedSeries"', '"record": "Popen"'),
        ('"record": "FittedSeries"', '"record": "Recipe"'),
        ('"record": "Grid"', '"record": "Work"'),
        ('"term": "linear"', '"term": "os"'),
        ('"term": "score-driven"', '"term": "constant"'),
        ('"formula": "price"', '"formul": "price"'),
        ('"driven": "mean"', '"more": "mean"'),
        ('"dtype": {"$kind"', '"dtype": {"$code"'),
    ],
)
def test_a_forged_file_runs_nothing(saved, was, becomes):
    forged(saved, was, becomes)
    with pytest.raises(AssayError, match=r"demand\.assay"):
        assay.load(saved)


def test_a_file_cut_short_and_one_of_a_newer_version_are_refused(saved):
    content = saved.read_bytes()
    saved.write_bytes(content[:-200])
    with pytest.raises(DataError, match="is damaged: it was cut short or changed"):
        assay.load(saved)
    saved.write_bytes(content)
    with zipfile.ZipFile(saved) as archive:
        head = json.loads(archive.read("manifest.json"))
    with zipfile.ZipFile(saved, "w") as archive:
        archive.writestr("manifest.json", json.dumps(head | {"format": 9, "assay": "7.0"}))
    with pytest.raises(DataError, match=r"written by Assay 7\.0 \(format 9\).*Use a newer Assay"):
        assay.load(saved)


class Homemade(assay.Linear):
    """A predictor that nobody registered."""


def test_a_predictor_of_a_notebook_is_refused_before_anything_is_written(tmp_path):
    fitted = made(rows(), others=Sum((assay.Linear("price"),)))
    odd = replace(fitted, recipe=replace(fitted.recipe, others=Sum((Homemade("price"),))))
    with pytest.raises(ConfigError, match="nothing was written: it holds a Homemade"):
        odd.save(tmp_path / "demand.assay")
    assert list(tmp_path.iterdir()) == []
