"""Models ranked by rows that they have not seen."""

import numpy as np
import polars as pl
import pytest

import assay
from assay.errors import ConfigError
from assay.model.compare import compare, standard_error

LINE = assay.Linear("x")


def _gamma_table(rows=300, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    return pl.DataFrame({"x": x, "y": rng.gamma(2.0, np.exp(0.5 * x) / 2.0)})


def test_the_law_that_made_the_rows_comes_first():
    models = {
        "normal": assay.Model(assay.Normal(), mean=LINE),
        "gamma": assay.Model(assay.Gamma(), mean=LINE),
        "blind gamma": assay.Model(assay.Gamma()),
    }
    found = compare(models, _gamma_table(), "y")
    assert found.best == "gamma"
    assert found.table["rank"].to_list() == [1, 2, 3]
    assert found.table["difference"][0] == 0
    behind = found.table.row(1, named=True)
    assert behind["difference"] < -2 * behind["difference_se"]
    assert found.rows == 300


def test_scores_are_of_rows_that_a_model_has_not_seen():
    # A parameter for every row fits what it saw and knows nothing else.
    rng = np.random.default_rng(5)
    noise = {f"x{k}": rng.normal(size=60) for k in range(25)}
    table = pl.DataFrame({**noise, "y": rng.normal(size=60)})
    every = assay.Linear(" + ".join(noise))
    found = compare(
        {"nothing": assay.Model(assay.Normal()), "all": assay.Model(assay.Normal(), mean=every)},
        table,
        "y",
    )
    assert found.best == "nothing"


def test_differences_are_paired():
    table = _gamma_table()
    models = {
        "a": assay.Model(assay.Gamma(), mean=LINE),
        "b": assay.Model(assay.LogNormal(), median=LINE),
    }
    found = compare(models, table, "y")
    paired = found.table["difference_se"][1]
    assert paired < 0.5 * np.hypot(*found.table["se"])
    gap = found.scores["b"] - found.scores["a"]
    assert paired == pytest.approx(np.std(gap, ddof=1) / np.sqrt(len(gap)), rel=1e-12)


def test_time_is_never_looked_ahead_of_and_groups_are_never_split():
    rng = np.random.default_rng(3)
    rows = 240
    table = pl.DataFrame(
        {
            "day": np.repeat(np.arange(rows // 4), 4),
            "shop": np.tile(["a", "b", "c", "d"], rows // 4),
            "x": rng.normal(size=rows),
            "y": rng.normal(size=rows),
        }
    )
    models = {"plain": assay.Model(assay.Normal()), "line": assay.Model(assay.Normal(), mean=LINE)}
    by_time = compare(models, table, "y", time="day", series="shop", folds=3)
    assert "each after its past" in by_time.folds
    assert by_time.rows == 3 * 15 * 4
    by_group = compare(models, table, "y", group="shop", folds=4)
    assert by_group.rows == rows
    assert "whole groups" in by_group.folds


def test_rows_of_one_cluster_count_as_one_observation():
    values = np.repeat([1.0, 3.0, 2.0], 10)
    clusters = np.repeat([0, 1, 2], 10)
    assert standard_error(values, clusters) == pytest.approx(1 / np.sqrt(3))
    assert standard_error(values, np.arange(30)) < 0.2


def test_all_models_are_scored_by_what_the_rows_say():
    rng = np.random.default_rng(8)
    demand = rng.gamma(4.0, 5.0, 400)
    table = pl.DataFrame({"units": np.minimum(demand, 22.0), "stock": np.full(400, 22.0)})
    gamma = assay.Gamma()
    found = compare(
        {
            "knows": assay.Model(assay.Censored(gamma, above="stock")),
            "does not": assay.Model(gamma),
        },
        table,
        "units",
    )
    assert found.best == "knows"


def test_counts_and_densities_are_measured_on_one_scale():
    rng = np.random.default_rng(9)
    table = pl.DataFrame({"y": rng.normal(1000.0, 30.0, 300).round()})
    found = compare(
        {"count": assay.Model(assay.NegativeBinomial()), "density": assay.Model(assay.Normal())},
        table,
        "y",
    )
    # A density per unit is all but a mass where a unit is small beside the spread.
    assert abs(found.table["difference"][1]) < 0.02


def test_a_rounded_density_stands_beside_counts_as_it_is():
    rng = np.random.default_rng(9)
    table = pl.DataFrame({"y": rng.negative_binomial(5, 0.1, 300).astype(float)})
    found = compare(
        {
            "count": assay.Model(assay.NegativeBinomial()),
            "rounded": assay.Model(assay.Rounded(assay.Normal())),
            "density": assay.Model(assay.Normal()),
        },
        table,
        "y",
    )
    assert found.best == "count"
    score = dict(zip(found.table["model"], found.table["log_score"], strict=True))
    assert score["rounded"] == pytest.approx(score["density"], abs=1e-3)


def test_equal_rows_are_not_held_out_all_at_once():
    table = pl.DataFrame({"y": [0.0] * 60 + [1.0] * 30})
    models = {"even": assay.Model(assay.Poisson()), "odd": assay.Model(assay.NegativeBinomial())}
    found = compare(models, table, "y", folds=3)
    # A third of each value is held out at a time: close to the best score there can be.
    assert found.table["log_score"][0] == pytest.approx(np.log(1 / 3) / 3 - 1 / 3, abs=0.02)
    shuffled = compare(models, table.sample(fraction=1, shuffle=True, seed=1), "y", folds=3)
    assert shuffled.table["log_score"][0] == pytest.approx(found.table["log_score"][0], abs=1e-12)


def test_a_model_that_cannot_be_fitted_is_ranked_last_with_why():
    table = pl.DataFrame({"y": [-1.0, 0.5, 2.0, -0.3, 1.1, 0.2, 0.9, -2.0, 0.4, 1.7]})
    found = compare(
        {
            "gamma": assay.Model(assay.Gamma()),
            "normal": assay.Model(assay.Normal()),
            "laplace": assay.Model(assay.Laplace()),
        },
        table,
        "y",
        folds=2,
    )
    last = found.table.row(2, named=True)
    assert last["model"] == "gamma"
    assert last["log_score"] is None
    assert "accepts above 0" in last["note"]


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([assay.Model(assay.Normal())], "two or more"),
        ([assay.Model(assay.Normal()), assay.Model(assay.Normal())], "one recipe"),
        ({"a": assay.Model(assay.Normal()), "b": "gamma"}, "must be an `assay.Model`"),
        (
            [
                assay.Model(assay.Censored(assay.Normal(), above="x")),
                assay.Model(assay.Censored(assay.Normal(), above="z")),
            ],
            "disagree about what the rows say",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(models, message):
    with pytest.raises(ConfigError, match=message):
        compare(models, _gamma_table(20).with_columns(z=pl.lit(9.0)), "y")


def test_a_problem_brings_its_roles_and_its_models():
    table = _gamma_table(200)
    problem = assay.profile(table, target="y")
    proposals = problem.suggest()
    assert proposals[0].rank == 1
    assert {each.model.family.name for each in proposals} >= {"gamma", "log-normal"}
    found = compare([each.model for each in proposals[:2]], problem, folds=3)
    assert found.rows == 200


def test_what_has_no_common_unit_is_not_compared():
    rng = np.random.default_rng(3)
    y = np.where(rng.random(200) < 0.3, 0.0, rng.gamma(2.0, size=200))
    models = {
        "hurdle": assay.Model(assay.Hurdle(assay.Gamma())),
        "normal": assay.Model(assay.Normal()),
    }
    with pytest.raises(
        ConfigError, match="`hurdle` gives a chance to single values, `normal` only"
    ):
        assay.compare(models, pl.DataFrame({"y": y}), "y")
    tens = pl.DataFrame({"y": 10.0 * rng.poisson(4.0, 200)})
    models = {
        "rounded": assay.Model(assay.Rounded(assay.Normal(), grid=10.0)),
        "count": assay.Model(assay.Poisson()),
    }
    with pytest.raises(ConfigError, match="records are rounded"):
        assay.compare(models, tens, "y")


def test_time_and_groups_are_not_split_at_once():
    table = pl.DataFrame({"y": np.arange(20.0), "t": np.arange(20), "g": ["a", "b"] * 10})
    models = {"a": assay.Model(assay.Normal()), "b": assay.Model(assay.Logistic())}
    with pytest.raises(ConfigError, match="`time` or `group`, not both"):
        assay.compare(models, table, "y", time="t", group="g")


def test_limits_that_are_called_like_a_family_are_limits():
    rng = np.random.default_rng(5)
    y = rng.gamma(2.0, size=200)
    table = pl.DataFrame({"y": np.minimum(y, 2.5), "gamma_lim": np.full(200, 2.5)})
    models = {
        "gamma": assay.Model(assay.Censored(assay.Gamma(), above="gamma_lim")),
        "weibull": assay.Model(assay.Censored(assay.Weibull(), above="gamma_lim")),
    }
    assert set(assay.compare(models, table, "y").scores) == set(models)


def test_a_count_model_that_fits_no_row_changes_nothing_for_the_others():
    rng = np.random.default_rng(6)
    x = rng.normal(size=200)
    frame = pl.DataFrame({"x": x, "y": rng.gamma(4, np.exp(-4 + 0.5 * x) / 4)})
    families = {"gamma": assay.Gamma(), "normal": assay.Normal(), "poisson": assay.Poisson()}
    models = {name: assay.Model(each, mean=assay.Linear("x")) for name, each in families.items()}
    beside = compare(models, frame, "y").table
    del models["poisson"]
    alone = compare(models, frame, "y").table
    assert beside["model"][:2].to_list() == alone["model"].to_list() == ["gamma", "normal"]
    assert beside["log_score"][:2].to_list() == pytest.approx(alone["log_score"].to_list())
