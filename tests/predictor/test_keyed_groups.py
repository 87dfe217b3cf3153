"""Groups: one column a level, one for any other, and keys that must be there."""

import json

import numpy as np
import polars as pl
import pytest

from assay.errors import ConfigError, DataError
from assay.frame import read
from assay.predictor import as_sum
from assay.predictor.group import Group, PreparedGroup
from assay.predictor.matrix import as_dense
from assay.registry import parse, predictors


@pytest.fixture
def shops():
    regions = ["north", "north", "south", "south", "south"]
    return read(pl.DataFrame({"region": regions, "store": [1, 2, 1, 1, 3]}), source="shops.csv")


def test_each_level_has_a_column_and_any_other_one_more(shops):
    prepared, columns = Group("region").prepare(shops)
    assert prepared.names == (
        "group(region)[north]",
        "group(region)[south]",
        "group(region)[(any other)]",
    )
    assert as_dense(columns).tolist() == [[1, 0, 0]] * 2 + [[0, 1, 0]] * 3
    assert [each.tolist() for each in prepared.penalties] == [[1, 1, 1]]


def test_nested_keys_have_an_effect_at_each_depth(shops):
    prepared, columns = Group("region", "store").prepare(shops)
    assert prepared.penalty_names == ("group(region)", "group(region:store)")
    assert prepared.levels[1] == ("north : 1", "north : 2", "south : 1", "south : 3")
    # Store 1 of the north is another store than store 1 of the south.
    assert as_dense(columns)[[0, 2]].tolist() == [
        [1, 0, 0, 1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 1, 0, 0],
    ]
    assert np.sum(prepared.penalties, axis=0).tolist() == [1.0] * 8


def test_a_key_that_was_not_seen_is_any_other(shops):
    prepared, _ = Group("region", "store").prepare(shops)
    new = read(pl.DataFrame({"region": ["south", "west"], "store": [9, 1]}))
    rows = as_dense(prepared.columns(new))
    assert rows.sum(axis=1).tolist() == [2.0, 2.0]
    found = [[prepared.names[j] for j in np.flatnonzero(row)] for row in rows]
    assert found[0] == ["group(region)[south]", "group(region:store)[(any other)]"]
    assert found[1] == ["group(region)[(any other)]", "group(region:store)[(any other)]"]


def test_many_levels_are_sparse_and_left_as_they_are():
    rng = np.random.default_rng(1)
    frame = read(pl.DataFrame({"item": rng.integers(0, 300, 2000), "x": rng.normal(size=2000)}))
    design, matrix = as_sum(Group("item")).prepare(frame)
    assert not isinstance(matrix, np.ndarray)
    dense = as_dense(matrix)
    assert set(np.unique(dense)) == {0.0, 1.0}
    assert dense[:, 1:].sum(axis=1).tolist() == [1.0] * 2000
    assert dense[:, -1].sum() == 0
    assert design.is_penalised.sum() == len(design.names) - 1


@pytest.mark.parametrize("values", [[True, False, True], ["a", "b", "a"], [3, 4, 3]])
def test_text_whole_numbers_and_truth_values_are_keys(values):
    prepared, columns = Group("key").prepare(read(pl.DataFrame({"key": values})))
    assert len(prepared.levels[0]) == 2
    assert np.array_equal(as_dense(columns)[0], as_dense(columns)[2])


def test_a_missing_key_is_refused():
    frame = read(pl.DataFrame({"key": ["a", None, "b"]}), source="k.csv")
    with pytest.raises(DataError, match=r"k\.csv: key `key` is missing in row 2 \(1 rows in all\)"):
        Group("key").prepare(frame)


def test_measures_and_single_groups_are_refused(shops):
    with pytest.raises(DataError, match="key `x` is Float64, a key is text"):
        Group("x").prepare(read(pl.DataFrame({"x": [1.5, 2.5]})))
    with pytest.raises(DataError, match="key `x` has one value on all 2 fitting rows"):
        Group("x").prepare(read(pl.DataFrame({"x": ["a", "a"]})))
    inner = shops.table.with_columns(city=pl.col("region") + "-city")
    with pytest.raises(DataError, match="key `city` has one value within the key before it"):
        Group("region", "city").prepare(read(inner))


@pytest.mark.parametrize("keys", [(), ("a", "a"), (1,)])
def test_keys_must_be_named(keys):
    with pytest.raises(ConfigError, match="must be one or more different columns by name"):
        Group(*keys)


def test_a_recipe_and_a_state_can_be_read_back(shops):
    predictor = Group("region", "store")
    assert parse(predictor.describe(), predictors) == predictor
    prepared, columns = predictor.prepare(shops)
    again = PreparedGroup.restore(json.loads(json.dumps(prepared.state())))
    assert again == prepared
    assert np.array_equal(as_dense(again.columns(shops)), as_dense(columns))
