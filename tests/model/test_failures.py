"""A fit that has no optimum says why; one that has it only because of its prior says so too."""

import numpy as np
import polars as pl
import pytest

from assay.errors import AssayError, ConfigError, DataError, FitError
from assay.family import Bernoulli, Censored, Gamma, LogNormal, NegativeBinomial, Normal, Poisson
from assay.frame import read
from assay.model import Model
from assay.predictor import Linear

RNG = np.random.default_rng(17)


def frame_of(source="t.csv", **columns):
    return read(pl.DataFrame(columns), source=source)


@pytest.fixture(scope="module")
def separated():
    """Defects that heat alone tells: all above 70.5, none below."""
    heat = np.linspace(50, 90, 41)
    noise = RNG.normal(size=41)
    return frame_of(heat=heat, noise=noise, defect=(heat > 70.5).astype(float))


def test_separation_is_named_with_its_column_and_its_split(separated):
    model = Model(Bernoulli(), probability=Linear("noise + heat"), prior="flat")
    with pytest.raises(
        FitError,
        match=r"t\.csv, `defect`: there is no optimum.*Perfect separation: `heat` is at least 71 "
        r"on all 20 rows with 1, and at most 70 on all 21 rows with 0.*prior='weak'",
    ):
        model.fit(separated, "defect")


def test_separation_the_other_way_round_is_named_too(separated):
    turned = read(separated.table.with_columns(cold=-pl.col("heat")), source="t.csv")
    with pytest.raises(FitError, match=r"`cold` is at least -70 on all 21 rows with 0"):
        Model(Bernoulli(), probability=Linear("cold"), prior="flat").fit(turned, "defect")


def test_a_weak_prior_settles_a_separation_and_says_so(separated):
    fitted = Model(Bernoulli(), probability=Linear("heat")).fit(separated, "defect")
    assert fitted.result.converged
    note = fitted.result.notes[0]
    assert note.startswith("Perfect separation: `heat` is at least 71 on all 20 rows")
    assert note in fitted.result.message


def test_a_separation_is_found_beside_rows_without_a_target(separated):
    gap = read(separated.table.with_columns(defect=pl.col("defect").replace(0.0, None)), source="t")
    assert gap.table["defect"].null_count() == 21
    some = pl.concat([separated.table, gap.table.head(3)])
    notes = Model(Bernoulli(), probability=Linear("heat")).fit(some, "defect").result.notes
    assert notes[0] == "rows without a target that were left out: 3"
    assert notes[1].startswith("Perfect separation: `heat`")


def test_values_beyond_their_own_limits_are_counted():
    table = pl.DataFrame(
        {"y": [1.0, 2.0, 5.0, 3.0, 1.5, 0.5], "cap": [4.0, 2.0, 4.0, 2.5, 9.0, 9.0]}
    )
    notes = Model(Censored(Normal(), above="cap")).fit(table, "y").result.notes
    assert "lies above its own limit `cap` and counts as hidden at it: 2" in notes[0]
    under = table.with_columns(y=-pl.col("y"), cap=-pl.col("cap"))
    notes = Model(Censored(Normal(), below="cap")).fit(under, "y").result.notes
    assert "lies below its own limit `cap` and counts as hidden at it: 2" in notes[0]


def test_a_group_with_one_outcome_separates_and_is_named():
    store = np.repeat(["a", "b", "c"], 30)
    late = (RNG.random(90) < 0.4).astype(float)
    late[store == "b"] = 1.0
    frame = frame_of(store=store, late=late)
    with pytest.raises(FitError, match=r"Separation: by `store\[T\.b\]`, all 30 rows above 0 have"):
        Model(Bernoulli(), probability=Linear("store"), prior="flat").fit(frame, "late")


def test_columns_that_separate_only_together_are_named():
    x, z = RNG.normal(size=(2, 60))
    frame = frame_of(x=x, z=z, y=(x + z > 0).astype(float))
    with pytest.raises(FitError, match=r"Perfect separation: `[xz]`, `[xz]` together tell all 60"):
        Model(Bernoulli(), probability=Linear("x + z"), prior="flat").fit(frame, "y")


def test_a_fit_that_is_not_separated_has_no_note(separated):
    mixed = separated.table.with_columns(defect=1.0 * (pl.col("noise") > 0))
    fitted = Model(Bernoulli(), probability=Linear("heat"), prior="flat").fit(mixed, "defect")
    assert not any("eparation" in note or "flat" in note for note in fitted.result.notes)


def test_a_count_that_never_occurs_in_a_group_leaves_the_likelihood_flat():
    store = np.repeat(["a", "b"], 50)
    sold = RNG.negative_binomial(3, 0.4, 100) * (store == "a")
    frame = frame_of(store=store, sold=sold.astype(float))
    model = Model(NegativeBinomial(), mean=Linear("store"), prior="flat")
    with pytest.raises(FitError, match=r"say nothing about `mean: store\[T\.b\]`"):
        model.fit(frame, "sold")
    assert Model(NegativeBinomial(), mean=Linear("store")).fit(frame, "sold").result.converged


def test_counts_that_are_all_0_need_a_prior():
    frame = frame_of(sold=np.zeros(40))
    with pytest.raises(FitError, match=r"the rows say nothing about `"):
        Model(NegativeBinomial(), prior="flat").fit(frame, "sold")
    assert Model(NegativeBinomial()).fit(frame, "sold").result.converged


def test_hidden_rows_of_a_group_that_shows_nothing_are_said_to_say_nothing():
    store = np.repeat(["a", "b"], 60)
    demand = RNG.gamma(4.0, 1.0, 120)
    stock = np.where(store == "b", 0.01, 9.0)  # b was sold out on every day, at once
    frame = frame_of(store=store, units=np.minimum(demand, stock), stock=stock)
    family = Censored(Gamma(), above="stock")
    with pytest.raises(FitError, match=r"say nothing about `mean: store\[T\.b\]`"):
        Model(family, mean=Linear("store"), prior="flat").fit(frame, "units")
    fitted = Model(family, mean=Linear("store")).fit(frame, "units")
    assert any("`mean: store[T.b]`, the prior alone decides" in n for n in fitted.result.notes)


def test_rows_that_are_all_beyond_their_limits_are_refused():
    frame = frame_of(y=[3.0, 4.0, 5.0], stock=[1.0, 2.0, 5.0])
    with pytest.raises(DataError, match=r"all 3 rows of `y` are hidden beyond a limit"):
        Model(Censored(LogNormal(), above="stock")).fit(frame, "y")


def test_more_columns_than_rows_need_a_prior():
    columns = {f"x{k}": RNG.normal(size=6) for k in range(9)}
    frame = frame_of(**columns, y=RNG.normal(size=6))
    formula = Linear(" + ".join(columns))
    with pytest.raises(
        DataError, match=r"10 coefficients of `mean` and 6 rows, so .* told of `x5`, `x6`, `x7`"
    ):
        Model(Normal(), mean=formula, prior="flat").fit(frame, "y")
    fitted = Model(Normal(), mean=formula).fit(frame, "y")
    assert "10 coefficients of `mean` and 6 rows: what the rows cannot" in fitted.result.message
    # The spread is that of the rows once the columns are averaged over, not the 0 of an exact fit.
    assert 0.05 < np.exp(fitted.coefficients()["estimate"][-1]) < 3


def test_an_exact_fit_is_refused_with_what_it_is():
    x = np.arange(12.0)
    frame = frame_of(x=x, noise=RNG.normal(size=12), y=2 * x + 1)
    for prior in ("weak", "flat"):
        model = Model(Normal(), mean=Linear("x + noise"), prior=prior)
        with pytest.raises(FitError, match="columns tell the target all but exactly"):
            model.fit(frame, "y")


@pytest.mark.parametrize(
    ("values", "said"),
    [([4.0], "the only row that has it"), ([4.0, 4.0, 4.0], "all 3 rows that have it")],
)
def test_one_value_is_refused_with_families_that_take_it(values, said):
    with pytest.raises(DataError, match=rf"`y` is 4 on {said}.*learn from one value:.*binomial`"):
        Model(Gamma()).fit(frame_of(y=values), "y")


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_a_target_that_is_infinite_is_named_with_its_row(value):
    frame = frame_of(y=[1.0, 2.0, value, 4.0])
    with pytest.raises(DataError, match=rf"t\.csv: column `y` is {value} in row 3, finite"):
        Model(Normal()).fit(frame, "y")


def test_the_only_row_of_a_count_is_enough_for_a_weak_prior():
    fitted = Model(Poisson(), mean=Linear("x")).fit(frame_of(x=[1.0, 2.0], y=[3.0, 3.0]), "y")
    assert fitted.result.converged
    with pytest.raises(DataError, match=r"`x` has one value on all 1 fitting rows"):
        Model(Poisson(), mean=Linear("x")).fit(frame_of(x=[1.0], y=[3.0]), "y")


@pytest.mark.parametrize("name", ["x", "store"])
def test_a_feature_that_is_missing_is_named_with_its_row(name):
    columns = {"x": [0.5, 1.0, 2.0, 1.5], "store": ["a", "b", "a", "b"]}
    holed = {**columns, name: [*columns[name][:2], None, columns[name][3]]}
    model = Model(Normal(), mean=Linear("x + store"))
    with pytest.raises(DataError, match=rf"t\.csv.*`{name}`.*row 3"):
        model.fit(frame_of(**holed, y=[1.0, 2.0, 4.0, 3.0]), "y")


def test_an_unseen_category_is_named_with_its_row_and_the_ones_that_were_seen():
    frame = frame_of(store=["a", "b"] * 10, y=RNG.normal(size=20))
    fitted = Model(Normal(), mean=Linear("store")).fit(frame, "y")
    with pytest.raises(DataError, match=r"`store`, row 2: category 'zoo' was not among"):
        fitted.predict(frame_of(store=["a", "zoo"]))


def test_a_typo_in_a_formula_gets_a_hint():
    frame = frame_of(price=RNG.normal(size=9), y=RNG.normal(size=9))
    with pytest.raises(AssayError, match=r"`prise`.*Did you mean `price`"):
        Model(Normal(), mean=Linear("prise")).fit(frame, "y")


def test_limits_on_the_wrong_side_are_named():
    frame = frame_of(y=[2.0, 3.0, 5.0], low=[0.0, 4.0, 0.0], high=[9.0, 1.0, 9.0])
    with pytest.raises(DataError, match=r"row 2 is hidden above 1 and below 4 at once"):
        Model(Censored(Normal(), below="low", above="high")).fit(frame, "y")


def test_values_off_the_support_are_off_it_when_they_are_all_0():
    with pytest.raises(DataError, match=r"found 0, 0, 0 \(5 rows\).*accepts above 0.*`normal`"):
        Model(Gamma()).fit(frame_of(y=np.zeros(5)), "y")


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1.0, 2.0], r"weights of shape \(2,\) for 4 rows"),
        ([1.0, -1.0, 1.0, 1.0], r"weights, row 2: found -1.0, a weight is a number of 0 or more"),
        ([1.0, np.nan, 1.0, 1.0], r"weights, row 2: found nan"),
        ([0.0] * 4, r"weights: all are 0"),
        ("often", r"no column `often`"),
        (["a", "b", "c", "d"], r"weights are list, needed is one number for each row"),
    ],
)
def test_weights_that_are_none_are_refused(weights, said):
    frame = frame_of(y=[1.0, 2.0, 4.0, 3.0], many=[1.0, 2.0, 3.0, 4.0])
    with pytest.raises(DataError, match=said):
        Model(Normal()).fit(frame, "y", weights=weights)


def test_weights_stand_for_rows_that_are_repeated():
    x = RNG.normal(size=50)
    y = RNG.gamma(3.0, np.exp(0.3 * x))
    often = RNG.integers(0, 4, 50).astype(float)
    limit = np.where(RNG.random(50) < 0.3, y, np.inf)
    table = pl.DataFrame({"x": x, "y": y, "limit": limit, "often": often})
    long = table[np.repeat(np.arange(50), often.astype(int))]
    for prior in ("weak", "flat"):
        model = Model(Censored(Gamma(), above="limit"), mean=Linear("x"), prior=prior)
        weighted, repeated = model.fit(table, "y", weights="often"), model.fit(long, "y")
        one, other = weighted.coefficients(), repeated.coefficients()
        for name in ("estimate", "se"):
            assert one[name].to_numpy() == pytest.approx(other[name].to_numpy(), rel=1e-9)
        assert weighted.result.rows == repeated.result.rows == long.height
        assert weighted.result.hidden == repeated.result.hidden
        assert weighted.draws == pytest.approx(repeated.draws, rel=1e-7, abs=1e-9)


def test_a_table_of_intervals_alone_tells_enough():
    rng = np.random.default_rng(5)
    income = np.exp(rng.normal(3.0, 0.5, 2000))
    bands = np.array([0.0, 10.0, 15.0, 20.0, 30.0, 50.0, 1e3])
    place = np.searchsorted(bands, income)
    table = pl.DataFrame({"lo": bands[place - 1], "hi": bands[place]}).with_columns(
        income=pl.lit(None, pl.Float64)
    )
    fitted = Model(Censored(LogNormal(), between=("lo", "hi")), prior="flat").fit(table, "income")
    found = fitted.coefficients()
    assert found["estimate"].to_list() == pytest.approx([3.0, np.log(0.5)], abs=0.06)


def test_zeros_and_ones_that_are_meant_as_flags_are_no_limits():
    rng = np.random.default_rng(6)
    table = pl.DataFrame({"t": rng.exponential(0.4, 50) + 1.5}).with_columns(
        out=(pl.col("t") > 1.9).cast(int)
    )
    with pytest.raises(DataError, match=r"column `out` holds 0 and 1 only.*true and false"):
        Model(Censored(Normal(), above="out")).fit(table, "t")
    flagged = table.with_columns(pl.col("out").cast(bool))
    assert Model(Censored(Normal(), above="out")).fit(flagged, "t").result.hidden > 5


@pytest.mark.parametrize("formula", ["x**2", "x^2", "x + x ** 2"])
def test_a_power_that_formulas_read_as_the_column_alone_is_refused(formula):
    table = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 4.0, 9.5, 15.0]})
    with pytest.raises(ConfigError, match=r"means `x` alone. Write `I\(x\*\*2\)`"):
        Model(Normal(), mean=Linear(formula)).fit(table, "y")


def test_what_is_no_family_and_no_target_is_refused():
    for family in ("gamma", Normal):
        with pytest.raises(ConfigError, match=r"must be made of a class, such as `Gamma\(\)`"):
            Model(family)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConfigError, match="the target is int, must be the name of a column"):
        Model(Normal()).fit(pl.DataFrame({"y": [1.0, 2.0]}), 3)  # pyright: ignore


def test_a_fit_shows_itself_in_a_few_lines_with_its_remarks():
    table = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0], "y": [1.0, 4.0, 9.5, 15.0, None]})
    lines = repr(Model(Normal(), mean=Linear("x")).fit(table, "y")).splitlines()
    assert lines[0] == "normal fitted to `y`"
    assert lines[1].startswith("  mean (identity): intercept -")
    assert "on 4 rows" in lines[-1]
    assert "rows without a target that were left out: 1" in lines[-1]


def test_a_sum_of_predictors_holds_nothing_else():
    with pytest.raises(ConfigError, match=r"'z' is no predictor. Add predictors to each other"):
        Linear("x") + "z"  # pyright: ignore
