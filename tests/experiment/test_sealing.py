"""Which rows are sealed, and in which order they are judged."""

import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import DataError, ExperimentError
from assay.experiment.sealing import Sealing, seal
from assay.frame import Frame, Roles, check
from assay.record import Seal

Y = Roles("y")


def sealed(
    table: pl.DataFrame,
    spec: dict[str, object],
    roles: Roles = Y,
    *,
    salt: str = "s",
    seed: int = 0,
) -> Sealing:
    return seal(check(Frame(table, "t"), roles), roles, Seal(**spec), salt=salt, seed=seed)


def of_each(sealing: Sealing, table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Open and sealed rows as tables."""
    return table[sealing.open_rows.tolist()], table[sealing.sealed_rows.tolist()]


@pytest.mark.parametrize("beside", [{}, {"row_id": range(100)}])
def test_a_table_of_nothing_but_its_target_is_refused(beside):
    table = pl.DataFrame({"y": range(100), **beside})
    with pytest.raises(DataError, match="nothing but its target `y`, must have another column"):
        sealed(table, {"share": 0.3})


def test_a_share_and_a_number_of_rows():
    table = pl.DataFrame({"x": range(100), "y": range(100)})
    assert len(sealed(table, {"share": 0.3}).sealed_rows) == 30
    assert len(sealed(table, {"rows": 17}).sealed_rows) == 17


@given(st.lists(st.integers(0, 40), min_size=8, max_size=60), st.floats(0.2, 0.7), st.integers())
def test_no_case_stands_on_both_sides(cases, share, seed):
    """Some cases were measured twice and more, with a little noise."""
    cases = [*cases, *range(20)]
    random = np.random.default_rng(abs(seed))
    truth = random.normal(size=(41, 5))
    x = truth[cases] + random.normal(0, 1e-5, (len(cases), 5))
    columns = {f"x{place}": x[:, place] for place in range(5)}
    y = truth[cases, 0] + random.normal(0, 0.1, len(cases))
    table = pl.DataFrame({**columns, "case": cases, "y": y})
    found = sealed(table.drop("case"), {"share": share})
    opened, hidden = of_each(found, table)
    assert not set(opened["case"]) & set(hidden["case"])
    assert opened.height + hidden.height == table.height
    _, count = np.unique(cases, return_counts=True)
    assert found.copies == count[count > 1].sum()


@given(st.lists(st.integers(0, 5), min_size=10, max_size=60), st.floats(0.2, 0.7))
def test_rows_of_a_few_categories_are_no_copies(values, share):
    """Else a whole category would be sealed, and the open rows would be of others."""
    table = pl.DataFrame({"y": values, "x": [value % 3 for value in values]})
    found = sealed(table, {"share": share})
    assert len(found.sealed_rows) == round(share * table.height)
    assert found.copies == 0


def test_copies_may_be_parted_where_somebody_says_so():
    x = np.repeat(np.random.default_rng(3).normal(size=(40, 4)), 3, axis=0)
    table = pl.DataFrame(x).with_columns(y=pl.col("column_0") + pl.int_range(120) / 1e6)
    together = of_each(sealed(table, {"share": 0.3}), table)[1]
    apart = of_each(sealed(table, {"share": 0.3, "copies": "apart"}), table)[1]
    assert together["column_0"].n_unique() == 12
    assert apart["column_0"].n_unique() > 20


def test_different_cases_with_the_same_features_are_no_copies():
    """Ages and what follows from them, or the columns of a product: targets tell cases apart."""
    random = np.random.default_rng(6)
    age, sex = random.integers(20, 80, 2000), random.integers(0, 2, 2000)
    table = pl.DataFrame({"age": age, "born": 2025 - age, "log": np.log(age), "sex": sex})
    table = table.with_columns(y=pl.Series(age + random.normal(0, 15, 2000)))
    found = sealed(table, {"share": 0.3})
    assert found.copies == 0
    assert len(found.sealed_rows) == 600


def test_copies_bind_groups_together():
    """One case filed under two patients must not be open under one and sealed under the other."""
    x = np.random.default_rng(4).normal(size=(60, 4))
    x[1::3] = x[0::3]  # rows 0 and 1, 3 and 4, ...
    table = pl.DataFrame(x).with_columns(g=pl.int_range(60), y=pl.col("column_0"))
    found = sealed(table, {"groups": 0.4}, Roles("y", group="g"))
    hidden = set(of_each(found, table)[1]["g"])
    assert all((first in hidden) == (first + 1 in hidden) for first in range(0, 60, 3))
    assert 0 < len(hidden) < 60


def test_a_gap_belongs_to_neither_side():
    days = [datetime.date(2025, 1, 1) + datetime.timedelta(day) for day in range(40)]
    table = pl.DataFrame({"d": days, "y": range(40)})
    found = sealed(table, {"from": "2025-01-31", "gap": 7}, Roles("y", time="d"))
    opened, hidden = of_each(found, table)
    assert hidden["d"].min() == datetime.date(2025, 1, 31)
    assert opened["d"].max() == datetime.date(2025, 1, 23)
    assert len(found.gap_rows) == 7
    with pytest.raises(DataError, match="gap of 40 times, but only 30 lie before"):
        sealed(table, {"from": "2025-01-31", "gap": 40}, Roles("y", time="d"))


def test_independent_rows_are_judged_in_an_order_that_nobody_chose():
    table = pl.DataFrame({"x": range(200), "y": range(200)})
    found = sealed(table, {"rows": 100})
    assert found.sealed_rows.tolist() != sorted(found.sealed_rows.tolist())
    # The order follows the content: another order of the file judges the same rows in the same way.
    again = sealed(table.reverse(), {"rows": 100})
    assert of_each(again, table.reverse())[1].equals(of_each(found, table)[1])


def test_the_split_follows_from_rows_and_seed_and_its_names_from_the_salt():
    table = pl.DataFrame({"x": range(200), "y": range(200)})
    first = sealed(table, {"rows": 100})
    salted = sealed(table, {"rows": 100}, salt="other")
    seeded = sealed(table, {"rows": 100}, seed=1)
    assert salted.sealed_rows.tolist() == first.sealed_rows.tolist()
    assert set(salted.fingerprints).isdisjoint(first.fingerprints)
    assert salted.data_sha != first.data_sha
    assert set(seeded.sealed_rows) != set(first.sealed_rows)
    assert seeded.data_sha == first.data_sha


@pytest.mark.parametrize("features", [100, 7])  # columns that tell rows apart, and that do not
def test_a_target_has_no_say_in_whether_its_row_is_sealed(features):
    random = np.random.default_rng(0)
    x, y = random.integers(features, size=300), random.integers(2, size=300)
    table = pl.DataFrame({"x": x, "y": y, "z": range(300)})
    turned = table.with_columns(y=1 - pl.col("y"))
    for one, two in ((table, turned), (table.drop("z"), turned.drop("z"))):
        first, second = sealed(one, {"share": 0.4}), sealed(two, {"share": 0.4})
        assert first.sealed_rows.tolist() == second.sealed_rows.tolist()
    # It is a fair draw all the same: about two in five of either class.
    rows = sealed(table, {"share": 0.4}).sealed_rows
    assert len(rows) == 120
    assert y[rows].mean() == pytest.approx(y.mean(), abs=3 * (0.25 * 0.6 / 120) ** 0.5)


def days(count: int) -> list[datetime.date]:
    return [datetime.date(2024, 1, 1) + datetime.timedelta(day) for day in range(count)]


@pytest.mark.parametrize(
    ("spec", "first"),
    [({"from": "2024-01-25"}, 24), ({"share": 0.3}, 21), ({"rows": 11}, 24)],  # 6 dates hold 12
)
def test_in_time_the_latest_whole_dates_are_sealed(spec, first):
    table = pl.DataFrame({"d": days(30) * 2, "s": ["a"] * 30 + ["b"] * 30, "y": range(60)})
    roles = Roles("y", time="d", series=("s",))
    found = sealed(table, spec, roles)
    frame = check(Frame(table, "t"), roles).table
    opened, hidden = of_each(found, frame)
    assert hidden["d"].min() == days(30)[first]
    assert opened["d"].max() == days(30)[first - 1]
    assert found.test == "series"
    assert found.sealed_rows.tolist() == sorted(found.sealed_rows.tolist())


def test_groups_are_sealed_whole():
    table = pl.DataFrame({"g": np.repeat(np.arange(40), 5), "y": range(200)})
    roles = Roles("y", group="g")
    found = sealed(table, {"groups": 0.25}, roles)
    opened, hidden = of_each(found, table)
    assert hidden["g"].n_unique() == 10
    assert set(hidden["g"]).isdisjoint(opened["g"])
    assert found.test == "groups"
    with pytest.raises(ExperimentError, match="would part the rows of one `g`"):
        sealed(table, {"share": 0.3}, roles)


def test_a_row_without_a_target_is_neither_learnt_from_nor_judged():
    table = pl.DataFrame({"x": range(50), "y": [None, *range(49)]})
    found = sealed(table, {"share": 0.5})
    assert 0 not in found.sealed_rows
    assert len(found.sealed_rows) in (24, 25)


def test_a_side_without_targets_is_refused():
    table = pl.DataFrame({"d": days(10), "y": [1.0, 2.0, 3.0, 4.0, 5.0, *[None] * 5]})
    with pytest.raises(DataError, match="0 sealed and 5 open rows have a `y`"):
        sealed(table, {"from": "2024-01-06"}, Roles("y", time="d"))


def test_what_the_target_is_called_does_not_matter():
    table = pl.DataFrame({"x": range(60), "y": [7 * value % 60 for value in range(60)]})
    under_y = sealed(table, {"share": 0.5})
    under_z = sealed(table.rename({"y": "z"}), {"share": 0.5}, Roles("z"))
    assert under_y.fingerprints == under_z.fingerprints
    assert under_y.sealed_rows.tolist() == under_z.sealed_rows.tolist()
