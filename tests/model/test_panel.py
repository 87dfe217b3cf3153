"""One call for many groups gives each the model that its own rows alone would give."""

import numpy as np
import polars as pl
import pytest

from assay.errors import ConfigError, DataError, FitError
from assay.family import Bernoulli, Censored, Gamma, Normal
from assay.frame import read
from assay.model import Model
from assay.predictor import Linear, Polynomial

STORES = ["east", "north", "south", "west"]
SAME = {"rel": 1e-8, "abs": 1e-9}


@pytest.fixture(scope="module")
def sales():
    """Sales of four stores of different size, shuffled; a stock runs out on some days."""
    rng = np.random.default_rng(21)
    rows = {"east": 60, "north": 35, "south": 120, "west": 80}
    store = np.repeat(list(rows), list(rows.values()))
    total = len(store)
    price, heat = rng.uniform(1, 3, total), rng.normal(15, 8, total)
    promo = rng.random(total) < 0.4
    level = dict(zip(rows, (2.0, 2.5, 1.5, 3.0), strict=True))
    mean = np.exp([level[each] for each in store] - 0.4 * price + 0.02 * heat + 0.3 * promo)
    demand = rng.gamma(5.0, mean / 5.0)
    stock = np.where(rng.random(total) < 0.8, mean * rng.gamma(6.0, 0.25, total), np.nan)
    table = {
        "store": store,
        "price": price,
        "heat": heat,
        "promo": promo,
        "stock": stock,
        "units": np.fmin(demand, stock),
        "often": rng.integers(1, 4, total).astype(float),
    }
    return read(pl.DataFrame(table)[rng.permutation(total)], source="sales.csv")


def only(frame, store):
    return read(frame.table.filter(pl.col("store") == store), source=frame.source)


def assert_same(one, other):
    """Equal coefficients and standard errors."""
    left, right = one.coefficients(), other.coefficients()
    assert left["name"].to_list() == right["name"].to_list()
    for name in ("estimate", "se", "lo-95", "hi-95"):
        assert left[name].to_numpy() == pytest.approx(right[name].to_numpy(), **SAME)


@pytest.mark.parametrize(
    ("model", "weights"),
    [
        (Model(Censored(Gamma(), above="stock"), mean=Linear("price + heat + promo")), None),
        (Model(Censored(Gamma(), above="stock"), mean=Linear("price * promo")), "often"),
        (Model(Normal(), mean=Polynomial("price", 2), sd=Linear("heat"), prior="flat"), None),
        (Model(Normal(), mean=Linear("price + heat - 1"), method="map"), None),
    ],
)
def test_each_group_has_the_model_of_its_own_rows(sales, model, weights):
    panel = model.fit(sales, "units", by="store", weights=weights)
    assert len(panel) == 4
    assert panel.alone == {}
    whole = panel.coefficients()
    for store in STORES:
        own = only(sales, store)
        single = model.fit(own, "units", weights=weights)
        assert_same(panel[store], single)
        rows = whole.filter(pl.col("store") == store)
        for name in ("estimate", "se"):
            wanted = single.coefficients()[name].to_numpy()
            assert rows[name].to_numpy() == pytest.approx(wanted, **SAME)
        result = panel[store].result
        assert (result.rows, result.hidden) == (single.result.rows, single.result.hidden)
        assert result.log_likelihood == pytest.approx(single.result.log_likelihood, rel=1e-10)
        assert panel[store].draws == pytest.approx(single.draws, rel=1e-7, abs=1e-7)
        assert panel[store].priors() == single.priors()


def test_predictions_are_those_of_each_groups_model_in_the_order_asked_for(sales):
    model = Model(Censored(Gamma(), above="stock"), mean=Linear("price + heat"))
    panel = model.fit(sales, "units", by=["store"])
    some = sales.take(np.arange(0, sales.rows, 7))
    together = panel.predict(some)
    for store in STORES:
        own = np.flatnonzero(some.column("store").to_numpy() == store)
        alone = model.fit(only(sales, store), "units").predict(some.take(own))
        assert together.mean()[own] == pytest.approx(alone.mean(), rel=0.01)


def test_a_group_that_fails_says_so_and_spoils_no_other(sales):
    store = pl.col("store")
    broken = sales.table.with_columns(
        units=pl.when(store == "north").then(-1.0).otherwise("units"),
        heat=pl.when(store == "west").then(None).otherwise("heat"),
        price=pl.when(store == "east").then(2.0).otherwise("price"),
    )
    model = Model(Gamma(), mean=Linear("price + heat"))
    with pytest.warns(UserWarning, match=r"sales.csv: 1 of 4 groups converged, 3 failed: "):
        panel = model.fit(read(broken, source="sales.csv"), "units", by="store")
    assert set(panel.result.failed) == {("north",), ("west",), ("east",)}
    assert panel.result.converged == 1
    assert panel.result.message.startswith("1 of 4 groups converged, 3 failed: store='east': ")
    assert_same(panel["south"], model.fit(only(sales, "south"), "units"))
    reasons = dict(zip(panel.results()["store"], panel.results()["message"], strict=True))
    assert "sales.csv, store='north': column `units`, row 1, row 2" in reasons["north"]
    assert "column `heat`, row 1: found None" in reasons["west"]
    assert "`price` has one value on all 60 fitting rows" in reasons["east"]
    assert panel.coefficients()["store"].unique().to_list() == ["south"]
    with pytest.raises(FitError, match=r"Group store='north' has no model: .*accepts above 0"):
        panel["north"]
    with pytest.raises(FitError, match=r"Group store='east' has no model"):
        panel.predict(sales)


def test_a_group_that_a_fit_would_remark_on_gets_its_remark(sales):
    late = sales.table.with_columns(
        late=pl.when(pl.col("store") == "north")
        .then(pl.col("price") > 2)
        .otherwise(pl.col("heat") + 20 * pl.col("often") > 50)
        .cast(pl.Float64)
    )
    flat = Model(Bernoulli(), probability=Linear("price"), prior="flat")
    with pytest.warns(UserWarning, match=r"3 of 4 groups converged, 1 failed: store='north'"):
        panel = flat.fit(late, "late", by="store")
    assert "Perfect separation: `price`" in panel.result.failed[("north",)]
    assert panel.result.converged == 3


def test_a_group_without_a_level_is_fitted_with_those_it_has(sales):
    level = pl.col("price").floor() + pl.col("promo")  # 1, 2 or 3
    here = pl.col("store") == "west"
    table = sales.table.with_columns(level=pl.when(here).then(level.clip(1, 2)).otherwise(level))
    model = Model(Gamma(), mean=Linear("C(level) + heat"))
    panel = model.fit(table, "units", by="store")
    assert list(panel.alone) == [3]
    assert_same(panel["west"], model.fit(table.filter(here), "units"))
    found = panel.coefficients()
    # Intercept, two levels, heat and the spread in each store, one level less in the west.
    assert found.height == 4 * 5 - 1
    assert found["store"].unique(maintain_order=True).to_list() == STORES
    assert panel.predict(table).mean().shape == (sales.rows,)


def test_predictors_that_learn_from_rows_learn_from_each_groups_own(sales):
    model = Model(Gamma(), mean=Linear("poly(price, 2)"))
    panel = model.fit(sales, "units", by="store")
    assert panel.batch is None
    assert_same(panel["south"], model.fit(only(sales, "south"), "units"))


def test_groups_may_have_several_keys_and_rows_without_a_target(sales):
    gaps = sales.table.with_columns(
        units=pl.when(pl.int_range(pl.len()) % 5 == 0).then(None).otherwise("units")
    )
    model = Model(Gamma(), mean=Linear("price"))
    panel = model.fit(gaps, "units", by=["store", "promo"])
    assert len(panel) == 8
    own = gaps.filter((pl.col("store") == "west") & pl.col("promo"))
    assert_same(panel["west", True], model.fit(own, "units"))
    assert panel["west", True].result.rows == own["units"].count()


def test_keys_are_checked(sales):
    model = Model(Gamma(), mean=Linear("price"))
    with pytest.raises(DataError, match=r"no column `stor` .*Did you mean `store` or"):
        model.fit(sales, "units", by="stor")
    with pytest.raises(ConfigError, match=r"`by` is \['units'\], must be the name of a key"):
        model.fit(sales, "units", by=["units"])
    keyless = sales.table.with_columns(store=pl.col("store").replace("west", None))
    with pytest.raises(DataError, match=r"key column `store` is missing in row \d+ \(80 rows"):
        model.fit(keyless, "units", by="store")
    panel = model.fit(sales, "units", by="store")
    with pytest.raises(DataError, match=r"No group store='eats' among 4\..*east"):
        panel["eats"]
    new = sales.table.with_columns(store=pl.lit("new"))
    with pytest.raises(DataError, match=r"row 1: no group store='new' was among the fitting rows"):
        panel.predict(new)


def test_a_panel_says_where_a_single_models_picture_is(sales):
    panel = Model(Gamma(), mean=Linear("price")).fit(sales, "units", by="store")
    with pytest.raises(AttributeError, match=r"`panel\['east'\]\.picture`"):
        panel.picture()
    with pytest.raises(AttributeError, match="has no attribute 'colour'"):
        panel.colour  # noqa: B018


def test_a_panel_without_a_single_model_is_refused(sales):
    negative = sales.table.with_columns(units=-pl.col("units"))
    with pytest.raises(FitError, match=r"none of 4 groups could be fitted\. store='east': .*found"):
        Model(Gamma(), mean=Linear("price")).fit(negative, "units", by="store")
