"""What a formula means, and what is refused before anything is evaluated."""

import numpy as np
import polars as pl
import pytest

from assay.errors import ConfigError, DataError
from assay.frame import read
from assay.predictor import Linear
from assay.predictor.matrix import as_dense


def columns(formula, frame):
    """Names and raw columns of a formula, with what stands in the table."""
    prepared, matrix = Linear(formula).prepare(frame)
    return dict(zip(prepared.names, as_dense(matrix).T, strict=True))


def test_columns_stand_as_they_are(frame):
    made = columns("price + `shelf (m²)`", frame)
    assert list(made) == ["price", "shelf (m²)"]
    assert made["price"] == pytest.approx(frame.numbers("price"), rel=1e-15)
    assert made["shelf (m²)"] == pytest.approx(frame.numbers("shelf (m²)"), rel=1e-15)


def test_text_is_a_factor_whose_first_level_is_the_reference(frame):
    made = columns("store", frame)
    assert list(made) == ["store[T.south]", "store[T.west]"]
    assert np.array_equal(made["store[T.west]"], frame.column("store").to_numpy() == "west")


def test_numbers_are_a_factor_inside_c(frame):
    assert list(columns("C(weekday)", frame)) == [f"C(weekday)[T.{day}]" for day in range(1, 5)]


def test_a_factor_without_intercept_has_all_levels(frame):
    prepared, matrix = Linear("C(store) - 1").prepare(frame)
    assert not prepared.has_intercept
    assert np.array_equal(as_dense(matrix).sum(axis=1), np.ones(frame.rows))


def test_interactions_are_products(frame):
    made = columns("price * promo", frame)
    promo = frame.numbers("promo")
    assert list(made) == ["price", "promo[T.True]", "price:promo[T.True]"]
    assert made["price:promo[T.True]"] == pytest.approx(frame.numbers("price") * promo, rel=1e-15)


@pytest.mark.parametrize(
    ("formula", "function"),
    [
        ("log(price)", np.log),
        ("log1p(price)", np.log1p),
        ("I(price**2)", np.square),
        ("sqrt(price)", np.sqrt),
        ("minimum(price, 2)", lambda x: np.minimum(x, 2)),
    ],
)
def test_functions_are_numpys(frame, formula, function):
    (made,) = columns(formula, frame).values()
    assert made == pytest.approx(function(frame.numbers("price")), rel=1e-14)


def test_splines_span_the_polynomials_between_their_knots(frame):
    made = np.stack(list(columns("bs(price, df=5)", frame).values()), axis=1)
    basis = np.column_stack([np.ones(frame.rows), made])
    cubic = frame.numbers("price") ** 3
    left = cubic - basis @ np.linalg.lstsq(basis, cubic, rcond=None)[0]
    assert np.abs(left).max() < 1e-9 * np.abs(cubic).max()


def test_a_later_table_gets_the_levels_of_the_fitting_rows(frame):
    prepared, _ = Linear("store + poly(price, 2)").prepare(frame)
    few = frame.take(np.flatnonzero(frame.column("store").to_numpy() == "west")[:3])
    again = as_dense(prepared.columns(few))
    whole = as_dense(prepared.columns(frame))[frame.column("store").to_numpy() == "west"][:3]
    assert again == pytest.approx(whole, rel=1e-12)


def test_an_unseen_category_is_named(frame):
    prepared, _ = Linear("price + store").prepare(frame)
    later = read(pl.DataFrame({"price": [1.0], "store": ["east"]}), source="later.csv")
    named = r"later\.csv: column `store`, row 1: category 'east' was not among the fitting rows"
    with pytest.raises(DataError, match=named):
        prepared.columns(later)


def test_an_unseen_number_of_a_factor_is_named():
    prepared, _ = Linear("C(k)").prepare(read(pl.DataFrame({"k": [1, 2, 3, 1]})))
    with pytest.raises(DataError, match=r"column `k`, row 2: category 7 was not among"):
        prepared.columns(read(pl.DataFrame({"k": [1, 7]})))


def test_a_typo_gets_a_hint(frame):
    with pytest.raises(DataError, match=r"no column `prce`.*Did you mean `price`\?"):
        Linear("prce + store").prepare(frame)


def test_a_missing_value_is_named_with_its_row(frame):
    table = frame.table.with_columns(
        price=pl.when(pl.int_range(pl.len()) == 2).then(None).otherwise(pl.col("price"))
    )
    with pytest.raises(DataError, match=r"column `price`, row 3: found None.*1 rows lack one"):
        Linear("log(price)").prepare(read(table))


def test_a_value_outside_a_function_is_named_with_its_row():
    table = read(pl.DataFrame({"x": [1.0, 0.0, 2.0]}), source="x.csv")
    with pytest.raises(DataError, match=r"x\.csv: `log\(x\)` is -inf in row 2"):
        Linear("log(x)").prepare(table)


def test_text_where_numbers_are_needed_is_refused(frame):
    with pytest.raises(DataError, match=r"formula `log\(store\)` cannot be computed"):
        Linear("log(store)").prepare(frame)


@pytest.mark.parametrize(
    "code",
    [
        "__import__('os').system('true')",
        "__import__('os')",
        "eval(price)",
        "open(price)",
        "price.__class__",
        "log(price)(store)",
        "(log)(price)",
        "price[0]",
        "{price}",
        "lambda: price",
        "f'{price}'",
        "Q('price')",
        "price if store else y",
        "a := price",
        "price @ y",
        "price; store",
        "price == 1",
        "[price for price in y]",
        "np.log(price)",
        "price # store",
        "'price'",
        "price + 'store'",
        "C(store, b'x')",
        "C(store, 'west')",
        "I('price')",
        "C(store, Treatment(b'west'))",
        "C(store, Treatment(f'{price}'))",
        "C(store, Treatment('`price`'))",
        "C(store, Treatment('a\\x27'))",
    ],
)
def test_code_is_refused_when_the_recipe_is_made(code):
    with pytest.raises(ConfigError, match=r"is not accepted|unknown function"):
        Linear(code)


def test_a_reference_level_may_be_text(frame):
    first = frame.table["store"].cast(str).unique().sort()[0]
    prepared, _ = Linear(f"C(store, Treatment({first!r}))").prepare(frame)
    assert not any(f"[T.{first}]" in name for name in prepared.names)
    assert len(prepared.names) == frame.table["store"].n_unique() - 1


def test_a_name_that_closes_a_quote_is_refused(tmp_path):
    touched = tmp_path / "touched"
    name = f"') + open({str(touched)!r},'w').write('x') + C(a, Treatment('".replace("'", '"')
    table = read(pl.DataFrame({"a": ["x", "y", "x", "y"], name: [1.0, 2.0, 3.0, 5.0]}), source="t")
    with pytest.raises(ConfigError, match="is not accepted"):
        Linear(f'C(a, Treatment("`{name}`"))').prepare(table)
    assert not touched.exists()


def test_a_reference_level_that_nobody_has_is_named(frame):
    with pytest.raises(DataError, match=r"`C\(store, Treatment\('wets'\)\)`.*'wets'.*levels"):
        Linear("C(store, Treatment('wets'))").prepare(frame)


def test_labels_and_moments_are_no_factors():
    rows = 60
    labels = [f"u{k}" for k in range(rows)]
    days = pl.date_range(pl.date(2026, 1, 1), pl.date(2026, 3, 1), eager=True)[:rows]
    table = read(pl.DataFrame({"label": labels, "day": days, "few": labels[:30] * 2}), source="t")
    with pytest.raises(
        DataError, match=r"`label` \(String\) has 60 different values on 60 rows.*Group"
    ):
        Linear("label").prepare(table)
    with pytest.raises(DataError, match=r"`day` \(Date\) has 60 different values.*`days=\(pl.col"):
        Linear("C(day)").prepare(table)
    assert len(Linear("few").prepare(table)[0].names) == 29


def test_python_between_backticks_is_a_column_that_is_not_there(frame):
    with pytest.raises(DataError, match=r"no column `__import__\('os'\)`"):
        Linear("`__import__('os')`").prepare(frame)


@pytest.mark.parametrize("name", ["np", "log", "exec", "I"])
def test_a_bare_name_is_a_column_and_nothing_else(frame, name):
    with pytest.raises(DataError, match=f"no column `{name}`"):
        Linear(name).prepare(frame)


@pytest.mark.parametrize("power", ["(price + y)**50", "I(9**9**9)", "I(9**(9**9))", "I(price**y)"])
def test_a_power_that_would_never_end_is_refused(power):
    with pytest.raises(ConfigError, match=r"accepted is one number up to 9"):
        Linear(power)


@pytest.mark.parametrize("formula", ["y ~ price", "price | store"])
def test_a_left_hand_side_is_refused(formula):
    with pytest.raises(ConfigError, match="only the right-hand side"):
        Linear(formula)


@pytest.mark.parametrize("formula", ["price +", "price store", "log(price", "(price"])
def test_what_is_no_formula_is_refused(formula):
    with pytest.raises(ConfigError, match=r"cannot be read: .*Write it as `price"):
        Linear(formula)


def test_an_unknown_function_gets_a_hint():
    with pytest.raises(ConfigError, match=r"unknown function `lg`.*`log`"):
        Linear("lg(price)")
