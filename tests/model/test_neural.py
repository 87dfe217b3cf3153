"""Networks in models: what they find, what they leave alone, and that they repeat themselves."""

import numpy as np
import polars as pl
import pytest

from assay.family import Censored, LogNormal, Normal
from assay.frame import read
from assay.model import Model
from assay.predictor import Constant, Linear
from assay.predictor.group import Group
from assay.predictor.neural import Neural


def frame_of(**columns):
    return read(pl.DataFrame(columns), source="t.csv")


def split(frame, rows):
    return frame.take(np.arange(rows)), frame.take(np.arange(rows, frame.rows))


def score(model, frame, target, rows):
    """Mean log score of the rows after the first ones, which the model is fitted to."""
    keep, ask = split(frame, rows)
    return model.fit(keep, target).predict(ask).log_prob(ask.numbers(target))


@pytest.fixture(scope="module")
def bend():
    """A mean that no sum of curves gives, beside a column that says nothing."""
    rng = np.random.default_rng(0)
    x, z, idle = rng.uniform(-1, 1, (3, 1200))
    y = 2 * np.sin(3 * x * z) + 0.3 * rng.normal(size=1200)
    return frame_of(x=x, z=z, idle=idle, y=y)


@pytest.fixture(scope="module")
def fitted(bend):
    return Model(Normal(), mean=Neural("x", "z", "idle")).fit(split(bend, 500)[0], "y")


def test_an_interaction_is_found(bend, fitted):
    ask = split(bend, 500)[1]
    y, x, z = (ask.numbers(name) for name in "yxz")
    found = fitted.predict(ask)
    linear = score(Model(Normal(), mean=Linear("x * z")), bend, "y", 500)
    best = -0.5 * np.log(2 * np.pi * 0.09) - 0.5
    assert np.mean(found.log_prob(y)) > best - 0.2 > np.mean(linear) + 0.2
    assert np.std(found.mean() - 2 * np.sin(3 * x * z)) < 0.25


def test_its_intervals_cover(bend, fitted):
    ask = split(bend, 500)[1]
    low, high = fitted.predict(ask).interval(0.9)
    y = ask.numbers("y")
    assert 0.84 < np.mean((low <= y) & (y <= high)) < 0.95


def test_it_is_the_same_each_time_and_the_seed_changes_it(bend, fitted):
    keep = split(bend, 500)[0]
    again = Model(Normal(), mean=Neural("x", "z", "idle")).fit(keep, "y")
    assert np.array_equal(again.mode, fitted.mode)
    other = Model(Normal(), mean=Neural("x", "z", "idle", seed=1)).fit(keep, "y")
    assert not np.array_equal(other.mode, fitted.mode)


def test_noise_is_left_alone():
    losses = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        columns = {name: rng.normal(size=700) for name in ("a", "b", "c", "y")}
        frame = frame_of(**columns)
        network = score(Model(Normal(), mean=Neural("a", "b", "c")), frame, "y", 300)
        losses.append(np.mean(score(Model(Normal()), frame, "y", 300) - network))
    # One needless coefficient costs 1 / (2 * 300) a row; four of them are forgiven.
    assert np.mean(losses) < 4 / 600
    assert max(losses) < 0.03


def test_hidden_rows_teach_it_too():
    rng = np.random.default_rng(4)
    x = rng.uniform(-2, 2, 900)
    demand = np.exp(2 + np.cos(2 * x) + 0.4 * rng.normal(size=900))
    stock = rng.gamma(6.0, 2.5, 900)
    frame = frame_of(x=x, units=np.minimum(demand, stock), stock=stock)
    recipe = {"median": Neural("x", hidden=(16,))}
    aware = Model(Censored(LogNormal(), above="stock"), **recipe).fit(frame, "units")
    blind = Model(LogNormal(), **recipe).fit(frame, "units")
    grid = frame_of(x=np.linspace(-1.8, 1.8, 60))
    truth = 2 + np.cos(2 * grid.numbers("x"))
    errors = [
        np.sqrt(np.mean((np.log(each.predict(grid).quantile(0.5)) - truth) ** 2))
        for each in (aware, blind)
    ]
    assert errors[0] < 0.15 < errors[1]


def test_it_stands_beside_other_terms_and_in_any_parameter():
    rng = np.random.default_rng(6)
    x, key = rng.uniform(-1, 1, 800), rng.integers(0, 30, 800)
    shift = rng.normal(0, 1, 30)[key]
    sd = np.where(np.abs(x) < 0.5, 0.2, 1.0)
    frame = frame_of(x=x, key=key, y=shift + 2 * x + sd * rng.normal(size=800))
    mean = Linear("x") + Group("key")
    both = Model(Normal(), mean=mean, sd=Neural("x")).fit(frame, "y")
    spread = both.predict(frame).interval(0.9)
    width = spread[1] - spread[0]
    middle = np.abs(x) < 0.35
    outside = np.abs(x) > 0.65
    assert np.mean(width[outside]) > 2.5 * np.mean(width[middle])
    plain = Model(Normal(), mean=mean, sd=Constant()).fit(frame, "y")
    assert both.result.log_likelihood > plain.result.log_likelihood + 100


def test_a_real_table_is_foretold_better_than_by_a_line(root):
    # Gerritsma, Onnink & Versluis (1981): resistance of yachts, which rises steeply with speed.
    file = root.parent / "shared" / "data" / "uci_yacht" / "data.csv"
    if not file.exists():
        pytest.skip(f"the reference data {file.name} is not here")
    table = pl.read_csv(file).sample(fraction=1.0, shuffle=True, seed=1)
    frame = read(table)
    columns = [name for name in table.columns if name != "resistance"]
    line = score(Model(Normal(), mean=Linear(" + ".join(columns))), frame, "resistance", 246)
    network = score(Model(Normal(), mean=Neural(*columns)), frame, "resistance", 246)
    assert np.mean(network) > np.mean(line) + 1.0
