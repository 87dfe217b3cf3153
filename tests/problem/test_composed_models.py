"""Models composed from a profile: each fits the table that it was proposed for."""

import numpy as np
import polars as pl
import pytest

from assay.problem import profile

ROWS = 240
RNG = np.random.default_rng(20)
X, Z = RNG.normal(size=ROWS), RNG.uniform(0, 10, ROWS)
SHOPS = np.array([f"s{k:02d}" for k in range(12)])
SHOP = RNG.choice(SHOPS, ROWS)
DAY = RNG.choice(["fri", "mon", "sat"], ROWS)
MEAN = np.exp(1 + 0.4 * X + 0.3 * np.sin(Z) + 0.3 * (SHOP < "s06"))
DEMAND = RNG.negative_binomial(3, 3 / (3 + 4 * MEAN))
STOCK = np.full(ROWS, 12)
ZERO = RNG.random(ROWS) < 0.4

TARGETS = {
    "counts": DEMAND,
    "even counts": RNG.binomial(30, 0.5, ROWS),
    "counts with zeros": RNG.poisson(6 * np.exp(0.3 * X)) * ~ZERO,
    "shares": RNG.beta(1.2, 2.8, ROWS),
    "shares with zeros": RNG.beta(2.0, 3.0, ROWS) * ~ZERO,
    "heavy tails": 2 * X + RNG.standard_t(2.5, ROWS),
    "positive": RNG.gamma(2.0, MEAN / 2),
    "positive with zeros": RNG.gamma(2.0, MEAN / 2) * ~ZERO,
    "rounded": np.round(2 * RNG.normal(5 + 0.3 * X, 0.6)) / 2 - 7,
    "binary": (RNG.random(ROWS) < 1 / (1 + np.exp(-X))).astype(int),
    "classes": np.digitize(X + RNG.normal(size=ROWS), [-0.5, 0.5]),
    "real": 3 * X + RNG.normal(size=ROWS),
}
FIRST = {
    "counts": "negative-binomial",
    "even counts": "generalized-poisson",
    "counts with zeros": "negative-binomial",
    "shares": "beta",
    "shares with zeros": "hurdle(beta)",
    "heavy tails": "student-t",
    "positive": "gamma",
    "positive with zeros": "hurdle(gamma)",
    "rounded": "rounded(normal, grid=0.5)",
    "binary": "bernoulli",
    "classes": "ordered-logistic(levels=3)",
    "real": "normal",
}


def problem_of(y, **roles):
    table = pl.DataFrame({"x": X, "z": Z, "shop": SHOP, "day": DAY, "stock": STOCK, "y": y})
    return profile(table if roles else table.drop("stock"), target="y", **roles)


@pytest.fixture(scope="module")
def proposed():
    """Problem and proposals of each table."""
    problems = {name: problem_of(y) for name, y in TARGETS.items()}
    problems["sales"] = problem_of(np.minimum(DEMAND, STOCK), censored_above="stock")
    return {name: (problem, problem.suggest()) for name, problem in problems.items()}


@pytest.mark.parametrize("name", FIRST)
def test_the_law_that_suits_the_values_comes_first(proposed, name):
    _, found = proposed[name]
    assert found[0].model.family.describe() == FIRST[name]
    assert [each.rank for each in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize("name", [*TARGETS, "sales"])
def test_the_two_best_fit_the_table(proposed, name):
    problem, found = proposed[name]
    for each in found[:2]:
        assert each.model.fit(problem.frame, "y").result.converged


@pytest.mark.parametrize("name", ["counts with zeros", "shares", "positive", "binary", "classes"])
def test_all_others_fit_it_too(proposed, name):
    problem, found = proposed[name]
    for each in found[2:]:
        assert each.model.fit(problem.frame, "y").result.converged


def test_a_model_and_its_reason_read_well(proposed):
    _, (first, second, *others) = proposed["sales"]
    assert repr(first) == (
        "1. censored(negative-binomial, above='stock') with "
        "mean = linear('x + z + C(day)') + group('shop'), size = constant()\n   " + first.reason
    )
    assert first.reason.startswith("Counts whose variance is ")
    assert "rows hide their target beyond a limit" in first.reason
    assert "spline('x') + spline('z') + linear('C(day)') + group('shop')" in repr(second)
    assert second.reason == "As the first, with curves instead of lines in `x`, `z`."
    assert "features may explain" in others[-1].reason


def test_what_makes_a_zero_follows_the_features_of_a_hurdle(proposed):
    _, (first, *_) = proposed["positive with zeros"]
    assert first.model.predictors["zero"] == first.model.predictors["mean"]
    assert "are exactly 0" in first.reason


def test_zeros_beyond_the_law_of_counts_are_given_a_part_of_their_own(proposed):
    _, found = proposed["counts with zeros"]
    (inflated,) = [each for each in found if each.model.family.name == "zero-inflated"]
    assert "zeros where negative-binomial expects" in inflated.reason


def test_zeros_that_hide_a_value_are_no_zeros():
    y = np.maximum(X + RNG.normal(size=ROWS), 0.0)
    table = pl.DataFrame({"x": X, "y": y, "least": np.zeros(ROWS)})
    problem = profile(table, target="y", censored_below="least")
    first = problem.suggest()[0]
    assert first.model.family.underlying.name in ("normal", "student-t")
    assert first.model.fit(problem.frame, "y").result.hidden == np.sum(y == 0)


def test_columns_that_cannot_help_are_left_out_by_name():
    table = pl.DataFrame(
        {
            "y": TARGETS["positive"],
            "x": X,
            "same": np.ones(ROWS),
            "note": [f"row {k}" for k in range(ROWS)],
            "hole": [None, *X[1:]],
        }
    )
    first = profile(table, target="y").suggest()[0]
    assert first.model.predictors["mean"].describe() == "linear('x')"
    assert "Left out: `same`, `note`, `hole`" in first.reason


def test_columns_that_are_not_known_ahead_are_not_used(shop):
    problem = profile(shop.drop("demand"), target="units", time="day", series="item")
    first = problem.suggest()[0]
    assert first.model.predictors["mean"].describe() == "group('item')"
    known = profile(
        shop.drop("demand"), target="units", time="day", series="item", known_ahead="stock"
    )
    assert "stock" in known.suggest()[0].model.predictors["mean"].describe()


def test_a_table_of_the_target_alone_gets_constants():
    problem = profile(pl.DataFrame({"y": TARGETS["positive"]}), target="y")
    first = problem.suggest()[0]
    assert repr(first.model) == "gamma with mean = constant(), cv = constant()"
    assert "so its parameters are constant" in first.reason
