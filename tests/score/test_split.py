"""Splits respect duplicates, groups and time, whatever the order of the rows."""

import struct
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import DataError
from assay.score.split import (
    group_folds,
    k_folds,
    rolling_origins,
    row_fingerprints,
    seal_from,
    seal_groups,
    seal_rows,
    seal_share,
)

SALT = b"a secret of the ledger"
tables = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["a", "b", None]), st.sampled_from([0.5, 2.0])),
    min_size=8,
    max_size=60,
).map(lambda rows: pl.DataFrame(rows, ["number", "word", "y"], orient="row"))
varied_tables = tables.filter(lambda table: table.n_unique() >= 4)
groups = st.lists(st.sampled_from("abcdefgh"), min_size=8, max_size=60).filter(
    lambda names: len(set(names)) >= 4
)
seeds = st.integers(0, 2**32)


def fingerprints(table: pl.DataFrame) -> np.ndarray:
    return row_fingerprints(table, salt=SALT, target="y")


def one_value(value, dtype=None) -> bytes:
    return fingerprints(pl.DataFrame({"x": pl.Series([value], dtype=dtype), "y": [1]}))[0]


def shuffled(rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(rows)


def reachable(table: pl.DataFrame) -> set[int]:
    """The numbers of rows that whole sets of duplicates can add up to."""
    sums = {0}
    for copies in table.group_by(table.columns).len()["len"]:
        sums |= {total + copies for total in sums}
    return sums


def side_of_each(keys, mask: np.ndarray) -> dict:
    """The one side on which each key stands; fails where a key stands on both."""
    sides: dict = {}
    for key, side in zip(keys, mask.tolist(), strict=True):
        assert sides.setdefault(key, side) == side, f"{key} stands on both sides"
    return sides


@given(tables)
def test_two_rows_share_a_fingerprint_exactly_if_they_are_equal(table):
    found = fingerprints(table)
    assert len(set(found.tolist())) == table.n_unique()
    assert len(set(zip(found.tolist(), table.rows(), strict=True))) == table.n_unique()


@given(tables, seeds)
def test_fingerprints_ignore_the_order_of_rows_and_columns_and_the_row_id(table, seed):
    order = shuffled(table.height, seed)
    other = table[order].with_row_index("row_id").select("y", "row_id", "word", "number")
    np.testing.assert_array_equal(fingerprints(other), fingerprints(table)[order])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3,), (3.0,)),
        ((3, pl.Int8), (3, pl.UInt64)),
        ((True,), (1,)),
        ((0.0,), (-0.0,)),
        ((float("nan"),), (None, pl.String)),
        ((2**60,), (2.0**60,)),
        ((2**63 - 1,), (2**63 - 1, pl.UInt64)),
        (("a",), ("a", pl.Categorical)),
        (("a",), ("a", pl.Enum(["z", "a"]))),
        ((date(2024, 2, 29),), (datetime(2024, 2, 29), pl.Datetime("ns"))),
        ((datetime(2024, 2, 29), pl.Datetime("ms")), (datetime(2024, 2, 29), pl.Datetime("us"))),
    ],
)
def test_equal_values_of_different_types_are_one_value(left, right):
    assert one_value(*left) == one_value(*right)


def test_values_that_differ_never_share_a_fingerprint():
    values = [
        0,
        1,
        0.1,
        0.1 + 2**-56,
        2**63 - 1,
        2.0**63,
        2**53 + 1,
        2**53,
        2**53 + 2,
        float("inf"),
    ]
    values += ["", "0", "1", "a", "A", "a ", None, date(1970, 1, 1), timedelta(0), timedelta(1)]
    values += [datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, microsecond=1)]
    values += [datetime(1970, 1, 1).time()]
    found = [one_value(value) for value in values]
    assert len(set(found)) == len(values)


def test_the_place_of_a_value_counts():
    table = pl.DataFrame({"a": [1, 2], "b": [2, 1], "y": [0, 0]})
    assert len(set(fingerprints(table).tolist())) == 2


def test_salt_and_target_change_every_fingerprint():
    table = pl.DataFrame({"x": [1, 2], "y": [3, 4]})
    ways = [(SALT, "y"), (SALT, "x"), (b"", "y"), (b"another secret", "y")]
    found = [row_fingerprints(table, salt=salt, target=name).tolist() for salt, name in ways]
    assert len({each for way in found for each in way}) == 8


def test_fingerprints_follow_their_written_rule():
    """Kept ledgers hold fingerprints, so the rule must never change: it is spelt out here."""
    table = pl.DataFrame({"x": [1.5], "word": ["café"], "day": [date(2024, 2, 29)], "y": [None]})
    microseconds = 1_709_164_800 * 10**6  # 2024-02-29 in Unix time, from `date -u -d`
    row = b"c" + struct.pack("<qq", microseconds, 0)
    row += b"t" + blake2b("café".encode(), digest_size=16).digest()
    row += b"n" + struct.pack("<dq", 1.5, 0)
    row += bytes(17)
    key = blake2b(b"(b'a secret of the ledger', 'row of y')", digest_size=32).digest()
    expected = blake2b(row, digest_size=16, key=key).hexdigest()
    assert fingerprints(table).tolist() == [expected.encode()]


def test_an_unknown_target_is_answered_with_its_neighbour():
    with pytest.raises(DataError, match=r"no column `unit`\. Did you mean `units`"):
        row_fingerprints(pl.DataFrame({"units": [1]}), salt=SALT, target="unit")


def test_nested_columns_are_refused_by_name():
    with pytest.raises(DataError, match=r"column `x` holds List\(Int64\)"):
        fingerprints(pl.DataFrame({"x": [[1]], "y": [1]}))


@given(varied_tables, st.integers(2, 4), seeds)
def test_folds_partition_the_rows_and_never_part_duplicates(table, k, seed):
    folds = k_folds(fingerprints(table), k, seed=seed)
    assert len(folds) == k
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(table.height))
    for fold in folds:
        assert fold.test.size > 0
        assert sorted([*fold.train, *fold.test]) == list(range(table.height))
        assert not set(table[fold.train].rows()) & set(table[fold.test].rows())


@given(varied_tables, seeds)
def test_the_order_of_rows_changes_no_fold(table, seed):
    order, keys = shuffled(table.height, seed), fingerprints(table)
    for fold, other in zip(k_folds(keys, 3, seed=1), k_folds(keys[order], 3, seed=1), strict=True):
        assert set(order[other.test]) == set(fold.test)
        assert set(order[other.train]) == set(fold.train)


@given(groups, st.integers(2, 4), seeds)
def test_no_group_straddles_a_fold(names, k, seed):
    folds = group_folds(np.array(names), k, seed=seed)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(names)))
    sizes = [len({names[row] for row in fold.test}) for fold in folds]
    assert max(sizes) - min(sizes) <= 1
    for fold in folds:
        assert not {names[row] for row in fold.train} & {names[row] for row in fold.test}


def test_folds_of_distinct_rows_are_of_equal_size_and_follow_the_seed():
    keys = np.arange(103)
    folds = k_folds(keys, 5, seed=3)
    assert sorted(fold.test.size for fold in folds) == [20, 20, 21, 21, 21]
    assert any(
        (a.test != b.test).any()
        for a, b in zip(folds, k_folds(keys, 5, seed=4), strict=True)
        if a.test.size == b.test.size
    )


def test_folds_are_unrelated_to_the_order_of_identifiers():
    test = k_folds(np.arange(10_000), 2, seed=0)[0].test
    # Of 5000 drawn without order, the mean has a standard error of 10000 / sqrt(12) / sqrt(10000).
    assert test.mean() == pytest.approx(4999.5, abs=4 * 28.9)


@pytest.mark.parametrize("k", [1, 4])
def test_folds_that_cannot_be_filled_are_refused(k):
    with pytest.raises(DataError, match=rf"`k` is {k}, must be 2 to 3"):
        k_folds(np.array(["a", "b", "c", "a"]), k, seed=0)


def test_a_row_without_a_group_is_refused():
    with pytest.raises(DataError, match="1 rows have no time, group or key, first row 2"):
        group_folds(pl.Series(["a", "b", None]), 2, seed=0)


@given(
    st.lists(st.integers(0, 20), min_size=12, max_size=60).filter(lambda t: len(set(t)) >= 8),
    st.integers(1, 3),
    st.one_of(st.none(), st.integers(1, 2)),
)
def test_nothing_is_trained_on_from_the_time_of_its_test_or_later(times, folds, horizon):
    days = np.array(times)
    rolled = rolling_origins(days, folds=folds, horizon=horizon)
    assert len(rolled) == folds
    for fold in rolled:
        assert days[fold.train].max() < days[fold.test].min()
        before = days < days[fold.test].min()
        np.testing.assert_array_equal(fold.train, np.flatnonzero(before))  # the whole panel
    spans = [len(set(days[fold.test])) for fold in rolled]
    assert len(set(spans)) == 1
    assert horizon is None or spans[0] == horizon
    tested = np.concatenate([fold.test for fold in rolled])
    assert len(set(tested)) == tested.size
    assert set(days[tested]) == set(sorted(set(times))[-folds * spans[0] :])


def test_rolling_origins_over_a_panel_of_dates():
    days = pl.Series([date(2024, 1, 1) + timedelta(days=day) for day in range(10)] * 3)
    first, second = rolling_origins(days, folds=2, horizon=3)
    assert [first.train.size, first.test.size, second.train.size, second.test.size] == [
        12,
        9,
        21,
        9,
    ]
    assert days[first.test].unique().sort().to_list() == [date(2024, 1, day) for day in (5, 6, 7)]
    assert days[second.test].max() == date(2024, 1, 10)


@pytest.mark.parametrize(("folds", "horizon"), [(0, 1), (2, 0), (2, 5), (10, None)])
def test_origins_that_leave_nothing_to_train_on_are_refused(folds, horizon):
    with pytest.raises(DataError, match="do not leave one of 10 times to train on"):
        rolling_origins(np.arange(10), folds=folds, horizon=horizon)


def test_a_missing_time_is_refused():
    with pytest.raises(DataError, match="first row 1"):
        rolling_origins(np.array([1.0, np.nan, 3.0]), folds=1)


@given(varied_tables, st.floats(0.3, 0.7), seeds)
def test_a_sealed_share_parts_no_duplicates_and_ignores_the_order_of_rows(table, share, seed):
    keys, order = fingerprints(table), shuffled(table.height, seed)
    try:
        mask = seal_share(keys, share)
    except DataError:  # a set of duplicates that fills the table cannot be parted
        assert table.group_by(table.columns).len()["len"].max() > (1 - share) * table.height - 1
        return
    sides = side_of_each(table.rows(), mask)
    copies = {row: table.rows().count(row) for row in sides}
    assert mask.sum() >= round(share * table.height)
    assert mask.sum() - round(share * table.height) < max(copies.values())
    np.testing.assert_array_equal(seal_share(keys[order], share), mask[order])


@given(st.integers(2, 300), st.data())
def test_an_exact_number_of_distinct_rows_is_sealed(rows, data):
    wanted = data.draw(st.integers(1, rows - 1))
    mask = seal_rows(np.arange(rows), wanted)
    assert mask.sum() == wanted


@given(varied_tables, seeds, st.data())
def test_an_exact_number_keeps_duplicates_together_or_is_refused(table, seed, data):
    wanted = data.draw(st.integers(1, table.height - 1))
    keys, order = fingerprints(table), shuffled(table.height, seed)
    if wanted not in reachable(table):
        with pytest.raises(DataError, match="without parting exact duplicates"):
            seal_rows(keys, wanted)
        return
    try:
        mask = seal_rows(keys, wanted)
    except DataError:  # taking them in the order of hashes, the number may be passed over
        assert table.is_duplicated().any()
        return
    assert mask.sum() == wanted
    side_of_each(table.rows(), mask)
    np.testing.assert_array_equal(seal_rows(keys[order], wanted), mask[order])


def test_duplicates_that_do_not_fit_stay_open_together():
    keys = np.array(["one"] * 5 + ["two"] * 5 + ["three"])
    for salt in (b"a", b"b", b"c", b"d"):
        mask = seal_rows(keys, 6, salt=salt)
        assert mask[-1], "six is five and one"
        assert set(mask[:5]) != set(mask[5:10])
    with pytest.raises(DataError, match=r"3 cannot be sealed .* duplicates; 1 can. Write rows = 1"):
        seal_rows(keys, 3)


def test_more_sealed_rows_contain_the_fewer():
    keys = np.arange(500)
    fewer, more = seal_rows(keys, 100), seal_rows(keys, 300)
    assert (more >= fewer).all()
    np.testing.assert_array_equal(seal_share(keys, 0.2), fewer)


def test_another_salt_seals_other_rows():
    keys = np.arange(10_000)
    both = seal_share(keys, 0.5, salt=b"one") & seal_share(keys, 0.5, salt=b"two")
    assert both.sum() == pytest.approx(2500, abs=4 * 25)  # hypergeometric: sd 25


@given(groups, st.floats(0.3, 0.7), seeds)
def test_groups_are_sealed_whole(names, share, seed):
    order = shuffled(len(names), seed)
    mask = seal_groups(np.array(names), share)
    sides = side_of_each(names, mask)
    assert sum(sides.values()) == round(share * len(sides))
    np.testing.assert_array_equal(seal_groups(np.array(names)[order], share), mask[order])


@pytest.mark.parametrize("seal", [seal_share, seal_groups])
@pytest.mark.parametrize("share", [-0.1, 0.0, 0.01, 0.99, 1.0, 30])
def test_a_seal_that_leaves_one_side_empty_is_refused(seal, share):
    with pytest.raises(DataError, match=rf"share of {share} .* some must be sealed"):
        seal(np.arange(10), share)


@pytest.mark.parametrize("rows", [-1, 0, 10, 11])
def test_a_number_of_rows_out_of_range_is_refused(rows):
    with pytest.raises(DataError, match=f"rows = {rows} would seal"):
        seal_rows(np.arange(10), rows)


DAYS = pl.Series([date(2024, 1, 1) + timedelta(days=day) for day in range(4)])


@pytest.mark.parametrize(
    ("times", "start", "sealed"),
    [
        (DAYS, "2024-01-03", 2),
        (DAYS, date(2024, 1, 3), 2),
        (DAYS, datetime(2024, 1, 2, 1), 2),
        (DAYS.cast(pl.Datetime("ns")), "2024-01-03T00:00:01", 1),
        (DAYS.cast(pl.Datetime("us")).dt.replace_time_zone("Asia/Tokyo"), "2024-01-03", 2),
        # Midnight in Greenwich is nine in the morning in Tokyo.
        (DAYS.cast(pl.Datetime("us")).dt.replace_time_zone("Asia/Tokyo"), "2024-01-03T00:00Z", 1),
        (DAYS.to_numpy(), "2024-01-03", 2),
        (np.array([1, 2, 3, 4]), 3, 2),
        (np.array([1.0, 2.0, 3.5, 4.0]), 3.5, 2),
    ],
)
def test_everything_from_a_moment_on_is_sealed(times, start, sealed):
    np.testing.assert_array_equal(seal_from(times, start), np.arange(4) >= 4 - sealed)


@pytest.mark.parametrize(
    ("times", "start"),
    [
        (DAYS, "tomorrow"),
        (DAYS, 3),
        (DAYS, "2024-01-03T00:00Z"),
        (DAYS.cast(pl.String), "2024-01-03"),
        (np.arange(4), "soon"),
    ],
)
def test_a_moment_that_cannot_be_compared_is_refused(times, start):
    with pytest.raises(DataError, match=r"seal: `from` is .*, but the times are"):
        seal_from(times, start)


def test_a_moment_beyond_the_data_is_refused():
    with pytest.raises(DataError, match="from 2030-01-01 would seal 0 of 4 rows"):
        seal_from(DAYS, "2030-01-01")
